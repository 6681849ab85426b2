"""Pauses in speech: frames cut at silence, streaming or as a whole."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple, final

import numpy as np
import numpy.typing as npt

from gyeol.inputs.sound.spectra import Frames, LogMel

__all__ = ["SHORTEST", "PauseCutter", "Piece", "joined_pieces", "silences"]

SHORTEST = 0.3  # seconds: what is shorter may be the closure of a consonant, or a breath between two words
_DECIBEL = np.log(10) / 10
_FALL, _RISE = 3 * _DECIBEL, 10 * _DECIBEL  # a second: of the level of speech, and of that of the noise
_RANGE = 24 * _DECIBEL  # from noise to speech, at least
_SHARE = 0.35  # of the way from noise to speech: what is below is a pause
_QUIETEST = -60 * _DECIBEL  # of a full-scale tone: what is quieter is silence, however quiet the recording is
_ENDLESS = 1e9  # seconds
_LEAST = 2  # frames of silence that are kept beside speech, which begins and ends softly


class Piece(NamedTuple):
    """Consecutive frames: ``start`` is the number of the first, ``end`` whether a pause follows."""

    start: int
    frames: Frames
    end: bool


@final
class PauseCutter:
    """Cuts a stream of frames at pauses, and leaves out what of a pause is longer than needed.

    What counts as a pause depends on the levels of speech and of noise, which follow the sound: the first falls by 3 dB
    a second, the second rises by 10 dB. A recording without a clear difference between the two is not cut. Frames of
    silence are buffered until it is known whether they are a pause.

    Parameters
    ----------
    mel : LogMel
    shortest : float
        Seconds of a pause; infinity: nothing is cut.
    before, after : float
        Seconds of silence that are kept before and after speech, where it is cut.

    Examples
    --------
    >>> mel = LogMel(8000, 8)
    >>> word, pause = np.sin(np.arange(4000, dtype=np.float32)), np.zeros(8000, np.float32)
    >>> cutter = PauseCutter(mel, 0.3, before=0.02, after=0.1)
    >>> pieces = [*cutter.feed(mel(np.concatenate([word, pause, word]))), *cutter.finish()]
    >>> [(piece.start, len(piece.frames), piece.end) for piece in pieces]
    [(0, 60, True), (146, 52, False)]
    """

    def __init__(self, mel: LogMel, shortest: float, *, before: float = 0.0, after: float = 0.0) -> None:
        second = mel.rate / mel.hop
        self._levels = _Levels(mel)
        self._shortest = round(min(shortest, _ENDLESS) * second)
        self._before, self._after = (max(_LEAST, round(part * second)) for part in (before, after))
        self._count = 0  # frames so far
        self._within = True  # whether speech was going on, or may have been
        self._silence: Frames = np.zeros(
            (0, mel.mels), dtype=np.float32
        )  # the silent frames at the end, not returned yet

    def feed(self, frames: Frames) -> list[Piece]:
        """Take log-mel frames (T, M), not normalised; return those to be recognised, cut at pauses."""
        pieces: list[Piece] = []
        silent = self._levels.silent(frames)
        borders = [0, *(np.flatnonzero(np.diff(silent)) + 1).tolist(), len(frames)]
        for first, last in pairwise(borders):
            if first < last:
                pieces += self._stretch(frames[first:last], bool(silent[first]))
        return joined_pieces(pieces)

    def finish(self) -> list[Piece]:
        """Return the silence at the end, if it is shorter than a pause."""
        rest, self._silence = self._silence, self._silence[:0]
        return [Piece(self._count - len(rest), rest, False)] if self._within and len(rest) else []

    def _stretch(self, frames: Frames, silent: bool) -> list[Piece]:
        """Take frames that are all silent, or all not."""
        start, self._count = self._count - len(self._silence), self._count + len(frames)
        frames = np.concatenate([self._silence, frames])
        if not silent:
            self._within, self._silence = True, frames[:0]
            return [Piece(start, frames, False)]
        self._silence = frames
        if self._within and len(frames) < self._shortest:
            return []
        ended, self._within = self._within, False
        self._silence = frames[-self._before :]
        return [Piece(start, frames[: self._after], True)] if ended else []


def joined_pieces(pieces: list[Piece]) -> list[Piece]:
    """Join pieces that no pause separates."""
    found: list[list[Piece]] = []
    for piece in pieces:
        if found and not found[-1][-1].end:
            found[-1].append(piece)
        else:
            found.append([piece])
    return [Piece(some[0].start, np.concatenate([p.frames for p in some]), some[-1].end) for some in found]


class _Levels:
    """The levels of speech and noise at every frame of a stream, from the frames before."""

    def __init__(self, mel: LogMel) -> None:
        self._quietest = float(np.log(mel.mels) + _QUIETEST)
        self._fall, self._rise = _FALL * mel.hop / mel.rate, _RISE * mel.hop / mel.rate
        self._speech, self._noise, self._apart = -np.inf, np.inf, False

    def silent(self, frames: Frames) -> npt.NDArray[np.bool_]:
        """Return for each frame (T, M) whether it is silent: (T,)."""
        if not len(frames):
            return np.zeros(0, dtype=np.bool_)
        power = np.maximum(np.logaddexp.reduce(frames, axis=1), self._quietest).astype(np.float64)
        time = np.arange(1, len(power) + 1)
        fall, rise = self._fall * time, self._rise * time
        speech = np.maximum(np.maximum.accumulate(power + fall), self._speech) - fall
        noise = np.minimum(np.minimum.accumulate(power - rise), self._noise) + rise
        # Until both were there it is not known which of them the sound is; from then on noise is no speech.
        apart = np.logical_or.accumulate(speech - noise >= _RANGE) | self._apart
        self._speech, self._noise, self._apart = speech[-1], noise[-1], bool(apart[-1])
        wide = np.maximum(speech - noise, _RANGE)
        return np.asarray(power < np.where(apart, noise + _SHARE * wide, speech - (1 - _SHARE) * wide))


def silences(mel: LogMel, frames: Frames) -> tuple[float, float, float]:
    """Return the seconds of silence before the first sound, at most between two, and after the last."""
    power = np.logaddexp.reduce(frames, axis=1)
    least, most = float(power.min()), float(power.max())
    if most - least < _RANGE:
        return 0.0, 0.0, 0.0
    loud = np.flatnonzero(power >= least + _SHARE * (most - least))
    found = loud[0], np.diff(loud).max(initial=1) - 1, len(frames) - 1 - loud[-1]
    before, between, after = (float(count) * mel.hop / mel.rate for count in found)
    return before, between, after
