"""Generated texts to probe with: sentences of common words, some of them in brackets or in quotation marks."""

from __future__ import annotations

import random

__all__ = ["generated_texts"]

_ENGLISH = (
    "the a one this that old new good small long time day man house water book road story movie light hand "
    "was is had saw made took went came found and but with for of in on at by from to"
)
_KOREAN = (
    "나는 그는 우리는 오늘 어제 아침에 정말 아주 조금 다시 함께 오래 좋은 작은 새로운 집에서 길에서 물을 책을 영화를 "
    "이야기를 사람이 친구가 시간이 마음이 보고 읽고 듣고 있다 없다 갔다 왔다 봤다 좋았다 그리고 그러나 그래서"
)


def generated_texts(count: int, *, korean: bool, seed: int) -> list[str]:
    """Generate texts of one to four sentences, the same for the same seed.

    Examples
    --------
    >>> first, second = generated_texts(2, korean=False, seed=0)
    >>> first == generated_texts(1, korean=False, seed=0)[0] != second
    True
    """
    rng = random.Random(seed)  # noqa: S311 -- texts, no secret
    words = (_KOREAN if korean else _ENGLISH).split()
    return [" ".join(_sentence(rng, words) for _ in range(rng.randint(1, 4))) for _ in range(count)]


def _sentence(rng: random.Random, words: list[str]) -> str:
    parts = [_phrase(rng, words, 2)]
    for _ in range(rng.randint(1, 3)):
        parts.append(_phrase(rng, words, 2))
    return " ".join(parts) + rng.choice("..?!")


def _phrase(rng: random.Random, words: list[str], depth: int) -> str:
    """Make a few words, sometimes in brackets that may hold others, sometimes in quotation marks."""
    inner = " ".join(rng.choice(words) for _ in range(rng.randint(1, 6)))
    drawn = rng.random()
    if depth and drawn < 0.4:
        return f"({inner} {_phrase(rng, words, depth - 1)})" if drawn < 0.2 else f"({inner})"
    if depth == 2 and drawn < 0.6:
        return f'"{inner}"'
    return inner
