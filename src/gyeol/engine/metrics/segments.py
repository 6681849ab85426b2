"""BLEU and chrF by sentence: what each adds to the counts of n-grams, and the scores of such counts. sacrebleu counts.

sacrebleu's own paired tests resample these counts, too; both metrics give them by the same methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.errors import MissingExtraError

__all__ = ["bleu_counts", "bleu_of", "chrf_counts", "chrf_of", "sentence_chrf"]

Floats = npt.NDArray[Any]


@cache
def _metric(name: str, **settings: Any) -> Any:
    try:
        from sacrebleu import metrics
    except ImportError:
        raise MissingExtraError("the measuring of texts", "sacrebleu", "translate") from None
    return getattr(metrics, name)(**settings)


def _counts(metric: Any, written: Sequence[str], wanted: Sequence[Sequence[str]]) -> Floats:
    most = max(map(len, wanted))
    streams = [[some[n] if n < len(some) else None for some in wanted] for n in range(most)]
    return np.array(metric._extract_corpus_statistics(list(written), streams), dtype=np.float64)


def bleu_counts(written: Sequence[str], wanted: Sequence[Sequence[str]], *, tokenize: str | None = None) -> Floats:
    """Count what each text adds to BLEU: lengths, matches and n-grams, shape (N, 10).

    Parameters
    ----------
    written : sequence of str
    wanted : sequence of sequences of str
        One or more references of each.
    tokenize : str, optional
        As sacrebleu names it; by default its own tokens.

    Examples
    --------
    >>> round(float(bleu_of(bleu_counts(["the cat sat on the mat"], [["the cat sat on the mat"]]))[0]), 6)
    100.0
    """
    return _counts(_metric("BLEU", **({} if tokenize is None else {"tokenize": tokenize})), written, wanted)


def bleu_of(counts: Floats) -> Floats:
    """Return the BLEU, of 100, of sums of counts (B, 10)."""
    return _scores(_metric("BLEU"), counts)


def chrf_counts(written: Sequence[str], wanted: Sequence[Sequence[str]]) -> Floats:
    """Count what each text adds to chrF: n-grams written, wanted and both, by order, shape (N, 18)."""
    return _counts(_metric("CHRF"), written, wanted)


def chrf_of(counts: Floats) -> Floats:
    """Return the chrF, of 100, of sums of counts (B, 18)."""
    return _scores(_metric("CHRF"), counts)


def sentence_chrf(counts: Floats) -> Floats:
    """Return the chrF, of 100, of each text by itself (N,)."""
    return chrf_of(counts)


def _scores(metric: Any, counts: Floats) -> Floats:
    return np.array([round(metric._compute_score_from_stats(row.tolist()).score, 10) for row in np.atleast_2d(counts)])
