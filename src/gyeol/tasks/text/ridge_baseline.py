"""What a regressor of texts is measured by: TF-IDF of words and characters, and ridge regression."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from gyeol import engine

__all__ = ["ridge_baseline"]

Examples = tuple[Sequence[str], Any]
_SOLID = r"\S+"  # words are separated by white space
_STRENGTHS = (0.1, 1.0, 10.0)


def ridge_baseline(train: Examples, valid: Examples, weights: Any = None) -> dict[str, Any]:
    """Fit TF-IDF and ridge regression; the strength is the best on the validation part.

    Words and pairs of words, and character n-grams of 1 to 4, with sublinear counts; by alpha = 0.1, 1, 10. ``weights``
    are those of the examples to train on.

    Returns
    -------
    dict
        ``features``, ``alpha``; ``mse``, ``mae``, ``r2``, ``pearson`` and ``spearman`` on the validation part;
        ``seconds``.

    Examples
    --------
    >>> part = ["좋다", "그저 그렇다", "싫다"] * 4, np.array([9.0, 5.0, 1.0] * 4)
    >>> found = ridge_baseline(part, part)
    >>> found["alpha"], found["mae"] < 0.2
    (0.1, True)
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_union

    started = time.monotonic()
    vectorizer = make_union(
        TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=_SOLID),
        TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 4), analyzer="char"),
    )
    X, V = vectorizer.fit_transform(train[0]), vectorizer.transform(valid[0])
    middle = float(np.average(train[1], weights=weights))
    best: dict[str, Any] = {}
    for alpha in _STRENGTHS:
        ridge = Ridge(alpha=alpha, fit_intercept=False, solver="sparse_cg")
        ridge.fit(X, np.asarray(train[1]) - middle, sample_weight=weights)
        figures = engine.regression(np.asarray(valid[1], dtype=np.float64), ridge.predict(V) + middle)
        if not best or figures["mse"] < best["mse"]:
            best = {"features": "tfidf, words 1-2, characters 1-4", "alpha": alpha, **figures}
    return {**best, "seconds": round(time.monotonic() - started, 1)}
