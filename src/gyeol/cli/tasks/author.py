"""``gyeol fit author`` (from a table, or a folder with one file per author)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.output import note, percent, report_reading, table
from gyeol.cli.options.answers import TOP
from gyeol.cli.options.training import HEADER
from gyeol.cli.task_commands import TaskCommands
from gyeol.cli.tasks.classify import evaluate, examples, predict
from gyeol.cli.training import Training, measured
from gyeol.errors import ParameterError

if TYPE_CHECKING:
    from gyeol.data.text.sources import Labelled
    from gyeol.tasks import AuthorClassifier

__all__ = ["COMMANDS"]

_BASELINE = 0.2  # of a time limit, for the baseline
_Part = tuple[list[str], list[str]]


def fit(
    data: str = typer.Argument(
        metavar="DATA", help="Table of texts and authors, or a folder with one .txt file per author."
    ),
    valid: str = typer.Option(None, "--valid", metavar="FILE", help="Validation texts; default: a part of DATA."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column of texts, by name or number."),
    target: str = typer.Option(None, "--target", metavar="COL", help="Column of authors."),
    characters: int = typer.Option(
        None, "--characters", metavar="N", help="Folders: split files into passages of N characters [500]."
    ),
    lines: int = typer.Option(None, "--lines", metavar="N", help="Folders: split files into passages of N lines."),
    baseline: bool = typer.Option(True, help="Also fit TF-IDF with logistic regression on the same split."),
    header: bool = HEADER,
    skip_bad_rows: bool = typer.Option(False, "--skip-bad-rows", help="Skip rows without text or author."),
    *,
    training: Training,
) -> None:
    """Learn who wrote a text: a language model per author.

    The author whose model gives the text the highest probability is the answer (Bayes' rule). Validation uses the last
    tenth of each file of a folder, or a tenth of each author's texts in a table.

    Examples: gyeol fit author books/ --out who --lines 3

    gyeol fit author letters.csv --out who --set tokenizer=syllable
    """
    training.check(data, valid)
    from gyeol.tasks import AuthorClassifier
    from gyeol.tasks.authors.baseline import author_baseline
    from gyeol.tasks.checks import checked_classes

    model = training.model(AuthorClassifier)
    train, about = _read(data, input, target, characters, lines, skip_bad_rows, header)
    _, numbers, counts = checked_classes(train.labels, len(train.texts))
    shown = ", ".join(f"{name} {count:,}" for name, count in list(counts.items())[:12])
    training.note(f"{train.source.name}: {len(train.texts):,} texts by {len(counts)} authors: {shown}")
    part, validation = _parts(model, train, numbers, valid, input, target, skip_bad_rows, header)
    training.fit(
        model, *part, validation=validation, noun="texts", shares=True, about=about,
        reserve=_BASELINE if baseline else 0.0,
    )  # fmt: skip
    answer = training.save(model, examples=len(part[0]), validation=len(validation[0]))
    if baseline and answer["stopped"] != "interrupted":
        found = author_baseline(part, validation, seed=int(model.random_state or 0), seconds=training.deadline.left())
        if found:
            answer["baseline"] = {**found, "accuracy": found.pop("valid_accuracy")}
        else:
            note("skipped the baseline: it does not fit into the time that is left")
    if "baseline" in answer and not training.json:
        other = answer["baseline"]
        note(f"the baseline's features ({other['features']}) and C ({other['C']:g}) were chosen on these same texts")
    training.close(
        answer,
        _lines(answer),
        'gyeol predict {} "..."',
        'gyeol explain {} "..." --out why.html',
        saved="best epoch {epoch} of {epochs}; {weights:,} weights",
    )


def _read(
    data: str,
    input: str | None,
    target: str | None,
    characters: int | None,
    lines: int | None,
    skip: bool,
    header: bool | None,
) -> tuple[Labelled, dict[str, str]]:
    """Read the texts, and what the model card says of them."""
    from gyeol.data.text.passages import folder_fingerprint, read_authors
    from gyeol.data.text.sources import find_source, read_labelled

    folder = Path(data)
    if folder.is_dir():
        if input is not None or target is not None:
            raise ParameterError(f"{data} is a folder and has no columns: remove --input and --target")
        if characters is not None and lines is not None:
            raise ParameterError("--characters and --lines exclude each other: give one of them")
        train = read_authors(folder, characters=characters, lines=lines)
        return train, {"data": folder.name, "sha256": folder_fingerprint(folder)}
    if characters is not None or lines is not None:
        raise ParameterError("--characters and --lines split the files of a folder; a table already has a text per row")
    source = find_source(data, "train", input=input, target=_target(data, target), header=header)
    train = report_reading(read_labelled(source, skip_bad_rows=skip))
    return train, train.about()


def _target(data: str, target: str | None) -> str | None:
    """Use the column named author, if there is one."""
    from gyeol.data.text.example_files import columns_of

    return "author" if target is None and Path(data).is_file() and "author" in columns_of(data) else target


def _parts(
    model: AuthorClassifier, train: Labelled, numbers: Any, valid: str | None, input: str | None, target: str | None,
    skip: bool, header: bool | None,
) -> tuple[_Part, _Part]:  # fmt: skip
    """Split the texts into a training and a validation part."""
    from gyeol.data.split import stratified_split, tail_split
    from gyeol.data.text.sources import find_source, read_labelled

    whole = train.texts, train.labels
    if valid is not None:
        source = find_source(valid, "valid", input=input, target=_target(valid, target), header=header)
        part = report_reading(read_labelled(source, skip_bad_rows=skip))
        return whole, (part.texts, part.labels)
    share = float(model.validation_fraction)
    if train.source.path.is_dir():
        rows, last = tail_split(numbers, share)
    else:
        rows, last = stratified_split(numbers, share, seed=int(model.random_state or 0))
    if not len(last):
        note("too few texts for a validation part: the figures are those of the training texts")
        return whole, whole

    def take(rows: Any) -> _Part:
        return [train.texts[i] for i in rows], [train.labels[i] for i in rows]

    return take(rows), take(last)


def _lines(answer: dict[str, Any]) -> list[str]:
    """Write the figures beside those of the baseline and of the majority class."""
    rows = [["model", "accuracy", "macro F1", "seconds"]]
    figures = [percent(answer["accuracy"]), f"{answer['macro_f1']:.4f}", f"{answer['seconds']:.0f}"]
    rows.append(["language models, Bayes", *figures])
    if "baseline" in answer:
        other = answer["baseline"]
        rows.append(["tfidf + logistic regression", percent(other["accuracy"]), "", f"{other['seconds']:.0f}"])
    if "majority" in answer:
        rows.append([f"always {answer['majority']!r:.40}", percent(answer["majority_share"]), "", ""])
    return [table(rows, right=[1, 2, 3]), f"on {measured(answer)}"]


COMMANDS = TaskCommands(fit, evaluate, predict, examples=examples, options=(TOP,), evaluates_without_bad_rows=True)
