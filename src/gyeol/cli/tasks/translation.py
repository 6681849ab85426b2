"""``gyeol translate``, and ``gyeol predict`` of translators: texts, lines of a file or of a pipe, written anew."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.asking import PIPE, SKIP, STRICT, answers_out, find_asked, handling
from gyeol.cli.answers.output import note, one_line
from gyeol.cli.answers.rows import Item, chunked, file_texts, named_items, piped_texts
from gyeol.cli.answers.stream import Answers, Layout, format_of
from gyeol.cli.model import load_model
from gyeol.cli.options.training import HEADER, JSON, THREADS
from gyeol.cli.tasks.table import Question
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.tasks import Translator
    from gyeol.tasks.translation.search import Translation

__all__ = ["ENSEMBLE", "TEMPERATURE", "WEIGHTS", "Wanted", "translate", "translate_texts", "translator"]

_CHUNK = 512  # lines of a file held at a time

WEIGHTS: Any = typer.Option(
    "float32", "--weights", metavar="KIND", help="float32, or quicker for single texts and less exact: bfloat16, int8."
)
TEMPERATURE: Any = typer.Option(
    None, "--temperature", metavar="T", help="Draw by chance and do not search: 1 as probable, less: more the likely."
)
ENSEMBLE: Any = typer.Option(
    [], "--ensemble", metavar="MODEL", help="Another model of the same vocabularies that decides, too; may be repeated."
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of each text is shown: its ``top`` translations (None: the best, without its score), where it looked."""

    top: int | None = None
    look: bool = False
    search: dict[str, Any] = field(default_factory=dict)


def translate(
    model: Path = typer.Argument(metavar="MODEL", help="A model folder of gyeol fit translate."),
    texts: list[str] = typer.Argument(None, metavar="TEXT", help="Texts; without any, standard input is read."),
    file: str = typer.Option(None, "--file", "-f", metavar="FILE", help="A file of texts, one a line or row."),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column (or language) of the texts in FILE."),
    out: Path = typer.Option(
        None,
        "--out",
        "-o",
        metavar="FILE",
        help="Write there, a line each; .csv .tsv .jsonl .json: with the file's columns; .png .html: where it looked.",
    ),
    top: int = typer.Option(None, "--top", metavar="K", min=1, help="The K best translations, with their scores."),
    beam: int = typer.Option(5, "--beam", metavar="N", min=1, help="How many go on at a time; 1: greedy."),
    length_penalty: float = typer.Option(
        1.0, "--length-penalty", metavar="A", help="More favours long ones; 0: none does."
    ),
    coverage_penalty: float = typer.Option(
        0.0, "--coverage-penalty", metavar="B", help="Favour those that looked at every word, say 0.2."
    ),
    min_length: int = typer.Option(0, "--min-length", metavar="N", help="Tokens at least."),
    max_length: int = typer.Option(256, "--max-length", metavar="N", help="Tokens at most."),
    block_ngrams: int = typer.Option(0, "--block-ngrams", metavar="N", help="No run of N tokens comes twice; 0: may."),
    temperature: float = TEMPERATURE,
    top_k: int = typer.Option(None, "--top-k", metavar="K", min=1, help="Draw by chance, among the K likeliest."),
    top_p: float = typer.Option(None, "--top-p", metavar="P", help="Draw among the fewest that have this share."),
    seed: int = typer.Option(0, "--seed", metavar="N", min=0, help="Of what is drawn by chance."),
    keep_unknown: bool = typer.Option(False, "--keep-unknown", help="Write <unk> and do not copy the source's word."),
    ensemble: list[Path] = ENSEMBLE,
    weights: str = WEIGHTS,
    look: bool = typer.Option(False, "--show-attention", help="Show where each word looked."),
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
        raise ParameterError('no text is given: write gyeol translate MODEL "내일 비가 온대요", or --file FILE')
    made, *others = (translator(path, threads) for path in (model, *ensemble))
    search = {
        "beam_size": max(beam, top or 1), "length_penalty": length_penalty, "coverage_penalty": coverage_penalty,
        "min_length": min_length, "max_length": max_length, "block_ngrams": block_ngrams,
        "replace_unknown": not keep_unknown, "ensemble": others, "weights": weights,
        "temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed,
    }  # fmt: skip
    question = Question(
        model,
        json,
        texts=texts or [],
        file=file,
        input=input,
        out=out,
        skip_bad_rows=skip_bad_rows,
        strict=strict,
        header=header,
    )
    translate_texts(made, question, Wanted(top, look, search))


def translator(path: Path, threads: int | None) -> Translator:
    """Load a translator, and say what else a model is."""
    made: Translator = load_model(path, threads, task="translate")
    return made


def translate_texts(made: Translator, question: Question, wanted: Wanted) -> None:
    """Translate texts, the lines of a file, or those of standard input."""
    out, texts, file = question.out, question.texts, question.file
    if out is not None and out.suffix.lower() in (".png", ".html", ".htm"):
        _draw(made, texts, out, wanted.search)
        return
    name = PIPE
    if texts:
        if "" in [text.strip() for text in texts]:
            raise DataError("a text is empty: give at least one character")
        chunks: Iterable[list[Item]] = [named_items(texts)]
    elif file is not None:
        source, lacking = find_asked(made, file, question, task=None, need_target=False)
        chunks, name = chunked(file_texts(source, lacking), _CHUNK), source.name
    else:
        chunks = piped_texts(_CHUNK)
    form = format_of(out, plain=True) if out is not None else "object" if question.json else "plain"
    best = wanted.top or 1
    search = {"beam_size": max(5, best), **wanted.search, "n_best": best}
    layout = _layout(wanted, colour=out is None and sys.stdout.isatty())
    how = replace(handling(question), alone=bool(texts))
    answers = Answers(chunks, lambda some: made.translate(some, **search), layout, name, how)
    answers_out(answers, form, {"model": str(question.model)}, out, json=question.json)


def _draw(made: Translator, texts: list[str] | None, out: Path, search: dict[str, Any]) -> None:
    """Write the attention of one translation as a picture or a page."""
    if texts is None or len(texts) != 1:
        raise ParameterError(f"--out {out}: a picture takes one text, and draws where its translation looked")
    ((best, *_),) = made.translate(texts, **search)
    if out.suffix.lower() == ".png":
        best.map().to_png(out)
    else:
        best.map().to_html(out)
    typer.echo(one_line(best.text))
    note(f"where it looked: {out}")


def _layout(wanted: Wanted, *, colour: bool) -> Layout:
    best = wanted.top or 1
    scored = ("score",) if wanted.top is not None else ()
    names = [f"{name}_{n}" if n > 1 else name for n in range(1, best + 1) for name in ("translation", *scored)]

    def cells(found: list[Translation]) -> list[str]:
        return [cell for each in found for cell in (each.text, *((f"{each.score:.4f}",) if scored else ()))]

    def to_object(found: list[Translation]) -> dict[str, Any]:
        return {"predictions": [_as_object(each, wanted.top) for each in found]}

    def plain(found: list[Translation] | None, _: Item) -> str:
        lines = []
        for each in found or []:
            lines.append(one_line(each.text) if wanted.top is None else f"{each.score:.4f}\t{one_line(each.text)}")
            if wanted.look:
                lines.append(each.map().to_text(color=colour))
        return "\n".join(lines or [""]) + "\n"

    return Layout(tuple(names), cells, to_object, {"predictions": []}, plain=plain)


def _as_object(each: Translation, top: int | None) -> dict[str, Any]:
    told: dict[str, Any] = {"text": each.text, "score": each.score, "log_probability": each.log_probability}
    if top is None and each.attention is not None:
        told |= {"source": each.source, "target": each.target, "attention": each.attention.tolist()}
    return told
