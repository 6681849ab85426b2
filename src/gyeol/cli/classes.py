"""``gyeol evaluate`` and ``predict`` of classifiers: texts, rows of a file, lines of a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from gyeol.cli.answers import Answers, answer, format_of, outputs_of, shown, written
from gyeol.cli.label_sets import gives_sets, known_sets, set_figures, set_table
from gyeol.cli.output import confusion, note, object_out, percent, pieces_out, table
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from io import BufferedIOBase

    from gyeol.cli.asked import Question
    from gyeol.data.files import BadRow, Example
    from gyeol.data.sources import Labelled
    from gyeol.tasks import AuthorClassifier, TextClassifier

    Classifier = TextClassifier | AuthorClassifier

__all__ = ["evaluate_classes", "predict_classes"]

_CHUNK = 8192  # rows of a file held at a time


def evaluate_classes(made: Classifier, question: Question) -> None:
    """Print a classifier's figures on labelled texts."""
    from gyeol.data.sources import find_source, read_labelled

    classify = made.task == "classify"  # a named set's labels are no authors
    source = find_source(
        question.data, "test", input=question.input, target=question.target, task=made.task if classify else None
    )
    several = gives_sets(made)
    test = read_labelled(source, skip_bad_rows=question.skip_bad_rows, unlabelled="any" if several else "")
    note(test.left_out())
    known = {str(label): label for label in made.classes_.tolist()}
    if several:
        _evaluate_sets(made, question, test, known)
        return
    for label, line in zip(test.labels, test.lines, strict=True):
        if label not in known:
            raise DataError(
                f"{test.source.path}, line {line}: the label {label!r} was never seen in training; "
                f"known are: {', '.join(list(known)[:12])}"
            )
    figures = made.evaluate(test.texts, [known[label] for label in test.labels])
    if question.json:
        object_out({"model": str(question.model), **test.about(), "left_out": len(test.bad), **figures})
        return
    typer.echo(
        f"accuracy {percent(figures['accuracy'])}   macro F1 {figures['macro_f1']:.4f}   loss {figures['loss']:.4f}   "
        f"on {figures['count']:,} texts of {test.source.name}"
    )
    typer.echo(confusion(figures, made.classes_.tolist()))


def _evaluate_sets(made: Any, question: Question, test: Labelled, known: dict[str, Any]) -> None:
    """Print the figures of a classifier that gives several labels a text."""
    figures = made.evaluate(test.texts, known_sets(test, known))
    if question.json:
        object_out({"model": str(question.model), **test.about(), "left_out": len(test.bad), **figures})
        return
    typer.echo(f"{set_figures(figures)}   on {figures['count']:,} texts of {test.source.name}")
    typer.echo(set_table(figures))


def predict_classes(made: Classifier, question: Question) -> None:
    """Print each text's class and probability, the more where ``top`` says so."""
    texts, file, out, input = question.texts, question.file, question.out, question.input
    if texts and (out is not None or input is not None):
        raise ParameterError(f"{'--input' if out is None else '--out'} goes with --file FILE; texts are answered here")
    form = format_of(out) if out is not None else "object" if question.json else "tsv"
    if texts:
        _predict_texts(made, question.model, texts, question.top, question.json)
    elif file is not None:
        from gyeol.data.sources import find_source, read_texts

        source = find_source(file, "test", input=input, task="classify" if made.task == "classify" else None)
        answers = Answers(made, _chunks(read_texts(source)), question.top, source.name)
        _predict_stream(answers, question.model, form, out, question.json)
    elif input is not None:
        raise ParameterError("--input goes with --file FILE; standard input is one text a line")
    else:
        _predict_stream(
            Answers(made, _piped(), question.top, "standard input"), question.model, form, out, question.json
        )


def _predict_texts(made: Classifier, model: Path, texts: list[str], top: int | None, json: bool) -> None:
    for place, text in enumerate(texts, 1):
        if not text.strip():
            raise DataError(f"text {place} is empty: give a text of at least one character")
        if any("\ud800" <= c <= "\udfff" for c in text):  # bytes that the terminal's encoding does not have
            raise DataError(f"text {place} is not in the terminal's encoding: save it as a file and pass --file FILE")
        _note_cut(made, text, place)
    answers = [
        answer(made, row, top) | {"text": text} for text, row in zip(texts, outputs_of(made, texts), strict=True)
    ]
    if json:
        object_out({"model": str(model), "predictions": answers})
        return
    rows = []
    for one in answers:
        rows.append([shown(one, top), one["text"][:200]])
    typer.echo(table(rows))


def _predict_stream(answers: Answers, model: Path, form: str, out: Path | None, json: bool) -> None:
    about = {"model": str(model), "file": answers.name}
    pieces = written(answers, form, about)
    pieces_out(pieces, out)
    if out is None:
        return
    if json:
        object_out({**about, "out": str(out), "count": answers.count, "without_answer": answers.bad})
    else:
        note(f"wrote {out}: {answers.count:,} answers")


def _chunks(rows: Iterator[Example | BadRow]) -> Iterator[list[Example | BadRow]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


def _piped() -> Iterator[list[Example | BadRow]]:
    from gyeol.data.files import BadRow, Example
    from gyeol.data.pipe import read_pipe

    some = False
    for lines in read_pipe(cast("BufferedIOBase", sys.stdin.buffer)):
        chunk: list[Example | BadRow] = []
        for number, line in lines:
            filled = bool(line.strip())
            some |= filled
            chunk.append(Example(line, None, number) if filled else BadRow(number, "the text is empty", "empty"))
        for start in range(0, len(chunk), _CHUNK):
            yield chunk[start : start + _CHUNK]
    if not some:
        raise DataError("standard input holds no text: one text a line was expected")


def _note_cut(made: Classifier, text: str, place: int) -> None:
    if len(text) > made.max_length and getattr(made, "features", None) is None:
        count = len(made.inputs_.tokenizer.tokenize(text))
        if count > made.max_length:
            note(f"text {place} has {count:,} tokens; its middle is left out beyond {made.max_length:,} (max_length)")
