"""The temperature: what makes the truth most probable, and no more sure than the number of examples allows."""

from __future__ import annotations

import numpy as np
import pytest

from gyeol.engine import log_softmax, temperature


def test_scores_that_are_too_sure_are_divided_by_what_they_were_multiplied_with() -> None:
    draw = np.random.default_rng(0)
    scores = draw.normal(size=(20_000, 3))
    chances = np.exp(log_softmax(scores))
    truth = (chances.cumsum(1) < draw.random((len(chances), 1))).sum(1)
    assert temperature(7 * scores, truth) == pytest.approx(7, rel=0.05)


@pytest.mark.parametrize("count", [2, 20, 200])
def test_all_right_is_not_certain(count: int) -> None:
    scores, truth = np.tile([1.0, 0.0], (count, 1)), np.zeros(count, dtype=np.int64)
    chance = float(np.exp(log_softmax(scores / temperature(scores, truth)))[0, 0])
    assert chance == pytest.approx((count + 1) / (count + 2), rel=1e-3)


def test_rows_of_any_size_sum_to_one() -> None:
    logs = log_softmax(np.array([[1e4, -1e4], [-3000.0, -3001.0]]))
    np.testing.assert_allclose(np.exp(logs).sum(1), 1.0)
