"""``gyeol probe``: how well a model's states hold a length, a position, an open bracket, an open quotation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from gyeol.cli.answers.output import note, object_out, table
from gyeol.cli.model import load_model
from gyeol.cli.options.training import HEADER, JSON, THREADS

__all__ = ["probe"]

_TEXTS = 300  # generated


def probe(
    model_path: Path = typer.Argument(metavar="MODEL", help="Folder of a model that reads texts."),
    name: str = typer.Option(
        ..., "--for", metavar="WHAT", help="length (of the sentence so far), position, bracket, depth or quotation."
    ),
    data: str = typer.Option(
        None, "--data", metavar="FILE", help="File of texts, or a data set; by default generated."
    ),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column of texts, by name or number."),
    header: bool = HEADER,
    seed: int = typer.Option(0, "--seed", metavar="N", help="Decides which texts are held out."),
    threads: int = THREADS,
    json: bool = JSON,
) -> None:
    """Fit a linear probe to a model's states.

    It says how well they hold something. The score is measured on texts that the probe has not seen: balanced accuracy
    for bracket and quotation (0.5 is chance), R squared for the others (0 is chance). Beside it is the score from the
    vector of the token last read: what can be known without memory.

    Examples: gyeol probe my-model --for bracket

    gyeol probe my-model --for length --data texts.txt
    """
    from gyeol.tasks.probing.probe import probe as fit_probe
    from gyeol.tasks.probing.properties import PROPERTIES

    model = load_model(model_path, threads)
    found, about = fit_probe(model, name, _texts(model, data, input, header, seed), seed=seed)
    answer: dict[str, Any] = {
        "model": str(model_path), "for": name, "meaning": PROPERTIES[name].meaning,
        "metric": "balanced accuracy" if PROPERTIES[name].binary else "R²", "data": data or "generated", **about,
        "layers": [one.plain() for one in found],
    }  # fmt: skip
    if data is None and (missing := [sign for sign in '()"' if sign not in "".join(model.inputs_.vocabulary.tokens)]):
        note(f"the model has never seen {' and '.join(missing)}; --data FILE gives texts like those it knows")
    if json:
        object_out(answer)
        return
    typer.echo(
        f"{name}: {answer['meaning']}; {about['states']:,} states of {about['texts']:,} texts ({answer['data']})"
    )
    rows = [[one.layer, f"{one.score:.3f}", f"{one.from_token:.3f}", f"{one.baseline:.1f}"] for one in found]
    typer.echo(table([["layer", answer["metric"], "from the token", "chance"], *rows]))
    best = max(found, key=lambda one: one.score)
    typer.echo(
        f"best held by {best.layer}: {answer['metric']} {best.score:.2f}; the last token alone: {best.from_token:.2f}"
    )


def _texts(model: Any, data: str | None, column: str | None, header: bool | None, seed: int) -> Any:
    """Return the texts of a file, or generated ones in the script that the model knows."""
    if data is not None:
        from gyeol.data.text.sources import Texts, find_source

        return Texts(find_source(data, "test", input=column, header=header))
    from gyeol.explain.drawing.fonts import mostly_hangul
    from gyeol.tasks.probing.texts import generated_texts

    vocabulary = getattr(getattr(model, "inputs_", None), "vocabulary", None)
    if vocabulary is None:
        return []
    return generated_texts(_TEXTS, korean=mostly_hangul(vocabulary.tokens), seed=seed)
