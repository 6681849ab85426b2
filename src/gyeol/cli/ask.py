"""``gyeol evaluate``, ``predict`` and ``info``: ask a model."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from gyeol.cli.answers import Answers, answer, format_of, written
from gyeol.cli.output import confusion, note, object_out, percent, pieces_out, table
from gyeol.cli.translation import ENSEMBLE
from gyeol.errors import DataError, ModelError, ParameterError

if TYPE_CHECKING:
    from io import BufferedIOBase

    from gyeol.data.files import BadRow, Example
    from gyeol.tasks import AuthorClassifier, TextClassifier

    Classifier = TextClassifier | AuthorClassifier

__all__ = ["any_model", "evaluate", "info", "predict"]

_CHUNK = 8192  # rows of a file held at a time


def evaluate(
    model: Path = typer.Argument(metavar="MODEL", help="A model folder."),
    data: str = typer.Argument(
        metavar="DATA", help="A file (labelled, or of texts), or a data set's name (its test part)."
    ),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column of the texts, by name or number."),
    target: str = typer.Option(None, "--target", metavar="COL", help="The column of the labels."),
    threads: int = typer.Option(None, "--threads", metavar="N", help="Cores to use; all by default."),
    skip_bad_rows: bool = typer.Option(False, "--skip-bad-rows", help="Leave out rows without text or label."),
    cache: str = typer.Option(
        None, "--cache", metavar="FILE", help="Of a language model also with a neural cache, chosen on these texts."
    ),
    ensemble: list[Path] = ENSEMBLE,
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Measure a model: accuracy, perplexity, BLEU, spans.

    Examples: gyeol evaluate my-model test.csv

    gyeol evaluate my-model nsmc --json
    """
    from gyeol.cli.caption import evaluate_captions
    from gyeol.cli.frames import evaluate_frames
    from gyeol.cli.language import evaluate_language
    from gyeol.cli.series import evaluate_series
    from gyeol.cli.spelling import evaluate_spelling
    from gyeol.cli.tag import evaluate_tags
    from gyeol.cli.translate import evaluate_pairs
    from gyeol.data.sources import find_source, read_labelled

    made = any_model(model, threads)
    if ensemble and made.task != "translate":
        raise ParameterError(f"--ensemble is for translators; this is a model of 'fit {made.task}'")
    if cache is not None and made.task != "language":
        raise ParameterError(f"--cache is for language models; this is one of 'fit {made.task}'")
    own: dict[str, Callable[[], None]] = {
        "language": lambda: evaluate_language(made, model, data, input, skip_bad_rows, json, cache),
        "translate": lambda: evaluate_pairs(made, model, data, input, target, skip_bad_rows, json, ensemble),
        "spell": lambda: evaluate_spelling(made, model, data, json),
        "tag": lambda: evaluate_tags(made, model, data, input, target, json),
        "frames": lambda: evaluate_frames(made, model, data, input, target, json),
        "series": lambda: evaluate_series(made, model, data, input, target, json),
        "regress": lambda: evaluate_series(made, model, data, input, target, json),
        "caption": lambda: evaluate_captions(made, model, data, input, target, json),
    }
    if made.task in own:
        own[made.task]()
        return
    classify = made.task == "classify"  # a named set's labels are no authors
    source = find_source(data, "test", input=input, target=target, task=made.task if classify else None)
    test = read_labelled(source, skip_bad_rows=skip_bad_rows)
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
    model: Path = typer.Argument(metavar="MODEL", help="A model folder."),
    texts: list[str] = typer.Argument(
        None, metavar="TEXT", help="Texts (or images, by their paths); without any, standard input is read."
    ),
    file: str = typer.Option(None, "--file", "-f", metavar="FILE", help="A file of texts: one answer a row, streamed."),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column of the texts in FILE, name or number."),
    out: Path = typer.Option(None, "--out", "-o", metavar="FILE", help="Write there: .tsv .csv .jsonl or .json."),
    top: int = typer.Option(
        None, "--top", metavar="K", min=1, help="Show the K best classes, or translations, of each text."
    ),
    threads: int = typer.Option(None, "--threads", metavar="N", help="Cores to use; all by default."),
    look: bool = typer.Option(
        False,
        "--show-attention",
        help="Show where each word of a translation looked; --out FILE.png or .html draws.",
    ),
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Ask a model about texts, numbers, images or clips.

    Texts are classified, tagged or translated, images captioned, clips labelled frame by frame; or a file of any size.

    Examples: gyeol predict my-model "다시 보고 싶은 영화"

    gyeol predict ko-en "내일 비가 온대요" --top 3

    gyeol predict my-model --file new.csv --out answers.tsv

    gyeol predict heart "0.1 0.3 -0.2"

    cat new.txt | gyeol predict my-model

    gyeol predict scenes photo.jpg

    gyeol predict moves clip.mp4
    """
    from gyeol.cli.caption import caption_images
    from gyeol.cli.frames import predict_frames
    from gyeol.cli.series import predict_series
    from gyeol.cli.tag import predict_tags
    from gyeol.cli.translation import Wanted, translate_texts

    if texts and file is not None:
        raise ParameterError("give either texts or --file FILE, not both")
    if file is None and not texts and (sys.stdin is None or sys.stdin.isatty()):
        raise ParameterError('no text is given: write gyeol predict MODEL "다시 보고 싶은 영화", or --file FILE')
    made = any_model(model, threads)
    if look and made.task not in ("translate", "caption"):
        raise ParameterError("--show-attention is for translators; gyeol explain shows what an author's model looks at")
    if top is not None and made.task in ("tag", "frames"):
        raise ParameterError("--top is for classes and translations: a tagger gives the best tags")
    own: dict[str, Callable[[], None]] = {
        "translate": lambda: translate_texts(made, model, texts, file, input, Wanted(top, look, json, out)),
        "caption": lambda: caption_images(made, model, texts, file, input, out, top, look, json),
        "tag": lambda: predict_tags(made, model, texts, file, input, out, json),
        "frames": lambda: predict_frames(made, model, texts, file, input, out, json),
        "series": lambda: predict_series(made, model, texts, file, input, out, top, json),
        "regress": lambda: predict_series(made, model, texts, file, input, out, top, json),
    }
    if made.task in own:
        own[made.task]()
        return
    if texts and (out is not None or input is not None):
        raise ParameterError(f"{'--input' if out is None else '--out'} goes with --file FILE; texts are answered here")
    form = format_of(out) if out is not None else "object" if json else "tsv"
    made = _classifier(made, model)
    if texts:
        _predict_texts(made, model, texts, top, json)
    elif file is not None:
        from gyeol.data.sources import find_source, read_texts

        source = find_source(file, "test", input=input, task="classify" if made.task == "classify" else None)
        _predict_stream(Answers(made, _chunks(read_texts(source)), top, source.name), model, form, out, json)
    elif input is not None:
        raise ParameterError("--input goes with --file FILE; standard input is one text a line")
    else:
        _predict_stream(Answers(made, _piped(), top, "standard input"), model, form, out, json)


def _predict_texts(made: Classifier, model: Path, texts: list[str], top: int | None, json: bool) -> None:
    for place, text in enumerate(texts, 1):
        if not text.strip():
            raise DataError(f"text {place} is empty: give a text of at least one character")
        if any("\ud800" <= c <= "\udfff" for c in text):  # bytes that the terminal's encoding does not have
            raise DataError(f"text {place} is not in the terminal's encoding: save it as a file and pass --file FILE")
        _note_cut(made, text, place)
    answers = [
        answer(made, row, top) | {"text": text} for text, row in zip(texts, made.predict_proba(texts), strict=True)
    ]
    if json:
        object_out({"model": str(model), "predictions": answers})
        return
    rows = []
    for one in answers:
        shown = list(one["probabilities"].items())[: top or 1]
        rows.append(["  ".join(f"{label} {p:.3f}" for label, p in shown), one["text"][:200]])
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


def info(
    model: Path = typer.Argument(metavar="MODEL", help="A model folder."),
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Say what a model is: task, settings, data, figures, size."""
    from gyeol import kernels
    from gyeol.tasks.storage import read_config

    made = any_model(model, None)
    config = read_config(model)
    size = sum(f.stat().st_size for f in model.iterdir() if f.is_file())
    weights = sum(p.numel() for p in made.net_.parameters())
    tokenizer = getattr(getattr(made.inputs_, "source", made.inputs_), "tokenizer", None)
    answer: dict[str, Any] = {
        "model": str(model),
        "task": config.task,
        "gyeol": config.gyeol,
        **({"classes": [str(c) for c in made.classes_]} if hasattr(made, "classes_") else {}),
        "tokenizer": tokenizer.name if tokenizer is not None else f"none: {made.reads} are given",
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
        *([["classes", ", ".join(answer["classes"][:20])]] if "classes" in answer else []),
        ["tokenizer", answer["tokenizer"]],
        ["weights", f"{weights:,}"],
        ["on disk", f"{size / 1e6:.2f} MB"],
        *[[k.replace("_", " "), f"{v:.4f}" if isinstance(v, float) else v] for k, v in made.metrics_.items()],
        *[[k, v] for k, v in config.about.items()],
        ["settings", ", ".join(f"{k}={v}" for k, v in config.settings.items() if v is not None)],
        ["kernels here", answer["kernels"]],
    ]
    typer.echo(table(rows))


def _classifier(made: Any, path: Path) -> Classifier:
    if not hasattr(made, "predict_proba"):
        verbs = "correct" if made.task == "spell" else "generate, suggest or score"
        raise ModelError(f"{path} is a model of 'fit {made.task}': ask it with gyeol {verbs}")
    return cast("Classifier", made)


def any_model(path: Path, threads: int | None) -> Any:
    """Load a model of whatever task."""
    from gyeol.tasks import load

    made = load(path)
    if threads is not None and threads < 1:
        raise ParameterError(f"--threads {threads}: must be a whole number, 1 or more")
    made.set_params(threads=threads)
    return made


def _note_cut(made: Classifier, text: str, place: int) -> None:
    if len(text) > made.max_length and getattr(made, "features", None) is None:
        count = len(made.inputs_.tokenizer.tokenize(text))
        if count > made.max_length:
            note(f"text {place} has {count:,} tokens; its middle is left out beyond {made.max_length:,} (max_length)")
