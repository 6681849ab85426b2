"""Clips whose every frame gets a label, by a net that remembers and by the same without a memory."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gyeol.engine import Progress
from gyeol.reproduce.entry import Reproduction, check_complete

if TYPE_CHECKING:
    from gyeol.data.synthetic.clips import ClipMade

__all__ = ["CLIPS", "FRAMES"]

#: Clips read forwards only, as a stream brings them.
CLIPS: dict[str, Any] = {
    "cell": "lstm",
    "hidden_size": 64,
    "bidirectional": False,
    "dropout": 0.05,
    "batch_size": 4,
    "epochs": 14,
    "patience": 14,
    "learning_rate": 0.008,
    "averaging": 0.99,
    "precision": "float32",
}


def _clips(
    settings: dict[str, Any], count: int | None, seed: int, threads: int | None, out: Path | None,
    progress: Progress | None,
) -> dict[str, Any]:  # fmt: skip
    from gyeol.data.synthetic.clips import clips
    from gyeol.tasks import FrameClassifier

    train, valid, test = (list(clips(role, count=count, seed=seed)) for role in ("train", "valid", "test"))
    found, parts = {}, []
    for kind, num_layers in (("memory", 1), ("each frame alone", 0)):
        started = time.monotonic()
        model = FrameClassifier(**settings, num_layers=num_layers, random_state=seed, threads=threads)
        model.fit(*_pair(train), validation=_pair(valid), progress=progress, about={"data": "clips"})
        check_complete(model)
        if out is not None and num_layers:
            model.save(out)
        figures = found[kind] = model.evaluate(*_pair(test))
        recalls = {name: f"{own['recall']:.3f}" for name, own in figures["per_class"].items()}
        seconds = f"{time.monotonic() - started:.0f}"
        parts.append({"model": kind, "accuracy": f"{figures['accuracy']:.4f}", **recalls, "seconds": seconds})
    figures = found["memory"]
    alone = found["each frame alone"]["accuracy"]
    more = {name: figures[name] for name in ("macro_f1", "count", "sequences")}
    return {"figure": figures["accuracy"], **more, "beside": alone, "parts": parts}


def _pair(clips_of_part: list[ClipMade]) -> tuple[list[Any], list[Any]]:
    return [clip.frames for clip in clips_of_part], [clip.labels for clip in clips_of_part]


FRAMES: dict[str, Reproduction] = {
    "clips": Reproduction(
        title="clips of a moving shape: accuracy over frames, a label each",
        metric="accuracy",
        examples="clips",
        setting="a residual net of 32 x 32 pixels, LSTM 64, forwards only; 14 epochs",
        data="drawn: 500 clips of about 48 frames, 50 watched, 100 of test",
        published=(),
        run=partial(_clips, CLIPS, None),
        beside="measured here: the same net without its LSTM, each frame alone",
    ),
}
