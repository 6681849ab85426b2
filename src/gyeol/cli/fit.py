"""``gyeol fit``: from a file to a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.options import CONFIG, HEADER, JSON, OUT, QUIET, RESUME, SEED, SET, THREADS, TIME_LIMIT, settings_option
from gyeol.cli.output import note, object_out, percent, table, told
from gyeol.cli.training import begun, ended, stop_where_interrupted
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.data.sources import Labelled
    from gyeol.tasks import TextClassifier

__all__ = ["app"]

app = typer.Typer(help="Train a model on a file or a named data set.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _top() -> None:
    pass


@app.command("classify")
def classify(
    data: str = typer.Argument(
        metavar="DATA",
        help="A .tsv .csv .jsonl .parquet or .txt file, of numbers also .npz; a folder of FASTA files; or a name.",
    ),
    out: Path = OUT,
    valid: str = typer.Option(
        None, "--valid", metavar="FILE", help="Labelled file to watch; by default a tenth of DATA is held back."
    ),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column of the texts, by name or number."),
    target: str = typer.Option(None, "--target", metavar="COL", help="The column of the labels."),
    config: Path = CONFIG,
    set: list[str] = SET,
    features: str = typer.Option(
        None, "--features", metavar="KIND", help="bow, tfidf or onehot: train the feed-forward baseline instead."
    ),
    compare: bool = typer.Option(False, "--compare", help="Also train the TF-IDF baseline and print both."),
    seed: int = SEED,
    time_limit: str = TIME_LIMIT,
    threads: int = THREADS,
    resume: bool = RESUME,
    header: bool = HEADER,
    skip_bad_rows: bool = typer.Option(False, "--skip-bad-rows", help="Leave out rows without text or label."),
    settings: bool = settings_option("classify", "series"),
    json: bool = JSON,
    quiet: bool = QUIET,
) -> None:
    """Learn to classify texts, or numeric sequences: many to one.

    Where DATA holds numbers, this is 'gyeol fit series', whose help says how they are written.

    Ctrl-C saves the best model so far; --resume then goes on to the same bits as an undisturbed training.

    Examples: gyeol fit classify reviews.csv --out my-model

    gyeol fit classify nsmc --out nsmc --set cell=gru --time-limit 10m

    gyeol fit classify promoters/ --out promoters

    gyeol fit classify heartbeats.csv --out heart
    """
    from gyeol.cli.series import fit_series
    from gyeol.data.series import means_series
    from gyeol.tasks import TextClassifier
    from gyeol.tasks.progress import Bar

    options = {"features": features, "random_state": seed, "threads": threads, "time_limit": time_limit}
    if input is None and means_series(data):
        _refuse_of_series({"--features": features, "--compare": compare, "--skip-bad-rows": skip_bad_rows})
        shared = {name: options[name] for name in ("random_state", "threads", "time_limit")}
        fit_series("series", data, out, valid, target, config, set, shared, resume, json, quiet)
        return
    model, keep = begun(TextClassifier, config, set, options, out, resume)
    train, held = _read(data, valid, input, target, skip_bad_rows, header)
    title = f"{train.source.name}: {len(train.texts):,} texts, {len(dict.fromkeys(train.labels))} classes"
    if not (quiet or json):
        note(title)
    _note_rare(train)
    progress = None if quiet else Bar()
    validation = (held.texts, _known(held, train)) if held else None
    model.fit(
        train.texts,
        train.labels,
        validation=validation,
        checkpoint=keep,
        resume=resume,
        progress=progress,
        about=train.about(),
    )
    answer = ended(model, out, keep, **({} if model.overlap_ is None else {"vectors": model.overlap_}))
    if compare and answer["stopped"] != "interrupted":
        answer["baseline"] = _baseline(model, train, validation, progress)
    if json:
        object_out(answer)
    else:
        _tell(answer, model, out, data)
    stop_where_interrupted(answer)


def _refuse_of_series(given: dict[str, Any]) -> None:
    if wrong := [name for name, value in given.items() if value]:
        raise ParameterError(f"{wrong[0]} is for texts, and this file holds numbers; --input COL reads it as texts")


def _read(
    data: str, valid: str | None, input: str | None, target: str | None, skip: bool, header: bool | None
) -> tuple[Labelled, Labelled | None]:
    from gyeol.data.sources import find_source, has_role, read_labelled

    source = find_source(data, "train", input=input, target=target, task="classify", header=header)
    train = told(read_labelled(source, skip_bad_rows=skip))
    if valid is None and not has_role(data, "valid"):
        return train, None
    source = find_source(valid or data, "valid", input=input, target=target, header=header)
    return train, told(read_labelled(source, skip_bad_rows=skip))


def _note_rare(train: Labelled) -> None:
    """Say which labels occur once: often a slip of the pen, and never enough to learn from."""
    from collections import Counter

    counts = Counter(train.labels)
    rare = [label for label, count in counts.items() if count == 1]
    if rare and len(rare) < len(counts):
        lines = [f"{label!r:.40} (line {train.lines[train.labels.index(label)]})" for label in rare[:3]]
        more = f" and {len(rare) - 3} more" if len(rare) > 3 else ""
        note(f"{train.source.name}: one example only of {', '.join(lines)}{more}: is the label right?")


def _known(held: Labelled, train: Labelled) -> list[str]:
    from gyeol.data.label_text import label_key

    known = {label_key(label): label for label in dict.fromkeys(train.labels)}
    for label, line in zip(held.labels, held.lines, strict=True):
        if label_key(label) not in known:
            raise DataError(
                f"{held.source.path}, line {line}: the label {label!r} does not occur in the training data; "
                f"known are: {', '.join(list(known.values())[:12])}"
            )
    return [known[label_key(label)] for label in held.labels]


def _baseline(
    model: TextClassifier, train: Labelled, validation: tuple[list[str], list[str]] | None, progress: Any
) -> dict[str, Any]:
    from sklearn.base import clone

    note("the baseline: TF-IDF and a feed-forward net")
    other = clone(model).set_params(features="tfidf", averaging=0.0)
    other.fit(train.texts, train.labels, validation=validation, progress=progress)
    if other.history_.stopped == "interrupted":  # the model itself is saved; half a baseline says nothing
        raise KeyboardInterrupt
    return {
        "features": "tfidf",
        "accuracy": other.history_.best["valid_accuracy"],
        "seconds": round(other.history_.seconds, 1),
    }


def _tell(answer: dict[str, Any], model: TextClassifier, out: Path, data: str) -> None:
    kind = model.features or model.cell if isinstance(model.cell, str) else "own cell"
    rows = [
        ["model", "validation accuracy", "seconds"],
        [kind, percent(answer["accuracy"]), f"{answer['seconds']:.0f}"],
    ]
    if "baseline" in answer:
        other = answer["baseline"]
        rows.append(["tfidf baseline", percent(other["accuracy"]), f"{other['seconds']:.0f}"])
    typer.echo(table(rows, right=[1, 2]))
    if model.overlap_ is not None:
        typer.echo(f"vectors {model.describe_data()['vectors']}")
    why = {"time limit": ", stopped by the time limit", "no longer better": ", stopped as it was no longer better"}
    best = f"best epoch {answer['epoch']} of {answer['epochs']}{why.get(answer['stopped'], '')}"
    typer.echo(f"saved: {out} ({best}; {answer['weights']:,} weights)")
    typer.echo(f'next:  gyeol predict {out} "..."     gyeol evaluate {out} TEST_FILE')
