"""Images from files: looked at by their header before anything is unpacked, then square, in three colours, of one size.

A file is somebody's: twenty kilobytes of PNG may unpack to half a gigabyte. Format and size stand in the header, and
are checked there.
"""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gyeol.data.large_arrays import allocate
from gyeol.data.paths import check_file
from gyeol.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "ENDINGS",
    "MOST_PIXELS",
    "Picture",
    "as_pictures",
    "image_size",
    "images_in",
    "jpeg_bytes",
    "load_images",
    "png_bytes",
    "read_image",
]

Pixels = npt.NDArray[np.uint8]
Grid = npt.NDArray[np.float32]

#: What a file may be; its header decides, whatever its name says.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
#: How the names of such files end.
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm")
MOST_PIXELS = 50_000_000  # of a file: 200 MB unpacked
_ORIENTATION = 0x0112
_WHITE = (255, 255, 255)
_DEEP = ("I", "I;16", "I;16B", "I;16L")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that is not unpacked yet: a file, or numbers that are there already.

    Those are colours, uint8 (height, width, 3), or ready features (`gyeol.data.media.feature_grids`). As a text it says
    which one it is: the path, when it was written and how long it is, or a hash of the numbers.
    """

    source: Path | Pixels | Grid

    def __str__(self) -> str:
        if isinstance(self.source, Path):
            try:
                state = self.source.stat()
            except OSError:
                return str(self.source)
            return f"{self.source}:{state.st_size}:{state.st_mtime_ns}"
        return f"{self.source.shape}:{hashlib.sha256(self.source.tobytes()).hexdigest()}"

    def load(self, size: int) -> Pixels:
        """Unpack it: uint8 (size, size, 3); see `read_image` and `square_image`."""
        return read_image(self.source, size) if isinstance(self.source, Path) else square_image(self.source, size)


def read_image(path: str | os.PathLike[str], size: int, *, whole: bool = False) -> Pixels:
    """Read an image as a square.

    It is rotated as its camera states (EXIF), transparency becomes white, and the longer side is cropped to its
    middle. Of several frames the first is taken.

    Parameters
    ----------
    path : path
        A JPEG, PNG, WebP, GIF, BMP, TIFF or PPM file of 50,000,000 pixels at most.
    size : int
        Pixels either way.
    whole : bool
        Squeeze all of it into the square instead.

    Returns
    -------
    array of uint8, shape (size, size, 3)

    Raises
    ------
    DataError
        There is no such file, it is no such image, it is damaged or cut off, or too large: names the file.
    MissingExtraError
        Pillow is not installed.
    """
    with _opened(path) as image:
        return _squared(image, size, whole=whole)


def image_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Say how wide and high an image is, in pixels, by its header.

    Raises
    ------
    DataError, MissingExtraError
        As `read_image`.
    """
    with _opened(path) as image:
        width, height = image.size
        return width, height


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Image]:
    """Open an image whose header has nothing against it; what goes wrong inside becomes one line."""
    path = Path(path)
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(f"{path} is empty; an image was expected")
    path = check_file(path)
    image_module = _pillow()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow warns of is checked here, or does no harm
            with image_module.open(path, formats=FORMATS) as image:
                _check_size(path, image)
                yield image
    except DataError:
        raise
    except image_module.DecompressionBombError:
        raise DataError(f"{path} would unpack to more than {MOST_PIXELS:,} pixels; make it smaller") from None
    except image_module.UnidentifiedImageError:
        raise DataError(f"{path} is not an image of a known format: {', '.join(FORMATS)}") from None
    except Exception as error:  # Pillow's readers raise whatever a damaged file leads them to
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path} is a damaged image ({reason:.120}); create it again") from error


def square_image(pixels: Any, size: int, *, whole: bool = False) -> Pixels:
    """Make a square of colours that are there already.

    Parameters
    ----------
    pixels : array of uint8, shape (height, width, 3)
    size, whole
        As in `read_image`.

    Returns
    -------
    array of uint8, shape (size, size, 3)
    """
    if pixels.shape[:2] == (size, size):
        return np.ascontiguousarray(pixels)
    return _squared(_pillow().fromarray(pixels), size, whole=whole)


def load_images(pictures: Sequence[Picture], size: int) -> Pixels:
    """Unpack images once, into memory or a file that goes of itself; see `gyeol.data.large_arrays.allocate`.

    Parameters
    ----------
    pictures : sequence of Picture
    size : int
        Pixels either way.

    Returns
    -------
    array of uint8, shape (N, size, size, 3)

    Raises
    ------
    DataError
        One of them cannot be used, or the disk has too little space for them.
    """
    pixels = allocate((len(pictures), size, size, 3), np.dtype(np.uint8))
    for number, picture in enumerate(pictures):
        pixels[number] = picture.load(size)
    return pixels


def images_in(folder: Path) -> list[Path]:
    """List the images of a folder, those in folders within it too, by name; hidden files (``._a.jpg``) are none.

    Raises
    ------
    DataError
        There is none.
    """
    seen = (path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and not path.name.startswith("."))
    found = sorted(path for path in seen if path.is_file())
    if not found:
        raise DataError(f"{folder} holds no image: files that end in {', '.join(ENDINGS)}")
    return found


def png_bytes(pixels: Pixels) -> bytes:
    """Pack colours (height, width, 3), or with how little is clear (height, width, 4), as a PNG."""
    return _packed(pixels, "PNG")


def jpeg_bytes(pixels: Pixels) -> bytes:
    """Pack colours (height, width, 3) as a JPEG that looks the same."""
    return _packed(pixels, "JPEG", quality=90)


def _packed(pixels: Pixels, kind: str, **how: Any) -> bytes:
    packed = io.BytesIO()
    _pillow().fromarray(pixels).save(packed, kind, **how)
    return packed.getvalue()


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("the reading of images", "Pillow", "images") from None
    return Image


def _check_size(path: Path, image: Image) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise DataError(f"{path} is {width:,} x {height:,} pixels, and {MOST_PIXELS:,} is the most; make it smaller")
    if not width or not height:
        raise DataError(f"{path} is {width} x {height} pixels: there is nothing to see")


def _squared(image: Image, size: int, *, whole: bool) -> Pixels:
    """Unpack, cut out the middle square where it is not taken whole, shrink or enlarge, and turn."""
    from PIL.Image import Resampling

    image.draft("RGB", (2 * size, 2 * size))  # a JPEG is unpacked at half, a fourth or an eighth where that is enough
    image.load()
    orientation = _orientation(image)  # after loading: see there
    image = _in_colours(image)
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    box = (0, 0, width, height) if whole else (left, top, left + side, top + side)
    if (width, height) != (size, size):
        image = image.resize((size, size), Resampling.BICUBIC, box=box, reducing_gap=3.0)
    return np.array(_turned(image, orientation), dtype=np.uint8)


def _turned(image: Image, orientation: int) -> Image:
    """Turn an image upright, by the EXIF orientation that it was stored with."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM, 5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_90,
    }  # fmt: skip
    return image.transpose(turns[orientation]) if orientation in turns else image


def _orientation(image: Image) -> int:
    """Read how a loaded image is to be rotated: 1 to 8; 1 if not stated or invalid.

    Before it is loaded the answer may differ: Pillow turns a TIFF while it loads and forgets the tag then, and a PNG
    may have its EXIF data behind the pixels.
    """
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged metadata must not make an image unreadable
        return 1


def _in_colours(image: Image) -> Image:
    """Convert whatever represents the colours to red, green and blue."""
    if image.mode in _DEEP:  # 16 bits of grey
        deep = np.asarray(image.convert("I"), dtype=np.int64)
        return _pillow().fromarray((deep.clip(0, 65535) >> 8).astype(np.uint8)).convert("RGB")  # type: ignore[no-any-return]
    if image.mode == "F":
        raise DataError(f"{getattr(image, 'filename', 'an image')} holds numbers and no colours; save it with 8 bits")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        clear = image.convert("RGBA")
        paper = _pillow().new("RGB", clear.size, _WHITE)
        paper.paste(clear, mask=clear.getchannel("A"))
        return paper  # type: ignore[no-any-return]
    return image if image.mode == "RGB" else image.convert("RGB")


def as_pictures(images: Iterable[Any]) -> list[Picture]:
    """Take images as Python has them: paths, arrays of uint8, or Pillow's own.

    Raises
    ------
    DataError
        An entry is none of these: names it.
    """
    if isinstance(images, (str, bytes, os.PathLike)) or not hasattr(images, "__iter__"):
        raise DataError(f"got {type(images).__name__} where a list of images was expected: wrap one image in [ ]")
    found = []
    for number, image in enumerate(images):
        if isinstance(image, Picture):
            found.append(image)
        elif isinstance(image, (str, os.PathLike)):
            found.append(Picture(Path(image)))
        else:
            found.append(Picture(_colours_of(image, number)))
    if not found:
        raise DataError("got no images: the list is empty")
    return found


def _colours_of(image: Any, number: int) -> Pixels:
    if hasattr(image, "getexif"):  # Pillow's
        image.load()
        image = np.array(_turned(_in_colours(image), _orientation(image)))
    pixels = np.asarray(image)
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or not pixels.size:
        raise DataError(
            f"image {number} is an array of {pixels.dtype} of shape {pixels.shape}; expected a path, or uint8 of shape "
            "(height, width, 3)"
        )
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.shape[2] == 1:
        pixels = pixels.repeat(3, axis=2)
    if pixels.shape[2] != 3 or pixels.shape[0] * pixels.shape[1] > MOST_PIXELS:
        raise DataError(
            f"image {number} has the shape {pixels.shape}; expected (height, width, 3), of 50,000,000 pixels"
        )
    return pixels
