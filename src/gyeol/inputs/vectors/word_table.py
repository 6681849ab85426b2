"""Words, their vectors and where they come from: what training and reading return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gyeol.errors import DataError
from gyeol.inputs.tokens.base import Tokenizer
from gyeol.inputs.vectors.subword_vectors import Subwords

__all__ = ["Trained", "WordTable", "check_read"]


class WordTable(NamedTuple):
    """V words, the most frequent first; ``vectors`` (V, D) float32; ``subwords``; ``about``, their origin as JSON."""

    words: Sequence[str]
    vectors: npt.NDArray[np.float32]
    subwords: Subwords | None
    about: dict[str, Any]


class Trained(NamedTuple):
    """What an engine returns: the table, and of the corpus its tokenizer, texts with any word, and words."""

    words: list[str]
    vectors: npt.NDArray[np.float32]
    subwords: Subwords | None
    tokenizer: Tokenizer
    texts: int
    total: int


def check_read(texts: int, words: int, min_count: int) -> None:
    """Refuse a corpus of no texts, or of no words that are frequent enough."""
    if not texts:
        raise DataError("the texts hold no word to learn from: every one is empty or white space")
    if not words:
        raise DataError(f"no word occurs {min_count} times in the {texts:,} texts: give more text or set min_count=1")
