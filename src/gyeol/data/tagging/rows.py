"""Sentences out of rows, each with a token and its tag."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gyeol.data.tagging.layout import ENDS, Layout, Rows, find_layout
from gyeol.errors import DataError

__all__ = ["LONGEST", "Sentence", "Token", "read_rows"]

Token = str | tuple[str, ...]

LONGEST = 100_000  #: tokens of a sentence, at most
_NO_TOKEN = re.compile(r"[0-9]+[-.][0-9]+")  # of CoNLL-U: a token of several words, one that is not written
_CLOSING = frozenset(['"', "'", "''", "”", "’", ")", "]", "」", "』", "》", "〉", "）"])
_LONG = 500  # tokens after which a sentence ends where no full stop comes
_Block = list[tuple[int, list[str]]]  # rows of a sentence


@dataclass(slots=True)
class Sentence:
    """Tokens, their tags (empty if not requested), the line they start in, and a name if the file has one."""

    tokens: list[Token]
    tags: list[str]
    line: int
    name: str = ""


def read_rows(
    path: Path, rows: Rows, *, conllu: bool, input: str | None, target: str | None,
    beside: Sequence[tuple[str, str]], need_tags: bool, notes: list[str],
) -> Iterator[Sentence]:  # fmt: skip
    """Gather rows into sentences.

    Parameters
    ----------
    path : Path
        For the messages.
    rows : callable
        Gives the rows, from the first one, as often as it is called.
    conllu, input, target, beside, need_tags
        As for `gyeol.data.tagging.layout.find_layout`.
    notes : list of str
        What the user should know is added here.

    Raises
    ------
    DataError
        For rows that cannot be used; names file and line.
    """
    layout = find_layout(
        path, rows, conllu=conllu, input=input, target=target, beside=beside, need_tags=need_tags
    )  # fmt: skip
    if layout is None:
        return
    if layout.unbroken:
        how = "sentences end at . ? !" if layout.ends else f"it is cut into pieces of some {layout.piece} tokens"
        notes.append(f"{path.name}: no blank line parts its sentences; {how}")
    if input is None and layout.target < layout.input and target is None and not layout.names:
        notes.append(f"{path.name}: the first column holds the tags, column {layout.input + 1} the tokens")
    for block in _blocks(path, rows, layout):
        found = Sentence([], [], block[0][0])
        for line, cells in block:
            if layout.conllu and _NO_TOKEN.fullmatch(cells[0]):
                continue
            token, tag = _taken(path, line, cells, layout, need_tags)
            found.tokens.append(token)
            if need_tags:
                found.tags.append(tag)
        yield found


def _taken(path: Path, line: int, cells: list[str], layout: Layout, need_tags: bool) -> tuple[Token, str]:
    """Take a token, its further columns, and its tag from a row."""
    if len(cells) != layout.width:
        raise DataError(
            f"{path}, line {line}: {len(cells)} columns, and {layout.width} in the other lines; fix the row"
        )
    word, tag = cells[layout.input], cells[layout.target]
    for cell, what in ((word, "token"), (tag, "tag")):
        if (what == "token" or need_tags) and (not cell or (what == "tag" and cell == "_" and layout.conllu)):
            raise DataError(f"{path}, line {line}: the {what} is missing; fix the row")
    return (word, *(cells[n] for n in layout.beside)) if layout.beside else word, tag


def _blocks(path: Path, rows: Rows, layout: Layout) -> Iterator[_Block]:
    """Yield the rows of each sentence, without comments and without the row that names the columns."""
    block: _Block = []
    said = ""
    for number, cells in rows():
        if number == layout.header or (cells and layout.conllu and cells[0][:1] == "#"):
            continue
        if cells is not None and not block and layout.is_comment(cells):
            continue
        if cells is not None and layout.sentence is not None and layout.sentence < len(cells):
            own = cells[layout.sentence] or said
            ended, said = own != said, own
        else:
            ended = cells is None or _ended(block, cells, layout)
        if ended and block:
            yield block
            block = []
        if cells is None:
            continue
        block.append((number, cells))
        if len(block) > LONGEST:
            raise DataError(
                f"{path}, line {number}: a sentence of more than {LONGEST:,} tokens; are blank lines missing?"
            )
    if block:
        yield block


def _ended(block: _Block, cells: list[str], layout: Layout) -> bool:
    """Whether, in a file without blank lines, the sentence so far ends before this row."""
    if layout.restarts:
        before = block[-1][1][0] if block else ""
        return cells[0].split("-")[0] == "1" and not before.startswith(("1-", "0."))
    if not layout.unbroken or max(layout.input, layout.target) >= len(cells):
        return False
    if not layout.ends:
        outside = cells[layout.target] in ("O", "o") or "O" not in layout.tags
        return len(block) >= 8 * layout.piece or (len(block) >= layout.piece and outside)
    words = [row[layout.input] for _, row in block[-4:] if layout.input < len(row)]
    while words and words[-1] in _CLOSING:  # a quotation mark after the full stop
        words.pop()
    here = cells[layout.input]
    return len(block) >= _LONG or (bool(words) and words[-1] in ENDS and here not in ENDS | _CLOSING)
