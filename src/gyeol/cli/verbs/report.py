"""``gyeol report``: one page on a model: how it learned, how good it is, where it errs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from gyeol.cli.answers.measuring import limited, measured_outcomes
from gyeol.cli.answers.output import note, object_out, table
from gyeol.cli.answers.report_lines import report_lines
from gyeol.cli.model import load_model
from gyeol.cli.options.page import LANGUAGE, LIMIT, check_language, check_page
from gyeol.cli.options.training import HEADER, JSON, THREADS
from gyeol.cli.task_commands import Request
from gyeol.cli.tasks import commands_of
from gyeol.errors import ParameterError

__all__ = ["examples_of", "report"]


def report(
    model_path: Path = typer.Argument(metavar="MODEL", help="Model folder."),
    data: str = typer.Argument(None, metavar="DATA", help="Examples with their truth: a file, or a data set."),
    out: Path = typer.Option(None, "--out", "-o", metavar="FILE", help="Output file: .html or .json."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column of inputs, by name or number."),
    target: str = typer.Option(None, "--target", metavar="COL", help="Column of targets, such as labels."),
    training: str = typer.Option(
        None, "--training", metavar="FILE", help="Training file, to count the examples that occur in both."
    ),
    limit: int = LIMIT,
    worst: int = typer.Option(10, "--worst", metavar="N", min=0, help="Number of mistakes to show."),
    language: str = LANGUAGE,
    header: bool = HEADER,
    skip_bad_rows: bool = typer.Option(False, "--skip-bad-rows", help="Skip rows that cannot be measured."),
    threads: int = THREADS,
    json: bool = JSON,
) -> None:
    """Report on a model, on one page.

    Learning curves, settings; with DATA also figures with intervals, confusion, calibration, scores by length, and the
    worst mistakes with their explanation. The page is one file that needs no network.

    Examples: gyeol report my-model --out report.html

    gyeol report my-model test.csv --out report.html

    gyeol report my-model nsmc --limit 2000 --json
    """
    check_page(out, (".html", ".json"))
    check_language(language)
    if data is None and (given := [n for n, v in {"--input": input, "--target": target, "--training": training,
                                                  "--limit": limit}.items() if v is not None]):  # fmt: skip
        raise ParameterError(f"{given[0]} is about examples: name their file, gyeol report {model_path} DATA")
    model = load_model(model_path, threads)
    from gyeol.tasks.report.content import answers_part, folder_part
    from gyeol.tasks.storage import read_config

    content = folder_part(model, model_path, read_config(model_path).gyeol)
    if data is not None:
        request = Request(
            model_path, json, data=data, input=input, target=target, skip_bad_rows=skip_bad_rows, header=header
        )
        whole = examples_of(model, request)
        test = limited(whole, limit, ordered=model.ordered)
        known = None if training is None else examples_of(model, _of(request, training)).X
        outcomes, seconds = measured_outcomes(model, test, quiet=json, whole=needs_all(model))
        test.finish()
        content |= answers_part(
            model, outcomes, test.X, name=test.name, noun=test.noun, about=dict(test.about), lines=test.lines,
            training=known, worst=worst,
        )  # fmt: skip
        content["data"] |= {"of": len(whole.X), "left_out": test.left_out or 0, "seconds": round(seconds, 3)}
    if out is not None:
        _write(content, out, language)
    if json:
        object_out({**content, **({} if out is None else {"out": str(out)})})
        return
    lines, rows = report_lines(content)
    typer.echo("\n".join(lines))
    if rows:
        typer.echo(table(rows, right=range(1, len(rows[0]))))
    if out is not None:
        note(f"wrote {out}")


def examples_of(model: Any, request: Request) -> Any:
    """Read the examples of a request as the model's ``evaluate`` does.

    Raises
    ------
    ParameterError
        The task's command line reads none.
    """
    read = commands_of(model.task).examples
    if read is None:
        raise ParameterError(
            f"{request.model_path} is a model of 'fit {model.task}', whose examples gyeol report cannot read: "
            f"leave out {request.data!r:.80}"
        )
    return read(model, request)


def needs_all(model: Any) -> bool:
    """Whether outcomes come of all examples at once: of texts that follow one another, and of series."""
    return bool(model.ordered) or model.task == "forecast"


def _of(request: Request, data: str) -> Request:
    from dataclasses import replace

    return replace(request, data=data)


def _write(content: dict[str, Any], out: Path, language: str | None) -> None:
    from gyeol.cli.answers.report_files import write_report
    from gyeol.explain.report.page import render_report

    write_report(content, out, lambda: render_report(content, language))
