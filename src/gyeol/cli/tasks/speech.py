"""``gyeol fit transcribe``, and what ``evaluate`` and ``predict`` do with its models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.asking import answers_out, folder_asked, handling, own_columns
from gyeol.cli.answers.output import note, object_out, object_pieces, percent, pieces_out, table
from gyeol.cli.answers.rows import Item, chunked, read_items
from gyeol.cli.answers.stream import Answers, Layout, format_of
from gyeol.cli.model import load_model
from gyeol.cli.options.first_checks import check_first
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
from gyeol.cli.training import begun, ended, measured, stop_where_interrupted
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.cli.tasks.table import Question
    from gyeol.data.annotations.transcripts import Recordings
    from gyeol.data.media.sound import SoundHeader
    from gyeol.tasks import LanguageModel, SpeechRecognizer
    from gyeol.tasks.speech.listener import Listener

__all__ = [
    "BEAM",
    "LEXICON",
    "LM",
    "LM_WEIGHT",
    "Heard",
    "evaluate_speech",
    "explain_speech",
    "predict_speech",
    "transcribe",
]

BEAM: Any = typer.Option(None, "--beam", metavar="N", min=1, help="Speech: prefixes kept; 1, the default: greedy.")
LM: Any = typer.Option(None, "--lm", metavar="MODEL", help="Speech: a model of 'fit language' that knows the language.")
LM_WEIGHT: Any = typer.Option(None, "--lm-weight", metavar="W", min=0.0, help="Speech: what it counts; 0.5 by default.")
LEXICON: Any = typer.Option(None, "--lexicon", metavar="FILE", help="Speech: a file of words; only these are written.")

_CHUNK = 256  # recordings answered at a time
_LONG = 2.0  # times as long as the training's longest recording
_BEAM = 16  # where a language model or a lexicon is given


def transcribe(
    data: str = typer.Argument(
        metavar="DATA", help="A table of paths and texts, a folder of sound files, or a named set."
    ),
    out: Path = OUT,
    valid: str = typer.Option(None, "--valid", metavar="DATA", help="Recordings to watch; else a part of DATA."),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column of the paths, by name or number."),
    target: str = typer.Option(None, "--target", metavar="COL", help="The column of the texts."),
    config: Path = CONFIG,
    set: list[str] = SET,
    seed: int = SEED,
    time_limit: str = TIME_LIMIT,
    threads: int = THREADS,
    resume: bool = RESUME,
    force: bool = FORCE,
    settings: bool = settings_option("transcribe"),
    json: bool = JSON,
    quiet: bool = QUIET,
) -> None:
    """Learn to write down what is said.

    A table has a column of paths and one of texts. In a folder the text of a.wav stands in a.txt, or its name begins
    with it: three_anna_1.wav.

    Examples: gyeol fit transcribe recordings.tsv --out speech

    gyeol data make digits-ko --out digits; gyeol fit transcribe digits --out digits-model

    gyeol fit transcribe fsdd --out live --set bidirectional=false
    """
    check_first(("transcribe",), out, config, set, time_limit, resume, data, valid)
    from gyeol.tasks import SpeechRecognizer
    from gyeol.tasks.speech.clips import checked_clips
    from gyeol.tasks.training.progress import Bar

    options = {"random_state": seed, "threads": threads, "time_limit": time_limit}
    model, run = begun(SpeechRecognizer, config, set, options, out, resume, force)
    train = _read(data, "train", input, target)
    clips = checked_clips(train.files, None)
    watched = None
    if valid is not None:
        held = _read(valid, "valid", input, target)
        watched = checked_clips(held.files, None), held.texts
    if not (quiet or json):
        minutes = sum(clip.seconds for clip in clips) / 60
        note(f"{train.name}: {len(clips):,} recordings, {minutes:,.1f} minutes")
    progress = None if quiet or json else Bar("recordings", shares=False)
    model.fit(clips, train.texts, validation=watched, **run.how, progress=progress, about=train.about())
    answer = ended(model, out, run, sample_rate=model.inputs_.mel.rate, left_out=model.left_out_)
    if json:
        object_out(answer)
    else:
        if model.left_out_:
            note(f"{model.left_out_:,} recording(s) were too short for their texts, and were left out")
        typer.echo(
            f"{_figures(answer)}   on {measured(answer)}, after epoch {answer['epoch']} of {answer['epochs']}, "
            f"{answer['seconds']:.0f} s"
        )
        typer.echo(f"saved: {out} ({answer['weights']:,} weights)")
        typer.echo(f"next:  gyeol predict {out} RECORDING.wav     gyeol evaluate {out} TEST_DATA")
    stop_where_interrupted(answer)


def _figures(answer: dict[str, Any]) -> str:
    return f"wrong letters {percent(answer['cer'])}   wrong words {percent(answer['wer'])}"


def _read(data: str, role: str, input: str | None, target: str | None, need_texts: bool = True) -> Recordings:
    from gyeol.data.annotations.transcripts import find_recordings

    return find_recordings(data, role, input=input, target=target, need_texts=need_texts)


@dataclass(frozen=True, slots=True)
class Heard:
    """How a user wants to be answered: ``beam``, a language model, its weight, a lexicon, and whether as a stream."""

    beam: int | None = None
    lm: str | None = None
    lm_weight: float | None = None
    lexicon: str | None = None
    stream: bool = False

    def given(self) -> str:
        """Name an option that is for speech and was given, or nothing."""
        named = {"--beam": self.beam, "--lm": self.lm, "--lm-weight": self.lm_weight, "--lexicon": self.lexicon}
        named |= {"--stream": self.stream or None}
        return next((name for name, value in named.items() if value is not None), "")

    def settings(self) -> dict[str, Any]:
        """What `SpeechRecognizer.transcribe` and `listen` take."""
        if self.lm is None and self.lm_weight is not None:
            raise ParameterError("--lm-weight says what a language model counts: name one with --lm")
        model = None if self.lm is None else _language_model(Path(self.lm))
        weight = {} if self.lm_weight is None else {"lm_weight": self.lm_weight}
        words = None if self.lexicon is None else _words(self.lexicon)
        beam = self.beam or (1 if model is None and words is None else _BEAM)
        return {"beam_size": beam, "language_model": model, "lexicon": words, **weight}


def _words(file: str) -> list[str]:
    from gyeol.data.tables.lines import open_text

    words = dict.fromkeys(word for _, line in open_text(file) for word in line.split())
    if not words:
        raise DataError(f"--lexicon {file} holds no words")
    return list(words)


def _language_model(path: Path) -> LanguageModel:
    from gyeol.data.model_folder import task_of

    if (task := task_of(path)) != "language":
        raise ParameterError(f"--lm {path} is a model of 'fit {task}'; one of 'fit language' was expected")
    made: LanguageModel = load_model(path)
    return made


def evaluate_speech(
    made: SpeechRecognizer, model: Path, data: str, input: str | None, target: str | None, heard: Heard, json: bool
) -> None:
    """Print a recognizer's figures on recordings with texts."""
    test = _read(data, "test", *own_columns(made, data, input, target, need_target=True))
    found = None
    if heard.given():
        settings = heard.settings()
        found = made.transcribe(test.files, **settings)
    figures = made.evaluate(test.files, test.texts, found=found)
    if json:
        object_out({"model": str(model), **test.about(), **figures})
        return
    typer.echo(f"{_figures(figures)}   on {figures['count']:,} recordings, {figures['seconds']:,.0f} s, of {test.name}")


def predict_speech(made: SpeechRecognizer, question: Question, heard: Heard) -> None:
    """Write down what is said in sound files: path and text, tab-separated; of one file the text alone."""
    settings = heard.settings()
    question = folder_asked(question)
    paths, file, out = question.texts, question.file, question.out
    name = file or ""
    if paths:
        items = [Item(0, Path(path), path) for path in paths]
    elif file is not None:
        input, _ = own_columns(made, file, question.input, None, need_target=False)
        read = _read(file, "test", input, None, need_texts=False)
        items, name = read_items(read.files, read.lines, read.others, read.bad), read.name
    else:
        raise ParameterError("no recording is given: write gyeol predict MODEL recording.wav, or --file TABLE")
    files = [item.value for item in items if not item.reason]
    if heard.stream:
        _note_headers(made, files if len(files) == 1 else [])
        pieces_out(_listened(made, question.model, files, settings, question.json), out)
        return
    _note_headers(made, files)
    plain = _alone if len(items) == 1 else _with_path
    layout = Layout(("text",), lambda text: [text], lambda text: {"text": text}, {"text": None}, "file", plain=plain)
    form = format_of(out, plain=True) if out is not None else "object" if question.json else "plain"
    answers = Answers(chunked(items, _CHUNK), partial(_heard, made, settings), layout, name, handling(question))
    answers_out(answers, form, {"model": str(question.model)}, out, json=question.json)


def _alone(text: str | None, _: Item) -> str:
    return f"{text or ''}\n"


def _with_path(text: str | None, item: Item) -> str:
    return f"{item.text}\t{text or ''}\n"


def _note_headers(made: SpeechRecognizer, files: list[Path]) -> None:
    """Say which files are resampled, and which are far longer than those that the model learned from."""
    from gyeol.data.media.sound import read_header

    wanted = made.inputs_.mel.rate
    headers = []
    for path in files:
        with suppress(DataError):  # told of where it is read
            headers.append(read_header(path, longest=None))
    if others := [header for header in headers if header.rate != wanted]:
        first = others[0]
        poor = ": nothing above its half is there to be heard" if first.rate < wanted else ""
        note(f"{first.path.name} ({first.rate:,} Hz){_more(others)} brought to the model's {wanted:,} Hz{poor}")
    if long := [header for header in headers if header.seconds > _LONG * made.longest_]:
        first, pause = long[0], made.inputs_.pause
        note(
            f"{first.path.name} lasts {first.seconds:,.1f} s{_more(long)}, the training's longest recording "
            f"{made.longest_:,.1f} s: cut at pauses of {pause:.1f} s, each part recognised by itself"
        )


def _more(headers: list[SoundHeader]) -> str:
    return f" and {len(headers) - 1} other file(s)" if len(headers) > 1 else ""


def _heard(made: SpeechRecognizer, settings: dict[str, Any], files: list[Path]) -> list[str]:
    greedy = settings["beam_size"] == 1 and settings["language_model"] is None and settings["lexicon"] is None
    return made.predict(files) if greedy else made.transcribe(files, **settings)


def _listened(
    made: SpeechRecognizer, model: Path, files: list[Path], settings: dict[str, Any], json: bool
) -> Iterator[str]:
    """Write a file as it is read, block by block; what is written does not change any more."""
    if len(files) > 1:
        raise ParameterError(f"--stream takes one recording, and {len(files)} were given")
    pieces = _spoken(made.listen(**settings), files[0])
    if not json:
        return pieces
    text = "".join(pieces).rstrip("\n")
    return object_pieces({"model": str(model)}, [{"file": str(files[0]), "text": text}])


def _spoken(listener: Listener, path: Path) -> Iterator[str]:
    from gyeol.data.media.sound import stream_sound

    told = 0
    for block in stream_sound(path, rate=listener.rate):
        listener.feed(block)
        yield listener.text[told:]
        told = len(listener.text)
    yield listener.finish()[told:] + "\n"


def explain_speech(made: SpeechRecognizer, model: Path, path: str, out: Path | None, json: bool) -> None:
    """Show when each letter was heard."""
    if out is not None:
        raise ParameterError("--out is for texts: when letters were heard is printed, with --json as one object")
    said = made.align(path)
    if json:
        letters = [{"letter": s.letter, "start": s.start, "end": s.end, "probability": s.probability} for s in said]
        object_out({"model": str(model), "file": path, "text": made.predict([path])[0], "letters": letters})
        return
    rows = [[s.letter, f"{s.start:.2f}", f"{s.end:.2f}", f"{s.probability:.3f}"] for s in said]
    typer.echo(table([["letter", "from (s)", "to (s)", "probability"], *rows], right=(1, 2, 3)))
