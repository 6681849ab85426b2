"""How each task's models are measured and asked by ``gyeol evaluate`` and ``gyeol predict``: one entry a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gyeol.errors import ModelError, ParameterError

__all__ = ["ASKED", "Asked", "Question", "asked"]


@dataclass(frozen=True, slots=True)
class Question:
    """What the user wants of the model folder ``model``; what was not asked for is None, empty or false."""

    model: Path
    json: bool = False
    data: str = ""
    texts: list[str] = field(default_factory=list)
    file: str | None = None
    input: str | None = None
    target: str | None = None
    out: Path | None = None
    top: int | None = None
    look: bool = False
    skip_bad_rows: bool = False
    strict: bool = False
    header: bool | None = None
    cache: str | None = None
    ensemble: list[Path] = field(default_factory=list)
    beam: int | None = None
    lm: str | None = None
    lm_weight: float | None = None
    lexicon: str | None = None
    stream: bool = False
    decimal: str | None = None
    missing: list[str] = field(default_factory=list)
    day_first: bool | None = None


#: Options that not every task knows: how they are written, and whose they are.
_OPTIONS = {
    "top": ("--top", "classes, translations and captions"),
    "look": ("--show-attention", "translators (gyeol explain shows what an author's model looks at)"),
    "skip_bad_rows": ("--skip-bad-rows", "models of texts"),
    "cache": ("--cache", "language models"),
    "ensemble": ("--ensemble", "translators"),
    "beam": ("--beam", "speech"),
    "lm": ("--lm", "speech"),
    "lm_weight": ("--lm-weight", "speech"),
    "lexicon": ("--lexicon", "speech"),
    "stream": ("--stream", "speech"),
    "decimal": ("--decimal", "models of numbers"),
    "missing": ("--missing", "models of numbers"),
    "day_first": ("--day-first", "forecasters"),
}

Answer = Callable[[Any, Question], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What measures a task's models, what asks them (or the verbs that do), and the options above that it knows."""

    evaluate: Answer
    predict: Answer | str
    options: tuple[str, ...] = ()


def _classes() -> Asked:
    from gyeol.cli.tasks.classify import evaluate_classes, predict_classes

    return Asked(evaluate_classes, predict_classes, ("top", "skip_bad_rows"))


def _language() -> Asked:
    from gyeol.cli.tasks.language import evaluate_language

    return Asked(
        evaluate_language,
        "generate, suggest or score",
        ("skip_bad_rows", "cache"),
    )


def _spell() -> Asked:
    from gyeol.cli.tasks.spelling import evaluate_spelling

    return Asked(lambda made, q: evaluate_spelling(made, q.model, q.data, q.json), "correct")


def _translate() -> Asked:
    from gyeol.cli.tasks.translate import evaluate_pairs
    from gyeol.cli.tasks.translation import Wanted, translate_texts

    return Asked(
        evaluate_pairs,
        lambda made, q: translate_texts(made, q, Wanted(q.top, q.look)),
        ("top", "look", "skip_bad_rows", "ensemble"),
    )


def _tag() -> Asked:
    from gyeol.cli.tasks.tag import evaluate_tags, predict_tags

    return Asked(
        lambda made, q: evaluate_tags(made, q.model, q.data, q.input, q.target, q.json),
        predict_tags,
    )


def _series() -> Asked:
    from gyeol.cli.tasks.series import evaluate_series, predict_series

    return Asked(
        lambda made, q: evaluate_series(made, q.model, q.data, q.input, q.target, q.json, q.decimal, q.missing),
        predict_series,
        ("top", "decimal", "missing"),
    )


def _regress_text() -> Asked:
    from gyeol.cli.tasks.classify import predict_classes
    from gyeol.cli.tasks.regress import evaluate_numbers

    return Asked(evaluate_numbers, predict_classes, ("skip_bad_rows", "decimal", "missing"))


def _regress() -> Asked:
    return replace(_series(), options=("decimal", "missing"))


def _transcribe() -> Asked:
    from gyeol.cli.tasks.speech import Heard, evaluate_speech, predict_speech

    def heard(q: Question) -> Heard:
        return Heard(q.beam, q.lm, q.lm_weight, q.lexicon, q.stream)

    return Asked(
        lambda made, q: evaluate_speech(made, q.model, q.data, q.input, q.target, heard(q), q.json),
        lambda made, q: predict_speech(made, q, heard(q)),
        ("beam", "lm", "lm_weight", "lexicon", "stream"),
    )


def _forecast() -> Asked:
    from gyeol.cli.tasks.forecast import evaluate_series, predict_series

    def how(q: Question) -> dict[str, Any]:
        return {"decimal": q.decimal, "missing": q.missing, "day_first": q.day_first, "header": q.header}

    return Asked(
        lambda made, q: evaluate_series(made, q.model, q.data, q.input, q.target, q.json, **how(q)),
        lambda made, q: predict_series(
            made,
            q.model,
            q.texts or q.input,
            q.file,
            q.out,
            q.json,
            strict=q.strict,
            skip=q.skip_bad_rows,
            **how(q),
        ),
        ("decimal", "missing", "day_first"),
    )


def _caption() -> Asked:
    from gyeol.cli.tasks.caption import caption_images, evaluate_captions

    return Asked(
        lambda made, q: evaluate_captions(made, q.model, q.data, q.input, q.target, q.json),
        caption_images,
        ("top", "look"),
    )


def _frames() -> Asked:
    from gyeol.cli.tasks.frames import evaluate_frames, predict_frames

    return Asked(
        lambda made, q: evaluate_frames(made, q.model, q.data, q.input, q.target, q.json, q.decimal, q.missing),
        predict_frames,
        ("decimal", "missing"),
    )


#: Tasks by name.
ASKED: dict[str, Callable[[], Asked]] = {
    "classify": _classes,
    "author": _classes,
    "language": _language,
    "spell": _spell,
    "translate": _translate,
    "tag": _tag,
    "series": _series,
    "regress": _regress,
    "regress-text": _regress_text,
    "forecast": _forecast,
    "caption": _caption,
    "frames": _frames,
    "transcribe": _transcribe,
}


def asked(made: Any, verb: str, question: Question) -> None:
    """Let a model answer.

    Raises
    ------
    ParameterError
        For an option that its task does not know.
    ModelError
        Where other commands ask such models.
    """
    entry = ASKED[made.task]()
    for name, (option, whose) in _OPTIONS.items():
        value = getattr(question, name)
        given = (
            value is not None and (value is not False or name == "day_first") and value != []
        )  # a weight of 0 is given
        if verb == "predict" and name == "skip_bad_rows":  # rows of every task may be bad
            continue
        if given and name not in entry.options:
            raise ParameterError(f"{option} is for {whose}; this is a model of 'fit {made.task}'")
    answer = entry.evaluate if verb == "evaluate" else entry.predict
    if isinstance(answer, str):
        raise ModelError(f"{question.model} is a model of 'fit {made.task}': ask it with gyeol {answer}")
    answer(made, question)
