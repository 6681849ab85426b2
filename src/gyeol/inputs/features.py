"""Texts as one vector each: bag of words, TF-IDF, one-hot at each place. The feed-forward baseline reads these.

scikit-learn counts and weighs; gyeol's tokenizers cut. Nothing becomes dense: a document is its non-zero columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.data.ragged import Ragged
from gyeol.errors import DataError, ModelError, ParameterError, closest
from gyeol.inputs.text import TextInput, checked_words, fitted_tokenizer, restored_tokenizer
from gyeol.inputs.tokenizers import Tokenizer

__all__ = ["FEATURES", "FeatureBatch", "FeatureInput", "Grams"]

#: What a column holds. ``bow``: 1 where the term occurs. ``tfidf``: tf * (ln((1 + n) / (1 + df)) + 1), each document
#: scaled to length 1. ``onehot``: 1 where the token stands at that place of the text.
FEATURES = ("bow", "tfidf", "onehot")

_PLACES = 64  # onehot looks at no more than this many first tokens


@dataclass(frozen=True, slots=True)
class FeatureBatch:
    """Sparse vectors: ``columns`` (nonzeros,) int64, ``weights`` float32, each row's beginning: ``offsets`` (B,)."""

    columns: Tensor
    weights: Tensor
    offsets: Tensor

    def __len__(self) -> int:
        return len(self.offsets)


class Grams:
    """An analyzer for scikit-learn's vectorizers: runs of ``low`` to ``high`` tokens, joined as the tokenizer joins.

    Examples
    --------
    >>> from gyeol.inputs.tokenizers import make_tokenizer
    >>> Grams(make_tokenizer("whitespace"), 1, 2)("참 좋은 영화")
    ['참', '좋은', '영화', '참 좋은', '좋은 영화']
    """

    def __init__(self, tokenizer: Tokenizer, low: int = 1, high: int = 1) -> None:
        self.tokenizer = tokenizer
        self.low = low
        self.high = high

    def __call__(self, text: str) -> list[str]:
        """Cut one text into its runs of tokens."""
        tokens = self.tokenizer.tokenize(text)
        grams = list(tokens) if self.low == 1 else []
        joint = self.tokenizer.joint
        for n in range(max(2, self.low), self.high + 1):
            grams += [joint.join(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]
        return grams


class FeatureInput:
    """Learns terms and weights from texts, then turns texts into sparse vectors.

    Parameters
    ----------
    features : str
        One of `FEATURES`.
    tokenizer, lowercase
        As in `TextInput`.
    min_count : int
        Terms that occur in fewer texts are left out; for ``"onehot"``, as in `TextInput`.
    max_length : int
        As in `TextInput`, for ``"onehot"`` only: the others count all of a text.
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
        self._vectorizer: Any = None

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer in use, known after `fit`."""
        if self._text is not None:
            return self._text.tokenizer
        tokenizer: Tokenizer = self._vectorizer.analyzer.tokenizer
        return tokenizer

    def fit(self, texts: Sequence[str]) -> FeatureInput:
        """Learn terms from texts; returns self."""
        if self.features == "onehot":
            self._text = TextInput(
                tokenizer=self.which, lowercase=self.lowercase, min_count=self.min_count, max_length=self.max_length
            ).fit(texts)
            longest = int(np.quantile(self._text.encode(texts).lengths, 0.95))
            self._places = max(1, min(longest, _PLACES))
            self.width = self._places * len(self._text.vocabulary)
            return self
        tokenizer = fitted_tokenizer(self.which, texts, lowercase=self.lowercase)
        self._vectorizer = self._make(tokenizer)
        try:
            self._vectorizer.fit(texts)
        except ValueError as error:  # scikit-learn's words for "no term is left"
            raise DataError(
                f"no term occurs in {self.min_count} texts or more: give more texts or set min_count=1"
            ) from error
        self.width = len(self._vectorizer.vocabulary_)
        return self

    def _make(self, tokenizer: Tokenizer, vocabulary: dict[str, int] | None = None) -> Any:
        from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

        # Runs of up to three letters or two words: what makes these baselines strong.
        analyzer = Grams(tokenizer, 1, 2 if tokenizer.joint == " " else 3)
        settings: dict[str, Any] = {"analyzer": analyzer, "dtype": np.float32}
        if vocabulary is None:
            settings |= {"min_df": self.min_count, "max_features": self.max_features}
        else:
            settings |= {"vocabulary": vocabulary}
        if self.features == "bow":
            return CountVectorizer(binary=True, **settings)
        return TfidfVectorizer(**settings)

    def encode(self, texts: Iterable[str]) -> tuple[Ragged, npt.NDArray[np.float32]]:
        """Find the non-zero columns of each text and their values, both end to end."""
        if self._text is not None:
            size = len(self._text.vocabulary)
            rows = [row[: self._places] for row in self._text._rows(texts)]
            columns = Ragged.gather(row.astype(np.int64) + np.arange(len(row)) * size for row in rows)
            return columns, np.ones(len(columns.values), dtype=np.float32)
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

    def state(self) -> dict[str, Any]:
        """Return all that was learned, as JSON values."""
        if self._text is not None:
            return {"features": self.features, "places": self._places, "text": self._text.state()}
        terms = sorted(self._vectorizer.vocabulary_, key=self._vectorizer.vocabulary_.get)
        idf = [float(x) for x in self._vectorizer.idf_] if self.features == "tfidf" else None
        tokenizer = self.tokenizer
        return {
            "features": self.features,
            "tokenizer": tokenizer.name,
            "lowercase": tokenizer.lowercase,
            "learned": tokenizer.state(),
            "terms": terms,
            "idf": idf,
        }

    @classmethod
    def restored(cls, state: dict[str, Any], *, tokenizer: type[Tokenizer] | Tokenizer | None = None) -> FeatureInput:
        """Make one again from `state`; a tokenizer of the user's own must be handed over, as class or object.

        Raises
        ------
        ModelError
            Where the state is not one that `state` returned.
        """
        try:
            made = cls(state["features"])
            if made.features == "onehot":
                made._text, places = TextInput.restored(state["text"], tokenizer=tokenizer), state["places"]
                if not isinstance(places, int) or not 1 <= places <= _PLACES:
                    raise ModelError(
                        f"tokenizer.json: places is {places!r}, expected a whole number from 1 to {_PLACES}"
                    )
                made._places = places
                made.width = made._places * len(made._text.vocabulary)
                return made
            cut = restored_tokenizer(state, tokenizer)
            made.lowercase = cut.lowercase
            made._vectorizer = made._make(cut, {t: i for i, t in enumerate(checked_words(state["terms"]))})
            if made.features == "tfidf":
                with np.errstate(over="ignore"):  # infinite then, which is said below
                    weights = np.asarray(state["idf"], dtype=np.float32)
                if weights.ndim != 1 or not np.isfinite(weights).all():
                    raise ModelError("tokenizer.json: idf must be a list of numbers, one a term")
                made._vectorizer.idf_ = weights
            else:
                made._vectorizer._validate_vocabulary()
            made.width = len(made._vectorizer.vocabulary_)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"tokenizer.json does not describe these features: {error!r}") from error
        return made
