"""``gyeol fit translate`` and ``gyeol chat``; ``evaluate`` of translators (``predict`` is `translation`)."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from gyeol.cli.answers.examples import Examples
from gyeol.cli.answers.output import note, object_out, one_line, report_reading
from gyeol.cli.answers.reading import remembered
from gyeol.cli.answers.rows import reason_of
from gyeol.cli.options.answers import ATTENTION, TOP
from gyeol.cli.options.training import HEADER, THREADS
from gyeol.cli.task_commands import Request, TaskCommands
from gyeol.cli.tasks.translation import ENSEMBLE, TEMPERATURE, WEIGHTS, predict, translate, translator
from gyeol.cli.training import Training, measured_after
from gyeol.data.tables.rows import BadRow
from gyeol.errors import DataError

if TYPE_CHECKING:
    from io import BufferedIOBase

    from gyeol.data.text.parallel import Parallel
    from gyeol.tasks import Translator

__all__ = ["COMMANDS"]


def fit(
    data: str = typer.Argument(metavar="DATA", help="File with two columns, or the first of two files, or a data set."),
    targets: str = typer.Argument(None, metavar="TARGETS", help="The second file, parallel to DATA line by line."),
    valid: str = typer.Option(None, "--valid", metavar="FILE", help="Validation pairs; default: a part of DATA."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column (or language) to translate from."),
    target: str = typer.Option(None, "--target", metavar="COL", help="Column (or language) to translate to."),
    header: bool = HEADER,
    skip_bad_rows: bool = typer.Option(False, "--skip-bad-rows", help="Skip pairs with an empty side."),
    *,
    training: Training,
) -> None:
    """Learn to map texts to texts: translations, answers.

    Examples: gyeol fit translate pairs-ko-en --out ko-en

    gyeol fit translate multi30k --input de --target en --out de-en

    gyeol fit translate questions.txt answers.txt --out answers
    """
    training.check(data, targets, valid)
    from gyeol.data.text.parallel import languages_of, read_parallel
    from gyeol.data.text.sources import has_role
    from gyeol.tasks import Translator

    model = training.model(Translator)
    how: dict[str, Any] = {"input": input, "target": target, "skip_bad_rows": skip_bad_rows, "header": header}
    role = "train" if languages_of(data) or has_role(data, "train") else "all"
    pairs = report_reading(read_parallel(data, role, targets=targets, **how))
    validation = None
    if valid is not None or languages_of(data) or has_role(data, "valid"):
        part = read_parallel(valid or data, "valid", **how)
        validation = part.sources, part.targets
    training.note(f"{pairs.name}: {len(pairs.sources):,} pairs")
    training.fit(model, pairs.sources, pairs.targets, validation=validation, noun="pairs", about=pairs.about())
    answer = training.save(model)
    training.close(
        answer,
        [f"{_figures(answer)}   {measured_after(answer, ' (greedy)')}"],
        'gyeol translate {} "..."',
        "gyeol evaluate {} TEST_FILE",
        "gyeol chat {}",
    )


def _figures(figures: dict[str, Any]) -> str:
    return f"BLEU {figures['bleu']:.2f}   chrF {figures['chrf']:.2f}   perplexity {figures['perplexity']:.2f}"


def examples(model: Translator, request: Request) -> Examples:
    """Read pairs."""
    from gyeol.data.text.parallel import read_parallel

    skip = request.skip_bad_rows
    pairs = read_parallel(
        request.data, "test", input=request.input, target=request.target, skip_bad_rows=skip,
        header=request.header, remembered=remembered(model),
    )  # fmt: skip
    if skip:
        _skip_long(model, pairs)
    report_reading(pairs)
    return Examples(
        pairs.sources, pairs.targets, pairs.name, "pairs", pairs.about(), pairs.lines, str(pairs.path), len(pairs.bad)
    )


def evaluate(model: Translator, request: Request) -> None:
    """Print a translator's figures on pairs."""
    test = examples(model, request)
    others = [translator(path, model.threads) for path in request.option("ensemble")]
    with test.named():
        figures = model.evaluate(test.X, test.y, ensemble=others)
    if request.json:
        object_out({"model": str(request.model_path), **test.object(), **figures})
        return
    typer.echo(f"{_figures(figures)}   on {figures['count']:,} pairs of {test.name}, beam {figures['beam_size']}")
    typer.echo(f"BLEU signature (sacrebleu): {figures['signature']}")


def _skip_long(model: Translator, pairs: Parallel) -> None:
    """Skip pairs whose source is longer than the model reads."""
    from gyeol.data.tables.rows import BadRow

    reasons = model.unreadable(pairs.sources)
    pairs.bad += [BadRow(pairs.lines[at], reason_of(DataError(reason)), "value") for at, reason in reasons.items()]
    for values in (pairs.sources, pairs.targets, pairs.lines):
        values[:] = [value for at, value in enumerate(cast("list[Any]", values)) if at not in reasons]
    if not pairs.sources:
        raise DataError(f"{pairs.path}, line {pairs.bad[0].line}: {pairs.bad[0].reason}; no pair is left to evaluate")


def chat(
    model_path: Path = typer.Argument(metavar="MODEL", help="Model of 'gyeol fit translate', trained on replies."),
    turns: int = typer.Option(
        0, "--turns", metavar="N", min=0, help="Lines of the conversation to read before each new one."
    ),
    temperature: float = TEMPERATURE,
    weights: str = WEIGHTS,
    threads: int = THREADS,
    json: bool = typer.Option(False, "--json", help="Print one JSON object per line."),
) -> None:
    """Chat: a line in, a reply out; Ctrl-D ends.

    Notes how many tokens of a line the model has not seen in training. With --json every line of standard input, even
    a blank one, gets one line of JSON: line, text, answer, unknown, tokens; or its error instead.

    Example: gyeol chat my-answers
    """
    from gyeol.data.tables.pipe import read_pipe

    model = translator(model_path, threads)
    shown = sys.stdin.isatty() and not json
    if shown:
        note("type a line and press Return; Ctrl-D ends")
    before: list[str] = []
    prompt = partial(_prompt, shown)
    prompt()
    for lines in read_pipe(cast("BufferedIOBase", sys.stdin.buffer)):
        for row in lines:
            number, line = (row.line, "") if isinstance(row, BadRow) else row
            reply: dict[str, Any] = {"line": number, "text": line.strip(), "answer": None}
            if isinstance(row, BadRow) or not line.strip():
                reply["error"] = row.reason if isinstance(row, BadRow) else "the text is empty"
            else:
                reply |= _replied(model, line.strip(), before, weights, temperature, number)
            _print_reply(reply, json)
            if turns and reply["answer"] is not None:
                before = [*before, reply["text"], reply["answer"]][-turns:]
        prompt()


def _prompt(shown: bool) -> None:
    if shown:
        sys.stderr.write("> ")
        sys.stderr.flush()


def _replied(
    model: Translator, line: str, before: list[str], weights: str, temperature: float | None, seed: int
) -> dict[str, Any]:
    """Reply to a line, given those before it; or return the error."""
    try:
        unknown, tokens = model.unknown_share(line)
        (found,) = model.translate([" ".join([*before, line])], weights=weights, temperature=temperature, seed=seed)
    except DataError as error:
        return {"error": reason_of(error)}
    return {"answer": found[0].text if found else "", "unknown": unknown, "tokens": tokens}


def _print_reply(reply: dict[str, Any], json: bool) -> None:
    if json:
        object_out(reply)
    elif reply["answer"] is not None:
        if reply["unknown"]:
            note(f"({reply['unknown']} of {reply['tokens']} tokens of this line are unknown to the model)")
        sys.stdout.write(one_line(reply["answer"]) + "\n")
    elif reply["text"] or reply["error"] != "the text is empty":
        note(f"(line {reply['line']}: {reply['error']})")
    sys.stdout.flush()


COMMANDS = TaskCommands(
    fit, evaluate, predict, examples=examples, verbs={"translate": translate, "chat": chat},
    options=(TOP, ATTENTION, ENSEMBLE), evaluates_without_bad_rows=True,
)  # fmt: skip
