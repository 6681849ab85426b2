"""Standard input, as it comes: in pieces, in any encoding, or in one clear sentence."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gyeol.data.tables import pipe
from gyeol.data.tables.pipe import read_pipe
from gyeol.data.tables.rows import BadRow
from gyeol.errors import DataError


class Pieces(io.BytesIO):
    """A pipe whose writer writes a few bytes at a time."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        super().__init__(content)
        self.sizes = sizes

    def read1(self, size: int | None = -1) -> bytes:
        return super().read1(self.sizes.pop() if self.sizes else size)


def lines(content: bytes, sizes: list[int] | None = None) -> list[object]:
    return [line for some in read_pipe(Pieces(content, sizes or [])) for line in some]


def told(content: bytes) -> list[object]:
    """The lines' texts, and of those that are none the kind of fault."""
    return [line.kind if isinstance(line, BadRow) else line[1] for line in flat(content)]


def flat(content: bytes) -> list[tuple[int, str] | BadRow]:
    return [line for some in read_pipe(io.BytesIO(content)) for line in some]


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
    ("content", "line", "expected"),
    [
        (b"a\nb\0\nc", 2, "a NUL byte"),
        (b"\xff\xff\xff\nb", 1, "not UTF-8 or CP949"),
        ("가\n".encode() + b"\xc7\xd1\nb", 2, "not UTF-8 (mixed encodings?)"),
        ("한\n".encode("cp949") + b"\xe2\x9c\x93\x41\xff\n" + "글".encode("cp949"), 2, "not CP949"),
    ],
)
def test_a_line_that_is_no_text_stops_no_other(content: bytes, line: int, expected: str) -> None:
    bad = [row for row in flat(content) if isinstance(row, BadRow)]
    assert [(row.line, row.kind) for row in bad] == [(line, "encoding")]
    assert bad[0].reason.startswith(expected)
    assert len(flat(content)) == content.count(b"\n") + 1


def test_a_stray_line_does_not_decide_the_encoding_for_good() -> None:
    # The first line is CP949 by chance or by a mistake; those that follow are plainly UTF-8.
    content = "한\n".encode("cp949") + "다시 보고 싶다\n한글\n".encode()
    assert told(content) == ["한", "다시 보고 싶다", "한글"]


def test_a_pipe_that_begins_as_utf_16_and_is_not() -> None:
    with pytest.raises(DataError, match="starts as UTF-16 but is not"):
        lines(b"\xff\xfe\x00\xd8")


@pytest.mark.parametrize("sizes", [[], [3] * 40, [60]])
def test_an_endless_line_costs_itself_only(monkeypatch: pytest.MonkeyPatch, sizes: list[int]) -> None:
    monkeypatch.setattr(pipe, "MAX_LINE", 10)
    found = lines(b"a\n" + b"b" * 50 + b"\nc", sizes)
    assert [row.kind if isinstance(row, BadRow) else row for row in found] == [(1, "a"), "long", (3, "c")]
    assert [row.kind for row in lines(b"b" * 99, sizes) if isinstance(row, BadRow)] == ["long"]


def test_lines_that_end_in_a_carriage_return_alone() -> None:
    assert flat(b"good\rbad\r") == [(1, "good"), (2, "bad")]
    assert flat("좋다\r싫다".encode("cp949")) == [(1, "좋다"), (2, "싫다")]
    assert flat(b"50 %\r100 %\ngood\n") == [(1, "50 %\r100 %"), (2, "good")]


def test_japanese_is_not_read_as_korean() -> None:
    assert told("とても面白い映画でした\n".encode("shift-jis")) == ["encoding"]
