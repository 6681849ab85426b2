"""``gyeol fit classify``; ``evaluate`` and ``predict`` of models of texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from gyeol.cli.answers.examples import Examples
from gyeol.cli.answers.figures import evaluation_lines
from gyeol.cli.answers.label_sets import (
    describe_labels,
    gives_sets,
    known_targets,
    note_doubtful,
    note_rare,
    set_answers,
    set_figures,
    set_layout,
    set_table,
    targets_of,
)
from gyeol.cli.answers.output import confusion, note, object_out, percent, report_reading, table
from gyeol.cli.answers.reading import PIPE, ShortenedTexts, answers_out, find_trained_source, handling
from gyeol.cli.answers.rows import chunked, file_texts, piped_texts
from gyeol.cli.answers.stream import Answers, Layout, answer, class_layout, format_of
from gyeol.cli.answers.unknown import UnknownLetters
from gyeol.cli.options.answers import TOP
from gyeol.cli.options.sample_weights import WEIGHT, weights_of
from gyeol.cli.options.training import HEADER
from gyeol.cli.task_commands import Request, TaskCommands
from gyeol.cli.tasks.series import fit_series, refuse_text_options
from gyeol.cli.training import Training, measured
from gyeol.data.number_format import rounded
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.data.text.sources import Labelled
    from gyeol.tasks import AuthorClassifier, TextClassifier, TextRegressor

    Classifier = TextClassifier | AuthorClassifier

__all__ = ["COMMANDS", "evaluate", "predict"]

_CHUNK = 8192  # rows of a file in memory at a time
_BASELINE = 0.3  # of a time limit, for --compare


def fit(
    data: str = typer.Argument(
        metavar="DATA",
        help="A .tsv, .csv, .jsonl, .parquet, .txt or (numbers) .npz file, a folder of FASTA files, or a data set.",
    ),
    valid: str = typer.Option(None, "--valid", metavar="FILE", help="Validation file; default: a tenth of DATA."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column of texts, by name or number."),
    target: str = typer.Option(None, "--target", metavar="COL", help="Column of labels."),
    weight: str = WEIGHT,
    features: str = typer.Option(
        None, "--features", metavar="KIND", help="Train a feed-forward net on bow, tfidf or onehot features instead."
    ),
    compare: bool = typer.Option(False, "--compare", help="Also train the TF-IDF baseline, and print both."),
    header: bool = HEADER,
    skip_bad_rows: bool = typer.Option(False, "--skip-bad-rows", help="Skip rows without text or label."),
    *,
    training: Training,
) -> None:
    """Learn to classify texts or numeric sequences.

    If DATA holds numbers, this is 'gyeol fit series'; see its help for the formats.

    Ctrl-C saves the best model so far; --resume then continues, to the same bits as an uninterrupted training.

    Examples: gyeol fit classify reviews.csv --out my-model

    gyeol fit classify nsmc --out nsmc --set cell=gru --time-limit 10m

    gyeol fit classify promoters/ --out promoters

    gyeol fit classify heartbeats.csv --out heart
    """
    training.check(data, valid)
    from gyeol.data.series.series_files import means_series
    from gyeol.tasks import TextClassifier

    if input is None and means_series(data):
        refuse_text_options(
            {"--features": features, "--compare": compare, "--skip-bad-rows": skip_bad_rows, "--weight": weight}
        )
        fit_series("series", data, valid, target, training)
        return
    model = training.model(TextClassifier, features=features)
    train, valid_part = _read(data, valid, input, target, skip_bad_rows, header, str(model.labels), weight)
    targets = targets_of(train, str(model.labels))
    training.note(f"{train.source.name}: {len(train.texts):,} texts, {describe_labels(targets)}")
    note_rare(train, targets)
    note_doubtful(train, targets)
    kind = str(model.labels) if isinstance(targets[0], str) else "any"
    validation = (
        (valid_part.texts, known_targets(valid_part, targets_of(valid_part, kind), targets)) if valid_part else None
    )
    weights = None if weight is None else weights_of(train, weight)
    training.fit(
        model, train.texts, targets, weights, validation=validation, noun="documents", shares=True,
        reserve=_BASELINE if compare else 0.0, about=train.about(),
    )  # fmt: skip
    answer = training.save(model, **({} if model.overlap_ is None else {"vectors": model.overlap_}))
    if compare and answer["stopped"] != "interrupted":
        answer |= _baseline(model, (train.texts, targets, weights), validation, training)
    ends = {"time limit": ", stopped by the time limit", "no longer better": ", stopped early"}
    training.close(
        answer,
        _lines(answer, model),
        'gyeol predict {} "..."',
        "gyeol evaluate {} TEST_FILE",
        saved=f"best epoch {{epoch}} of {{epochs}}{ends.get(answer['stopped'], '')}; {{weights:,}} weights",
    )


def _read(
    data: str, valid: str | None, input: str | None, target: str | None, skip: bool, header: bool | None, labels: str,
    weight: str | None,
) -> tuple[Labelled, Labelled | None]:  # fmt: skip
    from gyeol.data.text.sources import find_source, has_role, read_labelled

    unlabelled = {"one": "", "any": "any"}.get(labels, "lists")
    source = find_source(data, "train", input=input, target=target, task="classify", header=header)
    train = report_reading(read_labelled(source, skip_bad_rows=skip, unlabelled=unlabelled, further=weight))
    if valid is None and not has_role(data, "valid"):
        return train, None
    source = find_source(valid or data, "valid", input=input, target=target, header=header)
    return train, report_reading(read_labelled(source, skip_bad_rows=skip, unlabelled=unlabelled))


def _baseline(
    model: TextClassifier,
    train: tuple[Any, Any, Any],
    validation: tuple[Any, Any] | None,
    training: Training,
) -> dict[str, Any]:
    """Train the baseline in the time that is left, if any."""
    from sklearn.base import clone

    prepared = max(0.0, model.about_["seconds"] - model.history_.seconds)
    until = training.deadline
    if until.left() < max(1.0, 1.5 * prepared):
        note("skipped the baseline: it does not fit into the time that is left")
        return {}
    note("training the baseline: TF-IDF and a feed-forward net")
    other = clone(model).set_params(features="tfidf", averaging=0.0)
    other.fit(*train, validation=validation, progress=training.progress("documents", shares=True), deadline=until)
    if other.history_.stopped == "interrupted":  # the model itself is saved; an unfinished baseline is worthless
        raise KeyboardInterrupt
    best = other.history_.best
    baseline = {
        "features": "tfidf",
        **{name: best[f"valid_{name}"] for name in ("accuracy", "micro_f1", "macro_f1") if f"valid_{name}" in best},
        "seconds": round(other.history_.seconds, 1),
        "stopped": other.history_.stopped,
    }
    return {"baseline": baseline}


def _lines(answer: dict[str, Any], model: TextClassifier) -> list[str]:
    """Write the figures beside those of the baseline and of the majority class."""
    kind = model.features or model.cell if isinstance(model.cell, str) else "custom cell"
    figures = {"accuracy": "accuracy", "macro_f1": "macro F1"}
    if "micro_f1" in answer:
        figures = {"micro_f1": "micro F1", "macro_f1": "macro F1", "accuracy": "exact match"}
    rows = [["model", *figures.values(), "seconds"]]
    for name, own in ((kind, answer), ("tfidf baseline", answer.get("baseline"))):
        if own is not None:
            shares = {key: own.get(key) for key in figures}
            cells = ["" if v is None else percent(v) if k == "accuracy" else f"{v:.4f}" for k, v in shares.items()]
            rows.append([name, *cells, f"{own['seconds']:.0f}"])
    if "majority" in answer:
        always = [percent(answer["majority_share"]) if key == "accuracy" else "" for key in figures]
        rows.append([f"always {answer['majority']!r:.40}", *always, ""])
    lines = [table(rows, right=range(1, len(rows[0]))), f"on {measured(answer)}"]
    return lines if model.overlap_ is None else [*lines, f"vectors {model.describe_data()['vectors']}"]


def examples(model: Classifier, request: Request) -> Examples:
    """Read labelled texts, with labels that the model knows."""
    from gyeol.data.tables.label_text import label_key
    from gyeol.data.text.sources import read_labelled

    task = model.task if model.task == "classify" else None  # a data set's labels are not authors
    source, missing = find_trained_source(model, request.data, request, task=task, need_target=True)
    several = gives_sets(model)
    test = read_labelled(source, skip_bad_rows=request.skip_bad_rows, unlabelled="any" if several else "")
    known = {label_key(str(label)): label for label in model.classes_.tolist()}
    targets: list[Any] = [[label] for label in test.labels]
    if several:
        targets = targets_of(test, "any")
    _check_known(test, targets, known, skip=request.skip_bad_rows)
    note(missing)
    report_reading(test)
    truth: list[Any] = [[known[label_key(label)] for label in own] for own in targets]
    shortened = ShortenedTexts(model)

    def finish() -> None:
        unknown = UnknownLetters(model)
        unknown.more(test.texts)
        note(shortened.report())
        note(unknown.report())

    return Examples(
        test.texts, truth if several else [own[0] for own in truth], test.source.name, "texts", test.about(),
        test.lines, str(test.source.path), len(test.bad), finish,
    )  # fmt: skip


def evaluate(model: Classifier, request: Request) -> None:
    """Print a classifier's figures on labelled texts."""
    test = examples(model, request)
    with test.named():
        figures = model.evaluate(test.X, test.y)
    test.finish()
    if request.json:
        object_out({"model": str(request.model_path), **test.object(), **figures})
        return
    if gives_sets(model):
        typer.echo(f"{set_figures(figures)}   on {figures['count']:,} texts of {test.name}")
        typer.echo(set_table(figures))
        return
    line, warnings = evaluation_lines(figures)
    typer.echo(f"{line}   on {figures['count']:,} texts of {test.name}")
    typer.echo(confusion(figures, model.classes_.tolist()))
    for warning in warnings:
        note(warning)


def _check_known(test: Labelled, targets: list[Any], known: dict[str, Any], *, skip: bool) -> None:
    """Check labels against those of the training; skips rows with others where ``skip``."""
    from gyeol.data.tables.label_text import label_key
    from gyeol.data.tables.rows import BadRow

    unseen = {at: label for at, own in enumerate(targets) for label in own if label_key(label) not in known}
    if not unseen:
        return
    at, label = next(iter(unseen.items()))
    first = f"the label {label!r} did not occur in training"
    listed = ", ".join(map(str, list(known.values())[:12]))
    if not skip:
        raise DataError(f"{test.source.path}, line {test.lines[at]}: {first}; known labels: {listed}")
    test.bad += [BadRow(test.lines[at], first, "label") for at in unseen]
    for values in (test.texts, test.labels, test.lines, targets):
        values[:] = [value for at, value in enumerate(cast("list[Any]", values)) if at not in unseen]
    if not test.texts:
        raise DataError(f"{test.source.path}: {first}, nor did any other label of the file; known labels: {listed}")


def predict(model: Classifier | TextRegressor, request: Request) -> None:
    """Print each text's class and probability (the ``top`` best), its labels, or its number."""
    texts, file, out, top = request.texts, request.file, request.out, request.option("top")
    if texts and (out is not None or request.input is not None):
        flag = "--input" if out is None else "--out"
        raise ParameterError(f"{flag} needs --file FILE; answers to texts given as arguments are printed")
    if texts:
        _predict_texts(model, request.model_path, texts, top, request.json)
        return
    if file is None and request.input is not None:
        raise ParameterError("--input needs --file FILE; standard input is one text per line")
    form = format_of(out) if out is not None else "object" if request.json else "tsv"
    if file is not None:
        task = "classify" if model.task == "classify" else None
        source, missing = find_trained_source(model, file, request, task=task, need_target=False)
        chunks, name = chunked(file_texts(source, missing), _CHUNK), source.name
    else:
        nothing = "standard input holds no text; expected one text per line"
        chunks, name = piped_texts(_CHUNK, nothing=nothing), PIPE
    shortened, unknown = ShortenedTexts(model), UnknownLetters(model)
    find, layout = _answering(model, top)

    def found(some: list[str]) -> list[dict[str, Any]]:
        return [one | more for one, more in zip(find(some), unknown.more(some), strict=True)]

    def remarks() -> str:
        return "\n".join(filter(None, (shortened.report(), unknown.report())))

    answers = Answers(chunks, found, layout, name, handling(request), remarks)
    answers_out(answers, form, {"model": str(request.model_path), "file": name}, out, json=request.json)


def _answering(model: Any, top: int | None) -> tuple[Callable[[list[str]], list[Any]], Layout]:
    """Return how a model of texts answers, and the layout of that: a class, several labels, or a number."""
    if not hasattr(model, "classes_"):
        layout = Layout(("value",), lambda one: [repr(one["value"])], lambda one: one, {"value": None})
        return lambda some: [{"value": float(value)} for value in model.predict(some)], layout
    classes = model.classes_.tolist()
    if gives_sets(model):
        return lambda some: list(set_answers(model, some, top)), set_layout(classes, top)
    layout = class_layout(classes, top)
    return lambda some: [answer(classes, row, top) for row in model.predict_proba(some)], layout


def _predict_texts(
    model: Classifier | TextRegressor, model_path: Path, texts: list[str], top: int | None, json: bool
) -> None:
    for place, text in enumerate(texts, 1):
        if not text.strip():
            raise DataError(f"text {place} is empty; expected at least one character")
        if any("\ud800" <= c <= "\udfff" for c in text):  # bytes that the terminal's encoding does not have
            raise DataError(
                f"text {place} is not in the encoding of the terminal: save it to a file and use --file FILE"
            )
        _note_shortened(model, text, place)
    find, _ = _answering(model, top)
    unknown = UnknownLetters(model)
    rows = zip(texts, find(texts), unknown.more(texts), strict=True)
    answers = [one | more | {"text": text} for text, one, more in rows]
    note(unknown.report())
    if json:
        object_out({"model": str(model_path), "predictions": answers})
        return
    lines = []
    for one in answers:
        lines.append([_shown(one, top), one["text"][:200]])
    typer.echo(table(lines))


def _shown(one: dict[str, Any], top: int | None) -> str:
    """Write an answer for people: the best classes or the labels with probabilities; or the number."""
    if "value" in one:
        return rounded([one["value"]])[0]
    best = list(one["probabilities"].items())[: top or 1]
    if top is None and "labels" in one:
        best = list(zip(one["labels"], one["probability"], strict=True))
    return "  ".join(f"{label} {p:.3f}" for label, p in best) or "(no label)"


def _note_shortened(model: Classifier | TextRegressor, text: str, place: int) -> None:
    if len(text) > model.max_length and getattr(model, "features", None) is None:
        count = len(model.inputs_.tokenizer.tokenize(text))
        if count > model.max_length:
            note(f"text {place} has {count:,} tokens; shortened in the middle to {model.max_length:,} (max_length)")


COMMANDS = TaskCommands(
    fit,
    evaluate,
    predict,
    examples=examples,
    options=(TOP,),
    settings_of=("classify", "series"),
    evaluates_without_bad_rows=True,
)
