"""Images as people have them, and as people who mean harm have them: an array of the right size, or one line."""

from __future__ import annotations

import io
import os
import random
import re
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.data import large_arrays
from gyeol.data.media.images import Picture, as_pictures, images_in, load_images, png_bytes, read_image
from gyeol.errors import DataError

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install 'gyeol[images]'")

GREEN, RED = (20, 160, 60), (200, 30, 30)


def packed(image: Any, kind: str, **how: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **how)
    return stream.getvalue()


def flag(width: int = 32, height: int = 32) -> Any:
    """Green above, red below."""
    image = Image.new("RGB", (width, height), GREEN)
    image.paste(RED, (0, height // 2, width, height))
    return image


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(bytes(4096))), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def near(pixel: Any, colour: tuple[int, ...]) -> bool:
    return bool(np.abs(np.asarray(pixel, dtype=int) - colour).max() <= 24)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
def test_every_format_becomes_a_square_in_three_colours(kind: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(packed(flag(), kind))  # its name says nothing
    pixels = read_image(tmp_path / "a.jpg", 16)
    assert (pixels.shape, pixels.dtype) == ((16, 16, 3), np.uint8)
    assert near(pixels[2, 8], GREEN)
    assert near(pixels[13, 8], RED)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "RGBA", "LA", "HSV", "I", "I;16"])
def test_every_way_to_say_colours(mode: str, tmp_path: Path) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.array([[60000, 60000], [100, 100]], np.uint16).repeat(16, 0).repeat(16, 1))
    elif mode == "I":
        image = Image.fromarray(np.array([[60000, 60000], [100, 100]], np.int32).repeat(16, 0).repeat(16, 1))
    else:
        image = Image.new("RGB", (32, 32), (255, 255, 255))
        image.paste((0, 0, 0), (0, 16, 32, 32))
        image = image.convert(mode)
    kind = "TIFF" if mode in ("CMYK", "YCbCr", "I") else "PNG"
    if mode == "HSV":
        pixels = as_pictures([image])[0].load(16)
    else:
        (tmp_path / "a").write_bytes(packed(image, kind))
        pixels = read_image(tmp_path / "a", 16)
    assert pixels[2].min() > 220
    assert pixels[13].max() < 40


def test_what_is_clear_is_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (8, 8), (10, 20, 30, 0))
    (tmp_path / "a.png").write_bytes(packed(image, "PNG"))
    assert (read_image(tmp_path / "a.png", 8) == 255).all()
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 0, 0, 9, 9, 9])
    (tmp_path / "b.png").write_bytes(packed(palette, "PNG", transparency=1))
    assert (read_image(tmp_path / "b.png", 8) == 255).all()


# How a camera stores what stands upright, by its EXIF orientation (CIPA DC-008, tag 274).
STORED = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.transpose(1, 0, 2),
    6: np.rot90,
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", STORED)
def test_it_stands_as_its_camera_was_held(orientation: int, kind: str, tmp_path: Path) -> None:
    upright = np.full((32, 48, 3), 255, np.uint8)
    upright[:16, :24], upright[:16, 24:], upright[16:, :24] = RED, GREEN, (20, 40, 200)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    how = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    (tmp_path / "a").write_bytes(packed(stored, kind, exif=exif, **how))
    expected = np.asarray(Image.fromarray(upright).resize((16, 16), Image.Resampling.NEAREST)).astype(int)
    inner = (slice(1, 7), slice(9, 15))  # away from the borders, which are smoothed
    with Image.open(tmp_path / "a") as opened:
        found = [read_image(tmp_path / "a", 16, whole=True), as_pictures([opened])[0].load(32)]
    for rows, columns in [(a, b) for a in inner for b in inner]:
        assert near(found[0][rows, columns], expected[rows, columns])
    middle = upright[:, 8:40]  # of the longer side the middle is kept
    assert near(found[1], middle) or kind == "JPEG"
    assert np.abs(read_image(tmp_path / "a", 32).astype(int) - middle).max() <= 24 or kind == "JPEG"


def test_the_orientation_may_stand_behind_the_pixels(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    data = packed(flag(), "PNG", exif=exif)
    at = data.index(b"eXIf") - 4
    long = struct.unpack(">I", data[at : at + 4])[0] + 12
    end = data.index(b"IEND") - 4
    (tmp_path / "a.png").write_bytes(data[:at] + data[at + long : end] + data[at : at + long] + data[end:])
    pixels = read_image(tmp_path / "a.png", 16)
    assert near(pixels[2, 8], RED)
    assert near(pixels[13, 8], GREEN)


def test_of_the_longer_side_the_middle_is_kept(tmp_path: Path) -> None:
    wide = Image.new("RGB", (96, 32), GREEN)
    wide.paste(RED, (32, 0, 64, 32))
    (tmp_path / "a.png").write_bytes(packed(wide, "PNG"))
    assert all(near(pixel, RED) for pixel in read_image(tmp_path / "a.png", 16).reshape(-1, 3))


@pytest.mark.parametrize("size", [1, 7, 200])
@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (501, 333)])
def test_every_size(shape: tuple[int, int], size: int, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(packed(flag(*shape), "JPEG"))
    assert read_image(tmp_path / "a.jpg", size).shape == (size, size, 3)


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(bomb(16_000, 10_000))  # 480 MB
    with pytest.raises(DataError, match=r"a\.png is 16,000 x 10,000 pixels, and 50,000,000 is the most"):
        read_image(tmp_path / "a.png", 64)
    (tmp_path / "b.png").write_bytes(bomb(100_000, 100_000))
    with pytest.raises(DataError, match=r"b\.png would unpack to more than 50,000,000 pixels"):
        read_image(tmp_path / "b.png", 64)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty; an image was expected"),
        (b"text and no image", "is not an image of a known format: JPEG"),
        (packed(flag(), "ICO"), "is not an image of a known format"),
        (packed(flag(200, 200), "JPEG")[:-700], "is a damaged image (image file is truncated"),
        (packed(flag(200, 200), "PNG")[:120], "is a damaged image"),
        (bomb(64, 64)[:-20], "is a damaged image"),
        (packed(Image.fromarray(np.zeros((4, 4), np.float32)), "TIFF"), "holds numbers and no colours"),
    ],
)
def test_what_is_no_image_is_one_line(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        read_image(tmp_path / "a.jpg", 16)
    assert str(tmp_path / "a.jpg") in str(caught.value)
    assert "\n" not in str(caught.value)


WHOLE = [packed(flag(40, 24), kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")]


@given(st.integers(0, 1 << 30))
@settings(max_examples=150)
def test_whatever_is_done_to_a_file_it_is_an_image_or_a_data_error(seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(chance.choice(WHOLE))
    for _ in range(chance.randint(1, 6)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    place = Path(tempfile.gettempdir()) / f"gyeol-any-{os.getpid()}"
    place.write_bytes(data[: chance.randint(1, len(data))] if chance.random() < 0.3 else data)
    try:
        pixels = read_image(place, 8)
    except DataError as error:
        message = str(error)
    else:
        message = f"{place} {pixels.shape}" if pixels.shape == (8, 8, 3) else ""
    place.unlink()
    assert str(place) in message


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        read_image(tmp_path / "no.png", 8)
    with pytest.raises(DataError, match="is a folder"):
        read_image(tmp_path, 8)
    with pytest.raises(DataError, match="holds no image"):
        images_in(tmp_path)


def test_images_from_python() -> None:
    grey = np.zeros((9, 5), np.uint8)
    found = as_pictures([grey, grey[:, :, None], np.zeros((4, 4, 3), np.uint8), flag(), "a.png", Path("b.png")])
    assert [type(picture.source).__name__ for picture in found] == ["ndarray"] * 4 + ["PosixPath"] * 2
    assert load_images(found[:4], 6).shape == (4, 6, 6, 3)
    for wrong, message in (
        ([np.zeros((4, 4, 3))], "image 0 is an array of float64"),
        ([grey, np.zeros((2, 2, 4), np.uint8)], "image 1 has the shape"),
        ("a.png", "wrap one image in"),
        ([], "the list is empty"),
        ([3], "image 0 is an array of int64"),
        ([np.zeros((0, 4, 3), np.uint8)], "image 0 is an array"),
    ):
        with pytest.raises(DataError, match=message):
            as_pictures(wrong)


def test_a_picture_says_which_one_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_bytes(np.zeros((4, 4, 3), np.uint8)))
    before = str(Picture(tmp_path / "a.png"))
    (tmp_path / "a.png").write_bytes(png_bytes(np.ones((40, 40, 3), np.uint8)))
    assert str(Picture(tmp_path / "a.png")) != before
    black, white = np.zeros((4, 4, 3), np.uint8), np.ones((4, 4, 3), np.uint8)
    assert str(Picture(black)) == str(Picture(black.copy())) != str(Picture(white))


def test_many_images_lie_in_a_file_that_goes_of_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = as_pictures([np.full((8, 8, 3), n, np.uint8) for n in range(20)])
    monkeypatch.setattr(large_arrays, "_IN_MEMORY", 1000)
    monkeypatch.setattr(large_arrays.tempfile, "tempdir", str(tmp_path))
    pixels = load_images(pictures, 8)
    assert isinstance(pixels, np.memmap)
    assert [int(image[0, 0, 0]) for image in pixels] == list(range(20))
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(
        large_arrays.shutil, "disk_usage", lambda folder: large_arrays.shutil._ntuple_diskusage(1, 1, 100)
    )
    with pytest.raises(DataError, match="20 examples take 3,840 bytes once they are unpacked, and"):
        load_images(pictures, 8)


def test_hidden_files_are_no_images(tmp_path: Path) -> None:
    for name in ("a.png", "._a.png", ".b.jpg"):
        (tmp_path / name).write_bytes(packed(flag(), "PNG"))
    assert [path.name for path in images_in(tmp_path)] == ["a.png"]
