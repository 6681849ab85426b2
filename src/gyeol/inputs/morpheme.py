"""Korean morphemes by kiwipiepy, the only file that knows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any, ClassVar

from gyeol.errors import MissingExtraError
from gyeol.inputs.normal import normalize
from gyeol.inputs.tokenizers import Token, Tokenizer

__all__ = ["Morpheme"]


@cache
def _kiwi() -> Any:
    """Load the analyser once a process: it takes some four seconds and half a gigabyte."""
    try:
        from kiwipiepy import Kiwi
    except ImportError:
        raise MissingExtraError("the tokenizer 'morpheme'", "kiwipiepy", "korean") from None
    return Kiwi()


class Morpheme(Tokenizer):
    """One token a morpheme, as its surface form: ``"먹었다"`` is ``먹 었 다``.

    Where two morphemes share a syllable (``"갔다"``: 가 + 었 + 다) both carry that syllable's span.
    """

    name: ClassVar[str] = "morpheme"
    joint: ClassVar[str] = " "

    def cut(self, text: str) -> list[Token]:
        """Cut into morphemes."""
        return [Token(t.form, t.start, t.start + t.len) for t in _kiwi().tokenize(text)] if text.strip() else []

    def tokenize_many(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Cut many texts on all cores, a thousand at a time."""
        texts = iter(texts)
        while chunk := [normalize(t, lowercase=self.lowercase)[0] for t in islice(texts, 1000)]:
            for analysed in _kiwi().tokenize(chunk):
                yield [token.form for token in analysed]
