"""Words that say little: English ones by scikit-learn's list, Korean particles, endings and fillers by our own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gyeol.errors import ParameterError, closest
from gyeol.inputs.tokens.normalization import compared

__all__ = ["STOP_WORDS", "stop_words"]

# For tokens as the tokenizer "morpheme" cuts them: particles, endings, copula, light nouns and pronouns, signs.
_KOREAN = """
은 는 이 가 을 를 에 의 도 만 로 으로 와 과 랑 이랑 하고 에서 에게 한테 께 께서 부터 까지 보다 처럼 만큼 마다 밖에 조차
이나 나 이라도 라도 이란 란 이며 며 다 ᆫ다 는다 었 았 겠 시 으시 고 으며 면 으면 지만 는데 ᆫ데 은데 아서 어서 니까 으니까
려고 으려고 도록 게 지 아 어 아야 어야 아도 어도 던 ᆫ ᆯ ᆷ ᆸ니다 습니다 어요 아요 네요 지요 죠 군요 구나 네 냐 이다 되 하
것 거 수 등 때 뿐 채 저 너 우리 저희 그 이것 그것 저것 여기 거기 저기 그리고 그러나 그런데 하지만 또 또는 및
. , ! ? ~ … ' " ( )
"""


def _english() -> frozenset[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    words: frozenset[str] = ENGLISH_STOP_WORDS
    return words


#: Lists by name.
STOP_WORDS: dict[str, Any] = {"english": _english, "korean": lambda: frozenset(_KOREAN.split())}


def stop_words(which: str | Iterable[str] | None) -> frozenset[str]:
    """Give the words left out: none, a list by name, or the user's own.

    Raises
    ------
    ParameterError
        For a name that is not in the table, and for what is no list of words.

    Examples
    --------
    >>> sorted(stop_words(["그", "저"])), "를" in stop_words("korean"), len(stop_words(None))
    (['그', '저'], True, 0)
    """
    if which is None:
        return frozenset()
    if isinstance(which, str):
        if which not in STOP_WORDS:
            raise ParameterError(f"stop_words={which!r} is not known{closest(which, STOP_WORDS)}, or a list of words")
        named: frozenset[str] = STOP_WORDS[which]()
        return named
    words = list(which)
    if not all(isinstance(word, str) for word in words):
        raise ParameterError("stop_words: expected words, each a str")
    return frozenset(compared(word) for word in words)
