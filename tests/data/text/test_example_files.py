"""Every file a user may hand over: the same texts come out, or one clear sentence."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import os
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gyeol.data.tables.lines import open_text
from gyeol.data.tables.rows import BadRow
from gyeol.data.text.example import Example
from gyeol.data.text.example_files import columns_of, read_examples
from gyeol.errors import DataError

DATA = os.environ.get("GYEOL_DATA", "")
needs_nsmc = pytest.mark.skipif(
    not DATA or not (Path(DATA) / "nsmc/ratings_train.txt").is_file(), reason="GYEOL_DATA has no nsmc/ratings_train.txt"
)
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def put(folder: Path, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
    return path


def pairs(path: Path, **named: Any) -> list[tuple[str, str | None]]:
    return [(e.input, e.target) for e in read_examples(path, **named)]


def failure(path: Path, **named: Any) -> str:
    with pytest.raises(DataError) as caught:
        list(read_examples(path, **named))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def bad_rows(path: Path, **named: Any) -> tuple[list[str], list[tuple[int, str]]]:
    bad: list[BadRow] = []
    texts = [e.input for e in read_examples(path, on_bad_row=bad.append, **named)]
    return texts, [(b.line, b.kind) for b in bad]


# What was written comes back.

hangul = "".join(chr(c) for c in range(0xAC00, 0xAC00 + 400))
anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
plain = st.text(st.sampled_from("abc XY,;'\"\t\n\r\u2028\x85" + hangul), min_size=1, max_size=20)
label = st.sampled_from(["pos", "neg", "긍정"])


def rows_of(text: st.SearchStrategy[str]) -> st.SearchStrategy[list[tuple[str, str]]]:
    return st.lists(st.tuples(text.filter(lambda t: not t.isspace()), label), min_size=1, max_size=12)


def as_tsv(rows: list[tuple[str, str]]) -> str:
    def field(text: str) -> str:
        quoted = len(text) > 1 and text[0] == text[-1] == '"'
        return '"' + text.replace('"', '""') + '"' if quoted else text

    return "text\tlabel\n" + "".join(f"{field(text)}\t{target}\n" for text, target in rows)


def as_csv(rows: list[tuple[str, str]]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([("text", "label"), *rows])
    return stream.getvalue()


@quick
@given(rows_of(anything.map(lambda t: t.replace("\t", " ").replace("\n", " ") or "x")), st.booleans())
def test_tsv_round_trip(tmp_path: Path, rows: list[tuple[str, str]], mark: bool) -> None:
    assert pairs(put(tmp_path, "a.tsv", as_tsv(rows), "utf-8-sig" if mark else "utf-8")) == rows


@quick
@given(rows_of(anything), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_csv_round_trip_with_line_breaks_in_fields(tmp_path: Path, rows: list[tuple[str, str]], encoding: str) -> None:
    assert pairs(put(tmp_path, "a.csv", as_csv(rows), encoding)) == rows


@quick
@given(rows_of(plain.map(lambda t: "가" + t.replace("\u2028", "").replace("\x85", ""))))
def test_cp949_round_trip(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    assert pairs(put(tmp_path, "a.csv", as_csv(rows), "cp949")) == rows
    assert pairs(put(tmp_path, "a.csv.gz", gzip.compress(as_csv(rows).encode("cp949")))) == rows


@quick
@given(rows_of(anything), st.booleans())
def test_jsonl_round_trip(tmp_path: Path, rows: list[tuple[str, str]], ascii_only: bool) -> None:
    lines = [json.dumps({"id": i, "review": t, "class": y}, ensure_ascii=ascii_only) for i, (t, y) in enumerate(rows)]
    assert pairs(put(tmp_path, "a.jsonl", "\n".join(lines))) == rows


@quick
@given(rows_of(anything))
def test_parquet_round_trip(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    texts, labels = [r[0] for r in rows], [r[1] for r in rows]
    pl.DataFrame({"label": labels, "n": range(len(rows)), "문장": texts}).write_parquet(tmp_path / "a.parquet")
    assert pairs(tmp_path / "a.parquet") == rows


@quick
@given(st.lists(anything.map(lambda t: "x" + t.replace("\t", " ").replace("\n", " ").rstrip("\r")), min_size=1))
def test_plain_lines_round_trip(tmp_path: Path, texts: list[str]) -> None:
    path = put(tmp_path, "a.txt", "".join(t + "\r\n" for t in texts))
    assert [e.input for e in read_examples(path, need_target=False)] == texts
    assert list(open_text(path)) == list(enumerate(texts, start=1))


@quick
@given(st.binary(max_size=300), st.sampled_from(["a.tsv", "a.csv", "a.jsonl", "a.txt", "a.parquet", "a.txt.gz"]))
def test_no_bytes_whatever_raise_anything_but_a_data_error(tmp_path: Path, content: bytes, name: str) -> None:
    path = put(tmp_path, name, content)
    with suppress(DataError):
        list(read_examples(path, need_target=False, on_bad_row=lambda row: None))


# Formats.


def test_numbers_and_truths_become_labels(tmp_path: Path) -> None:
    path = put(tmp_path, "a.jsonl", '{"text":"a","label":1}\n{"text":"b","label":2.0}\n{"text":"c","label":true}\n')
    assert pairs(path) == [("a", "1"), ("b", "2"), ("c", "true")]


def test_a_text_file_with_equal_tabs_is_a_table(tmp_path: Path) -> None:
    path = put(
        tmp_path, "ratings.txt", 'id\tdocument\tlabel\n1\t"좋아" 라는 말\t1\n2\t"말 그대로 ""최악"""\t0\n3\t"홑\t0\n'
    )
    assert pairs(path) == [('"좋아" 라는 말', "1"), ('말 그대로 "최악"', "0"), ('"홑', "0")]
    assert columns_of(path) == ["id", "document", "label"]


def test_only_a_newline_ends_a_line(tmp_path: Path) -> None:
    path = put(tmp_path, "a.tsv", "text\tlabel\r\none\u2028two\x85three\t1\r\nfour\t0")
    assert pairs(path) == [("one\u2028two\x85three", "1"), ("four", "0")]


def test_line_numbers_count_the_lines_within_a_field(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", 'text,label\n"a\nb\nc",1\n\nd,0\n')
    assert list(read_examples(path)) == [Example("a\nb\nc", "1", 2), Example("d", "0", 6)]


def test_an_open_quote_costs_one_row(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", 'text,label\na,1\n"b,0\nc,1\nd,0\n')
    assert bad_rows(path) == (["a", "c", "d"], [(3, "fields")])
    assert "line 3" in failure(path)
    assert "quote" in failure(path)
    limit = csv.field_size_limit()
    long = put(tmp_path, "b.csv", 'text,label\n"a,1\n' + "b,0\n" * 3000)
    assert bad_rows(long)[1] == [(2, "fields")]
    assert len(bad_rows(long)[0]) == 3000
    assert csv.field_size_limit() == limit


def test_ascii_first_decides_no_encoding(tmp_path: Path) -> None:
    body = "text\tlabel\n" + "plain ascii\t0\n" * 100_000 + "한국어\t1\n"
    for encoding in ("utf-8", "cp949"):
        assert pairs(put(tmp_path, "a.tsv", body, encoding))[-1] == ("한국어", "1")


def test_a_character_cut_by_the_reading_window_survives(tmp_path: Path) -> None:
    for shift in range(4):
        body = "x" * (2**20 - shift) + "뷁" * 400_000
        for encoding in ("utf-8", "cp949"):
            [(_, line)] = open_text(put(tmp_path, "a.txt", body, encoding))
            assert line == body


# Columns.


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("good\t1\nbad\t0\nfine\t1\nok\t1\n", [("good", "1"), ("bad", "0"), ("fine", "1"), ("ok", "1")]),
        ("1\tgood\n0\tbad\n1\tfine\n", [("good", "1"), ("bad", "0"), ("fine", "1")]),
        ("sms\tkind\ngood\tham\nbad\tspam\nfine\tham\n", [("good", "ham"), ("bad", "spam"), ("fine", "ham")]),
        ("sms\tkind\ngood\t1\nbad\t0\nfine\t1\n", [("good", "1"), ("bad", "0"), ("fine", "1")]),
        ("문장\t긍부정\n좋다\t1\n싫다\t0\n", [("좋다", "1"), ("싫다", "0")]),
        ("LABEL \t Text\n1\ta\n2\tb\n", [("a", "1"), ("b", "2")]),
        ("label\trating\tid\ttext\n0\t3\t7\ta\n1\t9\t8\tb\n", [("a", "0"), ("b", "1")]),
        ("a\t리뷰\nb\t댓글\nc\t리뷰\nd\t댓글\n", [("a", "리뷰"), ("b", "댓글"), ("c", "리뷰"), ("d", "댓글")]),
    ],
)
def test_columns_are_found(tmp_path: Path, content: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(put(tmp_path, "a.tsv", content)) == expected


def test_columns_by_name_and_number(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", "Q,A,mood\nhi,hello,0\nbye,so long,1\n")
    assert pairs(path, input="Q", target="A") == [("hi", "hello"), ("bye", "so long")]
    assert pairs(path, input="1", target="3") == [("hi", "0"), ("bye", "1")]
    bare = put(tmp_path, "b.tsv", "good\t1\nbad\t0\n")
    assert pairs(bare, input="1", target="2") == [("good", "1"), ("bad", "0")]
    assert columns_of(bare) == ["1", "2"]
    lines = put(tmp_path, "c.tsv", "Go.\t가.\tx\nHi.\t안녕.\ty\nRun!\t뛰어!\tz\n")
    assert pairs(lines, input="1", target="2") == [("Go.", "가."), ("Hi.", "안녕."), ("Run!", "뛰어!")]


def test_without_labels(tmp_path: Path) -> None:
    assert pairs(put(tmp_path, "a.txt", "one\ntwo\n\n"), need_target=False) == [("one", None), ("two", None)]
    assert pairs(put(tmp_path, "a.csv", "text\none\n"), need_target=False) == [("one", None)]
    assert pairs(put(tmp_path, "b.csv", "one\ntwo\n"), need_target=False) == [("one", None), ("two", None)]
    assert pairs(put(tmp_path, "c.csv", "text,label\none,1\ntwo,\n"), need_target=False) == [
        ("one", "1"),
        ("two", None),
    ]
    assert pairs(put(tmp_path, "d.csv", "id,text,n\n1,one,1\n"), need_target=False) == [("one", None)]
    assert pairs(put(tmp_path, "e.jsonl", '{"text":"one"}'), need_target=False) == [("one", None)]


def test_questions_about_columns(tmp_path: Path) -> None:
    three = put(tmp_path, "a.tsv", "id\tbody_a\tbody_b\n1\tx\ty\n2\tz\tw\n")
    assert "body_a, body_b" in failure(three)
    assert "--input COL --target COL" in failure(three)
    assert "did you mean 'document'? Possible: id, document, label" in failure(
        put(tmp_path, "b.tsv", "id\tdocument\tlabel\n1\ta\t0\n"), input="docment"
    )
    assert "at once" in failure(put(tmp_path, "c.tsv", "text\tlabel\na\t1\n"), input="text", target="text")
    assert "one column" in failure(put(tmp_path, "d.csv", "text\na\n"))
    assert "plain lines" in failure(put(tmp_path, "e.txt", "a\nb\n"))
    assert "2 columns are called 'x'" in failure(put(tmp_path, "f.csv", "x,x,label\na,b,1\n"), input="x")
    assert "first row is good | fine" in failure(put(tmp_path, "g.tsv", "good\tfine\nbad\tmad\n"))
    assert "no rows under it" in failure(put(tmp_path, "h.tsv", "text\tlabel\n\n"))
    assert columns_of(put(tmp_path, "i.jsonl", '{"a":1,"b":2}\n{"c":3}')) == ["a", "b", "c"]


# Bad rows.


@pytest.mark.parametrize(
    ("name", "content", "line", "kind", "word"),
    [
        ("a.tsv", "text\tlabel\na\t1\nb\nc\t0\n", 3, "fields", "1 field where 2"),
        ("a.tsv", "text\tlabel\na\t1\nb\tb\t1\nc\t0\n", 3, "fields", "separator"),
        ("a.tsv", "text\tlabel\na\t1\nb\t \nc\t0\n", 3, "label", "label is missing"),
        ("a.tsv", "text\tlabel\na\t1\nb\t\u3000\nc\t0\n", 3, "label", "label is missing"),
        ("a.tsv", "text\tlabel\na\t1\n\u3000 \t1\nc\t0\n", 3, "empty", "text is empty"),
        ("a.tsv", "text\tlabel\na\t1\n" + "b" * 1_000_001 + "\t1\nc\t0\n", 3, "long", "1,000,001"),
        ("a.csv", "text,label\na,1\n" + "b" * 5_000_000 + ",1\nc,0\n", 3, "long", "characters"),
        ("a.tsv", "text\tlabel\na\t1\n" + "b" * 5_000_000 + "\t1\nc\t0\n", 3, "long", "4,000,000"),
        ("a.csv", 'text,label\na,1\n"",1\nc,0\n', 3, "empty", "text is empty"),
        ("a.csv", "text,label\na,1\nb\rb,1\nc,0\n", 3, "fields", "new-line"),
        ("a.jsonl", '{"text":"a","label":1}\n{"text":\n{"text":"c","label":1}', 2, "json", "not JSON"),
        ("a.jsonl", '{"text":"a","label":1}\n[1]\n{"text":"c","label":1}', 2, "json", "list"),
        ("a.jsonl", '{"text":"a","label":1}\n{"label":1}\n{"text":"c","label":1}', 2, "json", "no key 'text'"),
        ("a.jsonl", '{"text":"a","label":1}\n{"text":["b"],"label":1}\n{"text":"c","label":1}', 2, "json", "list"),
        ("a.jsonl", '{"text":"a","label":1}\n{"text":"b"}\n{"text":"c","label":1}', 2, "label", "missing"),
        ("a.jsonl", '{"text":"a","label":1}\n{"text":"b","label":NaN}\n{"text":"c","label":1}', 2, "label", "missing"),
        ("a.jsonl", '{"text":"a","label":1}\n{"text":"b\\ud800","label":1}\n{"text":"c","label":1}', 2, "json", "half"),
        ("a.jsonl", '{"text":"a","label":1}\n' + "[" * 100_000 + '\n{"text":"c","label":1}', 2, "json", "not JSON"),
        ("a.jsonl", '{"text":"a","label":1}\n{"text":null,"label":1}\n{"text":"c","label":1}', 2, "empty", "empty"),
    ],
)
def test_bad_rows(tmp_path: Path, name: str, content: str, line: int, kind: str, word: str) -> None:
    path = put(tmp_path, name, content)
    assert bad_rows(path) == (["a", "c"], [(line, kind)])
    message = failure(path)
    assert message.startswith(f"{path}, line {line}: ")
    assert word in message
    assert "; " in message


def test_bad_rows_of_parquet_and_of_plain_lines(tmp_path: Path) -> None:
    frame = pl.DataFrame({"text": ["a", None, "c", " ", "e"], "label": [1.0, 1.0, float("nan"), 0.0, None]})
    frame.write_parquet(tmp_path / "a.parquet")
    assert bad_rows(tmp_path / "a.parquet") == (["a"], [(2, "empty"), (3, "label"), (4, "empty"), (5, "label")])
    assert ", row 2: the text is empty" in failure(tmp_path / "a.parquet")
    lines = put(tmp_path, "a.txt", "a\n \n\nb\n\n\n")
    assert bad_rows(lines, need_target=False) == (["a", "b"], [(2, "empty"), (3, "empty")])


# Files that are no such files.


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    put(tmp_path, "ratings_train.tsv", "text\tlabel\na\t1\n")
    assert failure(tmp_path / "rating_train.tsv").endswith("did you mean 'ratings_train.tsv'?")
    assert "is a folder" in failure(tmp_path)
    assert "ratings_train.tsv" in failure(tmp_path)
    assert "no folder" in failure(tmp_path / "no" / "such.tsv")
    assert "is empty" in failure(put(tmp_path, "a.tsv", ""))
    assert "is empty" in failure(put(tmp_path, "a.tsv.gz", gzip.compress(b"")))
    assert "nothing but white space" in failure(put(tmp_path, "b.tsv", codecs.BOM_UTF8))
    assert "white space" in failure(put(tmp_path, "a.tsv", " \n\n"))
    assert "'.tsw'" in failure(put(tmp_path, "a.tsw", "x"))
    assert "did you mean '.tsv'?" in failure(put(tmp_path, "a.tsw", "x"))
    assert "without an ending" in failure(put(tmp_path, "plain", "x"))
    assert "cannot be read" in failure(Path("a\0b.tsv"))
    os.mkfifo(tmp_path / "pipe.tsv")
    assert "not an ordinary file" in failure(tmp_path / "pipe.tsv")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind the superuser")
def test_an_unreadable_file(tmp_path: Path) -> None:
    path = put(tmp_path, "a.tsv", "text\tlabel\na\t1\n")
    path.chmod(0)
    assert "permission" in failure(path)


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.tsv", b"text\tlabel\na\0b\t1\n", "NUL byte in line 2"),
        ("a.tsv", b"text\tlabel\n" + b"a\t1\n" * 300_000 + b"\0\n", "NUL byte in line 300002"),
        ("a.csv", b"PK\x03\x04\x14\x00", "Excel"),
        ("a.txt", b"\x1f\x8b\x08\x00", "let its name end in .gz"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\0", "PNG"),
        ("a.txt", b"PAR1\0\0", "parquet"),
        ("a.parquet", b"text\tlabel\n", "not a parquet file"),
        ("a.parquet", b"PAR1 and then nothing PAR1", "not a whole parquet file"),
        ("a.tsv.gz", b"text\tlabel\n", "gzip"),
        ("a.tsv.gz", gzip.compress(os.urandom(10_000).hex().encode())[:-2000], "gzip"),
        ("a.tsv", b"text\tlabel\ncaf\xe9\t1\n", "line 2: not UTF-8"),
        ("a.tsv", "text\tlabel\n한국\t1\n".encode() + b"\xc7\xd1\xb1\xb9\t0\n", "mixed encodings"),
        ("a.tsv", "text\tlabel\n".encode("utf-16") + b"\x00\xd8\x00\xd8", "not UTF-16"),
    ],
)
def test_what_is_no_text(tmp_path: Path, name: str, content: bytes, word: str) -> None:
    assert word in failure(put(tmp_path, name, content))


@pytest.mark.parametrize(("first", "then"), [("utf-8", "cp949"), ("cp949", "utf-8")])
def test_encodings_mixed_far_down_name_the_line(tmp_path: Path, first: str, then: str) -> None:
    body = "text\tlabel\n" + "한국어 문장\t1\n" * 200_000
    path = put(tmp_path, "a.tsv", body.encode(first) + "다른 뷁 문장\t0\n".encode(then))
    assert "line 200002" in failure(path)
    assert "mixed encodings" in failure(path)


# Size.


def test_memory_stays_bounded(tmp_path: Path) -> None:
    row = "어떤 문장이 여기에 있고 조금 더 이어진다 " * 4
    for name, lines in {
        "a.tsv": ["text\tlabel", *[f"{row}\t{i % 2}" for i in range(150_000)]],
        "a.csv": ["text,label", *[f'"{row}",{i % 2}' for i in range(150_000)]],
        "a.jsonl": [json.dumps({"text": row, "label": i % 2}, ensure_ascii=False) for i in range(150_000)],
    }.items():
        path = put(tmp_path, name, "\n".join(lines))
        del lines
        assert path.stat().st_size > 30_000_000
        tracemalloc.start()
        try:
            assert sum(1 for _ in read_examples(path)) == 150_000
            assert tracemalloc.get_traced_memory()[1] < 14_000_000
        finally:
            tracemalloc.stop()


def test_one_endless_line_stays_bounded(tmp_path: Path) -> None:
    path = put(tmp_path, "a.txt", "x" * 40_000_000)
    tracemalloc.start()
    try:
        assert bad_rows(path, need_target=False) == ([], [(1, "long")])
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    with pytest.raises(DataError, match="line 1: longer than 4,000,000 characters"):
        list(open_text(path))


# The real thing.


@needs_nsmc
@pytest.mark.parametrize(
    ("name", "rows", "empty"), [("ratings_train.txt", 150_000, 7), ("ratings_test.txt", 12_500, 2)]
)
def test_nsmc_loses_no_row(name: str, rows: int, empty: int) -> None:
    path = Path(DATA) / "nsmc" / name
    texts, bad = bad_rows(path)
    assert len(texts) == rows - empty
    assert [kind for _, kind in bad] == ["empty"] * empty
    lines = path.read_text(encoding="utf-8").split("\n")
    for example in read_examples(path, on_bad_row=lambda row: None):
        if '"' not in example.input:
            continue
        assert example.input in lines[example.line - 1].replace('""', '"') or example.input in lines[example.line - 1]
