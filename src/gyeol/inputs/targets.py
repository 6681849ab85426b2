"""Target texts of a decoder: numbered, each with its end, and the decoder's input at every step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from gyeol.data.ragged import Ragged
from gyeol.errors import ModelError
from gyeol.inputs.text import Cut, TextInput

__all__ = ["END", "check_end", "inputs_and_targets", "text_of", "with_ends"]

END = 2  # the last token of every text, and the first input of a decoder


def with_ends(side: TextInput, texts: Iterable[str], *, longest: int | None = None) -> Ragged:
    """Number texts, each with its end; of ``longest`` tokens before it at most, where that is given."""
    lengths: list[int] = []

    def rows() -> Iterator[npt.NDArray[np.int32]]:
        for row in map(side.vocabulary.encode, side.tokenizer.tokenize_many(texts)):
            lengths.append(len(row))
            yield np.append(row[:longest], np.int32(END))

    numbered = Ragged.gather(rows())
    if longest is not None:
        side.cut = Cut(sum(n > longest for n in lengths), len(lengths), max(lengths, default=0), longest, "end")
    return numbered


def inputs_and_targets(
    rows: Ragged, which: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Put some texts into rectangles, zeros behind the ends.

    Returns
    -------
    inputs, targets : int64 arrays, shape (B, Q)
        The decoder's inputs: the end of the previous text, then all tokens but the last; and what it is to predict.
    lengths : int64 array, shape (B,)
    """
    targets, lengths = rows.pad(which)
    inputs = np.concatenate([np.full((len(which), 1), END), targets[:, :-1]], axis=1)
    inputs[np.arange(inputs.shape[1]) >= lengths[:, None]] = 0
    return inputs.astype(np.int64), targets.astype(np.int64), lengths


def text_of(side: TextInput, tokens: Sequence[int]) -> str:
    """Join predicted tokens into a text."""
    return side.tokenizer.join([side.vocabulary.tokens[token] for token in tokens]) if tokens else ""


def check_end(side: TextInput) -> None:
    """Check that a vocabulary from a file has the end at its place.

    Raises
    ------
    ModelError
        It has not.
    """
    if side.vocabulary.tokens[END : END + 1] != ["\n"]:
        raise ModelError("tokenizer.json: token 2 is not the end of a text")
