"""The batches that `SpeechRecognizer` learns from: recordings long enough for their texts, changed, and some joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gyeol.data.batches import bucket
from gyeol.data.media.audio_clips import AudioClips
from gyeol.errors import DataError
from gyeol.layers.losses.ctc import needed_steps
from gyeol.tasks.base import Encoded

if TYPE_CHECKING:
    from gyeol.inputs.sound.recordings import SpeechBatch
    from gyeol.tasks.speech.recognizer import SpeechRecognizer

__all__ = ["joined_share", "training_batches"]

_SHORT = 2.0  # seconds: what half of the recordings last at most where some are joined unasked
_JOINED = 0.25  # of the batches, then


def joined_share(model: SpeechRecognizer, clips: AudioClips) -> float:
    """Tell in what share of the batches recordings are joined; see the setting ``join``."""
    if not model.augment:
        return 0.0
    if model.join is not None:
        return float(model.join)
    short = float(np.median([clip.seconds for clip in clips.clips])) <= _SHORT
    return _JOINED if short and not model.bidirectional else 0.0


def training_batches(model: SpeechRecognizer, clips: AudioClips, y: list[str]) -> tuple[Encoded, int]:
    """Order and change recordings for every epoch; tell how many are left out, too short for their texts.

    Raises
    ------
    DataError
        All are too short.
    """
    inputs = model.inputs_
    targets, lengths, seed = inputs.encode(y), clips.lengths(), int(model.random_state or 0)
    steps = [-(-inputs.mel.count(int(n)) // int(model.stack)) for n in lengths]
    fits = np.array([n for n in range(len(clips)) if needed_steps(targets[n]) <= steps[n]], dtype=np.int64)
    if not len(fits):
        raise DataError(
            "every recording is too short for its text: a letter needs a step of "
            f"{10 * int(model.stack)} ms; are the texts those of the recordings? Else lower stack"
        )
    share = joined_share(model, clips)
    now = 0

    def order(epoch: int) -> list[npt.NDArray[np.int64]]:
        nonlocal now
        now = epoch
        return [fits[rows] for rows in bucket(lengths[fits], int(model.batch_size), seed=seed, epoch=epoch)]

    def batch(which: npt.NDArray[np.int64]) -> SpeechBatch:
        draw = np.random.default_rng([seed, now, int(which[0])]) if model.augment else None
        changes = {"speed": float(model.speed), "warp": float(model.warp), "join": share}
        return inputs.batch(clips, which, targets, draw=draw, **changes)

    return Encoded(lengths, batch, order), len(clips) - len(fits)
