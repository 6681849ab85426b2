"""Why a step has its label: leaving a step out is predicting without its vector."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol import DataError, FrameClassifier, ParameterError
from gyeol.explain.attribution.path import adds_up

RNG = np.random.default_rng(0)
SERIES = [np.cumsum(RNG.normal(size=8 + n % 3)) for n in range(20)]
LABELS = [np.where(np.diff(one, prepend=0.0) > 0, "up", "down") for one in SERIES]
QUICK: dict[str, Any] = {"hidden_size": 6, "epochs": 3, "batch_size": 8, "threads": 1, "learning_rate": 0.03}


@pytest.mark.parametrize("settings", [{}, {"bidirectional": False, "cell": "lstm"}, {"num_layers": 0}])
def test_every_step_of_numbers_is_explained(settings: dict[str, Any]) -> None:
    model = FrameClassifier(**{**QUICK, **settings}).fit(SERIES, LABELS)
    one = SERIES[1]

    def log_probability(values: Any) -> float:
        shares = model.predict_proba([values])[0]
        return float(np.log(shares[np.arange(len(one)), labels]).sum())

    found = model.explain(one)
    labels = model.predict_proba([one])[0].argmax(1)
    assert found.prediction == model.predict([one])[0].tolist() == list(found.output)
    first, second = found.attributions
    assert first.target == "log-probability of all labels"
    assert first.total == pytest.approx(log_probability(one), abs=1e-6)
    assert adds_up(first)
    for t in (0, 4):
        without = one.copy()
        without[t] = model.inputs_.mean[0]  # type: ignore[union-attr]
        assert second.values[t] == pytest.approx(first.total - log_probability(without), abs=1e-5)
    assert found.reading is not None
    ends = [model.predict_proba([one[:n]])[0][-1] for n in found.reading.steps]
    np.testing.assert_allclose(found.reading.probabilities, ends, atol=1e-6)


def test_one_step_can_be_asked_about() -> None:
    model = FrameClassifier(**QUICK).fit(SERIES, LABELS)
    one = SERIES[2]
    shares = model.predict_proba([one])[0]
    found = model.explain(one, position=3, target="down")
    assert found.attributions[0].target == "log-odds of down at step 3"
    assert found.attributions[0].total == pytest.approx(math.log(shares[3, 0] / shares[3, 1]), abs=1e-6)
    assert found.probabilities == {"down": shares[3, 0], "up": shares[3, 1]}
    assert found.reading is not None
    assert found.reading.steps[0] == 4
    np.testing.assert_allclose(found.reading.probabilities[-1], shares[3], atol=1e-6)
    np.testing.assert_allclose(found.reading.probabilities[0], model.predict_proba([one[:4]])[0][3], atol=1e-6)
    for wrong in ({"position": 10}, {"position": -1}, {"position": 1, "target": "left"}, {"target": "up"}):
        with pytest.raises(ParameterError):
            model.explain(one, **wrong)


@pytest.mark.parametrize("bidirectional", [True, False])
def test_frames_are_explained_and_shown_small(bidirectional: bool) -> None:
    clips = [RNG.integers(0, 255, (5, 96, 80, 3), dtype=np.uint8) for _ in range(6)]
    labels = [["a", "b", "a", "b", "a"]] * 6
    settings = {**QUICK, "image_size": 80, "channels": 2, "bidirectional": bidirectional, "epochs": 1}
    model = FrameClassifier(**settings).fit(clips, labels)
    found = model.explain(clips[0])
    assert found.kind == "frames"
    assert found.values is not None
    assert found.values.shape == (5, 64, 64, 3)
    assert found.values.dtype == np.uint8
    assert found.prediction == model.predict([clips[0]])[0].tolist()
    assert adds_up(found.attributions[0])
    shares = model.predict_proba([clips[0]])[0].max(1)
    assert found.attributions[0].total == pytest.approx(float(np.log(shares).sum()), abs=1e-5)


def test_what_cannot_be_explained_is_refused_as_predict_does(tmp_path: Path) -> None:
    model = FrameClassifier(**QUICK).fit(SERIES, LABELS)
    bad: list[Any] = [np.zeros(0), np.full(4, np.nan), np.zeros((4, 3)), tmp_path / "none.mp4", "none.mp4"]
    for one in bad:
        with pytest.raises(DataError) as predicted:
            model.predict([one])
        with pytest.raises(DataError) as explained:
            model.explain(one)
        assert str(explained.value) == str(predicted.value)
    with pytest.raises(DataError, match="10,000 at most are explained"):
        model.explain(np.zeros(10_001))
