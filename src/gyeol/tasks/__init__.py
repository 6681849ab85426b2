"""The tasks: a folder each, and a line each in the table; each is imported when it is first used."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from gyeol.lazy import importer

if TYPE_CHECKING:
    from gyeol.tasks.authors.classifier import AuthorClassifier as AuthorClassifier
    from gyeol.tasks.base import Estimator as Estimator
    from gyeol.tasks.base import NotFittedError as NotFittedError
    from gyeol.tasks.captions.captioner import Captioner as Captioner
    from gyeol.tasks.forecasting.forecaster import Forecaster as Forecaster
    from gyeol.tasks.frames.classifier import FrameClassifier as FrameClassifier
    from gyeol.tasks.language.model import LanguageModel as LanguageModel
    from gyeol.tasks.series.classifier import SeriesClassifier as SeriesClassifier
    from gyeol.tasks.series.regressor import SeriesRegressor as SeriesRegressor
    from gyeol.tasks.speech.recognizer import SpeechRecognizer as SpeechRecognizer
    from gyeol.tasks.spelling.corrector import SpellingCorrector as SpellingCorrector
    from gyeol.tasks.storage import load as load
    from gyeol.tasks.tagging.tagger import SequenceTagger as SequenceTagger
    from gyeol.tasks.text.classifier import TextClassifier as TextClassifier
    from gyeol.tasks.text.regressor import TextRegressor as TextRegressor
    from gyeol.tasks.translation.translator import Translator as Translator

#: A line a task: its name in `gyeol fit NAME` and in model folders, and the module here and the class of its estimator.
ESTIMATORS = {
    "classify": ("text.classifier", "TextClassifier"),
    "language": ("language.model", "LanguageModel"),
    "author": ("authors.classifier", "AuthorClassifier"),
    "translate": ("translation.translator", "Translator"),
    "spell": ("spelling.corrector", "SpellingCorrector"),
    "tag": ("tagging.tagger", "SequenceTagger"),
    "series": ("series.classifier", "SeriesClassifier"),
    "regress": ("series.regressor", "SeriesRegressor"),
    "regress-text": ("text.regressor", "TextRegressor"),
    "transcribe": ("speech.recognizer", "SpeechRecognizer"),
    "forecast": ("forecasting.forecaster", "Forecaster"),
    "frames": ("frames.classifier", "FrameClassifier"),
    "caption": ("captions.captioner", "Captioner"),
}


class _Tasks(Mapping[str, "type[Estimator]"]):
    """The estimators by the name of their task; asking for one imports it, and nothing of the others."""

    def __getitem__(self, task: str) -> type[Estimator]:
        module, name = ESTIMATORS[task]
        kind: type[Estimator] = getattr(importlib.import_module(f"gyeol.tasks.{module}"), name)
        return kind

    def __iter__(self) -> Iterator[str]:
        return iter(ESTIMATORS)

    def __len__(self) -> int:
        return len(ESTIMATORS)

    def __contains__(self, task: object) -> bool:
        return task in ESTIMATORS


#: Tasks by the name that `gyeol fit NAME` and model folders use.
TASKS: Mapping[str, type[Estimator]] = _Tasks()

_HOMES = {
    **{name: f"gyeol.tasks.{module}" for module, name in ESTIMATORS.values()},
    "Estimator": "gyeol.tasks.base",
    "NotFittedError": "gyeol.tasks.base",
    "load": "gyeol.tasks.storage",
}

if not TYPE_CHECKING:  # type checkers take the imports above
    __all__ = ["ESTIMATORS", "TASKS", *_HOMES]  # noqa: PLE0604 (all of them are strings)

__getattr__ = importer("gyeol.tasks", _HOMES)
