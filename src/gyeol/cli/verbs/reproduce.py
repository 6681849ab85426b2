"""``gyeol reproduce``: published settings, trained here, figure beside figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from gyeol.cli.answers.output import object_out, table

__all__ = ["reproduce"]

#: What of an answer has a place of its own.
_SHOWN = {"name", "metric", "figure", "published", "source", "others", "seconds", "setting", "data", "parts"}


def reproduce(
    name: str = typer.Argument(None, metavar="NAME", help="What to reproduce; without a name, what there is."),
    out: Path = typer.Option(None, "--out", "-o", metavar="MODEL", help="Keep the model there."),
    seed: int = typer.Option(0, "--seed", metavar="N", help="Same seed, machine and threads: the same figure."),
    threads: int = typer.Option(None, "--threads", metavar="N", help="Cores to use; all by default."),
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Train a published setting; print both figures.

    Example: gyeol reproduce nsmc
    """
    from gyeol.reproduce import REPRODUCTIONS, run
    from gyeol.tasks.storage import check_place

    if name is None:
        if json:
            object_out({"reproductions": {key: entry.title for key, entry in REPRODUCTIONS.items()}})
            return
        typer.echo(table([[key, entry.title] for key, entry in REPRODUCTIONS.items()]))
        return
    if out is not None:
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
    """Make the bar of a training; only where classes are told apart is an example right or wrong."""
    from gyeol.reproduce import REPRODUCTIONS
    from gyeol.tasks.training.progress import Bar

    if name not in REPRODUCTIONS:
        return Bar()
    entry = REPRODUCTIONS[name]
    return Bar(entry.examples, shares=entry.metric in ("accuracy", "correlation", "f1"))
