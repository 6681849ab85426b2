"""Sound at another rate: whole, or block by block with the same result."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, gcd
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Resampler", "resampled"]

Samples = npt.NDArray[np.float32]


@lru_cache(maxsize=64)
def _filter(up: int, down: int) -> npt.NDArray[np.float64]:
    """Design the low-pass filter that `scipy.signal.resample_poly` takes by default."""
    from scipy.signal import firwin

    most = max(up, down)
    taps: npt.NDArray[np.float64] = firwin(20 * most + 1, 1 / most, window=("kaiser", 5.0))
    return taps


def _walked(samples: Samples, up: int, down: int) -> Samples:
    from scipy.signal import resample_poly

    output: Any = resample_poly(samples, up, down, window=_filter(up, down))
    return np.asarray(output, dtype=np.float32)


def resampled(samples: Samples, rate: int, new_rate: int) -> Samples:
    """Bring samples (N,) from one rate to another, in Hz; to hear them at the old one is to hear them quicker.

    Examples
    --------
    >>> len(resampled(np.zeros(441, dtype=np.float32), 44100, 16000))
    160
    """
    part = gcd(rate, new_rate)
    return samples if rate == new_rate else _walked(samples, new_rate // part, rate // part)


class Resampler:
    """Brings a stream from one rate to another, in Hz; what it gives is what `resampled` gives for the whole.

    Examples
    --------
    >>> whole = np.sin(np.arange(1000, dtype=np.float32))
    >>> stream = Resampler(8000, 16000)
    >>> parts = [stream.feed(whole[:300]), stream.feed(whole[300:]), stream.finish()]
    >>> np.allclose(np.concatenate(parts), resampled(whole, 8000, 16000), atol=1e-6)
    True
    """

    def __init__(self, rate: int, new_rate: int) -> None:
        part = gcd(rate, new_rate)
        self.up, self.down = new_rate // part, rate // part
        # What the filter reaches on either side, in whole numbers of samples that give whole numbers of samples.
        self.reach = ceil((10 * max(self.up, self.down) / self.up + 1) / self.down) * self.down
        self._held: Samples = np.zeros(self.reach, dtype=np.float32)
        self._came = self._gave = 0

    def feed(self, samples: Samples) -> Samples:
        """Take samples; give those that no later one can change."""
        self._came += len(samples)
        self._held = np.concatenate([self._held, samples])
        ready = (len(self._held) - 2 * self.reach) // self.down * self.down
        if ready <= 0:
            return np.zeros(0, dtype=np.float32)
        output = _walked(self._held[: ready + 2 * self.reach], self.up, self.down)
        first = self.reach // self.down * self.up
        output = output[first : first + ready // self.down * self.up]
        self._held = self._held[ready:]
        self._gave += len(output)
        return output

    def finish(self) -> Samples:
        """Give what is left at the end."""
        left = ceil(self._came * self.up / self.down) - self._gave
        return self.feed(np.zeros(self.reach + self.down, dtype=np.float32))[:left]
