"""``gyeol fit caption``; ``evaluate``, ``predict`` and ``explain`` of its models."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.examples import Examples
from gyeol.cli.answers.output import object_out, one_line
from gyeol.cli.answers.reading import PIPE, answers_out, folder_as_file, handling, trained_columns
from gyeol.cli.answers.rows import Item, chunked, named_items, piped_items, read_items
from gyeol.cli.answers.stream import Answers, Layout, format_of
from gyeol.cli.options.answers import ATTENTION, TOP
from gyeol.cli.task_commands import Request, TaskCommands
from gyeol.cli.training import Training, measured_after
from gyeol.errors import ParameterError

if TYPE_CHECKING:
    from gyeol.tasks import Captioner

__all__ = ["COMMANDS"]

_CHUNK = 64  # images answered at a time


def fit(
    data: str = typer.Argument(
        metavar="DATA", help="Table of image paths and captions, a dataset.json or a folder with one, or a data set."
    ),
    valid: str = typer.Option(None, "--valid", metavar="DATA", help="Validation images; default: a part of DATA."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column of image paths."),
    target: str = typer.Option(None, "--target", metavar="COL", help="Column of captions."),
    *,
    training: Training,
) -> None:
    """Learn to describe images in a sentence.

    A table may list an image several times, each with another caption.

    Examples: gyeol fit caption scenes-ko --out scenes

    gyeol fit caption photos.csv --input path --target caption --out photos

    gyeol fit caption ucm_captions --set augmentation=turn --set zoom=0.3 --set consensus=10 --out aerial
    """
    training.check(data, valid)
    from gyeol.data.annotations.captions import has_caption_part, read_captions
    from gyeol.tasks import Captioner

    model = training.model(Captioner)
    train = read_captions(data, "train", input=input, target=target)
    validation = None
    if valid is not None or has_caption_part(data, "valid"):
        part = read_captions(valid or data, "valid", input=input, target=target)
        validation = part.images, part.captions
    training.note(f"{train.name}: {len(train.images):,} images, {sum(map(len, train.captions)):,} captions")
    training.fit(model, train.images, train.captions, validation=validation, noun="images", about=train.about())
    answer = training.save(model)
    training.close(
        answer,
        [f"{_figures(answer)}   {measured_after(answer, ' (greedy)')}"],
        "gyeol predict {} photo.jpg",
        "gyeol explain {} photo.jpg --out why.html",
    )


def _figures(answer: dict[str, Any]) -> str:
    parts = " ".join(f"{answer[f'bleu_{n}']:.2f}" for n in range(1, 5))
    return f"BLEU-1 to -4 {parts}   chrF {answer['chrf']:.2f}   exact {100 * answer['exact']:.2f} %"


def examples(model: Captioner, request: Request) -> Examples:
    """Read images with captions."""
    from gyeol.data.annotations.captions import read_captions

    input, target = trained_columns(model, request.data, request.input, request.target, need_target=True)
    test = read_captions(request.data, "test", input=input, target=target)
    return Examples(test.images, test.captions, test.name, "images", test.about())


def evaluate(model: Captioner, request: Request) -> None:
    """Print a captioner's figures on images with captions."""
    test = examples(model, request)
    figures = model.evaluate(test.X, test.y)
    if request.json:
        object_out({"model": str(request.model_path), **test.object(), **figures})
        return
    how = f"consensus of {figures['consensus']}" if figures["consensus"] else f"beam {figures['beam_size']}"
    typer.echo(f"{_figures(figures)}   on {figures['count']:,} images of {test.name}, {how}")


def predict(model: Captioner, request: Request) -> None:
    """Write captions of images: those named, those of a folder or a table, or those listed on standard input."""
    from gyeol.data.annotations.captions import read_captions

    request = folder_as_file(request)
    out, file, top = request.out, request.file, request.option("top")
    if request.option("show_attention") or (out is not None and out.suffix.lower() in (".png", ".html", ".htm")):
        raise ParameterError(
            f"to see where a caption looked: gyeol explain {request.model_path} IMAGE --out FILE.png or .html"
        )
    name = PIPE
    if request.texts:
        chunks = chunked(named_items(request.texts), _CHUNK)
    elif file is not None:
        input, _ = trained_columns(model, file, request.input, None, need_target=False)
        read = read_captions(file, "test", input=input, need_captions=False)
        drawn = model.encoder != "features" and not all(isinstance(p.source, Path) for p in read.images)
        values: list[Any] = [*read.images] if drawn else [*read.names()]
        items = read_items(values, read.lines, read.others, read.bad)
        if drawn:
            items = [replace(item, text=text) for item, text in zip(items, read.names(), strict=True)]
        chunks, name = chunked(items, _CHUNK), read.name
    else:
        chunks = piped_items(lambda line, _: line.strip(), _CHUNK, blank=False)
    form = format_of(out, plain=True) if out is not None else "object" if request.json else "plain"
    answers = Answers(chunks, partial(_captions, model, top), _layout(top), name, handling(request))
    answers_out(answers, form, {"model": str(request.model_path)}, out, json=request.json)


def _captions(model: Captioner, top: int | None, images: list[Any]) -> list[Any]:
    best = top or 1
    return list(model.captions(images, beam_size=max(5, best), n_best=best))


def _layout(top: int | None) -> Layout:
    best = top or 1
    scored = ("score",) if top is not None else ()
    names = [f"{name}_{n}" if n > 1 else name for n in range(1, best + 1) for name in ("caption", *scored)]

    def cells(found: list[Any]) -> list[str]:
        return [cell for each in found for cell in (each.text, *((f"{each.score:.4f}",) if scored else ()))]

    def to_object(found: list[Any]) -> dict[str, Any]:
        best = [{"text": c.text, "score": c.score, "log_probability": c.log_probability} for c in found]
        return {"predictions": best}

    def plain(found: list[Any] | None, item: Item) -> str:
        lines = [f"{each.score:.4f}\t{one_line(each.text)}" if scored else one_line(each.text) for each in found or []]
        return "".join(f"{one_line(item.text)}\t{line}\n" for line in lines or [""])

    return Layout(tuple(names), cells, to_object, {"predictions": []}, "image", plain=plain)


def _read_one(model: Captioner, given: str) -> str:
    return given.strip()


COMMANDS = TaskCommands(fit, evaluate, predict, read_one=_read_one, examples=examples, options=(TOP, ATTENTION))
