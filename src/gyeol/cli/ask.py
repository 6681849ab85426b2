"""``gyeol evaluate``, ``predict`` and ``info``: ask a model."""

from __future__ import annotations

import json as json_
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.output import confusion, note, object_out, one_line, percent, table
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.tasks import TextClassifier

__all__ = ["evaluate", "info", "predict"]

_CHUNK = 8192  # rows of a file held at a time


def evaluate(
    model: Path = typer.Argument(help="A model folder."),
    data: str = typer.Argument(help="A labelled file, or the name of a data set (its test part)."),
    input: str = typer.Option(None, "--input", help="The column of the texts."),
    target: str = typer.Option(None, "--target", help="The column of the labels."),
    threads: int = typer.Option(None, "--threads", help="Cores to use; all by default."),
    skip_bad_rows: bool = typer.Option(False, "--skip-bad-rows", help="Leave out rows without text or label."),
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Measure a model on labelled texts: accuracy, macro F1, confusion."""
    from gyeol.data.sources import find_source, read_labelled

    made = _loaded(model, threads)
    test = read_labelled(find_source(data, "test", input=input, target=target), skip_bad_rows=skip_bad_rows)
    note(test.left_out())
    known = {str(label): label for label in made.classes_.tolist()}
    for label, line in zip(test.labels, test.lines, strict=True):
        if label not in known:
            raise DataError(
                f"{test.source.path}, line {line}: the label {label!r} was never seen in training; "
                f"known are: {', '.join(list(known)[:12])}"
            )
    figures = made.evaluate(test.texts, [known[label] for label in test.labels])
    if json:
        object_out({"model": str(model), **test.about(), "left_out": len(test.bad), **figures})
        return
    typer.echo(
        f"accuracy {percent(figures['accuracy'])}   macro F1 {figures['macro_f1']:.4f}   loss {figures['loss']:.4f}   "
        f"on {figures['count']:,} texts of {test.source.name}"
    )
    typer.echo(confusion(figures, made.classes_.tolist()))


def predict(
    model: Path = typer.Argument(help="A model folder."),
    texts: list[str] = typer.Argument(None, metavar="[TEXT]...", help="Texts to classify."),
    file: str = typer.Option(None, "--file", "-f", help="A file of texts; answers are streamed, one a row."),
    input: str = typer.Option(None, "--input", help="The column of the texts in FILE."),
    out: Path = typer.Option(None, "--out", "-o", help="Write the answers there instead of printing them."),
    top: int = typer.Option(None, "--top", min=1, help="Show this many classes of each text."),
    threads: int = typer.Option(None, "--threads", help="Cores to use; all by default."),
    json: bool = typer.Option(False, "--json", help="One JSON object; with --file one a line."),
) -> None:
    """Classify texts, or a file of any size in bounded memory.

    Example: gyeol predict my-model "다시 보고 싶은 영화"
    """
    if bool(texts) == (file is not None):
        if texts or sys.stdin.isatty():
            raise ParameterError('give either texts or --file FILE: gyeol predict MODEL "다시 보고 싶은 영화"')
        texts = _piped()
    if file is None and (out is not None or input is not None):
        raise ParameterError(f"{'--input' if out is None else '--out'} goes with --file FILE; texts are answered here")
    made = _loaded(model, threads)
    if file is not None:
        _predict_file(made, file, input, out, top, json)
        return
    for place, text in enumerate(texts, 1):
        if not text.strip():
            raise DataError(f"text {place} is empty: give a text of at least one character")
        _note_cut(made, text, place)
    answers = [
        _answer(made, row, top) | {"text": text} for text, row in zip(texts, made.predict_proba(texts), strict=True)
    ]
    if json:
        object_out({"model": str(model), "predictions": answers})
        return
    rows = []
    for answer in answers:
        shown = list(answer["probabilities"].items())[: top or 1]
        rows.append(["  ".join(f"{label} {p:.3f}" for label, p in shown), answer["text"][:200]])
    typer.echo(table(rows))


def info(
    model: Path = typer.Argument(help="A model folder."),
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Say what a model is: task, settings, data, figures, size."""
    from gyeol import kernels
    from gyeol.tasks.storage import read_config

    made = _loaded(model, None)
    config = read_config(model)
    size = sum(f.stat().st_size for f in model.iterdir() if f.is_file())
    weights = sum(p.numel() for p in made.net_.parameters())
    answer: dict[str, Any] = {
        "model": str(model),
        "task": config.task,
        "gyeol": config.gyeol,
        "classes": [str(c) for c in made.classes_],
        "tokenizer": made.inputs_.tokenizer.name,
        "weights": weights,
        "bytes": size,
        "metrics": made.metrics_,
        "about": config.about,
        "settings": config.settings,
        "kernels": kernels.describe(),
    }
    if json:
        object_out(answer)
        return
    rows: list[list[Any]] = [
        ["task", config.task],
        ["written by", f"gyeol {config.gyeol}"],
        ["classes", ", ".join(answer["classes"][:20])],
        ["tokenizer", answer["tokenizer"]],
        ["weights", f"{weights:,}"],
        ["on disk", f"{size / 1e6:.2f} MB"],
        *[[k.replace("_", " "), f"{v:.4f}" if isinstance(v, float) else v] for k, v in made.metrics_.items()],
        *[[k, v] for k, v in config.about.items()],
        ["settings", ", ".join(f"{k}={v}" for k, v in config.settings.items() if v is not None)],
        ["kernels here", answer["kernels"]],
    ]
    typer.echo(table(rows))


def _loaded(path: Path, threads: int | None) -> TextClassifier:
    from gyeol.tasks import TextClassifier, load

    made = load(path)
    assert isinstance(made, TextClassifier)
    if threads is not None and threads < 1:
        raise ParameterError(f"--threads {threads}: must be a whole number, 1 or more")
    made.set_params(threads=threads)
    return made


def _answer(made: TextClassifier, row: Any, top: int | None) -> dict[str, Any]:
    order = (-row).argsort(kind="stable")
    names = [str(c) for c in made.classes_]
    shown = order[:top] if top else order
    return {
        "label": names[order[0]],
        "probability": float(row[order[0]]),
        "probabilities": {names[i]: float(row[i]) for i in shown},
    }


def _note_cut(made: TextClassifier, text: str, place: int) -> None:
    if len(text) > made.max_length and made.features is None:
        count = len(made.inputs_.tokenizer.tokenize(text))
        if count > made.max_length:
            note(f"text {place} has {count:,} tokens; its middle is left out beyond {made.max_length:,} (max_length)")


def _piped() -> list[str]:
    try:
        texts = [line.rstrip("\n") for line in sys.stdin if line.strip()]
    except UnicodeDecodeError as error:
        raise DataError(
            f"standard input is no {error.encoding} text: save it as a file and pass --file FILE"
        ) from error
    if not texts:
        raise DataError("standard input holds no text")
    return texts


def _predict_file(
    made: TextClassifier, file: str, input: str | None, out: Path | None, top: int | None, json: bool
) -> None:
    from gyeol.data.atomic import replace_file
    from gyeol.data.sources import find_source

    source = find_source(file, "test", input=input)
    lines = _lines(made, source, top, json)
    if out is None:
        sys.stdout.writelines(lines)
        return

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="\n") as target:
            target.writelines(lines)

    replace_file(out, write)


def _lines(made: TextClassifier, source: Any, top: int | None, json: bool) -> Iterator[str]:
    from gyeol.data.files import Example
    from gyeol.data.sources import read_texts

    empty = 0
    count = min(top or 1, len(made.classes_))
    if not json:
        more = "".join(f"\tlabel_{n}\tprobability_{n}" for n in range(2, count + 1))
        yield f"line\tlabel\tprobability{more}\ttext\n"
    rows = iter(read_texts(source))
    while chunk := list(islice(rows, _CHUNK)):
        texts = [row.input for row in chunk if isinstance(row, Example)]
        found: Iterable[Any] = iter(made.predict_proba(texts)) if texts else iter(())
        for row in chunk:
            if isinstance(row, Example):
                answer = _answer(made, next(found), top)  # type: ignore[call-overload]
                text = row.input
            else:
                empty += 1
                answer, text = {"label": None, "probability": None, "error": row.reason}, ""
            if json:
                yield json_.dumps({"line": row.line, **answer}, ensure_ascii=False) + "\n"
            else:
                best = islice(answer.get("probabilities", {}).items(), count)
                fields = [field for label, p in best for field in (one_line(label), f"{p:.4f}")]
                fields = fields or [""] * (2 * count)
                yield "\t".join([str(row.line), *fields, " ".join(text.split())]) + "\n"
    if empty:
        note(f"{source.name}: {empty:,} row(s) hold no text and got no answer")
