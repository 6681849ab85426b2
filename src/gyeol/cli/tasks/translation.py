"""``gyeol translate``, and ``gyeol predict`` of translators: texts, files and pipes."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.output import note, one_line
from gyeol.cli.answers.reading import PIPE, SKIP, STRICT, answers_out, find_trained_source, handling
from gyeol.cli.answers.rows import Item, chunked, file_texts, named_items, piped_texts
from gyeol.cli.answers.stream import Answers, Layout, format_of
from gyeol.cli.model import load_model
from gyeol.cli.options.training import HEADER, JSON, THREADS
from gyeol.cli.task_commands import Request, TaskOption
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.tasks import Translator
    from gyeol.tasks.translation.search import Translation

__all__ = ["ENSEMBLE", "TEMPERATURE", "WEIGHTS", "predict", "translate", "translator"]

_CHUNK = 512  # lines of a file in memory at a time

WEIGHTS: Any = typer.Option(
    "float32", "--weights", metavar="KIND", help="float32; or faster for single texts and less exact: bfloat16, int8."
)
TEMPERATURE: Any = typer.Option(
    None,
    "--temperature",
    metavar="T",
    help="Sample instead of beam search; below 1: more predictable.",
)
ENSEMBLE = TaskOption(
    "ensemble",
    list[Path],
    typer.Option(
        [], "--ensemble", metavar="MODEL", help="Another translator with the same vocabularies; may be repeated."
    ),
    ("evaluate",),
)


@dataclass(frozen=True, slots=True)
class _Output:
    """What to show of each text, ``top`` translations (None: the best, without score) and attention; how to search."""

    top: int | None = None
    attention: bool = False
    search: dict[str, Any] = field(default_factory=dict)


def translate(
    model_path: Path = typer.Argument(metavar="MODEL", help="Model of 'gyeol fit translate'."),
    texts: list[str] = typer.Argument(None, metavar="TEXT", help="Texts; default: the lines of standard input."),
    file: str = typer.Option(None, "--file", "-f", metavar="FILE", help="File of texts, one per line or row."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column (or language) of texts in FILE."),
    out: Path = typer.Option(
        None,
        "--out",
        "-o",
        metavar="FILE",
        help="Output file: one line each; .csv .tsv .jsonl .json: with the columns of FILE; .png .html: attention.",
    ),
    top: int = typer.Option(None, "--top", metavar="K", min=1, help="Show the K best translations with scores."),
    beam: int = typer.Option(5, "--beam", metavar="N", min=1, help="Beam width; 1: greedy."),
    length_penalty: float = typer.Option(
        1.0, "--length-penalty", metavar="A", help="Higher values favour long translations; 0: off."
    ),
    coverage_penalty: float = typer.Option(
        0.0, "--coverage-penalty", metavar="B", help="Favour translations that attend to every word, for example 0.2."
    ),
    min_length: int = typer.Option(0, "--min-length", metavar="N", help="Minimum number of tokens."),
    max_length: int = typer.Option(256, "--max-length", metavar="N", help="Maximum number of tokens."),
    block_ngrams: int = typer.Option(
        0, "--block-ngrams", metavar="N", help="Never repeat an n-gram of N tokens; 0: off."
    ),
    temperature: float = TEMPERATURE,
    top_k: int = typer.Option(None, "--top-k", metavar="K", min=1, help="Sample among the K most probable tokens."),
    top_p: float = typer.Option(
        None, "--top-p", metavar="P", help="Nucleus sampling: the most probable tokens whose sum reaches P."
    ),
    seed: int = typer.Option(0, "--seed", metavar="N", min=0, help="Random seed for sampling."),
    keep_unknown: bool = typer.Option(False, "--keep-unknown", help="Write <unk> instead of copying the source word."),
    ensemble: list[Path] = ENSEMBLE.option,
    weights: str = WEIGHTS,
    show_attention: bool = typer.Option(False, "--show-attention", help="Show attention weights."),
    header: bool = HEADER,
    skip_bad_rows: bool = SKIP,
    strict: bool = STRICT,
    threads: int = THREADS,
    json: bool = JSON,
) -> None:
    """Translate texts, a file of any size, or a pipe.

    Examples: gyeol translate ko-en "내일 비가 온대요" --top 3

    gyeol translate ko-en "내일 비가 온대요" --out look.html

    gyeol translate ko-en --file letters.txt --out letters.en.txt

    gyeol translate ko-en --ensemble ko-en-2 --ensemble ko-en-3 < letters.txt
    """
    if texts and file is not None:
        raise ParameterError("give either texts or --file FILE, not both")
    if file is None and not texts and (sys.stdin is None or sys.stdin.isatty()):
        raise ParameterError('no text given; write gyeol translate MODEL "내일 비가 온대요", or --file FILE')
    model, *others = (translator(path, threads) for path in (model_path, *ensemble))
    search = {
        "beam_size": max(beam, top or 1), "length_penalty": length_penalty, "coverage_penalty": coverage_penalty,
        "min_length": min_length, "max_length": max_length, "block_ngrams": block_ngrams,
        "replace_unknown": not keep_unknown, "ensemble": others, "weights": weights,
        "temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed,
    }  # fmt: skip
    request = Request(
        model_path,
        json,
        texts=texts or [],
        file=file,
        input=input,
        out=out,
        skip_bad_rows=skip_bad_rows,
        strict=strict,
        header=header,
    )
    _translate(model, request, _Output(top, show_attention, search))


def translator(path: Path, threads: int | None) -> Translator:
    """Load a translator."""
    model: Translator = load_model(path, threads, task="translate")
    return model


def predict(model: Translator, request: Request) -> None:
    """Translate with the default search."""
    _translate(model, request, _Output(request.option("top"), bool(request.option("show_attention"))))


def _translate(model: Translator, request: Request, output: _Output) -> None:
    """Translate texts, the lines of a file, or those of standard input."""
    out, texts, file = request.out, request.texts, request.file
    if out is not None and out.suffix.lower() in (".png", ".html", ".htm"):
        _draw(model, texts, out, output.search)
        return
    name = PIPE
    if texts:
        if "" in [text.strip() for text in texts]:
            raise DataError("a text is empty; expected at least one character")
        chunks: Iterable[list[Item]] = [named_items(texts)]
    elif file is not None:
        source, missing = find_trained_source(model, file, request, task=None, need_target=False)
        chunks, name = chunked(file_texts(source, missing), _CHUNK), source.name
    else:
        chunks = piped_texts(_CHUNK)
    form = format_of(out, plain=True) if out is not None else "object" if request.json else "plain"
    best = output.top or 1
    search = {"beam_size": max(5, best), **output.search, "n_best": best}
    layout = _layout(output, colour=out is None and sys.stdout.isatty())
    how = replace(handling(request), alone=bool(texts))
    answers = Answers(chunks, lambda some: model.translate(some, **search), layout, name, how)
    answers_out(answers, form, {"model": str(request.model_path)}, out, json=request.json)


def _draw(model: Translator, texts: list[str] | None, out: Path, search: dict[str, Any]) -> None:
    """Write the attention of one translation as a picture or an HTML page."""
    if texts is None or len(texts) != 1:
        raise ParameterError(f"--out {out}: a picture shows the attention of one text; give one")
    ((best, *_),) = model.translate(texts, **search)
    if out.suffix.lower() == ".png":
        best.map().to_png(out)
    else:
        best.map().to_html(out)
    typer.echo(one_line(best.text))
    note(f"attention written to {out}")


def _layout(output: _Output, *, colour: bool) -> Layout:
    best = output.top or 1
    scored = ("score",) if output.top is not None else ()
    names = [f"{name}_{n}" if n > 1 else name for n in range(1, best + 1) for name in ("translation", *scored)]

    def cells(found: list[Translation]) -> list[str]:
        return [cell for each in found for cell in (each.text, *((f"{each.score:.4f}",) if scored else ()))]

    def to_object(found: list[Translation]) -> dict[str, Any]:
        return {"predictions": [_as_object(each, output.top) for each in found]}

    def plain(found: list[Translation] | None, _: Item) -> str:
        lines = []
        for each in found or []:
            lines.append(one_line(each.text) if output.top is None else f"{each.score:.4f}\t{one_line(each.text)}")
            if output.attention:
                lines.append(each.map().to_text(color=colour))
        return "\n".join(lines or [""]) + "\n"

    return Layout(tuple(names), cells, to_object, {"predictions": []}, plain=plain)


def _as_object(each: Translation, top: int | None) -> dict[str, Any]:
    found: dict[str, Any] = {"text": each.text, "score": each.score, "log_probability": each.log_probability}
    if top is None and each.attention is not None:
        found |= {"source": each.source, "target": each.target, "attention": each.attention.tolist()}
    return found
