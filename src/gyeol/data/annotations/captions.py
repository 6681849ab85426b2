"""Images and their captions: a table of paths and captions, a dataset.json, a folder, or a named set."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from gyeol.data.annotations.path_tables import column_names, find_column, read_path_rows
from gyeol.data.catalogue.lookup import CATALOG, resolve_file
from gyeol.data.fingerprint import fingerprint
from gyeol.data.media.images import ENDINGS, Picture, images_in
from gyeol.data.paths import check_file
from gyeol.data.synthetic.scenes import SCENES, scenes
from gyeol.data.tables.rows import BadRow
from gyeol.data.text.example_files import columns_of
from gyeol.data.text.trained_columns import named_columns
from gyeol.errors import DataError, closest

__all__ = ["CaptionedImages", "has_caption_part", "read_captions"]

#: What people call the two columns.
_IMAGES = ("image", "path", "file", "filename", "file_name", "image_path", "img", "그림", "이미지", "파일", "경로")
_CAPTIONS = ("caption", "captions", "text", "sentence", "description", "title", "raw", "캡션", "설명", "문장")
_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".txt")
_FOLDERS = ("", "images", "Images", "imgs", "img", "image")  # where images lie, from the file that names them
_PARTS = {"train": ("train", "restval"), "valid": ("val", "valid", "validation", "dev"), "test": ("test",)}
_JSON_CAP = 512 << 20
_FEATURES = (".npy", ".npz")


@dataclass(slots=True)
class CaptionedImages:
    """Images that are not decoded yet, the captions of each (none if unknown), and their source.

    Of a table also the ``lines`` that name them, its ``others`` columns, and, where no captions are needed, the rows
    that are ``bad``.
    """

    name: str
    path: Path | None = None
    images: list[Picture] = field(default_factory=list)
    captions: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    others: list[tuple[tuple[str, str], ...]] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    columns: dict[str, Any] = field(default_factory=dict)

    def about(self) -> dict[str, Any]:
        """Describe the data for a model card."""
        hashed = {"sha256": fingerprint(self.path)} if self.path and self.path.is_file() else {}
        return {"data": self.name, **hashed, **self.columns}

    def names(self) -> list[str]:
        """Say which image is which: the paths as texts."""
        return [str(p.source) if isinstance(p.source, Path) else str(n) for n, p in enumerate(self.images)]


def has_caption_part(data: str, role: str) -> bool:
    """Whether the data itself defines which images are for validation or for testing."""
    if data in SCENES and not Path(data).exists():
        return True
    found = _file_of(data)
    if found is None or found.suffix.lower() != ".json":
        return False
    return any(_is_of(row, role) for row in _rows(check_file(found)))


def read_captions(
    data: str, role: str, *, input: str | None = None, target: str | None = None, need_captions: bool = True
) -> CaptionedImages:
    """Read images and captions.

    Parameters
    ----------
    data : str
        A .csv, .tsv, .jsonl or .parquet file with a column of paths (from where the file is) and one of captions, a row
        for each caption; a ``dataset.json`` in Karpathy's form (``{"images": [{"filename", "split", "sentences":
        [{"raw"}]}]}``, or a list of such, with ``captions`` as a list of texts); a folder that holds such a file as
        ``dataset.json`` or ``captions.csv``; a named set. Without captions also an image, or a folder of images.
    role : str
        Which part, where the data is parted: ``"train"``, ``"valid"`` or ``"test"``.
    input, target : str, optional
        The columns.
    need_captions : bool

    Raises
    ------
    DataError
        For what cannot be used; names file and line.
    """
    if data in SCENES and not Path(data).exists():
        images, captions = scenes(data, role)
        return CaptionedImages(f"{data} ({role})", None, images, captions)
    path = _file_of(data)
    if path is None:
        near = closest(data, [*SCENES, *(name for name, entry in CATALOG.items() if entry.task == "caption")])
        raise DataError(f"there is no file {data!r:.200}, and no data set of captions of that name{near}")
    found = CaptionedImages(path.name if path.name != "dataset.json" else f"{path.parent.name} ({role})", path)
    if path.is_dir():
        if need_captions:
            raise DataError(f"{path} is a folder without a dataset.json or captions.csv with captions")
        found.images = [Picture(image) for image in images_in(path)]
    elif path.suffix.lower() == ".json":
        _from_json(found, role, need_captions)
    elif path.name.lower().removesuffix(".gz").endswith(_TABLES):
        _from_table(found, input, target, need_captions)
    elif not need_captions and path.suffix.lower() in (*ENDINGS, *_FEATURES):
        found.images = [Picture(check_file(path))]
    else:
        raise DataError(f"{path}: expected a table ({', '.join(_TABLES)}), a .json file, or a folder")
    if not need_captions:
        found.captions = found.captions or [[] for _ in found.images]
    return found


def _file_of(data: str) -> Path | None:
    """Find the file of captions: a file, or the one of a folder or a named set."""
    path = Path(data)
    if not path.exists() and data in CATALOG:
        entry = CATALOG[data]
        if entry.task != "caption":
            raise DataError(f"the data set {data!r} is for the task {entry.task!r}, not for 'caption'")
        return resolve_file(data, "all")
    if path.is_dir():
        for name in ("dataset.json", *(f"captions{ending}" for ending in _TABLES)):
            if (path / name).is_file():
                return path / name
        return path
    if not path.exists() and not path.suffix and "/" not in data:
        return None
    return path


def _from_table(found: CaptionedImages, input: str | None, target: str | None, need_captions: bool) -> None:
    assert found.path is not None
    path = found.path
    names, _ = column_names(path, {*_IMAGES, *_CAPTIONS})
    input = input or find_column(names, _IMAGES)
    target = target or find_column(names, _CAPTIONS, other=input)
    if input is None and len(names) <= 2:  # without a header: the path, then the caption
        input, target = "1", target or ("2" if len(names) == 2 else None)
    found.columns = named_columns(columns_of(path), input, target)
    numbers: dict[str, int] = {}
    rows = read_path_rows(
        path, input, target, need_target=need_captions, bad=found.bad, locate=cache(partial(_locate, path)),
        reasons={"empty": "the image's path is empty", "label": "the caption is missing"},
    )  # fmt: skip
    for row, image in rows:
        number = numbers.setdefault(row.input, len(numbers))
        if number == len(found.images):
            found.images.append(Picture(image))
            found.captions.append([])
            found.lines.append(row.line)
            found.others.append(row.others)
        if need_captions and row.target:
            found.captions[number].append(row.target)
    if not found.images:
        raise DataError(f"{path} names no image")


def _locate(path: Path, name: str) -> Path:
    """Find an image relative to the file that names it."""
    for folder in _FOLDERS:
        place = path.parent / folder / name
        if os.path.isfile(place):  # unlike Path.is_file, it accepts a name that is too long for one
            return place
    raise DataError(f"there is no image {name!r:.200}, neither beside the table nor in a folder images")


def _from_json(found: CaptionedImages, role: str, need_captions: bool) -> None:
    assert found.path is not None
    path = check_file(found.path)
    rows = list(_rows(path))
    parted = any("split" in row for row in rows)
    for number, row in enumerate(rows):
        if parted and not _is_of(row, role):
            continue
        where = f"image {number}"
        name = next((row[key] for key in ("filename", "file_name", "image", "path") if key in row), None)
        if not isinstance(name, str) or not name.strip():
            raise DataError(f'{path}, {where}: its "filename" is {name!r:.60}; the name of a file was expected')
        inside = row.get("filepath", "")
        name = f"{inside}/{name}" if isinstance(inside, str) and inside else name
        captions = list(_sentences(row))
        if need_captions and (not captions or not all(isinstance(c, str) and c.strip() for c in captions)):
            raise DataError(f'{path}, {where} ({name:.60}): "sentences" are {row.get("sentences")!r:.60}; [{{"raw"}}]')
        try:
            image = _locate(path, name)
        except DataError as error:
            raise DataError(f"{path}, {where}: {error}") from None
        found.images.append(Picture(image))
        found.captions.append(captions if need_captions else [])
    if not found.images:
        splits = sorted({str(row.get("split")) for row in rows})
        raise DataError(f"{path} has no image of the split {role!r}; its splits are {', '.join(splits)[:200]}")


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if path.stat().st_size > _JSON_CAP:
        raise DataError(f"{path} has {path.stat().st_size:,} bytes, and {_JSON_CAP:,} is the most that is read")
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not a JSON file: {error}") from None
    rows = value.get("images") if isinstance(value, dict) else value
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise DataError(
            f'{path}: a list of images was expected: {{"images": [{{"filename": ..., "sentences": [...]}}]}}'
        )
    yield from rows


def _sentences(row: dict[str, Any]) -> Iterator[Any]:
    sentences = row.get("sentences", row.get("captions", row.get("caption", [])))
    for one in sentences if isinstance(sentences, list) else [sentences]:
        yield one.get("raw", one.get("caption")) if isinstance(one, dict) else one


def _is_of(row: dict[str, Any], role: str) -> bool:
    return row.get("split") in _PARTS.get(role, (role,))
