"""``gyeol compare``: the same examples through several models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from gyeol.cli.answers.measuring import limited, measured_outcomes, warm_up
from gyeol.cli.answers.output import note, object_out, table
from gyeol.cli.answers.report_lines import comparison_lines
from gyeol.cli.model import load_model
from gyeol.cli.options.page import LANGUAGE, LIMIT, check_language, check_page
from gyeol.cli.options.training import HEADER, JSON, THREADS
from gyeol.cli.task_commands import Request
from gyeol.cli.verbs.report import examples_of, needs_all
from gyeol.errors import ParameterError

__all__ = ["compare"]


def compare(
    models: list[Path] = typer.Argument(metavar="MODELS", help="Two or more model folders, of one task."),
    data: str = typer.Option(..., "--data", metavar="DATA", help="Examples with their truth: a file, or a data set."),
    out: Path = typer.Option(None, "--out", "-o", metavar="FILE", help="Output file: .html or .json."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column of inputs, by name or number."),
    target: str = typer.Option(None, "--target", metavar="COL", help="Column of targets, such as labels."),
    limit: int = LIMIT,
    show: int = typer.Option(10, "--show", metavar="N", min=0, help="Number of examples where they disagree."),
    seed: int = typer.Option(0, "--seed", metavar="N", min=0, help="Random seed of the intervals."),
    language: str = LANGUAGE,
    header: bool = HEADER,
    skip_bad_rows: bool = typer.Option(False, "--skip-bad-rows", help="Skip rows that cannot be measured."),
    threads: int = THREADS,
    json: bool = JSON,
) -> None:
    """Compare models on the same examples.

    Figures with intervals, whether they differ by more than chance, where the models disagree, speed and size. Models
    that classify are compared by McNemar's exact test, others by the paired bootstrap.

    Examples: gyeol compare lstm gru --data test.csv

    gyeol compare lstm gru bow --data nsmc --out compare.html
    """
    check_page(out, (".html", ".json"))
    check_language(language)
    if len(models) < 2:
        raise ParameterError(f"one model was given, {models[0]}: name two or more to compare")
    from gyeol.tasks.report.comparison import Contender, aligned_outcomes, check_comparable, compared
    from gyeol.tasks.report.model_facts import versions

    loaded = [load_model(path, threads) for path in models]
    names = _names(models)
    check_comparable(names, loaded)
    found: list[Any] = []
    seconds: list[float] = []
    test: Any = None
    for path, model in zip(models, loaded, strict=True):
        request = Request(path, json, data=data, input=input, target=target, skip_bad_rows=skip_bad_rows, header=header)
        test = limited(examples_of(model, request), limit, ordered=model.ordered, seed=seed)
        warm_up(model, test, whole=needs_all(model))
        outcomes, spent = measured_outcomes(model, test, quiet=json, whole=needs_all(model))
        test.finish()
        found.append(outcomes)
        seconds.append(spent)
    contenders = [
        Contender(name, path, model, outcomes, spent, len(own))
        for name, path, model, outcomes, spent, own in zip(
            names, models, loaded, aligned_outcomes(names, found), seconds, found, strict=True
        )
    ]
    noun = "blocks" if contenders[0].outcomes.kind == "forecasts" else test.noun  # of origins, see forecast_outcomes
    content = {
        "task": loaded[0].task, "data": {"name": test.name, "noun": noun, "count": len(contenders[0].outcomes)},
        "seed": seed, **compared(contenders, test.X, shown=show, seed=seed), "versions": versions(threads),
    }  # fmt: skip
    if out is not None:
        _write(content, out, language)
    if json:
        object_out({**content, **({} if out is None else {"out": str(out)})})
        return
    rows, pairs, lines = comparison_lines(content)
    typer.echo(table(rows, right=range(1, len(rows[0]))))
    typer.echo("")
    typer.echo(table(pairs, right=range(1, len(pairs[0]))))
    typer.echo("\n".join(lines))
    if out is not None:
        note(f"wrote {out}")


def _names(models: list[Path]) -> list[str]:
    """Name the models by their folders, or by their whole paths where two folders are called the same."""
    places = [path.resolve() for path in models]
    if twice := [path for path, place in zip(models, places, strict=True) if places.count(place) > 1]:
        raise ParameterError(f"{twice[-1]} was given twice: name different models")
    short = [path.name or str(path) for path in models]
    return short if len(set(short)) == len(short) else [str(path) for path in models]


def _write(content: dict[str, Any], out: Path, language: str | None) -> None:
    from gyeol.cli.answers.report_files import write_report
    from gyeol.explain.report.comparison import render_comparison

    write_report(content, out, lambda: render_comparison(content, language))
