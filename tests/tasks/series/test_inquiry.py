"""Why a sequence has its class or its number: a point left out is the mean of the training in its place."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gyeol import DataError, ParameterError, SeriesClassifier, SeriesRegressor
from gyeol.explain.attribution.path import adds_up
from gyeol.explain.explanation import Explanation

RNG = np.random.default_rng(0)
SERIES = [np.stack([np.sin(np.arange(9 + n % 3) * (1 + n % 4)), RNG.normal(size=9 + n % 3)], axis=1) for n in range(24)]
LABELS = ["a", "b", "c", "d"] * 6
QUICK: dict[str, Any] = {"hidden_size": 6, "epochs": 3, "batch_size": 8, "threads": 1, "learning_rate": 0.03}


def by_method(found: Explanation) -> dict[str, np.ndarray]:
    return {one.method: one.values for one in found.attributions}


def log_odds(model: SeriesClassifier, one: Any, name: str) -> float:
    share = float(model.predict_proba([one])[0][list(model.classes_).index(name)])
    return math.log(share) - math.log1p(-share)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"frame": 4},
        {"attention": None, "pooling": "max"},
        {"bidirectional": False, "attention": None, "cell": "lstm"},
    ],
)
def test_every_point_of_a_sequence_is_explained(settings: dict[str, Any]) -> None:
    model = SeriesClassifier(**{**QUICK, **settings}).fit(SERIES, LABELS)
    one = SERIES[1]
    found = model.explain(one)
    first = found.attributions[0]
    assert found.prediction == model.predict([one])[0]
    assert list(found.probabilities.values()) == model.predict_proba([one])[0].tolist()
    assert list(found.tokens) == [str(n) for n in range(len(one))]
    np.testing.assert_array_equal(found.values, one)
    assert adds_up(first)
    assert first.total == pytest.approx(log_odds(model, one, found.prediction), abs=1e-6)
    lost = []
    for t in range(len(one)):
        without = one.copy()
        without[t] = model.inputs_.mean
        lost.append(first.total - log_odds(model, without, found.prediction))
    np.testing.assert_allclose(by_method(found)["occlusion"], lost, atol=1e-5)
    assert first.start == pytest.approx(log_odds(model, np.tile(model.inputs_.mean, (len(one), 1)), found.prediction))


def test_another_class_can_be_asked_for_and_the_reading_is_that_of_beginnings() -> None:
    model = SeriesClassifier(**QUICK, frame=2).fit(SERIES, LABELS)
    one = SERIES[2]
    found = model.explain(one, target="a")
    assert found.attributions[0].target == "log-odds of a"
    assert found.attributions[0].total == pytest.approx(log_odds(model, one, "a"))
    assert found.reading is not None
    assert list(found.reading.steps) == list(range(1, len(one) + 1))
    beginnings = np.stack([model.predict_proba([one[:n]])[0] for n in found.reading.steps])
    np.testing.assert_allclose(found.reading.probabilities, beginnings, atol=1e-6)
    assert any("2 points at a time" in note for note in found.notes)
    (attention,), layers = found.attention, found.layers
    assert [layer.direction for layer in layers] == ["forward", "reverse"]
    for layer in layers:
        state = layer.states["hidden"]
        assert state.shape == (len(one), 6)
        np.testing.assert_array_equal(state[0::2][: len(one) // 2], state[1::2])
        assert layer.gradients["hidden"].shape == (len(one),)
    assert attention.weights[0, 0] == attention.weights[0, 1]
    assert attention.weights.sum() == pytest.approx(1, abs=1e-6)


def test_missing_values_are_told_and_count() -> None:
    holes = [one.copy() for one in SERIES]
    for one in holes[::2]:
        one[3, 0] = np.nan
    model = SeriesClassifier(**QUICK).fit(holes, LABELS)
    found = model.explain(holes[0])
    assert found.prediction == model.predict([holes[0]])[0]
    assert found.values is not None
    assert found.values[3, 0] == model.inputs_.mean[0]
    assert any("1 of 18 values is missing" in note for note in found.notes)
    each = [model.explain(holes[0], target=name).attributions[0] for name in model.classes_]
    assert adds_up(max(each, key=lambda why: abs(why.total - why.start)))


def test_a_number_is_explained_in_its_own_units() -> None:
    y = np.arange(24) % 4 * 100.0
    model = SeriesRegressor(**QUICK).fit(SERIES, y)
    found = model.explain(SERIES[3])
    assert found.prediction == model.predict([SERIES[3]])[0]
    assert found.attributions[0].total == pytest.approx(found.prediction)
    assert adds_up(found.attributions[0])
    with pytest.raises(ParameterError, match="leave target out"):
        model.explain(SERIES[3], target=1.0)


def test_columns_of_a_table_name_the_points() -> None:
    import polars

    table = polars.DataFrame({f"t{n}": [float(n * k % 5) for k in range(20)] for n in range(4)})
    model = SeriesClassifier(**QUICK).fit(table, ["x", "y"] * 10)
    with pytest.warns(UserWarning, match="feature names"):
        assert model.explain([0.0, 1.0, 2.0, 3.0]).tokens == ("t0", "t1", "t2", "t3")


def test_what_cannot_be_explained_is_refused_as_predict_does() -> None:
    model = SeriesClassifier(**QUICK).fit(SERIES, LABELS)
    bad: list[Any] = [
        np.zeros((0, 2)),
        np.full((4, 2), np.nan),
        np.full((4, 2), np.inf),
        np.zeros((4, 3)),
        "1 2 3",
        5.0,
    ]
    for one in bad:
        with pytest.raises(DataError) as predicted:
            model.predict([one])
        with pytest.raises(DataError) as explained:
            model.explain(one)
        assert str(explained.value) == str(predicted.value)
    with pytest.raises(DataError, match="10,000 at most are explained"):
        model.explain(np.zeros((10_001, 2)))
    with pytest.raises(ParameterError, match="'e' is no class"):
        model.explain(SERIES[0], target="e")
    with pytest.raises(ParameterError, match="no sequence"):
        model.explain(SERIES[0], position=1)
