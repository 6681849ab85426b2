"""Recordings, each a file or samples in memory, whose samples are read when they are needed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gyeol.data.media.resampling import resampled
from gyeol.data.media.sound import SoundHeader, read_sound

__all__ = ["AudioClip", "AudioClips"]

Samples = npt.NDArray[np.float32]

_CACHE_BYTES = 1 << 29  # bytes of samples that are cached in memory; the rest is read again each time


@dataclass(frozen=True, slots=True, eq=False)
class AudioClip:
    """A recording: ``source`` is the header of a file, or samples (N,) at ``rate`` Hz."""

    source: SoundHeader | Samples
    rate: int

    @property
    def frames(self) -> int:
        """Samples, at the recording's own rate."""
        return self.source.frames if isinstance(self.source, SoundHeader) else len(self.source)

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.frames / self.rate

    def samples(self, rate: int) -> Samples:
        """Read it at a rate, in Hz."""
        if isinstance(self.source, SoundHeader):
            return read_sound(self.source.path, rate=rate)
        return resampled(self.source, self.rate, rate)

    def __str__(self) -> str:
        if isinstance(self.source, SoundHeader):
            return f"{self.source.path} {self.source.path.stat().st_size}"
        return hashlib.sha256(self.source.tobytes()).hexdigest()


class AudioClips:
    """Recordings at one rate; as many as fit into memory stay there."""

    def __init__(self, clips: Sequence[AudioClip], rate: int) -> None:
        self.clips = clips
        self.rate = rate
        self._cache: dict[int, Samples] = {}
        self._free_bytes = _CACHE_BYTES

    def __len__(self) -> int:
        return len(self.clips)

    def samples(self, row: int) -> Samples:
        """Read one, or find it among those that were."""
        if row in self._cache:
            return self._cache[row]
        samples = self.clips[row].samples(self.rate)
        if samples.nbytes <= self._free_bytes:
            self._cache[row] = samples
            self._free_bytes -= samples.nbytes
        return samples

    def lengths(self) -> npt.NDArray[np.int64]:
        """How many samples each has at this rate, about: (N,)."""
        return np.array([clip.frames * self.rate // clip.rate for clip in self.clips], dtype=np.int64)
