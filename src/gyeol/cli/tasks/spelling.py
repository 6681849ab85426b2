"""``gyeol fit spell`` and ``gyeol correct``: a corrector trained and asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.asking import SKIP, STRICT, handling
from gyeol.cli.answers.output import note, object_out, one_line, percent, pieces_out, table, told
from gyeol.cli.answers.rows import Item, bad_item, chunked
from gyeol.cli.answers.stream import Answers, Layout, written
from gyeol.cli.model import load_model
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
from gyeol.cli.tasks.table import Question
from gyeol.cli.training import begun, measured, saved, stop_where_interrupted, training_told
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.tasks import SpellingCorrector
    from gyeol.tasks.spelling.corrector import Change

__all__ = ["correct", "evaluate_spelling", "spell"]

_CHUNK = 512  # lines of a file corrected at once


def spell(
    data: str = typer.Argument(metavar="CORPUS", help="A text file without many errors, or a named data set."),
    out: Path = OUT,
    pairs: list[Path] = typer.Option(
        [], "--pairs", metavar="FILE", help="Errors, lines 'typed<TAB>meant' or 'meant: typed typed'; may be repeated."
    ),
    valid: str = typer.Option(None, "--valid", metavar="FILE", help="Texts to watch; else the last lines of CORPUS."),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column of the texts, by name or number."),
    config: Path = CONFIG,
    set: list[str] = SET,
    seed: int = SEED,
    time_limit: str = TIME_LIMIT,
    threads: int = THREADS,
    resume: bool = RESUME,
    force: bool = FORCE,
    header: bool = HEADER,
    skip_bad_rows: bool = typer.Option(False, "--skip-bad-rows", help="Leave out rows that cannot be read."),
    settings: bool = settings_option("spell"),
    json: bool = JSON,
    quiet: bool = QUIET,
) -> None:
    """Learn to correct spelling from a corpus.

    With --pairs, errors are learned from a list of them. Without it they are made by rule: neighbouring keys, final
    consonants, letters lost, doubled and swapped.

    Examples: gyeol fit spell nsmc --out korean

    gyeol fit spell english.txt --pairs birkbeck.txt --out english
    """
    check_first(("spell",), out, config, set, time_limit, resume, data, valid, *map(str, pairs))
    from gyeol.data.text.sources import Texts, find_source
    from gyeol.data.text.typo_pairs import read_typo_pairs
    from gyeol.tasks import SpellingCorrector
    from gyeol.tasks.training.progress import Bar

    options = {"random_state": seed, "threads": threads, "time_limit": time_limit}
    model, run = begun(SpellingCorrector, config, set, options, out, resume, force)
    errors = [pair for file in pairs for pair in read_typo_pairs(file)]
    source = find_source(data, "train", input=input, header=header)
    texts = list(read := Texts(source, skip_bad_rows=skip_bad_rows))
    told(read)
    held = None
    if valid is not None:
        held = list(Texts(find_source(valid, "valid", input=input, header=header), skip_bad_rows=skip_bad_rows)), None
    if not (quiet or json):
        note(f"{source.name}: {len(texts):,} lines; {f'{len(errors):,} pairs' if errors else 'errors made by rule'}")
    progress = None if quiet or json else Bar("characters", shares=False)
    about = {"data": source.name, "pairs": len(errors)}
    model.fit(texts, errors or None, validation=held, **run.how, progress=progress, about=about)
    kept = saved(model, out, run)
    answer: dict[str, Any] = {
        "model": str(out), "task": model.task, "words": len(model.lexicon_.counts), "pairs": len(errors),
        "bits_from_left": model.metrics_["valid_bits_from_left"],
        "bits_from_right": model.metrics_["valid_bits_from_right"],
        "stopped": model.about_["stopped"], "seconds": model.about_["seconds"],
        "weights": sum(p.numel() for p in model.net_.parameters()), **training_told(model),
        **({"kept": str(kept)} if kept else {}),
    }  # fmt: skip
    if json:
        object_out(answer)
    else:
        typer.echo(
            f"bits per character {answer['bits_from_left']:.3f} from the left, {answer['bits_from_right']:.3f} from "
            f"the right, on {measured(answer)}"
        )
        typer.echo(f"saved: {out} ({answer['words']:,} words, {answer['weights']:,} weights)")
        typer.echo(f'next:  gyeol correct {out} "..."     gyeol evaluate {out} PAIRS')
    stop_where_interrupted(answer)


def correct(
    model: Path = typer.Argument(metavar="MODEL", help="A model folder of gyeol fit spell."),
    texts: list[str] = typer.Argument(None, metavar="TEXT", help="Texts."),
    file: Path = typer.Option(None, "--file", "-f", metavar="FILE", help="A text file: every line corrected."),
    threshold: float = typer.Option(
        None, "--threshold", metavar="P", help="Change only what is so probable, from 0 to 1; else the model's own."
    ),
    skip_bad_rows: bool = SKIP,
    strict: bool = STRICT,
    threads: int = THREADS,
    json: bool = JSON,
) -> None:
    """Correct spelling and spacing; say what was changed, and why.

    What is right stays as it is, character by character. With --file the corrected lines go to standard output.

    Examples: gyeol correct korean "다시 보고 싶은 영하"

    gyeol correct english --file letter.txt --threshold 0.9 > corrected.txt
    """
    if bool(texts) == (file is not None):
        raise ParameterError('give texts, or --file FILE: gyeol correct MODEL "다시 보고 싶은 영하"')
    if threshold is not None and not 0 <= threshold <= 1:
        raise ParameterError(f"--threshold {threshold}: expected a probability, from 0 to 1")
    made = _corrector(model, threads)
    if file is not None:
        question = Question(model, json, file=str(file), skip_bad_rows=skip_bad_rows, strict=strict)
        _correct_file(made, question, threshold)
        return
    for place, text in enumerate(texts, 1):
        if any("\ud800" <= c <= "\udfff" for c in text):  # bytes that the terminal's encoding does not have
            raise DataError(f"text {place} is not in the terminal's encoding: save it as a file and pass --file FILE")
    answers = made.correct_many(texts, threshold)
    if json:
        rows = [_answer(text, *answer) for text, answer in zip(texts, answers, strict=True)]
        object_out({"model": str(model), "corrections": rows})
        return
    for corrected, changes in answers:
        typer.echo(corrected)
        if changes:
            typer.echo(table([_shown(change) for change in changes]))


def _correct_file(made: SpellingCorrector, question: Question, threshold: float | None) -> None:
    """Write a file's lines corrected; one that cannot be read as a text stays empty."""
    file, changed = question.file or "", 0

    def find(lines: list[str]) -> list[tuple[str, str, list[Change]]]:
        nonlocal changed
        found = [(line, *answer) for line, answer in zip(lines, made.correct_many(lines, threshold), strict=True)]
        changed += sum(len(changes) for _, _, changes in found)
        return found

    layout = Layout((), lambda _: [], lambda one: _answer(*one), {"text": "", "corrected": None}, "", plain=_corrected)
    answers = Answers(chunked(_lines(file), _CHUNK), find, layout, Path(file).name, handling(question))
    form = "object" if question.json else "plain"
    pieces_out(written(answers, form, {"model": str(question.model), "file": file}, rows="corrections"), None)
    if not question.json:
        note(f"{file}: {changed:,} changes in {answers.count + answers.bad:,} lines; --json says which and why")


def _lines(file: str) -> Iterator[Item]:
    """Read the lines of a text file; blank ones are corrected, too: to themselves."""
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


def evaluate_spelling(made: SpellingCorrector, model: Path, data: str, json: bool) -> None:
    """Print a corrector's figures on pairs of what was typed and what was meant."""
    from gyeol.data.text.sources import find_source
    from gyeol.data.text.typo_pairs import read_typo_pairs

    source = find_source(data, "test")
    pairs = read_typo_pairs(source.path)
    figures = made.evaluate([typed for typed, _ in pairs], [meant for _, meant in pairs])
    if json:
        object_out({"model": str(model), "data": source.name, **figures})
        return
    typer.echo(
        f"accuracy {percent(figures['accuracy'])}   precision {percent(figures['precision'])}   "
        f"recall {percent(figures['recall'])}   right words spoiled {percent(figures['spoiled'])}   "
        f"on {figures['count']:,} texts of {source.name}, {figures['errors']:,} errors"
    )


def _corrector(path: Path, threads: int | None) -> SpellingCorrector:
    made: SpellingCorrector = load_model(path, threads, task="spell")
    return made
