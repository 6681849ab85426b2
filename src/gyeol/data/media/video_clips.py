"""A clip: frames in order, from a video file, from a folder of images, or there already."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.data.media.images import ENDINGS as IMAGES
from gyeol.data.media.images import image_size, read_image, square_image
from gyeol.data.media.video import ENDINGS as VIDEOS
from gyeol.data.media.video import MOST_FRAMES, frame_rate, video_frames
from gyeol.errors import DataError

__all__ = ["VideoClip", "are_video_clips", "as_video_clips", "checked_frames", "is_video_clip"]

Pixels = npt.NDArray[np.uint8]
_BLOCK = 64  # frames given at a time


@dataclass(frozen=True, slots=True)
class VideoClip:
    """Frames that are not unpacked yet: a video file, a folder of images, or colours (T, height, width, 3) of uint8.

    As a text it identifies the clip, as `gyeol.data.media.images.Picture` does.
    """

    source: Path | Pixels
    labels_from: str = ""  # file and line where its labels end

    def __str__(self) -> str:
        if isinstance(self.source, np.ndarray):
            return f"{self.source.shape}:{hashlib.sha256(np.ascontiguousarray(self.source).tobytes()).hexdigest()}"
        try:
            parts = [self.source, *(self._images() if self.source.is_dir() else [])]
            states = [(part.name, part.stat().st_size, part.stat().st_mtime_ns) for part in parts]
        except (OSError, DataError):
            return str(self.source)
        return f"{self.source}:{hashlib.sha256(repr(states).encode()).hexdigest()}"

    @property
    def name(self) -> str:
        """The name of the file or folder; of colours nothing."""
        return self.source.name if isinstance(self.source, Path) else ""

    @property
    def count(self) -> int | None:
        """How many frames there are, where that is known before they are unpacked."""
        if isinstance(self.source, np.ndarray):
            return len(self.source)
        return len(self._images()) if self.source.is_dir() else None

    @property
    def rate(self) -> float | None:
        """The frame rate, if a video's header states it."""
        return frame_rate(self.source) if isinstance(self.source, Path) and not self.source.is_dir() else None

    def blocks(self, size: int) -> Iterator[Pixels]:
        """Unpack the frames, some at a time: all of each squeezed into a square, uint8 (up to 64, size, size, 3).

        Raises
        ------
        DataError
            They cannot be unpacked, or are of different sizes: names the file.
        MissingExtraError
            PyAV (of a video) or Pillow (of images, or of colours of another size) is not installed.
        """
        if isinstance(self.source, np.ndarray):
            for first in range(0, len(self.source), _BLOCK):
                some = self.source[first : first + _BLOCK]
                yield (
                    some
                    if some.shape[1:3] == (size, size)
                    else np.stack([square_image(f, size, whole=True) for f in some])
                )
        elif self.source.is_dir():
            yield from self._from_images(size)
        else:
            yield from video_frames(self.source, size, block=_BLOCK)

    def _images(self) -> list[Path]:
        assert isinstance(self.source, Path)
        found = images_of(self.source)
        if not found:
            raise DataError(f"{self.source} holds no image: files that end in {', '.join(IMAGES)}")
        if len(found) > MOST_FRAMES:
            raise DataError(f"{self.source} holds more than {MOST_FRAMES:,} images; split it into several clips")
        return found

    def _from_images(self, size: int) -> Iterator[Pixels]:
        paths = self._images()
        shape = image_size(paths[0])
        for first in range(0, len(paths), _BLOCK):
            some = paths[first : first + _BLOCK]
            for path in some:
                if (own := image_size(path)) != shape:
                    raise DataError(
                        f"{path} is {own[0]} x {own[1]} pixels, {paths[0].name} is {shape[0]} x {shape[1]}: all "
                        "frames of a clip must be of one size"
                    )
            yield np.stack([read_image(path, size, whole=True) for path in some])


def images_of(folder: Path) -> list[Path]:
    """List the images that lie in a folder itself, by name, numbers in names as numbers: 9 before 10."""
    seen = (path for path in folder.iterdir() if path.suffix.lower() in IMAGES and not path.name.startswith("."))
    found = [path for path in seen if path.is_file()]
    return sorted(found, key=lambda path: _natural(path.name))


def is_video_clip(path: Path) -> bool:
    """Whether a path is a video file by its name, or a folder with images in it."""
    return path.suffix.lower() in VIDEOS if path.is_file() else path.is_dir() and bool(images_of(path))


def are_video_clips(X: Any) -> bool:
    """Whether what a user hands over are clips: paths, `VideoClip`s, colours of uint8; or numbers."""
    if isinstance(X, np.ndarray) and X.dtype != object:
        return X.dtype == np.uint8 and X.ndim in (4, 5)
    if isinstance(X, (str, bytes, os.PathLike)) or not hasattr(X, "__iter__"):
        return False
    first = next(iter(X), None) if hasattr(X, "__len__") else None
    if isinstance(first, (str, os.PathLike, VideoClip)):
        return True
    return isinstance(first, np.ndarray) and first.dtype == np.uint8 and first.ndim in (3, 4)


def as_video_clips(X: Iterable[Any]) -> list[VideoClip]:
    """Take clips as Python has them: paths, or arrays of uint8 (T, height, width, 3), of grey (T, height, width).

    Raises
    ------
    DataError
        An entry is none of these: names it.
    """
    if isinstance(X, np.ndarray) and X.ndim == 4 and X.shape[3] == 3:
        raise DataError(f"got colours of shape {X.shape}, which is one clip: wrap it in [ ]")
    found = []
    for number, clip in enumerate(X):
        if isinstance(clip, VideoClip):
            found.append(clip)
        elif isinstance(clip, (str, os.PathLike)):
            found.append(VideoClip(Path(clip)))
        else:
            found.append(VideoClip(checked_frames(clip, f"clip {number}")))
    if not found:
        raise DataError("got no clips: the list is empty")
    return found


def checked_frames(frames: Any, what: str) -> Pixels:
    """Hold an array to what frames are: uint8 (T, height, width, 3), or (T, height, width), which is grey."""
    try:
        pixels = np.asarray(frames)
    except ValueError:  # a list of frames of different sizes
        raise DataError(f"{what}: its frames are of different sizes; all must be of one") from None
    if pixels.dtype != np.uint8 or pixels.ndim not in (3, 4) or (pixels.ndim == 4 and pixels.shape[3] not in (1, 3)):
        raise DataError(
            f"{what} is an array of {pixels.dtype} of shape {pixels.shape}; expected a path, or uint8 of shape "
            "(frames, height, width, 3)"
        )
    if not pixels.size:
        raise DataError(f"{what} has no frames, shape {pixels.shape}: leave it out")
    pixels = pixels[..., None] if pixels.ndim == 3 else pixels
    return pixels if pixels.shape[3] == 3 else pixels.repeat(3, axis=3)


def _natural(name: str) -> list[tuple[int, str]]:
    import re

    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name.casefold())]
