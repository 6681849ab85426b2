"""``gyeol data``: data sets, which can be named instead of a file."""

from __future__ import annotations

from pathlib import Path

import typer

from gyeol.cli.answers.output import note, object_out, table
from gyeol.cli.options.training import JSON
from gyeol.errors import ParameterError, closest

__all__ = ["app"]

app = typer.Typer(help="List, download or generate data sets.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_(json: bool = JSON) -> None:
    """List the data sets."""
    from gyeol.cli.verbs.make import makers
    from gyeol.data.catalogue.lookup import describe_catalogue
    from gyeol.data.synthetic.clips import CLIPS
    from gyeol.data.synthetic.scenes import SCENES
    from gyeol.data.text.sources import BUILT_IN

    generated = {name: maker.about for name, maker in makers().items()}
    built_in = {**BUILT_IN, **SCENES, **CLIPS}
    public = describe_catalogue()
    if json:
        object_out({"built_in": built_in, "public": public, "made": generated})
        return
    typer.echo("built in: gyeol fit classify NAME --out MODEL (or fit translate, caption, frames)")
    typer.echo(table([["  " + name, about] for name, about in built_in.items()]))
    typer.echo("\npublic: gyeol data get NAME")
    rows = [["  " + e["name"], e["task"], "here" if e["here"] else "", e["title"], e["licence"]] for e in public]
    typer.echo(table([["  name", "task", "", "what", "licence"], *rows]))
    typer.echo("\ngenerated: gyeol data make NAME --out FILE")
    typer.echo(table([["  " + name, about] for name, about in generated.items()]))


@app.command("get")
def get(
    name: str = typer.Argument(metavar="NAME", help="A public data set of 'gyeol data list'."),
    json: bool = JSON,
) -> None:
    """Download a public data set.

    Every file is checked against its hash; a wrong one is discarded. No other command downloads anything.

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
    name: str = typer.Argument(metavar="NAME", help="A generated data set of 'gyeol data list'."),
    out: Path = typer.Option(
        ..., "--out", "-o", metavar="FILE", help="Output file; for recordings and images, a folder."
    ),
    count: int = typer.Option(1000, "--count", metavar="N", min=1, help="Number of examples."),
    length: int = typer.Option(100, "--length", metavar="N", min=10, help="Length of an example, in symbols or steps."),
    seed: int = typer.Option(0, "--seed", metavar="N", help="Random seed."),
    source: str = typer.Option(
        None, "--from", metavar="DATA", help="typos: source of texts, a file or a data set (its test part)."
    ),
    rate: float = typer.Option(0.1, "--rate", metavar="P", help="typos: share of words with an error."),
    json: bool = JSON,
) -> None:
    """Generate a data set.

    Examples: gyeol data make order --out order.tsv

    gyeol data make typos --from nsmc --out typos.tsv --count 2000

    gyeol data make sines --out sines.csv

    gyeol data make digits-ko --out digits

    gyeol data make clips --out my-clips --length 48
    """
    from gyeol.cli.verbs.make import MakeRequest, makers

    known = makers()
    if name not in known:
        raise ParameterError(f"no generated data set is called {name!r}{closest(name, known)}")
    written = known[name].write(MakeRequest(out, count, length, seed, source, rate))
    written = count if not isinstance(written, int) else written
    if json:
        object_out({"name": name, "out": str(out), "count": written, "seed": seed})
    else:
        follows = f"; next: gyeol fit {known[name].task} {out} --out MODEL" if known[name].task else ""
        typer.echo(f"wrote {out}: {written:,} {known[name].noun}{follows}")
