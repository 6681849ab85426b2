"""Where a decoder looks: every score over every scope sums to 1, gives padding 0, and is what its paper says."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import ParameterError
from gyeol.layers import SCOPES, SCORES, Alignment, Score, attend
from gyeol.layers.attention.alignment import window_around, window_monotonic


@given(
    score=st.sampled_from(list(SCORES)), scope=st.sampled_from(SCOPES),
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


@pytest.mark.parametrize("score", ["dot", "general", "additive", "scaled_dot", "location"])
def test_the_global_scope_is_the_pure_function(score: str) -> None:
    torch.manual_seed(0)
    alignment = Alignment(6, 6, score=score)
    values, query, lengths = torch.randn(2, 4, 6), torch.randn(2, 3, 6), torch.tensor([4, 2])
    context, weights = alignment(query, alignment.prepare(values, lengths), torch.arange(3))
    mask = torch.arange(4) < lengths[:, None]
    given: dict[str, torch.Tensor] = {}
    if score == "general":
        given = {"weight": alignment.key.weight}
    if score == "location":
        given = {"weight": alignment.query.weight, "bias": alignment.query.bias}
    if score == "additive":
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


class Distance(Score):
    """Steps near the query matter most."""

    def __call__(self, query: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        return -torch.cdist(query, keys)


class Sharp(Score):
    """A dot product whose sharpness is learned, and which prefers early steps."""

    def create(self, query_size: int, key_size: int, *, size: int, longest: int) -> Any:
        steps = torch.nn.Linear(longest, 1, bias=False)
        return {**super().create(query_size, key_size, size=size, longest=longest), "steps": steps,
                "sharpness": torch.nn.Parameter(torch.full((), 2.0))}  # fmt: skip

    def __call__(
        self, query: torch.Tensor, keys: torch.Tensor, *, sharpness: torch.Tensor, steps: torch.nn.Linear
    ) -> torch.Tensor:
        return sharpness * query @ keys.mT + steps.weight[:, : keys.shape[1]]


@pytest.mark.parametrize("score", [Distance, Distance(), Sharp, Sharp()])
@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("H", [6, 4])
def test_a_custom_score_is_taken_as_class_or_object(score: Any, scope: str, H: int) -> None:
    alignment = Alignment(H, 6, score=score, scope=scope, window=2, longest=9)
    values, query, lengths = torch.randn(2, 4, 6), torch.randn(2, 3, H, requires_grad=True), torch.tensor([4, 2])
    context, weights = alignment(query, alignment.prepare(values, lengths), torch.arange(3))
    assert context.shape == (2, 3, 6)
    torch.testing.assert_close(weights.sum(2), torch.ones(2, 3))
    assert not weights[1, :, 2:].any()
    context.sum().backward()
    assert all(p.grad is not None for p in alignment.parameters())
    names = {name.partition(".")[0] for name, _ in alignment.named_parameters()} - {"place"}
    expected = {"sharpness", "steps"} if "Sharp" in repr(score) else set()
    assert names == expected | ({"key"} if H == 4 else set())
    if scope == "global" and H == 6 and not expected:
        mask = torch.arange(4) < lengths[:, None]
        torch.testing.assert_close((context, weights), attend(query, values, values, mask, score=score))


def test_a_function_is_a_score() -> None:
    alignment = Alignment(3, 3, score=lambda query, keys: query @ keys.mT * 0)
    _, weights = alignment(
        torch.randn(1, 2, 3), alignment.prepare(torch.randn(1, 4, 3), torch.tensor([4])), torch.arange(2)
    )
    assert torch.equal(weights, torch.full((1, 2, 4), 0.25))


@pytest.mark.parametrize(
    ("learned", "message"),
    [
        ({"place": torch.nn.Linear(2, 2)}, "Wrong learns 'place': rename it"),
        ({"scope": torch.nn.Parameter(torch.zeros(1))}, "Wrong learns 'scope': rename it"),
        ({"bias": torch.zeros(1)}, "Wrong learns 'bias', which is no Module and no Parameter"),
    ],
)
def test_what_a_custom_score_cannot_learn(learned: Any, message: str) -> None:
    class Wrong(Distance):
        def create(self, query_size: int, key_size: int, *, size: int, longest: int) -> Any:
            return learned

    with pytest.raises(ParameterError, match=message):
        Alignment(3, 3, score=Wrong)


def test_scores_of_another_shape_are_refused() -> None:
    alignment = Alignment(3, 3, score=lambda query, keys: query.sum(2, keepdim=True))
    source = alignment.prepare(torch.randn(2, 4, 3), torch.tensor([4, 1]))
    with pytest.raises(ParameterError, match=r"returned shape \(2, 5, 1\), expected \(2, 5, 4\)"):
        alignment(torch.randn(2, 5, 3), source, torch.arange(5))


def test_mistakes() -> None:
    with pytest.raises(ParameterError, match="score=3 is not a score"):
        Alignment(3, 3, score=3)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="did you mean 'additive'"):
        Alignment(3, 3, score="aditive")
    with pytest.raises(ParameterError, match="scope='locl-m' is not a scope"):
        Alignment(3, 3, scope="locl-m")
    with pytest.raises(ParameterError, match="window=0"):
        Alignment(3, 3, window=0)


@pytest.mark.parametrize("scope", SCOPES)
def test_location_over_sources_longer_than_the_longest(scope: str) -> None:
    torch.manual_seed(0)
    layer = Alignment(4, 6, score="location", scope=scope, longest=10, window=2)
    source = layer.prepare(torch.randn(2, 40, 6), torch.tensor([40, 30]))
    _, weights = layer(torch.randn(2, 3, 4), source, torch.arange(20, 23))
    assert torch.allclose(weights.sum(2), torch.ones(2, 3))
    if scope == "local-m":  # beyond what the score knows the window is weighed evenly
        assert torch.allclose(weights[0, 0, 18:23], torch.full((5,), 0.2))
