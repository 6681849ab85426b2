"""The columns that a model was trained on are found again: by name in any Unicode form, by place without a header."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from gyeol.data.tables.columns import Columns
from gyeol.data.text.example_files import read_examples
from gyeol.data.text.trained_columns import TrainedColumns, about_columns

NAMED = about_columns(Columns(("번호", "감상", "평가"), True, 1, 2))
NUMBERED = about_columns(Columns(("1", "2", "3"), False, 2, 0))


def remembered(about: dict[str, object]) -> TrainedColumns:
    found = TrainedColumns.of(about)
    assert found is not None
    return found


def file(tmp_path: Path, text: str, name: str = "a.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


ROWS = "".join(f"{n},글 {n} 좋다,{'긍정' if n % 2 else '부정'}\n" for n in range(12))


def test_they_are_found_by_name(tmp_path: Path) -> None:
    own = remembered(NAMED)
    path = file(tmp_path, "text,평가,감상\n" + "".join(f"x{n},{n % 2},글 {n}\n" for n in range(9)))
    assert own.find(path, None, None, need_target=True) == ("감상", "평가", "")
    assert own.find(path, "text", None, need_target=True) == ("text", "평가", "")
    assert own.find(path, None, None, need_target=False)[0] == "감상"


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_is_the_same_in_either_unicode_form(tmp_path: Path, form: str) -> None:
    name = unicodedata.normalize(form, "감상")  # type: ignore[arg-type]
    path = file(tmp_path, f"평가,{name},번호\n" + "".join(f"{n % 2},글 {n},{n}\n" for n in range(9)))
    assert remembered(NAMED).find(path, None, None, need_target=True) == (name, "평가", "")


def test_without_a_header_their_places_tell(tmp_path: Path) -> None:
    path = file(tmp_path, ROWS)
    assert remembered(NAMED).find(path, None, None, need_target=True) == ("2", "3", "")
    assert remembered(NUMBERED).find(path, None, None, need_target=True) == ("3", "1", "")


def test_a_file_that_lacks_them_is_said_to(tmp_path: Path) -> None:
    path = file(tmp_path, "document,rating\n" + "".join(f"글 {n},{n % 2}\n" for n in range(9)))
    input, target, note = remembered(NAMED).find(path, None, None, need_target=True)
    assert (input, target) == (None, None)
    assert note.startswith("a.csv has no column '감상' and no column '평가', which the model was trained on")
    assert "'평가'" not in remembered(NAMED).find(path, None, None, need_target=False)[2]


@pytest.mark.parametrize("header", [True, False])  # models of before said False of objects
def test_keys_of_objects_are_names(tmp_path: Path, header: bool) -> None:
    rows = [
        {"id": n, "text": f"글 {n} 좋다", "tags": ["가", "나"][: 1 + n % 2], "memo": "아무 말이나"} for n in range(9)
    ]
    path = file(tmp_path, "".join(json.dumps(row) + "\n" for row in rows), "a.jsonl")
    kept: list[Columns] = []
    list(read_examples(path, input="text", target="tags", on_columns=kept.append))
    about = about_columns(kept[0])
    assert about["columns"]["header"] is True
    about["columns"]["header"] = header
    assert remembered(about).find(path, None, None, need_target=True) == ("text", "tags", "")
    table = file(tmp_path, "tags,text,memo\n" + "".join(f"{n % 2},글 {n},아무 말\n" for n in range(9)))
    assert remembered(about).find(table, None, None, need_target=True) == ("text", "tags", "")


@pytest.mark.parametrize("text", ["한 줄\n두 줄\n", "text\n한 줄\n"])
def test_one_column_leaves_no_choice(tmp_path: Path, text: str) -> None:
    for own in (NAMED, NUMBERED):
        assert remembered(own).find(file(tmp_path, text), None, None, need_target=False) == (None, None, "")


@pytest.mark.parametrize("about", [{}, {"columns": 3}, {"columns": None}])
def test_models_of_before_keep_none(about: dict[str, object]) -> None:
    assert TrainedColumns.of(about) is None


def test_what_is_kept_is_read_again() -> None:
    own = remembered(NAMED)
    assert (own.header, own.input, own.target, own.names) == (True, "감상", "평가", ("번호", "감상", "평가"))
    assert about_columns(None) == {}
    assert remembered({"columns": {"header": 1, "input": 2, "names": [1, "1"]}}) == TrainedColumns(
        False, None, None, ("1",)
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", '{"text": "a", "labels": ["x", "y"]}\n{"text": "b", "labels": ["x"]}\n'),
        ("a.txt", "__label__x __label__y a\n__label__x b\n"),
    ],
)
def test_names_without_a_header_are_found_in_the_same_file(tmp_path: Path, name: str, text: str) -> None:
    path = file(tmp_path, text, name)
    found: list[Columns] = []
    list(read_examples(path, on_columns=found.append))
    own = remembered(about_columns(found[0]))
    assert own.find(path, None, None, need_target=True) == (own.input, own.target, "")
