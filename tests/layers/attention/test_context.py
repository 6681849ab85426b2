"""Attention against loops over single numbers, and what holds for every score."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gyeol.errors import DataError, ParameterError
from gyeol.layers import SCORES, Score, attend
from gyeol.layers.attention.scores import find_score

D64 = torch.float64


#: Of each score whose formula is written out below, the shapes of its weights.
FORMULAS: dict[str, dict[str, tuple[int, ...]]] = {
    "dot": {},
    "scaled_dot": {},
    "general": {"weight": (5, 5)},
    "additive": {"query_weight": (3, 5), "key_weight": (3, 5), "vector": (3,)},
    "location": {"weight": (9, 5), "bias": (9,)},
}


def drawn(score: str, K: int, longest: int = 9) -> tuple[Callable[[Tensor, Tensor], Tensor], list[Tensor]]:
    """Return a score of the table as a function of query and keys, and what it has learned."""
    one: Score = find_score(SCORES[score])
    learned = {name: part.double() for name, part in one.create(K, K, size=3, longest=longest).items()}

    def function(query: Tensor, keys: Tensor) -> Tensor:
        lengths = torch.full((len(keys),), keys.shape[1])
        return one.compare(query, one.prepare(keys, learned), lengths, learned)

    tensors = [t for part in learned.values() for t in ([part] if isinstance(part, Tensor) else part.parameters())]
    return function, tensors


def score_by_hand(score: str, q: list[float], k: list[float], t: int, w: dict[str, Any]) -> float:
    K = len(k)
    if score == "location":
        return sum(w["weight"][t][n] * q[n] for n in range(K)) + w["bias"][t]
    if score in ("dot", "scaled_dot"):
        total = sum(q[n] * k[n] for n in range(K))
        return total / math.sqrt(K) if score == "scaled_dot" else total
    if score == "general":
        return sum(q[m] * w["weight"][m][n] * k[n] for m in range(K) for n in range(K))
    total = 0.0
    for a in range(len(w["vector"])):
        inner = sum(w["query_weight"][a][n] * q[n] + w["key_weight"][a][n] * k[n] for n in range(K))
        total += w["vector"][a] * math.tanh(inner)
    return total


@pytest.mark.parametrize("score", FORMULAS)
def test_a_score_equals_a_loop(score: str) -> None:
    B, Q, T, K, V = 2, 3, 4, 5, 2
    query, keys = torch.randn(B, Q, K, dtype=D64), torch.randn(B, T, K, dtype=D64)
    values, lengths = torch.randn(B, T, V, dtype=D64), [4, 2]
    mask = torch.arange(T) < torch.tensor(lengths)[:, None]
    weights = {name: torch.randn(shape, dtype=D64) for name, shape in FORMULAS[score].items()}
    context, alpha = attend(query, keys, values, mask, score=score, **weights)
    lists = {name: w.tolist() for name, w in weights.items()}
    for b in range(B):
        for q in range(Q):
            row = [
                math.exp(score_by_hand(score, query[b, q].tolist(), keys[b, t].tolist(), t, lists))
                for t in range(lengths[b])
            ]
            expected = [value / sum(row) for value in row] + [0.0] * (T - lengths[b])
            torch.testing.assert_close(alpha[b, q], torch.tensor(expected, dtype=D64))
            mean = [sum(expected[t] * values[b, t, v].item() for t in range(T)) for v in range(V)]
            torch.testing.assert_close(context[b, q], torch.tensor(mean, dtype=D64))


@pytest.mark.parametrize("score", SCORES)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    size=st.sampled_from([0.0, 1.0, 1000.0]),
    seed=st.integers(0, 2**31),
)
@settings(deadline=None, max_examples=25)
def test_rows_sum_to_one_and_padding_gets_exactly_nothing(
    score: str, lengths: list[int], size: float, seed: int
) -> None:
    torch.manual_seed(seed)
    B, T, K = len(lengths), max(lengths), 4
    mask = torch.arange(T) < torch.tensor(lengths)[:, None]
    function, _ = drawn(score, K)
    query, keys = torch.randn(B, 2, K, dtype=D64) * size, torch.randn(B, T, K, dtype=D64) * size
    values = torch.randn(B, T, 3, dtype=D64)
    _, alpha = attend(query, keys, values, mask, score=function)
    assert (alpha.sum(-1) - 1).abs().max() < 1e-6
    assert torch.equal(alpha.masked_select(~mask.unsqueeze(1)), torch.zeros(int((~mask).sum()) * 2, dtype=D64))
    _, single = attend(query[:, 0], keys, values, mask, score=function)
    torch.testing.assert_close(single, alpha[:, 0], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("score", SCORES)
def test_nan_in_one_row_stays_there_and_in_padding_reaches_nothing(score: str) -> None:
    function, learned = drawn(score, 4)
    query, values = torch.randn(3, 4, dtype=D64), torch.randn(3, 5, 2, dtype=D64)
    keys = torch.randn(3, 5, 4, dtype=D64, requires_grad=True)
    mask = torch.arange(5) < torch.tensor([5, 2, 4])[:, None]
    clean, _ = attend(query, keys, values, mask, score=function)
    hole = torch.zeros(3, 5, 1, dtype=D64)
    hole[1, 3] = math.nan
    dirty, _ = attend(query, keys + hole, values + hole, mask, score=function)
    assert torch.equal(clean, dirty)
    for grad in torch.autograd.grad(dirty.sum(), [keys, *learned], allow_unused=True):
        assert grad is None or grad.isfinite().all()
    hole[1, 0] = math.nan
    worse, _ = attend(query, keys + hole, values + hole, mask, score=function)
    assert worse[1].isnan().all()
    assert torch.equal(worse[[0, 2]], clean[[0, 2]])


@pytest.mark.parametrize("score", SCORES)
def test_gradients_are_the_numerical_ones(score: str) -> None:
    function, learned = drawn(score, 3)
    inputs = [torch.randn(2, 3, dtype=D64), torch.randn(2, 4, 3, dtype=D64), torch.randn(2, 4, 2, dtype=D64)]
    inputs = [t.requires_grad_() for t in [*inputs, *learned]]
    mask = torch.arange(4) < torch.tensor([4, 2])[:, None]

    def run(q: Tensor, k: Tensor, v: Tensor, *_: Tensor) -> tuple[Tensor, Tensor]:
        return attend(q, k, v, mask, score=function)

    assert torch.autograd.gradcheck(run, inputs)


def test_a_score_of_one_s_own_is_accepted() -> None:
    _, alpha = attend(torch.randn(2, 3), torch.randn(2, 4, 3), torch.randn(2, 4, 3), score=lambda q, k: q @ k.mT * 0)
    assert torch.equal(alpha, torch.full((2, 4), 0.25))


@pytest.mark.parametrize(
    ("shapes", "mask", "message"),
    [
        (((2,), (2, 4, 3), (2, 4, 3)), None, r"have shapes \(2,\), \(2, 4, 3\), \(2, 4, 3\), expected"),
        (((2, 3), (2, 3), (2, 4, 3)), None, r"expected \(B, Q, K\) or \(B, K\)"),
        (((1, 3), (2, 4, 3), (2, 4, 3)), None, "have 1, 2, 2 rows, expected the same number"),
        (((2, 3), (2, 4, 3), (2, 5, 3)), None, "4 keys and 5 values a row"),
        (((2, 3), (2, 4, 3), (2, 4, 3)), torch.ones(2, 4), "the mask is torch.float32"),
        (((2, 3), (2, 4, 3), (2, 4, 3)), torch.ones(2, 5, dtype=torch.bool), r"expected torch.bool of shape \(2, 4\)"),
        (((2, 3), (2, 4, 3), (2, 4, 3)), torch.tensor([[True] * 4, [False] * 4]), "is all padding"),
    ],
)
def test_what_does_not_fit_is_refused(shapes: Any, mask: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        attend(*(torch.zeros(shape) for shape in shapes), mask)


def test_an_unknown_score_is_answered_with_the_closest() -> None:
    with pytest.raises(ParameterError, match="did you mean 'additive'"):
        attend(torch.zeros(1, 2), torch.zeros(1, 2, 2), torch.zeros(1, 2, 2), score="aditive")
