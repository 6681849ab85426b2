"""``gyeol fit frames``, and what ``evaluate`` and ``predict`` do with its models."""

from __future__ import annotations

import json as _json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from gyeol.cli.answers.asking import PIPE, answers_out, handling
from gyeol.cli.answers.figures import evaluation_told
from gyeol.cli.answers.output import confusion, note, object_out, object_pieces, one_line, pieces_out
from gyeol.cli.answers.rows import piped_items
from gyeol.cli.answers.stream import Answers, Handling, Layout, format_of, separated
from gyeol.cli.options.first_checks import check_first
from gyeol.cli.options.numbers import DECIMAL, MISSING, Written
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
from gyeol.cli.training import accuracy_line, begun, ended, measured, stop_where_interrupted
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from gyeol.cli.tasks.table import Question
    from gyeol.data.annotations.frames import LabelledFrames
    from gyeol.data.series.wide_table import RowNumbers
    from gyeol.tasks import FrameClassifier

__all__ = ["evaluate_frames", "frames", "predict_frames"]


def frames(
    data: str = typer.Argument(
        metavar="DATA", help="A .npz, .csv or .tsv file, a video file, a folder of clips, or the named set clips."
    ),
    out: Path = OUT,
    valid: str = typer.Option(None, "--valid", metavar="DATA", help="Sequences to watch; else a tenth of DATA."),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column that says which sequence a row is of."),
    target: str = typer.Option(None, "--target", metavar="COL", help="The column, or array, of the labels."),
    decimal: str = DECIMAL,
    missing: list[str] = MISSING,
    config: Path = CONFIG,
    set: list[str] = SET,
    seed: int = SEED,
    time_limit: str = TIME_LIMIT,
    threads: int = THREADS,
    resume: bool = RESUME,
    force: bool = FORCE,
    settings: bool = settings_option("frames"),
    json: bool = JSON,
    quiet: bool = QUIET,
) -> None:
    """Learn a label for each frame of clips, or step of numbers.

    Of numbers: a table with a row a step (sequence,x,y,label), or .npz with X (N, T, C), y (N, T), perhaps lengths.

    Of clips: video files, or folders of images, and beside each its labels (clip.csv, clip.txt), or one labels.csv for
    all: clip,start,end,label, where end is the first frame after the range; or clip,frame,label. Start and end may be
    seconds (1.25, 0:01:02.5, a header start_s), or a label file of Audacity.

    Examples: gyeol fit frames clips --out moves --set bidirectional=false

    gyeol data make clips --out my-clips, gyeol fit frames my-clips --out moves

    gyeol fit frames sensors.csv --target state --out sensors
    """
    check_first(("frames",), out, config, set, time_limit, resume, data, valid)
    from gyeol.data.annotations.frames import has_frames_part
    from gyeol.tasks import FrameClassifier
    from gyeol.tasks.training.progress import Bar

    options = {"random_state": seed, "threads": threads, "time_limit": time_limit}
    model, run = begun(FrameClassifier, config, set, options, out, resume, force)
    written = Written(decimal, missing)
    train = _read(data, "train", input, target, written)
    watched = None
    if valid is not None or has_frames_part(data, "valid"):
        held = _read(valid or data, "valid", input, target, replace(written, remembered=train.decimal))
        _check_known(held, {str(label) for row in train.labels for label in row})
        watched = held.sequences, held.labels
    if not (quiet or json):
        note(f"{train.name}: {len(train.sequences):,} sequences, {train.steps:,} steps")
    progress = None if quiet or json else Bar("sequences")
    columns = {"input": input, "target": target, "decimal_mark": train.decimal, "missing": list(missing) or None}
    about: dict[str, Any] = train.about() | {name: value for name, value in columns.items() if value is not None}
    model.fit(
        train.sequences,
        train.labels,
        validation=watched,
        **run.how,
        progress=progress,
        about=about,
    )
    answer = ended(model, out, run)
    if json:
        object_out(answer)
    else:
        typer.echo(
            f"{accuracy_line(answer)}   of the steps of {measured(answer)}, "
            f"after epoch {answer['epoch']} of {answer['epochs']}, {answer['seconds']:.0f} s"
        )
        typer.echo(f"saved: {out} ({answer['weights']:,} weights)")
        typer.echo(f"next:  gyeol predict {out} --file FILE     gyeol evaluate {out} TEST_DATA")
    stop_where_interrupted(answer)


def _read(
    data: str, role: str, input: str | None, target: str | None, written: Written, *, need_labels: bool = True
) -> LabelledFrames:
    from gyeol.data.annotations.frames import read_labelled_frames

    found = read_labelled_frames(data, role, sequence=input, target=target, need_labels=need_labels, **written.how())
    for line in dict.fromkeys(found.notes):
        note(line)
    return found


def _check_known(data: LabelledFrames, known: set[str]) -> None:
    """Hold labels to those of the training."""
    for label in dict.fromkeys(str(label) for row in data.labels for label in row):
        if label not in known:
            where = data.places.get(label, data.name)
            raise DataError(
                f"{where}: the label {label!r:.60} was never seen in training; "
                f"known are: {', '.join(sorted(known)[:12])}"
            )


def _columns(made: FrameClassifier, input: str | None, target: str | None) -> tuple[str | None, str | None]:
    """Take the columns that the model was trained with, where none are named."""
    own = [value if isinstance(value, str) else None for value in map(made.about_.get, ("input", "target"))]
    return input or own[0], target or own[1]


def evaluate_frames(
    made: FrameClassifier, model: Path, data: str, input: str | None, target: str | None, json: bool,
    decimal: str | None = None, missing: Sequence[str] = (),
) -> None:  # fmt: skip
    """Print a model's figures on sequences with their labels."""
    input, target = _columns(made, input, target)
    test = _read(data, "test", input, target, Written.of(made.about_, decimal, missing))
    known = {str(label): label for label in made.classes_.tolist()}
    _check_known(test, {*known})
    figures = made.evaluate(test.sequences, [[known[str(label)] for label in row] for row in test.labels])
    if json:
        object_out({"model": str(model), **test.about(), **figures})
        return
    told, warnings = evaluation_told(figures)
    typer.echo(f"{told}   on {figures['count']:,} steps of {figures['sequences']:,} sequences of {test.name}")
    typer.echo(confusion(figures, made.classes_.tolist()))
    for warning in warnings:
        note(warning)


def predict_frames(made: FrameClassifier, question: Question) -> None:
    """Label clips and sequences as they are read: runs of equal labels, with times where a video has such.

    As JSON each frame by itself. Without a file each line of standard input is a step, answered when it comes.
    """
    clips, file, out = question.texts, question.file, question.out
    form = format_of(out) if out is not None else "object" if question.json else "tsv"
    about = {"model": str(question.model)}
    if file is None and not clips:
        numbers = Written.of(made.about_, question.decimal, question.missing).rows()
        answers_out(_piped(made, handling(question), numbers), form, about, out, json=question.json)
        return
    input, target = _columns(made, question.input, None)
    written = Written.of(made.about_, question.decimal, question.missing)
    known = _sequences(clips or [cast("str", file)], input, target, written, handling(question))
    answers = _answered(made, known, handling(question))
    if form in ("object", "lines"):
        pieces = object_pieces(about, answers) if form == "object" else _lines(answers)
    else:
        pieces = _runs(answers, form)
    pieces_out(pieces, out)
    if out is not None:
        note(f"wrote {out}")


def _sequences(
    given: list[str], input: str | None, target: str | None, written: Written, how: Handling
) -> Iterator[tuple[str, Any]]:
    """Read what is named; of several clips one that cannot be read comes as its error."""
    for data in given:
        try:
            read = _read(data, "test", input, target, written, need_labels=False)
        except DataError as error:
            if len(given) == 1 or how.strict:
                raise
            yield data, error
            continue
        yield from zip(read.names, read.sequences, strict=True)


def _answered(made: FrameClassifier, given: Iterator[tuple[str, Any]], how: Handling) -> Iterator[dict[str, Any]]:
    """Answer sequences step by step; one that cannot be answered to its end does not stop the others."""
    count, failed = 0, list[DataError]()
    for name, one in given:
        try:
            if isinstance(one, DataError):
                raise one
            yield from _steps(made, name, one)
            count += 1
        except DataError as error:
            if how.strict:
                raise
            failed.append(error)
            note(str(error) if name in str(error) else f"{name}: {error}")
            if not how.skip:
                yield {"clip": name, "frame": 0, "label": "", "probability": 0.0, "error": str(error)}
    if failed and not count:
        raise failed[0]
    if failed:
        note(f"{len(failed):,} sequence(s) got no whole answer")


def _steps(made: FrameClassifier, name: str, sequence: Any) -> Iterator[dict[str, Any]]:
    """Answer the steps of a sequence one after the other; of a clip, while it is unpacked."""
    from gyeol.data.media.video_clips import VideoClip

    clip = isinstance(sequence, VideoClip)
    rate = sequence.rate if clip else None
    blocks = made.stream_proba(sequence) if clip else iter(made.predict_proba([sequence]))
    count = 0
    for block in blocks:
        for row in block:
            yield _told(made, name, count, rate, row)
            count += 1


def _told(
    made: FrameClassifier, name: str, step: int, rate: float | None, row: npt.NDArray[np.float64]
) -> dict[str, Any]:
    best = int(row.argmax())
    time = {"time": round(step / rate, 4)} if rate else {}
    return {"clip": name, "frame": step, **time, "label": str(made.classes_[best]), "probability": float(row[best])}


def _piped(made: FrameClassifier, how: Handling, numbers: RowNumbers) -> Answers:
    """Answer each line of standard input when it comes; one that is no step changes nothing for those after it."""
    from gyeol.data.series.series_files import parse_series

    if made.inputs_of_frames is not None:
        raise ParameterError("this model sees clips: name them, gyeol predict MODEL clip.mp4, or --file DATA")
    stream = made.stream()

    def find(steps: list[Any]) -> list[dict[str, Any]]:
        return [_told(made, "", stream.count, None, stream.push_proba(step)[0]) for step in steps]

    def cells(one: dict[str, Any]) -> list[str]:
        return list(_Run(one, one, one["probability"]).fields().values())

    names = ("clip", "start", "end", "label", "probability")
    empty = {"clip": "", "frame": None, "label": None, "probability": None}
    # One at a time: a step that is refused must not be pushed again together with others.
    steps = piped_items(lambda line, n: parse_series(line, f"{PIPE}, line {n}", n, numbers).values.T, 1, blank=False)
    return Answers(steps, find, Layout(names, cells, lambda one: one, empty, "", numbered=False), PIPE, how)


def _lines(answers: Iterator[dict[str, Any]]) -> Iterator[str]:
    for one in answers:
        yield _json.dumps(one, ensure_ascii=False, allow_nan=False) + "\n"


@dataclass(slots=True)
class _Run:
    """Equal labels one after the other: the first step of them, the last, and the sum of their probabilities."""

    first: dict[str, Any]
    last: dict[str, Any]
    total: float = 0.0

    def fields(self) -> dict[str, str]:
        first, last = self.first, self.last
        found = {"clip": one_line(first["clip"]), "start": str(first["frame"]), "end": str(last["frame"] + 1)}
        if "time" in first:
            step = last["time"] / last["frame"] if last["frame"] else 0.0
            found |= {"from": _clock(first["time"]), "to": _clock(last["time"] + step)}
        mean = self.total / (last["frame"] + 1 - first["frame"])
        return found | {"label": one_line(first["label"]), "probability": f"{mean:.4f}"}


def _runs(answers: Iterator[dict[str, Any]], form: str) -> Iterator[str]:
    """Write runs of equal labels: where one begins, where the next, the mean probability; a header first."""
    begun = False
    for run in _joined(answers):
        fields = run.fields()
        yield separated([list(fields)] * (not begun) + [list(fields.values())], form)
        begun = True


def _joined(answers: Iterator[dict[str, Any]]) -> Iterator[_Run]:
    run: _Run | None = None
    for one in answers:
        alike = run is not None and all(run.first[name] == one[name] for name in ("clip", "label"))
        if run is None or not alike:
            if run is not None:
                yield run
            run = _Run(one, one)
        run.last = one
        run.total += one["probability"]
    if run is not None:
        yield run


def _clock(seconds: float) -> str:
    """Write a time as people read it.

    Examples
    --------
    >>> _clock(83.5)
    '1:23.50'
    """
    minutes, rest = divmod(round(seconds * 100), 6000)
    return f"{minutes}:{rest // 100:02}.{rest % 100:02}"
