"""A page in one file: a template or a style with a body, the fonts it needs, and a policy that allows nothing else.

The policy allows the one style and the one script of the page, by their digests, and no connection at all.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from pathlib import Path

from gyeol.explain.drawing.page_font import digest, embed_font

__all__ = ["BASE_STYLE", "data_block", "fill_page", "printable", "static_page"]

#: What the styles of pages without a script share: colours for light and dark, and fonts.
BASE_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1c1f23; --faint: #5c636b; }
@media (prefers-color-scheme: dark) { :root { --paper: #15181c; --ink: #e9ecef; --faint: #a3abb4; } }
* { box-sizing: border-box; }
body { margin: 0 auto; background: var(--paper); color: var(--ink);
  font: 16px/1.5 "Gyeol Hangul", system-ui, "Noto Sans KR", "Noto Sans CJK KR", "Apple SD Gothic Neo", "Malgun Gothic",
  NanumGothic, sans-serif; }
"""


def fill_page(template: Path, fields: Mapping[str, str]) -> bytes:
    """Replace the names in double braces in a template by texts.

    Parameters
    ----------
    template : Path
        A page with one ``<style>`` and one ``<script>``, which contain no field; ``style-digest`` and
        ``script-digest`` are filled in automatically. ``{{file page.js}}`` is replaced by the file beside the template.
    fields : mapping of str to str
        The text for each name, already escaped.

    Returns
    -------
    bytes
        The page, in UTF-8, with the Hangul font it needs.
    """
    page = re.sub(
        r"\{\{file ([a-z.]+)\}\}",
        lambda match: template.with_name(match[1]).read_text(encoding="utf-8"),
        template.read_text(encoding="utf-8"),
    )
    texts = {**fields, **{f"{tag}-digest": _digest(page, tag) for tag in ("style", "script")}}
    # In one pass, so that a title or a word that looks like a field is left alone.
    return _encoded(re.sub(r"\{\{([a-z-]+)\}\}", lambda match: texts[match[1]], page))


def data_block(data: object) -> str:
    r"""Write data as the content of a ``<script type="application/json">``, which no text in it can end.

    Examples
    --------
    >>> data_block({"word": "</script>"})
    '{"word":"\\u003c/script\\u003e"}'
    """
    # ">" and "&" mean nothing here, but cost nothing either; U+2028 and U+2029 once ended a line of script.
    encoded = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for c in "<>&\u2028\u2029":
        encoded = encoded.replace(c, f"\\u{ord(c):04x}")
    return encoded


def printable(text: str) -> str:
    r"""Escape a text, and leave out what no page may hold.

    Examples
    --------
    >>> printable("<b>\u202e")
    '&lt;b&gt; '
    """
    return html.escape("".join(c if c.isprintable() or c in "\n\t " else " " for c in text))


def static_page(language: str, title: str, style: str, body: str, *, images: bool = False) -> bytes:
    """Build a page without a script.

    Parameters
    ----------
    language : str
        ``"ko"`` or ``"en"``.
    title, body : str
        HTML, already escaped; the title is also the heading.
    style : str
        CSS.
    images : bool
        Whether the page contains images as data addresses.

    Returns
    -------
    bytes
        The page, in UTF-8, with the Hangul font it needs.

    Examples
    --------
    >>> page = static_page("en", "Why", "p { margin: 0 }", "<p>so</p>").decode()
    >>> "<h1>Why</h1>" in page, "img-src" in page, "script" in page
    (True, False, False)
    """
    policy = "".join(f"{kind} 'none'; " for kind in ("default-src", "base-uri", "form-action"))
    policy += f"{'img-src data:; ' if images else ''}style-src {digest(style)}"
    return _encoded(f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
""")


def _encoded(page: str) -> bytes:
    # A lone surrogate has no UTF-8; its escape is the one of JSON.
    return embed_font(page.encode("utf-8", "backslashreplace"))


def _digest(page: str, tag: str) -> str:
    """Digest the text of the template's style or script."""
    found = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    assert found is not None
    return digest(found[1])
