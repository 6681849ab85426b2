"""Files of word vectors: the same bits back in every form, in Gensim as here, and what files in the wild look like."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gyeol.data.vectors import blocks, text_format
from gyeol.data.vectors.blocks import VectorTable
from gyeol.data.vectors.vector_files import FORMS, form_of, read_vectors, write_vectors
from gyeol.errors import DataError, ParameterError

Floats = npt.NDArray[np.float32]
ODD = [
    1e-45,
    -1e-45,
    -0.0,
    0.0,
    3.4028235e38,
    -3.4028235e38,
    1.17549435e-38,
    1e16,
    0.1,
    1 / 3,
    16777216,
    1e-5,
    123456.7,
]
# Its shortest decimal, 7.038531e-26, is read as its neighbour by everything that rounds twice.
TWICE = np.array([0x15AE43FD, 0x95AE43FD], np.uint32).view(np.float32)

# The examples of one test share its folder; each writes its file over the last one.
once = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def text(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def same_bits(a: Floats, b: Floats) -> bool:
    return a.shape == b.shape and np.array_equal(np.asarray(a).view(np.uint32), np.asarray(b).view(np.uint32))


def table(rows: int, dimension: int) -> tuple[list[str], Floats]:
    vectors = np.random.default_rng(0).normal(size=(rows, dimension)).astype(np.float32)
    return [f"낱말{i}" for i in range(rows)], vectors


def read(path: Path, **named: Any) -> VectorTable:
    return read_vectors(path, cache=False, **named)


# Round trips

finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
letters = st.characters(exclude_characters=" \n", exclude_categories=["Cs"])
plain_words = st.text(letters, min_size=1, max_size=8).filter(lambda word: word[0] != "\ufeff")


@st.composite
def tables(draw: st.DrawFn, words: st.SearchStrategy[str] = plain_words) -> tuple[list[str], Floats]:
    chosen = draw(st.lists(words, min_size=1, max_size=6, unique=True))
    shape = (len(chosen), draw(st.integers(1, 5)))
    return chosen, draw(hnp.arrays(np.float32, shape, elements=finite))


@pytest.mark.parametrize("form", FORMS)
@once
@given(given=tables())
@example(given=(["가\u00a0나", "👩‍👩‍👧", "a\rb", "\u2028", "5", "nan", "\x00"], np.zeros((7, 2), np.float32)))
def test_every_finite_float_comes_back(tmp_path: Path, form: str, given: tuple[list[str], Floats]) -> None:
    words, vectors = given
    path = tmp_path / "x.vec"
    write_vectors(path, words, vectors, form=form)
    back = read(path, form=form)
    assert back.words == words
    assert back.vectors.dtype == np.float32
    assert back.vectors.flags.c_contiguous
    assert same_bits(back.vectors, vectors)
    assert back.notes == []


@pytest.mark.parametrize("form", FORMS)
def test_odd_floats_and_random_bits_come_back(tmp_path: Path, form: str) -> None:
    bits = np.random.default_rng(1).integers(0, 1 << 32, 40_000, dtype=np.uint32).view(np.float32)
    values = np.concatenate([np.array(ODD, np.float32), TWICE, bits[np.isfinite(bits)]])
    vectors = values[: len(values) // 50 * 50].reshape(-1, 50)
    write_vectors(tmp_path / "x", [f"w{i}" for i in range(len(vectors))], vectors, form=form)
    assert form_of(tmp_path / "x") == form
    assert same_bits(read(tmp_path / "x").vectors, vectors)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["x.vec", "x.vec.gz"])
def test_many_blocks_are_one_table(tmp_path: Path, form: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words, vectors = table(997, 7)
    write_vectors(tmp_path / name, words, vectors, form=form)
    assert (tmp_path / name).read_bytes().startswith(b"\x1f\x8b") == name.endswith(".gz")
    told: list[float] = []
    for size in (64, 1000, 1 << 22):
        monkeypatch.setattr(blocks.ByteBlocks.read, "__defaults__", (size,))
        back = read(tmp_path / name, on_progress=told.append)
        assert (back.words, form_of(tmp_path / name)) == (words, form)
        assert same_bits(back.vectors, vectors)
        assert told == sorted(told)
        assert told[-1] == 1.0
        told.clear()


def test_a_view_that_is_not_contiguous_is_written_right(tmp_path: Path) -> None:
    words, vectors = table(10, 6)
    for form in FORMS:
        write_vectors(tmp_path / form, words, vectors[:, ::2], form=form)
        assert same_bits(read(tmp_path / form).vectors, vectors[:, ::2])


def test_decimals_are_rounded_once() -> None:
    tokens = [b"7.038531e-26", b"3.4028235677973366e38", b"-3.4028235677973366e38", b"1.00000017881393432617187499"]
    tokens += [
        b"1.00000017881393432617187500",
        b"1.00000017881393432617187501",
        b"7.0064923216240853e-46",
        b"7.0064923216240854e-46",
    ]
    expected = [0x15AE43FD, 0x7F7FFFFF, 0xFF7FFFFF, 0x3F800001, 0x3F800002, 0x3F800002, 0, 1]
    parsed = text_format._parse(b" ".join(tokens), len(tokens))
    assert parsed is not None
    assert parsed.view(np.uint32).tolist() == expected
    slow = np.array([text_format._nearest(token) for token in tokens], np.float32)
    assert slow.view(np.uint32).tolist() == expected


def test_what_polars_does_not_parse_is_parsed_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = text(tmp_path / "x", "a +1. .5E1\nb -0 00012e-1\n")
    expected = np.array([[1, 5], [-0.0, 1.2]], np.float32)
    assert same_bits(read(path).vectors, expected)
    monkeypatch.setattr(text_format, "_parse", lambda text, wanted: None)
    assert same_bits(read(path).vectors, expected)


# Gensim


@pytest.fixture
def gensim() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own imports
        return pytest.importorskip("gensim.models.keyedvectors", reason="Gensim is not installed")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Gensim leaves a file open
@pytest.mark.parametrize("form", FORMS)
def test_gensim_loads_what_is_written_here(tmp_path: Path, gensim: Any, form: str) -> None:
    words, vectors = table(300, 15)
    vectors[0, : len(ODD)] = ODD
    vectors[1, :2] = TWICE
    write_vectors(tmp_path / "x", words, vectors, form=form)
    there = gensim.KeyedVectors.load_word2vec_format(
        str(tmp_path / "x"), binary=form == "word2vec-binary", no_header=form == "glove"
    )
    assert there.index_to_key == words
    assert same_bits(there.vectors, vectors)


@pytest.mark.parametrize("binary", [False, True])
def test_what_gensim_writes_is_loaded_here(tmp_path: Path, gensim: Any, binary: bool) -> None:
    words, vectors = table(300, 15)
    vectors[0, : len(ODD)] = ODD
    vectors[1, :2] = TWICE
    there = gensim.KeyedVectors(15)
    there.add_vectors(words, vectors)
    there.save_word2vec_format(str(tmp_path / "x"), binary=binary)
    assert form_of(tmp_path / "x") == ("word2vec-binary" if binary else "word2vec")
    back = read(tmp_path / "x")
    order = [words.index(word) for word in back.words]
    assert sorted(order) == list(range(300))
    assert same_bits(back.vectors, vectors[order])


# What files in the wild look like


def test_binary_with_line_breaks_between_as_word2vec_writes_it(tmp_path: Path) -> None:
    words, vectors = table(20, 3)
    rows = b"".join(w.encode() + b" " + v.astype("<f4").tobytes() + b"\n" for w, v in zip(words, vectors, strict=True))
    back = read(text(tmp_path / "x.bin", b"20 3\n" + rows))
    assert back.words == words
    assert same_bits(back.vectors, vectors)


def test_spaces_breaks_and_marks(tmp_path: Path) -> None:
    expected = np.array([[1, 2], [3, 4]], np.float32)
    for content in (
        "2 2\na 1 2 \nb 3 4 \n",  # fastText
        "2 2\r\na 1 2\r\nb 3 4\r\n",
        "2 2 \r\na 1 2 \r\nb 3 4",
        "\ufeff2 2\na 1 2\nb 3 4\n\n\n",
        "a 1 2\nb 3 4\n \n",
        "\ufeffa 1 2\nb 3 4",
        "a  1  2\n b 3    4  \n",
    ):
        back = read(text(tmp_path / "x", content))
        assert (back.words, back.vectors.tolist()) == (["a", "b"], expected.tolist()), content
        assert bool(back.notes) == content.startswith("\ufeff")


@pytest.mark.parametrize("header", ["", "14 2\n"])
def test_words_with_spaces_come_whole(tmp_path: Path, header: str) -> None:
    words = [". . .", "at name@domain.com", "a\u00a0b", "3 a", "x  y", "5", "1e5", "nan", *"abcde", "area 51"]
    path = text(tmp_path / "x", header + "".join(f"{w} {i} {-i}\n" for i, w in enumerate(words)))
    back = read(path)
    assert back.words == words
    assert back.vectors.tolist() == [[i, -i] for i in range(14)]
    number = 15 if header else 14
    assert back.notes == [
        f"1 word ends in a number (line {number}: 'area 51'), unless these lines hold more than 2 numbers"
    ]


def test_glove_keeps_words_with_spaces_inside(tmp_path: Path) -> None:
    words, vectors = [". . .", "New York", "a  b", "3 a"], np.eye(4, dtype=np.float32)
    write_vectors(tmp_path / "x", words, vectors, form="glove")
    assert read(tmp_path / "x").words == words
    for form in FORMS[:2]:
        with pytest.raises(DataError, match=r"'\. \. \.' holds a space"):
            write_vectors(tmp_path / "y", words, vectors, form=form)
    for word in (" a", "a ", "area 51", "area nan"):
        with pytest.raises(DataError, match="the word"):
            write_vectors(tmp_path / "y", [word], vectors[:1], form="glove")
    assert not (tmp_path / "y").exists()


@pytest.mark.parametrize("form", FORMS)
def test_of_a_word_that_stands_twice_the_first_is_kept(tmp_path: Path, form: str) -> None:
    binary = form == "word2vec-binary"
    rows = [("the", 1.0), ("a", 2.0), ("the", 3.0), ("b", 4.0), ("the", 5.0)]
    body = b"".join(
        w.encode() + b" " + (np.array([x, 7], "<f4").tobytes() if binary else b"%d 7\n" % x) for w, x in rows
    )
    path = text(tmp_path / "x", (b"" if form == "glove" else b"5 2\n") + body)
    back = read(path, form=form)
    assert (back.words, back.vectors[:, 0].tolist()) == (["the", "a", "b"], [1, 2, 4])
    place = {"word2vec": "line 4", "word2vec-binary": "entry 3", "glove": "line 3"}[form]
    assert back.notes == [f"2 words occur twice; the first of each was kept ({place}: 'the')"]


def test_duplicates_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks.ByteBlocks.read, "__defaults__", (50,))
    back = read(text(tmp_path / "x", "".join(f"w{i % 90} {i} 1\n" for i in range(200))))
    assert back.words == [f"w{i}" for i in range(90)]
    assert back.vectors[:, 0].tolist() == list(range(90))
    assert back.notes == ["110 words occur twice; the first of each was kept (line 91: 'w0')"]


@pytest.mark.parametrize("form", FORMS)
def test_limit(tmp_path: Path, form: str) -> None:
    words, vectors = table(50, 4)
    write_vectors(tmp_path / "x", words, vectors, form=form)
    for limit in (1, 7, 50, 51, 10**30):
        back = read(tmp_path / "x", limit=limit)
        assert back.words == words[:limit]
        assert same_bits(back.vectors, vectors[:limit])
    with pytest.raises(ParameterError, match="limit is 0"):
        read(tmp_path / "x", limit=0)


def test_what_stands_behind_the_limit_does_not_matter(tmp_path: Path) -> None:
    path = text(tmp_path / "x", "a 1 2\nb 3 4\nc x y\n")
    assert read(path, limit=2).words == ["a", "b"]
    with pytest.raises(DataError, match="line 3"):
        read(path, limit=3)
