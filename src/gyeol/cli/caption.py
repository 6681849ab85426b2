"""``gyeol fit caption``, and what ``evaluate``, ``predict`` and ``explain`` do with its models."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from gyeol.cli.first_checks import check_first
from gyeol.cli.options import CONFIG, FORCE, JSON, OUT, QUIET, RESUME, SEED, SET, THREADS, TIME_LIMIT, settings_option
from gyeol.cli.output import note, object_out, object_pieces, one_line, pieces_out
from gyeol.cli.training import begun, ended, measured, stop_where_interrupted
from gyeol.errors import ParameterError

if TYPE_CHECKING:
    from io import BufferedIOBase

    from gyeol.tasks import Captioner

__all__ = ["caption", "caption_images", "evaluate_captions", "explain_caption"]

_CHUNK = 64  # images answered at a time


def caption(
    data: str = typer.Argument(
        metavar="DATA", help="A table of paths and captions, a dataset.json, a folder that holds one, or a named set."
    ),
    out: Path = OUT,
    valid: str = typer.Option(None, "--valid", metavar="DATA", help="Images to watch; else some of DATA."),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column of the images' paths."),
    target: str = typer.Option(None, "--target", metavar="COL", help="The column of the captions."),
    config: Path = CONFIG,
    set: list[str] = SET,
    seed: int = SEED,
    time_limit: str = TIME_LIMIT,
    threads: int = THREADS,
    resume: bool = RESUME,
    force: bool = FORCE,
    settings: bool = settings_option("caption"),
    json: bool = JSON,
    quiet: bool = QUIET,
) -> None:
    """Learn to say in a sentence what is to be seen on an image.

    In a table several rows may name one image: each is a caption of it.

    Examples: gyeol fit caption scenes-ko --out scenes

    gyeol fit caption photos.csv --input path --target caption --out photos

    gyeol fit caption ucm_captions --set augmentation=turn --set zoom=0.3 --set consensus=10 --out aerial
    """
    check_first(("caption",), out, config, set, time_limit, resume, data, valid)
    from gyeol.data.captioned import has_part, read_captioned
    from gyeol.tasks import Captioner
    from gyeol.tasks.progress import Bar

    options = {"random_state": seed, "threads": threads, "time_limit": time_limit}
    model, run = begun(Captioner, config, set, options, out, resume, force)
    train = read_captioned(data, "train", input=input, target=target)
    watched = None
    if valid is not None or has_part(data, "valid"):
        held = read_captioned(valid or data, "valid", input=input, target=target)
        watched = held.images, held.captions
    if not (quiet or json):
        note(f"{train.name}: {len(train.images):,} images, {sum(map(len, train.captions)):,} captions")
    progress = None if quiet or json else Bar("images", shares=False)
    model.fit(
        train.images, train.captions, validation=watched, **run.how, progress=progress,
        about=train.about(),
    )  # fmt: skip
    answer = ended(model, out, run)
    if json:
        object_out(answer)
    else:
        typer.echo(
            f"{_figures(answer)}   on {measured(answer)} (greedy), after epoch {answer['epoch']} of "
            f"{answer['epochs']}, {answer['seconds']:.0f} s"
        )
        typer.echo(f"saved: {out} ({answer['weights']:,} weights)")
        typer.echo(f"next:  gyeol predict {out} photo.jpg     gyeol explain {out} photo.jpg --out why.html")
    stop_where_interrupted(answer)


def _figures(answer: dict[str, Any]) -> str:
    parts = " ".join(f"{answer[f'bleu_{n}']:.2f}" for n in range(1, 5))
    return f"BLEU-1 to -4 {parts}   chrF {answer['chrf']:.2f}   exact {100 * answer['exact']:.2f} %"


def evaluate_captions(
    made: Captioner, model: Path, data: str, input: str | None, target: str | None, json: bool
) -> None:
    """Print a captioner's figures on images and their captions."""
    from gyeol.data.captioned import read_captioned

    test = read_captioned(data, "test", input=input, target=target)
    figures = made.evaluate(test.images, test.captions)
    if json:
        object_out({"model": str(model), **test.about(), **figures})
        return
    how = f"consensus of {figures['consensus']}" if figures["consensus"] else f"beam {figures['beam_size']}"
    typer.echo(f"{_figures(figures)}   on {figures['count']:,} images of {test.name}, {how}")


def caption_images(
    made: Captioner, model: Path, images: list[str] | None, file: str | None, input: str | None, out: Path | None,
    top: int | None, look: bool, json: bool,
) -> None:  # fmt: skip
    """Write captions of images: named ones, those of a folder or a table, or those that standard input names."""
    from gyeol.data.captioned import read_captioned

    if look or (out is not None and out.suffix.lower() in (".png", ".html", ".htm")):
        raise ParameterError(f"where a caption looked: gyeol explain {model} IMAGE --out FILE.png or .html")
    if images:
        chunks: Iterable[list[str]] = [images]
    elif file is not None:
        found = read_captioned(file, "test", input=input, need_captions=False)
        if made.encoder != "features" and not all(isinstance(p.source, Path) for p in found.images):
            pieces_out(_written(made, iter([(found.names(), found.images)]), model, top, json), out)
            return
        chunks = [found.names()]
    else:
        from gyeol.data.pipe import read_pipe

        piped = read_pipe(cast("BufferedIOBase", sys.stdin.buffer))
        chunks = ([line.strip() for _, line in lines if line.strip()] for lines in piped)
    pairs = ((names, cast("list[Any]", names)) for names in chunks)
    pieces_out(_written(made, pairs, model, top, json), out)
    if out is not None:
        note(f"wrote {out}")


def _written(
    made: Captioner, chunks: Iterator[tuple[list[str], list[Any]]], model: Path, top: int | None, json: bool
) -> Iterator[str]:
    told = _told(made, chunks, top)
    if json:
        yield from object_pieces({"model": str(model)}, told)
        return
    for one in told:
        yield from (f"{one_line(one['image'])}\t{_line(each, top)}\n" for each in one["predictions"])


def _line(each: dict[str, Any], top: int | None) -> str:
    text = one_line(each["text"])
    return text if top is None else f"{each['score']:.4f}\t{text}"


def _told(made: Captioner, chunks: Iterator[tuple[list[str], list[Any]]], top: int | None) -> Iterator[dict[str, Any]]:
    best = top or 1
    for names, images in chunks:
        for first in range(0, len(names), _CHUNK):
            found = made.captions(images[first : first + _CHUNK], beam_size=max(5, best), n_best=best)
            for name, captions in zip(names[first : first + _CHUNK], found, strict=True):
                told = [{"text": c.text, "score": c.score, "log_probability": c.log_probability} for c in captions]
                yield {"image": name, "predictions": told}


def explain_caption(made: Captioner, model: Path, image: str, out: Path | None, json: bool) -> None:
    """Show where each word of an image's caption looked."""
    seen = made.explain(image)
    if out is not None:
        writers = {".png": seen.to_png, ".html": seen.to_html, ".htm": seen.to_html, ".json": seen.to_json}
        if out.suffix.lower() not in writers:
            raise ParameterError(f"--out {out}: explanations of captions are written as .png, .html or .json")
        writers[out.suffix.lower()](out)
    if json:
        object_out({"model": str(model), **seen.to_dict()})
    elif out is None:
        typer.echo(seen.to_terminal())
    else:
        typer.echo(one_line(seen.text))
        note(f"where it looked: {out}")
