"""``gyeol evaluate``, ``predict`` and ``info``: ask a model. What each task answers is in `gyeol.cli.tasks.table`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from gyeol.cli.answers.asking import SKIP, STRICT, remembered
from gyeol.cli.answers.label_sets import gives_sets, thresholds_told
from gyeol.cli.answers.output import object_out, table
from gyeol.cli.model import load_model
from gyeol.cli.options.numbers import DAY_FIRST, DECIMAL, MISSING
from gyeol.cli.options.training import HEADER
from gyeol.cli.tasks.speech import BEAM, LEXICON, LM, LM_WEIGHT
from gyeol.cli.tasks.table import Question, asked
from gyeol.cli.tasks.translation import ENSEMBLE
from gyeol.errors import ParameterError

_TOLD_ELSEWHERE = ("columns", "grid", "measured_on", "training_id")  # of what a model says of its training
__all__ = ["any_model", "evaluate", "info", "predict"]


def evaluate(
    model: Path = typer.Argument(metavar="MODEL", help="A model folder."),
    data: str = typer.Argument(
        metavar="DATA", help="A file (labelled, or of texts), or a data set's name (its test part)."
    ),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column of the texts, by name or number."),
    target: str = typer.Option(None, "--target", metavar="COL", help="The column of the labels."),
    header: bool = HEADER,
    threads: int = typer.Option(None, "--threads", metavar="N", help="Cores to use; all by default."),
    skip_bad_rows: bool = typer.Option(
        False, "--skip-bad-rows", help="Leave out rows without text or label, or with a label never seen."
    ),
    cache: str = typer.Option(
        None, "--cache", metavar="FILE", help="Of a language model also with a neural cache, chosen on these texts."
    ),
    ensemble: list[Path] = ENSEMBLE,
    beam: int = BEAM,
    lm: str = LM,
    lm_weight: float = LM_WEIGHT,
    lexicon: str = LEXICON,
    decimal: str = DECIMAL,
    missing: list[str] = MISSING,
    day_first: bool = DAY_FIRST,
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Measure a model: accuracy, perplexity, BLEU, spans, word error.

    Examples: gyeol evaluate my-model test.csv

    gyeol evaluate my-model nsmc --json
    """
    made = any_model(model, threads)
    asked(
        made,
        "evaluate",
        Question(
            model, json, data=data, input=input, target=target, skip_bad_rows=skip_bad_rows, cache=cache,
            ensemble=ensemble, beam=beam, lm=lm, lm_weight=lm_weight, lexicon=lexicon, header=header, decimal=decimal,
            missing=missing, day_first=day_first,
        ),
    )  # fmt: skip


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
    header: bool = HEADER,
    skip_bad_rows: bool = SKIP,
    strict: bool = STRICT,
    threads: int = typer.Option(None, "--threads", metavar="N", help="Cores to use; all by default."),
    look: bool = typer.Option(
        False,
        "--show-attention",
        help="Show where each word of a translation looked; --out FILE.png or .html draws.",
    ),
    beam: int = BEAM,
    lm: str = LM,
    lm_weight: float = LM_WEIGHT,
    lexicon: str = LEXICON,
    stream: bool = typer.Option(False, "--stream", help="Speech: write while a long recording is read."),
    decimal: str = DECIMAL,
    missing: list[str] = MISSING,
    day_first: bool = DAY_FIRST,
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Ask a model: texts, files of any size, sequences, sounds.

    A row that cannot be answered gets an empty answer and a note. A file's other columns stand in the answer; one that
    is called as a part of it, say label, becomes file_label.

    Examples: gyeol predict my-model "다시 보고 싶은 영화"

    gyeol predict ko-en "내일 비가 온대요" --top 3

    gyeol predict my-model --file new.csv --out answers.tsv

    gyeol predict heart "0.1 0.3 -0.2"

    cat new.txt | gyeol predict my-model

    gyeol predict scenes photo.jpg

    gyeol predict moves clip.mp4
    """
    if texts and file is not None:
        raise ParameterError("give either texts or --file FILE, not both")
    if file is None and not texts and (sys.stdin is None or sys.stdin.isatty()):
        raise ParameterError('no text is given: write gyeol predict MODEL "다시 보고 싶은 영화", or --file FILE')
    made = any_model(model, threads)
    asked(
        made,
        "predict",
        Question(
            model, json, texts=texts or [], file=file, input=input, out=out, top=top, look=look, beam=beam, lm=lm,
            lm_weight=lm_weight, lexicon=lexicon, stream=stream, skip_bad_rows=skip_bad_rows, strict=strict,
            header=header, decimal=decimal, missing=missing, day_first=day_first,
        ),
    )  # fmt: skip


def info(
    model: Path = typer.Argument(metavar="MODEL", help="A model folder."),
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Say what a model is: task, settings, data, figures, size."""
    from gyeol import kernels
    from gyeol.tasks.card import figure_rows, measured_on, measured_words
    from gyeol.tasks.storage import read_config

    made = any_model(model, None)
    config = read_config(model)
    columns = remembered(made)
    size = sum(f.stat().st_size for f in model.iterdir() if f.is_file())
    weights = sum(p.numel() for p in made.net_.parameters())
    tokenizer = getattr(getattr(made.inputs_, "source", made.inputs_), "tokenizer", None)
    answer: dict[str, Any] = {
        "model": str(model),
        "task": config.task,
        "gyeol": config.gyeol,
        **({"classes": [str(c) for c in made.classes_]} if hasattr(made, "classes_") else {}),
        **({"thresholds": thresholds_told(made)} if gives_sets(made) else {}),
        "tokenizer": tokenizer.name if tokenizer is not None else f"none: {made.reads} are given",
        "weights": weights,
        "bytes": size,
        "metrics": made.metrics_,
        "measured_on": measured_on(config.about),
        "columns": config.about.get("columns"),
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
        *([["labels", "several a text, each given above its threshold"]] if "thresholds" in answer else []),
        ["tokenizer", answer["tokenizer"]],
        ["weights", f"{weights:,}"],
        ["on disk", f"{size / 1e6:.2f} MB"],
        ["figures measured on", measured_words(config.about)],
        *[[k.replace("_", " "), v] for k, v in figure_rows(made.metrics_, config.about).items()],
        *[[k.replace("_", " "), v] for k, v in config.about.items() if k not in _TOLD_ELSEWHERE],
        *([["columns", columns.describe()]] if columns is not None else []),
        ["settings", ", ".join(f"{k}={v}" for k, v in config.settings.items() if v is not None)],
        ["kernels here", answer["kernels"]],
    ]
    typer.echo(table(rows))


def any_model(path: Path, threads: int | None) -> Any:
    """Load a model of whatever task."""
    return load_model(path, threads)
