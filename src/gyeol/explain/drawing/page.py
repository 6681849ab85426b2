"""A page of one file: a template, what is put into it, and a policy that lets in nothing else.

The policy allows the one style and the one script that are in the template, by their digests, and no connection at
all.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

__all__ = ["digest", "fill_page"]


def fill_page(template: Path, fields: Mapping[str, str]) -> bytes:
    """Put texts into a template where it names them in double braces.

    Parameters
    ----------
    template : Path
        A page with one ``<style>`` and one ``<script>``, which name no field; ``style-digest`` and ``script-digest``
        are filled in by themselves.
    fields : mapping of str to str
        What stands for each name, escaped already.

    Returns
    -------
    bytes
        The page, in UTF-8.
    """
    page = template.read_text(encoding="utf-8")
    texts = {**fields, **{f"{tag}-digest": _digest(page, tag) for tag in ("style", "script")}}
    # In one pass, so that a title or a word that looks like a field stays what it is.
    page = re.sub(r"\{\{([a-z-]+)\}\}", lambda match: texts[match[1]], page)
    # Half a surrogate pair has no UTF-8; in JSON this is its escape.
    return page.encode("utf-8", "backslashreplace")


def _digest(page: str, tag: str) -> str:
    """Name the text of the template's style or script as a content security policy does."""
    found = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    assert found is not None
    return digest(found[1])


def digest(text: str) -> str:
    """Name a style or a script as a content security policy does, by its text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
