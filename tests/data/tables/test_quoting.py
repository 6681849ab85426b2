"""Quotes that wrap fields and quotes that are ordinary: what tells, and what is refused where nothing does."""

from __future__ import annotations

from pathlib import Path

import pytest

from gyeol.data.tables.dialect import open_rows
from gyeol.data.tables.header import has_header
from gyeol.data.tables.quote_habits import Quotes
from gyeol.data.tables.quoting import judge_quotes, strict_rows
from gyeol.data.tables.rows import BadRow
from gyeol.data.tables.separators import judge
from gyeol.data.text.example_files import read_examples


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (['a;"b', 'c"', "d;e"], [["a", "b\nc"], ["d", "e"]]),
        (['"a ""b""";""', "c;d\r"], [['a "b"', ""], ["c", "d"]]),
        (['a "b";c'], None),  # no field begins there
        (['"a" b;c'], None),  # and none ends there
        (["a;b", '"c;d'], None),  # it is never closed
    ],
)
def test_rows_by_the_letter_of_rfc_4180(lines: list[str], expected: list[list[str]] | None) -> None:
    found = strict_rows(lines, ";")
    assert (None if found is None else [row.fields for row in found]) == expected


def test_a_row_that_the_sample_cuts_is_left_out() -> None:
    lines = ["a;b", "c;d", '"e;f']
    assert [row.fields for row in strict_rows(lines, ";", whole=False) or []] == [["a", "b"], ["c", "d"]]
    assert strict_rows(lines[2:], ";", whole=False) is None


def test_one_long_field_is_read_in_linear_time() -> None:
    assert strict_rows(['"' + 'a""b' * 200_000 + '";c'], ";") is not None
    assert strict_rows(['"' + 'a""b' * 200_000], ";") is None


@pytest.mark.parametrize(
    ("lines", "separator", "expected"),
    [
        (["a\tb", "c\td"], "\t", Quotes.UNKNOWN),
        (['"a\tb"\tc', "d\te"], "\t", Quotes.WRAPPING),
        (['a "b"\tc', '"d\te'], "\t", Quotes.ORDINARY),
        (['a "b",c', '"d,e'], ",", Quotes.UNKNOWN),  # one row is little, where quotes are expected to wrap
        (['a "b",c', '"d,e', 'f" g,h'], ",", Quotes.ORDINARY),
        (["x\t1", 'y\t2', '"a\t3', 'b"\t4'], "\t", Quotes.ORDINARY),  # numbers in both lines: they are rows
        (["x\t1", 'y\t2', '"a\tz', 'b"\t4'], "\t", Quotes.WRAPPING),  # "z" is none
        (["x\ty", '"a\tz', 'b"\tc'], "\t", Quotes.UNKNOWN),
        (["x\ty", '"a\tz\r', 'b"\tc'], "\t", Quotes.WRAPPING),  # no other line ends so
    ],
)  # fmt: skip
def test_both_readings_are_tried(lines: list[str], separator: str, expected: Quotes) -> None:
    assert judge_quotes(lines, separator, whole=True)[0] is expected


def rows_of(path: Path, content: str, encoding: str = "utf-8") -> list[list[str] | int]:
    """Give the fields of all rows, and the lines of bad ones."""
    path.write_bytes(content.encode(encoding))
    return [row.line if isinstance(row, BadRow) else row[1] for row in open_rows(path).rows]


WRAPPED = [
    ('중립\t"good ""so"" ,sothe\n"""\n"a ""b"""\t긍정\n', [["중립", 'good "so" ,sothe\n"'], ['a "b"', "긍정"]]),
    ('text\tn\n"so\t\n\n""""the"\t3,25\nfilm\t1,79\n', [["text", "n"], ['so\t\n\n""the', "3,25"], ["film", "1,79"]]),
    ('1\t"a \n b"\tc\n2\t"d \n e"\tf\n', [["1", "a \n b", "c"], ["2", "d \n e", "f"]]),
    ('"1"\t"a\n b"\t"x"\n"2"\t"c\n d"\t"y"\n', [["1", "a\n b", "x"], ["2", "c\n d", "y"]]),
]


@pytest.mark.parametrize(("content", "expected"), WRAPPED)
def test_breaks_and_quotes_in_one_field_between_tabs(
    tmp_path: Path, content: str, expected: list[list[str] | int]
) -> None:
    assert rows_of(tmp_path / "a.csv", content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # In every line as many fields, and numbers in their places: rows of ordinary quotes.
        ('the|\t69,09\rgood|"\t16,55\r"|film\t5,64\rso|"\t4,38\r', [["the|", "69,09"], ['good|"', "16,55"],
                                                                    ['"|film', "5,64"], ['so|"', "4,38"]]),
        ('it\t1\n"so\t2\nbad"\t3\n', [["it", "1"], ['"so', "2"], ['bad"', "3"]]),
        ('a "b\tc\n"so\td\ne"\tf\n', [['a "b', "c"], ['"so', "d"], ['e"', "f"]]),
        # Nothing tells one row from two.
        ('it\tx\n"so\ty\nbad"\tz\n', [["it", "x"], 2, ['bad"', "z"]]),
    ],
)  # fmt: skip
def test_ordinary_quotes_between_tabs(tmp_path: Path, content: str, expected: list[list[str] | int]) -> None:
    assert rows_of(tmp_path / "a.txt", content) == expected


@pytest.mark.parametrize(
    ("lines", "bad"),
    [
        (["1,중립,5.1,so they", '2,부정,2.5," worked', '3,긍정,3.5,film "', "4,nan,7.5,so"], [2]),
        (["a;1900-01-12;b", 'c;1900-01-29;"they said', 'd;1947-01-11;thethe"', "e;2000-01-01;f"], [2]),
        (["a|x|b", '"never|y|so"', "c|x|d"], [2]),  # wrapped, it would be one field of three
        (["a,b", '"x,y', 'z",c', "d,e"], [2]),
    ],
)
def test_lines_that_may_be_one_row_or_several_are_refused(tmp_path: Path, lines: list[str], bad: list[int]) -> None:
    separator = next(mark for mark in ";|," if mark in lines[0])
    assert rows_of(tmp_path / "a.csv", "\n".join(lines)) == [
        at if at in bad else line.split(separator) for at, line in enumerate(lines, 1)
    ]


def test_ordinary_quotes_between_commas_where_many_rows_show_it(tmp_path: Path) -> None:
    lines = ['a 5" disk;x', 'so "good";y', '"they said;x', '"never" again;y', 'the 3" one;x', '"plain";y']
    expected = [[cell.strip('"') if cell == '"plain"' else cell for cell in line.split(";")] for line in lines]
    assert rows_of(tmp_path / "a.csv", "\n".join(lines)) == expected
    assert rows_of(tmp_path / "a.csv", "\n".join([*lines[2:3], *lines[5:]])) == [1, ["plain", "y"]]


def test_a_later_row_against_the_judgement_is_bad(tmp_path: Path) -> None:
    rows = [f'"a, {n}","b ""{n}"""' for n in range(300)]
    found = rows_of(tmp_path / "a.csv", "\n".join([*rows, '"c,d" e', *rows[:2]]))
    assert found[300] == 301
    assert found[301:] == [["a, 0", 'b "0"'], ["a, 1", 'b "1"']]


@pytest.mark.parametrize(
    ("lines", "kind", "expected"),
    [
        (['"1";"""worked\tnever"', '"2";"so\tnever"', '"3";"so\tthe"'], ".csv", ";"),
        (["a;b c, d e,f", "g;b c, d e,f", "h;b c, d e,f"], ".csv", ";"),  # a space after some commas only
        (["was 3,5 good|x", "is 3,5 times|y", "it 3,5 bad|y"], ".csv", "|"),
        (["it was 3,5.", "it is 3,5.", "so 3,5."], ".txt", ""),
        (['"...a|"...b', "c. ;\td|\"...e", "f|g\th i"], ".csv", "|"),  # with tabs, one row has one field
        (["a\tb\t,the;so", "c\tb\t,it;the", '"so" is"never;it'], ".csv", ";"),
    ],
)  # fmt: skip
def test_separators_that_quotes_and_numbers_tell(lines: list[str], kind: str, expected: str) -> None:
    assert judge(lines, kind)[0] == expected


def test_dates_are_no_names() -> None:
    rows = [["good", f"2000-01-{n:02}", "so is it", "2000-03-01"] for n in (11, 5, 6)]
    assert not has_header([["fine \r\n good", "1816-12-14", "so it is", "1895-06-25"], *rows])
    assert has_header([["a", "since", "b", "until"], *rows])
    assert has_header([["country", "2020-01-01", "2020-01-02"], ["Korea", "1", "5"], ["Chile", "0", "2"]])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_of_hangul_alone_without_its_mark(tmp_path: Path, encoding: str) -> None:
    texts = ["정말정말글쎄", "정말재미있는영화최악배우도", "좋았다대사가글쎄"]
    path = tmp_path / "a.txt"
    path.write_bytes("\r".join(texts).encode(encoding))
    assert [example.input for example in read_examples(path, need_target=False)] == texts


def test_quotes_after_another_separator_are_text_where_every_field_is_wrapped() -> None:
    lines = [
        '"a;b!"|"""so"" good,5"',
        '"never,""""it"|"""said"""',
        '"""so"""|"well,said""so"',
        '"again"|"fine,""""see"',
    ]
    assert judge(lines, ".csv")[0] == "|"
    assert judge([line.replace(",", "~").replace("|", ",").replace("~", "|") for line in lines], ".csv")[0] == ","
