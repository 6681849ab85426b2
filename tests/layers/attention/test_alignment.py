"""Where a decoder looks: every score over every scope sums to 1, gives padding 0, and is what its paper says."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import ParameterError
from gyeol.layers import SCOPES, Alignment
from gyeol.layers.attention.alignment import window_around, window_monotonic
from gyeol.layers.attention.scores import attend

SCORES = ("dot", "scaled_dot", "general", "additive", "location")


@given(
    score=st.sampled_from(SCORES), scope=st.sampled_from(SCOPES),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    Q=st.integers(1, 6), window=st.integers(1, 4), longest=st.integers(3, 12), seed=st.integers(0, 999),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_rows_sum_to_one_and_padding_gets_nothing(
    score: str, scope: str, lengths: list[int], Q: int, window: int, longest: int, seed: int
) -> None:
    torch.manual_seed(seed)
    T = max(lengths)
    if scope == "local-m" and score == "location" and max(T, Q) > longest:
        longest = max(T, Q)  # a window past all that the score can tell apart is refused
    if scope == "local-p" and score == "location":
        longest = max(longest, T)
    alignment = Alignment(5, 6, score=score, scope=scope, window=window, longest=longest)
    values = torch.randn(len(lengths), T, 6)
    for row, n in enumerate(lengths):
        values[row, n:] = 1e6
    source = alignment.prepare(values, torch.tensor(lengths))
    context, weights = alignment(torch.randn(len(lengths), Q, 5), source, torch.arange(Q))
    assert context.shape == (len(lengths), Q, 6)
    torch.testing.assert_close(weights.sum(2), torch.ones(len(lengths), Q), atol=1e-6, rtol=0)
    for row, n in enumerate(lengths):
        assert bool((weights[row, :, n:] == 0).all())
        if scope == "local-m":
            for q in range(Q):
                seen = weights[row, q].nonzero().flatten().tolist()
                centre = min(q, n - 1)
                assert all(abs(s - centre) <= window for s in seen)
        if scope == "local-p":
            assert all(int((weights[row, q] > 0).sum()) <= 2 * window + 2 for q in range(Q))
    assert bool((context.abs() < 1e5).all())


@pytest.mark.parametrize("score", ["dot", "general", "additive", "scaled_dot"])
def test_the_global_scope_is_the_pure_function(score: str) -> None:
    torch.manual_seed(0)
    alignment = Alignment(6, 6, score=score)
    values, query, lengths = torch.randn(2, 4, 6), torch.randn(2, 3, 6), torch.tensor([4, 2])
    context, weights = alignment(query, alignment.prepare(values, lengths), torch.arange(3))
    mask = torch.arange(4) < lengths[:, None]
    given: dict[str, torch.Tensor] = {}
    if score == "general":
        assert alignment.key is not None
        given = {"weight": alignment.key.weight}
    if score == "additive":
        assert alignment.query is not None
        assert alignment.key is not None
        assert alignment.vector is not None
        torch.nn.init.zeros_(alignment.query.bias)
        context, weights = alignment(query, alignment.prepare(values, lengths), torch.arange(3))
        given = {"query_weight": alignment.query.weight, "key_weight": alignment.key.weight, "vector": alignment.vector}
    expected = attend(query, values, values, mask, score=score, **given)
    torch.testing.assert_close((context, weights), expected)


@torch.no_grad()
def test_local_p_by_hand() -> None:
    torch.manual_seed(1)
    alignment = Alignment(3, 3, score="dot", scope="local-p", window=2)
    values, query, n = torch.randn(1, 9, 3), torch.randn(1, 1, 3), 8
    _, weights = alignment(query, alignment.prepare(values, torch.tensor([n])), torch.tensor([0]))
    first, _, last = alignment.place
    centre = (n - 1) / (1 + math.exp(-float(last.weight @ torch.tanh(first(query[0, 0])))))
    unscaled = [
        math.exp(float(query[0, 0] @ values[0, s])) * math.exp(-((s - centre) ** 2) / (2 * (2 / 2) ** 2))
        if abs(s - centre) <= 2.5 and s < n
        else 0.0
        for s in range(9)
    ]
    torch.testing.assert_close(weights[0, 0], torch.tensor(unscaled) / sum(unscaled), atol=1e-5, rtol=1e-4)


def test_windows() -> None:
    near = window_monotonic(torch.arange(5), torch.tensor([3, 5]), 5, 1)
    assert near[0].int().tolist() == [
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [0, 1, 1, 0, 0],
        [0, 1, 1, 0, 0],
        [0, 1, 1, 0, 0],
    ]
    assert near[1, 4].int().tolist() == [0, 0, 0, 1, 1]
    bias = window_around(torch.tensor([[1.0]]), torch.tensor([4]), 5, 2)
    assert bias[0, 0].tolist() == [-0.5, 0.0, -0.5, -2.0, -math.inf]


def test_mistakes() -> None:
    with pytest.raises(ParameterError, match="did you mean 'additive'"):
        Alignment(3, 3, score="aditive")
    with pytest.raises(ParameterError, match="scope='locl-m' is not a scope"):
        Alignment(3, 3, scope="locl-m")
    with pytest.raises(ParameterError, match="window=0"):
        Alignment(3, 3, window=0)
