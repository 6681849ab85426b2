"""Images and captions as people have them: tables, Karpathy's form, folders; and what is wrong with some."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol.data.annotations.captions import has_caption_part, read_captions
from gyeol.data.media.images import png_bytes
from gyeol.errors import DataError

pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install 'gyeol[images]'")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / "images" / name).write_bytes(png_bytes(np.zeros((4, 4, 3), np.uint8)))
    return tmp_path


def write(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", 'image,caption\na.png,"하나, 둘"\nb.png,둘\na.png,셋\n'),
        ("t.csv", 'id,path,split,caption\n1,a.png,x,"하나, 둘"\n2,b.png,x,둘\n3,images/a.png,x,넷\n1,a.png,x,셋\n'),
        ("t.tsv", "a.png\t하나, 둘\nb.png\t둘\na.png\t셋\n"),
        ("t.jsonl", '{"file": "a.png", "text": "하나, 둘"}\n{"file": "b.png", "text": "둘"}\n'
         '{"file": "a.png", "text": "셋"}\n'),
    ],
)  # fmt: skip
def test_tables_have_a_row_for_each_caption(folder: Path, name: str, text: str) -> None:
    found = read_captions(write(folder / name, text), "train")
    assert found.captions[:2] == [["하나, 둘", "셋"], ["둘"]]
    assert [picture.source for picture in found.images[:2]] == [folder / "images" / n for n in ("a.png", "b.png")]
    assert set(found.about()) == {"data", "sha256", "columns"}


def test_columns_are_named_by_the_user(folder: Path) -> None:
    data = write(folder / "t.csv", "caption,was,here\nx,이것,a.png\ny,저것,b.png\n")
    assert read_captions(data, "train", input="here", target="was").captions == [["이것"], ["저것"]]


KARPATHY = {
    "images": [
        {"filename": "a.png", "split": "train", "sentences": [{"raw": "one", "tokens": ["one"]}, {"raw": "two"}]},
        {"filename": "b.png", "split": "val", "sentences": [{"raw": "three"}]},
        {"filename": "c.png", "filepath": "images", "split": "restval", "sentences": [{"raw": "four"}]},
    ],
    "dataset": "toy",
}
PLAIN = [
    {"filename": "a.png", "split": "train", "captions": ["one", "two"]},
    {"file_name": "c.png", "split": "train", "caption": "four"},
    {"filename": "b.png", "split": "val", "captions": ["three"]},
]


@pytest.mark.parametrize("form", [KARPATHY, PLAIN], ids=["karpathy", "plain"])
def test_a_dataset_in_karpathy_s_form(folder: Path, form: Any) -> None:
    write(folder / "dataset.json", json.dumps(form))
    for data in (str(folder), str(folder / "dataset.json")):
        assert read_captions(data, "train").captions == [["one", "two"], ["four"]]
        assert read_captions(data, "valid").captions == [["three"]]
        assert has_caption_part(data, "valid")
        assert not has_caption_part(data, "test")
        with pytest.raises(DataError, match="no image of the split 'test'; its splits are"):
            read_captions(data, "test")


def test_images_without_captions(folder: Path) -> None:
    found = read_captions(str(folder), "test", need_captions=False)
    assert [Path(name).name for name in found.names()] == ["a.png", "b.png", "c.png"]
    one = read_captions(str(folder / "images" / "b.png"), "test", need_captions=False)
    assert one.captions == [[]]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "image,caption\na.png,zwei\nz.png,eins\n", "line 3: there is no image 'z.png'"),
        ("t.csv", "image,caption\na.png,x\na.png,\n", "line 3: "),
        ("t.csv", "image,caption\na.png,y\n,x\n", "line 3: the image's path is empty"),
        ("t.csv", f"image,caption\n{'a' * 300}.png,y\n", "line 2: there is no image 'aaa"),
        ("t.csv", "image,caption\na.png,y\na.png,\n", "line 3: the caption is missing"),
        ("d.json", json.dumps([{"filename": "b" * 300, "captions": ["x"]}]), "image 0: there is no image 'bbb"),
        ("d.json", "{", "is not a JSON file"),
        ("d.json", "[" * 100_000, "is not a JSON file"),
        ("d.json", '{"annotations": []}', "a list of images was expected"),
        ("d.json", "[3]", "a list of images was expected"),
        ("d.json", '[{"captions": ["x"]}]', 'image 0: its "filename" is None'),
        ("d.json", '[{"filename": "a.png"}]', 'image 0 (a.png): "sentences" are None'),
        ("d.json", '[{"filename": "a.png", "sentences": [{"raw": 3}]}]', "image 0 (a.png)"),
        ("d.json", '[{"filename": "../../etc/z", "captions": ["x"]}]', "there is no image '../../etc/z'"),
        ("t.xls", "x", "expected a table"),
    ],
)
def test_what_is_wrong_is_named(folder: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        read_captions(write(folder / name, text), "train")


def test_folders_and_names(folder: Path) -> None:
    with pytest.raises(DataError, match=r"is a folder without a dataset\.json"):
        read_captions(str(folder), "train")
    with pytest.raises(DataError, match="did you mean 'scenes-ko'"):
        read_captions("scene-ko", "train")
    with pytest.raises(DataError, match="is for the task 'classify', not for 'caption'"):
        read_captions("nsmc", "train")
    with pytest.raises(DataError, match="there is no file"):
        read_captions("no/such.csv", "train")


@pytest.mark.skipif(not os.environ.get("GYEOL_DATA"), reason="GYEOL_DATA is not set")
def test_aerial_photographs_as_they_are_split() -> None:
    sizes = {role: read_captions("ucm_captions", role) for role in ("train", "valid", "test")}
    assert [len(part.images) for part in sizes.values()] == [1680, 210, 210]
    assert all(len(some) == 5 for part in sizes.values() for some in part.captions)
    assert sizes["test"].images[0].load(32).shape == (32, 32, 3)
