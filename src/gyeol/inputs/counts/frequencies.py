"""In how many documents each term occurs, and which terms become columns."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from gyeol.errors import DataError, ParameterError
from gyeol.inputs.counts.counting import UNKNOWN, Piece
from gyeol.inputs.tokens.normalization import compared

__all__ = ["Columns", "Frequencies", "given_terms"]

_APART = 64  # lists of terms before they are merged


class Columns:
    """The terms by column, how many documents hold each, and the column of every code (-1 for none).

    Parameters
    ----------
    terms : Series of str, length V
    documents : int64 array, shape (V,)
    places : int32 array, shape (codes,)
    """

    def __init__(self, terms: pl.Series, documents: npt.NDArray[np.int64], places: npt.NDArray[np.int32]) -> None:
        self.terms = terms
        self.documents = documents
        self.places = places


class Frequencies:
    """Counts over pieces as they pass.

    Parameters
    ----------
    ordered : bool
        The pieces contain every occurrence of a term, not one a document.
    """

    def __init__(self, *, ordered: bool) -> None:
        self.count = 0  # documents seen
        self._ordered = ordered
        self._documents: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)  # by code: that hold the term
        self._totals: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)  # by code: occurrences
        self._terms: list[pl.Series] = []

    def add(self, piece: Piece, terms: pl.Series) -> None:
        """Count a piece and the terms in it."""
        self.count += len(piece.starts) - 1
        if self._ordered:
            piece = _once(piece)
        known = piece.codes != UNKNOWN
        codes, counts = (piece.codes, piece.counts) if known.all() else (piece.codes[known], piece.counts[known])
        if not len(codes):
            return
        self._documents = _added(self._documents, np.bincount(codes))
        self._totals = _added(self._totals, np.bincount(codes, counts).astype(np.int64))
        self._terms.append(terms)
        if len(self._terms) > _APART:
            self._terms = [pl.concat(self._terms).unique()]

    def of(self, terms: pl.Series) -> Columns:
        """Select given terms, whose codes are their columns."""
        documents = np.zeros(len(terms), dtype=np.int64)
        documents[: len(self._documents)] = self._documents[: len(terms)]
        return Columns(terms, documents, np.arange(len(terms), dtype=np.int32))

    def choose(self, min_df: float, max_df: float, max_features: int | None) -> Columns:
        """Select the terms in enough and not too many documents, in alphabetical order.

        Raises
        ------
        DataError, ParameterError
            No term is left.
        """
        least = min_df if isinstance(min_df, Integral) else min_df * self.count
        most = max_df if isinstance(max_df, Integral) else max_df * self.count
        if least > most:
            raise ParameterError(
                f"min_df={min_df} requires {least:g} documents or more and max_df={max_df} allows {most:g} or fewer of "
                f"{self.count:,}: no term can satisfy both"
            )
        if not self._terms:
            raise DataError("the texts hold no term: every one is empty, white space or stop words")
        seen = pl.concat(self._terms).unique()
        codes = seen.to_physical().to_numpy()
        selected = (self._documents[codes] >= least) & (self._documents[codes] <= most)
        if not selected.any():
            raise DataError(
                f"no term occurs in {least:g} to {most:g} of the {self.count:,} texts, of {len(codes):,} terms in all: "
                "give more texts, lower min_df or raise max_df"
            )
        names, codes = seen.filter(selected).cast(pl.String), codes[selected]
        order = names.arg_sort().to_numpy()  # by the bytes of UTF-8, which is the order of the characters
        if max_features is not None and max_features < len(order):
            strongest = np.argsort(-self._totals[codes[order]], kind="stable")[: int(max_features)]
            order = order[np.sort(strongest)]
        places = np.full(len(self._documents), -1, dtype=np.int32)
        places[codes[order]] = np.arange(len(order), dtype=np.int32)
        return Columns(names.gather(order), self._documents[codes[order]], places)


def given_terms(vocabulary: Any) -> pl.Series:
    """Take terms that were given instead of learned, composed: in the order of their columns, or each with its column.

    Raises
    ------
    ParameterError
        They are no different texts, or their columns are not 0, 1, ...
    """
    if isinstance(vocabulary, dict):
        terms = sorted(vocabulary, key=vocabulary.__getitem__)
        if [vocabulary[t] for t in terms] != list(range(len(terms))):
            raise ParameterError("vocabulary: its numbers must be the columns 0, 1, ... without a gap")
    else:
        terms = list(vocabulary)
    if not terms or not all(isinstance(t, str) for t in terms):
        raise ParameterError("vocabulary: expected one term or more, each a str")
    series = pl.Series([compared(term) for term in terms], dtype=pl.String)
    if series.n_unique() < len(series):
        twice = series.filter(series.is_duplicated())[0]
        raise ParameterError(f"vocabulary: the term {twice!r} occurs in it twice")
    return series


def _once(piece: Piece) -> Piece:
    """Count a piece of tokens: each term once a document."""
    rows = np.repeat(np.arange(len(piece.starts) - 1, dtype=np.int64), np.diff(piece.starts))
    keys, counts = np.unique((rows << 32) | piece.codes, return_counts=True)
    return Piece(piece.starts, (keys & 0xFFFFFFFF).astype(np.uint32), counts.astype(np.int32))


def _added(sums: npt.NDArray[np.int64], more: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    if len(more) > len(sums):
        sums = np.concatenate([sums, np.zeros(max(len(more), len(sums) * 3 // 2) - len(sums), dtype=np.int64)])
    sums[: len(more)] += more
    return sums
