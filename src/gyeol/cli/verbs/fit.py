"""``gyeol fit``: from a file to a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.label_sets import known_targets, labels_told, note_doubtful, note_rare, targets_of
from gyeol.cli.answers.output import note, object_out, percent, table, told
from gyeol.cli.options.first_checks import check_first
from gyeol.cli.options.sample_weights import WEIGHT, weights_of
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
    from gyeol.engine import Deadline
    from gyeol.tasks import TextClassifier

__all__ = ["app", "refuse_of_series"]

_BASELINE = 0.3  # of a time limit, for --compare

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
    weight: str = WEIGHT,
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
    force: bool = FORCE,
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
    check_first(("classify", "series"), out, config, set, time_limit, resume, data, valid)
    from gyeol.cli.tasks.series import fit_series
    from gyeol.data.series.series_files import means_series
    from gyeol.tasks import TextClassifier
    from gyeol.tasks.training.progress import Bar

    options = {"features": features, "random_state": seed, "threads": threads, "time_limit": time_limit}
    if input is None and means_series(data):
        of_texts = {"--features": features, "--compare": compare, "--skip-bad-rows": skip_bad_rows}
        refuse_of_series({**of_texts, "--weight": weight})
        shared = {name: options[name] for name in ("random_state", "threads", "time_limit")}
        fit_series("series", data, out, valid, target, config, set, shared, resume, force, json, quiet)
        return
    model, run = begun(TextClassifier, config, set, options, out, resume, force)
    train, held = _read(data, valid, input, target, skip_bad_rows, header, str(model.labels), weight)
    targets = targets_of(train, str(model.labels))
    title = f"{train.source.name}: {len(train.texts):,} texts, {labels_told(targets)}"
    if not (quiet or json):
        note(title)
    note_rare(train, targets)
    note_doubtful(train, targets)
    progress = None if quiet else Bar()
    how = str(model.labels) if isinstance(targets[0], str) else "any"
    validation = (held.texts, known_targets(held, targets_of(held, how), targets)) if held else None
    weights = None if weight is None else weights_of(train, weight)
    model.fit(
        train.texts,
        targets,
        weights,
        validation=validation,
        **(run.leaving(_BASELINE) if compare else run.how),
        progress=progress,
        about=train.about(),
    )
    answer = ended(model, out, run, **({} if model.overlap_ is None else {"vectors": model.overlap_}))
    if compare and answer["stopped"] != "interrupted":
        answer |= _baseline(model, (train.texts, targets, weights), validation, progress, run.deadline)
    if json:
        object_out(answer)
    else:
        _tell(answer, model, out, data)
    stop_where_interrupted(answer)


def refuse_of_series(given: dict[str, Any]) -> None:
    """Refuse options that are for texts, where a file holds numeric sequences."""
    if wrong := [name for name, value in given.items() if value]:
        raise ParameterError(f"{wrong[0]} is for texts, and this file holds numbers; --input COL reads it as texts")


def _read(
    data: str, valid: str | None, input: str | None, target: str | None, skip: bool, header: bool | None, labels: str,
    weight: str | None,
) -> tuple[Labelled, Labelled | None]:  # fmt: skip
    from gyeol.data.text.sources import find_source, has_role, read_labelled

    unlabelled = {"one": "", "any": "any"}.get(labels, "lists")
    source = find_source(data, "train", input=input, target=target, task="classify", header=header)
    train = told(read_labelled(source, skip_bad_rows=skip, unlabelled=unlabelled, further=weight))
    if valid is None and not has_role(data, "valid"):
        return train, None
    source = find_source(valid or data, "valid", input=input, target=target, header=header)
    return train, told(read_labelled(source, skip_bad_rows=skip, unlabelled=unlabelled))


def _baseline(
    model: TextClassifier,
    train: tuple[Any, Any, Any],
    validation: tuple[Any, Any] | None,
    progress: Any,
    until: Deadline,
) -> dict[str, Any]:
    """Train the baseline, for what is left of the time, if anything is."""
    from sklearn.base import clone

    prepared = max(0.0, model.about_["seconds"] - model.history_.seconds)
    if until.left() < max(1.0, 1.5 * prepared):
        note("the baseline is left out: it does not fit into what is left of the time")
        return {}
    note("the baseline: TF-IDF and a feed-forward net")
    other = clone(model).set_params(features="tfidf", averaging=0.0)
    other.fit(*train, validation=validation, progress=progress, deadline=until)
    if other.history_.stopped == "interrupted":  # the model itself is saved; half a baseline says nothing
        raise KeyboardInterrupt
    best = other.history_.best
    told = {
        "features": "tfidf",
        **{name: best[f"valid_{name}"] for name in ("accuracy", "micro_f1", "macro_f1") if f"valid_{name}" in best},
        "seconds": round(other.history_.seconds, 1),
        "stopped": other.history_.stopped,
    }
    return {"baseline": told}


def _tell(answer: dict[str, Any], model: TextClassifier, out: Path, data: str) -> None:
    kind = model.features or model.cell if isinstance(model.cell, str) else "own cell"
    several = "micro_f1" in answer
    figures = {"accuracy": "accuracy", "macro_f1": "macro F1"}
    if several:
        figures = {"micro_f1": "micro F1", "macro_f1": "macro F1", "accuracy": "whole sets right"}
    rows = [["model", *figures.values(), "seconds"]]
    for name, own in ((kind, answer), ("tfidf baseline", answer.get("baseline"))):
        if own is not None:
            shares = {key: own.get(key) for key in figures}
            cells = ["" if v is None else percent(v) if k == "accuracy" else f"{v:.4f}" for k, v in shares.items()]
            rows.append([name, *cells, f"{own['seconds']:.0f}"])
    if "majority" in answer:
        always = [percent(answer["majority_share"]) if key == "accuracy" else "" for key in figures]
        rows.append([f"always {answer['majority']!r:.40}", *always, ""])
    typer.echo(table(rows, right=range(1, len(rows[0]))))
    typer.echo(f"on {measured(answer)}")
    if model.overlap_ is not None:
        typer.echo(f"vectors {model.describe_data()['vectors']}")
    why = {"time limit": ", stopped by the time limit", "no longer better": ", stopped as it was no longer better"}
    best = f"best epoch {answer['epoch']} of {answer['epochs']}{why.get(answer['stopped'], '')}"
    typer.echo(f"saved: {out} ({best}; {answer['weights']:,} weights)")
    typer.echo(f'next:  gyeol predict {out} "..."     gyeol evaluate {out} TEST_FILE')
