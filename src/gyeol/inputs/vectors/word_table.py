"""Words, their vectors and where they come from: what training and reading return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gyeol.inputs.vectors.subword_vectors import Subwords

__all__ = ["WordTable"]


class WordTable(NamedTuple):
    """V words, the most frequent first; ``vectors`` (V, D) float32; ``subwords``; ``about``, their origin as JSON."""

    words: Sequence[str]
    vectors: npt.NDArray[np.float32]
    subwords: Subwords | None
    about: dict[str, Any]
