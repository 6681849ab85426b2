"""Standard input, as it comes: in pieces, in any encoding, or in one clear sentence."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gyeol.data import pipe
from gyeol.data.pipe import read_pipe
from gyeol.errors import DataError


class Pieces(io.BytesIO):
    """A pipe whose writer writes a few bytes at a time."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        super().__init__(content)
        self.sizes = sizes

    def read1(self, size: int | None = -1) -> bytes:
        return super().read1(self.sizes.pop() if self.sizes else size)


def lines(content: bytes, sizes: list[int] | None = None) -> list[tuple[int, str]]:
    return [line for some in read_pipe(Pieces(content, sizes or [])) for line in some]


texts = st.lists(st.text(st.sampled_from("ab \t'한국어뷁")).filter(lambda t: t.strip()), min_size=1)


@given(texts, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp949"]), st.lists(st.integers(1, 9)), st.booleans())
def test_every_line_comes_once(texts: list[str], encoding: str, sizes: list[int], windows: bool) -> None:
    content = ("\r\n" if windows else "\n").join(texts)
    assert lines(content.encode(encoding), list(sizes)) == list(enumerate(texts, start=1))
    assert lines((content + "\n").encode(encoding), sizes) == list(enumerate(texts, start=1))


def test_lines_come_as_soon_as_they_are_whole() -> None:
    assert list(read_pipe(Pieces(b"ab\ncd\ne", [2, 4]))) == [[(1, "ab")], [(2, "cd")], [(3, "e")]]
    assert lines(b"") == []
    assert lines(b"\n\na") == [(1, ""), (2, ""), (3, "a")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a\nb\0", "line 2: a NUL byte"),
        (b"\xff\xff\xff", "line 1: not UTF-8 or CP949"),
        ("가\n".encode() + b"\xc7\xd1", r"line 2: not UTF-8 \(mixed encodings"),
        ("한\n".encode("cp949") + "한글".encode(), "line 2: not CP949"),
        (b"\xff\xfe\x00\xd8", "begins as UTF-16 and is not"),
    ],
)
def test_what_is_no_text(content: bytes, expected: str) -> None:
    with pytest.raises(DataError, match=f"standard input.*{expected}"):
        lines(content)


def test_an_endless_line_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipe, "MAX_LINE", 10)
    with pytest.raises(DataError, match="line 2: longer than 10 characters"):
        lines(b"a\n" + b"b" * 50)
