"""Recordings and what is said in them, ready for a network: frames normalised, letters numbered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.data.clips import Clips
from gyeol.data.ragged import Ragged
from gyeol.errors import ModelError
from gyeol.inputs.audio import Frames, LogMel, Samples
from gyeol.inputs.speech_noise import coloured, perturbed, spec_augment
from gyeol.inputs.text import TextInput

__all__ = ["NORMALS", "SpeechBatch", "SpeechInput"]

#: What frames are measured against: the training's mean and spread, each recording's own, or what is loud in each.
NORMALS = ("corpus", "utterance", "speech")
_DECIBEL = math.log(10) / 10
_FLOOR, _LOUD = 60 * _DECIBEL, 25 * _DECIBEL  # below a recording's loudest: what is silence, and what is still speech
_SPREAD = 2.0  # of loud frames, about
_SILENCE = 0.3  # seconds, the most that is put before and behind
_APART = 0.02  # from one length of the throat to the next
_ENOUGH = 2000  # recordings that means and spreads are taken from


@dataclass(frozen=True, slots=True)
class SpeechBatch:
    """``frames`` (B, T, M), zeros behind the ends; ``lengths`` (B,); ``targets`` (B, L) and ``target_lengths`` (B,)."""

    frames: Tensor
    lengths: Tensor
    targets: Tensor | None = None
    target_lengths: Tensor | None = None

    def __len__(self) -> int:
        return len(self.lengths)


class SpeechInput:
    """Learns letters and the scale of frames, then turns recordings and texts into batches.

    Parameters
    ----------
    rate : int
        Samples a second, Hz.
    mels : int
        M, numbers a frame.
    normalize : {"corpus", "utterance", "speech"}
        See `normal`.
    tokenizer : {"syllable", "jamo"}
        What is written: letters, or Hangul spelled in jamo. Number 0, padding, is CTC's blank.
    lowercase : bool
    """

    def __init__(
        self, *, rate: int, mels: int = 40, normalize: str = "utterance", tokenizer: str = "syllable",
        lowercase: bool = False,
    ) -> None:  # fmt: skip
        self.mel = LogMel(rate, mels, floor=1e-12) if normalize == "speech" else LogMel(rate, mels)
        self.normalize = normalize
        self.text = TextInput(tokenizer=tokenizer, lowercase=lowercase, min_count=1, max_length=1 << 31)
        self.mean: Frames = np.zeros(mels, dtype=np.float32)
        self.spread: Frames = np.ones(mels, dtype=np.float32)

    @property
    def tokenizer(self) -> Any:
        """What cuts texts into letters."""
        return self.text.tokenizer

    def fit(self, clips: Clips, texts: Sequence[str]) -> SpeechInput:
        """Learn from recordings and texts; returns self."""
        self.text.fit(texts)
        some = np.random.default_rng(0).permutation(len(clips))[:_ENOUGH]
        count, total, squares = 0, np.zeros(self.mel.mels), np.zeros(self.mel.mels)
        for row in some.tolist():
            frames = self.mel(clips.samples(row)).astype(np.float64)
            count, total, squares = count + len(frames), total + frames.sum(0), squares + (frames**2).sum(0)
        mean = total / count
        self.mean = mean.astype(np.float32)
        self.spread = np.sqrt(np.maximum(squares / count - mean**2, 1e-4)).astype(np.float32)
        return self

    def encode(self, texts: Sequence[str]) -> Ragged:
        """Number the letters of texts."""
        return self.text.encode(texts)

    def normal(self, frames: Frames) -> Frames:
        """Bring frames (T, M) to a mean of 0 and a spread of 1.

        By the corpus; by their own; or, for ``"speech"``, by the mean of those that are loud, and half by it in each
        band alone: the other half of what a band has more than others is the microphone's, perhaps, or what was said.
        """
        if self.normalize == "corpus":
            return np.asarray((frames - self.mean) / self.spread)
        if self.normalize == "speech":
            frames = np.logaddexp(frames, np.float32(frames.max() - _FLOOR))
            power = np.logaddexp.reduce(frames, axis=1)
            mean = frames[power >= power.max() - _LOUD].mean(0)
            return np.asarray((frames - (mean + mean.mean()) / 2) / np.float32(_SPREAD))
        return np.asarray((frames - frames.mean(0)) / np.maximum(frames.std(0), np.float32(0.2)))

    def frames(
        self, samples: Samples, draw: np.random.Generator | None = None, *, speed: float = 0.0, warp: float = 0.0
    ) -> Frames:
        """Turn samples into normalised frames; where ``draw`` is given, as another might have said it."""
        if draw is None:
            return self.normal(self.mel(samples))
        own = self.normalize == "speech"  # against the corpus a colour would be strange, and silence is slow to learn
        other = perturbed(samples, draw, speed=speed, silence=round(_SILENCE * self.mel.rate) if own else 0)
        formants = 1 + round(draw.uniform(-warp, warp) / _APART) * _APART  # the filters of each are kept
        made = self.mel(other, warp=formants)
        return spec_augment(self.normal(coloured(made, draw) if own else made), draw)

    def batch(
        self,
        clips: Clips,
        which: npt.NDArray[np.int64],
        targets: Ragged | None = None,
        *,
        draw: np.random.Generator | None = None,
        speed: float = 0.0,
        warp: float = 0.0,
    ) -> SpeechBatch:
        """Put some recordings, and their texts where there are any, into rectangles."""
        rows = [self.frames(clips.samples(row), draw, speed=speed, warp=warp) for row in which.tolist()]
        lengths = torch.tensor([len(row) for row in rows])
        frames = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(row) for row in rows], batch_first=True)
        if targets is None:
            return SpeechBatch(frames, lengths)
        rectangle, sizes = targets.pad(which)
        return SpeechBatch(frames, lengths, torch.from_numpy(rectangle.astype(np.int64)), torch.from_numpy(sizes))

    def state(self) -> dict[str, Any]:
        """Return all that was learned, as JSON values."""
        return {
            "text": self.text.state(),
            "rate": self.mel.rate,
            "mels": self.mel.mels,
            "normalize": self.normalize,
            "mean": self.mean.tolist(),
            "spread": self.spread.tolist(),
        }

    @classmethod
    def restored(cls, state: dict[str, Any]) -> SpeechInput:
        """Make one again from `state`.

        Raises
        ------
        ModelError
            Where the state is not one that `state` returned.
        """
        try:
            rate, mels, normalize = state["rate"], state["mels"], state["normalize"]
            numbers = np.array([state["mean"], state["spread"]], dtype=np.float32)
            fits = type(rate) is int and 1000 <= rate <= 384_000 and type(mels) is int and numbers.shape == (2, mels)
            if not fits or not np.isfinite(numbers).all() or (numbers[1] <= 0).any() or normalize not in NORMALS:
                raise ModelError("tokenizer.json does not describe frames: the numbers do not fit together")
            made = cls(rate=rate, mels=mels, normalize=normalize)
            made.text = TextInput.restored(state["text"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"tokenizer.json does not describe frames: {error!r}") from error
        made.mean, made.spread = numbers
        return made
