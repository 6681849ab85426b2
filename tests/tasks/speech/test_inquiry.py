"""Why a recording has its text: a frame left out is the mean in its place; a text's score is minus CTC's loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gyeol import DataError, ParameterError, SpeechRecognizer
from gyeol.explain.attribution.path import adds_up
from gyeol.layers.losses.ctc import ctc_loss

from .test_recognizer import RATE, fitted, sung


@pytest.fixture(scope="module")
def model() -> SpeechRecognizer:
    return fitted(epochs=12)


def score_of(model: SpeechRecognizer, frames: Any, text: str) -> float:
    letters = torch.from_numpy(model.inputs_.encode([text])[0].astype(np.int64))[None]
    with torch.no_grad():
        log_probs, steps = model.net_(frames[None], torch.tensor([len(frames)]))
        return -float(ctc_loss(log_probs.double(), steps, letters, torch.tensor([letters.shape[1]])))


def test_every_frame_of_a_recording_is_explained(model: SpeechRecognizer) -> None:
    sound = sung("나가", 99)
    found = model.explain(sound)
    first, second = found.attributions
    frames = torch.from_numpy(model.inputs_.frames(sound))
    T = len(frames)
    assert found.prediction == model.predict([sound])[0] == "나가"
    assert found.kind == "sound"
    assert len(found.tokens) == len(found.output) == T
    assert found.tokens[3] == "0.03 s"
    np.testing.assert_array_equal(found.values, model.inputs_.mel(sound))
    assert first.target == "log-probability of the text"
    assert first.total == pytest.approx(score_of(model, frames, "나가"), abs=1e-5)
    assert adds_up(first)
    assert second.start == pytest.approx(score_of(model, torch.zeros_like(frames), "나가"), abs=1e-4)
    without = frames.clone()
    without[20] = 0
    assert second.values[20] == pytest.approx(first.total - score_of(model, without, "나가"), abs=1e-4)
    heard = {letter: n * 0.01 for n, letter in enumerate(found.output) if letter}
    assert heard == pytest.approx({said.letter: said.start for said in model.align(sound)})
    assert found.reading is not None
    assert found.reading.probabilities[0, 0] == 0.0
    assert found.reading.probabilities[-1, 0] == pytest.approx(np.exp(first.total), abs=1e-5)
    assert {layer.direction for layer in found.layers} == {"forward", "reverse"}
    for layer in found.layers:
        assert layer.states["hidden"].shape == (T, 32)
        assert layer.gradients["hidden"].shape == (T,)


def test_one_letter_or_another_text_can_be_asked_for(model: SpeechRecognizer) -> None:
    sound = sung("나가", 99)
    one = model.explain(sound, position=1)
    assert one.attributions[0].target.startswith("log-odds of the letter '가' at ")
    assert adds_up(one.attributions[0])
    # It was heard at about the end, and that is where its frames are.
    weights = np.abs(one.attributions[1].values)
    start = one.output.index("가")
    assert weights[start - 12 :].sum() > 0.7 * weights.sum()
    other = model.explain(sound, target="다")
    assert other.attributions[0].target == "log-probability of '다'"
    assert other.attributions[0].total < model.explain(sound).attributions[0].total
    assert other.prediction == "나가"
    for wrong in ({"position": 2}, {"target": "라"}, {"target": "나가" * 99}, {"target": "다", "position": 1}):
        with pytest.raises(ParameterError):
            model.explain(sound, **wrong)


def test_a_recording_cut_at_pauses_is_explained_part_by_part(model: SpeechRecognizer) -> None:
    quiet = np.random.default_rng(0).normal(0, 0.01, 2 * RATE).astype(np.float32)
    sound = np.concatenate([sung("나가", 99), quiet, sung("다나", 98)])
    found = model.explain(sound)
    assert found.prediction == model.predict([sound])[0]
    assert any("into 2 parts" in note for note in found.notes)
    assert [letter for letter in found.output if letter] == [said.letter for said in model.align(sound)]
    assert adds_up(found.attributions[0])
    assert found.reading is None
    assert all(layer.states["hidden"].shape[0] == len(found.tokens) for layer in found.layers)
    last = model.explain(sound, position=2)
    assert float(last.tokens[0].split()[0]) > 2.0
    assert adds_up(last.attributions[0])


def test_silence_is_explained_too(model: SpeechRecognizer) -> None:
    silence = np.zeros(RATE // 4, np.float32)
    found = model.explain(silence)
    assert found.prediction == model.predict([silence])[0]
    assert np.isfinite(found.attributions[0].values).all()


def test_what_cannot_be_explained_is_refused_as_predict_does(model: SpeechRecognizer, tmp_path: Path) -> None:
    (tmp_path / "no.wav").write_bytes(b"RIFF")
    bad: list[Any] = [tmp_path / "none.wav", tmp_path / "no.wav", np.zeros(0), np.full(99, np.nan), np.zeros((9, 2)), 5]
    for one in bad:
        with pytest.raises(DataError) as predicted:
            model.predict([one])
        with pytest.raises(DataError) as explained:
            model.explain(one)
        assert str(explained.value) == str(predicted.value)
    with pytest.raises(DataError, match="10,000 at most are explained"):
        model.explain(np.zeros(101 * RATE))
