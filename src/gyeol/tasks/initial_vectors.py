"""Word vectors that a task's token vectors start from: which tokenizer fits them, and what a model folder keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from gyeol.inputs import TextInput, WordVectors
from gyeol.inputs.vectors.initial_embedding import InitialVectors, describe_overlap, initial_vectors, tokenizer_for
from gyeol.layers.words.embedding import initialize_embedding
from gyeol.tasks.hyperparameters import TextParameters, VectorParameters

__all__ = ["VectorsEstimator"]


@dataclass(kw_only=True, eq=False, repr=False)
class VectorsEstimator(VectorParameters, TextParameters):
    """What the estimators share that have ``vectors``.

    ``overlap_`` counts what the vectors knew; ``_size`` is the length of a token's vector; ``_start``, until the
    network is built, are the vectors of the vocabulary.
    """

    overlap_: dict[str, Any] | None = field(init=False)
    _start: InitialVectors | None = field(init=False)
    _size: int = field(init=False)

    def _word_vectors(self) -> WordVectors | None:
        given = self.vectors
        return given if given is None or isinstance(given, WordVectors) else WordVectors.load(given)

    def _tokenizer_for(self, vectors: WordVectors | None, X: Sequence[str]) -> Any:
        auto = vectors is not None and isinstance(self.tokenizer, str) and self.tokenizer == "auto"
        return tokenizer_for(vectors, X) if auto and vectors is not None else self.tokenizer

    def _start_from(
        self, vectors: WordVectors | None, text: TextInput | None, rows: Iterable[npt.NDArray[np.integer]]
    ) -> None:
        """Find the vectors of a vocabulary; rows are the texts that it was learned from, numbered."""
        self._start, self.overlap_, self._size = None, None, int(self.embedding_size)
        if vectors is not None and text is not None:
            tokens, tokenizer, self._size = text.vocabulary.tokens, text.tokenizer.name, vectors.size
            self._start, self.overlap_ = initial_vectors(vectors, tokens, rows, tokenizer)

    def _initialize(self, table: Tensor, *, frozen: bool = False) -> None:
        """Write the vectors that `_start_from` found into a network."""
        if self._start is not None:
            initialize_embedding(table, *self._start, frozen=frozen)
            self._start = None

    def _described_vectors(self) -> dict[str, str]:
        return {} if self.overlap_ is None else {"vectors": describe_overlap(self.overlap_)}

    def _vectors_state(self) -> dict[str, Any]:
        return {"embedding_size": self._size, "overlap": self.overlap_}

    def _restore_vectors(self, learned: dict[str, Any]) -> None:
        self._start, self._size = None, int(learned.get("embedding_size") or self.embedding_size)
        overlap = learned.get("overlap")
        self.overlap_ = None if overlap is None else {str(k): v + 0 for k, v in overlap.items()}
