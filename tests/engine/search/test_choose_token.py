"""What the native kernels draw is what the reference implementation draws, by the same random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gyeol import DataError
from gyeol.engine import choose_token
from gyeol.engine.search import token_sampling
from gyeol.kernels import native

built = pytest.mark.skipif(not native.native_available(), reason="the native kernels were not built")


class Chance(np.random.Generator):
    """Draws the given number."""

    def __init__(self, chance: float) -> None:
        super().__init__(np.random.PCG64(0))
        self.chance = chance

    def random(self, *args: Any, **kwargs: Any) -> Any:
        return self.chance


def both(scores: npt.NDArray[np.float32], chance: float, **how: Any) -> tuple[int, int]:
    found = choose_token(scores, Chance(chance), **how), choose_token(scores.astype(np.float64), Chance(chance), **how)
    assert all(scores[token] > -np.inf and token not in how.get("never", ()) for token in found)
    return found


# Settings and scores of any kind, with many ties. A chance on the very border of two tokens may fall to either.
@built
@pytest.mark.usefixtures("instructions")
@given(
    V=st.integers(2, 400),
    seed=st.integers(0, 99),
    spread=st.sampled_from([0.0, 0.3, 3.0, 60.0]),
    temperature=st.sampled_from([0.01, 0.5, 1.0, 3.0]),
    top_k=st.none() | st.integers(1, 500),
    top_p=st.none() | st.floats(0.01, 1.0),
    penalty=st.sampled_from([1.0, 1.3]),
    repeated=st.lists(st.integers(0, 400), max_size=5),
)
def test_it_draws_what_the_reference_draws(
    V: int,
    seed: int,
    spread: float,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    penalty: float,
    repeated: list[int],
) -> None:
    draw = np.random.default_rng(seed)
    scores = np.round(draw.normal(size=V) * spread, 1).astype(np.float32)
    scores[draw.random(V) < 0.1] = -np.inf
    scores[int(draw.integers(V))] = 0.5
    chance = draw.random()
    seen = [token for token in repeated if token < V]
    never = [0] if scores[1:].max() > -np.inf else []
    how: dict[str, Any] = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "never": never}
    how |= {"repeated": seen, "penalty": penalty}
    ours, expected = both(scores, chance, **how)
    if ours == expected:
        return
    nearby = {both(scores, min(max(chance + step, 0.0), 1 - 1e-9), **how)[1] for step in (-1e-5, 1e-5)}
    if top_p is not None:  # so may a share on the very border of the set
        for edge in (-1e-5, 1e-5):
            nearby.add(both(scores, chance, **how | {"top_p": min(max(top_p + edge, 1e-6), 1.0)})[1])
    assert ours in nearby


@built
@pytest.mark.usefixtures("instructions")
def test_the_same_text_as_before() -> None:
    draws = [np.random.default_rng(7) for _ in range(2)]
    for step in range(60):
        scores = np.random.default_rng(step).normal(size=3000).astype(np.float32)
        how: dict[str, Any] = [{}, {"top_k": 40}, {"top_p": 0.9}, {"top_k": 300, "top_p": 0.5}][step % 4]
        ours = choose_token(scores, draws[0], temperature=0.8, **how)
        assert ours == token_sampling.sample_token(scores.astype(np.float64), draws[1], temperature=0.8, **how)


@built
@pytest.mark.usefixtures("instructions")
def test_the_best_one_is_the_first_of_equals() -> None:
    scores = np.zeros(1000, np.float32)
    scores[[700, 300, 800]] = 1.0
    assert choose_token(scores, np.random.default_rng(0), top_k=1) == 300
    assert choose_token(scores, np.random.default_rng(0), top_k=1, never=[300]) == 700


@built
@pytest.mark.usefixtures("instructions")
@pytest.mark.parametrize("temperature", [1e-40, 1e300])
@pytest.mark.parametrize("how", [{}, {"top_k": 2}, {"top_p": 0.6}])
def test_extreme_temperatures(temperature: float, how: dict[str, Any]) -> None:
    scores = np.array([1.0, 3.0, 2.0, -np.inf], np.float32)
    found = {choose_token(scores, Chance(c), temperature=temperature, **how) for c in (0.0, 0.3, 0.6, 0.99)}
    assert found == {1} if temperature < 1 else found <= {0, 1, 2} and 1 in found


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("how", [{}, {"top_k": 2}, {"top_p": 0.5}, {"penalty": 1.5, "repeated": [0]}])
def test_numbers_that_are_none_draw_nothing(dtype: type, how: dict[str, Any]) -> None:
    for wrong in (np.nan, np.inf):
        scores = np.array([0.0, wrong, 1.0, 2.0], dtype)
        with pytest.raises(DataError, match="no token can be drawn"):
            choose_token(scores, np.random.default_rng(0), **how)
    with pytest.raises(DataError, match="no token can be drawn"):
        choose_token(np.full(3, -np.inf, dtype), np.random.default_rng(0), **how)


@built
def test_wrong_calls() -> None:
    none, scores = np.zeros(0, np.int64), np.zeros(3, np.float32)
    right: dict[str, Any] = {"repeated": none, "penalty": 1.0, "never": none}
    for wrong in (
        {"temperature": 0.0}, {"temperature": np.nan}, {"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.5},
        {"repeated": np.array([3])}, {"never": np.array([-1])},
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"must be|expected 0 to 2"):
            native.choose_token(scores, 0.5, **right | wrong)
    with pytest.raises(ValueError, match="chance"):
        native.choose_token(scores, 1.0, **right)
