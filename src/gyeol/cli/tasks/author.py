"""``gyeol fit author``: who wrote it, learned from a table or from a folder of one file an author."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.output import note, object_out, percent, table, told
from gyeol.cli.options.first_checks import check_first
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
from gyeol.cli.training import begun, ended, measured, stop_where_interrupted
from gyeol.errors import ParameterError

if TYPE_CHECKING:
    from gyeol.data.text.sources import Labelled
    from gyeol.tasks import AuthorClassifier

__all__ = ["author"]

_BASELINE = 0.2  # of a time limit, for the baseline
_Part = tuple[list[str], list[str]]


def author(
    data: str = typer.Argument(metavar="DATA", help="A table of texts and authors, or a folder: one .txt an author."),
    out: Path = OUT,
    valid: str = typer.Option(None, "--valid", metavar="FILE", help="Texts and authors to watch; else a part of DATA."),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column of the texts, by name or number."),
    target: str = typer.Option(None, "--target", metavar="COL", help="The column of the authors."),
    characters: int = typer.Option(None, "--characters", metavar="N", help="Of a folder: characters a passage [500]."),
    lines: int = typer.Option(None, "--lines", metavar="N", help="Of a folder: lines a passage, instead."),
    baseline: bool = typer.Option(True, help="Also fit TF-IDF and logistic regression on the same split."),
    config: Path = CONFIG,
    set: list[str] = SET,
    seed: int = SEED,
    time_limit: str = TIME_LIMIT,
    threads: int = THREADS,
    resume: bool = RESUME,
    force: bool = FORCE,
    header: bool = HEADER,
    skip_bad_rows: bool = typer.Option(False, "--skip-bad-rows", help="Leave out rows without text or author."),
    settings: bool = settings_option("author"),
    json: bool = JSON,
    quiet: bool = QUIET,
) -> None:
    """Learn who wrote a text: language models and Bayes' rule.

    Of a folder's files the last tenth of each is watched, of a table a tenth of each author's texts.

    Examples: gyeol fit author books/ --out who --lines 3

    gyeol fit author letters.csv --out who --set tokenizer=syllable
    """
    check_first(("author",), out, config, set, time_limit, resume, data, valid)
    from gyeol.tasks import AuthorClassifier
    from gyeol.tasks.authors.baseline import author_baseline
    from gyeol.tasks.checks import checked_classes
    from gyeol.tasks.training.progress import Bar

    options = {"random_state": seed, "threads": threads, "time_limit": time_limit}
    model, run = begun(AuthorClassifier, config, set, options, out, resume, force)
    train, about = _read(data, input, target, characters, lines, skip_bad_rows, header)
    _, numbers, counts = checked_classes(train.labels, len(train.texts))
    if not (quiet or json):
        shown = ", ".join(f"{name} {count:,}" for name, count in list(counts.items())[:12])
        note(f"{train.source.name}: {len(train.texts):,} texts of {len(counts)} authors: {shown}")
    part, watched = _parts(model, train, numbers, valid, input, target, skip_bad_rows, header)
    progress = None if quiet or json else Bar("texts")
    how = run.leaving(_BASELINE) if baseline else run.how
    model.fit(*part, validation=watched, **how, progress=progress, about=about)
    answer = ended(model, out, run, examples=len(part[0]), validation=len(watched[0]))
    if baseline and answer["stopped"] != "interrupted":
        found = author_baseline(part, watched, seed=int(model.random_state or 0), seconds=run.deadline.left())
        if found:
            answer["baseline"] = {**found, "accuracy": found.pop("valid_accuracy")}
        else:
            note("the baseline is left out: it does not fit into what is left of the time")
    if json:
        object_out(answer)
    else:
        _tell(answer, out)
    stop_where_interrupted(answer)


def _read(
    data: str,
    input: str | None,
    target: str | None,
    characters: int | None,
    lines: int | None,
    skip: bool,
    header: bool | None,
) -> tuple[Labelled, dict[str, str]]:
    """Read the texts, and say what the model card shall know of them."""
    from gyeol.data.text.passages import folder_fingerprint, read_authors
    from gyeol.data.text.sources import find_source, read_labelled

    folder = Path(data)
    if folder.is_dir():
        if input is not None or target is not None:
            raise ParameterError(f"{data} is a folder, which has no columns: leave --input and --target out")
        if characters is not None and lines is not None:
            raise ParameterError("--characters and --lines: give one of the two")
        train = read_authors(folder, characters=characters, lines=lines)
        return train, {"data": folder.name, "sha256": folder_fingerprint(folder)}
    if characters is not None or lines is not None:
        raise ParameterError("--characters and --lines cut the files of a folder; a table's rows are texts already")
    source = find_source(data, "train", input=input, target=_target(data, target), header=header)
    train = told(read_labelled(source, skip_bad_rows=skip))
    return train, train.about()


def _target(data: str, target: str | None) -> str | None:
    """Name the column of the authors where there is one of that name."""
    from gyeol.data.text.example_files import columns_of

    return "author" if target is None and Path(data).is_file() and "author" in columns_of(data) else target


def _parts(
    model: AuthorClassifier, train: Labelled, numbers: Any, valid: str | None, input: str | None, target: str | None,
    skip: bool, header: bool | None,
) -> tuple[_Part, _Part]:  # fmt: skip
    """Give the texts to learn from and those to watch."""
    from gyeol.data.split import stratified_split, tail_split
    from gyeol.data.text.sources import find_source, read_labelled

    whole = train.texts, train.labels
    if valid is not None:
        source = find_source(valid, "valid", input=input, target=_target(valid, target), header=header)
        held = told(read_labelled(source, skip_bad_rows=skip))
        return whole, (held.texts, held.labels)
    share = float(model.validation_fraction)
    if train.source.path.is_dir():
        kept, last = tail_split(numbers, share)
    else:
        kept, last = stratified_split(numbers, share, seed=int(model.random_state or 0))
    if not len(last):
        note("too few texts to hold any back: the figures are those of the texts learned from")
        return whole, whole

    def take(rows: Any) -> _Part:
        return [train.texts[i] for i in rows], [train.labels[i] for i in rows]

    return take(kept), take(last)


def _tell(answer: dict[str, Any], out: Path) -> None:
    rows = [["model", "accuracy", "macro F1", "seconds"]]
    figures = [percent(answer["accuracy"]), f"{answer['macro_f1']:.4f}", f"{answer['seconds']:.0f}"]
    rows.append(["language models, Bayes", *figures])
    if "baseline" in answer:
        other = answer["baseline"]
        rows.append(["tfidf + logistic regression", percent(other["accuracy"]), "", f"{other['seconds']:.0f}"])
    if "majority" in answer:
        rows.append([f"always {answer['majority']!r:.40}", percent(answer["majority_share"]), "", ""])
    typer.echo(table(rows, right=[1, 2, 3]))
    typer.echo(f"on {measured(answer)}")
    if "baseline" in answer:
        other = answer["baseline"]
        note(f"the baseline's features ({other['features']}) and C ({other['C']:g}) are the best on these same texts")
    typer.echo(f"saved: {out} (best epoch {answer['epoch']} of {answer['epochs']}; {answer['weights']:,} weights)")
    typer.echo(f'next:  gyeol predict {out} "..."     gyeol explain {out} "..." --out why.html')
