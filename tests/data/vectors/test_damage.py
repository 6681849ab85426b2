"""Bad files of word vectors are an error with its line; any bytes are a table or an error, and memory stays bounded."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gyeol.data.vectors.blocks import VectorTable
from gyeol.data.vectors.vector_files import FORMS, form_of, read_vectors, write_vectors
from gyeol.errors import DataError, ParameterError, SaveError

MB = 1 << 20

# The examples of one test share its folder; each writes its file over the last one.
once = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def text(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path, **named: Any) -> VectorTable:
    return read_vectors(path, cache=False, **named)


def refused(path: Path, *parts: str, **named: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(path, **named)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    for part in parts:
        assert part in message, message
    return message


# Bad files


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("3 2\na 1 2\nb 3 4\n", ["line 1", "promises 3 words", "line breaks: 2"]),
        ("3 2\na 1.25 2.25\nb 3.25 4.25\n", ["line 1", "promises 3 words", "2 lines follow"]),
        ("1 2\na 1 2\nb 3 4\nc 5 6\n", ["line 1", "promises 1 words", "3 lines follow"]),
        ("2 3\na 1 2\nb 3 4\n", ["promises 2 words of 3 numbers", "12 bytes follow"]),
        ("2 3\na 1.25 2.25\nb 3.25 4.25\n", ["line 2", "too few numbers, 2 after the word 'a'", "3 were expected"]),
        ("2 1\na 1.25 2.25\nb 3.25 4.25\n", ["line 2", "more numbers than the 1 that the header promises"]),
        ("0 5\n", ["promises 0 words"]),
        ("5 0\na\n", ["5 words of 0 numbers"]),
        ("1000000000000 100\na 1 2\n", ["promises 1,000,000,000,000 words of 100 numbers"]),
        ("2 1000000000\na 1 2\nb 1 2\n", ["promises 2 words of 1,000,000,000 numbers"]),
        ("a 1 2\nb 3 4\nc 5\n", ["line 3", "too few numbers, 1 after the word 'c'", "2 were expected"]),
        ("a 1 2\nb 3 4 5\n", ["line 2", "more numbers than the 2"]),
        ("a 1 2 3\nb 4 5 6 c 7 8 9\nd 0 1 2\n", ["line 2", "3 numbers more than the 3", "line break missing"]),
        ("a 1 2\nb nan 4\n", ["line 2", "'nan' is not finite"]),
        ("a 1 2\nb 3 -Inf\n", ["line 2", "'-Inf' is not finite", "number 2"]),
        ("a 1 2\nb 3 1e39\n", ["line 2", "'1e39', too large", "number 2"]),
        ("a 1 2\nb 3,5 4\n", ["line 2", "'3,5' is not a number"]),
        ("a 1 2\nb 0x1 4\n", ["line 2", "'0x1' is not a number"]),
        ("a 1 2\nb 1_0 4\n", ["line 2", "'1_0' is not a number"]),
        ("a 1 2\nb ٣ 4\n", ["line 2", "'٣' is not a number"]),
        ("a 1 2\nb 1-2 4\n", ["line 2", "'1-2' is not a number"]),
        ("a 1 2\n 3 4\n", ["line 2", "a word is missing"]),
        ("a 1 2\n\nb 3 4\n", ["line 2", "empty"]),
        ("a\t1\t2\nb\t3\t4\n", ["line 1", "ends in no number"]),
        ("a 1 2\nb\t3\t4\n", ["line 2", "not tabs"]),
        ("just a sentence\nand one more\n", ["line 1", "ends in no number"]),
        (b"a 1 2\nb\xff 3 4\n", ["line 2", "not UTF-8"]),
        (b"2 2\na 1 2\n\xea\xb0 3 4\n", ["line 3", "not UTF-8"]),
        (b"\xb0\xa1 1 2\nb 3 4\n", ["line 1", "not UTF-8"]),
        ("", ["is empty"]),
        ("\ufeff", ["line 1"]),
        ("\n\n", ["line 1"]),
        (b"\x80\x04\x95pickle", ["a pickle, which is never opened"]),
        (b"\xba\x16\x4f\x2f\x0c\0\0\0", ["a fastText model"]),
        (b"\x1f\x8b\x08\0", ["let its name end in .gz"]),
        (b"\0\1\2\3 \0\0\n", ["neither text nor"]),
        ("a 1 2\n".encode("utf-16"), ["UTF-16"]),
        ("a" + " 1" * 140_000, ["140,000 numbers per word"]),
        ("a 1\n" + "b" * 9_000_000 + " 1\n", ["more than 4,000,000 bytes"]),
    ],
)
def test_bad_text_is_an_error_with_its_line(tmp_path: Path, content: str | bytes, parts: list[str]) -> None:
    refused(text(tmp_path / "x.vec", content), *parts)


def binary(rows: list[tuple[bytes, list[float]]], header: bytes) -> bytes:
    return header + b"".join(word + b" " + np.array(v, "<f4").tobytes() for word, v in rows)


GOOD = [(b"a", [0.1, 0.2, 0.3]), (b"b", [0.4, 0.5, 0.6])]


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (binary(GOOD, b"3 3\n"), ["promises 3 words of 3 numbers", "28 bytes follow"]),
        (binary([(b"abcdefghijklmnop", [1, 2, 3])], b"2 3\n"), ["ends within entry 2", "2 words", "limit=1"]),
        (binary(GOOD, b"1 3\n"), ["promises 1 words of 3 numbers", "but 2 words follow"]),
        (binary(GOOD, b"2 2\n"), ["entry 2"]),
        (binary(GOOD, b"2 4\n"), ["promises 2 words of 4 numbers"]),
        (binary(GOOD, b"2 3\n")[:-1], ["bytes at least"]),
        (binary(GOOD, b"2 3\n") + b"more", ["2 words and 4 bytes follow"]),
        (binary(GOOD, b"1000000000000 3\n"), ["1,000,000,000,000"]),
        (binary(GOOD, b"2 1000000000\n"), ["1,000,000,000 numbers"]),
        (binary([GOOD[0], (b"b", [1, float("nan"), 2])], b"2 3\n"), ["entry 2", "number 2", "is nan"]),
        (binary([GOOD[0], (b"b", [1, 2, float("-inf")])], b"2 3\n"), ["entry 2", "number 3", "is -inf"]),
        (binary([GOOD[0], (b"", [1, 2, 3])], b"2 3\n") + b"x", ["entry 2", "a word is missing"]),
        (binary([GOOD[0], (b"b\nc", [1, 2, 3])], b"2 3\n"), ["entry 2", "holds a line break"]),
        (binary([GOOD[0], (b"\xff", [1, 2, 3])], b"2 3\n"), ["entry 2", "not UTF-8"]),
        (binary([GOOD[0]], b"2 3\n") + b"x" * 70_000, ["entry 2", "no space ends the word"]),
    ],
)
def test_bad_binary_is_an_error_with_its_entry(tmp_path: Path, content: bytes, parts: list[str]) -> None:
    refused(text(tmp_path / "x.bin", content), *parts, form="word2vec-binary")


def test_what_is_no_file(tmp_path: Path) -> None:
    refused(tmp_path / "none.vec", "there is no file")
    refused(tmp_path, "is a folder")
    if os.path.exists("/dev/null"):
        refused(Path("/dev/null"), "not an ordinary file")
    with pytest.raises(DataError, match="there is no file"):
        form_of(tmp_path / "none.vec")
    with pytest.raises(ParameterError, match="did you mean 'glove'"):
        read(text(tmp_path / "x", "a 1\n"), form="glov")
    with pytest.raises(ParameterError, match="no form"):
        write_vectors(tmp_path / "y", ["a"], np.ones((1, 1), np.float32), form="auto")


def test_the_wrong_form_is_told(tmp_path: Path) -> None:
    refused(text(tmp_path / "x", "a 1 2\nb 1 2\n"), "line 1", "read it as 'glove'", form="word2vec")
    refused(text(tmp_path / "x", "2 2\na 1 2\nb 1 2\n"), "line 1", "read the file as 'word2vec'", form="glove")


def test_a_damaged_gzip_file(tmp_path: Path) -> None:
    packed = gzip.compress(b"a 1 2\n" * 1000)
    refused(text(tmp_path / "x.gz", packed[:-20]), "not a whole gzip file")
    refused(text(tmp_path / "x.gz", b"a 1 2\n"), "not a whole gzip file")
    refused(text(tmp_path / "x.gz", gzip.compress(b"")), "is empty")
    refused(text(tmp_path / "x.gz", gzip.compress(b"1000000000000 100\na 1\n")), "line 2")


@pytest.mark.parametrize("form", FORMS)
def test_what_cannot_be_written(tmp_path: Path, form: str) -> None:
    one = np.ones((1, 2), np.float32)
    for words, vectors, why in [
        (["a\nb"], one, "line break"),
        ([""], one, "empty"),
        (["\ud800"], one, "surrogate"),
        (["x" * 70_000], one, "65,536 bytes"),
        (["a"], one * np.float32(np.nan), "'a' has a NaN"),
        (["a", "b"], one, "2 words"),
        (["a"], one.astype(np.float64), "float64"),
        (["a"], one[0], r"\(V, D\)"),
        ([], one[:0], "at least one"),
        (["a", "b", "a"], np.ones((3, 2), np.float32), "'a' occurs twice"),
    ]:
        with pytest.raises(DataError, match=why):
            write_vectors(tmp_path / "x", words, vectors, form=form)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "folder").mkdir()
    with pytest.raises(SaveError, match="folder"):
        write_vectors(tmp_path / "folder", ["a"], one, form=form)


# Fuzz and memory


def gives_or_refuses(path: Path) -> None:
    for form in ("auto", *FORMS):
        try:
            back = read(path, form=form)
        except DataError as error:
            if "\n" in str(error):
                raise AssertionError("an error of several lines") from error
        else:
            assert back.vectors.shape[0] == len(back.words) == len(set(back.words)) > 0
            assert np.isfinite(back.vectors).all()


@once
@given(content=st.binary(max_size=200))
def test_any_bytes_give_a_table_or_an_error(tmp_path: Path, content: bytes) -> None:
    gives_or_refuses(text(tmp_path / "x", content))
    gives_or_refuses(text(tmp_path / "x.gz", content))


pieces = st.sampled_from(
    [*"ab159.-+eE \n\r\t\"',#", "nan", "inf", "  ", " 1", "\n\n", "\ufeff", "가", "\0", "1e999", "_"]
)


@once
@given(content=st.lists(pieces, max_size=40).map("".join))
def test_any_text_gives_a_table_or_an_error(tmp_path: Path, content: str) -> None:
    gives_or_refuses(text(tmp_path / "x", content))
    gives_or_refuses(text(tmp_path / "x", "2 2\n" + content))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    form = draw(st.sampled_from(FORMS))
    rows = [("가", b"1 -2.5 3e-5"), ("b c" if form == "glove" else "bc", b"0.1 4 5"), ("d", b"-0 1 1")]
    if form == "word2vec-binary":
        body = binary([(w.encode(), [float(x) for x in v.split()]) for w, v in rows], b"")
    else:
        body = b"".join(w.encode() + b" " + v + b"\n" for w, v in rows)
    content = bytearray((b"" if form == "glove" else b"3 3\n") + body)
    for _ in range(draw(st.integers(1, 4))):
        at, until = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
        match draw(st.sampled_from(["flip", "cut", "repeat", "insert"])):
            case "flip" if at < len(content):
                content[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del content[at:until]
            case "repeat":
                content[at:at] = content[at:until] * draw(st.integers(1, 3))
            case _:
                content[at:at] = draw(st.binary(max_size=4))
    return bytes(content)


@once
@given(content=damaged())
def test_a_damaged_file_gives_a_table_or_an_error(tmp_path: Path, content: bytes) -> None:
    gives_or_refuses(text(tmp_path / "x", content))


def peak(action: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("header", [b"1000000000000 100\n", b"2 1000000000\n", b"1000000000000 1000000000000\n"])
@pytest.mark.parametrize("form", FORMS[:2])
@pytest.mark.parametrize("packed", [False, True])
def test_a_header_that_promises_too_much_takes_no_memory(
    tmp_path: Path, header: bytes, form: str, packed: bool
) -> None:
    content = header + b"word 0.25 0.5\n" * 20_000
    path = text(tmp_path / ("x.gz" if packed else "x"), gzip.compress(content) if packed else content)
    assert peak(lambda: refused(path, form=form)) < 2 * len(content) + 64 * MB


@pytest.mark.parametrize(
    "content",
    [
        b"".join(b"w%d" % i + b" 0" * 200 + b"\n" for i in range(20_000)),  # the shortest numbers
        b"a 1\n" * 150_000,
        b"a" + b" 1" * 4_000_000,
        b"\n" * 8_000_000 + b"a 1\n",
        b" " * 8_000_000,
        (b"a" + b" 1" * 60_000 + b"\n") * 10 + b"b 1\n" * 150_000,
    ],
    ids=["short", "rows", "line", "breaks", "spaces", "mixed"],
)
def test_hostile_text_takes_no_more_than_twice_its_size(tmp_path: Path, content: bytes) -> None:
    path = text(tmp_path / "x", content)

    def action() -> None:
        with suppress(DataError):
            read(path)

    assert peak(action) < 2 * len(content) + 64 * MB
