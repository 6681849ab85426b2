"""``gyeol data``: the data sets one can name instead of a file."""

from __future__ import annotations

from pathlib import Path

import typer

from gyeol.cli.output import note, object_out, table
from gyeol.errors import ParameterError

__all__ = ["app"]

app = typer.Typer(help="List, download or make data sets.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_(json: bool = typer.Option(False, "--json", help="Print one JSON object.")) -> None:
    """List what can be named instead of a file."""
    from gyeol.data.catalog import describe
    from gyeol.data.clips import CLIPS, write_clips
    from gyeol.data.scenes import SCENES, write_scenes
    from gyeol.data.sources import BUILT_IN
    from gyeol.data.synthetic import MAKERS
    from gyeol.data.synthetic_series import SERIES_MAKERS
    from gyeol.inputs.typos import write_typos

    makers = {**MAKERS, **SERIES_MAKERS, "typos": write_typos, "scenes": write_scenes, "clips": write_clips}
    made = {name: _first(maker) for name, maker in makers.items()}
    built_in = {**BUILT_IN, **SCENES, **CLIPS}
    public = describe()
    if json:
        object_out({"built_in": built_in, "public": public, "made": made})
        return
    typer.echo("built in: gyeol fit classify NAME --out MODEL (or fit translate, caption, frames)")
    typer.echo(table([["  " + name, about] for name, about in built_in.items()]))
    typer.echo("\npublic: gyeol data get NAME")
    rows = [["  " + e["name"], e["task"], "here" if e["here"] else "", e["title"], e["licence"]] for e in public]
    typer.echo(table([["  name", "task", "", "what", "licence"], *rows]))
    typer.echo("\nmade: gyeol data make NAME --out FILE")
    typer.echo(table([["  " + name, about] for name, about in made.items()]))


@app.command("get")
def get(
    name: str = typer.Argument(metavar="NAME", help="A public set of 'gyeol data list'."),
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Download a public data set.

    Every file is checked by its hash, and a bad one leaves nothing behind. Nothing is downloaded unless you ask here.

    Example: gyeol data get nsmc
    """
    from gyeol.data import catalog

    paths = catalog.get(name, progress=None if json else note)
    if json:
        object_out({"name": name, "files": [str(p) for p in paths]})
        return
    for path in paths:
        typer.echo(path)


@app.command("make")
def make(
    name: str = typer.Argument(metavar="NAME", help="One of the made sets of 'gyeol data list'."),
    out: Path = typer.Option(..., "--out", "-o", metavar="FILE", help="The file to write; of scenes, clips: a folder."),
    count: int = typer.Option(1000, "--count", metavar="N", min=1, help="Examples."),
    length: int = typer.Option(100, "--length", metavar="N", min=10, help="Symbols, or steps, of an example."),
    seed: int = typer.Option(0, "--seed", metavar="N", help="Same seed: the same file."),
    source: str = typer.Option(None, "--from", metavar="DATA", help="typos: the texts, a file or a named set (test)."),
    language: str = typer.Option("ko", "--language", metavar="ko|en", help="scenes: of the captions."),
    rate: float = typer.Option(0.1, "--rate", metavar="P", help="typos: the share of words with an error."),
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Make a data set that needs no download.

    Examples: gyeol data make order --out order.tsv

    gyeol data make typos --from nsmc --out typos.tsv --count 2000

    gyeol data make sines --out sines.csv

    gyeol data make scenes --out my-scenes --count 500 --language en

    gyeol data make clips --out my-clips --count 100 --length 48
    """
    from gyeol.data import synthetic, synthetic_series

    if name in ("scenes", "clips"):
        _make_pictures(name, out, count, length, language, seed, json)
        return
    if name == "typos":
        from gyeol.data.sources import Texts, find_source
        from gyeol.inputs.typos import write_typos

        if source is None:
            raise ParameterError("typos are made of texts: add --from FILE, or --from NAME of a data set")
        made = write_typos(Texts(find_source(source, "test")), out, count=count, rate=rate, seed=seed)
        if json:
            object_out({"name": name, "file": str(out), "count": made, "rate": rate, "seed": seed})
        else:
            typer.echo(f"wrote {out}: {made:,} lines, typed and meant")
        return
    if name in synthetic_series.SERIES_MAKERS:
        synthetic_series.make_series(name, out, count=count, length=length, seed=seed)
    else:
        synthetic.make(name, out, count=count, length=length, seed=seed)
    if json:
        object_out({"name": name, "file": str(out), "count": count, "length": length, "seed": seed})
        return
    typer.echo(f"wrote {out}: {count:,} examples")


def _make_pictures(name: str, out: Path, count: int, length: int, language: str, seed: int, json: bool) -> None:
    from gyeol.data.clips import write_clips
    from gyeol.data.scenes import write_scenes

    about: dict[str, object] = {"name": name, "file": str(out), "count": count, "seed": seed}
    if name == "scenes":
        write_scenes(out, count=count, language=language, seed=seed)
        what, task, about = "scenes with captions", "caption", {**about, "language": language}
    else:
        write_clips(out, count=count, length=length, seed=seed)
        what, task, about = "clips with a label a frame", "frames", {**about, "length": length}
    if json:
        object_out(about)
    else:
        typer.echo(f"wrote {out}: {count:,} {what}; next: gyeol fit {task} {out} --out MODEL")


def _first(thing: object) -> str:
    return (getattr(thing, "__doc__", "") or "").strip().splitlines()[0]
