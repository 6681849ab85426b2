"""``gyeol translate``, and ``gyeol predict`` of translators: texts, lines of a file or of a pipe, written anew."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from gyeol.cli.options import JSON, THREADS
from gyeol.cli.output import note, object_pieces, one_line, pieces_out
from gyeol.errors import DataError, ModelError, ParameterError

if TYPE_CHECKING:
    from io import BufferedIOBase

    from gyeol.tasks import Translator
    from gyeol.tasks.translator_search import Translation

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
    json: bool = False
    out: Path | None = None
    search: dict[str, Any] = field(default_factory=dict)


def translate(
    model: Path = typer.Argument(metavar="MODEL", help="A model folder of gyeol fit translate."),
    texts: list[str] = typer.Argument(None, metavar="TEXT", help="Texts; without any, standard input is read."),
    file: str = typer.Option(None, "--file", "-f", metavar="FILE", help="A file of texts, one a line or row."),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column (or language) of the texts in FILE."),
    out: Path = typer.Option(
        None, "--out", "-o", metavar="FILE", help="Write there, a line each; .png or .html: where one text looked."
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
    translate_texts(made, model, texts, file, input, Wanted(top, look, json, out, search))


def translator(path: Path, threads: int | None) -> Translator:
    """Load a translator, and say what else a model is."""
    from gyeol.tasks import Translator, load

    made = load(path)
    if not isinstance(made, Translator):
        raise ModelError(f"{path} is a model of 'fit {made.task}', and one of 'fit translate' is needed")
    made.set_params(threads=threads)
    return made


def translate_texts(
    made: Translator, model: Path, texts: list[str] | None, file: str | None, input: str | None, wanted: Wanted
) -> None:
    """Translate texts, the lines of a file, or those of standard input."""
    if wanted.out is not None and wanted.out.suffix.lower() in (".png", ".html", ".htm"):
        _draw(made, texts, wanted.out, wanted.search)
        return
    if texts:
        if "" in [text.strip() for text in texts]:
            raise DataError("a text is empty: give at least one character")
        chunks: Iterable[list[str]] = [texts]
    elif file is not None:
        from gyeol.data.sources import Texts, find_source

        chunks = _chunks(iter(Texts(find_source(file, "test", input=input))))
    else:
        from gyeol.data.pipe import read_pipe

        piped = read_pipe(cast("BufferedIOBase", sys.stdin.buffer))
        chunks = ([line for _, line in lines] for lines in piped)
    pieces = _written(_translations(made, chunks, wanted), model, wanted)
    pieces_out(pieces, wanted.out)
    if wanted.out is not None:
        note(f"wrote {wanted.out}")


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


def _chunks(lines: Iterator[str]) -> Iterator[list[str]]:
    while chunk := list(islice(lines, _CHUNK)):
        yield chunk


def _translations(
    made: Translator, chunks: Iterable[list[str]], wanted: Wanted
) -> Iterator[list[tuple[str, list[Translation]]]]:
    number = 0
    best = wanted.top or 1
    search = {"beam_size": max(5, best), **wanted.search, "n_best": best}
    for lines in chunks:
        for first in range(0, len(lines), _CHUNK):
            chunk = lines[first : first + _CHUNK]
            full = [line for line in chunk if line.strip()]
            try:
                found = iter(made.translate(full, **search) if full else [])
            except DataError as error:
                if number == 0 and len(full) == len(chunk):
                    raise
                raise DataError(f"of the texts after line {number}: {error}") from error
            yield [(line, next(found) if line.strip() else []) for line in chunk]
            number += len(chunk)


def _written(chunks: Iterator[list[tuple[str, list[Translation]]]], model: Path, wanted: Wanted) -> Iterator[str]:
    """Write translations a chunk at a time; nothing before the first is there."""
    if not wanted.json:
        for chunk in chunks:
            yield "".join(_lines(found, wanted) for _, found in chunk)
        return
    yield from object_pieces(
        {"model": str(model)},
        (
            {"text": text, "predictions": [_as_object(each, wanted.top) for each in found]}
            for chunk in chunks
            for text, found in chunk
        ),
    )


def _lines(found: list[Translation], wanted: Wanted) -> str:
    lines = []
    for each in found:
        lines.append(one_line(each.text) if wanted.top is None else f"{each.score:.4f}\t{one_line(each.text)}")
        if wanted.look:
            lines.append(each.map().to_text(color=wanted.out is None and sys.stdout.isatty()))
    return "\n".join(lines or [""]) + "\n"


def _as_object(each: Translation, top: int | None) -> dict[str, Any]:
    told: dict[str, Any] = {"text": each.text, "score": each.score, "log_probability": each.log_probability}
    if top is None and each.attention is not None:
        told |= {"source": each.source, "target": each.target, "attention": each.attention.tolist()}
    return told
