"""Files of numeric sequences: what is written is what is read, and what is none is refused by its line."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.data.series import series_files
from gyeol.data.series.series_files import holds_series, means_series, parse_series, read_series, series_rows
from gyeol.data.series.wide_table import RowNumbers
from gyeol.data.tables.number_cells import NumberFormat
from gyeol.errors import DataError

NUMBERS = st.one_of(st.floats(-1e6, 1e6), st.integers(-100, 100).map(float), st.just(math.nan))
SERIES = st.lists(
    st.tuples(st.lists(NUMBERS, min_size=1, max_size=7), st.sampled_from(["1", "2", "-1"])), min_size=2, max_size=6
)


def saved(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def written(folder: Path, kind: str, rows: list[tuple[list[float], str]]) -> Path:
    """Write sequences of one channel; a table's rows are filled up to the longest."""
    width = max(len(values) for values, _ in rows)
    path = folder / f"a.{kind}"
    if kind == "npz":
        X = np.array([values + [math.nan] * (width - len(values)) for values, _ in rows])
        np.savez(path, X=X, y=np.array([int(label) for _, label in rows]))
    elif kind == "jsonl":
        given_ = [{"series": [None if math.isnan(v) else v for v in values], "label": label} for values, label in rows]
        saved(path, "".join(json.dumps(one) + "\n" for one in given_))
    else:
        between, blank = {"csv": (",", ""), "tsv": ("\t", ""), "txt": ("  ", "NaN")}[kind]
        fields = [[label, *(blank if math.isnan(v) else repr(v) for v in values)] for values, label in rows]
        saved(path, "".join(between.join(row + [blank] * (width + 1 - len(row))) + "\n" for row in fields))
    return path


@pytest.mark.parametrize("kind", ["csv", "tsv", "txt", "jsonl", "npz"])
@given(rows=SERIES)
@settings(max_examples=40)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, kind: str, rows: Any) -> None:
    rows = [([1.0, *values], label) for values, label in rows]  # some value there must be
    found = read_series(written(tmp_path_factory.mktemp("f"), kind, rows))
    assert found.labels == [label for _, label in rows]
    for own, (values, _) in zip(found.series, rows, strict=True):
        wanted = np.array(values)
        if kind != "jsonl":  # where NaN at the end fills a row up
            wanted = wanted[: int(np.flatnonzero(~np.isnan(wanted))[-1]) + 1]
        np.testing.assert_array_equal(own, wanted[:, None])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ucr2015.txt", "1.0000000e+00,0.5,1.5,-2\n2.0000000e+00,1,2,3\n"),
        ("ucr2018.tsv", "1\t0.5\t1.5\t-2\n2\t1\t2\t3\n"),
        ("ucr.txt", "\n   1.0000000e+00   0.5  1.5e0 -2.0\n   2.0000000e+00 1 2 3\n"),
        ("header.csv", "label,0,1,2\n1,0.5,1.5,-2\n2,1,2,3\n"),
        ("header-last.csv", "a,b,c,class\n0.5,1.5,-2,1\n1,2,3,2\n"),
        ("last.csv", "0.5,1.5,-2,1\n1,2,3,2\n"),
        ("quoted.csv", '"1","0.5","1.5","-2"\n"2","1","2","3"\n'),
        ("a.jsonl", '{"label": 1, "series": [0.5, 1.5, -2]}\n\n{"y": 2.0, "values": [1, 2, 3]}\n'),
    ],
)
def test_the_forms_that_people_have(tmp_path: Path, name: str, text: str) -> None:
    path = saved(tmp_path / name, text)
    found = read_series(path)
    assert found.labels == ["1", "2"]
    assert [one.ravel().tolist() for one in found.series] == [[0.5, 1.5, -2.0], [1.0, 2.0, 3.0]]
    assert holds_series(path)
    assert found.numbers().tolist() == [1.0, 2.0]
    assert set(found.about()) == {"data", "sha256"}
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    assert read_series(tmp_path / f"{name}.gz").lines == found.lines


def test_labels_that_are_words_and_unequal_lengths(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.csv", "걷기,1,2,3,4\n뛰기,1,,3\n걷기,5,NA,?,nan\n")
    found = read_series(path)
    assert found.labels == ["걷기", "뛰기", "걷기"]
    assert [len(one) for one in found.series] == [4, 3, 1]
    assert math.isnan(found.series[1][1, 0])
    assert holds_series(path)
    with pytest.raises(DataError, match="line 1: the target is '걷기'; a number was expected"):
        found.numbers()


def test_the_column_that_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.csv", "a,hours,c\n1,7,3\n4,8,6\n")
    assert read_series(path, target="hours").labels == ["7", "8"]
    assert read_series(path, target="3").labels == ["3", "6"]
    with pytest.raises(DataError, match="--target 'hour' is no column; did you mean 'hours'"):
        read_series(path, target="hour")


def test_rows_without_labels(tmp_path: Path) -> None:
    plain = saved(tmp_path / "a.csv", "1,2,3\n4,5,6\n")
    assert [len(row.values) for row in series_rows(plain, need_labels=False)] == [3, 3]
    assert [row.label for row in series_rows(plain, need_labels=False, steps=2)] == ["1", "4"]
    headed = saved(tmp_path / "b.csv", "label,x,y\n,2,3\nb,5,6\n")
    assert [row.label for row in series_rows(headed, need_labels=False)] == [None, "b"]
    lines = saved(tmp_path / "c.jsonl", '{"series": [1, 2]}\n')
    assert next(series_rows(lines, need_labels=False)).label is None
    np.savez(tmp_path / "d.npz", X=np.ones((2, 3)))
    assert [row.label for row in series_rows(tmp_path / "d.npz", need_labels=False)] == [None, None]


def test_several_channels(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jsonl", '{"series": [[1, 2], [3, null], [null, null]], "label": true}\n')
    row = next(series_rows(path))
    assert (row.values.shape, row.label) == ((3, 2), "true")
    X = np.arange(12.0).reshape(2, 3, 2)
    X[1, 1:] = math.nan
    np.savez_compressed(tmp_path / "b.npz", X=X, y=np.array(["a", "b"]))
    assert [row.values.shape for row in series_rows(tmp_path / "b.npz")] == [(3, 2), (1, 2)]
    np.savez(tmp_path / "c.npz", X=X, y=np.array([b"a", b"b"]), lengths=np.array([2, 3]))
    assert [row.values.shape for row in series_rows(tmp_path / "c.npz")] == [(2, 2), (3, 2)]
    assert [row.label for row in series_rows(tmp_path / "c.npz")] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "1,2,3,4\n1,2,x,4\n", "line 2: value 2 is 'x'; a number was expected"),
        ("a.csv", "1,2,3,4\n\n1,2,inf,4\n", "line 3: value 2 is infinite"),
        ("a.csv", "1,2,3,4\n1,,nan,\n", "line 2: there is no value"),
        ("a.csv", "1,2,3,4\n,2,3,4\n", "line 2: the label is missing"),
        ("a.csv", "1,2,3,4\nnan,2,3,4\n", "line 2: the label is missing"),
        ("a.csv", "label,0,1\n1,2,3\n1,2,3,4\n", "line 3: 4 cells, and 3 in the header"),
        ("a.csv", '1,2,3\n"1,2,3\n', "line 2: a quote opened here is not closed"),
        ("a.csv", "\n \n", "holds no sequence"),
        ("a.csv", "label,x\n", "holds no sequence"),
        ("a.csv", "label,a,b\n", "holds no sequence"),
        ("a.txt", "1 2 3\n1 2 drei\n", "line 2: value 2 is 'drei'"),
        ("a.dat", "1 2 3\n", "numeric sequences are read from .npz, .csv"),
        ("a.jsonl", '{"series": [1]}\n', "line 1: the label is missing"),
        ("a.jsonl", "[1, 2]\n", "line 1: one object per line was expected"),
        ("a.jsonl", '{"series": [1, 2}\n', "line 1: one object per line was expected"),
        ("a.jsonl", "[" * 100_000, "line 1: one object per line was expected"),
        ("a.jsonl", '{"label": 1, "series": [[1, 2], [3]]}\n', "line 1: 'series' is .*; a list of numbers"),
        ("a.jsonl", '{"label": 1, "series": [[[1]]]}\n', "a list of numbers was expected"),
        ("a.jsonl", '{"label": 1, "series": "123"}\n', "a list of numbers was expected"),
        ("a.jsonl", '{"label": 1, "series": []}\n', "line 1: there is no value"),
        ("a.jsonl", '{"label": 1, "series": [1, Infinity]}\n', "line 1: value 2 is infinite"),
        ("a.jsonl", '{"label": 1, "series": [1' + "0" * 400 + "]}\n", "a list of numbers was expected"),
        ("a.jsonl", '{"label": [1], "series": [1]}\n', "line 1: the label is missing"),
    ],
)
def test_what_is_no_sequence_is_named_by_its_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_series(saved(tmp_path / name, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": np.ones((2, 3))}, "holds a; an array called X was expected"),
        ({"y": np.ones(2)}, "an array X of numbers"),
        ({"X": np.ones(3), "y": np.ones(3)}, r"it is of shape \(3,\)"),
        ({"X": np.array([["a", "b"]]), "y": np.ones(1)}, "of shape .* and type <U1"),
        ({"X": np.ones((2, 3), dtype=complex), "y": np.ones(2)}, "type complex128"),
        ({"X": np.ones((2, 3))}, "an array y with one label per sequence was expected"),
        ({"X": np.ones((2, 3)), "y": np.ones(3)}, r"y is of shape \(3,\); \(2,\) was expected"),
        ({"X": np.ones((2, 3)), "y": np.ones(2), "lengths": np.array([0, 3])}, "whole numbers from 1 to 3"),
        ({"X": np.ones((2, 3)), "y": np.ones(2), "lengths": np.array([4, 3])}, "whole numbers from 1 to 3"),
        ({"X": np.ones((2, 3)), "y": np.ones(2), "lengths": np.array([1.0, 3])}, "whole numbers from 1 to 3"),
        ({"X": np.full((2, 3), math.nan), "y": np.ones(2)}, "line 1: there is no value"),
        ({"X": np.array([[1, math.inf]]), "y": np.ones(1)}, "line 1: value 2 is infinite"),
        ({"X": np.ones((0, 3)), "y": np.ones(0)}, "holds no sequence"),
        ({"X": np.ones((2, 0)), "y": np.ones(2)}, "there is no value"),
    ],
)
def test_arrays_that_do_not_serve(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=message):
        read_series(tmp_path / "a.npz")


def test_a_file_of_too_many_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series_files, "MAX_VALUES", 5)
    with pytest.raises(DataError, match="line 2: more than 5 values; split the file"):
        read_series(saved(tmp_path / "a.csv", "1,2,3,4\n2,5,6,7\n"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "text,label\n좋아요,1\n싫어요,0\n"),
        ("a.csv", "id,document,label\n1,좋아요,1\n2,싫어요,0\n3,그저,0\n4,좋다,1\n"),
        ("a.tsv", "1\t좋아요\t0\t3\n2\t싫어요\t0\t4\n3\t그저 그래요\t1\t5\n"),
        ("a.csv", "12345,1\n67890,2\n"),
        ("a.txt", "오늘 날씨 좋다\n그저 그런 영화\n"),
        ("a.jsonl", '{"text": "a", "label": "b"}\n'),
        ("a.jsonl", "not json\n"),
        ("a.parquet", "PAR1"),
        ("a.csv", '"'),
        ("a.csv", ""),
    ],
)
def test_texts_are_no_sequences(tmp_path: Path, name: str, text: str) -> None:
    assert not holds_series(saved(tmp_path / name, text))


def test_what_a_name_means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert means_series("ecg5000")
    assert not means_series("nsmc")
    assert not means_series("nothing.npz")
    saved(tmp_path / "nsmc", "1 2 3\n")
    assert not means_series("nsmc")  # a file of that name, and of no ending that holds numbers


@pytest.mark.parametrize("text", ["1 2 3", "1,2,3", "1\t2\t3", "[1, 2, 3]", '{"series": [1, 2, 3], "label": "a"}'])
def test_one_sequence(text: str) -> None:
    row = parse_series(text, "text 1", 1)
    assert (row.values.ravel().tolist(), row.line) == ([1.0, 2.0, 3.0], 1)


@pytest.mark.parametrize(
    ("text", "message"), [("eins", "value 1 is 'eins'"), ("[1, ]", "one object"), ("", "no value")]
)
def test_one_that_is_none(text: str, message: str) -> None:
    with pytest.raises(DataError, match=f"^text 1: .*{message}"):
        parse_series(text, "text 1", 1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "1;0,5;1,5;-2\n2;1;2;3,25\n"),
        ("a.tsv", "1\t0,5\t1,5\t-2\n2\t1\t2\t3,25\n"),
        ("a.txt", "1 0,5 1,5 -2\n2 1 2 3,25\n"),
        ("a.txt", "1;0,5;1,5;-2\n2;1;2;3,25\n"),
        ("head.csv", "label;a;b;c\n1;0,5;1,5;\u22122\n2;1;2;3,25\n"),
        ("quoted.csv", 'label,a,b,c\n1,"0,5","1,5",-2\n2,1,2,"3,25"\n'),
    ],
)
def test_decimal_commas(tmp_path: Path, name: str, text: str) -> None:
    path = saved(tmp_path / name, text)
    found = read_series(path)
    assert [one.ravel().tolist() for one in found.series] == [[0.5, 1.5, -2.0], [1.0, 2.0, 3.25]]
    assert (found.labels, found.remember()) == (["1", "2"], {"decimal_mark": ","})
    assert holds_series(path)


def test_decimal_marks_are_judged_over_all_values(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tsv", "a\t1,234\t5,678\nb\t2,345\t6,789\n")
    with pytest.raises(DataError, match=r"line 1: '1,234' in column 'values' may be 1234 or 1.234, .* say --decimal"):
        read_series(path)
    for found in (
        read_series(path, numbers=NumberFormat(",")),
        read_series(path, remembered=","),
        read_series(saved(tmp_path / "b.tsv", "a\t1,234\t5,678\nb\t2,345\t0,789\n")),
    ):
        assert found.series[0].ravel().tolist() == [1.234, 5.678]
    thousands = read_series(saved(tmp_path / "c.tsv", "a\t1,234\t5,678\nb\t2,345\t6,789,000\n"))
    assert thousands.series[1].ravel().tolist() == [2345.0, 6789000.0]
    quoted = read_series(saved(tmp_path / "d.csv", 'a,"1,234",5\nb,"2,345",6\n'))
    assert quoted.series[0].ravel().tolist() == [1234.0, 5.0]
    with pytest.raises(DataError, match=r"line 2: column 'values' has two decimal marks"):
        read_series(saved(tmp_path / "e.tsv", "a\t1,5\t5\nb\t2.5\t6\n"))


def test_targets_that_are_numbers(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.csv", "y;a;b;c\n12,5;0,5;1;2\n1.234,5;1,5;2;3\n")
    assert read_series(path, target="y").numbers().tolist() == [12.5, 1234.5]
    won = saved(tmp_path / "b.csv", 'y,a,b,c\n"₩1,234,587,881",0.5,1,2\n"₩2,000",1.5,2,3\n')
    assert read_series(won, target="y").numbers().tolist() == [1234587881.0, 2000.0]


def test_what_stands_for_nothing(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.csv", "a,1,-99,3\nb,*,5,6\n")
    found = read_series(path, numbers=NumberFormat(missing=["-99", "*"]))
    assert np.isnan(np.hstack(found.series)).tolist() == [[False, True], [True, False], [False, False]]
    with pytest.raises(DataError, match=r"line 2: value 1 is '\*'; a number was expected, .*--missing"):
        read_series(path)


def test_one_sequence_with_decimal_commas() -> None:
    comma = RowNumbers(decimal=",")
    for text in ("0,5 1,5 2", "0,5; 1,5; 2", "0,5\t1,5\t2"):
        assert parse_series(text, "text 1", 1, comma).values.ravel().tolist() == [0.5, 1.5, 2.0]
    assert parse_series("0.5; 1.5; 2", "text 1", 1).values.ravel().tolist() == [0.5, 1.5, 2.0]
