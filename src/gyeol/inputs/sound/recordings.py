"""Recordings and their transcripts as network input: frames normalised, letters numbered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.data.media.audio_clips import AudioClips
from gyeol.data.ragged import Ragged
from gyeol.errors import ModelError
from gyeol.inputs.sound.augmentation import coloured, joined, perturbed, spec_augment
from gyeol.inputs.sound.pauses import SHORTEST, PauseCutter, silences
from gyeol.inputs.sound.spectra import Frames, LogMel, Samples
from gyeol.inputs.text import TextInput

__all__ = ["NORMALS", "SpeechBatch", "SpeechInput"]

#: What frames are measured against: the training's mean and spread, each recording's own, or what is loud in each.
NORMALS = ("corpus", "utterance", "speech")
_DECIBEL = math.log(10) / 10
_FLOOR, _LOUD = 60 * _DECIBEL, 25 * _DECIBEL  # below a recording's loudest: what is silence, and what is still speech
_SPREAD = 2.0  # of loud frames, about
_SILENCE = 0.3  # seconds, the most that is put before and behind
_JOINED = 5  # recordings that are joined into one, at most
_APART = 0.02  # from one length of the throat to the next
_ENOUGH = 2000  # recordings that means, spreads and pauses are taken from
_LONGER, _MOST, _LONGEST = 1.25, 0.98, 2.0  # a pause that parts, by that of most recordings; seconds at most


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

    Attributes
    ----------
    pause : float
        Seconds: a pause longer than those within the training's recordings; infinity where that is not known.
    around : (float, float)
        Seconds of silence that those have before and after what is said.
    """

    def __init__(
        self, *, rate: int, mels: int = 40, normalize: str = "utterance", tokenizer: str = "syllable",
        lowercase: bool = False,
    ) -> None:  # fmt: skip
        self.mel = LogMel(rate, mels, floor=1e-12) if normalize == "speech" else LogMel(rate, mels)
        self.normalize = normalize
        self.text = TextInput(tokenizer=tokenizer, lowercase=lowercase, min_count=1, max_length=1 << 31)
        self.pause = math.inf
        self.around = 0.0, 0.0
        self.mean: Frames = np.zeros(mels, dtype=np.float32)
        self.spread: Frames = np.ones(mels, dtype=np.float32)

    @property
    def tokenizer(self) -> Any:
        """What cuts texts into letters."""
        return self.text.tokenizer

    def fit(self, clips: AudioClips, texts: Sequence[str], *, spaces: bool = False) -> SpeechInput:
        """Learn from recordings and texts, and that there are spaces, even if no text has one; returns self."""
        self.text.fit([*texts, f"{texts[0]} {texts[0]}"] if spaces else texts)
        some = np.random.default_rng(0).permutation(len(clips))[:_ENOUGH]
        count, total, squares = 0, np.zeros(self.mel.mels), np.zeros(self.mel.mels)
        pauses = []
        for row in some.tolist():
            measured = self.mel(clips.samples(row))
            pauses.append(silences(self.mel, measured))
            frames = measured.astype(np.float64)
            count, total, squares = count + len(frames), total + frames.sum(0), squares + (frames**2).sum(0)
        before, between, after = np.array(pauses).T
        self.pause = min(max(SHORTEST, _LONGER * float(np.quantile(between, _MOST))), _LONGEST)
        self.around = min(float(np.median(before)), SHORTEST), min(float(np.median(after)), SHORTEST)
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
        mel = self.mel(other, warp=formants)
        return spec_augment(self.normal(coloured(mel, draw) if own else mel), draw)

    def cutter(self) -> PauseCutter:
        """Begin to cut frames where a pause is longer than `pause`."""
        before, after = self.around
        return PauseCutter(self.mel, self.pause, before=before, after=after)

    def batch(
        self,
        clips: AudioClips,
        which: npt.NDArray[np.int64],
        targets: Ragged | None = None,
        *,
        draw: np.random.Generator | None = None,
        speed: float = 0.0,
        warp: float = 0.0,
        join: float = 0.0,
    ) -> SpeechBatch:
        """Put some recordings, and their texts where there are any, into rectangles.

        With ``draw`` they are changed; with a probability of ``join`` several become one, with pauses between.
        """
        groups = [[row] for row in which.tolist()]
        if draw is not None and join and draw.random() < join:
            groups = _grouped(which, draw)
        rows = [
            self.frames(
                joined([clips.samples(row) for row in group], draw, self.mel.rate), draw, speed=speed, warp=warp
            )
            for group in groups
        ]
        lengths = torch.tensor([len(row) for row in rows])
        frames = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(row) for row in rows], batch_first=True)
        if targets is None:
            return SpeechBatch(frames, lengths)
        if len(groups) < len(which):
            targets = Ragged.gather(self._spelled([targets[row] for row in group]) for group in groups)
            which = np.arange(len(groups))
        rectangle, sizes = targets.pad(which)
        return SpeechBatch(frames, lengths, torch.from_numpy(rectangle.astype(np.int64)), torch.from_numpy(sizes))

    def _spelled(self, texts: list[npt.NDArray[np.generic]]) -> npt.NDArray[np.generic]:
        """Put a space between texts."""
        space = self.text.vocabulary.encode([" "])
        return np.concatenate([texts[0], *(part for text in texts[1:] for part in (space, text))])

    def state(self) -> dict[str, Any]:
        """Return all that was learned, as JSON values."""
        return {
            "text": self.text.state(),
            "rate": self.mel.rate,
            "mels": self.mel.mels,
            "normalize": self.normalize,
            "pause": [self.pause, *self.around] if math.isfinite(self.pause) else None,
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
            inputs = cls(rate=rate, mels=mels, normalize=normalize)
            inputs.text = TextInput.restored(state["text"])
            if state.get("pause") is not None:  # not known of models of an older gyeol
                inputs.pause, before, after = map(float, state["pause"])
                inputs.around = before, after
                if not (inputs.pause > 0 <= before <= inputs.pause >= after >= 0):
                    raise ModelError("tokenizer.json does not describe frames: the pauses do not fit together")
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"tokenizer.json does not describe frames: {error!r}") from error
        inputs.mean, inputs.spread = numbers
        return inputs


def _grouped(which: npt.NDArray[np.int64], draw: np.random.Generator) -> list[list[int]]:
    """Put recordings into groups of one to five, each into one."""
    rows, groups = draw.permutation(which).tolist(), []
    while rows:
        most = int(draw.integers(1, _JOINED + 1))
        groups.append(rows[:most])
        rows = rows[most:]
    return groups
