"""``gyeol fit regress`` of texts; ``evaluate`` of its models (``predict`` is that of classifiers)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.examples import Examples
from gyeol.cli.answers.output import note, object_out, report_reading, table
from gyeol.cli.answers.reading import ShortenedTexts, find_trained_source
from gyeol.cli.options.sample_weights import separator_of, weights_of
from gyeol.cli.task_commands import Request
from gyeol.cli.tasks.classify import predict
from gyeol.cli.training import Training, measured
from gyeol.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from gyeol.data.tables.number_cells import NumberFormat
    from gyeol.data.text.sources import Labelled, Source
    from gyeol.tasks import TextRegressor

    Numbers = npt.NDArray[np.float64]

__all__ = ["evaluate", "fit_texts", "predict"]

_BASELINE = 0.2  # of a time limit, for --compare


def fit_texts(
    training: Training, data: str, valid: str | None, input: str | None, target: str | None, weight: str | None,
    decimal: str | None, missing: Sequence[str], features: str | None, *, compare: bool, header: bool | None,
    skip_bad_rows: bool,
) -> None:  # fmt: skip
    """Train a regressor of texts."""
    from gyeol.data.tables.number_cells import NumberFormat
    from gyeol.data.text.sources import find_source, has_role
    from gyeol.tasks import TextRegressor

    numbers = NumberFormat(decimal, tuple(missing))
    model = training.model(TextRegressor, features=features)
    source = find_source(data, "train", input=input, target=target, header=header)
    train, targets, mark = _read(source, skip_bad_rows, numbers, further=weight)
    weights = None if weight is None else weights_of(train, weight)
    validation = None
    if valid is not None or has_role(data, "valid"):
        source = find_source(valid or data, "valid", input=input, target=target, header=header)
        part, truth, _ = _read(source, skip_bad_rows, numbers, mark)
        validation = part.texts, truth
    low, high, mean = float(targets.min()), float(targets.max()), float(targets.mean())
    training.note(f"{train.source.name}: {len(targets):,} texts, numbers from {low:g} to {high:g}, mean {mean:.6g}")
    training.fit(
        model, train.texts, targets, weights, validation=validation, noun="texts",
        reserve=_BASELINE if compare else 0.0, about={**train.about(), **({} if mark is None else {"decimal": mark})},
    )  # fmt: skip
    answer = training.save(model, **({} if model.overlap_ is None else {"vectors": model.overlap_}))
    if compare and answer["stopped"] != "interrupted":
        if training.deadline.left() < 1:
            note("skipped the baseline: it does not fit into the time that is left")
        else:
            answer["baseline"] = _baseline(model, (train.texts, targets, weights), validation)
    training.close(
        answer,
        _lines(answer, model),
        'gyeol predict {} "..."',
        "gyeol evaluate {} TEST_FILE",
        saved="best epoch {epoch} of {epochs}; {weights:,} weights",
    )


def _read(
    source: Source, skip: bool, given: NumberFormat, remembered: str | None = None, further: str | None = None
) -> tuple[Labelled, Numbers, str | None]:
    """Read texts and their numbers; also returns the decimal mark."""
    from gyeol.data.text.sources import read_labelled

    rows = read_labelled(source, skip_bad_rows=skip, further=further)
    numbers, mark = _numbers(rows, given, remembered, skip)
    return report_reading(rows), numbers, mark


def _numbers(rows: Labelled, given: NumberFormat, remembered: str | None, skip: bool) -> tuple[Numbers, str | None]:
    """Read the labels of rows as numbers; skips rows without one where ``skip``."""
    import math

    from gyeol.data.tables.number_cells import as_number
    from gyeol.data.tables.numbers import NumberColumn, settle
    from gyeol.data.tables.rows import BadRow

    path = rows.source.path
    column = NumberColumn(_name(rows), given, lambda line: f"{path}, line {line}")
    good = []
    for row, (cell, line) in enumerate(zip(rows.labels, rows.lines, strict=True)):
        value = as_number(cell, given)
        if value is not None and math.isfinite(value):
            column.add(cell, line)
            good.append(row)
            continue
        reason = f"the target is {cell!r:.60}; expected a finite number"
        if not skip:
            fix = "fix it, or pass --skip-bad-rows to skip such rows"
            raise DataError(f"{path}, line {line}: {reason}; {fix} (to learn classes, use 'gyeol fit classify')")
        rows.bad.append(BadRow(line, reason, "label"))
    if not good:
        raise DataError(f"{path} holds no numbers to learn: name their column with --target")
    rows.keep(good)
    mark = settle([column], separator_of(path), remembered)
    note(f"{rows.source.name}: {remark}" if (remark := column.describe()) else "")
    return column.values(), mark


def _name(rows: Labelled) -> str:
    """Return the name of the column of numbers."""
    if rows.columns is None or rows.columns.target is None:
        return rows.source.target or "target"
    return rows.columns.names[rows.columns.target]


def _baseline(model: TextRegressor, train: tuple[Any, Any, Any], validation: tuple[Any, Any] | None) -> dict[str, Any]:
    """Fit the linear baseline to the training part of the model, and measure it on the same validation part."""
    import numpy as np

    from gyeol.tasks.text.ridge_baseline import ridge_baseline

    note("fitting the baseline: TF-IDF and ridge regression")
    texts, numbers, weights = train
    rows = np.arange(len(texts)) if weights is None else np.flatnonzero(weights)  # a text of weight 0 does not count
    held_out = rows
    if validation is None and model.about_["examples"] < len(rows):
        first, second, _ = model._held_back(model._strata(numbers[rows]))
        rows, held_out = rows[first], rows[second]
    valid = validation if validation is not None else ([texts[row] for row in held_out], numbers[held_out])
    own = [texts[row] for row in rows], numbers[rows]
    return ridge_baseline(own, valid, None if weights is None else weights[rows])


def _lines(answer: dict[str, Any], model: TextRegressor) -> list[str]:
    """Write the figures beside those of the baseline."""
    kind = model.features or model.cell if isinstance(model.cell, str) else "custom cell"
    names = {"mse": "MSE", "mae": "MAE", "pearson": "Pearson", "spearman": "Spearman"}
    rows = [["model", *(f"{name}" for name in names.values()), "seconds"]]
    for name, figures in ((kind, answer), ("tfidf, ridge", answer.get("baseline"))):
        if figures is not None:
            own = [f"{figures[key]:.4g}" if key in ("mse", "mae") else f"{figures[key]:.4f}" for key in names]
            rows.append([name, *own, f"{figures['seconds']:.0f}"])
    lines = [table(rows, right=range(1, 6)), f"on {measured(answer)}"]
    return lines if model.overlap_ is None else [*lines, f"vectors {model.describe_data()['vectors']}"]


def examples(model: TextRegressor, request: Request) -> Examples:
    """Read texts with their numbers."""
    from gyeol.data.tables.number_cells import NumberFormat

    mark = model.about_.get("decimal")
    remembered = mark if isinstance(mark, str) else None
    source, missing = find_trained_source(model, request.data, request, task=None, need_target=True)
    given = NumberFormat(request.option("decimal"), tuple(request.option("missing") or ()))
    test, truth, _ = _read(source, request.skip_bad_rows, given, remembered)
    note(missing)
    shortened = ShortenedTexts(model)
    return Examples(
        test.texts, truth, test.source.name, "texts", test.about(), test.lines, str(test.source.path), len(test.bad),
        lambda: note(shortened.report()),
    )  # fmt: skip


def evaluate(model: TextRegressor, request: Request) -> None:
    """Print a model's figures on texts with their numbers."""
    test = examples(model, request)
    with test.named():
        figures = model.evaluate(test.X, test.y)
    test.finish()
    if request.json:
        object_out({"model": str(request.model_path), **test.object(), **figures})
        return
    typer.echo(
        f"MSE {figures['mse']:.6g}   MAE {figures['mae']:.6g}   R² {figures['r2']:.4f}   "
        f"Pearson {figures['pearson']:.4f}   Spearman {figures['spearman']:.4f}   "
        f"on {figures['count']:,} texts of {test.name}"
    )
