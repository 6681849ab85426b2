"""Recognizers trained and measured: English digits, of speakers from the training and of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gyeol import engine
from gyeol.data.split import stratified_split
from gyeol.engine import Progress
from gyeol.reproduce.entry import Published, Reproduction, check_complete

if TYPE_CHECKING:
    from gyeol.data.annotations.transcripts import Digit
    from gyeol.tasks import SpeechRecognizer

__all__ = ["DIGITS", "RECOGNIZERS", "SPEAKERS"]

DIGITS: dict[str, Any] = {
    "cell": "lstm",
    "hidden_size": 128,
    "num_layers": 2,
    "bidirectional": True,
    "mels": 24,
    "normalize": "speech",
    "stack": 3,
    "dropout": 0.3,
    "speed": 0.1,
    "warp": 0.15,
    "batch_size": 16,
    "epochs": 60,
    "patience": 60,
    "learning_rate": 0.003,
    "averaging": 0.998,
}
_WATCHED = 0.05  # of the recordings to learn from

#: For unseen voices: augmentation that varies the voices of the training as much as possible.
SPEAKERS: dict[str, Any] = {**DIGITS, "speed": 0.15, "warp": 0.25}

_BEAM = 64  # more than the ten words have beginnings


@dataclass(frozen=True, slots=True)
class _Trained:
    """A recognizer, and the words that it recognised."""

    model: SpeechRecognizer
    words: list[str]

    def measured(self, test: Sequence[Digit]) -> dict[str, float]:
        files, words = _pair(test)
        greedy = self.model.evaluate(files, words)
        found = self.model.transcribe(files, lexicon=self.words, beam_size=_BEAM)
        return {"wer": engine.transcription(found, words)["wer"], "greedy": greedy["wer"], "cer": greedy["cer"]}


def _fitted(
    digits: Sequence[Digit], settings: dict[str, Any], seed: int, threads: int | None, progress: Progress | None
) -> _Trained:
    from gyeol.tasks import SpeechRecognizer

    words = sorted({d.word for d in digits})
    numbers = np.array([words.index(d.word) for d in digits])
    train_rows, valid_rows = stratified_split(numbers, _WATCHED, seed=seed)
    train, watched = [digits[n] for n in train_rows], [digits[n] for n in valid_rows]
    model = SpeechRecognizer(**settings, random_state=seed, threads=threads)
    model.fit(*_pair(train), validation=_pair(watched), progress=progress, about={"data": "fsdd"})
    check_complete(model)
    return _Trained(model, words)


def _pair(digits: Sequence[Digit]) -> tuple[list[Path], list[str]]:
    return [d.file for d in digits], [d.word for d in digits]


def _digits(
    settings: dict[str, Any], seed: int, threads: int | None, out: Path | None, progress: Progress | None
) -> dict[str, Any]:
    from gyeol.data.annotations.transcripts import fsdd

    every = fsdd()
    train, test = [d for d in every if not d.test], [d for d in every if d.test]
    trained = _fitted(train, settings, seed, threads, progress)
    if out is not None:
        trained.model.save(out)
    figures = trained.measured(test)
    return {
        "figure": figures["wer"],
        "greedy": figures["greedy"],
        "cer": figures["cer"],
        "valid": trained.model.metrics_["valid_wer"],
        "count": len(test),
    }


def _speakers(
    settings: dict[str, Any], seed: int, threads: int | None, out: Path | None, progress: Progress | None
) -> dict[str, Any]:
    """Leave out one speaker after the other; ``out`` receives the model that was trained without the last one."""
    from gyeol.data.annotations.transcripts import fsdd

    every = fsdd()
    parts: list[dict[str, Any]] = []
    for speaker in sorted({d.speaker for d in every}):
        train, test = [d for d in every if d.speaker != speaker], [d for d in every if d.speaker == speaker]
        trained = _fitted(train, settings, seed, threads, progress)
        parts.append({"speaker": speaker, **trained.measured(test)})
        if progress is not None:
            progress.note(f"without {speaker}: word error {parts[-1]['wer']:.4f}, greedy {parts[-1]['greedy']:.4f}")
    if out is not None:
        trained.model.save(out)
    return {
        "figure": sum(part["wer"] for part in parts) / len(parts),
        "greedy": sum(part["greedy"] for part in parts) / len(parts),
        "count": len(every),
        "parts": [{k: v if isinstance(v, str) else f"{v:.4f}" for k, v in part.items()} for part in parts],
    }


RECOGNIZERS: dict[str, Reproduction] = {
    "fsdd": Reproduction(
        title="Spoken English digits (FSDD): word error, CTC over letters, official split",
        metric="wer",
        examples="recordings",
        setting="BiLSTM 2 x 128 over 24 log-mel bands; prefix beam over the ten words of the training part",
        data="FSDD: trained on recordings 5 to 49 of each speaker and digit (2,700), tested on 0 to 4 (300)",
        published=(
            Published(0.05, "recurrent nets that choose one of ten classes: 0.01 to 0.05, reported, unverified"),
        ),
        run=partial(_digits, DIGITS),
    ),
    "fsdd-speakers": Reproduction(
        title="Spoken English digits (FSDD): word error of unseen speakers, each left out in turn",
        metric="wer",
        examples="recordings",
        setting="as fsdd, six trainings; of the five speakers of the training, a twentieth is for validation",
        data="FSDD: trained on five speakers (2,500 recordings), tested on the sixth (500)",
        published=(Published(0.12, "no published figure is known: the most that was aimed at"),),
        run=partial(_speakers, SPEAKERS),
    ),
}
