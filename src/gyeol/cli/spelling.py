"""``gyeol fit spell`` and ``gyeol correct``: a corrector trained and asked."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.first_checks import check_first
from gyeol.cli.model import load_model
from gyeol.cli.options import (
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
from gyeol.cli.output import note, object_out, one_line, percent, table, told
from gyeol.cli.training import begun, measured, saved, stop_where_interrupted, training_told
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.tasks import SpellingCorrector
    from gyeol.tasks.spelling_corrector import Change

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
    from gyeol.data.pairs import read_pairs
    from gyeol.data.sources import Texts, find_source
    from gyeol.tasks import SpellingCorrector
    from gyeol.tasks.progress import Bar

    options = {"random_state": seed, "threads": threads, "time_limit": time_limit}
    model, run = begun(SpellingCorrector, config, set, options, out, resume, force)
    errors = [pair for file in pairs for pair in read_pairs(file)]
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
        _correct_file(made, model, file, threshold, json)
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


def _correct_file(made: SpellingCorrector, model: Path, file: Path, threshold: float | None, json: bool) -> None:
    from itertools import islice

    from gyeol.data.lines import open_text

    lines = (line for _, line in open_text(file))
    count, changed, rows = 0, 0, []
    while chunk := list(islice(lines, _CHUNK)):
        for line, (corrected, changes) in zip(chunk, made.correct_many(chunk, threshold), strict=True):
            count, changed = count + 1, changed + len(changes)
            if json:
                rows.append({"line": count, **_answer(line, corrected, changes)})
            else:
                typer.echo(corrected)
    if json:
        object_out({"model": str(model), "file": str(file), "corrections": rows})
    else:
        note(f"{file}: {changed:,} changes in {count:,} lines; --json says which and why")


def _answer(text: str, corrected: str, changes: list[Change]) -> dict[str, Any]:
    return {"text": text, "corrected": corrected, "changes": [asdict(change) for change in changes]}


def _shown(change: Change) -> list[str]:
    shares = ", ".join(f"{name} {getattr(change, name):+.1f}" for name in ("channel", "left", "right", "frequency"))
    words = f"  {one_line(change.typed)} -> {one_line(change.meant)}"
    return [words, f"{change.probability:.3f}", change.why, f"({shares})"]


def evaluate_spelling(made: SpellingCorrector, model: Path, data: str, json: bool) -> None:
    """Print a corrector's figures on pairs of what was typed and what was meant."""
    from gyeol.data.pairs import read_pairs
    from gyeol.data.sources import find_source

    source = find_source(data, "test")
    pairs = read_pairs(source.path)
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
