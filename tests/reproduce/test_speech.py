"""`gyeol reproduce fsdd` and `fsdd-speakers` on a few tones instead of digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gyeol.data.annotations.transcripts import Digit
from gyeol.reproduce import speech

pytest.importorskip("jiwer", reason="jiwer is not installed: pip install 'gyeol[audio]'")
soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed: pip install 'gyeol[audio]'")

SMALL = {
    **speech.DIGITS, "hidden_size": 16, "num_layers": 1, "mels": 12, "epochs": 20, "batch_size": 4,
    "learning_rate": 0.01, "averaging": 0.0, "dropout": 0.0,
}  # fmt: skip


@pytest.fixture
def tones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for speaker, shift in (("ann", 0), ("bob", 40), ("cat", 80)):
        for word, pitch in (("two", 300), ("six", 2000)):
            for number in range(10):
                path = tmp_path / f"{word}_{speaker}_{number}.wav"
                t = np.arange(3000 + 50 * number) / 8000
                soundfile.write(path, 0.5 * np.sin(2 * np.pi * (pitch + shift + 5 * number) * t), 8000)
                made.append(Digit(path, word, speaker, number))
    monkeypatch.setattr("gyeol.data.annotations.transcripts.fsdd", lambda: made)


def test_the_official_split(tones: None, tmp_path: Path) -> None:
    answer = speech._digits(SMALL, 0, 1, tmp_path / "m", None)
    assert answer["count"] == 30
    assert answer["figure"] <= answer["greedy"] < 0.5
    assert (tmp_path / "m" / "config.json").is_file()


def test_each_speaker_is_left_out_once(tones: None) -> None:
    answer = speech._speakers({**SMALL, "epochs": 4}, 0, 1, None, None)
    assert [part["speaker"] for part in answer["parts"]] == ["ann", "bob", "cat"]
    assert answer["figure"] == pytest.approx(np.mean([float(part["wer"]) for part in answer["parts"]]), abs=1e-3)
    assert answer["count"] == 60
