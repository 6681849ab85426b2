"""Pairs of columns and of files; what is wrong with them is said with its line."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from gyeol import DataError, ParameterError
from gyeol.data.text.parallel import languages_of, read_parallel


def write(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    return str(path)


def test_columns_by_place_and_name(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.tsv", "나\tI\n너\tyou\n")
    assert read_parallel(plain, "train").targets == ["I", "you"]
    named = write(tmp_path / "b.csv", "en,ko\nI,나\nyou,너\n")
    pairs = read_parallel(named, "train", input="ko", target="en")
    assert (pairs.sources, pairs.targets, pairs.name) == (["나", "너"], ["I", "you"], "b.csv")
    assert read_parallel(named, "train").sources == ["I", "you"]
    with pytest.raises(ParameterError, match="a text would be its own translation"):
        read_parallel(named, "train", input="ko", target="ko")
    with pytest.raises(DataError, match="'kr'"):
        read_parallel(named, "train", input="kr", target="en")


def test_two_files(tmp_path: Path) -> None:
    left, right = write(tmp_path / "a.ko", "나\r\n너\n\n"), write(tmp_path / "a.en", "I\nyou\n\n")
    pairs = read_parallel(left, "train", targets=right)
    assert (pairs.sources, pairs.targets) == (["나", "너"], ["I", "you"])
    assert pairs.name == "a.ko and a.en"
    longer = write(tmp_path / "b.en", "I\nyou\n\nshe\n")
    with pytest.raises(DataError, match=r"b\.en, line 4: .*a\.ko ends before it, with line 3"):
        read_parallel(left, "train", targets=longer)


@pytest.mark.parametrize("files", [True, False])
def test_an_empty_side(tmp_path: Path, files: bool) -> None:
    if files:
        given = write(tmp_path / "a", "나\n너\n우리\n"), write(tmp_path / "b", "I\n\nwe\n")
    else:
        given = write(tmp_path / "a.tsv", "ko\ten\n나\tI\n너\t\n우리\twe\n"), None
    line = 2 if files else 3
    with pytest.raises(DataError, match=f"line {line}: .* --skip-bad-rows"):
        read_parallel(given[0], "train", targets=given[1])
    pairs = read_parallel(given[0], "train", targets=given[1], skip_bad_rows=True)
    assert pairs.targets == ["I", "we"]
    assert f"1 pair(s) left out, line {line}" in pairs.left_out()


def test_a_named_set_of_two_files() -> None:
    assert languages_of("nsmc") == []
    with pytest.raises(ParameterError, match=r"--input is missing.*; its languages are de, en"):
        read_parallel("multi30k", "train")
    with pytest.raises(ParameterError, match="--target 'fr' is not a language"):
        read_parallel("multi30k", "train", input="de", target="fr")
    with pytest.raises(ParameterError, match="is a named set"):
        read_parallel("multi30k", "train", targets="x", input="de", target="en")


def test_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no usable pair"):
        read_parallel(write(tmp_path / "a", "\n"), "train", targets=write(tmp_path / "b", "\n"))
    with pytest.raises(DataError, match="there is no file"):
        read_parallel(str(tmp_path / "a"), "train", targets=str(tmp_path / "none"))


KOREAN = [f"{n}번째 문장입니다" for n in range(30)]
ENGLISH = [f"This is sentence {n}" for n in range(30)]


def table(*columns: list[str], header: str | None = None, separator: str = ",") -> str:
    lines = [separator.join(row) for row in zip(*columns, strict=True)]
    return "\n".join([header, *lines] if header is not None else lines) + "\n"


@pytest.mark.parametrize(
    ("header", "first", "separator"),
    [
        ("한국어 문장,영어 번역", KOREAN, ","),
        ("English\tKorean", ENGLISH, "\t"),
        ("원문;번역문", KOREAN, ";"),
        ("Source|Target", ENGLISH, "|"),
        ("en,ko", ENGLISH, ","),
    ],
)
def test_headers_of_pairs(tmp_path: Path, header: str, first: list[str], separator: str) -> None:
    columns = (KOREAN, ENGLISH) if first is KOREAN else (ENGLISH, KOREAN)
    named = read_parallel(write(tmp_path / "a.csv", table(*columns, header=header, separator=separator)), "train")
    assert (named.sources, named.targets) == columns
    bare = read_parallel(write(tmp_path / "b.csv", table(*columns, separator=separator)), "train")
    assert (bare.sources, bare.targets) == columns
    forced = read_parallel(str(tmp_path / "a.csv"), "train", header=False)
    assert len(forced.sources) == 31


def test_pairs_among_other_columns(tmp_path: Path) -> None:
    ids = [str(n) for n in range(30)]
    parts = ["train" if n % 3 else "test" for n in range(30)]
    path = write(tmp_path / "a.tsv", table(ids, parts, KOREAN, ENGLISH, header="id\tsplit\tko\ten", separator="\t"))
    pairs = read_parallel(path, "train")
    assert (pairs.sources, pairs.targets) == (KOREAN, ENGLISH)
    assert pairs.notes == ["a.tsv: from ko to en (other columns: id, split)"]
    assert read_parallel(path, "train", input="en").targets == KOREAN
    assert read_parallel(path, "train", target="ko").sources == ENGLISH


def test_texts_of_pairs_stay_as_they_are_written(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "각도")
    path = write(tmp_path / "a.tsv", f"나는 간다\t1.0\n너는 온다\tnan\n우리는 본다\t{decomposed}\n그는 잔다\tTrue\n")
    assert read_parallel(path, "train").targets == ["1.0", "nan", decomposed, "True"]
