"""Files of pairs: two forms, and the line of what is neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from gyeol import DataError
from gyeol.data.text.typo_pairs import read_typo_pairs


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "pairs.tsv"
    path.write_text(text, encoding="utf-8")
    return path


def test_both_forms_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, "typed\tmeant\n영하\t영화\n\nreceive: recieve receeve\n")
    assert read_typo_pairs(path) == [("영하", "영화"), ("recieve", "receive"), ("receeve", "receive")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\nnonsense\n", "line 2: 'nonsense' is not a pair"),
        ("a\tb\tc\n", "line 1: 3 columns"),
        ("a\tb\n\tb\n", "line 2: one side is empty"),
        ("a\tb\nword:\n", "line 2"),
        ("typed\tmeant\n", "holds no pair"),
    ],
)
def test_what_is_no_pair_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_typo_pairs(written(tmp_path, text))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_of_two_columns(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "pairs.csv"
    rows = [("wrong", "right"), ("recieve", "receive"), ("teh", "the"), ("adress", "address")]
    path.write_text("".join(f"{a}{separator}{b}\n" for a, b in rows), "utf-8-sig")
    assert read_typo_pairs(path) == rows[1:]
