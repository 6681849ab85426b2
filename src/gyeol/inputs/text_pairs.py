"""Texts on their way into an encoder and a decoder: pairs, and targets alone, each with its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.data.ragged import Ragged
from gyeol.errors import ModelError
from gyeol.inputs.text import WIDTH, Cut, TextInput
from gyeol.inputs.tokens.base import Tokenizer

__all__ = ["END", "PairBatch", "PairInput", "Pairs", "check_end", "inputs_and_targets", "text_of", "with_ends"]

END = 2  # the last token of every text, and the first input of a decoder
_ENDLESS = 1 << 31


@dataclass(frozen=True, slots=True)
class Pairs:
    """Numbered texts, each with its end: ``source`` and, where it is known, ``target``."""

    source: Ragged
    target: Ragged | None


@dataclass(frozen=True, slots=True)
class PairBatch:
    """Some pairs as rectangles of int64, zeros behind the ends.

    ``source`` (B, T) and ``source_lengths`` (B,); the decoder's ``inputs`` (B, Q) and ``targets`` (B, Q), with
    ``target_lengths`` (B,); the last three have no columns where targets are not known.
    """

    source: Tensor
    source_lengths: Tensor
    inputs: Tensor
    targets: Tensor
    target_lengths: Tensor

    def __len__(self) -> int:
        return len(self.source)


class PairInput:
    """Learns tokenizers and vocabularies of both sides, then turns pairs into batches.

    Parameters
    ----------
    tokenizer : str, class or Tokenizer
        Of both sides.
    shared : bool
        Both sides have one tokenizer and one vocabulary.
    lowercase : bool
    min_count : int

    Examples
    --------
    >>> pairs = PairInput(tokenizer="whitespace", min_count=1).fit(["나는 간다"], ["I go"])
    >>> batch = pairs.batch(pairs.encode(["나는 간다"], ["I go"]), np.array([0]))
    >>> batch.inputs[0, :3].tolist(), batch.targets[0, :3].tolist()
    ([2, 3, 4], [3, 4, 2])
    """

    def __init__(
        self,
        *,
        tokenizer: str | type[Tokenizer] | Tokenizer = "bpe",
        shared: bool = False,
        lowercase: bool = False,
        min_count: int = 1,
    ) -> None:
        settings: dict[str, Any] = {"tokenizer": tokenizer, "lowercase": lowercase, "min_count": min_count}
        self.source = TextInput(**settings, max_length=_ENDLESS)
        self.target = self.source if shared else TextInput(**settings, max_length=_ENDLESS)

    @property
    def shared(self) -> bool:
        """Whether both sides are one."""
        return self.source is self.target

    def fit(self, sources: Sequence[str], targets: Sequence[str]) -> PairInput:
        """Learn from pairs; returns self."""
        if self.shared:
            self.source.fit([*sources, *targets])
        else:
            self.source.fit(sources)
            self.target.fit(targets)
        for side in {id(side): side for side in (self.source, self.target)}.values():
            side.vocabulary = side.vocabulary.with_end()
        return self

    def encode(self, sources: Sequence[str], targets: Sequence[str] | None) -> Pairs:
        """Number texts, each with its end."""
        target = None if targets is None else with_ends(self.target, targets)
        return Pairs(with_ends(self.source, sources), target)

    def batch(self, pairs: Pairs, which: npt.NDArray[np.int64]) -> PairBatch:
        """Put some pairs into rectangles."""
        source, source_lengths = pairs.source.pad(which, multiple=WIDTH)
        if pairs.target is None:
            nothing = np.zeros((len(which), 0), dtype=np.int64)
            arrays: tuple[npt.NDArray[Any], ...] = (
                source,
                source_lengths,
                nothing,
                nothing,
                np.zeros(len(which), dtype=np.int64),
            )
        else:
            arrays = (source, source_lengths, *inputs_and_targets(pairs.target, which))
        return PairBatch(*(torch.from_numpy(np.ascontiguousarray(array, dtype=np.int64)) for array in arrays))

    def state(self) -> dict[str, Any]:
        """Return all that was learned, as JSON values."""
        return {"source": self.source.state(), "target": None if self.shared else self.target.state()}

    @classmethod
    def restored(cls, state: dict[str, Any], *, tokenizer: type[Tokenizer] | Tokenizer | None = None) -> PairInput:
        """Restore the input from `state`.

        Raises
        ------
        ModelError
            Where the state is not one that `state` returned.
        """
        try:
            pairs = cls(shared=state["target"] is None)
            pairs.source = pairs.target = TextInput.restored(state["source"], tokenizer=tokenizer)
            if state["target"] is not None:
                pairs.target = TextInput.restored(state["target"], tokenizer=tokenizer)
        except (KeyError, TypeError) as error:
            raise ModelError(f"tokenizer.json does not describe two sides of pairs: {error!r}") from error
        for side in (pairs.source, pairs.target):
            check_end(side)
        return pairs


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
