"""Tokenised sentences as network input: words, their letters, and further columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.data.ragged import Ragged
from gyeol.errors import DataError, ModelError
from gyeol.inputs.tokens.normalization import normalize
from gyeol.inputs.tokens.state import checked_words
from gyeol.inputs.tokens.vocabulary import Vocabulary
from gyeol.inputs.vectors.subword_vectors import spell

__all__ = ["CHARACTERS", "TokenBatch", "TokenInput", "TokenRows"]

#: What of a word is read besides its number: its letters; Hangul spelled in jamo; nothing.
CHARACTERS = ("jamo", "letters", None)
_DIGIT = re.compile(r"\d")  # all the same in a word, as Lample et al. 2016 have it; its letters are read as they are
_LONGEST = 48  # letters of a word that are read: its first and its last ones

Token = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """Sentences of a batch.

    ``forms`` (B, T) are indices into the U different words of the batch (0 past ``lengths`` (B,)); ``words`` (U,) are
    their numbers, ``letters`` (U, C) those of their letters, with ``sizes`` (U,) of each, where letters are read;
    ``beside`` are the numbers (B, T) of further columns.
    """

    forms: Tensor
    lengths: Tensor
    words: Tensor
    letters: Tensor | None
    sizes: Tensor | None
    beside: list[Tensor]

    def __len__(self) -> int:
        return len(self.lengths)


@dataclass(frozen=True, slots=True)
class TokenRows:
    """Numbered sentences: the forms of each, the word and the letters of each form, and further columns."""

    forms: Ragged
    words: npt.NDArray[np.int32]
    letters: Ragged | None
    beside: list[Ragged]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of every sentence."""
        return self.forms.lengths


class TokenInput:
    """Learns the words and letters of sentences, then turns sentences into batches.

    Parameters
    ----------
    characters : {"jamo", "letters", None}
    lowercase : bool
        Of the words; letters are read as they are.
    min_count : int
        Words seen less often are unknown.
    """

    def __init__(self, *, characters: str | None = "jamo", lowercase: bool = False, min_count: int = 2) -> None:
        self.characters = characters
        self.lowercase = lowercase
        self.min_count = min_count
        self.vocabulary: Vocabulary
        self.letters: Vocabulary | None = None
        self.beside: list[Vocabulary] = []

    def fit(self, sentences: Sequence[Sequence[Token]]) -> TokenInput:
        """Learn from sentences; returns self."""
        words = [[self._word(token) for token in sentence] for sentence in sentences]
        self.vocabulary = Vocabulary.count(words, min_count=self.min_count)
        forms = {_text(token) for sentence in sentences for token in sentence}
        if self.characters is not None:
            self.letters = Vocabulary.count(self._spelled(form) for form in sorted(forms))
        count = _width(sentences[0][0]) - 1
        self.beside = [
            Vocabulary.count([str(token[1 + n]) for token in sentence] for sentence in sentences) for n in range(count)
        ]
        return self

    def _word(self, token: Token) -> str:
        text = _DIGIT.sub("0", normalize(_text(token))[0])
        return text.lower() if self.lowercase else text

    def _spelled(self, form: str) -> str:
        text = normalize(form)[0]
        text = spell(text) if self.characters == "jamo" else text
        return text if len(text) <= _LONGEST else text[: _LONGEST // 2] + text[-_LONGEST // 2 :]

    def encode(self, sentences: Iterable[Sequence[Token]]) -> TokenRows:
        """Number sentences of tokens.

        Raises
        ------
        DataError
            There are not as many columns beside the tokens as in training.
        """
        sentences = list(sentences)
        for at, sentence in enumerate(sentences):
            for place, token in enumerate(sentence):
                if _width(token) != 1 + len(self.beside):
                    raise DataError(
                        f"the model reads {len(self.beside)} column(s) beside each token, and token {place} of "
                        f"sentence {at} has {_width(token) - 1}"
                    )
        number: dict[str, int] = {}
        rows = []
        for sentence in sentences:
            forms = (number.setdefault(_text(token), len(number)) for token in sentence)
            rows.append(np.fromiter(forms, dtype=np.int32, count=len(sentence)))
        words = self.vocabulary.encode(self._word(form) for form in number)
        letters = None
        if self.letters is not None:
            letters = Ragged.gather(self.letters.encode(self._spelled(form)) for form in number)
        beside = [
            Ragged.gather(known.encode(str(token[1 + n]) for token in sentence) for sentence in sentences)
            for n, known in enumerate(self.beside)
        ]
        return TokenRows(Ragged.gather(rows), words, letters, beside)

    def batch(self, rows: TokenRows, which: npt.NDArray[np.int64]) -> TokenBatch:
        """Put some sentences into a batch."""
        rectangle, lengths = rows.forms.pad(which)
        real = np.arange(rectangle.shape[1]) < lengths[:, None]
        forms, places = np.unique(rectangle[real], return_inverse=True)
        numbered = np.zeros(rectangle.shape, dtype=np.int64)
        numbered[real] = places
        letters = sizes = None
        if rows.letters is not None:
            padded, counts = rows.letters.pad(forms.astype(np.int64))
            letters, sizes = torch.from_numpy(padded.astype(np.int64)), torch.from_numpy(counts)
        beside = [torch.from_numpy(part.pad(which)[0].astype(np.int64)) for part in rows.beside]
        words = torch.from_numpy(rows.words[forms].astype(np.int64))
        return TokenBatch(torch.from_numpy(numbered), torch.from_numpy(lengths), words, letters, sizes, beside)

    def state(self) -> dict[str, Any]:
        """Return all that was learned, as JSON values."""
        return {
            "characters": self.characters,
            "lowercase": self.lowercase,
            "vocabulary": self.vocabulary.tokens[2:],
            "letters": None if self.letters is None else self.letters.tokens[2:],
            "beside": [known.tokens[2:] for known in self.beside],
        }

    @classmethod
    def restored(cls, state: dict[str, Any]) -> TokenInput:
        """Restore the input from `state`.

        Raises
        ------
        ModelError
            Where the state is not one that `state` returned.
        """
        try:
            if state["characters"] not in CHARACTERS or (state["characters"] is None) != (state["letters"] is None):
                raise ModelError(f"tokenizer.json: characters is {state['characters']!r:.40}")
            inputs = cls(characters=state["characters"], lowercase=bool(state["lowercase"]))
            inputs.vocabulary = Vocabulary(checked_words(state["vocabulary"]))
            inputs.letters = None if state["letters"] is None else Vocabulary(checked_words(state["letters"]))
            inputs.beside = [Vocabulary(checked_words(known)) for known in state["beside"]]
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"tokenizer.json does not describe words: {error!r}") from error
        return inputs


def _text(token: Token) -> str:
    return token if isinstance(token, str) else token[0]


def _width(token: Token) -> int:
    return 1 if isinstance(token, str) else len(token)
