"""``gyeol fit regress``: numbers from texts, or from numeric sequences; ``evaluate`` of models that read texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.asking import Cut, at_lines, find_asked
from gyeol.cli.answers.output import note, object_out, table
from gyeol.cli.options.first_checks import check_first
from gyeol.cli.options.numbers import DECIMAL, MISSING
from gyeol.cli.options.sample_weights import WEIGHT, separator_of, weights_of
from gyeol.cli.options.training import (
    CONFIG,
    FORCE,
    HEADER,
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
from gyeol.cli.tasks.series import fit_series
from gyeol.cli.training import begun, ended, measured, stop_where_interrupted
from gyeol.cli.verbs.fit import refuse_of_series
from gyeol.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from gyeol.cli.tasks.table import Question
    from gyeol.data.tables.number_cells import NumberFormat
    from gyeol.data.text.sources import Labelled, Source
    from gyeol.tasks import TextRegressor

    Numbers = npt.NDArray[np.float64]

__all__ = ["evaluate_numbers", "regress"]

_BASELINE = 0.2  # of a time limit, for --compare


def regress(
    data: str = typer.Argument(
        metavar="DATA",
        help="Texts with a number each: .tsv .csv .jsonl .parquet .txt; or numeric sequences, also .npz.",
    ),
    out: Path = OUT,
    valid: str = typer.Option(None, "--valid", metavar="FILE", help="Examples to watch; else a tenth of DATA."),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column of the texts, by name or number."),
    target: str = typer.Option(None, "--target", metavar="COL", help="The column, key or array of the numbers."),
    weight: str = WEIGHT,
    decimal: str = DECIMAL,
    missing: list[str] = MISSING,
    config: Path = CONFIG,
    set: list[str] = SET,
    features: str = typer.Option(
        None, "--features", metavar="KIND", help="bow, tfidf or onehot: a feed-forward net on what is counted instead."
    ),
    compare: bool = typer.Option(False, "--compare", help="Also fit TF-IDF and ridge regression and print both."),
    seed: int = SEED,
    time_limit: str = TIME_LIMIT,
    threads: int = THREADS,
    resume: bool = RESUME,
    force: bool = FORCE,
    header: bool = HEADER,
    skip_bad_rows: bool = typer.Option(False, "--skip-bad-rows", help="Leave out rows without text or number."),
    settings: bool = settings_option("regress-text", "regress"),
    json: bool = JSON,
    quiet: bool = QUIET,
) -> None:
    """Learn a number for each text or sequence: a rating.

    A table of texts has a column of numbers, such as 8.5 or 12,000. Of numeric sequences files are those of
    'gyeol fit series'; a row begins with the number to learn.

    Examples: gyeol fit regress reviews.csv --target 평점 --out ratings --compare

    gyeol fit regress wear.csv --target hours --out wear

    gyeol data make adding --out adding.jsonl --count 5000, gyeol fit regress adding.jsonl --out adding
    """
    check_first(("regress", "regress-text"), out, config, set, time_limit, resume, data, valid)
    options = {"random_state": seed, "threads": threads, "time_limit": time_limit}
    if input is None and not _holds_texts(data):
        of_texts = {"--features": features, "--compare": compare, "--skip-bad-rows": skip_bad_rows}
        refuse_of_series({**of_texts, "--weight": weight})
        fit_series(
            "regress", data, out, valid, target, config, set, options, resume, force, json, quiet, decimal, missing
        )
        return
    from gyeol.data.tables.number_cells import NumberFormat
    from gyeol.data.text.sources import find_source, has_role
    from gyeol.tasks import TextRegressor
    from gyeol.tasks.training.progress import Bar

    given = NumberFormat(decimal, tuple(missing))
    model, run = begun(TextRegressor, config, set, {**options, "features": features}, out, resume, force)
    train, numbers, mark = _read(
        find_source(data, "train", input=input, target=target, header=header), skip_bad_rows, given, further=weight
    )
    weights = None if weight is None else weights_of(train, weight)
    watched = None
    if valid is not None or has_role(data, "valid"):
        source = find_source(valid or data, "valid", input=input, target=target, header=header)
        held, truth, _ = _read(source, skip_bad_rows, given, mark)
        watched = held.texts, truth
    if not (quiet or json):
        low, high, middle = float(numbers.min()), float(numbers.max()), float(numbers.mean())
        note(f"{train.source.name}: {len(numbers):,} texts, numbers from {low:g} to {high:g}, mean {middle:.6g}")
    progress = None if quiet else Bar("texts", shares=False)
    about = {**train.about(), **({} if mark is None else {"decimal": mark})}
    model.fit(
        train.texts,
        numbers,
        weights,
        validation=watched,
        **(run.leaving(_BASELINE) if compare else run.how),
        progress=progress,
        about=about,
    )
    answer = ended(model, out, run, **({} if model.overlap_ is None else {"vectors": model.overlap_}))
    if compare and answer["stopped"] != "interrupted":
        if run.deadline.left() < 1:
            note("the baseline is left out: it does not fit into what is left of the time")
        else:
            answer["baseline"] = _baseline(model, (train.texts, numbers, weights), watched)
    if json:
        object_out(answer)
    else:
        _tell(answer, model, out)
    stop_where_interrupted(answer)


def _holds_texts(data: str) -> bool:
    """Whether what a user names holds texts, not numeric sequences; the texts' reader says what cannot be read."""
    from itertools import islice

    from gyeol.data.series.series_files import means_series
    from gyeol.data.tables.columns import is_number
    from gyeol.data.text.sources import find_source, read_texts

    if means_series(data) or data.lower().endswith(".npz"):
        return False
    try:
        source = find_source(data, "train")
        sample = [getattr(row, "input", "") for row in islice(read_texts(source), 20)]
    except DataError:
        sample = _cells(data)  # which column is the text, its reader asks where there is any
    return not sample or any(text and not is_number(text) for text in sample)


def _cells(data: str) -> list[str]:
    """Take all fields of the first rows of a table, but for its header; of what is none, nothing."""
    from gyeol.data.tables.dialect import open_rows

    try:
        return [cell for row in open_rows(Path(data)).cells()[1:20] for cell in row]
    except (DataError, OSError):
        return []


def _read(
    source: Source, skip: bool, given: NumberFormat, remembered: str | None = None, further: str | None = None
) -> tuple[Labelled, Numbers, str | None]:
    """Read texts and their numbers, and the decimal mark of these."""
    from gyeol.data.text.sources import read_labelled

    rows = read_labelled(source, skip_bad_rows=skip, further=further)
    numbers, mark = _numbers(rows, given, remembered, skip)
    for told in (*rows.notes, rows.left_out()):
        note(told)
    return rows, numbers, mark


def _numbers(rows: Labelled, given: NumberFormat, remembered: str | None, skip: bool) -> tuple[Numbers, str | None]:
    """Read the labels of rows as numbers; leaves out rows without one where ``skip``."""
    import math

    from gyeol.data.tables.number_cells import as_number
    from gyeol.data.tables.numbers import NumberColumn, settle
    from gyeol.data.tables.rows import BadRow

    path = rows.source.path
    column = NumberColumn(_name(rows), given, lambda line: f"{path}, line {line}")
    kept = []
    for row, (cell, line) in enumerate(zip(rows.labels, rows.lines, strict=True)):
        value = as_number(cell, given)
        if value is not None and math.isfinite(value):
            column.add(cell, line)
            kept.append(row)
            continue
        reason = f"the target is {cell!r:.60}; a finite number was expected"
        if not skip:
            mend = "fix it, or pass --skip-bad-rows to leave such rows out"
            raise DataError(f"{path}, line {line}: {reason}; {mend} ('gyeol fit classify' learns classes)")
        rows.bad.append(BadRow(line, reason, "label"))
    if not kept:
        raise DataError(f"{path} holds no number to learn: name their column with --target")
    rows.keep(kept)
    mark = settle([column], separator_of(path), remembered)
    note(f"{rows.source.name}: {told}" if (told := column.describe()) else "")
    return column.values(), mark


def _name(rows: Labelled) -> str:
    """Name the column of the numbers."""
    if rows.columns is None or rows.columns.target is None:
        return rows.source.target or "target"
    return rows.columns.names[rows.columns.target]


def _baseline(model: TextRegressor, train: tuple[Any, Any, Any], watched: tuple[Any, Any] | None) -> dict[str, Any]:
    """Fit the linear baseline to what the model learned from, and measure it where the model was measured."""
    import numpy as np

    from gyeol.tasks.text.ridge_baseline import ridge_baseline

    note("the baseline: TF-IDF and ridge regression")
    texts, numbers, weights = train
    rows = np.arange(len(texts)) if weights is None else np.flatnonzero(weights)  # a weight of 0 leaves a text out
    held = rows
    if watched is None and model.about_["examples"] < len(rows):
        kept, chosen, _ = model._held_back(model._strata(numbers[rows]))
        rows, held = rows[kept], rows[chosen]
    valid = watched if watched is not None else ([texts[row] for row in held], numbers[held])
    own = [texts[row] for row in rows], numbers[rows]
    return ridge_baseline(own, valid, None if weights is None else weights[rows])


def _tell(answer: dict[str, Any], model: TextRegressor, out: Path) -> None:
    kind = model.features or model.cell if isinstance(model.cell, str) else "own cell"
    names = {"mse": "MSE", "mae": "MAE", "pearson": "Pearson", "spearman": "Spearman"}
    rows = [["model", *(f"{name}" for name in names.values()), "seconds"]]
    for name, figures in ((kind, answer), ("tfidf, ridge", answer.get("baseline"))):
        if figures is not None:
            own = [f"{figures[key]:.4g}" if key in ("mse", "mae") else f"{figures[key]:.4f}" for key in names]
            rows.append([name, *own, f"{figures['seconds']:.0f}"])
    typer.echo(table(rows, right=range(1, 6)))
    typer.echo(f"on {measured(answer)}")
    if model.overlap_ is not None:
        typer.echo(f"vectors {model.describe_data()['vectors']}")
    typer.echo(f"saved: {out} (best epoch {answer['epoch']} of {answer['epochs']}; {answer['weights']:,} weights)")
    typer.echo(f'next:  gyeol predict {out} "..."     gyeol evaluate {out} TEST_FILE')


def evaluate_numbers(made: TextRegressor, question: Question) -> None:
    """Print a model's figures on texts with their numbers."""
    from gyeol.data.tables.number_cells import NumberFormat

    mark = made.about_.get("decimal")
    remembered = mark if isinstance(mark, str) else None
    source, lacking = find_asked(made, question.data, question, task=None, need_target=True)
    given = NumberFormat(question.decimal, tuple(question.missing))
    test, truth, _ = _read(source, question.skip_bad_rows, given, remembered)
    note(lacking)
    cut = Cut(made)
    with at_lines(str(test.source.path), test.lines):
        figures = made.evaluate(test.texts, truth)
    note(cut.told())
    if question.json:
        object_out({"model": str(question.model), **test.about(), "left_out": len(test.bad), **figures})
        return
    typer.echo(
        f"MSE {figures['mse']:.6g}   MAE {figures['mae']:.6g}   R² {figures['r2']:.4f}   "
        f"Pearson {figures['pearson']:.4f}   Spearman {figures['spearman']:.4f}   "
        f"on {figures['count']:,} texts of {test.source.name}"
    )
