"""Recordings as others might have made them: quicker or slower, louder or softer, noisy, and frames with gaps."""

from __future__ import annotations

import numpy as np

from gyeol.data.resampling import resampled
from gyeol.inputs.audio import Frames, Samples

__all__ = ["perturbed", "spec_augment"]

_STEPS = 20  # speeds are whole numbers of twentieths, so that few filters are needed


def perturbed(samples: Samples, draw: np.random.Generator, *, speed: float, noise: bool = True) -> Samples:
    """Change the speed, and with it the pitch and the formants (Ko et al. 2015), the loudness, and add noise.

    Parameters
    ----------
    samples : float32 array, shape (N,)
    draw : Generator
    speed : float
        By how much a recording is quicker or slower at most, as a share.
    noise : bool
        Whether half of the recordings get noise, 10 to 40 dB below them, white or falling by 6 dB an octave.

    Returns
    -------
    float32 array, shape (N / factor,)
    """
    from scipy.signal import lfilter

    most = round(speed * _STEPS)
    factor = int(draw.integers(-most, most + 1)) + _STEPS if most else _STEPS
    samples = resampled(samples, factor, _STEPS)
    samples = samples * np.float32(10 ** draw.uniform(-0.5, 0.5))
    if noise and draw.random() < 0.5:
        other = draw.standard_normal(len(samples)).astype(np.float32)
        if draw.random() < 0.5:
            other = lfilter([1.0], [1.0, -0.98], other)
        loud = np.sqrt(np.mean(samples**2) / max(float(np.mean(other**2)), 1e-12)) * 10 ** -draw.uniform(0.5, 2.0)
        samples = samples + (loud * other).astype(np.float32)
    return samples


def spec_augment(
    frames: Frames,
    draw: np.random.Generator,
    *,
    bands: int = 2,
    widest: float = 0.2,
    gaps: int = 2,
    longest: float = 0.1,
) -> Frames:
    """Take away bands of frequencies and stretches of time (SpecAugment: Park et al. 2019, section 2).

    What is taken away becomes 0, the mean of normalised frames. Time is not warped: the paper found that this gives
    least, and `perturbed` changes the speed.

    Parameters
    ----------
    frames : float32 array, shape (T, M)
        Normalised; not changed.
    draw : Generator
    bands, widest : int, float
        How many bands, and the most of one as a share of M.
    gaps, longest : int, float
        How many stretches, and the most of one as a share of T (the paper's p).
    """
    frames = frames.copy()
    T, M = frames.shape
    for _ in range(bands):
        width = int(draw.integers(0, int(widest * M) + 1))
        first = int(draw.integers(0, M - width + 1))
        frames[:, first : first + width] = 0.0
    for _ in range(gaps):
        width = int(draw.integers(0, int(longest * T) + 1))
        first = int(draw.integers(0, T - width + 1))
        frames[first : first + width] = 0.0
    return frames
