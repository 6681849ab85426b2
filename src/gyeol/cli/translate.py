"""``gyeol fit translate``, and what ``predict``, ``evaluate`` and ``chat`` do with its models."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.fit import check_checkpoint, made_model, save_or_keep
from gyeol.cli.options import CONFIG, JSON, OUT, QUIET, RESUME, SEED, SET, THREADS, TIME_LIMIT, settings_option
from gyeol.cli.output import note, object_out, one_line
from gyeol.errors import DataError, ModelError, ParameterError

if TYPE_CHECKING:
    from gyeol.tasks import Translator
    from gyeol.tasks.translator_steps import Translation

__all__ = ["chat", "evaluate_pairs", "translate", "translate_texts"]

_CHUNK = 512  # lines of a file held at a time


def translate(
    data: str = typer.Argument(metavar="DATA", help="A file with two columns, or one of two files, or a named set."),
    targets: str = typer.Argument(None, metavar="TARGETS", help="The other file: its lines answer DATA's."),
    out: Path = OUT,
    valid: str = typer.Option(None, "--valid", metavar="FILE", help="Pairs to watch; else some of DATA are held back."),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column (or language) to read."),
    target: str = typer.Option(None, "--target", metavar="COL", help="The column (or language) to write."),
    config: Path = CONFIG,
    set: list[str] = SET,
    seed: int = SEED,
    time_limit: str = TIME_LIMIT,
    threads: int = THREADS,
    resume: bool = RESUME,
    skip_bad_rows: bool = typer.Option(False, "--skip-bad-rows", help="Leave out pairs with an empty side."),
    settings: bool = settings_option("translate"),
    json: bool = JSON,
    quiet: bool = QUIET,
) -> None:
    """Learn to turn texts into others: translations, answers.

    Examples: gyeol fit translate pairs-ko-en --out ko-en

    gyeol fit translate multi30k --input de --target en --out de-en

    gyeol fit translate questions.txt answers.txt --out answers
    """
    from gyeol.data.parallel import languages_of, read_parallel
    from gyeol.data.sources import has_role
    from gyeol.tasks import Translator
    from gyeol.tasks.progress import Bar
    from gyeol.tasks.storage import check_place

    options = {"random_state": seed, "threads": threads, "time_limit": time_limit}
    model = made_model(Translator, config, set, {k: v for k, v in options.items() if v is not None})
    check_place(out)
    keep = check_checkpoint(out, resume)
    role = "train" if languages_of(data) or has_role(data, "train") else "all"
    pairs = read_parallel(data, role, targets=targets, input=input, target=target, skip_bad_rows=skip_bad_rows)
    note(pairs.left_out())
    held = None
    if valid is not None or languages_of(data) or has_role(data, "valid"):
        watched = read_parallel(valid or data, "valid", input=input, target=target, skip_bad_rows=skip_bad_rows)
        held = watched.sources, watched.targets
    if not (quiet or json):
        note(f"{pairs.name}: {len(pairs.sources):,} pairs")
    progress = None if quiet or json else Bar("pairs", shares=False)
    model.fit(
        pairs.sources, pairs.targets, validation=held, checkpoint=keep, resume=resume, progress=progress,
        about=pairs.about(),
    )  # fmt: skip
    save_or_keep(model, out, keep)
    best = model.history_.best
    answer: dict[str, Any] = {
        "model": str(out), "task": model.task, "bleu": best["valid_bleu"], "chrf": best["valid_chrf"],
        "perplexity": best["valid_perplexity"], "epoch": best["epoch"], "epochs": len(model.history_.records),
        "stopped": model.history_.stopped, "seconds": round(model.history_.seconds, 1),
        "weights": sum(p.numel() for p in model.net_.parameters()),
    }  # fmt: skip
    if json:
        object_out(answer)
    else:
        typer.echo(
            f"BLEU {answer['bleu']:.2f}   chrF {answer['chrf']:.2f}   perplexity {answer['perplexity']:.2f}   on the "
            f"validation part (greedy), after epoch {answer['epoch']} of {answer['epochs']}, {answer['seconds']:.0f} s"
        )
        typer.echo(f"saved: {out} ({answer['weights']:,} weights)")
        typer.echo(f'next:  gyeol predict {out} "..."     gyeol evaluate {out} TEST_FILE     gyeol chat {out}')
    if answer["stopped"] == "interrupted":
        note(f"interrupted: the best model so far is saved in {out}; the same command with --resume goes on")
        raise typer.Exit(130)


def evaluate_pairs(
    made: Translator, model: Path, data: str, input: str | None, target: str | None, skip: bool, json: bool
) -> None:
    """Print a translator's figures on pairs."""
    from gyeol.data.parallel import read_parallel

    pairs = read_parallel(data, "test", input=input, target=target, skip_bad_rows=skip)
    note(pairs.left_out())
    figures = made.evaluate(pairs.sources, pairs.targets)
    if json:
        object_out({"model": str(model), **pairs.about(), "left_out": len(pairs.bad), **figures})
        return
    typer.echo(
        f"BLEU {figures['bleu']:.2f}   chrF {figures['chrf']:.2f}   perplexity {figures['perplexity']:.2f}   on "
        f"{figures['count']:,} pairs of {pairs.name}, beam {figures['beam_size']}"
    )
    typer.echo(f"BLEU is sacrebleu's: {figures['signature']}")


def translate_texts(
    made: Translator, model: Path, texts: list[str] | None, file: str | None, input: str | None, top: int | None,
    json: bool, look: bool, out: Path | None,
) -> None:  # fmt: skip
    """Translate texts, the lines of a file, or those of standard input; show where each word looked."""
    if out is not None:
        _draw(made, texts, out)
        return
    if texts:
        lines: Iterable[str] = texts
    elif file is not None:
        from gyeol.data.sources import Texts, find_source

        lines = Texts(find_source(file, "test", input=input))
    else:
        lines = (line.rstrip("\r\n") for line in sys.stdin)
    answers = []
    for line, found in _translations(made, lines, top or 1):
        if json:
            answers.append({"text": line, "predictions": [_as_object(each, top) for each in found]})
            continue
        for each in found:
            typer.echo(one_line(each.text) if top is None else f"{each.score:.4f}\t{one_line(each.text)}")
            if look:
                typer.echo(each.map().to_text(color=sys.stdout.isatty()))
        if not found:
            typer.echo("")
    if json:
        object_out({"model": str(model), "predictions": answers})


def _draw(made: Translator, texts: list[str] | None, out: Path) -> None:
    """Write the attention of one translation as a picture or a page."""
    if texts is None or len(texts) != 1:
        raise ParameterError("--out takes one text here, and draws where its translation looked")
    ((best, *_),) = made.translate(texts)
    attention = best.map()
    if out.suffix.lower() == ".png":
        attention.to_png(out)
    elif out.suffix.lower() in (".html", ".htm"):
        attention.to_html(out)
    else:
        raise ParameterError(
            f"--out {out}: of a translation name a .png or .html file; its text is printed without --out"
        )
    typer.echo(one_line(best.text))
    note(f"where it looked: {out}")


def _translations(made: Translator, lines: Iterable[str], best: int) -> Iterator[tuple[str, list[Translation]]]:
    lines = iter(lines)
    number = 0
    while chunk := list(islice(lines, _CHUNK)):
        full = [line for line in chunk if line.strip()]
        try:
            found = iter(made.translate(full, beam_size=max(5, best), n_best=best) if full else [])
        except DataError as error:
            if number == 0 and len(full) == len(chunk):
                raise
            raise DataError(f"of the texts after line {number}: {error}") from error
        for line in chunk:
            yield line, next(found) if line.strip() else []
        number += len(chunk)


def _as_object(each: Translation, top: int | None) -> dict[str, Any]:
    told: dict[str, Any] = {"text": each.text, "score": each.score, "log_probability": each.log_probability}
    if top is None and each.attention is not None:
        told |= {"source": each.source, "target": each.target, "attention": each.attention.tolist()}
    return told


def chat(
    model: Path = typer.Argument(metavar="MODEL", help="A model folder of gyeol fit translate, trained on answers."),
    turns: int = typer.Option(0, "--turns", metavar="N", min=0, help="How many last lines go before each new one."),
    threads: int = THREADS,
) -> None:
    """Talk: a line in, an answer out; Ctrl-D ends.

    What the model does not know it says so: how many words of a line it never saw.

    Example: gyeol chat my-answers
    """
    from gyeol.tasks import Translator, load

    made = load(model)
    if not isinstance(made, Translator):
        raise ModelError(f"{model} is a model of 'fit {made.task}': chat is for those of 'fit translate'")
    made.set_params(threads=threads)
    shown = sys.stdin.isatty()
    if shown:
        note("a line and Return; Ctrl-D ends")
    before: list[str] = []
    while True:
        if shown:
            sys.stderr.write("> ")
            sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            break
        line = line.strip()
        if not line:
            continue
        unknown, tokens = made.unknown_share(line)
        if unknown:
            note(f"({unknown} of {tokens} pieces of this line are new to the model)")
        try:
            (found,) = made.translate([" ".join([*before, line])])
        except (DataError, ParameterError) as error:
            note(f"({error})")
            continue
        answer = found[0].text if found else ""
        typer.echo(one_line(answer))
        before = [*before, line, answer][-turns:] if turns else []
