"""Texts on their way into a recurrent network: tokens, numbers, rectangles."""

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
from gyeol.inputs.tokens.base import Token, Tokenizer
from gyeol.inputs.tokens.state import checked_words, fitted_tokenizer, restored_tokenizer, tokenizer_state
from gyeol.inputs.tokens.vocabulary import Vocabulary

__all__ = ["Cut", "TextBatch", "TextInput"]

# Rectangles are this many steps or a multiple of it wide: oneDNN compiles its kernels anew for every width it meets.
WIDTH = 8


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Numbered texts of a batch: ``tokens`` (B, T) int64, zeros behind the end; ``lengths`` (B,) int64, 1 or more."""

    tokens: Tensor
    lengths: Tensor

    def __len__(self) -> int:
        return len(self.lengths)


@dataclass(frozen=True, slots=True)
class Cut:
    """How many texts were too long, and were shortened.

    ``count`` of ``total`` texts had more than ``limit`` tokens, the longest of them ``longest``; their ``part``, the
    middle or the end, was left out.

    Examples
    --------
    >>> str(Cut(3, 200, 2310, 1000))
    '3 of 200 texts (1.5 %) are longer than 1,000 tokens (the longest has 2,310): their middle is left out'
    """

    count: int
    total: int
    longest: int
    limit: int
    part: str = "middle"

    def __str__(self) -> str:
        share = 100 * self.count / max(1, self.total)
        shown = f"{share:.2g}" if share < 99.5 else f"{share:.0f}"
        are = "is" if self.count == 1 else "are"
        return (
            f"{self.count:,} of {self.total:,} texts ({shown} %) {are} longer than {self.limit:,} tokens "
            f"(the longest has {self.longest:,}): their {self.part} is left out"
        )


class TextInput:
    """Learns tokenizer and vocabulary from texts, then turns texts into batches.

    Parameters
    ----------
    tokenizer : str, class or Tokenizer
        A name of `TOKENIZERS`, or ``"auto"``: syllables for Korean, subwords for spaced scripts.
    lowercase : bool
        Lower-case the texts.
    min_count : int
        Rarer tokens become the unknown one.
    max_length : int
        Of a longer text the first and the last half of this many tokens are kept: openings and verdicts matter most.
    """

    def __init__(
        self,
        *,
        tokenizer: str | type[Tokenizer] | Tokenizer = "auto",
        lowercase: bool = False,
        min_count: int = 2,
        max_length: int = 1000,
    ) -> None:
        self.which = tokenizer
        self.lowercase = lowercase
        self.min_count = min_count
        self.max_length = max_length
        self.shortened = 0  # texts of which `encode` left out the middle, ever
        self.tokenizer: Tokenizer
        self.vocabulary: Vocabulary
        #: What the last `encode` left out.
        self.cut = Cut(0, 0, 0, self.max_length)

    def fit(self, texts: Sequence[str]) -> TextInput:
        """Learn from texts; returns self."""
        self.tokenizer = fitted_tokenizer(self.which, texts, lowercase=self.lowercase)
        self.vocabulary = Vocabulary.count(self.tokenizer.tokenize_many(texts), min_count=self.min_count)
        return self

    @property
    def terms(self) -> list[str]:
        """The tokens that are known."""
        return self.vocabulary.tokens[2:]

    def encode(self, texts: Iterable[str]) -> Ragged:
        """Number texts. One without any known or unknown token (white space only) becomes a single unknown."""
        return Ragged.gather(self._rows(texts))

    def _rows(self, texts: Iterable[str]) -> Iterator[npt.NDArray[np.generic]]:
        nothing = np.ones(1, dtype=np.int32)
        count = total = longest = 0
        for tokens in self.tokenizer.tokenize_many(texts):
            self.shortened += len(tokens) > self.max_length
            row = self.vocabulary.encode(self.shorten(tokens))
            total, longest = total + 1, max(longest, len(tokens))
            count += len(tokens) > self.max_length
            yield row if len(row) else nothing
        self.cut = Cut(count, total, longest, self.max_length)

    def shorten(self, tokens: list[Any]) -> list[Any]:
        """Leave out the middle of a list longer than ``max_length``."""
        if len(tokens) <= self.max_length:
            return tokens
        tail = self.max_length // 2
        return tokens[: self.max_length - tail] + tokens[len(tokens) - tail :]

    def tokens(self, text: str) -> list[Token]:
        """The tokens that `encode` numbers, with offsets into the text."""
        return self.shorten(self.tokenizer.tokens(text))

    def lengths(self, rows: Ragged) -> npt.NDArray[np.int64]:
        """Steps of every row, for bucketing."""
        return rows.lengths

    def batch(self, rows: Ragged, which: npt.NDArray[np.int64]) -> TextBatch:
        """Put some rows into a rectangle."""
        rectangle, lengths = rows.pad(which, multiple=WIDTH)
        return TextBatch(torch.from_numpy(rectangle.astype(np.int64)), torch.from_numpy(lengths))

    def state(self) -> dict[str, Any]:
        """Return all that was learned, as JSON values."""
        return {
            **tokenizer_state(self.tokenizer),
            "max_length": int(self.max_length),
            "vocabulary": self.vocabulary.tokens[2:],
        }

    @classmethod
    def restored(cls, state: dict[str, Any], *, tokenizer: type[Tokenizer] | Tokenizer | None = None) -> TextInput:
        """Restore the input from `state`; a custom tokenizer must be given, as class or object.

        Raises
        ------
        ModelError
            Where the state is not one that `state` returned.
        """
        try:
            saved = restored_tokenizer(state, tokenizer)
            words, longest = checked_words(state["vocabulary"]), state["max_length"]
            if not isinstance(longest, int) or longest < 1:
                raise ModelError(f"tokenizer.json: max_length is {longest!r}, expected a whole number from 1")
            text = cls(tokenizer=tokenizer or saved.name, lowercase=saved.lowercase, max_length=longest)
            text.tokenizer, text.vocabulary = saved, Vocabulary(words)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"tokenizer.json does not describe a tokenizer: {error!r}") from error
        return text
