"""The scikit-learn contract: its own checks; where texts are taken, through an adapter from numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from gyeol import AuthorClassifier, SeriesClassifier, SeriesRegressor, TextClassifier, TextRegressor

BINS = 24


class AsText(BaseEstimator):
    """Rows of numbers written as texts: each value becomes a token that names its column and its quantile."""

    cell = "lstm"
    epochs: int
    random_state: int | None

    def _shared(self) -> dict[str, Any]:
        return {
            "cell": self.cell,
            "hidden_size": 8,
            "embedding_size": 8,
            "tokenizer": "whitespace",
            "epochs": self.epochs,
            "patience": self.epochs,
            "validation_fraction": 0.0,  # the checks bring 20 to 300 rows: too few to hold any back
            "learning_rate": 0.03,
            "batch_size": 32,
            "dropout": 0.0,
            "precision": "float64",
            "threads": 1,
            "random_state": self.random_state,
        }

    def predict(self, X: Any) -> npt.NDArray[Any]:
        texts = self._checked_texts(X)
        return self.model_.predict(texts)

    def _checked_texts(self, X: Any) -> list[str]:
        check_is_fitted(self)
        return self._texts(validate_data(self, X, reset=False))

    def _texts(self, X: npt.NDArray[Any]) -> list[str]:
        numbers = np.stack([np.searchsorted(self.edges_[:, j], X[:, j]) for j in range(X.shape[1])], axis=1)
        return [" ".join(f"f{j}_{n}" for j, n in enumerate(row)) for row in numbers]


class NumbersAsText(ClassifierMixin, AsText):
    """A classifier of such texts."""

    def __init__(
        self,
        features: str | None = None,
        cell: str = "lstm",
        epochs: int = 8,
        class_weight: Any = None,
        random_state: int | None = 0,
    ) -> None:
        self.features = features
        self.cell = cell
        self.epochs = epochs
        self.class_weight = class_weight
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> NumbersAsText:
        X, y = validate_data(self, X, y)
        self.edges_ = np.quantile(X, np.linspace(0, 1, BINS + 1)[1:-1], axis=0)
        self.model_ = self._made(self._shared()).fit(self._texts(X), y)
        self.classes_ = self.model_.classes_
        return self

    def _made(self, shared: dict[str, Any]) -> Any:
        return TextClassifier(**shared, features=self.features, class_weight=self.class_weight)

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        texts = self._checked_texts(X)
        probabilities: npt.NDArray[np.float64] = self.model_.predict_proba(texts)
        return probabilities


class NumbersByAuthor(NumbersAsText):
    """The same for authors, whose classes have no weights."""

    def __init__(self, cell: str = "lstm", epochs: int = 8, random_state: int | None = 0) -> None:
        self.cell = cell
        self.epochs = epochs
        self.random_state = random_state

    def _made(self, shared: dict[str, Any]) -> Any:
        return AuthorClassifier(**shared, ngrams=1)


class NumbersToNumber(RegressorMixin, AsText):
    """The same for numbers that are learned."""

    def __init__(self, features: str | None = None, epochs: int = 8, random_state: int | None = 0) -> None:
        self.features = features
        self.epochs = epochs
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> NumbersToNumber:
        X, y = validate_data(self, X, y, y_numeric=True)
        self.edges_ = np.quantile(X, np.linspace(0, 1, BINS + 1)[1:-1], axis=0)
        self.model_ = TextRegressor(**self._shared(), features=self.features).fit(self._texts(X), y)
        return self


@parametrize_with_checks(
    [NumbersAsText(), NumbersAsText(features="tfidf"), NumbersByAuthor(), NumbersToNumber(), NumbersToNumber("tfidf")]
)
def test_contract_of_scikit_learn(estimator: NumbersAsText, check: Any) -> None:
    check(estimator)


#: In the checks a row of a table is a sequence of one channel. All that there are for classifiers and regressors apply;
#: what needs pandas or an array API is skipped by scikit-learn itself where that is not installed.
QUICK: dict[str, Any] = {
    "hidden_size": 8,
    "frame": 5,
    "dropout": 0.0,
    "batch_size": 32,
    "epochs": 12,
    "learning_rate": 0.03,
    "validation_fraction": 0.0,
    "threads": 1,
}


#: To the last bits, weights are rows repeated only where all rows are one batch: tests/tasks/test_sample_weights.py.
BATCHES = {
    "check_sample_weight_equivalence_on_dense_data": "repeated rows fall into other batches than rows with weights"
}


@parametrize_with_checks(
    [SeriesClassifier(**QUICK), SeriesRegressor(**QUICK)], expected_failed_checks=lambda estimator: BATCHES
)
def test_contract_of_scikit_learn_of_sequences(estimator: Any, check: Any) -> None:
    check(estimator)
