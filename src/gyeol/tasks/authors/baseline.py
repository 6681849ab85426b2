"""What an author's model is measured by: TF-IDF of words and characters, and logistic regression."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["author_baseline"]

Examples = tuple[Sequence[str], Sequence[Any]]
_SOLID = r"\S+"  # words are separated by white space
_PROBE = 300  # texts
_SLOWER = 2.0  # the next strength, or the next features, may take as much longer
_STRENGTHS = (1.0, 10.0, 100.0, 1000.0)


def author_baseline(
    train: Examples, valid: Examples, test: Examples | None = None, *, seed: int = 0, seconds: float = math.inf
) -> dict[str, Any]:
    """Fit TF-IDF and logistic regression; features and strength are those best on the validation part.

    Words and pairs of words, character n-grams of 1 to 4, or both (n-grams of up to 5 inside words), with sublinear
    counts, by C = 1, 10, 100, 1000; one class against the rest. Where the time is short, only the first of these are
    tried, as far as what is expected of the next fits in; perhaps none.

    Returns
    -------
    dict
        ``features``, ``C``, ``valid_accuracy``, ``seconds``; ``accuracy`` and ``predicted`` on ``test`` if it is given.
        Empty where there was no time for any.

    Examples
    --------
    >>> texts, authors = ["나는 간다", "그대는 가는가"] * 4, ["가", "나"] * 4
    >>> author_baseline((texts, authors), (texts, authors))["valid_accuracy"]
    1.0
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_union

    def tfidf(**settings: Any) -> Any:
        return TfidfVectorizer(sublinear_tf=True, **settings)

    kinds: dict[str, Any] = {
        "words 1-2": tfidf(ngram_range=(1, 2), token_pattern=_SOLID),
        "characters 1-4": tfidf(analyzer="char", ngram_range=(1, 4)),
        "words 1-2, characters 1-5": make_union(
            tfidf(ngram_range=(1, 2), token_pattern=_SOLID), tfidf(analyzer="char_wb", ngram_range=(1, 5))
        ),
    }

    def fitted(C: float, X: Any, y: Any) -> Any:
        return OneVsRestClassifier(LogisticRegression(C=C, solver="liblinear", random_state=seed)).fit(X, y)

    started_at = time.monotonic()
    expected = 0.0
    if math.isfinite(seconds):  # some of every author, to see how long all would take
        rows = range(0, len(train[0]), max(1, len(train[0]) // _PROBE))
        X = kinds["words 1-2"].fit_transform([train[0][row] for row in rows])
        some = [train[1][row] for row in rows]
        if len(set(some)) > 1:
            fitted(1.0, X, some)
        expected = (time.monotonic() - started_at) * len(train[0]) / len(rows)
    best: dict[str, Any] = {"valid_accuracy": -1.0}
    for name, vectorizer in kinds.items():
        if time.monotonic() - started_at + expected > seconds:
            break
        started = time.monotonic()
        X, V = vectorizer.fit_transform(train[0]), vectorizer.transform(valid[0])
        for C in _STRENGTHS:
            if C > 1 and time.monotonic() - started_at + expected > seconds:
                break
            model = fitted(C, X, train[1])
            accuracy = float(model.score(V, valid[1]))
            if accuracy > best["valid_accuracy"]:
                best = {"features": name, "C": C, "valid_accuracy": accuracy}
                if test is not None:
                    best["predicted"] = model.predict(vectorizer.transform(test[0]))
            expected, started = _SLOWER * (time.monotonic() - started), time.monotonic()
    if best["valid_accuracy"] < 0:
        return {}
    if test is not None:
        best["accuracy"] = float(np.mean(best["predicted"] == np.asarray(test[1])))
    return {**best, "seconds": round(time.monotonic() - started_at, 1)}
