"""``gyeol fit series``; ``evaluate`` and ``predict`` of models of numeric sequences, regressors too."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from gyeol.cli.answers.examples import Examples
from gyeol.cli.answers.figures import evaluation_lines
from gyeol.cli.answers.output import confusion, note, object_out
from gyeol.cli.answers.reading import PIPE, answers_out, handling
from gyeol.cli.answers.rows import Item, bad_item, chunked, piped_items
from gyeol.cli.answers.stream import Answers, Layout, class_layout, format_of
from gyeol.cli.answers.stream import answer as named
from gyeol.cli.options.answers import NUMBERS, TOP
from gyeol.cli.options.numbers import DECIMAL, MISSING, NumberNotation
from gyeol.cli.task_commands import Request, TaskCommands
from gyeol.cli.training import Training, accuracy_line, measured_after
from gyeol.data.number_format import exact, rounded
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.data.series.series_files import SeriesFile
    from gyeol.tasks import SeriesClassifier, SeriesRegressor

    Model = SeriesClassifier | SeriesRegressor

__all__ = ["COMMANDS", "evaluate", "examples", "fit_series", "predict", "read_sequence", "refuse_text_options"]

_CHUNK = 1024  # sequences answered at a time


def fit(
    data: str = typer.Argument(metavar="DATA", help="A .csv, .tsv, .txt, .jsonl or .npz file, or a data set."),
    valid: str = typer.Option(None, "--valid", metavar="FILE", help="Validation sequences; default: a tenth of DATA."),
    target: str = typer.Option(None, "--target", metavar="COL", help="Column, key or array of labels."),
    decimal: str = DECIMAL,
    missing: list[str] = MISSING,
    *,
    training: Training,
) -> None:
    """Learn to classify numeric sequences.

    Each row is a label and its values, separated by commas, tabs or white space; a missing value is empty or NaN, and
    shorter sequences may be padded with them. Several channels: JSON lines such as {"series": [[1, 2], [3, 4]],
    "label": "a"}, one list per step; or .npz with X (N, T, C), y and optionally lengths. 'gyeol fit classify' does the
    same if it finds numbers.

    Examples: gyeol fit series heartbeats.csv --out heart

    gyeol fit series sensors.npz --valid more.npz --out sensors --set cell=gru --set frame=5
    """
    training.check(data, valid)
    fit_series("series", data, valid, target, training, decimal, missing)


def refuse_text_options(given: dict[str, Any]) -> None:
    """Refuse options for texts where a file holds numeric sequences."""
    if wrong := [name for name, value in given.items() if value]:
        raise ParameterError(f"{wrong[0]} is for texts, but this file holds numbers; --input COL reads it as texts")


def fit_series(
    task: str, data: str, valid: str | None, target: str | None, training: Training, decimal: str | None = None,
    missing: Sequence[str] = (),
) -> None:  # fmt: skip
    """Train a classifier (``task`` ``"series"``) or a regressor (``"regress"``) of numeric sequences."""
    from gyeol.data.text.sources import has_role
    from gyeol.tasks import TASKS

    model = training.model(TASKS[task])
    classes = task == "series"
    notation = NumberNotation(decimal, missing)
    train, name = _read(data, "train", target, notation)
    targets = train.labels if classes else train.numbers()
    validation = None
    if valid is not None or (not Path(data).is_file() and has_role(data, "valid")):
        notation = replace(notation, remembered=train.remember().get("decimal_mark"))
        part, _ = _read(valid or data, "valid", target, notation)
        validation = part.series, _known(part, set_of(train)) if classes else part.numbers()
    shape = f"{min(map(len, train.series)):,} to {max(map(len, train.series)):,} steps"
    count = f", {len(set_of(train))} classes" if classes else ""
    training.note(f"{name}: {len(targets):,} sequences of {shape}, {train.series[0].shape[1]} channel(s){count}")
    about = {**train.about(), "data": name, **train.remember(), **({"target": target} if target is not None else {})}
    training.fit(model, train.series, targets, validation=validation, noun="sequences", shares=classes, about=about)
    answer = training.save(model)
    training.close(
        answer,
        [f"{_figures(answer)}   {measured_after(answer)}"],
        "gyeol predict {} --file FILE",
        "gyeol evaluate {} TEST_FILE",
    )


def _figures(figures: dict[str, Any]) -> str:
    if "accuracy" not in figures:
        return f"MSE {rounded([figures['mse']])[0]}   MAE {rounded([figures['mae']])[0]}"
    return accuracy_line(figures)


def _read(data: str, role: str, target: str | None, notation: NumberNotation) -> tuple[SeriesFile, str]:
    from gyeol.data.series.series_files import read_series
    from gyeol.data.text.sources import find_source

    source = find_source(data, role, target=target, task="series")
    return read_series(source.path, target=source.target, **notation.reader_arguments()), source.name


def set_of(file: SeriesFile) -> dict[str, None]:
    """Return the labels of a file, each once, in order of appearance."""
    return dict.fromkeys(file.labels)


def _known(file: SeriesFile, known: dict[str, Any]) -> list[Any]:
    """Check labels against those of the training."""
    for label, line in zip(file.labels, file.lines, strict=True):
        if label not in known:
            raise DataError(
                f"{file.path}, line {line}: the label {label!r:.60} did not occur in training; "
                f"known labels: {', '.join(list(known)[:12])}"
            )
    return file.labels


def _target(model: Model, target: str | None) -> str | None:
    """Return the target column: the one given, or that of the training file."""
    own = model.about_.get("target")
    return target if target is not None or not isinstance(own, str) else own


def _refuse_input(input: str | None) -> None:
    if input is not None:
        raise ParameterError("--input is for texts; this model reads all columns except the labels (--target)")


def examples(model: Model, request: Request) -> Examples:
    """Read sequences with their labels, or numbers."""
    _refuse_input(request.input)
    notation = NumberNotation.of(model.about_, request.option("decimal"), request.option("missing"))
    test, name = _read(request.data, "test", _target(model, request.target), notation)
    if model.task == "series":
        known = {str(label): label for label in model.classes_.tolist()}
        targets: Any = [known[label] for label in _known(test, known)]
    else:
        targets = test.numbers()
    return Examples(test.series, targets, name, "sequences", test.about(), test.lines, str(test.path))


def evaluate(model: Model, request: Request) -> None:
    """Print a model's figures on sequences with their labels, or numbers."""
    test = examples(model, request)
    figures = model.evaluate(test.X, test.y)
    if request.json:
        object_out({"model": str(request.model_path), **test.object(), **figures})
        return
    if "confusion" not in figures:
        typer.echo(f"{_figures(figures)}   R² {figures['r2']:.4f}   on {figures['count']:,} sequences of {test.name}")
        return
    line, warnings = evaluation_lines(figures)
    typer.echo(f"{line}   on {figures['count']:,} sequences of {test.name}")
    typer.echo(confusion(figures, model.classes_.tolist()))
    for warning in warnings:
        note(warning)


def predict(model: Model, request: Request) -> None:
    """Answer sequences: those of a file, the lines of standard input, or arguments such as ``"1 2 3"``."""
    from gyeol.data.series.series_files import parse_series

    texts, file, out, top = request.texts, request.file, request.out, request.option("top")
    _refuse_input(request.input)
    form = format_of(out) if out is not None else "object" if request.json else "tsv"
    notation = NumberNotation.of(model.about_, request.option("decimal"), request.option("missing"))
    numbers = notation.rows()
    name = PIPE
    if texts:
        given = [parse_series(text, f"text {n}", n, numbers) for n, text in enumerate(texts, 1)]
        chunks: Iterator[list[Item]] = iter([[Item(row.line, row.values) for row in given]])
    elif file is not None:
        chunks, name = chunked(_file_items(model, file, notation), _CHUNK), Path(file).name
    else:
        chunks = piped_items(
            lambda line, n: parse_series(line, f"{PIPE}, line {n}", n, numbers).values, _CHUNK, blank=False
        )
    how = replace(handling(request), alone=bool(texts))
    answers = Answers(chunks, partial(_found, model, top), _layout(model, top), name, how)
    answers_out(answers, form, {"model": str(request.model_path)}, out, json=request.json)


def _file_items(model: Model, file: str, notation: NumberNotation) -> Iterator[Item]:
    from gyeol.data.series.series_files import series_rows
    from gyeol.data.tables.rows import BadRow
    from gyeol.data.text.sources import find_source

    shortest, longest = model.lengths_
    source = find_source(file, "test", target=_target(model, None), task="series")
    steps = longest if shortest == longest else None
    bad: list[BadRow] = []
    how = {
        "target": source.target,
        "need_labels": False,
        "steps": steps,
        "on_bad_row": bad.append,
        **notation.reader_arguments(),
    }
    rows = series_rows(source.path, **how)
    for row in rows:
        yield from map(bad_item, bad)
        bad.clear()
        yield Item(row.line, row.values)
    yield from map(bad_item, bad)


def _found(model: Model, top: int | None, given: list[Any]) -> list[dict[str, Any]]:
    if model.task == "series":
        classifier = cast("SeriesClassifier", model)
        return [named(classifier.classes_.tolist(), row, top) for row in classifier.predict_proba(given)]
    return [{"value": float(value)} for value in model.predict(given)]


def _layout(model: Model, top: int | None) -> Layout:
    if model.task == "series":
        return class_layout(cast("SeriesClassifier", model).classes_.tolist(), top, shown="")
    return Layout(("value",), lambda one: [exact(one["value"])], lambda one: one, {"value": None}, shown="")


def read_sequence(model: Model, given: str) -> Any:
    """Read one sequence: that of an argument such as ``"1 2 3"``, or the first one of a file.

    A note says where it is shorter or longer than those of the training: perhaps the file is of another kind.
    """
    from gyeol.data.series.series_files import parse_series

    notation = NumberNotation.of(model.about_, None, ())
    if not os.path.isfile(given):
        return _of_known_length(model, parse_series(given, "the sequence", 1, notation.rows()).values, "the sequence")
    first = next(_file_items(model, given, notation), None)
    if first is None or first.value is None:
        raise DataError(f"{given}: {first.reason if first is not None else 'there is no sequence in it'}")
    return _of_known_length(model, first.value, f"{given}, line {first.line}: the sequence")


def _of_known_length(model: Model, values: Any, name: str) -> Any:
    shortest, longest = model.lengths_
    if not shortest <= len(values) <= longest:
        known = f"{shortest:,}" if shortest == longest else f"{shortest:,} to {longest:,}"
        note(f"{name} has {len(values):,} step(s), but the model was trained on sequences of {known}")
    return values


COMMANDS = TaskCommands(fit, evaluate, predict, examples=examples, read_one=read_sequence, options=(TOP, *NUMBERS))
