"""``gyeol fit regress``: numbers from texts, or from numeric sequences."""

from __future__ import annotations

from pathlib import Path

import typer

from gyeol.cli.options.answers import NUMBERS
from gyeol.cli.options.numbers import DECIMAL, MISSING
from gyeol.cli.options.sample_weights import WEIGHT
from gyeol.cli.options.training import HEADER
from gyeol.cli.task_commands import TaskCommands
from gyeol.cli.tasks import regress_text
from gyeol.cli.tasks.series import evaluate, examples, fit_series, predict, read_sequence, refuse_text_options
from gyeol.cli.training import Training
from gyeol.errors import DataError

__all__ = ["COMMANDS", "OF_TEXTS"]


def fit(
    data: str = typer.Argument(
        metavar="DATA",
        help="Texts with a number each: .tsv, .csv, .jsonl, .parquet or .txt; or numeric sequences, also .npz.",
    ),
    valid: str = typer.Option(None, "--valid", metavar="FILE", help="Validation examples; default: a tenth of DATA."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column of texts, by name or number."),
    target: str = typer.Option(None, "--target", metavar="COL", help="Column, key or array of the numbers."),
    weight: str = WEIGHT,
    decimal: str = DECIMAL,
    missing: list[str] = MISSING,
    features: str = typer.Option(
        None, "--features", metavar="KIND", help="Train a feed-forward net on bow, tfidf or onehot features instead."
    ),
    compare: bool = typer.Option(False, "--compare", help="Also fit TF-IDF with ridge regression, and print both."),
    header: bool = HEADER,
    skip_bad_rows: bool = typer.Option(False, "--skip-bad-rows", help="Skip rows without text or number."),
    *,
    training: Training,
) -> None:
    """Learn a number, such as a rating, from texts or sequences.

    A table of texts has a column of numbers, such as 8.5 or 12,000. Files of numeric sequences are those of
    'gyeol fit series', with the number to learn in the place of the label.

    Examples: gyeol fit regress reviews.csv --target 평점 --out ratings --compare

    gyeol fit regress wear.csv --target hours --out wear

    gyeol data make adding --out adding.jsonl --count 5000, gyeol fit regress adding.jsonl --out adding
    """
    training.check(data, valid)
    if input is None and not _holds_texts(data):
        refuse_text_options(
            {"--features": features, "--compare": compare, "--skip-bad-rows": skip_bad_rows, "--weight": weight}
        )
        fit_series("regress", data, valid, target, training, decimal, missing)
        return
    regress_text.fit_texts(
        training, data, valid, input, target, weight, decimal, missing, features,
        compare=compare, header=header, skip_bad_rows=skip_bad_rows,
    )  # fmt: skip


def _holds_texts(data: str) -> bool:
    """Whether a file or data set holds texts, not numeric sequences; true where it cannot be read."""
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
        sample = _cells(data)  # the reader of texts asks for the column, if there is any text
    return not sample or any(text and not is_number(text) for text in sample)


def _cells(data: str) -> list[str]:
    """Return the cells of the first rows of a table below its header; none for other files."""
    from gyeol.data.tables.dialect import open_rows

    try:
        return [cell for row in open_rows(Path(data)).cells()[1:20] for cell in row]
    except (DataError, OSError):
        return []


_SETTINGS_OF = ("regress-text", "regress")

COMMANDS = TaskCommands(
    fit, evaluate, predict, examples=examples, read_one=read_sequence, options=NUMBERS, settings_of=_SETTINGS_OF
)  # fmt: skip
OF_TEXTS = TaskCommands(
    fit, regress_text.evaluate, regress_text.predict, examples=regress_text.examples, options=NUMBERS,
    settings_of=_SETTINGS_OF, evaluates_without_bad_rows=True, hidden=True,
)  # fmt: skip
