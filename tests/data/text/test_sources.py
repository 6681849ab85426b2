"""DATA is a file, a public set or the built-in one; whole labelled files are read or refused in one sentence."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gyeol.data.catalogue import lookup
from gyeol.data.catalogue.lookup import CATALOG, Dataset, RemoteFile
from gyeol.data.tables.rows import BadRow
from gyeol.data.text.example import Example
from gyeol.data.text.sources import (
    BUILT_IN,
    BUILT_IN_PAIRS,
    BUILT_IN_SERIES,
    Source,
    find_source,
    has_role,
    read_labelled,
    read_texts,
)
from gyeol.errors import DataError, DownloadError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, and no data but what a test puts there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GYEOL_DATA", raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A public set with a file for training, downloaded already."""
    raw = b"id\tbody\tmood\n1\tgood\tpos\n2\tbad\tneg\n"
    file = RemoteFile("https://example.org/x/a.tsv", hashlib.sha256(raw).hexdigest(), len(raw))
    made = Dataset("public", "", "", "", "classify", {"train": file}, input="body", target="mood")
    monkeypatch.setitem(CATALOG, "public", made)
    path = lookup.cache_folder() / "data/public/a.tsv"
    path.parent.mkdir(parents=True)
    path.write_bytes(raw)
    return path


@pytest.fixture
def put(here: Path) -> Callable[[str, str], Source]:
    def put(name: str, content: str) -> Source:
        (here / name).write_text(content, encoding="utf-8")
        return find_source(name, "train")

    return put


def test_a_file(here: Path) -> None:
    (here / "a.tsv").write_text("text\tlabel\na\t1\n")
    assert find_source("a.tsv", "train") == Source(Path("a.tsv"), None, None, "a.tsv")
    full = str(here / "a.tsv")
    assert find_source(full, "test", input="x", target="y") == Source(Path(full), "x", "y", "a.tsv")


@pytest.mark.parametrize("name", [name for name in BUILT_IN if name not in {*BUILT_IN_PAIRS, *BUILT_IN_SERIES}])
@pytest.mark.parametrize("role", ["train", "valid", "test"])
def test_the_built_in_sets_are_whole(name: str, role: str) -> None:
    assert has_role(name, role)
    source = find_source(name, role)
    assert source.name == f"{name} ({role})"
    data = read_labelled(source)
    assert len(data.texts) > 100
    assert not data.bad
    assert set(data.labels) == {"긍정", "부정"}


def test_a_public_set_brings_its_columns(public: Path) -> None:
    assert find_source("public", "train") == Source(public, "body", "mood", "public (train)")
    assert find_source("public", "train", input="id", target="body").input == "id"
    assert has_role("public", "train")
    assert not has_role("public", "valid")
    assert not has_role("nothing", "train")
    assert read_labelled(find_source("public", "train")).labels == ["pos", "neg"]
    with pytest.raises(DataError, match="the data set 'public' has no 'valid'"):
        find_source("public", "valid")
    public.unlink()
    with pytest.raises(DownloadError, match="gyeol data get public"):
        find_source("public", "train")


def test_a_file_goes_before_a_name_and_a_folder_does_not(here: Path, public: Path) -> None:
    """A model is often called as the set it came from."""
    (here / "public").mkdir()
    (here / "reviews").mkdir()
    assert find_source("public", "train").path == public
    assert find_source("reviews", "train").name == "reviews (train)"
    (here / "public").rmdir()
    (here / "public").write_text("a file")
    assert find_source("public", "train").path == Path("public")


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ("reviws", "there is no file 'reviws', and no data set of that name; did you mean 'reviews'?"),
        ("nsmcc", "did you mean 'nsmc'?"),
        ("nothing-like-it", "'gyeol data list' shows them"),
    ],
)
def test_what_is_neither_is_asked_about(data: str, word: str) -> None:
    with pytest.raises(DataError) as caught:
        find_source(data, "train")
    assert word in str(caught.value)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ("gone.tsv", "there is no file gone.tsv"),
        ("no/such", "there is no folder no either"),
        (".", "is a folder"),
        ("", "is a folder"),
        ("이 영화 정말 재미있어요. " * 30, "cannot be read: file name too long"),
        ("재미" * 300, "there is no file"),
        ("a\0b.tsv", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(data: str, word: str) -> None:
    """Also a text where its file was expected, an easy mistake on the command line."""
    with pytest.raises(DataError) as caught:
        read_labelled(find_source(data, "train"))
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_whole_file_in_memory(put: Callable[[str, str], Source]) -> None:
    data = read_labelled(put("a.csv", 'text,label\n좋다,긍정\n"두\n줄",부정\n또,긍정\n'))
    assert data.texts == ["좋다", "두\n줄", "또"]
    assert data.labels == ["긍정", "부정", "긍정"]
    assert data.labels[0] is data.labels[2]
    assert data.lines == [2, 3, 5]
    assert data.left_out() == ""
    digest = hashlib.sha256(Path("a.csv").read_bytes()).hexdigest()
    columns = {"header": True, "input": "text", "target": "label", "names": ["text", "label"]}
    assert data.about() == {"data": "a.csv", "sha256": digest, "columns": columns}


def rows(*lines: str, good: int) -> str:
    return "text\tlabel\n" + "".join(f"{line}\n" for line in lines) + "a\t1\n" * good


def test_one_empty_text_in_a_hundred_is_left_out(put: Callable[[str, str], Source]) -> None:
    data = read_labelled(put("a.tsv", rows(" \t1", good=99)))
    assert len(data.texts) == 99
    assert data.left_out() == "a.tsv: 1 row(s) left out, line 2: the text is empty"
    with pytest.raises(DataError, match=r"a\.tsv, line 2: the text is empty, as in 2 of 100 rows; name the right col"):
        read_labelled(put("a.tsv", rows(" \t1", " \t0", good=98)))
    more = read_labelled(find_source("a.tsv", "train"), skip_bad_rows=True)
    assert (len(more.texts), len(more.bad)) == (98, 2)


def test_another_bad_row_is_an_error_unless_skipped(put: Callable[[str, str], Source]) -> None:
    source = put("a.tsv", rows("b", *["c\t "] * 6, good=3))
    with pytest.raises(DataError, match=r"^a\.tsv, line 2: 1 field where 2 were expected .*--skip-bad-rows"):
        read_labelled(source)
    data = read_labelled(source, skip_bad_rows=True)
    assert len(data.texts) == 3
    told = "line 2: 1 field where 2 were expected (text, label); line 3, 4, 5, 6, 7, ...: the label is missing"
    assert data.left_out() == f"a.tsv: 7 row(s) left out, {told}"


def test_no_usable_row(put: Callable[[str, str], Source]) -> None:
    with pytest.raises(DataError, match="holds no usable row"):
        read_labelled(put("a.tsv", rows("b\t ", good=0)), skip_bad_rows=True)


def test_texts_come_in_order_with_what_is_bad_in_its_place(put: Callable[[str, str], Source]) -> None:
    source = put("a.csv", 'text,label\na,1\n" ",0\nb,\n"",1\n')
    assert list(read_texts(source)) == [
        Example("a", "1", 2),
        BadRow(3, "the text is empty", "empty"),
        Example("b", None, 4),
        BadRow(5, "the text is empty", "empty"),
    ]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind the superuser")
def test_a_folder_that_may_not_be_entered(here: Path) -> None:
    (here / "closed").mkdir(mode=0)
    with pytest.raises(DataError, match="permission"):
        read_labelled(find_source("closed/a.tsv", "train"))
