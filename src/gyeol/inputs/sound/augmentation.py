"""Augmentation of recordings: speed, microphone, noise, and masked frames."""

from __future__ import annotations

import numpy as np

from gyeol.data.media.resampling import resampled
from gyeol.inputs.sound.spectra import Frames, Samples

__all__ = ["coloured", "joined", "perturbed", "spec_augment"]

_PAUSE = 0.6  # seconds
_STEPS = 20  # speeds are whole numbers of twentieths, so that few filters are needed


def perturbed(
    samples: Samples, draw: np.random.Generator, *, speed: float, noise: bool = True, silence: int = 0
) -> Samples:
    """Change the speed, and with it the pitch and the formants (Ko et al. 2015), the loudness; add silence and noise.

    Parameters
    ----------
    samples : float32 array, shape (N,)
    draw : Generator
    speed : float
        By how much a recording is quicker or slower at most, as a share.
    noise : bool
        Whether half of the recordings get noise, 10 to 40 dB below them, white or falling by 6 dB an octave.
    silence : int
        The most samples of a faint hiss that are put before a recording, and behind it; half of the time none are.

    Returns
    -------
    float32 array, shape (N / factor,), and what silence adds
    """
    from scipy.signal import lfilter

    most = round(speed * _STEPS)
    factor = int(draw.integers(-most, most + 1)) + _STEPS if most else _STEPS
    samples = resampled(samples, factor, _STEPS)
    if silence:
        before, behind = (int(max(0.0, part) * silence) for part in draw.uniform(-1, 1, 2))
        hiss = float(np.abs(samples).max()) * 10 ** -draw.uniform(1.5, 3.0) * draw.standard_normal(before + behind)
        samples = np.concatenate([hiss[:before], samples, hiss[before:]], dtype=np.float32)
    samples = samples * np.float32(10 ** draw.uniform(-0.5, 0.5))
    if noise and draw.random() < 0.5:
        other = draw.standard_normal(len(samples)).astype(np.float32)
        if draw.random() < 0.5:
            other = lfilter([1.0], [1.0, -0.98], other)
        loud = np.sqrt(np.mean(samples**2) / max(float(np.mean(other**2)), 1e-12)) * 10 ** -draw.uniform(0.5, 2.0)
        samples = samples + (loud * other).astype(np.float32)
    return samples


def joined(parts: list[Samples], draw: np.random.Generator | None, rate: int) -> Samples:
    """Concatenate recordings, with pauses of a faint hiss, of up to 0.6 s, before, between and after.

    Parameters
    ----------
    parts : list of float32 arrays, each of shape (N,)
        One of them alone stays as it is.
    draw : Generator, optional
        Needed for several.
    rate : int
        Samples a second, Hz.
    """
    if len(parts) == 1 or draw is None:
        return parts[0]
    loud = max(float(np.abs(part).max()) for part in parts) * 10 ** -draw.uniform(1.5, 4.0)
    pauses = [
        (loud * draw.standard_normal(int(draw.uniform(0.06, _PAUSE) * rate))).astype(np.float32)
        for _ in range(len(parts) + 1)
    ]
    return np.concatenate(
        [pauses[0], *(x for part, pause in zip(parts, pauses[1:], strict=True) for x in (part, pause))]
    )


def coloured(frames: Frames, draw: np.random.Generator, *, strength: float = 1.0) -> Frames:
    """Add a smooth curve over the bands, the same at all times: another microphone, another place.

    Parameters
    ----------
    frames : float32 array, shape (T, M)
        Log-mel; not changed.
    draw : Generator
    strength : float
        Standard deviation of the slope, from the middle to the ends, in nats of power; of each of three waves, of 1 to
        2 periods, half of it.
    """
    x = np.linspace(0, 1, frames.shape[1])
    curve = draw.normal() * (2 * x - 1)
    for half_periods in (2, 3, 4):
        curve += draw.normal(0, 0.5) * np.cos(np.pi * half_periods * x + draw.uniform(0, 2 * np.pi))
    return frames + (strength * curve).astype(np.float32)


def spec_augment(
    frames: Frames,
    draw: np.random.Generator,
    *,
    bands: int = 2,
    widest: float = 0.2,
    gaps: int = 2,
    longest: float = 0.1,
) -> Frames:
    """Mask bands of frequencies and stretches of time (SpecAugment: Park et al. 2019, section 2).

    Masked values become 0, the mean of normalised frames. Time is not warped: the paper found that this gives
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
