"""Sound from files: the header first, then samples block by block, mixed down, at the requested rate.

WAV, FLAC, OGG and what else libsndfile reads. A file that claims to be longer than it may be is refused before a sample
is decoded, and one that ends early is refused as well.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from gyeol.data.media.resampling import Resampler
from gyeol.data.paths import check_file
from gyeol.errors import DataError, MissingExtraError

__all__ = ["LONGEST", "Samples", "SoundHeader", "read_header", "read_sound", "stream_sound"]

Samples = npt.NDArray[np.float32]

LONGEST = 3600.0  # seconds of a file that is read as a whole
_BLOCK = 1 << 16  # samples read at a time, of all channels together
_RATES = range(1000, 384_001)  # Hz
_CHANNELS = 64
_LOUDEST = 1000.0  # floating-point files may pass 1, but a number beyond this is no sample


@dataclass(frozen=True, slots=True)
class SoundHeader:
    """The header of a sound file: ``rate`` in Hz, ``channels``, ``frames`` (samples a channel)."""

    path: Path
    rate: int
    channels: int
    frames: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.frames / self.rate


def read_header(path: str | Path, *, longest: float | None = LONGEST) -> SoundHeader:
    """Read the header of a sound file; no sample is decoded.

    Parameters
    ----------
    path : path
    longest : float, optional
        Seconds it may have; None: any number.

    Raises
    ------
    DataError
        For what is no sound, is damaged, cut short, empty or too long; names the file.
    MissingExtraError
        soundfile is not installed.
    """
    with _opened(path, longest) as (header, _):
        return header


def read_sound(path: str | Path, *, rate: int | None = None, longest: float | None = LONGEST) -> Samples:
    """Read a whole file: samples from -1 to 1, shape (N,); the arguments and errors are those of `stream_sound`."""
    return np.concatenate(list(stream_sound(path, rate=rate, longest=longest)))


def stream_sound(path: str | Path, *, rate: int | None = None, longest: float | None = None) -> Iterator[Samples]:
    """Read a file block by block, in memory that does not grow with it.

    Parameters
    ----------
    path : path
    rate : int, optional
        Sampling rate to return, in Hz; that of the file by default.
    longest : float, optional
        Seconds it may have; None: any number.

    Yields
    ------
    float32 array, shape (N,)
        The mean of the channels, from -1 to 1.

    Raises
    ------
    DataError
        As `read_header`, and for a file that cannot be decoded to the end it claims, or holds numbers that are none.
    """
    with _opened(path, longest) as (header, file):
        resampler = None if rate in (None, header.rate) else Resampler(header.rate, int(rate or header.rate))
        left = header.frames
        while left:
            try:
                block = file.read(min(left, max(1, _BLOCK // header.channels)), dtype="float32", always_2d=True)
            except RuntimeError as error:
                raise _damaged(header.path, error) from None
            if not len(block):
                at = (header.frames - left) / header.rate
                raise DataError(
                    f"{header.path} is truncated: its header says {header.seconds:.2f} s, but it ends after {at:.2f} s"
                )
            left -= len(block)
            samples = block[:, 0] if header.channels == 1 else block.mean(axis=1, dtype=np.float32)
            if not np.abs(samples).max() <= _LOUDEST:  # NaN is not, either
                raise DataError(
                    f"{header.path} holds numbers that are not samples (NaN, or far beyond 1); write it again"
                )
            yield samples if resampler is None else resampler.feed(samples)
        if resampler is not None:
            yield resampler.finish()


@contextmanager
def _opened(path: str | Path, longest: float | None) -> Iterator[tuple[SoundHeader, Any]]:
    try:
        import soundfile
    except (ImportError, OSError):  # the latter where libsndfile is missing
        raise MissingExtraError("reading sound", "soundfile", "audio") from None
    if Path(path).is_file() and not Path(path).stat().st_size:
        raise DataError(f"{path} is empty: it holds no sound")
    path = check_file(path)
    _check_end(path)
    try:
        file = soundfile.SoundFile(str(path))
    except (RuntimeError, TypeError, ValueError) as error:  # a .raw file has no header
        raise _damaged(path, error) from None
    with file:
        header = SoundHeader(path, int(file.samplerate), int(file.channels), int(file.frames))
        if header.rate not in _RATES or header.channels not in range(1, _CHANNELS + 1):
            raise DataError(
                f"{path} says it has {header.channels:,} channels at {header.rate:,} Hz; expected up to {_CHANNELS}, "
                f"from {_RATES[0]:,} to {_RATES[-1]:,} Hz"
            )
        if header.frames <= 0:
            raise DataError(f"{path} is 0 s long: it holds no sound")
        if longest is not None and header.seconds > longest:
            raise DataError(f"{path} is {header.seconds:,.0f} s long, and {longest:,.0f} s is the most here: cut it")
        yield header, file


def _damaged(path: Path, error: Exception) -> DataError:
    reason = " ".join(str(error).rpartition(": ")[2].split()).rstrip(".").lower()
    return DataError(f"{path} is not a readable sound file ({reason:.100}); expected WAV, FLAC or OGG")


def _check_end(path: Path) -> None:
    """Refuse WAV and OGG files that end too early, which libsndfile reads as if they were whole."""
    size = path.stat().st_size
    with path.open("rb") as file:
        kind = file.read(12)
        if kind[:4] == b"RIFF" and kind[8:] == b"WAVE":
            missing = _missing_of_wav(file, size)
            if missing > 0:
                raise DataError(f"{path} is truncated: {missing:,} bytes of its sound are missing")
        elif kind[:4] == b"OggS":
            file.seek(max(0, size - (1 << 17)))  # a page has 64 KB at most
            if not _ends(file.read()):
                raise DataError(f"{path} is truncated: the page that ends it is missing")


def _ends(tail: bytes) -> bool:
    """Whether the last page of an OGG file is whole, and says that it is the last (RFC 3533, section 6)."""
    page = tail[max(0, tail.rfind(b"OggS")) :]
    if len(page) < 27 or not page[5] & 4:
        return False
    pieces = page[27 : 27 + page[26]]
    return len(page) >= 27 + page[26] + sum(pieces)


def _missing_of_wav(file: BinaryIO, size: int) -> int:
    """Count the bytes that the data chunk lacks; 0 where its size is not known, as in what a pipe wrote."""
    while len(chunk := file.read(8)) == 8:
        name, length = struct.unpack("<4sI", chunk)
        if name == b"data":
            unknown = length in (0, 0xFFFFFFFF) or length >= 0x7FFFF000
            return 0 if unknown else int(length) - (size - file.tell())
        file.seek(length + length % 2, 1)
    return 0
