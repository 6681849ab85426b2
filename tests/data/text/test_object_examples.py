"""JSON as people write it: lines, arrays, lists under a key, columns."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from gyeol.data.tables import objects
from gyeol.data.text.example import Example
from gyeol.data.text.example_files import columns_of, read_examples
from gyeol.errors import DataError

ROWS = [{"id": 7, "text": "좋다", "label": 1}, {"id": 8, "text": "나쁘다", "label": 0}]
WANTED = [("좋다", "1"), ("나쁘다", "0")]


def pairs(path: Path, **named: Any) -> list[tuple[str, str | None]]:
    return [(e.input, e.target) for e in read_examples(path, **named)]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "value",
    [
        ROWS,
        {"data": ROWS},
        {"version": "1.0", "examples": ROWS},
        {name: {str(n): row[name] for n, row in enumerate(ROWS)} for name in ROWS[0]},  # pandas: to_json()
        {name: [row[name] for row in ROWS] for name in ROWS[0]},
    ],
)
def test_a_file_that_is_one_value(tmp_path: Path, value: Any, indent: int | None) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent), "utf-8")
    assert pairs(path) == WANTED
    assert columns_of(path) == ["id", "text", "label"]
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert pairs(tmp_path / "b.json.gz") == WANTED
    no_ending = tmp_path / "export"
    no_ending.write_bytes(path.read_bytes())
    assert pairs(no_ending) == WANTED


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.ndjson"])
def test_lines_by_any_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("\n".join(map(json.dumps, ROWS)), "utf-8")
    assert pairs(path) == WANTED
    path.write_text(json.dumps(ROWS), "utf-8")
    assert pairs(path) == WANTED


@pytest.mark.parametrize(
    ("content", "word"),
    [('[{"text": "a",]', "line 1: not JSON"), ('{"a": 1,\n"b"}', "line 2: not JSON"), ("[]", "a list of objects"),
     ('[\n1,\n2]', "not an object")],
)  # fmt: skip
def test_what_is_none(tmp_path: Path, content: str, word: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(DataError, match=word):
        pairs(path, need_target=False)


def test_a_large_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "MAX_JSON", 20)
    path = tmp_path / "a.json"
    path.write_text(json.dumps(ROWS))
    with pytest.raises(DataError, match="write JSON lines"):
        pairs(path)


def test_labels_are_the_same_in_all_formats(tmp_path: Path) -> None:
    """Numbers, lists of one label, a class called nan; only what is missing is missing."""
    (tmp_path / "a.csv").write_text("text,label\na,0\nb,1.0\nc,0.0\nd,1\n")
    (tmp_path / "a.tsv").write_text('text\tlabel\na\t0.0\nb\t["1"]\nc\t[0.0]\nd\t1\n')
    (tmp_path / "a.jsonl").write_text(
        "\n".join(json.dumps({"text": t, "label": y}) for t, y in zip("abcd", [0, ["1"], "0.0", 1.0], strict=True))
    )
    pl.DataFrame({"text": list("abcd"), "label": [0.0, 1.0, 0.0, 1.0]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"text": list("abcd"), "label": [["0"], ["1"], ["0"], ["1"]]}).write_parquet(tmp_path / "b.parquet")
    for name in ("a.csv", "a.tsv", "a.jsonl", "a.parquet", "b.parquet"):
        assert [y for _, y in pairs(tmp_path / name)] == ["0", "1", "0", "1"], name
    (tmp_path / "n.csv").write_text("text,label\na,nan\nb,pad\nc,nan\nd,None\n")
    assert [y for _, y in pairs(tmp_path / "n.csv")] == ["nan", "pad", "nan", "None"]
    (tmp_path / "n.jsonl").write_text('{"text":"a","label":"nan"}\n{"text":"b","label":null}\n{"text":"c","label":NaN}')
    bad: list[int] = []
    assert [e.target for e in read_examples(tmp_path / "n.jsonl", on_bad_row=lambda row: bad.append(row.line))] == [
        "nan"
    ]
    assert bad == [2, 3]


def test_several_labels_are_joined_and_ambiguous_ones_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text":"a","label":["액션","긍정"]}\n{"text":"b","label":["x|y"]}\n{"text":"c","label":[]}')
    bad: list[tuple[int, str]] = []
    found = list(read_examples(path, on_bad_row=lambda row: bad.append((row.line, row.kind))))
    assert found == [Example("a", "액션|긍정", 1)]
    assert bad == [(2, "label"), (3, "label")]


def test_other_columns_come_where_they_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1, "text": "a", "tags": ["x"], "label": null}\n')
    [row] = read_examples(path, need_target=False, others=True)
    assert row.others == (("id", "1"), ("tags", '["x"]'), ("label", ""))
    pl.DataFrame({"id": [4], "text": ["a"]}).write_parquet(tmp_path / "a.parquet")
    [row] = read_examples(tmp_path / "a.parquet", need_target=False, others=True)
    assert row.others == (("id", "4"),)


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip"])
@pytest.mark.parametrize("start", [4, 40])
def test_parquet_that_is_damaged_past_its_schema_is_refused(tmp_path: Path, compression: Any, start: int) -> None:
    path = tmp_path / "a.parquet"
    frame = pl.DataFrame({"text": [f"글 {n} " * 9 for n in range(300)], "label": [n % 2 for n in range(300)]})
    frame.write_parquet(path, compression=compression)
    whole = path.read_bytes()
    path.write_bytes(whole[:start] + bytes(255 - byte for byte in whole[start : start + 300]) + whole[start + 300 :])
    with pytest.raises(DataError, match=r"a\.parquet is damaged: its rows cannot be read \(.*\); write it again"):
        pairs(path)


def test_a_panic_of_the_reader_is_a_damaged_file(tmp_path: Path) -> None:
    class Panics:
        def collect(self) -> None:
            raise pl.exceptions.PanicException("assertion failed")

    with pytest.raises(DataError, match=r"a\.parquet is damaged: .*\(assertion failed\)"):
        objects.collected(tmp_path / "a.parquet", Panics())
