"""gyeol (결): train, understand and ship recurrent sequence models from raw text, Korean first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gyeol.lazy import importer
from gyeol.tasks import ESTIMATORS

if TYPE_CHECKING:
    # isort: off
    from gyeol.errors import (
        DataError as DataError,
        DownloadError as DownloadError,
        GyeolError as GyeolError,
        MissingExtraError as MissingExtraError,
        ModelError as ModelError,
        ParameterError as ParameterError,
        SaveError as SaveError,
    )
    from gyeol.inputs.vectors.word_vectors import WordVectors as WordVectors
    from gyeol.tasks import (
        AuthorClassifier as AuthorClassifier,
        Captioner as Captioner,
        Forecaster as Forecaster,
        FrameClassifier as FrameClassifier,
        LanguageModel as LanguageModel,
        SequenceTagger as SequenceTagger,
        SeriesClassifier as SeriesClassifier,
        SeriesRegressor as SeriesRegressor,
        SpeechRecognizer as SpeechRecognizer,
        SpellingCorrector as SpellingCorrector,
        TextClassifier as TextClassifier,
        TextRegressor as TextRegressor,
        Translator as Translator,
        load as load,
    )
    # isort: on

__version__ = "0.1.0"

# Where each public name lives. A name is imported when it is first used, so that `import gyeol` does not load torch.
_HOMES = {
    **dict.fromkeys(
        ["DataError", "DownloadError", "GyeolError", "MissingExtraError", "ModelError", "ParameterError", "SaveError"],
        "gyeol.errors",
    ),
    **{name: "gyeol.tasks" for _, name in ESTIMATORS.values()},
    "WordVectors": "gyeol.inputs.vectors.word_vectors",
    "load": "gyeol.tasks",
}
_MODULES = ("data", "engine", "errors", "explain", "inputs", "kernels", "layers", "tasks")

if not TYPE_CHECKING:  # type checkers take the imports above
    __all__ = ["__version__", *_HOMES]  # noqa: PLE0604 (all of them are strings)

__getattr__ = importer("gyeol", _HOMES, _MODULES)


def __dir__() -> list[str]:
    return sorted(["__version__", *_HOMES, *_MODULES])
