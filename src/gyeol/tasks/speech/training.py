"""The batches that train a `SpeechRecognizer`: recordings long enough for their texts, varied, and some joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gyeol.data.batches import bucket
from gyeol.data.media.audio_clips import AudioClip, AudioClips
from gyeol.errors import DataError
from gyeol.layers.losses.ctc import needed_steps
from gyeol.tasks.base import Encoded

if TYPE_CHECKING:
    from gyeol.inputs.sound.recordings import SpeechBatch, SpeechInput

__all__ = ["joined_share", "training_batches"]

_SHORT = 2.0  # seconds: where half of the recordings last no longer, some are joined by default
_JOINED = 0.25  # of the batches, then


def joined_share(clips: list[AudioClip], join: float | None, *, bidirectional: bool) -> float:
    """Return the share of the batches in which recordings are joined; see the setting ``join``."""
    if join is not None:
        return float(join)
    short = float(np.median([clip.seconds for clip in clips])) <= _SHORT
    return _JOINED if short and not bidirectional else 0.0


def training_batches(
    inputs: SpeechInput,
    recordings: list[AudioClip],
    y: list[str],
    *,
    stack: int,
    batch_size: int,
    seed: int,
    changes: dict[str, float],
) -> tuple[Encoded, int]:
    """Order recordings and vary them anew for every epoch.

    Parameters
    ----------
    inputs : SpeechInput
    recordings : list of AudioClip
    y : list of str
        Their texts.
    stack : int
        Frames of a step.
    batch_size, seed : int
    changes : dict
        ``speed``, ``warp`` and ``join`` of `SpeechInput.batch`; empty: recordings are not varied.

    Returns
    -------
    Encoded
    int
        How many are left out, too short for their texts.

    Raises
    ------
    DataError
        All are too short.
    """
    clips, targets = AudioClips(recordings, inputs.mel.rate), inputs.encode(y)
    lengths = clips.lengths()
    steps = [-(-inputs.mel.count(int(n)) // stack) for n in lengths]
    fits = np.array([n for n in range(len(clips)) if needed_steps(targets[n]) <= steps[n]], dtype=np.int64)
    if not len(fits):
        raise DataError(
            "every recording is too short for its text: a letter needs a step of "
            f"{10 * stack} ms; are the texts those of the recordings? Else lower stack"
        )
    now = 0

    def order(epoch: int) -> list[npt.NDArray[np.int64]]:
        nonlocal now
        now = epoch
        return [fits[rows] for rows in bucket(lengths[fits], batch_size, seed=seed, epoch=epoch)]

    def batch(which: npt.NDArray[np.int64]) -> SpeechBatch:
        if not changes:
            return inputs.batch(clips, which, targets)
        draw = np.random.default_rng([seed, now, int(which[0])])
        return inputs.batch(clips, which, targets, draw=draw, **changes)

    return Encoded(lengths, batch, order), len(clips) - len(fits)
