"""Byte-pair encoding (Sennrich, Haddow and Birch 2016, algorithm 1) by Hugging Face's tokenizers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, ClassVar

from gyeol.errors import ModelError, ParameterError
from gyeol.inputs.tokens.base import Token, Tokenizer

__all__ = ["BPE"]

_SPACE = "▁"  # marks the beginning of a word, as SentencePiece does
_UNKNOWN = "<unk>"
_ALPHABET = 4000  # the most characters known


class BPE(Tokenizer):
    """Frequent pieces of words, learned from the training texts; a word's first piece begins with ``▁``.

    Parameters
    ----------
    lowercase : bool
        Lower-case the text first.
    size : int
        The most pieces learned, single characters included.
    """

    name = "bpe"
    learns: ClassVar[bool] = True
    word_start: ClassVar[str] = _SPACE

    def __init__(self, *, lowercase: bool = False, size: int = 8000) -> None:
        super().__init__(lowercase=lowercase)
        self.size = size
        self._model: Any = None

    def fit(self, texts: Iterable[str]) -> BPE:
        """Learn the merges from texts."""
        from tokenizers import trainers

        texts = [self._normal(t) for t in texts]
        trainer = trainers.BpeTrainer(
            vocab_size=self.size,
            min_frequency=2,
            special_tokens=[_UNKNOWN],
            initial_alphabet=_alphabet(texts),
            limit_alphabet=_ALPHABET,
            show_progress=False,
        )
        self._model = _model()
        self._model.train_from_iterator(texts, trainer)
        return self

    def cut(self, text: str) -> list[Token]:
        """Cut into pieces; the mark of a word's beginning carries no character of its own."""
        encoding = self._trained().encode(text)
        return [Token(t, *span) for t, span in zip(encoding.tokens, encoding.offsets, strict=True)]

    def tokenize_many(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Cut many texts on all cores, some thousand at a time."""
        texts = iter(texts)
        while chunk := [self._normal(t) for t in islice(texts, 4096)]:
            for encoding in self._trained().encode_batch(chunk):
                yield encoding.tokens

    def join(self, tokens: Iterable[str]) -> str:
        """Put pieces together, a space before each word's first."""
        return "".join(tokens).replace(_SPACE, " ").strip()

    def state(self) -> dict[str, Any]:
        """Return the learned merges: the Hugging Face model as a JSON text."""
        return {"size": self.size, "model": self._trained().to_str()}

    def restore(self, state: dict[str, Any]) -> BPE:
        """Take over learned merges, and nothing else: how texts are split and padded is not the file's to say.

        Raises
        ------
        ModelError
            Where the state is not one that `state` returned.
        """
        try:
            size, learned = int(state["size"]), json.loads(state["model"])["model"]
            numbers = dict(learned["vocab"])
            if numbers.get(_UNKNOWN) != 0 or sorted(numbers.values()) != list(range(len(numbers))):
                raise ValueError("its pieces are not numbered from 0, the unknown one, without a gap")
            self._model = _model(numbers, [(left, right) for left, right in learned["merges"]])
        except Exception as error:  # Rust raises plain Exception
            raise ModelError(f"the subwords in tokenizer.json cannot be read: {error!r}") from error
        self.size = size
        return self

    def _trained(self) -> Any:
        if self._model is None:
            raise ParameterError("the tokenizer 'bpe' has not learned its pieces yet: call fit(texts) first")
        return self._model


def _model(numbers: dict[str, int] | None = None, merges: list[tuple[str, str]] | None = None) -> Any:
    """Make a Hugging Face tokenizer that splits at white space and around signs; from known pieces, or untrained."""
    from tokenizers import Tokenizer as Model
    from tokenizers import models, pre_tokenizers

    model = Model(models.BPE(vocab=numbers, merges=merges, unk_token=_UNKNOWN, fuse_unk=True))
    model.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme="always"),
            pre_tokenizers.Punctuation(),
        ]
    )
    if numbers is not None:
        model.add_special_tokens([_UNKNOWN])
    return model


def _alphabet(texts: Iterable[str]) -> list[str]:
    """Choose the most frequent characters where there are too many: the trainer breaks ties at random."""
    counts: Counter[str] = Counter(_SPACE)
    for text in texts:
        counts.update(text)
    for char in [c for c in counts if c.isspace()]:
        del counts[char]
    if len(counts) <= _ALPHABET:
        return []
    return sorted(counts, key=lambda c: (c != _SPACE, -counts[c], c))[:_ALPHABET]
