"""Sound as frames: the logarithms of mel-filtered spectra, whole or as a stream, and stacked into steps."""

from __future__ import annotations

from functools import lru_cache
from typing import final

import numpy as np
import numpy.typing as npt

from gyeol.errors import ParameterError

__all__ = ["FrameStream", "Frames", "LogMel", "Samples", "check_rate", "mel_filters"]

Samples = npt.NDArray[np.float32]
Frames = npt.NDArray[np.float32]

_LOWEST = 20.0  # Hz
_STRAIGHT = 0.6  # of half the rate: below it all frequencies are warped alike
_AT_ONCE = 4096  # frames transformed at a time


def mel_filters(rate: int, size: int, mels: int, *, warp: float = 1.0) -> npt.NDArray[np.float32]:
    """Make triangular filters, evenly spaced on the mel scale ``2595 log10(1 + f / 700)`` from 20 Hz to half the rate.

    The scale is O'Shaughnessy's (1987), the triangles are those of Davis and Mermelstein (1980).

    Parameters
    ----------
    rate : int
        Samples a second, Hz.
    size : int
        Points of the Fourier transform.
    mels : int
        M, the number of filters.
    warp : float
        What the filters' frequencies are multiplied by, as if the throat were so much shorter; near the highest one
        less and less, so that it stays where it is (Jaitly and Hinton 2013, equation 1).

    Returns
    -------
    float32 array, shape (size // 2 + 1, M)
        Each filter's height is 1.

    Examples
    --------
    >>> mel_filters(8000, 256, 40).shape
    (129, 40)
    """
    lowest, highest = 2595 * np.log10(1 + np.array([_LOWEST, rate / 2]) / 700)
    points = 700 * (10 ** (np.linspace(lowest, highest, mels + 2) / 2595) - 1)
    top, knee = rate / 2, _STRAIGHT * rate / 2 * min(warp, 1)
    bent = top - (top - knee) / (top - knee / warp) * (top - points)
    points = np.where(points <= knee / warp, points * warp, bent)
    f = np.arange(size // 2 + 1)[:, None] * rate / size
    low, middle, high = points[:-2], points[1:-1], points[2:]
    filters = np.maximum(0, np.minimum((f - low) / (middle - low), (high - f) / (high - middle)))
    # Between two points of a short transform a low filter may be narrower than their distance.
    empty = np.flatnonzero(~filters.any(axis=0))
    filters[np.abs(f - middle[empty]).argmin(axis=0), empty] = 1.0
    return np.asarray(filters, dtype=np.float32)


_warped = lru_cache(maxsize=64)(mel_filters)


@lru_cache(maxsize=8)
def _made(rate: int, mels: int) -> tuple[int, int, int, Samples, npt.NDArray[np.float32]]:
    width, hop = round(0.025 * rate), round(0.010 * rate)
    size = 1 << (width - 1).bit_length()
    window = np.hanning(width + 1)[:-1]
    window /= window.sum() / 2  # a full-scale tone has a power of 1
    return width, hop, size, window.astype(np.float32), mel_filters(rate, size, mels)


@final
class LogMel:
    """Log-mel frames: a Hann window of 25 ms every 10 ms, its power spectrum through mel filters, the logarithm.

    Parameters
    ----------
    rate : int
        Samples a second, Hz.
    mels : int
        M, numbers a frame.
    floor : float
        Of the power of a full-scale tone: what is quieter is silence.

    Examples
    --------
    >>> LogMel(8000, 40)(np.zeros(8000, dtype=np.float32)).shape
    (98, 40)
    """

    def __init__(self, rate: int, mels: int, *, floor: float = 1e-6) -> None:
        self.rate, self.mels, self.floor = rate, mels, floor
        self.width, self.hop, self._size, self._window, self._filters = _made(rate, mels)

    def count(self, samples: int) -> int:
        """Tell how many frames so many samples give: one at least."""
        return 1 + max(0, samples - self.width) // self.hop

    def __call__(self, samples: Samples, *, warp: float = 1.0) -> Frames:
        """Turn samples (N,) into frames (T, M); what is shorter than a window is one frame, with silence behind it."""
        filters = self._filters if warp == 1 else _warped(self.rate, self._size, self.mels, warp=warp)
        if len(samples) < self.width:
            samples = np.pad(samples, (0, self.width - len(samples)))
        cut = np.lib.stride_tricks.sliding_window_view(samples, self.width)[:: self.hop]
        parts = [cut[i : i + _AT_ONCE] for i in range(0, len(cut), _AT_ONCE)]
        return np.concatenate([self._transformed(part, filters) for part in parts])

    def _transformed(self, cut: npt.NDArray[np.float32], filters: npt.NDArray[np.float32]) -> Frames:
        spectrum = np.fft.rfft(cut * self._window, self._size).astype(np.complex64)
        power = spectrum.real**2 + spectrum.imag**2
        return np.log(power @ filters + np.float32(self.floor))


@final
class FrameStream:
    """The frames of a stream of samples: those of `LogMel` for the whole, as soon as they are complete.

    Examples
    --------
    >>> mel, samples = LogMel(8000, 8), np.sin(np.arange(900, dtype=np.float32))
    >>> stream = FrameStream(mel)
    >>> parts = [stream.feed(samples[:500]), stream.feed(samples[500:]), stream.finish()]
    >>> np.allclose(np.concatenate(parts), mel(samples), atol=1e-5)
    True
    """

    def __init__(self, mel: LogMel) -> None:
        self.mel = mel
        self._held: Samples = np.zeros(0, dtype=np.float32)
        self._given = 0

    def feed(self, samples: Samples) -> Frames:
        """Take samples (N,), give frames (T, M)."""
        self._held = np.concatenate([self._held, samples])
        if len(self._held) < self.mel.width:
            return np.zeros((0, self.mel.mels), dtype=np.float32)
        frames = self.mel(self._held)
        self._held = self._held[len(frames) * self.mel.hop :].copy()
        self._given += len(frames)
        return frames

    def finish(self) -> Frames:
        """Give what is left at the end: a frame where all that came was shorter than one."""
        if self._given:
            return np.zeros((0, self.mel.mels), dtype=np.float32)
        return self.mel(self._held)


def check_rate(rate: int, mels: int) -> None:
    """Refuse more mel filters than a spectrum at this rate has points for.

    Raises
    ------
    ParameterError
        Names what is possible.
    """
    _, _, size, _, _ = _made(rate, 1)
    if mels > size // 2:
        raise ParameterError(f"mels={mels}: a window of 25 ms at {rate:,} Hz has room for {size // 2} at most")
