"""Word vectors: read, trained, queried.

Words that are used alike have similar vectors (Mikolov et al. 2013), by the cosine of the angle between them. All
answers are exact; which of two code paths finds them is a matter of speed (see `gyeol.kernels.nearest`).

Words are compared in Unicode's form NFC and without invisible characters, and returned as they are stored: files from
macOS hold decomposed Hangul.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from unicodedata import is_normalized

import numpy as np
import numpy.typing as npt

from gyeol.errors import DataError, ModelError, ParameterError, closest
from gyeol.inputs.tokens.jamo import decompose
from gyeol.inputs.tokens.normalization import compared, is_visible
from gyeol.inputs.vectors.subword_vectors import Subwords
from gyeol.inputs.vectors.word_table import WordTable

__all__ = ["METHODS", "WordVectors"]

#: How an analogy is scored: cosines added, or multiplied (Levy and Goldberg 2014, equations 3 and 4).
METHODS = ("3cosadd", "3cosmul")

_PATIENCE = 200  # queries that together take as long as loading torch, which the index needs
_LOOKED_AT = 50_000  # words, the most frequent, among which a suggestion is looked for
_SMALL = 1e-6  # epsilon of 3CosMul
_MORE = 100  # candidates scored exactly, beyond those requested

Near = list[tuple[str, float]]


class WordVectors:
    """Words and their vectors.

    Parameters
    ----------
    words : sequence of str
        V different words, the most frequent first. Of words that differ only in their Unicode form or in invisible
        characters the first is kept, and ``about["notes"]`` says so.
    vectors : float32 array, shape (V, D)
        Finite numbers; may be a memory map.
    subwords : Subwords, optional
        For unknown words.
    about : dict, optional
        Their origin; stored by `save`.

    Raises
    ------
    DataError
        Words and vectors do not fit together.

    Examples
    --------
    >>> vectors = WordVectors(["왕", "여왕", "남자", "여자"], np.array([[1, 0, 1], [1, 1, 1], [1, 0, 0], [1, 1, 0]]))
    >>> vectors.analogy("남자", "여자", "왕", top=1)[0][0]
    '여왕'
    >>> round(vectors.similarity("왕", "남자"), 4)
    0.7071
    """

    def __init__(
        self,
        words: Sequence[str],
        vectors: npt.ArrayLike,
        *,
        subwords: Subwords | None = None,
        about: dict[str, Any] | None = None,
    ) -> None:
        table = np.ascontiguousarray(vectors, dtype=np.float32)
        if table.ndim != 2 or len(table) != len(words) or not table.size:
            raise DataError(f"{len(words):,} words and vectors of shape {table.shape}: expected a vector a word")
        self.words = list(words)
        self.vectors: npt.NDArray[np.float32] = table
        self.subwords = subwords
        self.about = dict(about or {})
        if len(set(self.words)) < len(self.words):
            raise DataError("a word occurs twice among the words; give each once")
        #: The words as they are compared.
        self.keys = _keys(self.words)
        self._row = {key: row for row, key in enumerate(self.keys)}
        if len(self._row) < len(self.words):
            self._drop_variants()
        self.path: str | None = None  # where they were read from or written to
        self._queries = 0
        self._index: Any = None

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, form: str = "auto", limit: int | None = None, cache: bool = True
    ) -> WordVectors:
        """Read a folder of `save`, or a file in word2vec's text or binary form or GloVe's.

        Parameters
        ----------
        path : path
        form : str
            ``"auto"``, ``"word2vec"``, ``"word2vec-binary"`` or ``"glove"``.
        limit : int, optional
            Read so many words only, the first.
        cache : bool
            Store the parsed file in the user's cache, from which it is memory-mapped the next time.

        Raises
        ------
        DataError, ModelError
            The file or the folder cannot be used: says where and why.
        """
        from gyeol.inputs.vectors.store import load_vectors

        table = load_vectors(Path(path), form=form, limit=limit, cache=cache)
        try:
            vectors = cls._of(table)
        except DataError as error:
            if not Path(path).is_dir():
                raise
            raise ModelError(f"{path} is not a folder of word vectors: {error}") from error
        vectors.path = str(Path(path))
        return vectors

    @classmethod
    def train(cls, texts: Iterable[str], **settings: Any) -> WordVectors:
        """Train vectors on texts, which may be a stream larger than memory.

        Parameters
        ----------
        texts : iterable of str
        **settings
            Of `gyeol.inputs.vectors.training.train_vectors`: ``algorithm``, ``engine``, ``size``, ``window``, ...
        """
        from gyeol.inputs.vectors.training import train_vectors

        return cls._of(train_vectors(texts, **settings))

    @classmethod
    def _of(cls, table: WordTable) -> WordVectors:
        return cls(table.words, table.vectors, subwords=table.subwords, about=table.about)

    def save(self, path: str | os.PathLike[str], *, form: str = "auto") -> None:
        """Write a folder with subwords and all, or a file: .vec (word2vec's text), .bin (its binary), .glove.

        Raises
        ------
        SaveError, DataError
            It cannot be written; a word does not fit the form.
        """
        from gyeol.inputs.vectors.store import save_vectors

        save_vectors(self, Path(path), form=form)

    def __len__(self) -> int:
        return len(self.words)

    def __deepcopy__(self, memo: Any) -> WordVectors:
        """Return itself: a parameter search copies its settings, and the table is large and never changed."""
        return self

    def plain(self) -> str | None:
        """Return their representation in a model's settings: their path, if they have one."""
        return self.path

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self._find(word) is not None

    def stored_form(self, word: str) -> str:
        """Return a word as it is spelled among the words; an unknown word unchanged."""
        row = self._find(word)
        return word if row is None else self.words[row]

    def from_subwords(self, words: Iterable[str]) -> list[str]:
        """Return the words that are unknown and get their vector from subwords."""
        if self.subwords is None:
            return []
        return [word for word in dict.fromkeys(words) if word not in self and self._composed(word) is not None]

    def _find(self, word: str) -> int | None:
        row = self._row.get(word)
        return self._row.get(compared(word)) if row is None else row

    def _composed(self, word: str) -> npt.NDArray[np.float32] | None:
        return self.subwords.vector(compared(word)) if self.subwords is not None else None

    def _drop_variants(self) -> None:
        first: dict[str, int] = {}
        for row, key in enumerate(self.keys):
            first.setdefault(key, row)
        rows = list(first.values())
        example = next(
            word for row, (word, key) in enumerate(zip(self.words, self.keys, strict=True)) if first[key] != row
        )
        count = len(self.words) - len(rows)
        which = "1 word differs from another" if count == 1 else f"{count:,} words differ from others"
        note = f"{which} in Unicode form or invisible characters only ({example[:40]!r}); the first of each was kept"
        self.about["notes"] = [*self.about.get("notes", []), note]
        self.words, self.keys = [self.words[row] for row in rows], list(first)
        self.vectors, self._row = self.vectors[rows], {key: row for row, key in enumerate(first)}

    @property
    def size(self) -> int:
        """D, the numbers of a vector."""
        return int(self.vectors.shape[1])

    @cached_property
    def lengths(self) -> npt.NDArray[np.float32]:
        """The lengths of the vectors, shape (V,)."""
        lengths = np.empty(len(self.vectors), dtype=np.float32)
        for first in range(0, len(lengths), 65536):  # a memory map is read in blocks
            block = np.asarray(self.vectors[first : first + 65536], dtype=np.float64)
            lengths[first : first + 65536] = np.sqrt(np.einsum("ij,ij->i", block, block))
        return lengths

    def __getitem__(self, word: str) -> npt.NDArray[np.float32]:
        """Return a word's vector, shape (D,): its own, or that of its subwords.

        Raises
        ------
        DataError
            The word is unknown; names words spelled alike.
        """
        row = self._find(word)
        if row is not None:
            return np.array(self.vectors[row])
        found = self._composed(word)
        if found is None:
            raise DataError(self._unknown(word))
        return found

    def similarity(self, first: str, second: str) -> float:
        """Return the cosine of two words' vectors, from -1 to 1."""
        return float(np.clip(self._unit(first) @ self._unit(second), -1.0, 1.0))

    def distance(self, first: str, second: str) -> float:
        """Return 1 minus the cosine of two words' vectors, from 0 to 2."""
        return 1.0 - self.similarity(first, second)

    def similar(self, word: str, top: int = 10, *, farthest: bool = False) -> Near:
        """Return the nearest words with their cosines, nearest first; or the farthest words.

        Raises
        ------
        DataError
            The word is unknown.
        """
        direction = self._unit(word)
        near = self._nearest(-direction if farthest else direction, _checked_top(top), self._rows([word]))
        return [(w, -c) for w, c in near] if farthest else near

    def near(self, vector: npt.ArrayLike, top: int = 10, *, without: Iterable[str] = ()) -> Near:
        """Return the words nearest to any vector of shape (D,), with their cosines."""
        direction = np.asarray(vector, dtype=np.float64)
        if direction.shape != (self.size,) or not np.isfinite(direction).all():
            raise DataError(f"a vector of shape {direction.shape} came; expected {self.size} finite numbers")
        return self._nearest(_united(direction), _checked_top(top), self._rows(without))

    def analogy(self, a: str, b: str, c: str, top: int = 10, *, method: str = "3cosadd") -> Near:
        """Answer A:B = C:?, excluding the three words.

        Parameters
        ----------
        a, b, c : str
            ``analogy("남자", "여자", "왕")`` asks who is to 왕 as 여자 is to 남자.
        top : int
            How many answers.
        method : str
            ``"3cosadd"``: the words nearest to b - a + c, of length 1 each. ``"3cosmul"``: largest
            cos(d, b) cos(d, c) / (cos(d, a) + 1e-6), the cosines moved into 0..1 (Levy and Goldberg 2014).

        Returns
        -------
        list of (str, float)
            The words and their scores, best first.
        """
        if method not in METHODS:
            raise ParameterError(f"method={method!r} is not one{closest(str(method), METHODS)}")
        units = [self._unit(word) for word in (a, b, c)]
        if method == "3cosadd":
            return self._nearest(_united(units[1] - units[0] + units[2]), _checked_top(top), self._rows((a, b, c)))
        from_a, from_b, from_c = ((1.0 + self._cosines(unit)) / 2.0 for unit in units)
        rough = from_b * from_c / (from_a + _SMALL)  # in float32, which near cos(d, a) = -1 says little
        count = min(_checked_top(top) + _MORE, len(self))
        rows = np.sort(np.argpartition(rough, -count)[-count:])
        table = np.asarray(self.vectors[rows], dtype=np.float64)
        lengths = np.sqrt(np.einsum("ij,ij->i", table, table))[:, None]
        cosines = np.divide(table @ np.stack(units).T, lengths, out=np.zeros((len(rows), 3)), where=lengths > 0)
        moved = (1.0 + np.clip(cosines, -1.0, 1.0)) / 2.0
        scores = moved[:, 1] * moved[:, 2] / (moved[:, 0] + _SMALL)
        without = self._rows((a, b, c))
        answers = [(int(rows[i]), float(scores[i])) for i in np.argsort(-scores, kind="stable")]
        return [(self.words[row], score) for row, score in answers if row not in without][:top]

    def doesnt_match(self, words: Sequence[str]) -> str:
        """Return the word farthest from the mean direction of all given.

        Raises
        ------
        DataError
            Fewer than three words, or an unknown one.
        """
        if isinstance(words, str) or len(words) < 3:
            raise DataError("expected three words or more")
        units = np.stack([self._unit(word) for word in words])
        return words[int(np.argmin(units @ _united(units.mean(axis=0))))]

    def suggest(self, word: str, top: int = 3) -> list[str]:
        """Return known words spelled like a word; Hangul is compared by its jamo."""
        from difflib import get_close_matches

        spelled = {"".join(j for char in known for j in decompose(char)): known for known in self.words[:_LOOKED_AT]}
        near = get_close_matches("".join(j for char in word for j in decompose(char)), spelled, n=top, cutoff=0.7)
        return [spelled[found] for found in near]

    def _rows(self, words: Iterable[str]) -> set[int]:
        return {row for word in words if (row := self._find(word)) is not None}

    def _unknown(self, word: str) -> str:
        near = self.suggest(word)
        hint = f"; did you mean {' or '.join(repr(w) for w in near)}?" if near else ""
        return f"the word {word!r:.60} is not among the {len(self):,} words{hint}"

    def _unit(self, word: str) -> npt.NDArray[np.float64]:
        return _united(self[word].astype(np.float64))

    def _cosines(self, direction: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """Return the cosines of a direction with all vectors, shape (V,), to float32."""
        products = self.vectors @ direction.astype(np.float32)
        cosines: npt.NDArray[np.float32] = np.divide(
            products, self.lengths, out=np.zeros_like(products), where=self.lengths > 0
        )
        return cosines

    def _nearest(self, direction: npt.NDArray[np.float64], top: int, without: set[int]) -> Near:
        count = min(top + len(without), len(self))
        rows = self._candidates(direction, count)
        table = np.asarray(self.vectors[rows], dtype=np.float64)
        lengths = np.sqrt(np.einsum("ij,ij->i", table, table))
        cosines = np.divide(table @ direction, lengths, out=np.zeros(len(rows)), where=lengths > 0)
        order = np.argsort(-cosines, kind="stable")[:count]
        answers = [(int(rows[i]), float(min(1.0, max(-1.0, cosines[i])))) for i in order]
        return [(self.words[row], cosine) for row, cosine in answers if row not in without][:top]

    def _candidates(self, direction: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.int64]:
        """Return candidate rows, the ``count`` nearest among them."""
        self._queries += 1
        if self._index is None and (self._queries > _PATIENCE or (self._queries > 1 and "torch" in sys.modules)):
            self._index = _index(self.vectors)
        if self._index:
            found: npt.NDArray[np.int64] = self._index.candidates(direction.astype(np.float32), count)
            return found
        cosines = self._cosines(direction)
        if count >= len(cosines):
            return np.arange(len(cosines))
        return np.flatnonzero(cosines >= np.partition(cosines, -count)[-count] - 1e-5)


def _keys(words: list[str]) -> list[str]:
    joined = "\n".join(words)
    if joined.isascii() or (is_normalized("NFC", joined) and is_visible(joined)):
        return words
    return [compared(word) for word in words]


def _index(vectors: npt.NDArray[np.float32]) -> Any:
    """Build an index for many queries; False where the native kernels are not available."""
    from gyeol.kernels import native_available

    if not native_available():
        return False
    from gyeol.kernels.nearest import Nearest

    return Nearest(vectors)


def _united(vector: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    length = float(np.sqrt(vector @ vector))
    return vector / length if length > 0 else vector


def _checked_top(top: int) -> int:
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise ParameterError(f"top={top!r}: expected a whole number from 1")
    return top
