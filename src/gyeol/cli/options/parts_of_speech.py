"""The options of the tokenizers that know Korean parts of speech."""

from __future__ import annotations

from typing import Any

import typer

__all__ = ["KEEP_TAGS", "STOP_TAGS", "USER_DICTIONARY"]

USER_DICTIONARY: Any = typer.Option(
    None, "--user-dictionary", metavar="FILE",
    help="Of content and morpheme: words of your own, one a line, its part of speech after a tab (NNP if none).",
)  # fmt: skip
KEEP_TAGS: Any = typer.Option(
    None, "--keep-tags", metavar="TAGS", help="Of content and morpheme: parts of speech kept, such as NNG,NNP,VV."
)
STOP_TAGS: Any = typer.Option(
    None, "--stop-tags", metavar="TAGS", help="Of content and morpheme: parts of speech left out, such as MAG,SN."
)
