"""Texts as rows of a sparse matrix: one-hot, bag of words, document-term counts, TF-IDF.

The four ways in which a course turns words into numbers, as one scikit-learn transformer over any tokenizer of gyeol's:

- ``onehot``: a row a token, 1 in the column of its term;
- ``bow``: a row a document, 1 in the columns of the terms that occur;
- ``dtm``: a row a document, how often each term occurs;
- ``tfidf``: ``tf * idf``, idf = ln((1 + n) / (1 + df)) + 1 (or ln(n / df) + 1), each row scaled to length 1. That is
  scikit-learn's formula, and its code computes the weights (Salton and Buckley 1988 give the family).

Columns are the terms in alphabetical order. No matrix is dense, and documents are read a chunk at a time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from numbers import Integral, Real
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfTransformer

from gyeol import parameters
from gyeol.errors import DataError, ParameterError
from gyeol.inputs.counts.counting import Piece, Spool, TermReader, in_turn
from gyeol.inputs.counts.frequencies import Columns, Frequencies, given_terms
from gyeol.inputs.counts.stop_words import stop_words as named_stop_words
from gyeol.inputs.counts.vectorizer_state import read_state, write_state
from gyeol.inputs.tokens.base import Tokenizer
from gyeol.inputs.tokens.state import fitted_tokenizer
from gyeol.inputs.tokens.tokenizers import MORPHEME_RULES, tokenizer_rule, tokenizer_with
from gyeol.parameters import Rule, choice, switch, whole

__all__ = ["KINDS", "Rows", "TextVectorizer", "vectorizer"]

#: What a matrix may hold.
KINDS = ("onehot", "bow", "dtm", "tfidf")

_SAMPLE = 200_000  # documents that a tokenizer learns from


def _ngram_range(value: Any) -> str:
    pair = isinstance(value, (tuple, list)) and len(value) == 2 and all(type(n) is int for n in value)
    return "" if pair and 1 <= value[0] <= value[1] else "must be two whole numbers, 1 <= low <= high"


def _documents(value: Any) -> str:
    whole_number = isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 0
    share = isinstance(value, Real) and not isinstance(value, Integral) and 0 <= float(value) <= 1
    return "" if whole_number or share else "must be a number of documents (1, 2, ...) or a share of them (0.0 to 1.0)"


def _real(value: Any) -> str:
    try:
        return "" if np.dtype(value) in (np.float64, np.float32) else "must be float64 or float32"
    except TypeError:
        return "must be float64 or float32"


_RULES: dict[str, Rule] = {
    "kind": choice(KINDS),
    "tokenizer": tokenizer_rule(),
    "lowercase": switch,
    "ngram_range": _ngram_range,
    "min_df": _documents,
    "max_df": _documents,
    "max_features": whole(1, none=True),
    "norm": choice(("l2", "l1", None)),
    "smooth_idf": switch,
    "sublinear_tf": switch,
    "dtype": _real,
    "threads": whole(1, 1024, none=True),
    **MORPHEME_RULES,
}


class Rows(NamedTuple):
    """Some documents as rows: those of document i are ``matrix[starts[i]:starts[i + 1]]`` (one each but for onehot)."""

    matrix: Any
    starts: npt.NDArray[np.int64]


class TextVectorizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn texts into a sparse matrix.

    Parameters
    ----------
    kind : {"onehot", "bow", "dtm", "tfidf"}
        What a cell holds.
    tokenizer : str, class or Tokenizer
        A name of ``TOKENIZERS``, or ``"auto"``. ``"morpheme"`` is what Korean words want: it takes particles off;
        ``"content"`` keeps nouns and the dictionary forms of verbs and adjectives only.
    lowercase : bool
        Lower-case the texts.
    ngram_range : (int, int)
        N-grams of so many tokens are terms, joined as the tokenizer joins.
    stop_words : {None, "english", "korean"} or list of str
        Tokens left out.
    min_df, max_df : int or float
        Terms in fewer or more documents are left out: a number of documents, or a share of them.
    max_features : int, optional
        The most terms kept, the most frequent ones.
    vocabulary : iterable of str, optional
        The terms, given instead of learned; their order is the order of the columns.
    norm : {"l2", "l1", None}
        The length to which each row of TF-IDF is scaled.
    smooth_idf, sublinear_tf : bool
        Add one document that contains every term once; 1 + ln(tf) instead of tf.
    dtype : data type
        Of the cells, np.float64 or np.float32.
    threads : int, optional
        Cores to use; all by default.
    user_dictionary, keep_tags, stop_tags
        Of ``"content"`` and ``"morpheme"``: see `gyeol.inputs.tokens.morphemes.Content`.

    Attributes
    ----------
    terms_ : Series of str
        The terms by column.
    idf_ : array, shape (terms,)
        Of ``tfidf``.
    tokenizer_ : Tokenizer
        What cuts.
    documents_ : int
        How many texts it learned from.

    Raises
    ------
    ParameterError, DataError
        A setting has a value it cannot have; there is no term to count.

    Examples
    --------
    >>> texts = ["러시아 월드컵 러시아", "어제 월드컵"]
    >>> counts = TextVectorizer("dtm", tokenizer="whitespace")
    >>> counts.fit_transform(texts).toarray().tolist()
    [[2.0, 0.0, 1.0], [0.0, 1.0, 1.0]]
    >>> counts.get_feature_names_out().tolist()
    ['러시아', '어제', '월드컵']
    """

    terms_: pl.Series
    idf_: npt.NDArray[np.floating[Any]]
    tokenizer_: Tokenizer
    documents_: int
    _codes: Any

    def __init__(
        self,
        kind: str = "tfidf",
        *,
        tokenizer: Any = "word",
        lowercase: bool = False,
        ngram_range: tuple[int, int] = (1, 1),
        stop_words: Any = None,
        min_df: float = 1,
        max_df: float = 1.0,
        max_features: int | None = None,
        vocabulary: Any = None,
        norm: str | None = "l2",
        smooth_idf: bool = True,
        sublinear_tf: bool = False,
        dtype: Any = np.float64,
        threads: int | None = None,
        user_dictionary: Any = None,
        keep_tags: Any = None,
        stop_tags: Any = None,
    ) -> None:
        self.kind = kind
        self.tokenizer = tokenizer
        self.lowercase = lowercase
        self.ngram_range = ngram_range
        self.stop_words = stop_words
        self.min_df = min_df
        self.max_df = max_df
        self.max_features = max_features
        self.vocabulary = vocabulary
        self.norm = norm
        self.smooth_idf = smooth_idf
        self.sublinear_tf = sublinear_tf
        self.dtype = dtype
        self.threads = threads
        self.user_dictionary = user_dictionary
        self.keep_tags = keep_tags
        self.stop_tags = stop_tags

    def fit(self, raw_documents: Iterable[str], y: Any = None) -> TextVectorizer:
        """Learn terms and weights from texts, which may be a stream; returns self."""
        self._learn(raw_documents, keep=False)
        return self

    def fit_transform(self, raw_documents: Iterable[str], y: Any = None) -> Any:
        """Learn from texts and return their matrix, in one reading."""
        return self._stacked(self.fit_rows(raw_documents))

    def transform(self, raw_documents: Iterable[str]) -> Any:
        """Return the matrix of texts: CSR, (documents or, for onehot, tokens) x terms. Unknown terms count nowhere."""
        return self._stacked(self.rows(raw_documents))

    def fit_rows(self, documents: Iterable[str]) -> Iterator[Rows]:
        """Learn from a stream of texts; return their rows, some thousand documents at a time, in bounded memory."""
        spool, columns = self._learn(documents, keep=True)
        weigh = self._weigher()
        return in_turn(lambda piece: self._rows(piece, columns, weigh), spool, self._threads())

    def rows(self, documents: Iterable[str]) -> Iterator[Rows]:
        """Yield the rows of a stream of texts, some thousand documents at a time."""
        self._ready()
        reader = self._reader(self._known())
        columns = np.arange(len(self.terms_), dtype=np.int32)
        weigh = self._weigher()
        for piece, _ in reader.read(_checked(documents)):
            yield self._rows(piece, columns, weigh)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """Return the terms by column, as an array of objects."""
        self._ready()
        return np.asarray(self.terms_.to_list(), dtype=object)

    @property
    def vocabulary_(self) -> dict[str, int]:
        """The column of each term."""
        self._ready()
        return {term: column for column, term in enumerate(self.terms_.to_list())}

    def save(self, path: str | Path) -> None:
        """Write all that was learned as one JSON file, which `load` reads: terms, weights, tokenizer, settings.

        Raises
        ------
        SaveError
            Where that is impossible; what was there before is unchanged.
        """
        self._ready()
        write_state(self, Path(path))

    @classmethod
    def load(cls, path: str | Path, *, tokenizer: type[Tokenizer] | Tokenizer | None = None) -> TextVectorizer:
        """Read what `save` wrote; a custom tokenizer must be given again.

        Raises
        ------
        ModelError
            Where the file is missing, or no such one.
        """
        return read_state(cls, Path(path), tokenizer)

    def _ready(self) -> None:
        if not hasattr(self, "terms_"):
            raise NotFittedError("this vectorizer has learned nothing yet: call fit(texts) first")

    def _threads(self) -> int:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return int(self.threads or cores)

    def _known(self) -> Any:
        """Return the codes of the terms: those of an Enum are the columns."""
        codes: Any = getattr(self, "_codes", None)
        if codes is None:
            codes = self._codes = pl.Enum(self.terms_)
        return codes

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is computed again when needed."""
        return {**super().__getstate__(), "_codes": None}

    def _reader(self, codes: Any) -> TermReader:
        low, high = self.ngram_range
        words = named_stop_words(self.stop_words)
        ordered = self.kind == "onehot"
        return TermReader(self.tokenizer_, codes, int(low), int(high), words, self._threads(), ordered)

    def _check(self) -> None:
        parameters.check(self.get_params(deep=False), _RULES)
        named_stop_words(self.stop_words)
        if self.kind == "onehot" and self.ngram_range[1] > 1:
            raise ParameterError("ngram_range: onehot has a row a token, and no n-grams")

    def _learn(self, raw_documents: Iterable[str], *, keep: bool) -> tuple[Spool, npt.NDArray[np.int32]]:
        self._check()
        documents = iter(_checked(raw_documents))
        sample = list(islice(documents, _SAMPLE))
        if not sample:
            raise DataError("there are no texts to learn from")
        self._codes = None
        which = tokenizer_with(self.tokenizer, **{name: getattr(self, name) for name in MORPHEME_RULES})
        self.tokenizer_ = fitted_tokenizer(which, sample, lowercase=bool(self.lowercase))
        spool, frequencies = Spool(), Frequencies(ordered=self.kind == "onehot")
        if self.vocabulary is None:
            codes = pl.Categorical(pl.Categories.random())
        else:
            self.terms_ = given_terms(self.vocabulary)
            codes = self._known()
        for piece, terms in self._reader(codes).read(chain(_emptied(sample), documents)):
            frequencies.add(piece, terms)
            if keep:
                spool.append(piece)
        columns = self._columns(frequencies)
        if self.kind == "tfidf":
            # As scikit-learn's TfidfTransformer.fit has it, for frequencies counted chunk by chunk.
            smooth = int(bool(self.smooth_idf))
            with np.errstate(divide="ignore"):  # a given term in no document, unsmoothed: infinite
                idf = np.log((frequencies.count + smooth) / (columns.documents + smooth)) + 1.0
            self.idf_ = idf.astype(self.dtype)
        self.documents_ = frequencies.count
        return spool, columns.places

    def _columns(self, frequencies: Frequencies) -> Columns:
        if self.vocabulary is not None:
            return frequencies.of(self.terms_)
        columns = frequencies.choose(self.min_df, self.max_df, self.max_features)
        self.terms_ = columns.terms
        return columns

    def _weigher(self) -> Callable[[Any], Any]:
        if self.kind != "tfidf":
            return lambda matrix: matrix
        weights = TfidfTransformer(norm=self.norm, smooth_idf=self.smooth_idf, sublinear_tf=self.sublinear_tf)
        weights.idf_ = self.idf_
        return lambda matrix: weights.transform(matrix, copy=False)

    def _rows(self, piece: Piece, columns: npt.NDArray[np.int32], weigh: Callable[[Any], Any]) -> Rows:
        width, documents = len(self.terms_), len(piece.starts) - 1
        known = piece.codes < len(columns)
        places = np.where(known, columns[np.where(known, piece.codes, 0)], np.int32(-1))
        if self.kind == "onehot":
            tokens = len(places)
            indptr = np.zeros(tokens + 1, dtype=np.int32)
            np.cumsum(places >= 0, out=indptr[1:])
            cells = np.ones(int(indptr[-1]), dtype=self.dtype)
            return Rows(sp.csr_matrix((cells, places[places >= 0], indptr), shape=(tokens, width)), piece.starts)
        rows = np.repeat(np.arange(documents, dtype=np.int64), np.diff(piece.starts))
        known = places >= 0
        keys = (rows[known] << 32) | places[known]
        order = np.argsort(keys)
        keys = keys[order]
        indptr = np.zeros(documents + 1, dtype=np.int32)
        np.cumsum(np.bincount(keys >> 32, minlength=documents), out=indptr[1:])
        indices = (keys & 0xFFFFFFFF).astype(np.int32)
        cells = np.ones(len(keys), self.dtype) if self.kind == "bow" else piece.counts[known][order].astype(self.dtype)
        matrix = sp.csr_matrix((cells, indices, indptr), shape=(documents, width))
        return Rows(weigh(matrix), np.arange(documents + 1, dtype=np.int64))

    def _stacked(self, rows: Iterator[Rows]) -> Any:
        blocks = [block.matrix for block in rows]
        if not blocks:
            return sp.csr_matrix((0, len(self.terms_)), dtype=self.dtype)
        return blocks[0] if len(blocks) == 1 else sp.vstack(blocks, format="csr")


def vectorizer(kind: str = "tfidf", **settings: Any) -> TextVectorizer:
    """Make a `TextVectorizer`: ``vectorizer("tfidf", tokenizer="morpheme")``."""
    new = TextVectorizer(kind, **settings)
    new._check()
    return new


def _checked(documents: Iterable[str]) -> Iterable[str]:
    """Refuse a single text given for many, and whatever is no text."""
    if isinstance(documents, str):
        raise DataError(f"got one text, {documents!r:.40}; expected a list of texts: wrap it in [ ]")

    def each() -> Iterator[str]:
        for place, text in enumerate(documents):
            if not isinstance(text, str):
                raise DataError(f"text {place} is {type(text).__name__}, expected str")
            yield text

    return each()


def _emptied(texts: list[str]) -> Iterator[str]:
    """Yield texts and release them."""
    texts.reverse()
    while texts:
        yield texts.pop()
