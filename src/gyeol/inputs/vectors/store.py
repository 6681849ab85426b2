"""Word vectors on disk: a folder in gyeol's format, or a file in a common one.

A folder holds ``config.json`` (what they are), ``words.json``, ``vectors.npy`` and, where there are subwords,
``subword_numbers.npy`` and ``subword_vectors.npy``. The arrays are memory-mapped; nothing in the folder can run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gyeol.data.atomic import replace_folder
from gyeol.data.vectors.vector_files import FORMS, read_vectors, write_vectors
from gyeol.errors import ModelError, ParameterError, SaveError, closest
from gyeol.inputs.vectors.subword_vectors import SPELLINGS, Subwords
from gyeol.inputs.vectors.word_table import WordTable

if TYPE_CHECKING:
    from gyeol.inputs.vectors.word_vectors import WordVectors

__all__ = ["ENDINGS", "check_vectors_place", "load_vectors", "save_vectors"]

#: The format by the ending of a file.
ENDINGS = {".vec": "word2vec", ".txt": "word2vec", ".bin": "word2vec-binary", ".glove": "glove"}

_FORMAT = "gyeol-vectors-1"
_FILES = ("config.json", "words.json", "vectors.npy", "subword_numbers.npy", "subword_vectors.npy")


def check_vectors_place(path: Path, form: str = "auto") -> str:
    """Return the format in which vectors are written to a path: one of `FORMS`, or ``"folder"``.

    Raises
    ------
    ParameterError, SaveError
        The ending is unknown; the path is a folder of something else.
    """
    if form not in ("auto", "folder", *FORMS):
        raise ParameterError(f"form={form!r} is not one{closest(str(form), ('folder', *FORMS))}")
    if form == "auto":
        ending = path.suffix.lower()
        if ending and ending not in ENDINGS:
            raise ParameterError(
                f"{path}: vectors are not written as {ending!r}{closest(ending, ENDINGS)}, or a folder"
            )
        form = ENDINGS.get(ending, "folder")
    if form == "folder" and path.is_dir() and not {file.name for file in path.iterdir()} <= set(_FILES):
        raise SaveError(f"{path} is a folder that contains other things than vectors; name another place")
    return form


def save_vectors(vectors: WordVectors, path: Path, *, form: str = "auto") -> None:
    """Write vectors: `WordVectors.save`."""
    form = check_vectors_place(path, form)
    vectors.path = str(path)
    if form != "folder":
        write_vectors(path, vectors.words, vectors.vectors, form=form)
        return
    sub = vectors.subwords
    config: dict[str, Any] = {"format": _FORMAT, "about": vectors.about, "subwords": None}
    if sub is not None:
        config["subwords"] = {
            "spelling": sub.spelling, "shortest": sub.shortest, "longest": sub.longest, "buckets": sub.buckets
        }  # fmt: skip

    def write(folder: Path) -> None:
        (folder / "config.json").write_text(json.dumps(config, ensure_ascii=False, indent=1) + "\n", "utf-8")
        (folder / "words.json").write_text(json.dumps(vectors.words, ensure_ascii=False) + "\n", "utf-8")
        np.save(folder / "vectors.npy", vectors.vectors, allow_pickle=False)
        if sub is not None:
            np.save(folder / "subword_numbers.npy", sub.known, allow_pickle=False)
            np.save(folder / "subword_vectors.npy", sub.vectors, allow_pickle=False)

    replace_folder(path, write)


def load_vectors(path: Path, *, form: str = "auto", limit: int | None = None, cache: bool = True) -> WordTable:
    """Read vectors: `WordVectors.load`."""
    if not path.is_dir():
        read = read_vectors(path, form=form, limit=limit, cache=cache)
        return WordTable(read.words, read.vectors, None, {"file": path.name, "notes": read.notes})
    try:
        config = json.loads((path / "config.json").read_text("utf-8"))
        if config["format"] != _FORMAT:
            if "task" in config:
                raise ModelError(
                    f"{path} is a model of 'fit {config['task']!s:.40}'; a folder of word vectors was expected"
                )
            raise ModelError(f"{path}: its format is {config['format']!r:.40}, expected {_FORMAT!r}")
        words = json.loads((path / "words.json").read_text("utf-8"))
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ModelError(f"{path}: words.json must be a list of words")
        table = _mapped(path, "vectors.npy", np.float32, 2)
        subwords = _subwords(path, config["subwords"], table.shape[1])
        return WordTable(words[:limit], table[:limit], subwords, dict(config["about"]))
    except FileNotFoundError as error:
        missing = Path(str(error.filename)).name
        raise ModelError(f"{path} is not a folder of word vectors: it has no {missing}") from None
    except (ValueError, KeyError, TypeError, OSError, EOFError, RecursionError) as error:
        raise ModelError(f"{path} is not a folder of word vectors: {error!s:.200}") from error


def _subwords(path: Path, config: Any, size: int) -> Subwords | None:
    if config is None:
        return None
    spelling, numbers = config["spelling"], [config[name] for name in ("shortest", "longest", "buckets")]
    right = spelling in SPELLINGS and all(isinstance(n, int) for n in numbers)
    if not right or not 1 <= numbers[0] <= numbers[1] <= 100 or not 1 <= numbers[2] <= 1 << 40:
        raise ModelError(f"{path}: config.json describes no subwords: {config!r:.100}")
    known = _mapped(path, "subword_numbers.npy", np.int64, 1)
    vectors = _mapped(path, "subword_vectors.npy", np.float32, 2)
    if vectors.shape != (len(known), size) or (np.diff(known) <= 0).any():
        raise ModelError(f"{path}: subword_numbers.npy and subword_vectors.npy do not fit")
    shortest, longest, buckets = numbers
    return Subwords(spelling, shortest, longest, buckets, known, vectors)


def _mapped(path: Path, name: str, kind: type, dimensions: int) -> npt.NDArray[Any]:
    array = np.load(path / name, mmap_mode="r", allow_pickle=False)
    if not isinstance(array, np.ndarray) or array.dtype != kind or array.ndim != dimensions:
        raise ModelError(f"{path}: {name} has another type or shape than it should")
    if array.dtype == np.float32 and not all(
        np.isfinite(array[first : first + 65536]).all() for first in range(0, len(array), 65536)
    ):
        raise ModelError(f"{path}: {name} holds a number that is not finite")
    return array
