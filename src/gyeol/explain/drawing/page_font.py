"""Hangul for pages: the characters that a page needs, in the page, so that a machine without such a font shows it too.

The style of every page names the family first, so that Hangul looks the same everywhere; all else is shown in the
fonts of the machine.
"""

from __future__ import annotations

import base64
import hashlib
import io

from gyeol.explain.drawing.fonts import HANGUL_FONT

__all__ = ["FAMILY", "digest", "embed_font"]

#: What the styles of pages call it.
FAMILY = "Gyeol Hangul"
_JAMO, _FIRST = range(0x1100, 0x1200), 0x2E80  # characters before this are in every machine's fonts


def embed_font(page: bytes) -> bytes:
    """Put into a page the part of `gyeol.explain.drawing.fonts.HANGUL_FONT` that its Hangul and kana need.

    A page without such characters stays as it is, and so does any where fontTools, which comes with matplotlib, is not
    installed: it is shown in the fonts of the machine, then.

    Parameters
    ----------
    page : bytes
        A page in UTF-8 with a content security policy that has a ``style-src``, and a ``<style>``.

    Examples
    --------
    >>> embed_font(b"<p>abc</p>")
    b'<p>abc</p>'
    """
    text = page.decode()
    wanted = {ord(c) for c in text if ord(c) in _JAMO or ord(c) >= _FIRST}
    font = _subset(wanted) if wanted else b""
    if not font:
        return page
    source = f"data:font/woff;base64,{base64.b64encode(font).decode()}"
    style = f'@font-face {{ font-family: "{FAMILY}"; font-display: block; src: url("{source}") format("woff"); }}'
    text = text.replace("style-src ", f"font-src data:; style-src {digest(style)} ", 1)
    return text.replace("</style>", f"</style>\n<style>{style}</style>", 1).encode()


def digest(text: str) -> str:
    """Name a style or a script by its text, as a content security policy does."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _subset(characters: set[int]) -> bytes:
    """Make a WOFF file of some characters; none where the font has none of them, or fontTools is missing."""
    try:
        from fontTools import subset
    except ImportError:
        return b""
    options = subset.Options(flavor="woff", notdef_outline=True)
    with subset.load_font(str(HANGUL_FONT), options) as font:
        characters &= font.getBestCmap().keys()
        if not characters:
            return b""
        maker = subset.Subsetter(options)
        maker.populate(unicodes=characters)
        maker.subset(font)
        file = io.BytesIO()
        subset.save_font(font, file, options)
    return file.getvalue()
