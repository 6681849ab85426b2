"""Video files: frames come some at a time, and what is no whole video is one clear mistake."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("av", reason="PyAV is not installed: pip install 'gyeol[video]'")

from gyeol import DataError, MissingExtraError
from gyeol.data.media import video
from gyeol.data.media.video import frame_rate, video_frames, write_video


def shades(count: int, size: int = 32) -> npt.NDArray[np.uint8]:
    """Frames of one shade each, darker on the right."""
    frames = np.empty((count, size, size, 3), dtype=np.uint8)
    for number in range(count):
        frames[number, :, : size // 2] = 60 + 5 * number
        frames[number, :, size // 2 :] = 20
    return frames


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "a.mp4"
    write_video(path, shades(30), rate=12)
    return path


def test_what_is_written_is_read(file: Path) -> None:
    blocks = list(video_frames(file, 16, block=8))
    assert [block.shape for block in blocks] == [(8, 16, 16, 3)] * 3 + [(6, 16, 16, 3)]
    seen = np.concatenate(blocks)
    assert np.abs(seen[:, :, 2].astype(int) - shades(30, 16)[:, :, 2]).max() <= 6
    assert np.abs(seen[:, :, 13].astype(int) - shades(30, 16)[:, :, 13]).max() <= 6
    assert frame_rate(file) == 12.0


def test_the_same_frames_are_the_same_bytes(file: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "b.mp4", shades(30), rate=12)
    assert (tmp_path / "b.mp4").read_bytes() == file.read_bytes()


def test_no_more_than_a_block_is_unpacked_ahead(file: Path) -> None:
    assert len(next(video_frames(file, 16, block=4))) == 4


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty; a video was expected"),
        (b"hello" * 100, "is not a readable video, or it is damaged"),
        (b"#EXTM3U\n#EXTINF:1,\na.mp4\n#EXT-X-ENDLIST\n", "is not a readable video"),
        (b"ffconcat version 1.0\nfile a.mp4\n", "is not a readable video"),
    ],
)
def test_what_is_no_video(content: bytes, what: str, file: Path, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(file.read_bytes())  # what a list of files would lead to
    (tmp_path / "x.mp4").write_bytes(content)
    with pytest.raises(DataError, match=rf"x\.mp4 {what}"):
        list(video_frames(tmp_path / "x.mp4", 16))


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
def test_cut_off(share: float, file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    (tmp_path / "x.mp4").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DataError, match=r"x\.mp4 (is not a readable video|holds no pictures)"):
        list(video_frames(tmp_path / "x.mp4", 16))


def test_whatever_is_done_to_a_file_it_is_a_video_or_a_data_error(file: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    whole = np.frombuffer(file.read_bytes(), dtype=np.uint8)
    for _ in range(40):
        hurt = whole.copy()
        hurt[random.integers(0, len(hurt), 12)] = random.integers(0, 256, 12)
        (tmp_path / "x.mp4").write_bytes(hurt.tobytes())
        try:
            found = [block.shape[1:] for block in video_frames(tmp_path / "x.mp4", 8)]
        except DataError as error:
            assert "x.mp4" in str(error)  # noqa: PT017
        else:
            assert set(found) == {(8, 8, 3)}


def test_sound_without_pictures(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "x.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(DataError, match=r"x\.mp4 holds no pictures"):
        list(video_frames(tmp_path / "x.mp4", 16))


def test_too_much_is_refused_by_the_header(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "MOST_FRAMES", 29)
    with pytest.raises(DataError, match="has 30 frames by its header, and 29 is the most"):
        next(video_frames(file, 16))
    monkeypatch.setattr(video, "MOST_PIXELS", 1000)
    with pytest.raises(DataError, match="frames of 32 x 32 pixels, and 1,000 is the most"):
        next(video_frames(file, 16))


def test_without_pyav(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"needs PyAV.*pip install 'gyeol\[video\]'"):
        next(video_frames(file, 16))


@pytest.mark.parametrize(
    ("turns", "matrix"), [(0, (1, 0, 0, 1)), (1, (0, -1, 1, 0)), (2, (-1, 0, 0, -1)), (3, (0, 1, -1, 0))]
)
def test_a_clip_stands_as_its_camera_was_held(turns: int, matrix: tuple[int, ...], tmp_path: Path) -> None:
    colours = np.zeros((32, 32, 3), np.uint8)
    colours[:16, :16], colours[:16, 16:], colours[16:, :16] = (200, 30, 30), (20, 160, 60), (20, 40, 200)
    write_video(tmp_path / "a.mp4", [colours] * 3, rate=10)
    data = bytearray((tmp_path / "a.mp4").read_bytes())
    at = data.index(b"tkhd") + 44  # the matrix, of x' = ax + cy, y' = bx + dy, y downwards (ISO/IEC 14496-12, 8.3.2)
    a, b, c, d = (value << 16 for value in matrix)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    (tmp_path / "a.mp4").write_bytes(data)
    (block,) = video_frames(tmp_path / "a.mp4", 32)
    assert np.abs(block[0].astype(int) - np.rot90(colours, turns))[4:12, 4:12].max() < 30
    assert np.abs(block[0].astype(int) - np.rot90(colours, turns))[20:28, 4:12].max() < 30
