"""How answers are written: rows that have none, the file's other columns, names that meet, objects that stay whole."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from gyeol.cli.answers.rows import Item, chunked
from gyeol.cli.answers.stream import Answers, Handling, Layout, format_of, formatted
from gyeol.errors import DataError, ParameterError

from ..conftest import Run

LAYOUT = Layout(("size",), lambda one: [str(one)], lambda one: {"size": one}, {"size": None})


def sizes(values: list[str]) -> list[int]:
    """Answer with the length of a text, and with none where one of them is "?": as a model refuses a whole batch."""
    if "?" in values:
        raise DataError(f"text {values.index('?')} is no text")
    return [len(value) for value in values]


def answers(*texts: str, size: int = 4, **how: bool) -> Answers:
    items = [Item(n, text, text, (("id", f"x{n}"),)) for n, text in enumerate(texts, 1)]
    return Answers(chunked(items, size), sizes, LAYOUT, "a.csv", Handling(**how))


def lines(found: Answers) -> list[dict[str, Any]]:
    return [json.loads(line) for line in "".join(formatted(found, "lines", {})).splitlines()]


def test_a_bad_row_costs_itself_only(capsys: pytest.CaptureFixture[str]) -> None:
    found = answers("a", "bb", "?", "cccc", "?", "dd")
    assert [(one["line"], one["id"], one["size"]) for one in lines(found)] == [
        (1, "x1", 1), (2, "x2", 2), (3, "x3", None), (4, "x4", 4), (5, "x5", None), (6, "x6", 2),
    ]  # fmt: skip
    assert found.summary() == {"count": 4, "without_answer": 2}
    assert capsys.readouterr().err == "a.csv: 2 row(s) without an answer, line 3, 5: the text is no text\n"


def test_skipped_rows_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert [one["line"] for one in lines(answers("a", "?", "b", skip=True))] == [1, 3]
    assert "1 row(s) skipped, line 2" in capsys.readouterr().err


def test_rows_left_out_do_not_end_a_pipe() -> None:
    """Lines of a pipe come one by one: a chunk may hold none that is answered."""
    assert [one["line"] for one in lines(answers("a", "?", "?", "b", size=1, skip=True, live=True))] == [1, 4]
    assert [one["line"] for one in lines(answers("?", "?", "b", size=1, skip=True, live=True))] == [3]


def test_strict_stops_at_the_first() -> None:
    with pytest.raises(DataError, match=r"a\.csv, line 2: the text is no text; without --strict"):
        lines(answers("a", "?", "b", strict=True))


def test_a_file_of_which_nothing_can_be_answered_is_a_mistake() -> None:
    with pytest.raises(DataError, match=r"a\.csv, line 1: the text is no text; no row could be answered so far"):
        lines(answers("?", "?"))
    assert [one["size"] for one in lines(answers("?", "?", live=True))] == [None, None]


@pytest.mark.parametrize("form", ["tsv", "csv"])
def test_tables_keep_the_other_columns(form: str) -> None:
    text = "".join(formatted(answers("a", "?"), form, {}))
    rows = list(csv.reader(io.StringIO(text), delimiter="\t" if form == "tsv" else ","))
    assert rows == [["line", "size", "id", "text"], ["1", "1", "x1", "a"], ["2", "", "x2", "?"]]


def test_columns_called_as_the_answer_is() -> None:
    others = (("size", "7"), ("file_size", "8"), ("line", "9"), ("text", "t"), ("error", "e"))
    items = [Item(1, "a", "a", others)]
    found = Answers(chunked(items, 4), sizes, LAYOUT, "a.csv")
    assert lines(found) == [
        {"line": 1, "size": 1, "file_file_size": "7", "file_size": "8", "file_line": "9", "file_text": "t",
         "file_error": "e", "text": "a"},
    ]  # fmt: skip


def test_an_object_that_a_later_row_ends_can_still_be_read() -> None:
    pieces: list[str] = []
    found = answers("a", "b", "c", "?", size=2, strict=True)
    with pytest.raises(DataError):
        collect(pieces, formatted(found, "object", {"model": "m"}))
    whole = json.loads("".join(pieces))
    assert [one["size"] for one in whole["predictions"]] == [1, 1]
    assert whole["error"] == {"type": "DataError", "status": 2, "message": whole["error"]["message"]}
    assert "line 4" in whole["error"]["message"]


def collect(into: list[str], pieces: Iterable[str]) -> None:
    for piece in pieces:
        into.append(piece)


def test_formats_by_ending() -> None:
    assert [format_of(Path(name)) for name in ("a.tsv", "a.txt", "a", "a.csv", "a.ndjson", "a.json")] == [
        "tsv", "tsv", "tsv", "csv", "lines", "object",
    ]  # fmt: skip
    plain = [format_of(Path(name), plain=True) for name in ("a.txt", "a.en", "a", "a.tsv", "a.jsonl")]
    assert plain == ["plain", "plain", "plain", "tsv", "lines"]
    with pytest.raises(ParameterError, match=r"unknown file type '\.xlsx'"):
        format_of(Path("a.xlsx"))


# A whole command.


def test_ids_come_back_and_an_empty_row_keeps_its_own(gyeol: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,label,text\nx1,0,정말 좋아요\nx2,1,\nx3,0,돈이 아깝다\n", encoding="utf-8")
    asked = ["predict", model, "--file", tmp_path / "a.csv"]
    for ending, read in (("csv", ","), ("tsv", "\t")):
        assert gyeol(*asked, "--out", tmp_path / f"o.{ending}").status == 0
        with (tmp_path / f"o.{ending}").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter=read))
        assert [(r["line"], r["id"], r["label"], r["file_label"]) for r in rows] == [
            ("2", "x1", "긍정", "0"), ("3", "x2", "", "1"), ("4", "x3", "부정", "0"),
        ]  # fmt: skip
    told = gyeol(*asked, "--json").object
    assert [(p["id"], p["label"], p["file_label"]) for p in told["predictions"]] == [
        ("x1", "긍정", "0"), ("x2", None, "1"), ("x3", "부정", "0"),
    ]  # fmt: skip
    assert gyeol(*asked, "--out", tmp_path / "o.jsonl").status == 0
    assert [json.loads(line) for line in (tmp_path / "o.jsonl").read_text("utf-8").splitlines()] == told["predictions"]
