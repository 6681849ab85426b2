"""The tasks: one file each, one line each in the table."""

from __future__ import annotations

from gyeol.tasks.author_classifier import AuthorClassifier
from gyeol.tasks.base import Estimator, NotFittedError
from gyeol.tasks.captioner import Captioner
from gyeol.tasks.forecaster import Forecaster
from gyeol.tasks.frame_classifier import FrameClassifier
from gyeol.tasks.language_model import LanguageModel
from gyeol.tasks.sequence_tagger import SequenceTagger
from gyeol.tasks.series_classifier import SeriesClassifier
from gyeol.tasks.series_regressor import SeriesRegressor
from gyeol.tasks.speech_recognizer import SpeechRecognizer
from gyeol.tasks.spelling_corrector import SpellingCorrector
from gyeol.tasks.storage import load
from gyeol.tasks.text_classifier import TextClassifier
from gyeol.tasks.text_regressor import TextRegressor
from gyeol.tasks.translator import Translator

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

#: Tasks by the name that `gyeol fit NAME` and model folders use.
TASKS: dict[str, type[Estimator]] = {
    "classify": TextClassifier,
    "language": LanguageModel,
    "author": AuthorClassifier,
    "translate": Translator,
    "spell": SpellingCorrector,
    "tag": SequenceTagger,
    "series": SeriesClassifier,
    "regress": SeriesRegressor,
    "regress-text": TextRegressor,
    "transcribe": SpeechRecognizer,
    "forecast": Forecaster,
    "frames": FrameClassifier,
    "caption": Captioner,
}
