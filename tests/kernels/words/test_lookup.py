"""Rows of tables: the native kernels equal the reference on every instruction set, forwards and backwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gyeol.kernels import native, native_available
from gyeol.kernels.packing import Packing
from gyeol.kernels.words import calls
from gyeol.kernels.words.lookup import Rows, coalesced, keep, keep_reference, lookup, lookup_reference
from gyeol.layers import NGramEmbedding

pytestmark = pytest.mark.skipif(not native_available(), reason="the kernels were not built")


@pytest.fixture(params=native.instruction_sets())
def instructions(request: pytest.FixtureRequest) -> Iterator[str]:
    before = native.use_instruction_set(request.param)
    yield request.param
    native.use_instruction_set(before)


lengths_drawn = st.lists(st.integers(1, 7), min_size=1, max_size=6)


def tables_of(packing: Packing, width: int, seed: int) -> list[Rows]:
    draw = torch.Generator().manual_seed(seed)
    N = int(packing.lengths.sum())
    sizes = ((9, 1, 1.0), (5, 2, 1.25))
    return [
        Rows(
            torch.randn(V, width, generator=draw).requires_grad_(), torch.randint(0, V, (N, C), generator=draw), factor
        )
        for V, C, factor in sizes
    ]


@pytest.mark.usefixtures("instructions")
@given(lengths=lengths_drawn, width=st.integers(1, 40), seed=st.integers(0, 999), dropped=st.booleans())
@settings(max_examples=30, deadline=None)
def test_a_lookup_is_its_reference(lengths: list[int], width: int, seed: int, dropped: bool) -> None:
    packing = Packing.of(torch.tensor(lengths), max(lengths))
    tables = tables_of(packing, width, seed)
    draw = torch.Generator().manual_seed(seed + 1)
    kept = torch.rand(len(lengths), width, generator=draw) if dropped else None
    upstream = torch.randn(int(packing.lengths.sum()), width, generator=draw)
    found = []
    for function in (lookup, lookup_reference):
        y = function(tables, packing, kept)
        grads = torch.autograd.grad(y, [t.weight for t in tables], upstream)
        assert all(g.is_sparse for g in grads)
        found.append([y, *(g.to_dense() for g in grads)])
        if function is lookup:
            assert all(g.is_coalesced() for g in grads)
            for g, table in zip(grads, tables, strict=True):
                assert g._indices()[0].tolist() == sorted({int(r) for r in table.numbers.flatten() if r})
    for native_, reference in zip(*found, strict=True):
        torch.testing.assert_close(native_, reference, rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("instructions")
@given(lengths=lengths_drawn, width=st.integers(1, 40), seed=st.integers(0, 999))
@settings(max_examples=20, deadline=None)
def test_keeping_is_its_reference_to_the_bit(lengths: list[int], width: int, seed: int) -> None:
    packing = Packing.of(torch.tensor(lengths), max(lengths))
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(int(packing.lengths.sum()), width, generator=draw).requires_grad_()
    kept, upstream = torch.rand(len(lengths), width, generator=draw), torch.randn(x.shape, generator=draw)
    y, reference = keep(x, packing, kept), keep_reference(x, packing, kept)
    assert torch.equal(y, reference)
    assert torch.equal(torch.autograd.grad(y, x, upstream)[0], torch.autograd.grad(reference, x, upstream)[0])


@pytest.mark.usefixtures("instructions")
@given(rows=st.lists(st.integers(0, 5000), max_size=60), width=st.integers(1, 20))
@settings(max_examples=30, deadline=None)
def test_a_gradient_is_coalesced_as_by_pytorch(rows: list[int], width: int) -> None:
    values = torch.randn(len(rows), width, generator=torch.Generator().manual_seed(len(rows)))
    sparse = torch.sparse_coo_tensor(
        torch.tensor([rows], dtype=torch.int64), values, (5001, width), check_invariants=True
    )
    found, expected = coalesced(sparse), sparse.coalesce()
    assert found.is_coalesced()
    assert torch.equal(found._indices(), expected._indices())
    torch.testing.assert_close(found._values(), expected._values(), rtol=1e-5, atol=1e-6)


@given(
    rows=st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=8), min_size=1, max_size=5),
    known=st.lists(st.sets(st.integers(5, 63), max_size=20), min_size=1, max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_ngrams_of_packed_tokens_are_those_of_padded_ones(rows: list[list[int]], known: list[set[int]]) -> None:
    ngrams = NGramEmbedding(4, [len(keys) for keys in known], 2)
    ngrams.set_keys([torch.tensor(sorted(keys), dtype=torch.int64) * 4**n for n, keys in enumerate(known)])
    ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)
    packing = Packing.of(torch.tensor([len(row) for row in rows]), ids.shape[1])
    packed = packing.gather(ids.unsqueeze(2)).squeeze(1)
    assert torch.equal(ngrams.packed_rows(packed, packing), packing.gather(ngrams.rows(ids)))


def test_the_gradient_is_the_same_for_any_number_of_threads() -> None:
    packing = Packing.of(torch.full((40,), 30), 30)
    tables = tables_of(packing, 128, 0)
    found = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        y = lookup(tables, packing)
        found.append([y, *(g._values() for g in torch.autograd.grad(y.square().sum(), [t.weight for t in tables]))])
    for other in found[1:]:
        assert all(map(torch.equal, found[0], other))


def test_a_gradient_penalty_is_refused_and_not_lost() -> None:
    packing = Packing.of(torch.tensor([2]), 2)
    table = Rows(torch.randn(3, 2).requires_grad_(), torch.tensor([[1], [2]]))
    y = lookup([table], packing)
    upstream = torch.ones_like(y).requires_grad_()
    (gradient,) = torch.autograd.grad(y, table.weight, upstream, create_graph=True)
    assert gradient.requires_grad
    with pytest.raises((RuntimeError, NotImplementedError)):
        torch.autograd.grad(gradient.to_dense().square().sum(), upstream)


def call(rows: Tensor, lengths: Tensor, kept: Tensor | None) -> None:
    y = torch.empty(2, 3)
    calls.look_up([torch.zeros(4, 3)], [rows], [1.0], lengths, kept, y)


@pytest.mark.parametrize(
    ("rows", "lengths", "kept"),
    [
        ([[4], [0]], [2], None),
        ([[-1], [0]], [2], None),
        ([[1]], [2], None),
        ([[1], [1]], [3], torch.ones(1, 3)),
        ([[1], [1]], [2], torch.ones(1, 2)),
    ],
)
def test_wrong_calls_are_refused(rows: list[list[int]], lengths: list[int], kept: Tensor | None) -> None:
    with pytest.raises(ValueError, match=r"row|length|kept"):
        call(torch.tensor(rows), torch.tensor(lengths), kept)


def test_wrong_rows_of_a_gradient_and_wrong_keys_are_refused() -> None:
    dy = torch.zeros(2, 3)
    for rows in ([[0], [7]], [[-1], [0]]):
        with pytest.raises(ValueError, match="not in the table"):
            calls.sum_rows(
                torch.tensor(rows), dy, 7, 0, 1.0, None, None, torch.empty(2, dtype=torch.int64), torch.empty(2, 3)
            )
    with pytest.raises(ValueError, match="not in the vocabulary"):
        calls.ngram_rows(torch.tensor([4]), torch.tensor([1]), 4, [torch.tensor([5])], torch.empty(1, 1).long())
    with pytest.raises(ValueError, match="63 bits"):
        calls.ngram_rows(torch.tensor([4]), torch.tensor([1]), 1 << 40, [torch.tensor([5])], torch.empty(1, 1).long())
