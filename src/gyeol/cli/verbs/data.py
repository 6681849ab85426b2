"""``gyeol data``: the data sets one can name instead of a file."""

from __future__ import annotations

from pathlib import Path

import typer

from gyeol.cli.answers.output import note, object_out, table
from gyeol.errors import ParameterError, closest

__all__ = ["app"]

app = typer.Typer(help="List, download or make data sets.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_(json: bool = typer.Option(False, "--json", help="Print one JSON object.")) -> None:
    """List what can be named instead of a file."""
    from gyeol.cli.verbs.make import makers
    from gyeol.data.catalogue.lookup import describe_catalogue
    from gyeol.data.synthetic.clips import CLIPS
    from gyeol.data.synthetic.scenes import SCENES
    from gyeol.data.text.sources import BUILT_IN

    made = {name: maker.about for name, maker in makers().items()}
    built_in = {**BUILT_IN, **SCENES, **CLIPS}
    public = describe_catalogue()
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
    from gyeol.data.catalogue import lookup

    paths = lookup.download_dataset(name, progress=None if json else note)
    if json:
        object_out({"name": name, "files": [str(p) for p in paths]})
        return
    for path in paths:
        typer.echo(path)


@app.command("make")
def make(
    name: str = typer.Argument(metavar="NAME", help="One of the made sets of 'gyeol data list'."),
    out: Path = typer.Option(
        ..., "--out", "-o", metavar="FILE", help="The file to write; of sounds, images: a folder."
    ),
    count: int = typer.Option(1000, "--count", metavar="N", min=1, help="Examples."),
    length: int = typer.Option(100, "--length", metavar="N", min=10, help="Symbols, or steps, of an example."),
    seed: int = typer.Option(0, "--seed", metavar="N", help="Same seed: the same file."),
    source: str = typer.Option(None, "--from", metavar="DATA", help="typos: the texts, a file or a named set (test)."),
    rate: float = typer.Option(0.1, "--rate", metavar="P", help="typos: the share of words with an error."),
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Make a data set that needs no download.

    Examples: gyeol data make order --out order.tsv

    gyeol data make typos --from nsmc --out typos.tsv --count 2000

    gyeol data make sines --out sines.csv

    gyeol data make digits-ko --out digits

    gyeol data make clips --out my-clips --length 48
    """
    from gyeol.cli.verbs.make import Wish, makers

    made = makers()
    if name not in made:
        raise ParameterError(f"no generated data set is called {name!r}{closest(name, made)}")
    wish = Wish(out, count, length, seed, source, rate)
    written = made[name].write(wish)
    written = count if not isinstance(written, int) else written
    if json:
        object_out({"name": name, "out": str(out), "count": written, "seed": seed})
    else:
        follows = f"; next: gyeol fit {made[name].task} {out} --out MODEL" if made[name].task else ""
        typer.echo(f"wrote {out}: {written:,} {made[name].noun}{follows}")
