"""Video files by PyAV: checked by their header first, then decoded frame by frame and scaled down.

A file is somebody's. It is read through a file object and as a container of pictures only, so that it can name no other
file and no address (a playlist can, and FFmpeg would follow it).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gyeol.data.media.images import MOST_PIXELS
from gyeol.data.paths import check_file
from gyeol.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

__all__ = ["ENDINGS", "MOST_FRAMES", "check_video", "count_frames", "frame_rate", "video_frames", "write_video"]

Pixels = npt.NDArray[np.uint8]

#: How the names of video files end.
ENDINGS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".ogv", ".3gp")
MOST_FRAMES = 1_000_000  # of a file: nine hours of thirty frames a second
# FFmpeg's names of containers; playlists and lists of files are none of them.
_CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegvideo,mpegts,flv,ogg,asf"
_BLOCK = 64  # frames given at a time


def video_frames(path: str | Path, size: int, *, block: int = _BLOCK) -> Iterator[Pixels]:
    """Read the frames of a video file, rotated as its header says, in blocks; no more are in memory.

    Parameters
    ----------
    path : path
        A file of one of the usual kinds (MP4, MOV, MKV, WebM, AVI, MPEG, ...), of 1,000,000 frames at most.
    size : int
        All of a frame is squeezed into a square of so many pixels either way.
    block : int
        Frames given at a time; the last may be fewer.

    Yields
    ------
    array of uint8, shape (up to block, size, size, 3)

    Raises
    ------
    DataError
        There is no such file, it is no video, it is damaged, cut off, without pictures, too large, or its frames are of
        different sizes: names the file.
    MissingExtraError
        PyAV is not installed.
    """
    with _opened(path) as (container, stream):
        held: list[Pixels] = []
        count, shape = 0, (stream.codec_context.width, stream.codec_context.height)
        for frame in container.decode(stream):
            if (frame.width, frame.height) != shape:
                raise DataError(
                    f"{path}: frame {count} is {frame.width} x {frame.height} pixels, those before are {shape[0]} x "
                    f"{shape[1]}: all frames of a clip must be of one size"
                )
            if (count := count + 1) > MOST_FRAMES:
                raise DataError(f"{path} has more than {MOST_FRAMES:,} frames; cut it into parts")
            small = frame.reformat(width=size, height=size, format="rgb24", interpolation="AREA")
            # Phones record sideways and state the rotation: the angle is counter-clockwise.
            upright = np.rot90(small.to_ndarray(), round(getattr(frame, "rotation", 0) / 90))
            held.append(upright.astype(np.uint8, copy=False))
            if len(held) == block:
                yield np.stack(held)
                held.clear()
        if not count:
            raise DataError(f"{path} holds no frame: it has no length, or is damaged")
        if held:
            yield np.stack(held)


def frame_rate(path: str | Path) -> float | None:
    """Return the average frame rate of a video file by its header; None if it is not stated.

    Raises
    ------
    DataError, MissingExtraError
        As `video_frames`.
    """
    with _opened(path) as (_, stream):
        rate = stream.average_rate
        return float(rate) if rate else None


def count_frames(path: str | Path) -> int:
    """Count the frames of a video file without unpacking them: by its header, or by how many packets there are.

    Raises
    ------
    DataError, MissingExtraError
        As `video_frames`.
    """
    with _opened(path) as (container, stream):
        return stream.frames or sum(bool(packet.size) for packet in container.demux(stream))


def write_video(path: Path, frames: Iterable[Pixels], *, rate: int) -> None:
    """Write frames (height, width, 3), of even height and width, as an MP4 file (H.264) that looks the same.

    Raises
    ------
    MissingExtraError
        PyAV is not installed.
    """
    av = _pyav("the writing of video files")
    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = None
        for pixels in frames:
            if stream is None:
                # One thread: the same frames give the same bytes.
                stream = container.add_stream("libx264", rate=rate, options={"crf": "12", "threads": "1"})
                stream.height, stream.width = pixels.shape[:2]
                stream.pix_fmt = "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        container.mux(stream.encode())


def check_video(path: str | Path) -> Path:
    """Give the path of a file that is there, with bytes in it; see `gyeol.data.paths.check_file`."""
    path = Path(path)
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(f"{path} is empty; a video was expected")
    return check_file(path)


@contextmanager
def _opened(path: str | Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file whose header has nothing against it; what goes wrong inside becomes one line."""
    path = check_video(path)
    av = _pyav("the reading of video files")
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": ""}
    try:
        with path.open("rb") as file, av.open(file, options=options) as container:
            # One whose kind is not known, in a damaged file, has no decoder.
            streams = [stream for stream in container.streams.video if stream.codec_context is not None]
            if not streams:
                raise DataError(f"{path} holds no pictures: there is no video stream in it")
            stream = streams[0]
            _check_header(path, stream)
            yield container, stream
    except DataError:
        raise
    except (av.FFmpegError, ValueError, EOFError, MemoryError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).splitlines()[0]
        raise DataError(f"{path} is not a readable video, or it is damaged ({reason:.120})") from None


def _check_header(path: Path, stream: VideoStream) -> None:
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MOST_PIXELS:
        raise DataError(f"{path}: frames of {width:,} x {height:,} pixels, and {MOST_PIXELS:,} is the most")
    if not width or not height:
        raise DataError(f"{path}: frames of {width} x {height} pixels: there is nothing to see")
    seconds = Fraction(0)
    if stream.duration and stream.time_base:
        seconds = stream.duration * stream.time_base
    count = max(stream.frames, math.ceil(seconds * (stream.average_rate or 0)))
    if count > MOST_FRAMES:
        raise DataError(
            f"{path} has {count:,} frames by its header, and {MOST_FRAMES:,} is the most; cut it into parts"
        )


def _pyav(purpose: str) -> Any:
    try:
        import av
    except ImportError:
        raise MissingExtraError(purpose, "PyAV", "video") from None
    return av
