"""Drawing tokens: within the settings, as often as they are probable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gyeol.engine import check_sampling, penalise_repetition, sample_token
from gyeol.engine.search import token_sampling
from gyeol.errors import ParameterError

SHARES = np.array([0.05, 0.5, 0.2, 0.25])


@given(seed=st.integers(0, 99), top_k=st.none() | st.integers(1, 6), top_p=st.none() | st.floats(0.01, 1.0))
def test_only_the_likely(seed: int, top_k: int | None, top_p: float | None) -> None:
    token = sample_token(np.log(SHARES), np.random.default_rng(seed), top_k=top_k, top_p=top_p)
    order = [1, 3, 2, 0]
    if top_k is not None:
        assert token in order[:top_k]
        order = order[:top_k]
    if top_p is not None:
        together = np.cumsum(SHARES[order]) / SHARES[order].sum()
        assert token in order[: int((together < top_p).sum()) + 1]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_as_often_as_probable(temperature: float) -> None:
    draw = np.random.default_rng(0)
    counts = np.bincount(
        [sample_token(np.log(SHARES), draw, temperature=temperature) for _ in range(4000)], minlength=4
    )
    expected = SHARES ** (1 / temperature)
    np.testing.assert_allclose(counts / 4000, expected / expected.sum(), atol=0.03)


def test_what_must_not_be_drawn_is_not() -> None:
    scores = np.log(SHARES)
    scores[1] = -np.inf
    draw = np.random.default_rng(0)
    assert 1 not in {sample_token(scores, draw) for _ in range(200)}


def test_repetitions_lose() -> None:
    scores = np.log(SHARES)
    less = penalise_repetition(scores, [1, 1, 3], 2.0)
    np.testing.assert_allclose(np.exp(less), [0.05, 0.25, 0.2, 0.0625])
    assert penalise_repetition(scores, [], 2.0) is scores
    assert penalise_repetition(scores, [1], 1.0) is scores


def test_settings_that_cannot_be() -> None:
    check_sampling(temperature=1.0, top_k=None, top_p=1.0, repetition_penalty=1.0)
    with pytest.raises(ParameterError, match=r"temperature=0.*top_k=0.*top_p=2.*repetition_penalty=0"):
        check_sampling(temperature=0, top_k=0, top_p=2, repetition_penalty=0)


@given(
    scores=st.lists(st.sampled_from([-3.0, -2.5, -2.0, -1.0, -0.5]), min_size=1, max_size=60),
    top_k=st.integers(1, 60),
    seed=st.integers(0, 99),
)
def test_the_best_are_found_as_by_sorting(scores: list[float], top_k: int, seed: int) -> None:
    array = np.array(scores)
    expected = np.argsort(-array, kind="stable")[:top_k]
    assert np.array_equal(token_sampling._best(array, min(top_k, len(array))), expected)
    assert sample_token(array, np.random.default_rng(seed), top_k=top_k) in expected


@given(st.lists(st.sampled_from([0.0, 1e-300, 0.25, 1.0]), min_size=1, max_size=400), st.floats(0, 1, exclude_max=True))
def test_what_is_drawn_by_blocks_is_what_passes_the_sum(shares: list[float], chance: float) -> None:
    values = np.array(shares)
    if not values.sum():
        return
    at = token_sampling._drawn(values, chance)
    assert values[at] > 0
    reached = np.cumsum(values) / values.sum()
    assert reached[at] >= chance - 1e-9
    assert at == 0 or reached[at - 1] <= chance + 1e-9


def test_rounding_draws_nothing_of_no_share() -> None:
    values = np.array([0.3] * 130 + [0.0] * 300)
    assert token_sampling._drawn(values, float(np.nextafter(1.0, 0.0))) == 129
