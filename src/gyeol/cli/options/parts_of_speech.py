"""The options of the tokenizers that know Korean parts of speech."""

from __future__ import annotations

from typing import Any

import typer

__all__ = ["KEEP_TAGS", "STOP_TAGS", "USER_DICTIONARY"]

USER_DICTIONARY: Any = typer.Option(
    None, "--user-dictionary", metavar="FILE",
    help="For content and morpheme: file of extra words, one per line, optionally a tab and a tag (default NNP).",
)  # fmt: skip
KEEP_TAGS: Any = typer.Option(
    None,
    "--keep-tags",
    metavar="TAGS",
    help="For content and morpheme: keep only these parts of speech, such as NNG,NNP,VV.",
)
STOP_TAGS: Any = typer.Option(
    None, "--stop-tags", metavar="TAGS", help="For content and morpheme: drop these parts of speech, such as MAG,SN."
)
