"""A language model's corpus as batches: windows of streams, cut where a text begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gyeol.data.token_stream import TokenStream
from gyeol.tasks.base import Encoded
from gyeol.tasks.language.net import Carrier, Pieces, cut

__all__ = ["END", "WINDOW", "encode_stream"]

END = 2  # the number of the mark of an end, which is "\n"
WINDOW = 512  # steps of a window of one stream, read without learning


def encode_stream(stream: TokenStream, order: Callable[[TokenStream, int], Sequence[range]], *, apart: bool) -> Encoded:
    """Make batches of streams side by side.

    Parameters
    ----------
    stream : TokenStream
        Numbered texts, the mark of an end behind each.
    order : callable of (stream, epoch)
        The windows of an epoch.
    apart : bool
        The state is reset before each text.
    """
    carrier = Carrier()

    def batch(window: range) -> tuple[Pieces, Carrier]:
        first, last = window.start // stream.rows, window.stop // stream.rows
        return cut(*stream.window(first, last), end=END if apart else None, first=first == 0), carrier

    return Encoded(np.ones(len(stream), dtype=np.int64), batch, lambda epoch: order(stream, epoch), carrier)
