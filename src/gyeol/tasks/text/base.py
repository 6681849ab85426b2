"""What the estimators of texts share: how a text is read, the networks that read it, what stands in a model folder."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol.errors import ParameterError
from gyeol.inputs import FEATURES, FeatureInput, TextInput, WordVectors, tokenizer_rule
from gyeol.inputs.letter_sequences import Reading, find_reading
from gyeol.inputs.tokens.ngrams import frequent_ngrams
from gyeol.inputs.tokens.tokenizers import MORPHEME_RULES, tokenizer_with
from gyeol.inputs.vectors.initial_embedding import InitialVectors, describe_overlap, initial_vectors, tokenizer_for
from gyeol.layers import CELLS, POOLINGS, Cell
from gyeol.layers.words.embedding import initialize_embedding
from gyeol.parameters import Rule, choice, joined, maybe, switch, whole
from gyeol.tasks.alphabet import unknown_shares
from gyeol.tasks.base import TRAINING_RULES, Encoded
from gyeol.tasks.checks import checked_texts
from gyeol.tasks.sample_weights import WeightedEstimator
from gyeol.tasks.text.nets import BagNet, MeanNet, RecurrentNet, frequent_ids

__all__ = ["TEXT_RULES", "Batch", "TextEstimator"]

_RUNS = 50_000  # the most runs of each length: 25 MB a length at 128 numbers

#: What a net learns from: its inputs, the targets, and the weights of the examples; None where there are none.
Batch = tuple[Any, Tensor | None, Tensor | None]

#: The rules of the arguments that every estimator of texts has, in the order of its constructor.
TEXT_RULES: dict[str, Rule] = {
    "cell": choice(CELLS, own=Cell),
    "hidden_size": whole(1, 1 << 16),
    "num_layers": whole(1, 100),
    "bidirectional": switch,
    "attention": choice(("global", None)),
    "tokenizer": tokenizer_rule(),
    "lowercase": switch,
    "min_count": whole(1),
    "embedding_size": whole(1, 1 << 16),
    "vectors": lambda v: (
        "" if v is None or isinstance(v, (str, Path, WordVectors)) else "must be a path, WordVectors or None"
    ),
    **TRAINING_RULES,
    "features": choice((None, *FEATURES)),
    "freeze_vectors": switch,
    "pooling": joined(POOLINGS),
    "ngrams": whole(1),
    "max_length": whole(2),
    "positions": whole(0, 1 << 16, none=True),
    "direct": maybe,
    "nucleotides": maybe,
    **MORPHEME_RULES,
}


class TextEstimator(WeightedEstimator):
    """The base of `TextClassifier` and `TextRegressor`."""

    overlap_: dict[str, Any] | None
    reading_: Reading
    _start: InitialVectors | None
    _size: int

    @property
    @abstractmethod
    def _width(self) -> int:
        """How many numbers the network gives for a text."""

    @abstractmethod
    def _targets(self, y: Any, which: npt.NDArray[np.int64]) -> Tensor:
        """Take the targets of some examples for the loss."""

    def _fit_inputs(self, X: list[str]) -> None:
        vectors = self._word_vectors()
        auto = vectors is not None and isinstance(self.tokenizer, str) and self.tokenizer == "auto"
        tokenizer = tokenizer_for(vectors, X) if auto and vectors is not None else self.tokenizer
        shared: dict[str, Any] = {
            "tokenizer": tokenizer_with(tokenizer, **{name: getattr(self, name) for name in MORPHEME_RULES}),
            "lowercase": bool(self.lowercase),
            "min_count": self.min_count if len(X) >= 1000 else 1,
            "max_length": self.max_length,
        }
        folds = find_reading(X, nucleotides=self.nucleotides, positions=0, direct=False, by_letters=False)
        X = list(folds.folded(X))
        self.inputs_ = FeatureInput(self.features, **shared) if self.features else TextInput(**shared)
        self.inputs_.fit(X)
        by_letters = (
            not self.features and self.inputs_.tokenizer.name == "syllable" and self.max_length >= len(X[0].strip())
        )
        self.reading_ = find_reading(
            X, nucleotides=folds.nucleotides, positions=self.positions, direct=self.direct, by_letters=by_letters
        )
        self._start, self.overlap_, self._size = None, None, int(self.embedding_size)
        if vectors is not None:
            text = self.inputs_ if isinstance(self.inputs_, TextInput) else self.inputs_.text
            rows = [np.asarray(text.encode(X).values, dtype=np.int64)]
            self._start, self.overlap_ = initial_vectors(vectors, text.vocabulary.tokens, rows, text.tokenizer.name)
            self._size = vectors.size
        self.runs_, self.direct_ = [], None
        if isinstance(self.inputs_, TextInput) and (self.ngrams > 1 or self.reading_.direct):
            size, texts = len(self.inputs_.vocabulary), self.inputs_.encode(X)
            often: dict[str, int] = {"min_count": self.min_count}
            if self.ngrams > 1:
                self.runs_ = frequent_ngrams(texts, size, longest=self.ngrams, at_most=_RUNS, **often)
            if self.reading_.direct:
                parts = np.array_split(np.arange(len(X)), -(-len(X) // 256))
                batches = (self.inputs_.batch(texts, part) for part in parts)
                places = self.reading_.positions
                self.direct_ = frequent_ids(batches, size, self.runs_, positions=places, **often)

    def _encode(self, X: list[str], y: Any) -> Encoded:
        return self._encoded(X, y, None)

    def _encode_training(self, X: list[str], y: Any) -> Encoded:
        return self._encoded(X, y, self._sample_weight)

    def _encoded(self, X: list[str], y: Any, weights: npt.NDArray[np.float64] | None) -> Encoded:
        rows: Any = self.inputs_.encode(self.reading_.folded(X))
        inputs: Any = self.inputs_

        def batch(which: npt.NDArray[np.int64]) -> Batch:
            targets = None if y is None else self._targets(y, which)
            return inputs.batch(rows, which), targets, None if weights is None else torch.from_numpy(weights[which])

        return Encoded(inputs.lengths(rows), batch)

    def _build(self) -> nn.Module:
        width = self._width
        net: RecurrentNet | MeanNet
        if isinstance(self.inputs_, FeatureInput):
            if self.features != "vectors":
                return BagNet(self, self.inputs_.width, width)
            net = MeanNet(self, self.inputs_.width, self._size, width)
        else:
            runs = [len(keys) for keys in self.runs_]
            known = None if self.direct_ is None else len(self.direct_)
            net = RecurrentNet(self, len(self.inputs_.vocabulary), self._size, runs, known, width)
            if net.grams is not None:
                net.grams.set_keys([torch.as_tensor(keys) for keys in self.runs_])
            if net.direct is not None:
                net.direct.set_keys(torch.as_tensor(self.direct_))
        if self._start is not None:
            initialize_embedding(net.embedding.weight, *self._start, frozen=bool(self.freeze_vectors))
            self._start = None
        return net

    def _word_vectors(self) -> WordVectors | None:
        if self.vectors is None and self.freeze_vectors:
            raise ParameterError("freeze_vectors=True: there are no vectors to leave as they are; give vectors=PATH")
        if self.vectors is None or isinstance(self.vectors, WordVectors):
            return self.vectors
        if self.features not in (None, "vectors"):
            raise ParameterError(f"vectors: features={self.features!r} has no use for them; take features='vectors'")
        return WordVectors.load(self.vectors)

    def unknown(self, X: Any) -> list[float]:
        """Say which share of each text's letters the training never held; of DNA, which share is no base.

        Raises
        ------
        NotFittedError, DataError
            Before `fit`; for what is no list of texts.
        """
        self._ready()
        return unknown_shares(self.inputs_, checked_texts(X), self.reading_)

    def _told(self) -> dict[str, str]:
        return self.reading_.notes()

    def describe_data(self) -> dict[str, str]:
        """What the model card says of the user's own words, and of the vectors that the tokens' began with."""
        own = getattr(self.inputs_.tokenizer, "entries", ())
        told = {"user dictionary": f"{len(own):,} word{'s' if len(own) > 1 else ''}"} if own else {}
        return told if self.overlap_ is None else {**told, "vectors": describe_overlap(self.overlap_)}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        runs = [len(keys) for keys in self.runs_]  # the keys themselves are tensors of the net
        learned: dict[str, Any] = {"runs": runs, "embedding_size": self._size, "overlap": self.overlap_}
        learned["direct"] = None if self.direct_ is None else len(self.direct_)
        learned["reading"] = self.reading_.state()
        return learned, self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        self.runs_ = [np.zeros(int(size), dtype=np.int64) for size in learned["runs"]]
        older = Reading(positions=int(self.positions or 0), direct=bool(self.direct))  # without "reading"
        self.reading_ = Reading.restored(learned["reading"]) if "reading" in learned else older
        direct: Any = learned.get("direct")
        self.direct_ = None if direct is None else np.zeros(int(direct), dtype=np.int64)
        self._start, self._size = None, int(learned.get("embedding_size") or self.embedding_size)
        overlap = learned.get("overlap")
        self.overlap_ = None if overlap is None else {str(k): v + 0 for k, v in overlap.items()}
        own = self.tokenizer if not isinstance(self.tokenizer, str) else None
        self.inputs_ = (FeatureInput if self.features else TextInput).restored(inputs, tokenizer=own)
