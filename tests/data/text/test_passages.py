"""A folder of one file an author, cut into passages."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gyeol import DataError, ParameterError
from gyeol.data.text.passages import cut_passages, folder_fingerprint, read_authors


@given(st.lists(st.text(alphabet="가나 a\t", max_size=12)), st.integers(1, 20))
def test_passages_hold_every_word_once_in_order(lines: list[str], size: int) -> None:
    words = [word for line in lines for word in line.split()]
    by_size = [text for _, text in cut_passages(lines, characters=size)]
    assert [word for text in by_size for word in text.split()] == words
    assert all(len(text) <= size or " " not in text for text in by_size)
    by_lines = [text for _, text in cut_passages(lines, count=size)]
    assert [word for text in by_lines for word in text.split()] == words
    assert len(by_lines) == -(-sum(bool(line.strip()) for line in lines) // size)


@pytest.mark.parametrize("given_sizes", [{}, {"characters": 5, "count": 2}, {"characters": 0}, {"count": -1}])
def test_sizes_that_cannot_be(given_sizes: dict[str, int]) -> None:
    with pytest.raises(ParameterError, match="give one of the two, 1 or more"):
        list(cut_passages(["가"], **given_sizes))


def test_a_folder_in_two_encodings(tmp_path: Path) -> None:
    (tmp_path / "이상.txt").write_bytes("날자 날자\n\n한 번만 더 날자\n".encode("cp949"))
    (tmp_path / "김소월.txt").write_text("나 보기가 역겨워\n가실 때에는\n", "utf-8")
    (tmp_path / "notes.md").write_text("no author")
    data = read_authors(tmp_path, lines=1)
    assert data.labels == ["김소월", "김소월", "이상", "이상"]
    assert data.texts[2:] == ["날자 날자", "한 번만 더 날자"]
    assert data.lines == [1, 2, 1, 3]
    assert read_authors(tmp_path).texts == ["나 보기가 역겨워 가실 때에는", "날자 날자 한 번만 더 날자"]
    before = folder_fingerprint(tmp_path)
    (tmp_path / "이상.txt").write_text("다른 글\n", "utf-8")
    assert folder_fingerprint(tmp_path) != before


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("글\n", "utf-8")
    with pytest.raises(DataError, match="expected two or more, one per author"):
        read_authors(tmp_path)
    (tmp_path / "b.txt").write_text(" \n\n", "utf-8")
    with pytest.raises(DataError, match="holds no text"):
        read_authors(tmp_path)
