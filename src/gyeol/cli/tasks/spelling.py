"""``gyeol fit spell`` and ``gyeol correct``; ``evaluate`` of spelling correctors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.examples import Examples
from gyeol.cli.answers.output import note, object_out, one_line, percent, pieces_out, report_reading, table
from gyeol.cli.answers.reading import SKIP, STRICT, handling
from gyeol.cli.answers.rows import Item, bad_item, chunked
from gyeol.cli.answers.stream import Answers, Layout, formatted
from gyeol.cli.model import load_model
from gyeol.cli.options.training import HEADER, JSON, SKIP_BAD_ROWS, THREADS
from gyeol.cli.task_commands import Request, TaskCommands
from gyeol.cli.training import Training, measured
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.tasks import SpellingCorrector
    from gyeol.tasks.spelling.corrector import Change

__all__ = ["COMMANDS"]

_CHUNK = 512  # lines of a file corrected at once


def fit(
    data: str = typer.Argument(metavar="CORPUS", help="Text file with few errors, or a data set."),
    pairs: list[Path] = typer.Option(
        [], "--pairs", metavar="FILE", help="Errors, as 'typed<TAB>meant' or 'meant: typed typed'; may be repeated."
    ),
    valid: str = typer.Option(None, "--valid", metavar="FILE", help="Validation texts; default: the end of CORPUS."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column of texts, by name or number."),
    header: bool = HEADER,
    skip_bad_rows: bool = SKIP_BAD_ROWS,
    *,
    training: Training,
) -> None:
    """Learn to correct spelling from a corpus.

    --pairs learns the errors from lists of them. Otherwise errors are generated: neighbouring keys, final consonants,
    and letters omitted, doubled or swapped.

    Examples: gyeol fit spell nsmc --out korean

    gyeol fit spell english.txt --pairs birkbeck.txt --out english
    """
    training.check(data, valid, *map(str, pairs))
    from gyeol.data.text.sources import Texts, find_source
    from gyeol.data.text.typo_pairs import read_typo_pairs
    from gyeol.tasks import SpellingCorrector

    model = training.model(SpellingCorrector)
    errors = [pair for file in pairs for pair in read_typo_pairs(file)]
    source = find_source(data, "train", input=input, header=header)
    texts = list(read := Texts(source, skip_bad_rows=skip_bad_rows))
    report_reading(read)
    validation = None
    if valid is not None:
        part = Texts(find_source(valid, "valid", input=input, header=header), skip_bad_rows=skip_bad_rows)
        validation = list(part), None
    kind = f"{len(errors):,} pairs" if errors else "generated errors"
    training.note(f"{source.name}: {len(texts):,} lines; {kind}")
    about = {"data": source.name, "pairs": len(errors)}
    training.fit(model, texts, errors or None, validation=validation, noun="characters", about=about)
    answer = training.save(
        model, {"stopped": model.about_["stopped"], "seconds": model.about_["seconds"]},
        words=len(model.lexicon_.counts), pairs=len(errors),
        bits_from_left=model.metrics_["valid_bits_from_left"], bits_from_right=model.metrics_["valid_bits_from_right"],
    )  # fmt: skip
    training.close(
        answer,
        [
            f"bits per character {answer['bits_from_left']:.3f} forward, {answer['bits_from_right']:.3f} in reverse, "
            f"on {measured(answer)}"
        ],
        'gyeol correct {} "..."',
        "gyeol evaluate {} PAIRS",
        saved="{words:,} words, {weights:,} weights",
    )


def correct(
    model_path: Path = typer.Argument(metavar="MODEL", help="Model of 'gyeol fit spell'."),
    texts: list[str] = typer.Argument(None, metavar="TEXT", help="Texts to correct."),
    file: Path = typer.Option(None, "--file", "-f", metavar="FILE", help="Text file to correct line by line."),
    threshold: float = typer.Option(
        None,
        "--threshold",
        metavar="P",
        help="Minimum probability of a correction, from 0 to 1; default: that of the model.",
    ),
    skip_bad_rows: bool = SKIP,
    strict: bool = STRICT,
    threads: int = THREADS,
    json: bool = JSON,
) -> None:
    """Correct spelling and spacing; show each change and why.

    Correct text is left unchanged, character by character. With --file the corrected lines go to standard output.

    Examples: gyeol correct korean "다시 보고 싶은 영하"

    gyeol correct english --file letter.txt --threshold 0.9 > corrected.txt
    """
    if bool(texts) == (file is not None):
        raise ParameterError('give either texts or --file FILE: gyeol correct MODEL "다시 보고 싶은 영하"')
    if threshold is not None and not 0 <= threshold <= 1:
        raise ParameterError(f"--threshold {threshold}: expected a probability from 0 to 1")
    model: SpellingCorrector = load_model(model_path, threads, task="spell")
    if file is not None:
        request = Request(model_path, json, file=str(file), skip_bad_rows=skip_bad_rows, strict=strict)
        _correct_file(model, request, threshold)
        return
    for place, text in enumerate(texts, 1):
        if any("\ud800" <= c <= "\udfff" for c in text):  # bytes that the terminal's encoding does not have
            raise DataError(
                f"text {place} is not in the encoding of the terminal: save it to a file and use --file FILE"
            )
    answers = model.correct_many(texts, threshold)
    if json:
        rows = [_answer(text, *answer) for text, answer in zip(texts, answers, strict=True)]
        object_out({"model": str(model_path), "corrections": rows})
        return
    for corrected, changes in answers:
        typer.echo(corrected)
        if changes:
            typer.echo(table([_shown(change) for change in changes]))


def _correct_file(model: SpellingCorrector, request: Request, threshold: float | None) -> None:
    """Print the corrected lines of a file; a line that cannot be read is left empty."""
    file, changed = request.file or "", 0

    def find(lines: list[str]) -> list[tuple[str, str, list[Change]]]:
        nonlocal changed
        found = [(line, *answer) for line, answer in zip(lines, model.correct_many(lines, threshold), strict=True)]
        changed += sum(len(changes) for _, _, changes in found)
        return found

    layout = Layout((), lambda _: [], lambda one: _answer(*one), {"text": "", "corrected": None}, "", plain=_corrected)
    answers = Answers(chunked(_lines(file), _CHUNK), find, layout, Path(file).name, handling(request))
    form = "object" if request.json else "plain"
    pieces_out(formatted(answers, form, {"model": str(request.model_path), "file": file}, rows="corrections"), None)
    if not request.json:
        note(f"{file}: {changed:,} changes in {answers.count + answers.bad:,} lines; --json lists them with reasons")


def _lines(file: str) -> Iterator[Item]:
    """Read the lines of a text file; blank ones too, which stay as they are."""
    from gyeol.data.paths import check_file
    from gyeol.data.tables.lines import MAX_LINE, read_lines
    from gyeol.data.tables.rows import too_long

    for number, line in read_lines(check_file(file)):
        yield bad_item(too_long(number)) if len(line) > MAX_LINE else Item(number, line.removesuffix("\r"))


def _corrected(one: tuple[str, str, list[Change]] | None, _: Item) -> str:
    return f"{one[1] if one is not None else ''}\n"


def _answer(text: str, corrected: str, changes: list[Change]) -> dict[str, Any]:
    return {"text": text, "corrected": corrected, "changes": [asdict(change) for change in changes]}


def _shown(change: Change) -> list[str]:
    shares = ", ".join(f"{name} {getattr(change, name):+.1f}" for name in ("channel", "left", "right", "frequency"))
    words = f"  {one_line(change.typed)} -> {one_line(change.meant)}"
    return [words, f"{change.probability:.3f}", change.why, f"({shares})"]


def examples(model: SpellingCorrector, request: Request) -> Examples:
    """Read pairs of typed and intended text."""
    from gyeol.data.text.sources import find_source
    from gyeol.data.text.typo_pairs import read_typo_pairs

    source = find_source(request.data, "test")
    pairs = read_typo_pairs(source.path)
    typed, meant = [typed for typed, _ in pairs], [meant for _, meant in pairs]
    return Examples(typed, meant, source.name, "texts", {"data": source.name})


def evaluate(model: SpellingCorrector, request: Request) -> None:
    """Print a corrector's figures on pairs of typed and intended text."""
    test = examples(model, request)
    figures = model.evaluate(test.X, test.y)
    if request.json:
        object_out({"model": str(request.model_path), **test.object(), **figures})
        return
    precision = percent(figures["precision"]) if figures["changes"] else "–"
    typer.echo(
        f"accuracy {percent(figures['accuracy'])}   precision {precision}   "
        f"recall {percent(figures['recall'])}   correct words changed {percent(figures['spoiled'])}   "
        f"on {figures['count']:,} texts of {test.name}, {figures['errors']:,} errors"
    )


COMMANDS = TaskCommands(fit, evaluate, "correct", examples=examples, verbs={"correct": correct})
