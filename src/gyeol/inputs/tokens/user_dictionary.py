"""Words that an analyser of Korean does not know, with their parts of speech, from a file or a list."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gyeol.data.paths import check_file
from gyeol.data.tables.lines import read_lines
from gyeol.errors import DataError, ParameterError, closest
from gyeol.inputs.tokens.normalization import normalize

__all__ = ["TAGS", "Entry", "checked_tags", "read_dictionary"]

#: A word, its part of speech, and how much it is preferred to others (0 for as much as any).
Entry = tuple[str, str, float]

#: Kiwi's parts of speech, after those of the 21st Century Sejong Project.
TAGS = (
    "NNG", "NNP", "NNB", "NR", "NP", "VV", "VA", "VX", "VCP", "VCN", "MM", "MAG", "MAJ", "IC",
    "JKS", "JKC", "JKG", "JKO", "JKB", "JKV", "JKQ", "JX", "JC", "EP", "EF", "EC", "ETN", "ETM",
    "XPN", "XSN", "XSV", "XSA", "XSM", "XR", "SF", "SP", "SS", "SSO", "SSC", "SE", "SO", "SW", "SL", "SH", "SN", "SB",
    "UN", "W_URL", "W_EMAIL", "W_HASHTAG", "W_MENTION", "W_SERIAL", "W_EMOJI", "Z_CODA", "Z_SIOT",
)  # fmt: skip

_TAUGHT = ("NNG", "NNP", "NNB", "NR", "NP", "VV", "VA", "VX", "MM", "MAG", "MAJ", "IC", "XPN", "XSN", "XR", "SL", "SN")
_VERBS = ("VV", "VA", "VX")
_MOST = 1_000_000  # words


def read_dictionary(source: Any) -> tuple[Entry, ...]:
    """Read a user's words.

    Parameters
    ----------
    source : path, or iterable of words
        A file in UTF-8 with a word a line, its part of speech after a tab or a comma (``NNP``, a name, where there is
        none), and perhaps a score after another, as Kiwi has it; a line that begins with ``#`` is a comment. Or words,
        each a str, or a tuple (word, tag) or (word, tag, score). Verbs and adjectives may be given with their 다.

    Raises
    ------
    DataError, ParameterError
        It cannot be read, or a line is no word with its tag: names the line.

    Examples
    --------
    >>> read_dictionary(["아들램", ("덕질하다", "VV")])
    (('아들램', 'NNP', 0.0), ('덕질하', 'VV', 0.0))
    """
    entries: dict[tuple[str, str], float] = {}
    rows: Iterable[tuple[str, Sequence[Any]]]
    if isinstance(source, (str, os.PathLike)):
        rows = _lines(Path(source))
    else:
        try:
            given = list(source)
        except TypeError:
            raise ParameterError(
                f"user_dictionary is {type(source).__name__}; expected a file, or words with their tags"
            ) from None
        rows = ((f"user_dictionary, word {n}", [w] if isinstance(w, str) else w) for n, w in enumerate(given, 1))
    for where, cells in rows:
        word, tag, score = _entry(where, cells)
        entries.setdefault((word, tag), score)
        if len(entries) > _MOST:
            raise DataError(f"{where}: more than {_MOST:,} words; give the ones that occur")
    if not entries:
        raise DataError(f"user_dictionary: {source!s:.100} holds no word; write one a line, its tag after a tab")
    return tuple((word, tag, score) for (word, tag), score in entries.items())


def _lines(path: Path) -> Iterable[tuple[str, Sequence[Any]]]:
    for number, line in read_lines(check_file(path)):
        line = line.removeprefix("\ufeff").strip()
        if not line or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) == 1:
            cells = _without_tabs(line)
        yield f"{path}, line {number}", cells


def _without_tabs(line: str) -> list[str]:
    """Part a word from its tag, and from its score, where a blank or a comma stands between them."""
    fields = [field.strip() for field in line.split(",")]
    if 2 <= len(fields) <= 3 and fields[0] and fields[1] in TAGS:
        return fields
    head, _, last = line.rpartition(" ")
    return [head.strip(), last] if head and last in TAGS else [line]


def _entry(where: str, cells: Sequence[Any]) -> Entry:
    if not 1 <= len(cells) <= 3 or not isinstance(cells[0], str):
        raise DataError(f"{where}: {cells!r:.60} came, expected a word, its tag, perhaps a score")
    word = " ".join(normalize(cells[0], shown=True)[0].split())
    tag = str(cells[1]) if len(cells) > 1 and cells[1] else "NNP"
    if tag not in _TAUGHT:
        raise DataError(f"{where}: {tag!r:.20} is no part of speech of a new word{closest(tag, _TAUGHT)}")
    if tag in _VERBS and len(word) > 1:
        word = word.removesuffix("다")
    try:
        score = float(cells[2]) if len(cells) > 2 else 0.0
    except (TypeError, ValueError):
        score = math.nan
    if not word or len(word) > 100 or not math.isfinite(score):
        raise DataError(f"{where}: {cells!r:.60} came, expected a word of at most 100 letters, its tag, a finite score")
    return word, tag, score


def checked_tags(name: str, tags: Sequence[str] | str) -> tuple[str, ...]:
    """Check parts of speech: Kiwi's tags, or how some of them begin; one text may hold several, with commas between.

    Raises
    ------
    ParameterError
        For what no tag begins with.

    Examples
    --------
    >>> checked_tags("stop_tags", "VV, N")
    ('VV', 'N')
    """
    listed = tags.replace(",", " ").split() if isinstance(tags, str) else list(tags)
    for tag in listed:
        if not isinstance(tag, str) or not tag or not any(known.startswith(tag) for known in TAGS):
            raise ParameterError(f"{name}: {tag!r:.20} is no part of speech{closest(str(tag), TAGS)}")
    return tuple(listed)
