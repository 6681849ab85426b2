"""An attention as one page: both texts, word by word, and beneath them the table of the weights.

All that the page shows is in its markup, escaped; its script only moves shades about, and without it the table is
there.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gyeol.explain.attention.labels import full_scale, in_korean, token_label
from gyeol.explain.drawing.fonts import label
from gyeol.explain.drawing.page import fill_page

__all__ = ["render_page"]

_TEMPLATE = Path(__file__).with_name("page.html")
_LEVELS = 20  # shades, of which the template has the colours
_FEW, _MANY = 8, 24  # source words beside each other; and so many that cells are small and show no numbers
_LONGEST = 80  # characters of a word
_TEXTS = {
    "ko": {
        "title": "어텐션 지도",
        "source": "입력",
        "target": "출력",
        "caption": "출력한 낱말(줄)이 입력의 낱말(칸)을 본 비율, 퍼센트",
        "hint": "낱말을 가리키거나 눌러 보세요. 출력 낱말은 어디를 보았는지, 입력 낱말은 누가 보았는지 나타납니다.",
        "keys": "낱말 사이는 화살표로 옮기고, 누르면 고정되고, Esc로 풀립니다.",
        "looks": "본 입력",
        "looked": "이 낱말을 본 출력",
        "scale": "비율",
    },
    "en": {
        "title": "Attention map",
        "source": "Source",
        "target": "Target",
        "caption": "How much a target word (row) looked at a source word (column), in per cent",
        "hint": "Point at a word, or tap it: a target word shows where it looked, a source word who looked at it.",
        "keys": "Arrow keys go from word to word, a click holds one, Esc lets go.",
        "looks": "looked at",
        "looked": "looked at by",
        "scale": "Share",
    },
}


def render_page(
    source: Sequence[str], target: Sequence[str], weights: npt.NDArray[np.float64], title: str = ""
) -> bytes:
    """Make the page of a matrix.

    Parameters
    ----------
    source, target : sequence of str
    weights : array of float64, shape (target, source)
    title : str

    Returns
    -------
    bytes
        The page, in UTF-8.

    Examples
    --------
    >>> page = render_page(["</script>"], ["<b>"], np.ones((1, 1))).decode()
    >>> page.count("</script>"), "&lt;/script&gt;" in page, "<b>" in page
    (1, True, False)
    """
    language = "ko" if in_korean(source, target) else "en"
    texts = _TEXTS[language]
    across, down = ([html.escape(token_label(token, _LONGEST)) for token in text] for text in (source, target))
    scale = full_scale(weights)
    size = "few" if len(across) <= _FEW else "many" if len(across) > _MANY else "some"
    fields = {key: html.escape(text) for key, text in texts.items()}
    fields |= {
        "lang": language,
        "title": html.escape(label(title, 200)) or fields["title"],
        "source-words": _buttons(across),
        "target-words": _buttons(down),
        "size": size,
        "head": "".join(f'<th scope="col"><span><bdi>{word}</bdi></span></th>' for word in across),
        "rows": "\n".join(_rows(down, weights, scale)),
        "top": f"{100 * scale:.3g}",
    }
    return fill_page(_TEMPLATE, fields)


def _buttons(words: list[str]) -> str:
    """Make a word a button, each the width of what it says; one of them is reached by Tab, the others by arrows."""
    return "\n".join(
        f'<button type="button" tabindex="{-1 if place else 0}" aria-pressed="false"><bdi>{word}</bdi></button>'
        for place, word in enumerate(words)
    )


def _rows(words: list[str], weights: npt.NDArray[np.float64], scale: float) -> list[str]:
    """Make a row of the table of each target word; a cell says its share, and its class how dark it is."""
    levels = np.rint(_LEVELS * weights / scale).astype(int).tolist()
    shares = np.round(100 * weights, 1).tolist()
    rows = []
    for word, own, mine in zip(words, levels, shares, strict=True):
        cells = [
            f'<td class="w{level}">{share:.4g}</td>' if level else f"<td>{share:.4g}</td>"
            for level, share in zip(own, mine, strict=True)
        ]
        rows.append(f'<tr><th scope="row"><bdi>{word}</bdi></th>{"".join(cells)}</tr>')
    return rows
