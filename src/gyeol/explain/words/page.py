r"""A map of words as one page: words and places as data, a style and a script, and nothing from anywhere else.

Words are data: they get into the page as JSON whose ``<`` is written ``\u003c``, and from there as text only.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gyeol.errors import DataError
from gyeol.explain.drawing.fonts import mostly_hangul
from gyeol.explain.drawing.page import data_block, fill_page

__all__ = ["render_page"]

_TEMPLATE = Path(__file__).with_name("page.html")
_TEXTS = {
    "ko": {
        "title": "단어 지도",
        "search": "단어 찾기",
        "hint": "단어나 초성",
        "next": "다음",
        "previous": "이전",
        "none": "찾는 단어가 없습니다",
        "found": "{n}개 중 {i}번째",
        "count": "{method} · 단어 {n}개",
        "in": "확대",
        "out": "축소",
        "whole": "전체 보기",
        "near": "가까운 단어 (코사인)",
        "close": "닫기",
        "outside": "지도에 없는 단어",
        "map": "단어 지도. 화살표로 옮기고, 더하기와 빼기로 확대·축소하고, 0으로 전체를 봅니다. "
        "단어는 찾기 상자로 고릅니다.",
        "help": "끌어서 이동 · 휠이나 두 손가락으로 확대 · 점을 누르면 단어가 보입니다",
        "script": "이 지도는 자바스크립트가 있어야 보입니다.",
    },
    "en": {
        "title": "A map of words",
        "search": "Find a word",
        "hint": "a word",
        "next": "Next",
        "previous": "Previous",
        "none": "No such word",
        "found": "{i} of {n}",
        "count": "{method} · {n} words",
        "in": "Zoom in",
        "out": "Zoom out",
        "whole": "Show all",
        "near": "Nearest words (cosine)",
        "close": "Close",
        "outside": "not on the map",
        "map": "A map of words. Arrow keys move it, plus and minus zoom, 0 shows all. The search box chooses a word.",
        "help": "drag to move · wheel or two fingers to zoom · tap a dot to see its word",
        "script": "This map needs JavaScript.",
    },
}


def render_page(
    words: Sequence[str],
    places: npt.NDArray[np.float64],
    groups: Sequence[int] | None,
    *,
    name: str,
    title: str | None = None,
    near: Sequence[Sequence[tuple[str, float]]] | None = None,
) -> bytes:
    r"""Make the page of a map.

    Parameters
    ----------
    words : sequence of str
        The words, the most important first.
    places : array of float64, shape (words, 2)
        The position of each; y points up. Written with six digits.
    groups : sequence of int, optional
        A number a word, for its colour.
    name : str
        The method, as it is shown.
    title : str, optional
        The page's title.
    near : sequence of sequences of (str, float), optional
        For each word its nearest words and their cosines.

    Returns
    -------
    bytes
        The page, in UTF-8.

    Raises
    ------
    DataError
        ``near`` does not fit the words, or holds something else than words and numbers.

    Examples
    --------
    >>> page = render_page(["</script>"], np.zeros((1, 2)), None, name="PCA", title="<i>").decode()
    >>> page.count("</script>"), "&lt;i&gt;" in page, "\\u003c/script" in page
    (2, True, True)
    """
    language = "ko" if mostly_hangul(words) else "en"
    texts = _TEXTS[language]
    data = {
        "words": list(words),
        "places": [[float(f"{x:.6g}"), float(f"{y:.6g}")] for x, y in places.tolist()],
        "groups": None if groups is None else [int(group) for group in groups],
        "method": name,
        "neighbours": None if near is None else _near(words, near),
        "texts": texts,
    }
    fields = {key: html.escape(text) for key, text in texts.items()}
    fields |= {"lang": language, "title": html.escape(title or texts["title"]), "data": data_block(data)}
    return fill_page(_TEMPLATE, fields)


def _near(words: Sequence[str], near: Sequence[Sequence[tuple[str, float]]]) -> list[list[tuple[int | str, float]]]:
    """Pair each near word's number, or itself where it is not on the map, with its cosine."""
    if len(near) != len(words):
        raise DataError(f"neighbours: got {len(near)} lists, expected {len(words)}, one for each of the words")
    numbers = {word: number for number, word in reversed(list(enumerate(words)))}
    lists = []
    for word, pairs in zip(words, near, strict=True):
        try:
            entries: list[tuple[int | str, float]] = [
                (numbers.get(other, other), round(float(cosine), 4)) for other, cosine in pairs
            ]
        except (TypeError, ValueError):
            entries = [("", math.nan)]
        if not all(isinstance(other, (int, str)) and math.isfinite(cosine) for other, cosine in entries):
            raise DataError(f"neighbours: those of {word!r:.60} are not pairs of a word and a finite number")
        lists.append(entries)
    return lists
