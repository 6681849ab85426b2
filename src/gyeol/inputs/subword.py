"""Byte-pair encoding (Sennrich, Haddow and Birch 2016, algorithm 1) by Hugging Face's tokenizers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, ClassVar

from gyeol.errors import ModelError, ParameterError
from gyeol.inputs.normal import normalize
from gyeol.inputs.tokenizers import Token, Tokenizer

__all__ = ["BPE"]

_SPACE = "▁"  # marks the beginning of a word, as SentencePiece does


class BPE(Tokenizer):
    """Frequent pieces of words, learned from the training texts; a word's first piece begins with ``▁``.

    Parameters
    ----------
    lowercase : bool
        Lower-case the text first.
    size : int
        The most pieces learned, single characters included.
    """

    name: ClassVar[str] = "bpe"
    learns: ClassVar[bool] = True

    def __init__(self, *, lowercase: bool = False, size: int = 8000) -> None:
        super().__init__(lowercase=lowercase)
        self.size = size
        self._model: Any = None

    def fit(self, texts: Iterable[str]) -> BPE:
        """Learn the merges from texts, streaming."""
        from tokenizers import Tokenizer as Model
        from tokenizers import models, pre_tokenizers, trainers

        model = Model(models.BPE(unk_token="<unk>", fuse_unk=True))  # noqa: S106
        model.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.WhitespaceSplit(),
                pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme="always"),
                pre_tokenizers.Punctuation(),
            ]
        )
        trainer = trainers.BpeTrainer(
            vocab_size=self.size,
            min_frequency=2,
            special_tokens=["<unk>"],
            limit_alphabet=4000,
            show_progress=False,
        )
        model.train_from_iterator((self._normal(t) for t in texts), trainer)
        self._model = model
        return self

    def cut(self, text: str) -> list[Token]:
        """Cut into pieces; the mark of a word's beginning carries no character of its own."""
        encoding = self._trained().encode(text)
        return [Token(t, *span) for t, span in zip(encoding.tokens, encoding.offsets, strict=True)]

    def tokenize_many(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Cut many texts on all cores, some thousand at a time."""
        texts = iter(texts)
        while chunk := [self._normal(t) for t in islice(texts, 4096)]:
            for encoding in self._trained().encode_batch_fast(chunk):
                yield encoding.tokens

    def join(self, tokens: Iterable[str]) -> str:
        """Put pieces together, a space before each word's first."""
        return "".join(tokens).replace(_SPACE, " ").strip()

    def state(self) -> dict[str, Any]:
        """Return the learned merges: the Hugging Face model as a JSON text."""
        return {"size": self.size, "model": self._trained().to_str()}

    def restore(self, state: dict[str, Any]) -> BPE:
        """Take over learned merges."""
        from tokenizers import Tokenizer as Model

        try:
            self.size = int(state["size"])
            self._model = Model.from_str(state["model"])
        except Exception as error:  # the Rust parser raises plain Exception
            raise ModelError(f"the subwords in tokenizer.json cannot be read: {error}") from error
        return self

    def _trained(self) -> Any:
        if self._model is None:
            raise ParameterError("the tokenizer 'bpe' has not learned its pieces yet: call fit(texts) first")
        return self._model

    def _normal(self, text: str) -> str:
        return normalize(text, lowercase=self.lowercase)[0]
