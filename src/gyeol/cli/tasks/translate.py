"""``gyeol fit translate``, and what ``evaluate`` and ``chat`` do with its models."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from gyeol.cli.answers.asking import at_lines, remembered
from gyeol.cli.answers.output import note, object_out, one_line, told
from gyeol.cli.answers.rows import reason_of
from gyeol.cli.options.first_checks import check_first
from gyeol.cli.options.training import (
    CONFIG,
    FORCE,
    HEADER,
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
from gyeol.cli.tasks.translation import TEMPERATURE, WEIGHTS, translator
from gyeol.cli.training import begun, ended, stop_where_interrupted
from gyeol.data.tables.rows import BadRow
from gyeol.errors import DataError

if TYPE_CHECKING:
    from io import BufferedIOBase

    from gyeol.cli.tasks.table import Question
    from gyeol.data.text.parallel import Parallel
    from gyeol.tasks import Translator

__all__ = ["chat", "evaluate_pairs", "translate"]


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
    force: bool = FORCE,
    header: bool = HEADER,
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
    check_first(("translate",), out, config, set, time_limit, resume, data, targets, valid)
    from gyeol.data.text.parallel import languages_of, read_parallel
    from gyeol.data.text.sources import has_role
    from gyeol.tasks import Translator
    from gyeol.tasks.training.progress import Bar

    options = {"random_state": seed, "threads": threads, "time_limit": time_limit}
    model, run = begun(Translator, config, set, options, out, resume, force)
    role = "train" if languages_of(data) or has_role(data, "train") else "all"
    pairs = told(
        read_parallel(
            data, role, targets=targets, input=input, target=target, skip_bad_rows=skip_bad_rows, header=header
        )
    )
    held = None
    if valid is not None or languages_of(data) or has_role(data, "valid"):
        watched = read_parallel(
            valid or data, "valid", input=input, target=target, skip_bad_rows=skip_bad_rows, header=header
        )
        held = watched.sources, watched.targets
    if not (quiet or json):
        note(f"{pairs.name}: {len(pairs.sources):,} pairs")
    progress = None if quiet or json else Bar("pairs", shares=False)
    model.fit(
        pairs.sources, pairs.targets, validation=held, **run.how, progress=progress,
        about=pairs.about(),
    )  # fmt: skip
    answer = ended(model, out, run)
    if json:
        object_out(answer)
    else:
        typer.echo(
            f"BLEU {answer['bleu']:.2f}   chrF {answer['chrf']:.2f}   perplexity {answer['perplexity']:.2f}   on the "
            f"validation part (greedy), after epoch {answer['epoch']} of {answer['epochs']}, {answer['seconds']:.0f} s"
        )
        typer.echo(f"saved: {out} ({answer['weights']:,} weights)")
        typer.echo(f'next:  gyeol translate {out} "..."     gyeol evaluate {out} TEST_FILE     gyeol chat {out}')
    stop_where_interrupted(answer)


def evaluate_pairs(made: Translator, question: Question) -> None:
    """Print a translator's figures on pairs."""
    from gyeol.data.text.parallel import read_parallel

    model, skip = question.model, question.skip_bad_rows
    pairs = read_parallel(
        question.data, "test", input=question.input, target=question.target, skip_bad_rows=skip,
        header=question.header, remembered=remembered(made),
    )  # fmt: skip
    if skip:
        _leave_out_long(made, pairs)
    told(pairs)
    others = [translator(path, made.threads) for path in question.ensemble]
    with at_lines(str(pairs.path), pairs.lines):
        figures = made.evaluate(pairs.sources, pairs.targets, ensemble=others)
    if question.json:
        object_out({"model": str(model), **pairs.about(), "left_out": len(pairs.bad), **figures})
        return
    typer.echo(
        f"BLEU {figures['bleu']:.2f}   chrF {figures['chrf']:.2f}   perplexity {figures['perplexity']:.2f}   on "
        f"{figures['count']:,} pairs of {pairs.name}, beam {figures['beam_size']}"
    )
    typer.echo(f"BLEU is sacrebleu's: {figures['signature']}")


def _leave_out_long(made: Translator, pairs: Parallel) -> None:
    """Leave out pairs whose source is longer than the model reads."""
    from gyeol.data.tables.rows import BadRow

    reasons = made.unreadable(pairs.sources)
    pairs.bad += [BadRow(pairs.lines[at], reason_of(DataError(reason)), "value") for at, reason in reasons.items()]
    for values in (pairs.sources, pairs.targets, pairs.lines):
        values[:] = [value for at, value in enumerate(cast("list[Any]", values)) if at not in reasons]
    if not pairs.sources:
        raise DataError(f"{pairs.path}, line {pairs.bad[0].line}: {pairs.bad[0].reason}; no pair is left")


def chat(
    model: Path = typer.Argument(metavar="MODEL", help="A model folder of gyeol fit translate, trained on answers."),
    turns: int = typer.Option(0, "--turns", metavar="N", min=0, help="How many last lines go before each new one."),
    temperature: float = TEMPERATURE,
    weights: str = WEIGHTS,
    threads: int = THREADS,
    json: bool = typer.Option(False, "--json", help="Print one JSON object a line."),
) -> None:
    """Talk: a line in, an answer out; Ctrl-D ends.

    What the model does not know it says so: how many words of a line it never saw. With --json every line of standard
    input, a blank one too, gets one line of JSON: line, text, answer, unknown, tokens; without an answer, its error.

    Example: gyeol chat my-answers
    """
    from gyeol.data.tables.pipe import read_pipe

    made = translator(model, threads)
    shown = sys.stdin.isatty() and not json
    if shown:
        note("a line and Return; Ctrl-D ends")
    before: list[str] = []
    prompt = partial(_prompt, shown)
    prompt()
    for lines in read_pipe(cast("BufferedIOBase", sys.stdin.buffer)):
        for row in lines:
            number, line = (row.line, "") if isinstance(row, BadRow) else row
            told: dict[str, Any] = {"line": number, "text": line.strip(), "answer": None}
            if isinstance(row, BadRow) or not line.strip():
                told["error"] = row.reason if isinstance(row, BadRow) else "the text is empty"
            else:
                told |= _replied(made, line.strip(), before, weights, temperature, number)
            _say(told, json)
            if turns and told["answer"] is not None:
                before = [*before, told["text"], told["answer"]][-turns:]
        prompt()


def _prompt(shown: bool) -> None:
    if shown:
        sys.stderr.write("> ")
        sys.stderr.flush()


def _replied(
    made: Translator, line: str, before: list[str], weights: str, temperature: float | None, seed: int
) -> dict[str, Any]:
    """Answer a line, after those before it, or say why not."""
    try:
        unknown, tokens = made.unknown_share(line)
        (found,) = made.translate([" ".join([*before, line])], weights=weights, temperature=temperature, seed=seed)
    except DataError as error:
        return {"error": reason_of(error)}
    return {"answer": found[0].text if found else "", "unknown": unknown, "tokens": tokens}


def _say(told: dict[str, Any], json: bool) -> None:
    if json:
        object_out(told)
    elif told["answer"] is not None:
        if told["unknown"]:
            note(f"({told['unknown']} of {told['tokens']} pieces of this line are new to the model)")
        sys.stdout.write(one_line(told["answer"]) + "\n")
    elif told["text"] or told["error"] != "the text is empty":
        note(f"(line {told['line']}: {told['error']})")
    sys.stdout.flush()
