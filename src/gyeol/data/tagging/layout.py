"""What the rows of tagged tokens mean: how cells are separated, which columns there are, what ends a sentence.

It is found out from the first 20,000 rows of a file, for one row may be misleading.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path

from gyeol.data.tables.lines import open_text
from gyeol.data.tagging.schemes import find_scheme
from gyeol.errors import DataError, closest

__all__ = [
    "ENDS",
    "TAG_NAMES",
    "TOKEN_NAMES",
    "Layout",
    "Row",
    "Rows",
    "find_layout",
    "sentence_a_line",
    "text_rows",
]

Row = tuple[int, list[str] | None]  # the number of a line and its cells; None: a sentence ends here
Rows = Callable[[], Iterator[Row]]

#: What the columns of tokens and of tags are called where a first row, or JSON, names them.
TOKEN_NAMES = ("tokens", "token", "word", "words", "form", "text", "surface", "morpheme", "char", "character", "input",
               "단어", "토큰", "형태소", "어절", "음절")  # fmt: skip
TAG_NAMES = ("tags", "tag", "ner_tags", "ner_tag", "ner", "iob", "bio", "entity", "label", "labels", "target",
             "태그", "개체명", "레이블", "라벨", "pos", "pos_tag", "pos_tags", "upos", "품사")  # fmt: skip
#: Tokens that end a sentence.
ENDS = frozenset([".", "?", "!", "…", "...", "?!", "!?", "。", "？", "！", "।", "؟"])
_CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_WHOLE = re.compile(r"[0-9]+")
_ID = re.compile(r"[0-9]+(?:[-.][0-9]+)?")
_PLUS = re.compile(r"#\s*global\.columns\s*=\s*(.+)")  # of CoNLL-U Plus
_SENTENCE = re.compile(r"(?:sentence|sent|문장)[ _]*(?:#|id|idx|no|number|num|번호)?", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t]+")  # the separator of cells; a no-break space is a part of its token
_COMMENTS = ("#", ";", "$")
_SAMPLE = 20_000  # rows looked at
_SAME = 0.9  # share of the rows that must have as many cells, at least, to be rows of columns
_PIECE, _SHORTEST = 25, 8  # tokens of a piece; fewer where a hundred pieces would not come of it
_UNBROKEN = 200  # tokens without a blank line that are more than a sentence


@dataclass(slots=True)
class Layout:
    """How to read the rows of a file.

    ``width`` is the number of columns, ``input`` and ``target`` are those of tokens and tags, ``beside`` those that
    stand beside the tokens; ``sentence`` is the column that numbers the sentences, if any. ``header`` is the line of
    the row that names the columns (0: none) and ``names`` their places. ``tags`` are the tags that were seen in rows
    that cannot be comments. ``unbroken``: nothing parts the sentences; ``ends``: some tokens end one; ``piece``: how
    many tokens make a piece where none do.
    """

    width: int = 0
    conllu: bool = False
    restarts: bool = False  # CoNLL-U without blank lines: the numbers of the tokens restart
    names: dict[str, int] = field(default_factory=dict)
    header: int = 0
    sentence: int | None = None
    tags: set[str] = field(default_factory=set)
    unbroken: bool = False
    ends: bool = False
    piece: int = 0
    input: int = 0
    target: int = 0
    beside: list[int] = field(default_factory=list)

    def is_comment(self, cells: list[str]) -> bool:
        """Whether a row before a sentence is a comment: it starts like one, and has other columns or no tag."""
        if cells[0][:1] not in _COMMENTS or not cells[0]:
            return False
        row = len(cells) == self.width and (self.width == 1 or not self.tags or cells[self.target] in self.tags)
        return self.conllu or not row


def text_rows(path: Path) -> Rows:
    """Read the rows of a text file: cells between tabs, or between blanks where the lines hold no tabs throughout.

    White space of other scripts, such as a no-break space, is a part of its cell. ``-DOCSTART-`` ends a sentence.
    """
    sample = [line for _, line in islice(open_text(path), _SAMPLE) if _is_row(line)]
    plain = [line for line in sample if line[0] not in _COMMENTS] or sample
    tabs, blanks = (Counter(len(cut(line)) for line in plain) for cut in (_at_tabs, _at_blanks))
    (width, often), (other, seldom) = (counts.most_common(1)[0] if counts else (0, 0) for counts in (tabs, blanks))
    by_tabs = width > 1 and (often >= seldom or other < 2)
    first, second = (_at_tabs, _at_blanks) if by_tabs else (_at_blanks, _at_tabs)
    wanted = width if by_tabs else other

    def rows() -> Iterator[Row]:
        for number, line in open_text(path):
            if not _is_row(line):
                yield number, None
                continue
            cells = first(line)
            if len(cells) != wanted and len(again := second(line)) == wanted and line[0] not in _COMMENTS:
                cells = again  # some editors, and some people, mix the two
            yield number, cells

    return rows


def sentence_a_line(path: Path, tags: Iterable[str], *, letters: bool = False) -> bool:
    """Tell whether a text file without tags holds a sentence a line, and no columns with one token per line.

    Parameters
    ----------
    path : Path
    tags : iterable of str
        The tags of the model: where the last words of all lines are such, lines are rows of columns.
    letters : bool
        Whether tokens are single letters, of a protein for instance.
    """
    lines = [line.strip() for _, line in islice(open_text(path), _SAMPLE)]
    rows = [_at_blanks(line) for line in lines if _is_row(line) and line[0] not in _COMMENTS]
    if not rows or any("\t" in line or line.startswith("-DOCSTART-") for line in lines):
        return False
    width, often = Counter(map(len, rows)).most_common(1)[0]
    if letters:
        return any(len(cell) > 1 for row in rows for cell in row)
    if often < _SAME * len(rows):
        return True
    if width < 2 or often < len(rows):
        return False
    last = [row[-1] for row in rows]
    blocks = sum(bool(here) and not before for before, here in pairwise(["", *lines]))
    parted = blocks > 1 and len(rows) > 2 * blocks
    return not (parted or {*last} <= {*tags} or find_scheme([last]) is not None)


def _is_row(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("-DOCSTART-")


def _at_tabs(line: str) -> list[str]:
    return [cell.strip(" \r") for cell in line.split("\t")]


def _at_blanks(line: str) -> list[str]:
    return _BLANKS.split(line.strip(" \t\r"))


def find_layout(
    path: Path, rows: Rows, *, conllu: bool, input: str | None, target: str | None,
    beside: Sequence[tuple[str, str]], need_tags: bool,
) -> Layout | None:  # fmt: skip
    """Find out what the rows of a file mean; None where there are none.

    Parameters
    ----------
    path : Path
        For the messages.
    rows : callable
        Gives the rows, from the first one.
    conllu : bool
        Whether the file's name says that it is CoNLL-U; its rows may say so, too: ten columns, the first of which
        numbers the tokens.
    input, target, beside, need_tags
        As for `gyeol.data.tagging.sentences.read_tagged`; with each column beside the tokens the option that named it.

    Raises
    ------
    DataError
        For a column that there is not, and where there is no column of tags.
    """
    sample = list(islice(rows(), _SAMPLE))
    filled = [(line, cells) for line, cells in sample if cells is not None]
    plain = [row for row in filled if row[1][0][:1] not in _COMMENTS or not row[1][0]] or filled
    layout = Layout(Counter(len(cells) for _, cells in plain).most_common(1)[0][0] if plain else 0)
    columns = next((found for _, cells in filled[:50] if (found := _PLUS.fullmatch(" ".join(cells)))), None)
    numbered = layout.width == len(_CONLLU) and all(_ID.fullmatch(cells[0]) for _, cells in plain)
    if columns is not None or conllu or numbered:
        named = columns[1].split() if columns is not None else _CONLLU
        layout.conllu, layout.names = True, {name.split(":")[-1].lower(): n for n, name in enumerate(named)}
        plain = [row for row in plain if row[1][0][:1] != "#"]
    elif plain and (names := _header(plain, need_tags)):
        layout.header, layout.names = plain[0][0], names
        layout.sentence = next((n for name, n in names.items() if _SENTENCE.fullmatch(name)), None)
        plain = plain[1:]
    if not plain:
        return None
    _choose(path, plain, layout, input, target, beside, need_tags)
    if any(cells[0][:1] not in _COMMENTS for _, cells in plain):
        layout.tags = {cells[layout.target] for _, cells in plain if len(cells) == layout.width}
    _find_ends(sample, plain, layout)
    return layout


def _header(rows: list[tuple[int, list[str]]], need_tags: bool) -> dict[str, int]:
    """Give the names that the first row gives to the columns, in small letters; empty where it gives none."""
    cells = [cell.casefold() for cell in rows[0][1]]
    if len(cells) < 2 or len(set(cells)) < len(cells):
        return {}
    tags = [n for n, cell in enumerate(cells) if cell in TAG_NAMES]
    others = sum(cell in TOKEN_NAMES or bool(_SENTENCE.fullmatch(cell)) for cell in cells)
    if not any(cell in TOKEN_NAMES for cell in cells) or (not tags and (need_tags or others < len(cells))):
        return {}
    # A row that names the columns is not met again: "tag" is no tag.
    again = any(row[n].casefold() == cells[n] for _, row in rows[1:] for n in tags if n < len(row))
    return {} if again else {cell: n for n, cell in enumerate(cells) if cell}


def _choose(
    path: Path, rows: list[tuple[int, list[str]]], layout: Layout, input: str | None, target: str | None,
    beside: Sequence[tuple[str, str]], need_tags: bool,
) -> None:  # fmt: skip
    """Choose the columns: those that were named, else by their names, else the first and the last that can be."""
    line, first = rows[0]
    count, named = layout.width, layout.names

    def place(column: str, option: str) -> int:
        if column.casefold() in named:
            return named[column.casefold()]
        if _WHOLE.fullmatch(column) and 1 <= int(column) <= count:
            return int(column) - 1
        names = [*named, *map(str, range(1, count + 1))]
        raise DataError(
            f"{path}, line {line}: {option} {column!r} is no column{closest(column, names)}; there are {count}"
        )

    numbered = count > 1 + need_tags and all(_WHOLE.fullmatch(cells[0]) for _, cells in rows)
    token = next((named[name] for name in TOKEN_NAMES if name in named), int(numbered))
    last = max((n for _, cells in rows if len(cells) == count for n, cell in enumerate(cells) if cell), default=0)
    names = ("upos",) if layout.conllu else TAG_NAMES
    tag = next((named[name] for name in names if name in named and named[name] != token), last)
    if input is None and target is None and not named and _first_are_tags(rows, count):
        token, tag = count - 1, 0
    layout.input = place(input, "--input") if input is not None else token
    layout.target = place(target, "--target") if target is not None else tag
    layout.beside = [place(column, option) for column, option in beside]
    if not need_tags:
        layout.target = min(layout.target, count - 1)
    if max(layout.input, layout.target) >= count or (need_tags and (count < 2 or layout.input == layout.target)):
        raise DataError(f"{path}, line {line}: one column, {first[0]!r:.60}; a token and its tag were expected")


def _first_are_tags(rows: list[tuple[int, list[str]]], count: int) -> bool:
    """Whether the first column holds tags that mark spans and the last one does not: tags before their tokens."""
    first, last = ([[cells[n] for _, cells in rows if len(cells) == count]] for n in (0, count - 1))
    return count > 1 and find_scheme(first) is not None and find_scheme(last) is None


def _find_ends(sample: list[Row], plain: list[tuple[int, list[str]]], layout: Layout) -> None:
    """Find out what parts the sentences: blank rows, their numbers, the numbers of the tokens, or nothing."""
    at = [n for n, (_, cells) in enumerate(sample) if cells is not None]
    if any(sample[n][1] is None for n in range(at[0], at[-1])):
        layout.sentence = None
        return
    if layout.conllu:
        layout.restarts = sum(cells[0] == "1" for _, cells in plain) > 1
    tokens = [cells[layout.input] for _, cells in plain if layout.input < len(cells)]
    letters = all(len(token) == 1 and token.isascii() for token in tokens)  # of a protein, say
    layout.unbroken = not (layout.restarts or layout.sentence is not None or letters) and len(plain) > _UNBROKEN
    layout.ends = any(token in ENDS for token in tokens)
    layout.piece = min(_PIECE, max(_SHORTEST, len(tokens) // 100))
