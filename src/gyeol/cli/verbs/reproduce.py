"""``gyeol reproduce``: published experiments repeated, with both figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from gyeol.cli.answers.output import object_out, table
from gyeol.cli.options.training import JSON, THREADS
from gyeol.errors import ParameterError

__all__ = ["reproduce"]

#: Entries of an answer with a place of their own.
_SHOWN = {"curves", "name", "metric", "figure", "published", "source", "others", "seconds", "setting", "data", "parts"}


def reproduce(
    name: str = typer.Argument(None, metavar="NAME", help="Experiment to repeat; without a name, they are listed."),
    out: Path = typer.Option(
        None, "--out", "-o", metavar="MODEL", help="Folder to save the model to; of vanishing, an .html page."
    ),
    seed: int = typer.Option(0, "--seed", metavar="N", help="Random seed."),
    threads: int = THREADS,
    json: bool = JSON,
) -> None:
    """Repeat a published experiment; print both figures.

    Example: gyeol reproduce nsmc
    """
    from gyeol.data.atomic import check_file_place
    from gyeol.reproduce import REPRODUCTIONS, run
    from gyeol.tasks.storage import check_place

    if name is None:
        if json:
            object_out({"reproductions": {key: entry.title for key, entry in REPRODUCTIONS.items()}})
            return
        typer.echo(table([[key, entry.title] for key, entry in REPRODUCTIONS.items()]))
        return
    if out is not None and name in REPRODUCTIONS and REPRODUCTIONS[name].page:
        if out.suffix.lower() not in (".html", ".htm"):
            raise ParameterError(f"--out {out}: {name} writes a page; name it .html")
        check_file_place(out)
    elif out is not None:
        check_place(out)
    result = run(name, seed=seed, threads=threads, out=out, progress=None if json else _bar(name))
    if json:
        object_out(result)
        return
    rows = [["here", f"{result['figure']:.4f}", result["setting"]]]
    kind = "published" if REPRODUCTIONS[name].published else "beside"
    rows += [[kind, f"{p['figure']:.4f}", p["source"]] for p in result["others"]]
    typer.echo(table([["", result["metric"], ""], *rows]))
    more = {key: value for key, value in result.items() if key not in _SHOWN and isinstance(value, int | float | str)}
    if more:
        texts = {key: f"{value:.4f}" if isinstance(value, float) else value for key, value in more.items()}
        typer.echo("  ".join(f"{key} {text}" for key, text in texts.items()))
    if parts := result.get("parts"):
        typer.echo(table([list(parts[0]), *(list(part.values()) for part in parts)]))
    typer.echo(f"{result['seconds']:.0f} s; data: {result['data']}")


def _bar(name: str) -> Any:
    """Make a progress bar; it shows the share of correct examples for tasks that have one."""
    from gyeol.reproduce import REPRODUCTIONS
    from gyeol.tasks.training.progress import Bar

    if name not in REPRODUCTIONS:
        return Bar()
    entry = REPRODUCTIONS[name]
    return Bar(entry.examples, shares=entry.metric in ("accuracy", "correlation", "f1"))
