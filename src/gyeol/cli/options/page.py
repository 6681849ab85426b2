"""Options of the commands that write a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from gyeol.errors import ParameterError, closest

__all__ = ["LANGUAGE", "LIMIT", "check_language", "check_page"]

_LANGUAGES = ("ko", "en")

LANGUAGE: Any = typer.Option(
    None, "--language", metavar="NAME", help="Language of the page: ko or en; default: that of the data."
)
LIMIT: Any = typer.Option(
    None, "--limit", metavar="N", min=1, help="Measure N examples at most, drawn at random; lines of a text: the first."
)


def check_page(out: Path | None, endings: tuple[str, ...]) -> None:
    """Refuse an output file of another kind, before anything is computed.

    Raises
    ------
    ParameterError
    """
    if out is not None and out.suffix.lower() not in endings:
        raise ParameterError(f"--out {out}: the ending must be {' or '.join(endings)}")


def check_language(language: str | None) -> None:
    """Refuse a language that pages do not have.

    Raises
    ------
    ParameterError
    """
    if language is not None and language not in _LANGUAGES:
        raise ParameterError(
            f"--language {language}: pages are written in {' or '.join(_LANGUAGES)}{closest(language, _LANGUAGES)}"
        )
