"""``gyeol fit series``, ``fit regress`` of sequences, and what ``evaluate`` and ``predict`` do with their models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from gyeol.cli.answers.asking import PIPE, answers_out, handling
from gyeol.cli.answers.figures import evaluation_told
from gyeol.cli.answers.output import confusion, note, object_out
from gyeol.cli.answers.rows import Item, bad_item, chunked, piped_items
from gyeol.cli.answers.stream import Answers, Layout, class_layout, format_of
from gyeol.cli.answers.stream import answer as named
from gyeol.cli.options.first_checks import check_first
from gyeol.cli.options.numbers import DECIMAL, MISSING, Written
from gyeol.cli.options.training import (
    CONFIG,
    FORCE,
    JSON,
    OUT,
    QUIET,
    RESUME,
    SEED,
    SET,
    THREADS,
    TIME_LIMIT,
    settings_option,
)
from gyeol.cli.training import accuracy_line, begun, ended, measured, stop_where_interrupted
from gyeol.data.number_format import exact, rounded
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.cli.tasks.table import Question
    from gyeol.data.series.series_files import SeriesFile
    from gyeol.tasks import SeriesClassifier, SeriesRegressor

    Model = SeriesClassifier | SeriesRegressor

__all__ = ["evaluate_series", "fit_series", "predict_series", "series"]

_CHUNK = 1024  # sequences answered at a time

DATA: Any = typer.Argument(metavar="DATA", help="A .csv .tsv .txt .jsonl or .npz file, or a named set.")
VALID: Any = typer.Option(None, "--valid", metavar="FILE", help="Sequences to watch; else a tenth of DATA.")
TARGET: Any = typer.Option(None, "--target", metavar="COL", help="The column, key or array of the labels.")


def series(
    data: str = DATA,
    out: Path = OUT,
    valid: str = VALID,
    target: str = TARGET,
    decimal: str = DECIMAL,
    missing: list[str] = MISSING,
    config: Path = CONFIG,
    set: list[str] = SET,
    seed: int = SEED,
    time_limit: str = TIME_LIMIT,
    threads: int = THREADS,
    resume: bool = RESUME,
    force: bool = FORCE,
    settings: bool = settings_option("series"),
    json: bool = JSON,
    quiet: bool = QUIET,
) -> None:
    """Learn a class for each numeric sequence.

    A row is a label and values: by commas, tabs or white space, empty or NaN where one is missing, and after a
    sequence's end. Of several channels: JSON lines, {"series": [[1, 2], [3, 4]], "label": "a"}, one list a step; or
    .npz with X (N, T, C), y and perhaps lengths. 'gyeol fit classify' does the same where it sees numbers.

    Examples: gyeol fit series heartbeats.csv --out heart

    gyeol fit series sensors.npz --valid more.npz --out sensors --set cell=gru --set frame=5
    """
    options = {"random_state": seed, "threads": threads, "time_limit": time_limit}
    check_first(("series",), out, config, set, time_limit, resume, data, valid)
    fit_series("series", data, out, valid, target, config, set, options, resume, force, json, quiet, decimal, missing)


def fit_series(
    task: str, data: str, out: Path, valid: str | None, target: str | None, config: Path | None, pairs: list[str],
    options: dict[str, Any], resume: bool, force: bool, json: bool, quiet: bool, decimal: str | None = None,
    missing: Sequence[str] = (),
) -> None:  # fmt: skip
    """Train on numeric sequences, save, and say how good the model is."""
    from gyeol.data.text.sources import has_role
    from gyeol.tasks import TASKS
    from gyeol.tasks.training.progress import Bar

    model, run = begun(TASKS[task], config, pairs, options, out, resume, force)
    written = Written(decimal, missing)
    train, name = _read(data, "train", target, written)
    targets = _targets(train, task)
    watched = None
    if valid is not None or (not Path(data).is_file() and has_role(data, "valid")):
        held, _ = _read(
            valid or data, "valid", target, replace(written, remembered=train.remember().get("decimal_mark"))
        )
        watched = held.series, _known(held, set_of(train)) if task == "series" else held.numbers()
    about = {**train.about(), "data": name, **train.remember(), **({"target": target} if target is not None else {})}
    classes = f", {len(set_of(train))} classes" if task == "series" else ""
    if not (quiet or json):
        shape = f"{min(map(len, train.series)):,} to {max(map(len, train.series)):,} steps"
        channels = train.series[0].shape[1]
        note(f"{name}: {len(targets):,} sequences of {shape}, {channels} channel(s){classes}")
    progress = None if quiet or json else Bar("sequences", shares=task == "series")
    model.fit(train.series, targets, validation=watched, **run.how, progress=progress, about=about)
    answer = ended(model, out, run)
    if json:
        object_out(answer)
    else:
        after = f"after epoch {answer['epoch']} of {answer['epochs']}, {answer['seconds']:.0f} s"
        typer.echo(f"{_figures(answer)}   on {measured(answer)}, {after}")
        typer.echo(f"saved: {out} ({answer['weights']:,} weights)")
        typer.echo(f"next:  gyeol predict {out} --file FILE     gyeol evaluate {out} TEST_FILE")
    stop_where_interrupted(answer)


def _figures(figures: dict[str, Any]) -> str:
    if "accuracy" not in figures:
        return f"MSE {rounded([figures['mse']])[0]}   MAE {rounded([figures['mae']])[0]}"
    return accuracy_line(figures)


def _read(data: str, role: str, target: str | None, written: Written) -> tuple[SeriesFile, str]:
    from gyeol.data.series.series_files import read_series
    from gyeol.data.text.sources import find_source

    source = find_source(data, role, target=target, task="series")
    return read_series(source.path, target=source.target, **written.how()), source.name


def _targets(file: SeriesFile, task: str) -> Any:
    return file.labels if task == "series" else file.numbers()


def set_of(file: SeriesFile) -> dict[str, None]:
    """Return the different labels of a file, in their order there."""
    return dict.fromkeys(file.labels)


def _known(file: SeriesFile, known: dict[str, Any]) -> list[Any]:
    """Hold labels to those of the training."""
    for label, line in zip(file.labels, file.lines, strict=True):
        if label not in known:
            raise DataError(
                f"{file.path}, line {line}: the label {label!r:.60} was never seen in training; "
                f"known are: {', '.join(list(known)[:12])}"
            )
    return file.labels


def _target(made: Model, target: str | None) -> str | None:
    """Take the column that the model was trained with, where none is named."""
    own = made.about_.get("target")
    return target if target is not None or not isinstance(own, str) else own


def _refuse_input(input: str | None) -> None:
    if input is not None:
        raise ParameterError("--input names a column of texts; this model reads all columns but the labels' (--target)")


def evaluate_series(
    made: Model, model: Path, data: str, input: str | None, target: str | None, json: bool, decimal: str | None = None,
    missing: Sequence[str] = (),
) -> None:  # fmt: skip
    """Print a model's figures on sequences with their labels, or numbers."""
    _refuse_input(input)
    test, name = _read(data, "test", _target(made, target), Written.of(made.about_, decimal, missing))
    if made.task == "series":
        known = {str(label): label for label in made.classes_.tolist()}
        targets: Any = [known[label] for label in _known(test, known)]
    else:
        targets = test.numbers()
    figures = made.evaluate(test.series, targets)
    if json:
        object_out({"model": str(model), **test.about(), **figures})
        return
    if "confusion" not in figures:
        typer.echo(f"{_figures(figures)}   R² {figures['r2']:.4f}   on {figures['count']:,} of {name}")
        return
    told, warnings = evaluation_told(figures)
    typer.echo(f"{told}   on {figures['count']:,} of {name}")
    typer.echo(confusion(figures, made.classes_.tolist()))
    for warning in warnings:
        note(warning)


def predict_series(made: Model, question: Question) -> None:
    """Answer sequences: those of a file, the lines of standard input, or given as texts, ``"1 2 3"``."""
    from gyeol.data.series.series_files import parse_series

    texts, file, out, top = question.texts, question.file, question.out, question.top
    _refuse_input(question.input)
    if top is not None and made.task != "series":
        raise ParameterError("--top is for classes: this model answers with a number")
    form = format_of(out) if out is not None else "object" if question.json else "tsv"
    written = Written.of(made.about_, question.decimal, question.missing)
    numbers = written.rows()
    name = PIPE
    if texts:
        given = [parse_series(text, f"text {n}", n, numbers) for n, text in enumerate(texts, 1)]
        chunks: Iterator[list[Item]] = iter([[Item(row.line, row.values) for row in given]])
    elif file is not None:
        chunks, name = chunked(_file_items(made, file, written), _CHUNK), Path(file).name
    else:
        chunks = piped_items(
            lambda line, n: parse_series(line, f"{PIPE}, line {n}", n, numbers).values, _CHUNK, blank=False
        )
    how = replace(handling(question), alone=bool(texts))
    answers = Answers(chunks, partial(_found, made, top), _layout(made, top), name, how)
    answers_out(answers, form, {"model": str(question.model)}, out, json=question.json)


def _file_items(made: Model, file: str, written: Written) -> Iterator[Item]:
    from gyeol.data.series.series_files import series_rows
    from gyeol.data.tables.rows import BadRow
    from gyeol.data.text.sources import find_source

    shortest, longest = made.lengths_
    source = find_source(file, "test", target=_target(made, None), task="series")
    steps = longest if shortest == longest else None
    bad: list[BadRow] = []
    how = {"target": source.target, "need_labels": False, "steps": steps, "on_bad_row": bad.append, **written.how()}
    rows = series_rows(source.path, **how)
    for row in rows:
        yield from map(bad_item, bad)
        bad.clear()
        yield Item(row.line, row.values)
    yield from map(bad_item, bad)


def _found(made: Model, top: int | None, given: list[Any]) -> list[dict[str, Any]]:
    if made.task == "series":
        model = cast("SeriesClassifier", made)
        return [named(model.classes_.tolist(), row, top) for row in model.predict_proba(given)]
    return [{"value": float(value)} for value in made.predict(given)]


def _layout(made: Model, top: int | None) -> Layout:
    if made.task == "series":
        return class_layout(cast("SeriesClassifier", made).classes_.tolist(), top, shown="")
    return Layout(("value",), lambda one: [exact(one["value"])], lambda one: one, {"value": None}, shown="")
