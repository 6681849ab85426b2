"""gyeol (결): train, understand and ship recurrent sequence models from raw text, Korean first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gyeol.lazy import importer

if TYPE_CHECKING:
    from gyeol.errors import (
        DataError,
        DownloadError,
        GyeolError,
        MissingExtraError,
        ModelError,
        ParameterError,
        SaveError,
    )
    from gyeol.inputs.vectors.word_vectors import WordVectors
    from gyeol.tasks import (
        AuthorClassifier,
        Captioner,
        Forecaster,
        FrameClassifier,
        LanguageModel,
        SequenceTagger,
        SeriesClassifier,
        SeriesRegressor,
        SpeechRecognizer,
        SpellingCorrector,
        TextClassifier,
        TextRegressor,
        Translator,
        load,
    )

__version__ = "0.1.0"

__all__ = [
    "AuthorClassifier",
    "Captioner",
    "DataError",
    "DownloadError",
    "Forecaster",
    "FrameClassifier",
    "GyeolError",
    "LanguageModel",
    "MissingExtraError",
    "ModelError",
    "ParameterError",
    "SaveError",
    "SequenceTagger",
    "SeriesClassifier",
    "SeriesRegressor",
    "SpeechRecognizer",
    "SpellingCorrector",
    "TextClassifier",
    "TextRegressor",
    "Translator",
    "WordVectors",
    "__version__",
    "load",
]

# Where each public name lives. A name is imported when it is first used, so that `import gyeol` does not load torch.
_HOMES = {
    **dict.fromkeys(
        ["DataError", "DownloadError", "GyeolError", "MissingExtraError", "ModelError", "ParameterError", "SaveError"],
        "gyeol.errors",
    ),
    "AuthorClassifier": "gyeol.tasks",
    "Forecaster": "gyeol.tasks",
    "Captioner": "gyeol.tasks",
    "FrameClassifier": "gyeol.tasks",
    "LanguageModel": "gyeol.tasks",
    "SequenceTagger": "gyeol.tasks",
    "SeriesClassifier": "gyeol.tasks",
    "SeriesRegressor": "gyeol.tasks",
    "SpeechRecognizer": "gyeol.tasks",
    "SpellingCorrector": "gyeol.tasks",
    "TextClassifier": "gyeol.tasks",
    "TextRegressor": "gyeol.tasks",
    "Translator": "gyeol.tasks",
    "WordVectors": "gyeol.inputs.vectors.word_vectors",
    "load": "gyeol.tasks",
}
_MODULES = ("data", "engine", "errors", "explain", "inputs", "kernels", "layers", "tasks")


__getattr__ = importer("gyeol", _HOMES, _MODULES)


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
