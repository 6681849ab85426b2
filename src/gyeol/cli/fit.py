"""``gyeol fit``: from a file to a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.output import note, object_out, percent, table
from gyeol.errors import DataError, ParameterError, SaveError

if TYPE_CHECKING:
    from gyeol.data.sources import Labelled
    from gyeol.tasks import TextClassifier

__all__ = ["app"]

app = typer.Typer(help="Train a model on a file or a named data set.", no_args_is_help=True, rich_markup_mode=None)


def _show_settings(wanted: bool) -> None:
    if not wanted:
        return
    import inspect

    from gyeol.tasks import TextClassifier

    parameters = inspect.signature(TextClassifier.__init__).parameters
    rows = [[name, repr(p.default)] for name, p in parameters.items() if name != "self"]
    typer.echo(table([["setting", "default"], *rows]))
    raise typer.Exit


@app.callback()
def _top() -> None:
    pass


@app.command("classify")
def classify(
    data: str = typer.Argument(help="A .tsv .csv .jsonl .parquet or .txt file, or a name from 'gyeol data list'."),
    out: Path = typer.Option(..., "--out", "-o", help="Where to write the model (a folder)."),
    valid: str = typer.Option(None, "--valid", help="Validation file; by default a tenth of DATA is held back."),
    input: str = typer.Option(None, "--input", help="The column of the texts."),
    target: str = typer.Option(None, "--target", help="The column of the labels."),
    config: Path = typer.Option(None, "--config", help="Settings as a TOML file."),
    set: list[str] = typer.Option([], "--set", help="One setting, name=value; may be repeated. See --settings."),
    features: str = typer.Option(None, "--features", help="bow, tfidf or onehot: train the feed-forward baseline."),
    compare: bool = typer.Option(False, "--compare", help="Also train the TF-IDF baseline and print both."),
    seed: int = typer.Option(None, "--seed", help="Same seed, machine and threads: the same weights."),
    time_limit: str = typer.Option(None, "--time-limit", help="Stop after this time: 90s, 10m, 2h."),
    threads: int = typer.Option(None, "--threads", help="Cores to use; all by default."),
    resume: bool = typer.Option(False, "--resume", help="Go on where an interrupted training stopped."),
    skip_bad_rows: bool = typer.Option(False, "--skip-bad-rows", help="Leave out rows without text or label."),
    settings: bool = typer.Option(
        False,
        "--settings",
        is_eager=True,
        callback=_show_settings,
        help="List the settings and their defaults.",
    ),
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress."),
) -> None:
    """Learn to classify texts: many to one.

    Ctrl-C saves the best model so far; --resume then goes on to the same bits as an undisturbed training.

    Example: gyeol fit classify reviews.csv --out my-model
    """
    from gyeol.tasks.progress import Bar
    from gyeol.tasks.storage import check_place

    options = {"features": features, "random_state": seed, "threads": threads, "time_limit": time_limit}
    model = _made(config, set, {name: value for name, value in options.items() if value is not None})
    check_place(out)
    keep = out.with_name(f"{out.name}.checkpoint")
    if keep.exists() and not (keep / "state.json").exists():
        raise SaveError(f"{keep}, the place for the checkpoint, holds something else: move it, or choose another --out")
    if resume and not (keep / "state.json").exists():
        raise ParameterError(f"there is nothing to resume: {keep} does not exist. Train without --resume")
    if not resume and (keep / "state.json").exists():
        note(f"an interrupted training of {out.name} is left behind; it is replaced (--resume would go on with it)")
    train, held = _read(data, valid, input, target, skip_bad_rows)
    title = f"{train.source.name}: {len(train.texts):,} texts, {len(dict.fromkeys(train.labels))} classes"
    progress = None if quiet else Bar(title="" if json else title)
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
    try:
        model.save(out)
    except SaveError as error:
        if not (keep / "state.json").exists():
            raise
        raise SaveError(
            f"{error}. The training is kept in {keep}: make room, then run the same command with --resume"
        ) from error
    answer = _answer(model, out)
    stopped = answer["stopped"] == "interrupted"
    if not stopped:
        _remove(keep)
        if compare:
            answer["baseline"] = _baseline(model, train, validation, progress)
    if json:
        object_out(answer)
    else:
        _tell(answer, model, out, data)
    if stopped:
        note(f"interrupted: the best model so far is saved in {out}; the same command with --resume goes on")
        raise typer.Exit(130)


def _made(config: Path | None, pairs: list[str], options: dict[str, Any]) -> TextClassifier:
    """Gather the settings from file, --set and options, the later over the earlier; all mistakes are told at once."""
    from gyeol.errors import closest
    from gyeol.tasks import TextClassifier, parameters

    given = _settings_of(config) if config is not None else {}
    wrong: list[str] = []
    for name in [name for name in given if name not in TextClassifier.rules]:
        wrong.append(f"{config}: {name} is no setting of this task{closest(name, TextClassifier.rules)}")
        del given[name]
    for pair in pairs:
        try:
            name, value = parameters.parse(pair, TextClassifier.rules)
            given[name] = value
        except ParameterError as error:
            wrong.append(str(error))
    if "time_limit" in options:
        options["time_limit"] = _seconds(options["time_limit"])
    model = TextClassifier(**{**given, **options})
    try:
        parameters.check(model.get_params(deep=False), model.rules)
    except ParameterError as error:
        wrong.append(str(error))
    if wrong:
        raise ParameterError("; ".join(wrong))
    return model


def _settings_of(file: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParameterError(f"there is no settings file {file}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise ParameterError(f"{file} is no TOML file: {error}; write lines like hidden_size = 256") from error


def _seconds(text: str) -> float:
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (text[:-1], units[text[-1]]) if text and text[-1] in units else (text, 1)
    try:
        seconds = float(number) * unit
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ParameterError(f"--time-limit {text!r} is no time; write 90s, 10m or 2h")
    return seconds


def _read(
    data: str, valid: str | None, input: str | None, target: str | None, skip: bool
) -> tuple[Labelled, Labelled | None]:
    from gyeol.data.sources import find_source, has_role, read_labelled

    train = read_labelled(find_source(data, "train", input=input, target=target), skip_bad_rows=skip)
    note(train.left_out())
    if valid is None and not has_role(data, "valid"):
        return train, None
    source = find_source(valid or data, "valid", input=input, target=target)
    held = read_labelled(source, skip_bad_rows=skip)
    note(held.left_out())
    return train, held


def _known(held: Labelled, train: Labelled) -> list[str]:
    known = dict.fromkeys(train.labels)
    for label, line in zip(held.labels, held.lines, strict=True):
        if label not in known:
            raise DataError(
                f"{held.source.path}, line {line}: the label {label!r} does not occur in the training data; "
                f"known are: {', '.join(list(known)[:12])}"
            )
    return held.labels


def _answer(model: TextClassifier, out: Path) -> dict[str, Any]:
    best = model.history_.best
    return {
        "model": str(out),
        "task": model.task,
        "classes": [str(c) for c in model.classes_],
        "accuracy": best["valid_accuracy"],
        "epoch": best["epoch"],
        "epochs": len(model.history_.records),
        "stopped": model.history_.stopped,
        "seconds": round(model.history_.seconds, 1),
        "weights": sum(p.numel() for p in model.net_.parameters()),
    }


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
    typer.echo(f"saved: {out} (epoch {answer['epoch']} of {answer['epochs']}, {answer['weights']:,} weights)")
    typer.echo(f'next:  gyeol predict {out} "..."     gyeol evaluate {out} TEST_FILE')


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
