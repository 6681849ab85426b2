"""A corpus as batches for both readers of a corrector: the same windows, from the left and from the right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gyeol.data.token_stream import TokenStream
from gyeol.inputs import Vocabulary
from gyeol.tasks.base import Encoded
from gyeol.tasks.language.data import END
from gyeol.tasks.language.net import cut
from gyeol.tasks.spelling.net import BothCarriers, numbered

__all__ = ["encode_both"]


def encode_both(
    known: Vocabulary, texts: Sequence[str], rows: int, order: Callable[[TokenStream, int], Sequence[range]]
) -> Encoded:
    """Put texts into so many streams side by side, each with its reverse; see `gyeol.tasks.language.data`."""
    lines = [numbered(known, text.lower()) for text in texts]
    left, right = (TokenStream.write(iter(side), rows, end=END) for side in (lines, [line[::-1] for line in lines]))
    carrier = BothCarriers()

    def batch(window: range) -> list[Any]:
        first, last = window.start // left.rows, window.stop // left.rows
        return [
            (cut(*stream.window(first, last), end=END, first=first == 0), state)
            for stream, state in zip((left, right), carrier.readers, strict=True)
        ]

    return Encoded(np.ones(len(left), dtype=np.int64), batch, lambda epoch: order(left, epoch), carrier)
