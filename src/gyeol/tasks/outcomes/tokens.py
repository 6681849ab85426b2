"""Outcomes of a language model: how improbable it found each token of each text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.engine.metrics.outcomes import Outcomes, Profile

__all__ = ["token_outcomes"]

Floats = npt.NDArray[Any]
_PLACES = 12  # powers of two


def token_outcomes(
    losses: Floats, lengths: npt.NDArray[np.int64], characters: npt.NDArray[np.int64], texts: Sequence[str]
) -> Outcomes:
    """Sum the losses of all tokens by text, and by their place in it.

    Parameters
    ----------
    losses : array, shape (tokens,)
        Nats of each token, text after text.
    lengths, characters : int arrays, shape (N,)
        Of each text, its end counted.
    texts : sequence of str

    Examples
    --------
    >>> found = token_outcomes(np.log([2.0, 8, 4]), np.array([2, 1]), np.array([2, 1]), ["a", ""])
    >>> round(float(found.figures()["perplexity"][0]), 6), found.profiles["loss_by_place"].places
    (4.0, ['1', '2-3'])
    """
    owners = np.repeat(np.arange(len(lengths)), lengths)
    sums = {
        "loss": np.bincount(owners, weights=losses, minlength=len(lengths)),
        "tokens": lengths.astype(np.float64), "characters": characters.astype(np.float64),
    }  # fmt: skip
    places = np.arange(len(losses)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    group = np.minimum(np.log2(places + 1).astype(np.int64), _PLACES)
    most = int(group.max()) + 1
    names = [_range(1 << n, None if n == _PLACES else (2 << n) - 1) for n in range(most)]
    counts = np.bincount(group, minlength=most).astype(np.float64)
    profile = Profile(names, counts, np.bincount(group, weights=losses, minlength=most))
    per_token = sums["loss"] / np.maximum(lengths, 1)
    answers = np.exp(np.minimum(per_token, 700.0)).tolist()
    return Outcomes("tokens", sums, per_token, lengths, list(texts), answers, profiles={"loss_by_place": profile})


def _range(first: int, last: int | None) -> str:
    return f"{first}-" if last is None else str(first) if first == last else f"{first}-{last}"
