"""What can go wrong, as a tree.

::

    GyeolError                      everything gyeol raises on purpose
    ├── DataError(ValueError)       the user's data: a file, a row, a label, a text
    │   ├── DownloadError           a data set could not be fetched, or is not what it should be
    │   └── ShapeError(RuntimeError)  a tensor's shape, type or place does not fit a layer
    ├── ParameterError(ValueError)  a setting has a value it cannot have
    │   └── SettingTypeError(TypeError)  a setting has a type it cannot have
    ├── ModelError                  a model folder is missing, damaged, foreign or too new
    ├── SaveError(OSError)          something could not be written; what stood there before still stands
    └── MissingExtraError           an optional package is needed: the message names the ``pip install`` line

Each is one line that says what came, what was expected and what to do. The command line prints it and leaves with
status 2.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "DataError",
    "DownloadError",
    "GyeolError",
    "MissingExtraError",
    "ModelError",
    "ParameterError",
    "SaveError",
    "SettingTypeError",
    "ShapeError",
    "closest",
]


class GyeolError(Exception):
    """Everything gyeol raises on purpose."""


class DataError(GyeolError, ValueError):
    """The data given cannot be used: names the file and the line, or the index, and the mend."""


class DownloadError(DataError):
    """A data set could not be fetched, or what came is not what was asked for; nothing was left behind."""


class ShapeError(DataError, RuntimeError):
    """A tensor does not fit a layer by its shape, type or place; also what PyTorch's own layers raise there."""


class ParameterError(GyeolError, ValueError):
    """A setting has a value it cannot have: names the setting, the value and what is possible."""


class SettingTypeError(ParameterError, TypeError):
    """A setting of a layer has a type it cannot have; also what PyTorch's own layers raise there."""


class ModelError(GyeolError):
    """A model folder is missing, damaged, foreign, or written by a newer gyeol."""


class SaveError(GyeolError, OSError):
    """Something could not be written; whatever stood there before still stands."""


class MissingExtraError(GyeolError, ImportError):
    """An optional package is needed for what was asked.

    Parameters
    ----------
    purpose : str
        What needs it, as the subject of a sentence: ``"the tokenizer 'morpheme'"``.
    package, extra : str
        The package that is missing and gyeol's extra that brings it.
    """

    def __init__(self, purpose: str, package: str, extra: str) -> None:
        super().__init__(f"{purpose} needs {package}, which is not installed: pip install 'gyeol[{extra}]'")


def closest(name: str, known: Iterable[str]) -> str:
    """Complete an error message: ``"; did you mean 'lstm'? Possible: gru, lstm, rnn"``.

    Parameters
    ----------
    name : str
        What the user wrote.
    known : iterable of str
        The names that exist.

    Examples
    --------
    >>> closest("lstn", ["rnn", "lstm", "gru"])
    "; did you mean 'lstm'? Possible: rnn, lstm, gru"
    >>> closest("x", ["rnn", "lstm"]), closest("new.csw", ["new.csv"])
    ('. Possible: rnn, lstm', "; did you mean 'new.csv'?")
    """
    from difflib import get_close_matches

    known = [str(k) for k in known]
    near = get_close_matches(str(name).lower(), known, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return hint if near and known == near else f"{hint} Possible: {', '.join(known)}"
