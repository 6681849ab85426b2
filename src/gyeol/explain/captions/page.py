"""A caption's attention as one page: the image once, and above its darkened copies where each word looked. No script.

The image stands in the page's style, so that it is there once however many words there are; for each word a picture of
a few pixels, dark where nobody looked, is laid over it.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gyeol.data.media.images import jpeg_bytes, png_bytes
from gyeol.explain.attention.labels import in_korean
from gyeol.explain.drawing.fonts import label
from gyeol.explain.drawing.page import BASE_STYLE, static_page

__all__ = ["render_caption"]

_DARK = 0.7  # how much of the light is taken where nobody looked
_STYLE = (
    BASE_STYLE
    + """body { padding: 20px 16px 40px; max-width: 1180px; }
h1 { font-size: 20px; margin: 0 0 4px; overflow-wrap: anywhere; } p { margin: 4px 0 14px; color: var(--faint); }
ol { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: 14px; margin: 0; padding: 0;
  list-style: none; }
figure { margin: 0; } figcaption { display: flex; justify-content: space-between; gap: 8px; margin-bottom: 2px; }
figcaption span { color: var(--faint); font-size: 13px; white-space: nowrap; }
figcaption bdi { overflow-wrap: anywhere; font-weight: 600; }
.photo { aspect-ratio: 1; border-radius: 4px; overflow: hidden; background-size: 100% 100%; }
.photo img { display: block; width: 100%; height: 100%; }
"""
)
_TEXTS = {
    "ko": ("밝은 곳이 그 낱말을 쓸 때 본 곳이고, 백분율은 가장 많이 본 칸의 비율입니다.", "그림", "본 곳"),
    "en": ("Light is where the word looked; the figure is the share of the place it looked at most.", "image", "where"),
}


def render_caption(
    image: npt.NDArray[np.uint8], words: Sequence[str], weights: npt.NDArray[np.float64], text: str
) -> bytes:
    """Make the page.

    Parameters
    ----------
    image : array of uint8, shape (S, S, 3)
    words : sequence of str
    weights : array of float64, shape (words, height, width)
    text : str

    Returns
    -------
    bytes
        The page, in UTF-8.

    Examples
    --------
    >>> page = render_caption(np.zeros((8, 8, 3), np.uint8), ["<b>"], np.ones((1, 1, 1)), "<b>").decode()
    >>> page.count("&lt;b&gt;"), "<b>" in page, "http" in page.replace("http-equiv", "")
    (4, False, False)
    """
    language = "ko" if in_korean(words) else "en"
    key, whole, where = _TEXTS[language]
    style = f'{_STYLE}.photo {{ background-image: url("{_inline(jpeg_bytes(image), "jpeg")}"); }}\n'
    panels = [f'<li><figure><figcaption><bdi>{whole}</bdi></figcaption><div class="photo"></div></figure></li>']
    for word, own in zip(words, weights, strict=True):
        name, share = html.escape(word), f"{100 * own.max():.0f} %"
        panels.append(
            f"<li><figure><figcaption><bdi>{name}</bdi><span>{share}</span></figcaption>"
            f'<div class="photo"><img alt="{where}: {name}" src="{_inline(png_bytes(_shade(own)), "png")}"></div>'
            "</figure></li>"
        )
    title = html.escape(label(text, 200)) or whole
    body = f"<p>{key}</p>\n<ol>\n{chr(10).join(panels)}\n</ol>"
    return static_page(language, title, style, body, images=True)


def _shade(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Make a picture that darkens what was not looked at: black, clear where the weight is greatest."""
    dark = np.rint(255 * _DARK * (1 - weights / max(float(weights.max()), 1e-12))).astype(np.uint8)
    return np.dstack([np.zeros((*weights.shape, 3), np.uint8), dark])


def _inline(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
