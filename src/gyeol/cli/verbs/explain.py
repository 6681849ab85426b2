"""``gyeol explain``: why a model answers as it does."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from gyeol.cli.answers.output import note, object_out
from gyeol.cli.verbs.ask import any_model
from gyeol.errors import DataError, ModelError, ParameterError

__all__ = ["explain"]

_ENDINGS = (".html", ".json", ".png")


def explain(
    model: Path = typer.Argument(metavar="MODEL", help="A model folder."),
    text: str = typer.Argument(
        None, metavar="TEXT", help="The text, or an image; without one, standard input is read as a text."
    ),
    out: Path = typer.Option(
        None, "--out", "-o", metavar="FILE", help="Write there: .html or .json; of a caption also .png."
    ),
    top: int = typer.Option(10, "--top", metavar="K", min=1, help="Show the K weightiest words."),
    threads: int = typer.Option(None, "--threads", metavar="N", help="Cores to use; all by default."),
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Show what decided: words; where a caption looked.

    Examples: gyeol explain who "태초에 말씀이 계시니라" --out why.html

    gyeol explain scenes photo.jpg --out why.png

    gyeol explain speech recording.wav
    """
    from gyeol.cli.tasks.caption import explain_caption
    from gyeol.cli.tasks.speech import explain_speech
    from gyeol.tasks import Captioner, SpeechRecognizer

    if out is not None and out.suffix.lower() not in _ENDINGS:
        raise ParameterError(f"--out {out}: explanations are written as {' or '.join(_ENDINGS)}")
    if text is None:
        if sys.stdin is None or sys.stdin.isatty():
            raise ParameterError('no text is given: write gyeol explain MODEL "태초에 말씀이 계시니라"')
        try:
            text = sys.stdin.buffer.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise DataError("standard input is not in UTF-8: save it so, or give the text itself") from None
    made = any_model(model, threads)
    if isinstance(made, SpeechRecognizer):
        explain_speech(made, model, text.strip(), out, json)
        return
    if not hasattr(made, "explain"):
        raise ModelError(
            f"{model} is a model of 'fit {made.task}', which explains nothing yet; models of 'fit author' do"
        )
    if isinstance(made, Captioner):
        explain_caption(made, model, text.strip(), out, json)
        return
    if out is not None and out.suffix.lower() == ".png":
        raise ParameterError(f"--out {out}: what decided on a text is written as .html or .json")
    if not text.strip():
        raise DataError("the text is empty: give one of at least one character")
    seen = made.explain(text)
    if out is not None:
        (seen.to_html if out.suffix.lower() == ".html" else seen.to_json)(out)
    if json:
        object_out({"model": str(model), **seen.to_dict()})
        return
    if out is not None:
        note(f"wrote {out}")
        return
    typer.echo(seen.to_terminal(colour=sys.stdout.isatty(), top=top))
