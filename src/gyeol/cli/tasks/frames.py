"""``gyeol fit frames``; ``evaluate`` and ``predict`` of its models."""

from __future__ import annotations

import json as _json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import typer

from gyeol.cli.answers.examples import Examples
from gyeol.cli.answers.figures import evaluation_lines
from gyeol.cli.answers.output import confusion, note, object_out, object_pieces, one_line, pieces_out
from gyeol.cli.answers.reading import PIPE, answers_out, handling
from gyeol.cli.answers.rows import piped_items
from gyeol.cli.answers.stream import Answers, Handling, Layout, format_of, separated
from gyeol.cli.options.answers import NUMBERS
from gyeol.cli.options.numbers import DECIMAL, MISSING, NumberNotation
from gyeol.cli.task_commands import Request, TaskCommands
from gyeol.cli.training import Training, accuracy_line, measured_after
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from gyeol.data.annotations.frames import LabelledFrames
    from gyeol.data.series.wide_table import RowNumbers
    from gyeol.tasks import FrameClassifier

__all__ = ["COMMANDS"]


def fit(
    data: str = typer.Argument(
        metavar="DATA", help="A .npz, .csv or .tsv file, a video file, a folder of clips, or the data set clips."
    ),
    valid: str = typer.Option(None, "--valid", metavar="DATA", help="Validation sequences; default: a tenth of DATA."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column of sequence names."),
    target: str = typer.Option(None, "--target", metavar="COL", help="Column, or array, of labels."),
    decimal: str = DECIMAL,
    missing: list[str] = MISSING,
    *,
    training: Training,
) -> None:
    """Learn to label each frame of clips, or step of numbers.

    Numbers: a table with a row per step (sequence,x,y,label), or .npz with X (N, T, C), y (N, T), optionally lengths.

    Clips: video files or folders of images, each with its labels beside it (clip.csv, clip.txt), or one labels.csv for
    all: clip,start,end,label, where end is the first frame after the range; or clip,frame,label. Start and end may be
    seconds (1.25, 0:01:02.5, or a header start_s); label files of Audacity are read too.

    Examples: gyeol fit frames clips --out moves --set bidirectional=false

    gyeol data make clips --out my-clips, gyeol fit frames my-clips --out moves

    gyeol fit frames sensors.csv --target state --out sensors
    """
    training.check(data, valid)
    from gyeol.data.annotations.frames import has_frames_part
    from gyeol.tasks import FrameClassifier

    model = training.model(FrameClassifier)
    notation = NumberNotation(decimal, missing)
    train = _read(data, "train", input, target, notation)
    validation = None
    if valid is not None or has_frames_part(data, "valid"):
        part = _read(valid or data, "valid", input, target, replace(notation, remembered=train.decimal))
        _check_known(part, {str(label) for row in train.labels for label in row})
        validation = part.sequences, part.labels
    training.note(f"{train.name}: {len(train.sequences):,} sequences, {train.steps:,} steps")
    columns = {"input": input, "target": target, "decimal_mark": train.decimal, "missing": list(missing) or None}
    about: dict[str, Any] = train.about() | {name: value for name, value in columns.items() if value is not None}
    training.fit(
        model, train.sequences, train.labels, validation=validation, noun="sequences", shares=True, about=about
    )
    answer = training.save(model)
    training.close(
        answer,
        [f"{accuracy_line(answer)}   per step {measured_after(answer)}"],
        "gyeol predict {} --file FILE",
        "gyeol evaluate {} TEST_DATA",
    )


def _read(
    data: str, role: str, input: str | None, target: str | None, notation: NumberNotation, *, need_labels: bool = True
) -> LabelledFrames:
    from gyeol.data.annotations.frames import read_labelled_frames

    found = read_labelled_frames(
        data, role, sequence=input, target=target, need_labels=need_labels, **notation.reader_arguments()
    )
    for line in dict.fromkeys(found.notes):
        note(line)
    return found


def _check_known(data: LabelledFrames, known: set[str]) -> None:
    """Check labels against those of the training."""
    for label in dict.fromkeys(str(label) for row in data.labels for label in row):
        if label not in known:
            where = data.places.get(label, data.name)
            raise DataError(
                f"{where}: the label {label!r:.60} did not occur in training; "
                f"known labels: {', '.join(sorted(known)[:12])}"
            )


def _columns(model: FrameClassifier, input: str | None, target: str | None) -> tuple[str | None, str | None]:
    """Return the columns to read: those given, or those of the training file."""
    own = [value if isinstance(value, str) else None for value in map(model.about_.get, ("input", "target"))]
    return input or own[0], target or own[1]


def examples(model: FrameClassifier, request: Request) -> Examples:
    """Read sequences with their labels."""
    input, target = _columns(model, request.input, request.target)
    notation = NumberNotation.of(model.about_, request.option("decimal"), request.option("missing"))
    test = _read(request.data, "test", input, target, notation)
    known = {str(label): label for label in model.classes_.tolist()}
    _check_known(test, {*known})
    labels = [[known[str(label)] for label in row] for row in test.labels]
    return Examples(test.sequences, labels, test.name, "sequences", test.about())


def evaluate(model: FrameClassifier, request: Request) -> None:
    """Print a model's figures on sequences with their labels."""
    test = examples(model, request)
    figures = model.evaluate(test.X, test.y)
    if request.json:
        object_out({"model": str(request.model_path), **test.object(), **figures})
        return
    line, warnings = evaluation_lines(figures)
    typer.echo(f"{line}   on {figures['count']:,} steps of {figures['sequences']:,} sequences of {test.name}")
    typer.echo(confusion(figures, model.classes_.tolist()))
    for warning in warnings:
        note(warning)


def predict(model: FrameClassifier, request: Request) -> None:
    """Label clips and sequences as they are read: ranges of equal labels, with times where a video has them.

    In JSON every frame by itself. Without a file each line of standard input is a step, answered at once.
    """
    clips, file, out = request.texts, request.file, request.out
    form = format_of(out) if out is not None else "object" if request.json else "tsv"
    about = {"model": str(request.model_path)}
    notation = NumberNotation.of(model.about_, request.option("decimal"), request.option("missing"))
    if file is None and not clips:
        answers_out(_piped(model, handling(request), notation.rows()), form, about, out, json=request.json)
        return
    input, target = _columns(model, request.input, None)
    known = _sequences(clips or [cast("str", file)], input, target, notation, handling(request))
    answers = _answered(model, known, handling(request))
    if form in ("object", "lines"):
        pieces = object_pieces(about, answers) if form == "object" else _lines(answers)
    else:
        pieces = _ranges(answers, form)
    pieces_out(pieces, out)
    if out is not None:
        note(f"wrote {out}")


def _sequences(
    given: list[str], input: str | None, target: str | None, notation: NumberNotation, how: Handling
) -> Iterator[tuple[str, Any]]:
    """Read what is named; one of several clips that cannot be read is replaced by its error."""
    for data in given:
        try:
            read = _read(data, "test", input, target, notation, need_labels=False)
        except DataError as error:
            if len(given) == 1 or how.strict:
                raise
            yield data, error
            continue
        yield from zip(read.names, read.sequences, strict=True)


def _answered(model: FrameClassifier, given: Iterator[tuple[str, Any]], how: Handling) -> Iterator[dict[str, Any]]:
    """Answer sequences step by step; one that fails halfway does not stop the others."""
    count, failed = 0, list[DataError]()
    for name, one in given:
        try:
            if isinstance(one, DataError):
                raise one
            yield from _steps(model, name, one)
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
        note(f"{len(failed):,} sequence(s) could not be answered completely")


def _steps(model: FrameClassifier, name: str, sequence: Any) -> Iterator[dict[str, Any]]:
    """Answer the steps of a sequence in order; those of a clip while it is decoded."""
    from gyeol.data.media.video_clips import VideoClip

    clip = isinstance(sequence, VideoClip)
    rate = sequence.rate if clip else None
    blocks = model.stream_proba(sequence) if clip else iter(model.predict_proba([sequence]))
    count = 0
    for block in blocks:
        for row in block:
            yield _as_object(model, name, count, rate, row)
            count += 1


def _as_object(
    model: FrameClassifier, name: str, step: int, rate: float | None, row: npt.NDArray[np.float64]
) -> dict[str, Any]:
    best = int(row.argmax())
    time = {"time": round(step / rate, 4)} if rate else {}
    return {"clip": name, "frame": step, **time, "label": str(model.classes_[best]), "probability": float(row[best])}


def _piped(model: FrameClassifier, how: Handling, numbers: RowNumbers) -> Answers:
    """Answer each line of standard input as it arrives; an invalid one does not affect those after it."""
    from gyeol.data.series.series_files import parse_series

    if model.inputs_of_frames is not None:
        raise ParameterError("this model reads clips: gyeol predict MODEL clip.mp4, or --file DATA")
    stream = model.stream()

    def find(steps: list[Any]) -> list[dict[str, Any]]:
        return [_as_object(model, "", stream.count, None, stream.push_proba(step)[0]) for step in steps]

    def cells(one: dict[str, Any]) -> list[str]:
        return list(_Range(one, one, one["probability"]).fields().values())

    names = ("clip", "start", "end", "label", "probability")
    empty = {"clip": "", "frame": None, "label": None, "probability": None}
    # One at a time, so that a step after an invalid one is not pushed twice.
    steps = piped_items(lambda line, n: parse_series(line, f"{PIPE}, line {n}", n, numbers).values.T, 1, blank=False)
    return Answers(steps, find, Layout(names, cells, lambda one: one, empty, "", numbered=False), PIPE, how)


def _lines(answers: Iterator[dict[str, Any]]) -> Iterator[str]:
    for one in answers:
        yield _json.dumps(one, ensure_ascii=False, allow_nan=False) + "\n"


@dataclass(slots=True)
class _Range:
    """Consecutive steps with the same label: the first, the last, and the sum of their probabilities."""

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


def _ranges(answers: Iterator[dict[str, Any]], form: str) -> Iterator[str]:
    """Write a header, then ranges of equal labels: start, end (exclusive), label and mean probability."""
    for number, one in enumerate(_joined(answers)):
        fields = one.fields()
        header = [list(fields)] if number == 0 else []
        yield separated([*header, list(fields.values())], form)


def _joined(answers: Iterator[dict[str, Any]]) -> Iterator[_Range]:
    current: _Range | None = None
    for one in answers:
        alike = current is not None and all(current.first[name] == one[name] for name in ("clip", "label"))
        if current is None or not alike:
            if current is not None:
                yield current
            current = _Range(one, one)
        current.last = one
        current.total += one["probability"]
    if current is not None:
        yield current


def _clock(seconds: float) -> str:
    """Write a time in minutes and seconds.

    Examples
    --------
    >>> _clock(83.5)
    '1:23.50'
    """
    minutes, rest = divmod(round(seconds * 100), 6000)
    return f"{minutes}:{rest // 100:02}.{rest % 100:02}"


def _read_one(model: FrameClassifier, given: str) -> Any:
    """Read one clip, or the first sequence of a file."""
    input, target = _columns(model, None, None)
    found = _read(given.strip(), "test", input, target, NumberNotation.of(model.about_, None, ()), need_labels=False)
    return found.sequences[0]


COMMANDS = TaskCommands(fit, evaluate, predict, examples=examples, read_one=_read_one, options=NUMBERS)
