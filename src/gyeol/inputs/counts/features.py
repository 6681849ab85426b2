"""Texts as one vector each: bag of words, TF-IDF, one-hot at each place. The feed-forward baseline reads these.

A `TextVectorizer` counts and weighs. Nothing becomes dense: a document is its non-zero columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.data.ragged import Ragged
from gyeol.errors import DataError, ModelError, ParameterError, closest
from gyeol.inputs.counts.token_shares import Shares, of_places, of_terms
from gyeol.inputs.text import Cut, TextInput
from gyeol.inputs.tokens.base import Tokenizer
from gyeol.inputs.tokens.state import fitted_tokenizer

if TYPE_CHECKING:
    from gyeol.inputs.counts.text_vectorizer import TextVectorizer

__all__ = ["FEATURES", "FeatureBatch", "FeatureInput"]

#: What a column holds. ``bow``: 1 where the term occurs. ``tfidf``: tf * (ln((1 + n) / (1 + df)) + 1), each document
#: scaled to length 1. ``onehot``: 1 where the token stands at that place of the text. ``vectors``: the token's share of
#: the text, for the mean of its vectors.
FEATURES = ("bow", "tfidf", "onehot", "vectors")

_PLACES = 64  # onehot looks at no more than this many first tokens


@dataclass(frozen=True, slots=True)
class FeatureBatch:
    """Sparse vectors: ``columns`` (nonzeros,) int64, ``weights`` float32, each row's beginning: ``offsets`` (B,)."""

    columns: Tensor
    weights: Tensor
    offsets: Tensor

    def __len__(self) -> int:
        return len(self.offsets)


class FeatureInput:
    """Learns terms and weights from texts, then turns texts into sparse vectors.

    Parameters
    ----------
    features : str
        One of `FEATURES`.
    tokenizer, lowercase
        As in `TextInput`.
    min_count : int
        Terms that occur in fewer texts are left out; for ``"onehot"`` and ``"vectors"``, as in `TextInput`.
    max_length : int
        As in `TextInput`, for ``"onehot"`` and ``"vectors"`` only: the others count all of a text.
    max_features : int
        The most terms kept, the most frequent ones.
    """

    def __init__(
        self,
        features: str,
        *,
        tokenizer: str | type[Tokenizer] | Tokenizer = "auto",
        lowercase: bool = False,
        min_count: int = 2,
        max_length: int = 1000,
        max_features: int = 300_000,
    ) -> None:
        if features not in FEATURES:
            raise ParameterError(f"features={features!r} is not known{closest(features, FEATURES)}")
        self.features = features
        self.which = tokenizer
        self.lowercase = lowercase
        self.min_count = min_count
        self.max_length = max_length
        self.max_features = max_features
        self.width = 0
        self._text: TextInput | None = None
        self._places = 0
        self._vectorizer: TextVectorizer | None = None

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer in use, known after `fit`."""
        if self._text is not None:
            return self._text.tokenizer
        assert self._vectorizer is not None
        return self._vectorizer.tokenizer_

    @property
    def text(self) -> TextInput:
        """Tokens and vocabulary, of ``onehot`` and ``vectors``."""
        assert self._text is not None
        return self._text

    @property
    def cuts(self) -> bool:
        """Whether texts longer than ``max_length`` are shortened: of ``onehot`` and ``vectors``."""
        return self._text is not None

    @property
    def places(self) -> int | None:
        """How many first tokens ``onehot`` looks at; None of the others."""
        return self._places if self.features == "onehot" else None

    @property
    def cut(self) -> Cut | None:
        """What the last `encode` left out; None of features that count all of a text."""
        return None if self._text is None else self._text.cut

    @property
    def terms(self) -> list[str]:
        """The known tokens, or n-grams of tokens."""
        if self._text is not None:
            return self._text.terms
        assert self._vectorizer is not None
        return [str(term) for term in self._vectorizer.terms_]

    def fit(self, texts: Sequence[str]) -> FeatureInput:
        """Learn terms from texts; returns self."""
        if self.features in ("onehot", "vectors"):
            self._text = TextInput(
                tokenizer=self.which, lowercase=self.lowercase, min_count=self.min_count, max_length=self.max_length
            ).fit(texts)
            if self.features == "vectors":
                self.width = len(self._text.vocabulary)
                return self
            longest = int(np.quantile(self._text.encode(texts).lengths, 0.95))
            self._places = max(1, min(longest, _PLACES))
            self.width = self._places * len(self._text.vocabulary)
            return self
        # Imported where terms are counted: it loads scikit-learn's vectorizers and Polars, and most models have none.
        from gyeol.inputs.counts.text_vectorizer import TextVectorizer

        tokenizer = fitted_tokenizer(self.which, texts, lowercase=self.lowercase)
        # N-grams of up to three letters or two words: they make these baselines strong.
        self._vectorizer = TextVectorizer(
            self.features,
            tokenizer=tokenizer,
            ngram_range=(1, 2 if tokenizer.joint == " " else 3),
            min_df=int(self.min_count),
            max_features=self.max_features,
            dtype=np.float32,
        )
        try:
            self._vectorizer.fit(texts)
        except (DataError, ParameterError) as error:  # in the vectorizer's terms
            raise DataError(
                f"no term occurs in {self.min_count} texts or more: give more texts or set min_count=1"
            ) from error
        self.width = len(self._vectorizer.terms_)
        return self

    def encode(self, texts: Iterable[str]) -> tuple[Ragged, npt.NDArray[np.float32]]:
        """Find the non-zero columns of each text and their values, both end to end."""
        if self._text is not None and self.features == "vectors":
            tokens = self._text.encode(texts)
            shares = np.repeat(1.0 / tokens.lengths, tokens.lengths)
            return Ragged(tokens.values.astype(np.int64), tokens.starts), shares.astype(np.float32)
        if self._text is not None:
            size = len(self._text.vocabulary)
            whole = list(self._text._rows(texts))
            lengths = [len(row) for row in whole]
            beyond = sum(length > self._places for length in lengths)
            self._text.cut = Cut(beyond, len(whole), max(lengths, default=0), self._places, "end")
            rows = [row[: self._places] for row in whole]
            columns = Ragged.gather(row.astype(np.int64) + np.arange(len(row)) * size for row in rows)
            return columns, np.ones(len(columns.values), dtype=np.float32)
        assert self._vectorizer is not None
        matrix = self._vectorizer.transform(texts)
        return Ragged(matrix.indices.astype(np.int32), matrix.indptr.astype(np.int64)), matrix.data.astype(np.float32)

    def lengths(self, rows: tuple[Ragged, npt.NDArray[np.float32]]) -> npt.NDArray[np.int64]:
        """Non-zero columns of every row, for bucketing."""
        return rows[0].lengths

    def batch(self, rows: tuple[Ragged, npt.NDArray[np.float32]], which: npt.NDArray[np.int64]) -> FeatureBatch:
        """Lay some rows end to end."""
        columns, weights = rows
        lengths = columns.starts[which + 1] - columns.starts[which]
        offsets = np.zeros(len(which), dtype=np.int64)
        np.cumsum(lengths[:-1], out=offsets[1:])
        places = np.repeat(columns.starts[which] - offsets, lengths) + np.arange(int(lengths.sum()))
        return FeatureBatch(
            torch.from_numpy(columns.values[places].astype(np.int64)),
            torch.from_numpy(weights[places]),
            torch.from_numpy(offsets),
        )

    def shares(self, tokens: Sequence[str], columns: npt.NDArray[np.integer[Any]]) -> Shares:
        """Return how much of each non-zero column of a text, as `encode` found them, each of its tokens is."""
        if self._vectorizer is None:
            return of_places(len(columns))
        terms = self._vectorizer.terms_.gather(columns.astype(np.int64)).to_list()
        longest = self._vectorizer.ngram_range[1]
        return of_terms(terms, tokens, joint=self.tokenizer.joint, longest=longest)

    def state(self) -> dict[str, Any]:
        """Return all that was learned, as JSON values."""
        if self._text is not None:
            places = {"places": self._places} if self.features == "onehot" else {}
            return {"features": self.features, **places, "text": self._text.state()}
        from gyeol.inputs.counts.vectorizer_state import state_of

        assert self._vectorizer is not None
        return {"features": self.features, **state_of(self._vectorizer)}

    @classmethod
    def restored(cls, state: dict[str, Any], *, tokenizer: type[Tokenizer] | Tokenizer | None = None) -> FeatureInput:
        """Restore the input from `state`; a custom tokenizer must be given, as class or object.

        Raises
        ------
        ModelError
            Where the state is not one that `state` returned.
        """
        try:
            inputs = cls(state["features"])
            if inputs.features == "vectors":
                inputs._text = TextInput.restored(state["text"], tokenizer=tokenizer)
                inputs.width = len(inputs._text.vocabulary)
                return inputs
            if inputs.features == "onehot":
                inputs._text, places = TextInput.restored(state["text"], tokenizer=tokenizer), state["places"]
                if not isinstance(places, int) or not 1 <= places <= _PLACES:
                    raise ModelError(
                        f"tokenizer.json: places is {places!r}, expected a whole number from 1 to {_PLACES}"
                    )
                inputs._places = places
                inputs.width = inputs._places * len(inputs._text.vocabulary)
                return inputs
            from gyeol.inputs.counts.text_vectorizer import TextVectorizer
            from gyeol.inputs.counts.vectorizer_state import restored

            inputs._vectorizer = restored(
                TextVectorizer, {**state, "kind": inputs.features}, tokenizer, where="tokenizer.json"
            )
            inputs.lowercase = inputs.tokenizer.lowercase
            inputs.width = len(inputs._vectorizer.terms_)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"tokenizer.json does not describe these features: {error!r}") from error
        return inputs
