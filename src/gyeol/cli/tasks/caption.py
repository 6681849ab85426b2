"""``gyeol fit caption``, and what ``evaluate``, ``predict`` and ``explain`` do with its models."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.asking import PIPE, answers_out, folder_asked, handling, own_columns
from gyeol.cli.answers.output import note, object_out, one_line
from gyeol.cli.answers.rows import Item, chunked, named_items, piped_items, read_items
from gyeol.cli.answers.stream import Answers, Layout, format_of
from gyeol.cli.options.first_checks import check_first
from gyeol.cli.options.training import (
    CONFIG,
    FORCE,
    JSON,
    OUT,
    QUIET,
    RESUME,
    SEED,
    SET,
    THREADS,
    TIME_LIMIT,
    settings_option,
)
from gyeol.cli.training import begun, ended, measured, stop_where_interrupted
from gyeol.errors import ParameterError

if TYPE_CHECKING:
    from gyeol.cli.tasks.table import Question
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
    from gyeol.data.annotations.captions import has_caption_part, read_captions
    from gyeol.tasks import Captioner
    from gyeol.tasks.training.progress import Bar

    options = {"random_state": seed, "threads": threads, "time_limit": time_limit}
    model, run = begun(Captioner, config, set, options, out, resume, force)
    train = read_captions(data, "train", input=input, target=target)
    watched = None
    if valid is not None or has_caption_part(data, "valid"):
        held = read_captions(valid or data, "valid", input=input, target=target)
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
    from gyeol.data.annotations.captions import read_captions

    input, target = own_columns(made, data, input, target, need_target=True)
    test = read_captions(data, "test", input=input, target=target)
    figures = made.evaluate(test.images, test.captions)
    if json:
        object_out({"model": str(model), **test.about(), **figures})
        return
    how = f"consensus of {figures['consensus']}" if figures["consensus"] else f"beam {figures['beam_size']}"
    typer.echo(f"{_figures(figures)}   on {figures['count']:,} images of {test.name}, {how}")


def caption_images(made: Captioner, question: Question) -> None:
    """Write captions of images: named ones, those of a folder or a table, or those that standard input names."""
    from gyeol.data.annotations.captions import read_captions

    question = folder_asked(question)
    out, file, top = question.out, question.file, question.top
    if question.look or (out is not None and out.suffix.lower() in (".png", ".html", ".htm")):
        raise ParameterError(f"where a caption looked: gyeol explain {question.model} IMAGE --out FILE.png or .html")
    name = PIPE
    if question.texts:
        chunks = chunked(named_items(question.texts), _CHUNK)
    elif file is not None:
        input, _ = own_columns(made, file, question.input, None, need_target=False)
        read = read_captions(file, "test", input=input, need_captions=False)
        drawn = made.encoder != "features" and not all(isinstance(p.source, Path) for p in read.images)
        values: list[Any] = [*read.images] if drawn else [*read.names()]
        items = read_items(values, read.lines, read.others, read.bad)
        if drawn:
            items = [replace(item, text=text) for item, text in zip(items, read.names(), strict=True)]
        chunks, name = chunked(items, _CHUNK), read.name
    else:
        chunks = piped_items(lambda line, _: line.strip(), _CHUNK, blank=False)
    form = format_of(out, plain=True) if out is not None else "object" if question.json else "plain"
    answers = Answers(chunks, partial(_captions, made, top), _layout(top), name, handling(question))
    answers_out(answers, form, {"model": str(question.model)}, out, json=question.json)


def _captions(made: Captioner, top: int | None, images: list[Any]) -> list[Any]:
    best = top or 1
    return list(made.captions(images, beam_size=max(5, best), n_best=best))


def _layout(top: int | None) -> Layout:
    best = top or 1
    scored = ("score",) if top is not None else ()
    names = [f"{name}_{n}" if n > 1 else name for n in range(1, best + 1) for name in ("caption", *scored)]

    def cells(found: list[Any]) -> list[str]:
        return [cell for each in found for cell in (each.text, *((f"{each.score:.4f}",) if scored else ()))]

    def to_object(found: list[Any]) -> dict[str, Any]:
        told = [{"text": c.text, "score": c.score, "log_probability": c.log_probability} for c in found]
        return {"predictions": told}

    def plain(found: list[Any] | None, item: Item) -> str:
        lines = [f"{each.score:.4f}\t{one_line(each.text)}" if scored else one_line(each.text) for each in found or []]
        return "".join(f"{one_line(item.text)}\t{line}\n" for line in lines or [""])

    return Layout(tuple(names), cells, to_object, {"predictions": []}, "image", plain=plain)


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
