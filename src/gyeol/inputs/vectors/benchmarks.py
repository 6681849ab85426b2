"""Word vectors evaluated on analogies (Mikolov et al. 2013) and similarity judgements, from the usual files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gyeol.data.paths import check_file
from gyeol.data.tables.lines import read_lines
from gyeol.errors import DataError
from gyeol.inputs.tokens.normalization import compared
from gyeol.inputs.vectors.word_vectors import WordVectors

__all__ = ["evaluate_vectors"]

_BLOCK = 1 << 24  # scores in memory at a time: 64 MB


class Question(NamedTuple):
    """A : B = C : D, in a section."""

    section: str
    words: tuple[str, str, str, str]


class Pair(NamedTuple):
    """Two words and how alike people found them."""

    first: str
    second: str
    score: float


def evaluate_vectors(
    vectors: WordVectors, path: Path, *, ignore_case: bool = True, among: int | None = 300_000
) -> dict[str, Any]:
    """Evaluate vectors on a file of analogies or of similarities; the format of the file decides which.

    Questions with an unknown word are skipped; ``asked`` counts the others. Analogies are answered by 3CosAdd, and the
    three words of the question are no answers.

    Parameters
    ----------
    vectors : WordVectors
    path : Path
        Lines of four words with sections as ``: name`` between, as in questions-words.txt; or of two words and a
        number, separated by tabs, commas or spaces, as in WordSim-353.
    ignore_case : bool
        Treat words that differ only in case as the same word, the most frequent of them.
    among : int, optional
        Answers come from so many words, the most frequent; None for all.

    Returns
    -------
    dict
        ``kind`` ("analogy" or "similarity"), ``asked``, ``total``, ``coverage``, and ``accuracy``, ``correct``,
        ``sections``, or ``spearman``, ``pearson``, and ``from_subwords``: how many different words got their vector
        from subwords.

    Raises
    ------
    DataError
        A line is neither; names it.
    """
    path = check_file(path)
    questions, pairs = _read(path)
    rows = _rows(vectors, ignore_case, among if questions else None)
    if questions:
        return {"file": path.name, **_analogies(vectors, questions, rows, ignore_case)}
    return {"file": path.name, **_similarities(vectors, pairs, rows, ignore_case)}


def _read(path: Path) -> tuple[list[Question], list[Pair]]:
    questions: list[Question] = []
    pairs: list[Pair] = []
    section = ""
    for number, line in read_lines(path):
        line = line.removeprefix("\ufeff").strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith(":"):
            section = line[1:].strip()
            continue
        cells = [cell.strip() for cell in re.split(r"[\t,]" if re.search(r"[\t,]", line) else r"\s+", line)]
        if len(cells) == 1 or (len(cells) != 4 and len(cells) != 3):
            cells = line.split()
        if len(cells) == 4 and not pairs:
            questions.append(Question(section, (cells[0], cells[1], cells[2], cells[3])))
            continue
        score = _number(cells[2]) if len(cells) == 3 and not questions else None
        if score is not None:
            pairs.append(Pair(cells[0], cells[1], score))
        elif pairs or questions or len(cells) != 3:  # the first line may name the columns
            one, other = "four words", "two words and a number"
            expected = one if questions else other if pairs else f"{one}, or {other}"
            raise DataError(f"{path}, line {number}: {line!r:.60} came, expected {expected}")
    if not questions and not pairs:
        raise DataError(f"{path} holds no question: expected lines of four words, or of two words and a number")
    return questions, pairs


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _rows(vectors: WordVectors, ignore_case: bool, among: int | None) -> dict[str, int]:
    """Return the row of every candidate word; of words that differ only in case, the first."""
    rows: dict[str, int] = {}
    for row, key in enumerate(vectors.keys[:among]):
        rows.setdefault(key.casefold() if ignore_case else key, row)
    return rows


def _key(word: str, ignore_case: bool) -> str:
    key = compared(word)
    return key.casefold() if ignore_case else key


def _analogies(
    vectors: WordVectors, questions: list[Question], rows: dict[str, int], ignore_case: bool
) -> dict[str, Any]:
    candidates = np.fromiter(rows.values(), dtype=np.int64)
    place = {word: i for i, word in enumerate(rows)}
    table = np.asarray(vectors.vectors[candidates], dtype=np.float32)
    lengths = vectors.lengths[candidates][:, None]
    units = np.divide(table, lengths, out=np.zeros_like(table), where=lengths > 0)
    numbers = [[place.get(_key(word, ignore_case), -1) for word in question.words] for question in questions]
    indices = np.array(numbers, dtype=np.int64).reshape(len(questions), 4)
    known = np.flatnonzero((indices >= 0).all(axis=1))
    right = np.zeros(len(questions), dtype=bool)
    for block in _blocks(known, len(units)):
        a, b, c, d = indices[block].T
        scores = (units[b] - units[a] + units[c]) @ units.T
        scores[np.arange(len(block))[:, None], indices[block][:, :3]] = -np.inf
        right[block] = scores.argmax(axis=1) == d
    sections: dict[str, Any] = {}
    names = np.array([question.section for question in questions])
    for name in dict.fromkeys(names.tolist()):
        inside = names == name
        here = int(np.isin(np.flatnonzero(inside), known).sum())
        sections[name or "all"] = _share(int(right[inside].sum()), here, int(inside.sum()))
    return {"kind": "analogy", **_share(int(right.sum()), len(known), len(questions)), "sections": sections}


def _share(correct: int, asked: int, total: int) -> dict[str, Any]:
    accuracy = correct / asked if asked else None
    return {"accuracy": accuracy, "correct": correct, "asked": asked, "total": total, "coverage": asked / total}


def _blocks(rows: npt.NDArray[np.int64], width: int) -> Iterator[npt.NDArray[np.int64]]:
    size = max(1, _BLOCK // max(width, 1))
    for first in range(0, len(rows), size):
        yield rows[first : first + size]


def _similarities(vectors: WordVectors, pairs: list[Pair], rows: dict[str, int], ignore_case: bool) -> dict[str, Any]:
    from scipy.stats import pearsonr, spearmanr

    seen = [word for pair in pairs for word in pair[:2] if _key(word, ignore_case) not in rows]
    ours: list[float] = []
    theirs: list[float] = []
    for pair in pairs:
        found = [_vector(vectors, rows, word, ignore_case) for word in (pair.first, pair.second)]
        if found[0] is None or found[1] is None:
            continue
        lengths = np.linalg.norm(found[0]) * np.linalg.norm(found[1])
        ours.append(float(found[0] @ found[1] / lengths) if lengths > 0 else 0.0)
        theirs.append(pair.score)
    varied = len(ours) > 1 and len(set(ours)) > 1 and len(set(theirs)) > 1
    return {
        "kind": "similarity",
        "spearman": float(spearmanr(ours, theirs).statistic) if varied else None,
        "pearson": float(pearsonr(ours, theirs).statistic) if varied else None,
        "asked": len(ours),
        "from_subwords": len(vectors.from_subwords(seen)),
        "total": len(pairs),
        "coverage": len(ours) / len(pairs),
    }


def _vector(vectors: WordVectors, rows: dict[str, int], word: str, ignore_case: bool) -> npt.NDArray[np.float64] | None:
    row = rows.get(_key(word, ignore_case))
    if row is not None:
        return np.asarray(vectors.vectors[row], dtype=np.float64)
    return vectors[word].astype(np.float64) if vectors.from_subwords([word]) else None
