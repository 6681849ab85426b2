"""``gyeol fit transcribe``; ``evaluate``, ``predict`` and ``explain`` of its models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.examples import Examples
from gyeol.cli.answers.output import note, object_out, object_pieces, percent, pieces_out, table
from gyeol.cli.answers.reading import answers_out, folder_as_file, handling, trained_columns
from gyeol.cli.answers.rows import Item, chunked, read_items
from gyeol.cli.answers.stream import Answers, Layout, format_of
from gyeol.cli.model import load_model
from gyeol.cli.task_commands import Request, TaskCommands, TaskOption
from gyeol.cli.training import Training, measured_after
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.data.annotations.transcripts import Recordings
    from gyeol.data.media.sound import SoundHeader
    from gyeol.tasks import LanguageModel, SpeechRecognizer
    from gyeol.tasks.speech.listener import Listener

__all__ = ["COMMANDS"]

_BEAM = TaskOption(
    "beam", int, typer.Option(None, "--beam", metavar="N", min=1, help="Speech: beam width; default: 1, greedy.")
)
_LM = TaskOption(
    "lm", str, typer.Option(None, "--lm", metavar="MODEL", help="Speech: language model, of 'gyeol fit language'.")
)
_LM_WEIGHT = TaskOption(
    "lm_weight",
    float,
    typer.Option(None, "--lm-weight", metavar="W", min=0.0, help="Speech: weight of --lm; default: 0.5."),
)
_LEXICON = TaskOption(
    "lexicon",
    str,
    typer.Option(None, "--lexicon", metavar="FILE", help="Speech: file of words; no other words are written."),
)
_STREAM = TaskOption(
    "stream",
    bool,
    typer.Option(False, "--stream", help="Speech: write while a long recording is read."),
    ("predict",),
)

_CHUNK = 256  # recordings answered at a time
_LONG = 2.0  # times the longest recording of the training
_BEAM_SIZE = 16  # with a language model or a lexicon


def fit(
    data: str = typer.Argument(metavar="DATA", help="Table of paths and texts, a folder of recordings, or a data set."),
    valid: str = typer.Option(None, "--valid", metavar="DATA", help="Validation recordings; default: a part of DATA."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column of paths, by name or number."),
    target: str = typer.Option(None, "--target", metavar="COL", help="Column of texts."),
    *,
    training: Training,
) -> None:
    """Learn to transcribe speech.

    A table has a column of paths and one of texts. In a folder, the text of a.wav is in a.txt, or at the start of its
    name: three_anna_1.wav.

    Examples: gyeol fit transcribe recordings.tsv --out speech

    gyeol data make digits-ko --out digits; gyeol fit transcribe digits --out digits-model

    gyeol fit transcribe fsdd --out live --set bidirectional=false
    """
    training.check(data, valid)
    from gyeol.tasks import SpeechRecognizer
    from gyeol.tasks.speech.clips import checked_clips

    model = training.model(SpeechRecognizer)
    train = _read(data, "train", input, target)
    clips = checked_clips(train.files, None)
    validation = None
    if valid is not None:
        part = _read(valid, "valid", input, target)
        validation = checked_clips(part.files, None), part.texts
    minutes = sum(clip.seconds for clip in clips) / 60
    training.note(f"{train.name}: {len(clips):,} recordings, {minutes:,.1f} minutes")
    training.fit(model, clips, train.texts, validation=validation, noun="recordings", about=train.about())
    answer = training.save(model, sample_rate=model.inputs_.mel.rate, left_out=model.left_out_)
    if model.left_out_ and not training.json:
        note(f"{model.left_out_:,} recording(s) are too short for their texts and were not used")
    training.close(
        answer,
        [f"{_figures(answer)}   {measured_after(answer)}"],
        "gyeol predict {} RECORDING.wav",
        "gyeol evaluate {} TEST_DATA",
    )


def _figures(answer: dict[str, Any]) -> str:
    return f"CER {percent(answer['cer'])}   WER {percent(answer['wer'])}"


def _read(data: str, role: str, input: str | None, target: str | None, need_texts: bool = True) -> Recordings:
    from gyeol.data.annotations.transcripts import find_recordings

    return find_recordings(data, role, input=input, target=target, need_texts=need_texts)


def _decoding(request: Request) -> dict[str, Any]:
    """Return what `SpeechRecognizer.transcribe` and `listen` take: beam width, language model, lexicon."""
    beam, lm, lm_weight, lexicon = map(request.option, ("beam", "lm", "lm_weight", "lexicon"))
    if lm is None and lm_weight is not None:
        raise ParameterError("--lm-weight is the weight of a language model: name one with --lm")
    language_model = None if lm is None else _language_model(Path(lm))
    weight = {} if lm_weight is None else {"lm_weight": lm_weight}
    words = None if lexicon is None else _words(lexicon)
    beam_size = beam or (1 if language_model is None and words is None else _BEAM_SIZE)
    return {"beam_size": beam_size, "language_model": language_model, "lexicon": words, **weight}


def _words(file: str) -> list[str]:
    from gyeol.data.tables.lines import open_text

    words = dict.fromkeys(word for _, line in open_text(file) for word in line.split())
    if not words:
        raise DataError(f"--lexicon {file} holds no words")
    return list(words)


def _language_model(path: Path) -> LanguageModel:
    from gyeol.data.model_folder import task_of

    if (task := task_of(path)) != "language":
        raise ParameterError(f"--lm {path} is a model of 'fit {task}'; expected one of 'fit language'")
    model: LanguageModel = load_model(path)
    return model


def examples(model: SpeechRecognizer, request: Request) -> Examples:
    """Read recordings with their texts."""
    input, target = trained_columns(model, request.data, request.input, request.target, need_target=True)
    test = _read(request.data, "test", input, target)
    return Examples(test.files, test.texts, test.name, "recordings", test.about())


def evaluate(model: SpeechRecognizer, request: Request) -> None:
    """Print a recogniser's figures on recordings with their texts."""
    test = examples(model, request)
    decoded = any(request.option(name) is not None for name in ("beam", "lm", "lm_weight", "lexicon"))
    found = model.transcribe(test.X, **_decoding(request)) if decoded else None
    figures = model.evaluate(test.X, test.y, found=found)
    if request.json:
        object_out({"model": str(request.model_path), **test.object(), **figures})
        return
    typer.echo(f"{_figures(figures)}   on {figures['count']:,} recordings, {figures['seconds']:,.0f} s, of {test.name}")


def predict(model: SpeechRecognizer, request: Request) -> None:
    """Transcribe recordings: path and text, separated by a tab; for one file the text alone."""
    settings = _decoding(request)
    request = folder_as_file(request)
    paths, file, out = request.texts, request.file, request.out
    name = file or ""
    if paths:
        items = [Item(0, Path(path), path) for path in paths]
    elif file is not None:
        input, _ = trained_columns(model, file, request.input, None, need_target=False)
        read = _read(file, "test", input, None, need_texts=False)
        items, name = read_items(read.files, read.lines, read.others, read.bad), read.name
    else:
        raise ParameterError("no recording given; write gyeol predict MODEL recording.wav, or --file TABLE")
    files = [item.value for item in items if not item.reason]
    if request.option("stream"):
        _note_headers(model, files if len(files) == 1 else [])
        pieces_out(_listened(model, request.model_path, files, settings, request.json), out)
        return
    _note_headers(model, files)
    plain = _alone if len(items) == 1 else _with_path
    layout = Layout(("text",), lambda text: [text], lambda text: {"text": text}, {"text": None}, "file", plain=plain)
    form = format_of(out, plain=True) if out is not None else "object" if request.json else "plain"
    answers = Answers(chunked(items, _CHUNK), partial(_transcribed, model, settings), layout, name, handling(request))
    answers_out(answers, form, {"model": str(request.model_path)}, out, json=request.json)


def _alone(text: str | None, _: Item) -> str:
    return f"{text or ''}\n"


def _with_path(text: str | None, item: Item) -> str:
    return f"{item.text}\t{text or ''}\n"


def _note_headers(model: SpeechRecognizer, files: list[Path]) -> None:
    """Note which files are resampled, and which are far longer than those of the training."""
    from gyeol.data.media.sound import read_header

    expected = model.inputs_.mel.rate
    headers = []
    for path in files:
        with suppress(DataError):  # reported where it is read
            headers.append(read_header(path, longest=None))
    if others := [header for header in headers if header.rate != expected]:
        first = others[0]
        poor = f"; it holds no frequencies above {first.rate // 2:,} Hz" if first.rate < expected else ""
        note(f"{first.path.name} ({first.rate:,} Hz){_more(others)} resampled to the model's {expected:,} Hz{poor}")
    if long := [header for header in headers if header.seconds > _LONG * model.longest_]:
        first, pause = long[0], model.inputs_.pause
        note(
            f"{first.path.name} lasts {first.seconds:,.1f} s{_more(long)}, but the longest recording of the training "
            f"{model.longest_:,.1f} s: split at pauses of {pause:.1f} s, and each part transcribed by itself"
        )


def _more(headers: list[SoundHeader]) -> str:
    return f" and {len(headers) - 1} other file(s)" if len(headers) > 1 else ""


def _transcribed(model: SpeechRecognizer, settings: dict[str, Any], files: list[Path]) -> list[str]:
    greedy = settings["beam_size"] == 1 and settings["language_model"] is None and settings["lexicon"] is None
    return model.predict(files) if greedy else model.transcribe(files, **settings)


def _listened(
    model: SpeechRecognizer, model_path: Path, files: list[Path], settings: dict[str, Any], json: bool
) -> Iterator[str]:
    """Transcribe a file block by block; what has been written is final."""
    if len(files) > 1:
        raise ParameterError(f"--stream takes one recording, but {len(files)} were given")
    pieces = _streamed(model.listen(**settings), files[0])
    if not json:
        return pieces
    text = "".join(pieces).rstrip("\n")
    return object_pieces({"model": str(model_path)}, [{"file": str(files[0]), "text": text}])


def _streamed(listener: Listener, path: Path) -> Iterator[str]:
    from gyeol.data.media.sound import stream_sound

    length = 0
    for block in stream_sound(path, rate=listener.rate):
        listener.feed(block)
        yield listener.text[length:]
        length = len(listener.text)
    yield listener.finish()[length:] + "\n"


def explain(model: SpeechRecognizer, request: Request) -> None:
    """Show when each letter was heard."""
    path = request.texts[0].strip()
    said = model.align(path)
    if request.json:
        letters = [{"letter": s.letter, "start": s.start, "end": s.end, "probability": s.probability} for s in said]
        seen = model.explain(path).to_dict()
        heard = {"file": path, "text": seen["prediction"], "letters": letters}
        object_out({"model": str(request.model_path), **seen, **heard})
        return
    rows = [[s.letter, f"{s.start:.2f}", f"{s.end:.2f}", f"{s.probability:.3f}"] for s in said]
    typer.echo(table([["letter", "from (s)", "to (s)", "probability"], *rows], right=(1, 2, 3)))


def _read_one(model: SpeechRecognizer, given: str) -> str:
    return given.strip()


COMMANDS = TaskCommands(
    fit,
    evaluate,
    predict,
    explain,
    examples=examples,
    read_one=_read_one,
    options=(_BEAM, _LM, _LM_WEIGHT, _LEXICON, _STREAM),
)
