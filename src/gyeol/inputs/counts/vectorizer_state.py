"""What a `TextVectorizer` has learned, as JSON: in a separate file, or inside a model's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gyeol.data.atomic import replace_file
from gyeol.errors import ModelError, ParameterError
from gyeol.inputs.tokens.base import Tokenizer
from gyeol.inputs.tokens.state import checked_words, restored_tokenizer, settings_of, tokenizer_state

if TYPE_CHECKING:
    from gyeol.inputs.counts.text_vectorizer import TextVectorizer

__all__ = ["read_state", "restored", "state_of", "write_state"]

_FORMAT = "gyeol-vocabulary-1"
_SETTINGS = ("kind", "ngram_range", "min_df", "max_df", "max_features", "norm", "smooth_idf", "sublinear_tf")
_TERMS = 100_000  # written at once


def state_of(vectorizer: TextVectorizer, *, terms: bool = True) -> dict[str, Any]:
    """Return all that a fitted vectorizer knows, as JSON values; without its terms and their weights where said so."""
    settings = {name: getattr(vectorizer, name) for name in _SETTINGS}
    words = vectorizer.stop_words
    state: dict[str, Any] = {
        "format": _FORMAT,
        **{name: value.item() if isinstance(value, np.generic) else value for name, value in settings.items()},
        "ngram_range": list(vectorizer.ngram_range),
        "stop_words": words if words is None or isinstance(words, str) else sorted(words),
        "dtype": np.dtype(vectorizer.dtype).name,
        **tokenizer_state(vectorizer.tokenizer_),
        "documents": vectorizer.documents_,
    }
    if terms:
        state["idf"] = vectorizer.idf_.tolist() if vectorizer.kind == "tfidf" else None
        state["terms"] = vectorizer.terms_.to_list()
    return state


def restored(
    kind: type[TextVectorizer], state: Any, custom: type[Tokenizer] | Tokenizer | None = None, *, where: str
) -> TextVectorizer:
    """Make a vectorizer of a class again from `state_of`.

    Raises
    ------
    ModelError
        Where the state is not one that `state_of` returned; ``where`` names the file.
    """
    try:
        if state["format"] != _FORMAT:
            raise ModelError(f"{where}: its format is {state['format']!r:.40}, expected {_FORMAT!r}")
        tokenizer = restored_tokenizer(state, custom)
        low, high = state["ngram_range"]
        settings = {name: state[name] for name in _SETTINGS}
        settings |= {"ngram_range": (low, high), "stop_words": state["stop_words"], "dtype": str(state["dtype"])}
        vectorizer = kind(**settings, tokenizer=custom or tokenizer.name, lowercase=tokenizer.lowercase)
        vectorizer.set_params(**settings_of(tokenizer))
        vectorizer._check()
        terms = checked_words(state["terms"])
        if not terms or len(set(terms)) < len(terms):
            raise ModelError(f"{where}: the terms must be one or more, none twice")
        if vectorizer.kind == "tfidf":
            with np.errstate(over="ignore"):  # infinite then, which is said below
                weights = np.asarray(state["idf"], dtype=vectorizer.dtype)
            if weights.shape != (len(terms),) or not np.isfinite(weights).all():
                raise ModelError(f"{where}: idf must be a list of numbers, one a term")
            vectorizer.idf_ = weights
        vectorizer.documents_ = int(state["documents"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ModelError(f"{where} does not describe a vectorizer: {error!r:.200}") from error
    vectorizer.tokenizer_, vectorizer.terms_ = tokenizer, pl.Series(terms, dtype=pl.String)
    return vectorizer


def write_state(vectorizer: TextVectorizer, path: Path) -> None:
    """Write a vectorizer's state; the terms some thousand at a time, for there may be millions."""

    def write(place: Path) -> None:
        with place.open("w", encoding="utf-8", newline="\n") as file:
            head = json.dumps(state_of(vectorizer, terms=False), ensure_ascii=False, allow_nan=False, indent=1)
            file.write(head[:-2] + ',\n "terms": [')
            for first in range(0, len(vectorizer.terms_), _TERMS):
                some = vectorizer.terms_[first : first + _TERMS].to_list()
                file.write((",\n" if first else "\n") + json.dumps(some, ensure_ascii=False)[1:-1])
            file.write('\n ],\n "idf": ')
            if vectorizer.kind != "tfidf":
                file.write("null\n}\n")
                return
            for first in range(0, len(vectorizer.idf_), _TERMS):
                some = vectorizer.idf_[first : first + _TERMS].tolist()
                file.write((",\n" if first else "[\n") + json.dumps(some, allow_nan=False)[1:-1])
            file.write("]\n}\n")

    replace_file(path, write)


def read_state(
    kind: type[TextVectorizer], path: Path, custom: type[Tokenizer] | Tokenizer | None = None
) -> TextVectorizer:
    """Read what `write_state` wrote, into a vectorizer of a class.

    Raises
    ------
    ModelError
        Where the file is missing, or no such one.
    """
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"there is no file {path}; gyeol encode writes one beside every matrix") from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, RecursionError):
        raise ModelError(f"{path} is not a saved vocabulary: it is no JSON") from None
    if not isinstance(state, dict):
        raise ModelError(f"{path} is not a saved vocabulary")
    try:
        return restored(kind, state, custom, where=str(path))
    except ParameterError as error:
        raise ModelError(f"{path}: {error}") from error
