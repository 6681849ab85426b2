"""Padded batches without their padding, and back; and pooling over them, native and by the reference."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_padded_sequence

from gyeol.kernels import native
from gyeol.kernels.packing import Packing
from gyeol.kernels.pooling import last_of, pool, pool_reference, softmax

LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=12)


@given(lengths=LENGTHS, extra=st.integers(0, 2), by_time=st.booleans(), in_order=st.booleans())
@settings(max_examples=150)
def test_there_is_the_way_of_torch_and_back_is_back(
    lengths: list[int], extra: int, by_time: bool, in_order: bool
) -> None:
    lengths = sorted(lengths, reverse=True) if in_order else lengths
    B, T = len(lengths), max(lengths) + extra
    x = torch.randn(T, B, 3).transpose(0, 1) if by_time else torch.randn(B, T, 3)
    rows = torch.tensor(lengths)
    packing = Packing.of(rows, T)
    theirs = pack_padded_sequence(x, rows, batch_first=True, enforce_sorted=False)
    tokens = packing.gather(x)
    assert packing.counts().tolist() == theirs.batch_sizes.tolist()
    assert packing.unrank(packing.rank(rows.view(1, B, 1))).flatten().tolist() == lengths
    back = packing.scatter(tokens, by_time=by_time)
    for b, n in enumerate(lengths):
        assert torch.equal(back[b, :n], x[b, :n])
        assert not back[b, n:].any()
    # Ties may lie in another order than torch's; a PackedSequence itself is taken over as it lies.
    own = Packing.of_packed(theirs)
    assert torch.equal(own.scatter(theirs.data)[:, : max(lengths)], back[:, : max(lengths)])
    ranks = packing.scatter(packing.rows().view(-1, 1))[:, 0].flatten()
    assert torch.equal(ranks, torch.arange(B) if packing.home is None else packing.home)


@pytest.mark.parametrize("lengths", [[4, 4], [1, 4, 2]])
def test_gradients_pass_both_ways(lengths: list[int]) -> None:
    packing = Packing.of(torch.tensor(lengths), 5)
    x = torch.randn(len(lengths), 5, 2, dtype=torch.float64, requires_grad=True)
    tokens = torch.randn(sum(lengths), 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(packing.gather, (x,))
    assert torch.autograd.gradgradcheck(packing.gather, (x,))
    assert torch.autograd.gradcheck(packing.scatter, (tokens,))
    assert torch.autograd.gradcheck(lambda t: packing.scatter(t, fill=-1.0), (tokens,))


@given(
    lengths=LENGTHS,
    K=st.integers(1, 40),
    weighted=st.booleans(),
    mean=st.booleans(),
    most=st.booleans(),
    threads=st.integers(1, 3),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=150)
def test_pooling_equals_the_twin(
    lengths: list[int], K: int, weighted: bool, mean: bool, most: bool, threads: int, seed: int
) -> None:
    if not (weighted or mean or most):
        mean = True
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    packing, N = Packing.of(torch.tensor(lengths), max(lengths) + 1), sum(lengths)
    leaves = [torch.randn(N, K, requires_grad=True), torch.rand(N, requires_grad=True)]
    own = [leaf.detach().clone().requires_grad_() for leaf in leaves]
    got = pool(own[0], packing, weights=own[1] if weighted else None, mean=mean, most=most)
    expected = pool_reference(leaves[0], packing, weights=leaves[1] if weighted else None, mean=mean, most=most)
    torch.testing.assert_close(got, expected)
    aim = torch.randn_like(got)
    got.backward(aim)
    expected.backward(aim)
    torch.testing.assert_close(own[0].grad, leaves[0].grad)
    if weighted:
        torch.testing.assert_close(own[1].grad, leaves[1].grad, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize("by", [pool, pool_reference])
def test_a_nan_stays_in_its_row_and_column(by: object) -> None:
    packing = Packing.of(torch.tensor([3, 2]), 3)
    x = torch.randn(2, 3, 4)
    x[0, 1, 2] = math.nan
    out = by(packing.gather(x), packing, weights=torch.ones(5), mean=True, most=True)  # type: ignore[operator]
    assert out[0].isnan().nonzero().flatten().tolist() == [2, 6, 10]
    assert not out[1].isnan().any()


@given(lengths=LENGTHS, seed=st.integers(0, 2**31))
@settings(max_examples=60)
def test_weights_sum_to_one_in_each_row(lengths: list[int], seed: int) -> None:
    scores = torch.randn(sum(lengths), generator=torch.Generator().manual_seed(seed)) * 20
    packing = Packing.of(torch.tensor(lengths), max(lengths))
    weights = packing.scatter(softmax(scores, packing).unsqueeze(1)).squeeze(2)
    assert (weights.sum(1) - 1).abs().max() < 1e-6


def test_the_last_token_of_each_row() -> None:
    packing = Packing.of(torch.tensor([1, 3, 2]), 3)
    x = torch.arange(9.0).view(3, 3, 1).repeat(1, 1, 2)
    assert last_of(packing.gather(x), packing).tolist() == [[0, 0], [5, 5], [7, 7]]
    assert last_of(packing.gather(x), packing, directions=2).tolist() == [[0, 0], [5, 3], [7, 6]]


@pytest.mark.skipif(not native.native_available(), reason=f"kernels: {native.describe()}")
@pytest.mark.parametrize(
    "changes",
    [
        {"x": torch.zeros(4, 3)},
        {"x": torch.zeros(5, 3, dtype=torch.float64)},
        {"lengths": torch.tensor([2, 3])},
        {"weights": torch.zeros(4)},
        {"weights": None},
        {"out": torch.zeros(2, 6)},
        {"out": torch.zeros(3, 9)},
        {"at": None},
        {"at": torch.zeros(2, 3)},
        {"at": torch.zeros(2, 4, dtype=torch.int32)},
        {"threads": 0},
    ],
    ids=repr,
)
def test_what_does_not_fit_is_refused(changes: dict[str, object]) -> None:
    arguments: dict[str, object] = {
        "x": torch.zeros(5, 3), "lengths": torch.tensor([3, 2]), "weights": torch.zeros(5), "mean": True, "most": True,
        "out": torch.zeros(2, 9), "at": torch.zeros(2, 3, dtype=torch.int32), "threads": 1,
        "instruction_set": "portable",
    }  # fmt: skip
    native._native.pool_forward(**arguments)
    with pytest.raises((ValueError, TypeError)):
        native._native.pool_forward(**(arguments | changes))
