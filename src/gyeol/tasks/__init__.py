"""The tasks: one file each, one line each in the table; each is imported when it is first used."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from gyeol.lazy import importer

if TYPE_CHECKING:
    from gyeol.tasks.authors.classifier import AuthorClassifier
    from gyeol.tasks.base import Estimator, NotFittedError
    from gyeol.tasks.captions.captioner import Captioner
    from gyeol.tasks.forecasting.forecaster import Forecaster
    from gyeol.tasks.frames.classifier import FrameClassifier
    from gyeol.tasks.language.model import LanguageModel
    from gyeol.tasks.series.classifier import SeriesClassifier
    from gyeol.tasks.series.regressor import SeriesRegressor
    from gyeol.tasks.speech.recognizer import SpeechRecognizer
    from gyeol.tasks.spelling.corrector import SpellingCorrector
    from gyeol.tasks.storage import load
    from gyeol.tasks.tagging.tagger import SequenceTagger
    from gyeol.tasks.text.classifier import TextClassifier
    from gyeol.tasks.text.regressor import TextRegressor
    from gyeol.tasks.translation.translator import Translator

__all__ = [
    "TASKS",
    "AuthorClassifier",
    "Captioner",
    "Estimator",
    "Forecaster",
    "FrameClassifier",
    "LanguageModel",
    "NotFittedError",
    "SequenceTagger",
    "SeriesClassifier",
    "SeriesRegressor",
    "SpeechRecognizer",
    "SpellingCorrector",
    "TextClassifier",
    "TextRegressor",
    "Translator",
    "load",
]

# Tasks by the name that `gyeol fit NAME` and model folders use: the module and the class.
_ESTIMATORS = {
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
        module, name = _ESTIMATORS[task]
        kind: type[Estimator] = getattr(importlib.import_module(f"gyeol.tasks.{module}"), name)
        return kind

    def __iter__(self) -> Iterator[str]:
        return iter(_ESTIMATORS)

    def __len__(self) -> int:
        return len(_ESTIMATORS)

    def __contains__(self, task: object) -> bool:
        return task in _ESTIMATORS


#: Tasks by the name that `gyeol fit NAME` and model folders use.
TASKS: Mapping[str, type[Estimator]] = _Tasks()

_HOMES = {
    **{name: f"gyeol.tasks.{module}" for module, name in _ESTIMATORS.values()},
    **dict.fromkeys(["Estimator", "NotFittedError"], "gyeol.tasks.base"),
    "load": "gyeol.tasks.storage",
}

__getattr__ = importer("gyeol.tasks", _HOMES)
