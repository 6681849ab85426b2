"""Tables as people write them: 2,000 are drawn, and each comes back exactly as it was or is refused with its line.

The draw is the same every time, so that a run says the same everywhere. ``GYEOL_TABLES_SEED=N`` draws others::

    GYEOL_TABLES_SEED=7 python -m pytest -q -p no:cacheprovider tests/data/tables/test_generated_tables.py

docs/decisions/0020-dialects.md says what other seeds have found.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from gyeol.data.tables.columns import Columns
from gyeol.data.text.example_files import read_examples
from gyeol.errors import DataError

SEED = os.environ.get("GYEOL_TABLES_SEED")


def drawn(count: int) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Draw so many tables: the same ones every time, unless GYEOL_TABLES_SEED asks for others."""
    found = settings(
        max_examples=count,
        deadline=None,
        derandomize=SEED is None,
        database=None,
        phases=(Phase.explicit, Phase.generate),  # shrinking takes minutes
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    return found if SEED is None else lambda test: seed(int(SEED or 0))(found(test))


KOREAN = ["정말", "재미있는", "영화", "배우도", "좋았다", "글쎄", "대사가", "최악", "또 보고", "싶다"]
ENGLISH = ["the", "film", "is", "good", "never", "again", "so", "they said", "it", "worked"]
MARKS = [",", ";", "|", ", ", ". ", "!", " ", "...", "\t", '"', ' "so" ', '""', "'", "\n", "\r\n", "\n\n", "3,5", "1;2"]
NAMES = {
    "id": ["id", "번호", "no"],
    "korean": ["text", "리뷰", "한국어 문장", "document"],
    "english": ["English", "sentence", "comment", "review"],
    "label": ["label", "평가", "class", "감정"],
    "number": ["price", "점수", "value", "길이"],
    "date": ["date", "날짜", "time"],
}


@dataclass(frozen=True)
class Written:
    """A table, how it is written, and the bytes that come of it."""

    name: str
    separator: str
    quoting: int
    encoding: str
    newline: str
    header: list[str] | None
    rows: list[list[str]]
    text: int

    def content(self) -> bytes:
        stream = io.StringIO(newline="")
        if self.quoting == csv.QUOTE_NONE:
            for row in ([self.header] if self.header else []) + self.rows:
                stream.write(self.separator.join(row) + self.newline)
        else:
            writer = csv.writer(
                stream, delimiter=self.separator or ",", quoting=self.quoting, lineterminator=self.newline
            )
            writer.writerows(([self.header] if self.header else []) + self.rows)
        return stream.getvalue().encode(self.encoding)

    def is_two_tables(self) -> bool:
        """Whether another separator stands equally often in all rows: nobody can tell which one separates."""
        lines = ["".join(row) for row in ([self.header] if self.header else []) + self.rows]
        counts = [{line.count(mark) for line in lines} for mark in ",;|\t" if mark != self.separator]
        return (
            self.quoting == csv.QUOTE_NONE and len(self.rows[0]) > 1 and any(len(n) == 1 and n != {0} for n in counts)
        )


@st.composite
def tables(draw: st.DrawFn, quotings: tuple[int, ...], columns: st.SearchStrategy[int]) -> Written:
    separator = draw(st.sampled_from([",", ";", "\t", "|"]))
    quoting = draw(st.sampled_from(quotings))
    width = draw(columns)
    others = st.sampled_from(["id", "label", "number", "date", "korean", "english"])
    kinds = draw(
        st.permutations([draw(st.sampled_from(["korean", "english"])), *(draw(others) for _ in range(width - 1))])
    )
    ending = draw(
        st.sampled_from({",": [".csv"], ";": [".csv"], "\t": [".tsv", ".csv", ".txt"], "|": [".csv"]}[separator])
    )
    if width == 1:
        separator, ending = "", ".csv" if quoting != csv.QUOTE_NONE else draw(st.sampled_from([".txt", ".tsv"]))
    forbidden = {separator, "\n", "\r\n", "\n\n"} if quoting == csv.QUOTE_NONE else set()
    newline = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    if width == 1:  # a column of texts, each with a tab, is no such thing
        forbidden |= {"\t", ";", "|"}
    if newline == "\r":
        forbidden |= {"\n", "\r\n", "\n\n"}
    marks = [mark for mark in MARKS if not any(bad and bad in mark for bad in forbidden)]
    decimal = draw(st.sampled_from([".", "." if separator == "," and quoting == csv.QUOTE_NONE else ","]))
    count = draw(st.integers(3, 9))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp949"]))

    def text(words: list[str]) -> st.SearchStrategy[str]:
        begin, end = st.sampled_from([*words, '"', '"so" ']), st.sampled_from([*words, ".", '"', "!"])
        middle = st.lists(st.sampled_from([*words, *words, *marks]), min_size=1, max_size=6)
        space = " " if draw(st.booleans()) else ""
        found = st.tuples(begin, middle, end).map(lambda parts: space.join([parts[0], *parts[1], parts[2]]))
        # What quotes wrap wholly, without being written so, is what a spreadsheet writes: nobody can tell them apart.
        return found if quoting != csv.QUOTE_NONE else found.filter(lambda t: not t[0] == t[-1] == '"')

    cells = {
        "korean": text(KOREAN),
        "english": text(ENGLISH),
        "label": st.sampled_from(["긍정", "부정", "중립", "nan"]),
        "number": st.decimals(-1000, 1000, places=2).map(lambda n: str(n).replace(".", decimal)),
        "date": st.dates(date(1800, 1, 1), date(2199, 12, 31)).map(str),
    }
    rows = [[str(n + 1) if kind == "id" else draw(cells[kind]) for kind in kinds] for n in range(count)]
    header = None
    if draw(st.booleans()):
        header = [
            f"{draw(st.sampled_from(NAMES[kind]))}{at if kinds.count(kind) > 1 else ''}"
            for at, kind in enumerate(kinds)
        ]
    where = next(at for at, kind in enumerate(kinds) if kind in {"korean", "english"})
    table = Written(f"a{ending}", separator, quoting, encoding, newline, header, rows, where)
    assume(not table.is_two_tables())
    return table


def read_back(path: Path, table: Written, header: bool | None) -> tuple[list[str], list[list[str]]] | str:
    """Give the names of the columns and the rows as they are read, or the error."""
    path.write_bytes(table.content())
    columns: list[Columns] = []
    try:
        found = list(
            read_examples(
                path,
                input=str(table.text + 1),
                need_target=False,
                others=True,
                header=header,
                on_columns=columns.append,
            )
        )
    except DataError as error:
        return str(error)
    rows = []
    for example in found:
        cells = [cell for _, cell in example.others]
        rows.append([*cells[: table.text], example.input, *cells[table.text :]])
    return list(columns[0].names), rows


def share_read(folder: Path, kinds: st.SearchStrategy[Written], count: int, *, judged: bool = True) -> float:
    """Give the share of tables that are read; each must be exactly what was written, or be refused with a line.

    Whether there is a header is ``judged`` by the reader. Over one column of texts nothing but the user can tell.
    """
    shares: list[bool] = []

    @drawn(count)
    @given(kinds)
    def one(table: Written) -> None:
        found = read_back(folder / table.name, table, None if judged else table.header is not None)
        shares.append(not isinstance(found, str))
        if isinstance(found, str):
            assert ", line " in found, found
        else:
            assert found == (table.header or [str(n + 1) for n in range(len(table.rows[0]))], table.rows)

    one()
    assert len(shares) >= count
    return sum(shares) / len(shares)


WRAPPED = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)


def test_tables_with_quotes_come_back(tmp_path: Path) -> None:
    assert share_read(tmp_path, tables(WRAPPED, st.integers(2, 5)), 1200) > 0.95


def test_tables_without_quotes_come_back_or_are_refused(tmp_path: Path) -> None:
    """A text that begins with a quote reads as one that quotes wrap: where none closes it, its line is named."""
    assert share_read(tmp_path, tables((csv.QUOTE_NONE,), st.integers(2, 5)), 500) > 0.6


def test_tables_of_one_column_come_back(tmp_path: Path) -> None:
    assert share_read(tmp_path, tables((*WRAPPED, csv.QUOTE_NONE), st.just(1)), 300, judged=False) > 0.95
