"""``gyeol evaluate`` and ``predict`` of classifiers: texts, rows of a file, lines of a pipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from gyeol.cli.answers.asking import PIPE, Cut, answers_out, at_lines, find_asked, handling
from gyeol.cli.answers.figures import evaluation_told
from gyeol.cli.answers.label_sets import gives_sets, set_answers, set_figures, set_layout, set_table, targets_of
from gyeol.cli.answers.output import confusion, note, object_out, table
from gyeol.cli.answers.rows import chunked, file_texts, piped_texts
from gyeol.cli.answers.stream import Answers, Layout, answer, class_layout, format_of
from gyeol.cli.answers.unknown import UnknownLetters
from gyeol.data.number_format import rounded
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.cli.tasks.table import Question
    from gyeol.data.text.sources import Labelled
    from gyeol.tasks import AuthorClassifier, TextClassifier

    Classifier = TextClassifier | AuthorClassifier

__all__ = ["evaluate_classes", "predict_classes"]

_CHUNK = 8192  # rows of a file held at a time


def evaluate_classes(made: Classifier, question: Question) -> None:
    """Print a classifier's figures on labelled texts."""
    from gyeol.data.tables.label_text import label_key
    from gyeol.data.text.sources import read_labelled

    task = made.task if made.task == "classify" else None  # a named set's labels are no authors
    source, lacking = find_asked(made, question.data, question, task=task, need_target=True)
    several = gives_sets(made)
    test = read_labelled(source, skip_bad_rows=question.skip_bad_rows, unlabelled="any" if several else "")
    known = {label_key(str(label)): label for label in made.classes_.tolist()}
    targets: list[Any] = [[label] for label in test.labels]
    if several:
        targets = targets_of(test, "any")
    _check_known(test, targets, known, skip=question.skip_bad_rows)
    for told in (lacking, *test.notes, test.left_out()):
        note(told)
    truth: list[Any] = [[known[label_key(label)] for label in own] for own in targets]
    cut = Cut(made)
    with at_lines(str(test.source.path), test.lines):
        figures = made.evaluate(test.texts, truth if several else [own[0] for own in truth])
    unknown = UnknownLetters(made)
    unknown.more(test.texts)
    for told in (cut.told(), unknown.told()):
        note(told)
    if question.json:
        object_out({"model": str(question.model), **test.about(), "left_out": len(test.bad), **figures})
        return
    if several:
        typer.echo(f"{set_figures(figures)}   on {figures['count']:,} texts of {test.source.name}")
        typer.echo(set_table(figures))
        return
    told, warnings = evaluation_told(figures)
    typer.echo(f"{told}   on {figures['count']:,} texts of {test.source.name}")
    typer.echo(confusion(figures, made.classes_.tolist()))
    for warning in warnings:
        note(warning)


def _check_known(test: Labelled, targets: list[Any], known: dict[str, Any], *, skip: bool) -> None:
    """Hold labels to those of the training; leave rows with others out where ``skip``."""
    from gyeol.data.tables.label_text import label_key
    from gyeol.data.tables.rows import BadRow

    strange = {at: label for at, own in enumerate(targets) for label in own if label_key(label) not in known}
    if not strange:
        return
    at, label = next(iter(strange.items()))
    first = f"the label {label!r} was never seen in training"
    listed = ", ".join(map(str, list(known.values())[:12]))
    if not skip:
        raise DataError(f"{test.source.path}, line {test.lines[at]}: {first}; known are: {listed}")
    test.bad += [BadRow(test.lines[at], first, "label") for at in strange]
    for values in (test.texts, test.labels, test.lines, targets):
        values[:] = [value for at, value in enumerate(cast("list[Any]", values)) if at not in strange]
    if not test.texts:
        raise DataError(f"{test.source.path}: {first}, nor was any other label; known are: {listed}")


def predict_classes(made: Classifier, question: Question) -> None:
    """Print each text's class and probability, the more where ``top`` says so."""
    texts, file, out, input = question.texts, question.file, question.out, question.input
    if texts and (out is not None or input is not None):
        raise ParameterError(f"{'--input' if out is None else '--out'} goes with --file FILE; texts are answered here")
    if texts:
        _predict_texts(made, question.model, texts, question.top, question.json)
        return
    if file is None and input is not None:
        raise ParameterError("--input goes with --file FILE; standard input is one text a line")
    form = format_of(out) if out is not None else "object" if question.json else "tsv"
    if file is not None:
        task = "classify" if made.task == "classify" else None
        source, lacking = find_asked(made, file, question, task=task, need_target=False)
        chunks, name = chunked(file_texts(source, lacking), _CHUNK), source.name
    else:
        nothing = "standard input holds no text: one text a line was expected"
        chunks, name = piped_texts(_CHUNK, nothing=nothing), PIPE
    cut, unknown = Cut(made), UnknownLetters(made)
    find, layout = _answering(made, question.top)

    def found(some: list[str]) -> list[dict[str, Any]]:
        return [one | more for one, more in zip(find(some), unknown.more(some), strict=True)]

    def told() -> str:
        return "\n".join(filter(None, (cut.told(), unknown.told())))

    answers = Answers(chunks, found, layout, name, handling(question), told)
    answers_out(answers, form, {"model": str(question.model), "file": name}, out, json=question.json)


def _answering(made: Any, top: int | None) -> tuple[Callable[[list[str]], list[Any]], Layout]:
    """Say how a model of texts answers, and how that is laid out: a class, several labels, or a number."""
    if not hasattr(made, "classes_"):
        layout = Layout(("value",), lambda one: [repr(one["value"])], lambda one: one, {"value": None})
        return lambda some: [{"value": float(value)} for value in made.predict(some)], layout
    classes = made.classes_.tolist()
    if gives_sets(made):
        return lambda some: list(set_answers(made, some, top)), set_layout(classes, top)
    layout = class_layout(classes, top)
    return lambda some: [answer(classes, row, top) for row in made.predict_proba(some)], layout


def _predict_texts(made: Classifier, model: Path, texts: list[str], top: int | None, json: bool) -> None:
    for place, text in enumerate(texts, 1):
        if not text.strip():
            raise DataError(f"text {place} is empty: give a text of at least one character")
        if any("\ud800" <= c <= "\udfff" for c in text):  # bytes that the terminal's encoding does not have
            raise DataError(f"text {place} is not in the terminal's encoding: save it as a file and pass --file FILE")
        _note_cut(made, text, place)
    find, _ = _answering(made, top)
    unknown = UnknownLetters(made)
    rows = zip(texts, find(texts), unknown.more(texts), strict=True)
    answers = [one | more | {"text": text} for text, one, more in rows]
    note(unknown.told())
    if json:
        object_out({"model": str(model), "predictions": answers})
        return
    lines = []
    for one in answers:
        lines.append([_shown(one, top), one["text"][:200]])
    typer.echo(table(lines))


def _shown(one: dict[str, Any], top: int | None) -> str:
    """Write an answer for people: the best classes or the labels given, with probabilities; the number."""
    if "value" in one:
        return rounded([one["value"]])[0]
    best = list(one["probabilities"].items())[: top or 1]
    if top is None and "labels" in one:
        best = list(zip(one["labels"], one["probability"], strict=True))
    return "  ".join(f"{label} {p:.3f}" for label, p in best) or "(no label)"


def _note_cut(made: Classifier, text: str, place: int) -> None:
    if len(text) > made.max_length and getattr(made, "features", None) is None:
        count = len(made.inputs_.tokenizer.tokenize(text))
        if count > made.max_length:
            note(f"text {place} has {count:,} tokens; its middle is left out beyond {made.max_length:,} (max_length)")
