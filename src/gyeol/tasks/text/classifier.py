"""Many to one: a text becomes a class. Sentiment, topics, DNA by the letter.

Token vectors pass a recurrent net in both directions; attention weighs its states (Yang et al. 2016, equations 5 to 7);
a linear layer reads the weighted mean. With ``features="bow"``, ``"tfidf"`` or ``"onehot"`` the same class is the
one-to-one shape, a one-hidden-layer feed-forward net on what scikit-learn counts: the baseline that a recurrent model
has to beat.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from gyeol import engine
from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.parameters import choice
from gyeol.tasks.checks import checked_texts
from gyeol.tasks.class_scores import weights_rule
from gyeol.tasks.hyperparameters import estimator, hyperparameter
from gyeol.tasks.outcomes.classes import class_outcomes, label_set_outcomes
from gyeol.tasks.sklearn_base import ClassifierMixin
from gyeol.tasks.text.base import Batch, TextEstimator
from gyeol.tasks.text.labels import LABELS, OneLabel, SeveralLabels, labels_of
from gyeol.tasks.verdicts import Verdict, of_classes

__all__ = ["TextClassifier"]


@estimator
@dataclass(kw_only=True, eq=False, repr=False)
class TextClassifier(ClassifierMixin, TextEstimator):  # type: ignore[misc]
    """Classify texts with a recurrent network.

    Attributes
    ----------
    classes_ : array
        The labels, sorted.
    thresholds_ : array or None
        Of several labels a text: the probability from which on each is given, the one of the highest F1 on the
        validation part.
    reading_ : Reading
        How sequences are read: ``nucleotides``, ``length`` (of aligned ones), ``positions``, ``direct``.
    net_ : nn.Module
        The trained network.
    history_, metrics_
        Figures by epoch, and those of the epoch that was kept.
    overlap_ : dict or None
        How much of the vocabulary, and of the texts, ``vectors`` knew.

    Examples
    --------
    >>> texts = ["정말 좋아요", "너무 좋다", "진짜 좋네", "정말 싫어요", "너무 싫다", "진짜 싫네"] * 8
    >>> labels = ["긍정", "긍정", "긍정", "부정", "부정", "부정"] * 8
    >>> model = TextClassifier(hidden_size=16, embedding_size=16, epochs=8, learning_rate=0.02).fit(texts, labels)
    >>> model.predict(["아주 좋아요"]).tolist()
    ['긍정']
    """

    task: ClassVar[str] = "classify"
    class_weight: Any = hyperparameter(
        None,
        weights_rule,
        'Weight of each class in the loss: None, ``"balanced"``, or a dict; of several labels a text, of each label '
        "where a text has it.",
    )
    labels: str = hyperparameter(
        "auto",
        choice(LABELS),
        'How many labels a text has. ``"auto"``: several where ``y`` holds lists, tuples or sets of labels, or is a '
        'matrix of 0 and 1, a column a class. ``"several"`` also splits strings at each ``|``; ``"any"`` takes an '
        "empty string for no label.",
    )

    _labels: OneLabel | SeveralLabels = field(init=False)

    @property
    def _output_size(self) -> int:
        return len(self.classes_)

    @property
    def thresholds_(self) -> npt.NDArray[np.float64] | None:
        """The probability from which on each of several labels is given, shape (K,); None of one label a text."""
        self._ready()
        return self._labels.thresholds(self.net_)

    def _checked(self, X: Any, y: Any) -> tuple[list[str], Any]:
        texts = checked_texts(X)
        self._labels, numbers = labels_of(str(self.labels), y, len(texts))
        self.classes_, self.counts_ = self._labels.classes, self._labels.counts
        return texts, numbers

    def _checked_validation(self, X: Any, y: Any) -> tuple[list[str], Any]:
        texts = checked_texts(X)
        return texts, self._labels.numbered(y, len(texts))

    def _strata(self, y: Any) -> npt.NDArray[np.int64]:
        return self._labels.strata(y)

    def _fit_inputs(self, X: list[str], y: Any) -> None:
        super()._fit_inputs(X, y)
        self._labels.learn(y, self.class_weight, self._sample_weight)

    def _settings(self) -> engine.Settings:
        return replace(super()._settings(), monitor=self._labels.monitor)

    def _build(self) -> nn.Module:
        net = super()._build()
        self._labels.prepare(net)
        return net

    def _targets(self, y: Any, which: npt.NDArray[np.int64]) -> Tensor:
        return self._labels.batch(y, which)

    def _loss(self, net: nn.Module, batch: Batch) -> engine.StepLoss:
        return self._labels.loss(net(batch[0])[0], batch[1], batch[2])

    def _decode(self, net: nn.Module, batch: Batch) -> npt.NDArray[np.generic]:
        return self._labels.probabilities(net(batch[0])[0])

    def _score(self, outputs: npt.NDArray[Any], y: Any) -> dict[str, float]:
        return self._labels.figures(outputs, y, self.net_)

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return each class's probability for every text, shape (N, classes).

        Rows sum to 1 where a text has one label; of several, each has a probability of its own.

        Raises
        ------
        NotFittedError, DataError
            Before `fit`; for what is no list of texts.
        """
        self._ready()
        return np.concatenate(list(self._stream(checked_texts(X))))

    def predict(self, X: Any) -> Any:
        """Return the most probable class of every text, shape (N,).

        Of several labels a text, those whose probability is above their thresholds: lists of labels in the order of
        ``classes_``, or a matrix of 0 and 1 (N, classes) where `fit` got one. Unless a text of the training had no
        label at all, each gets one at least, the most probable.
        """
        self._ready()
        return self._labels.answers(self.predict_proba(X), self.net_)

    def given(self, probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Choose the labels of each text by probabilities as `predict_proba` returns them, (N, classes)."""
        self._ready()
        if isinstance(self._labels, SeveralLabels):
            return self._labels.given(probabilities, self.net_)
        return np.asarray(np.arange(probabilities.shape[1]) == probabilities.argmax(1)[:, None])

    def _verdict(self, text: str, target: Any) -> Verdict:
        shares, several = self.predict_proba([text]), isinstance(self._labels, SeveralLabels)
        answer = self._labels.answers(shares, self.net_)[0]
        answer = answer.tolist() if isinstance(answer, np.ndarray) else answer
        return of_classes(
            list(self.classes_), shares[0], target, prediction=answer if several else None, independent=several
        )

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy: the share of texts whose label, or whole set of labels, is right."""
        self._ready()
        if isinstance(self._labels, OneLabel):
            return float(super().score(X, y, sample_weight))
        texts, numbers = self._checked_validation(X, y)
        found = self.given(self.predict_proba(texts))
        return float(np.average((found == numbers.indicator()).all(1), weights=sample_weight))

    def evaluate(self, X: Any, y: Any) -> dict[str, Any]:
        """Return the figures on labelled texts: accuracy, macro_f1, loss, count, confusion, per_class.

        Of several labels a text: accuracy and subset_accuracy (the whole set is right), micro_f1, micro_precision,
        micro_recall, macro_f1, loss, count, and per_class with each label's threshold.

        Raises
        ------
        DataError
            For a label that training never saw.
        """
        self._ready()
        texts, numbers = self._checked_validation(X, y)
        return self._labels.report(self.predict_proba(texts), numbers, self.net_)

    def outcomes(self, X: Any, y: Any = None) -> Outcomes:
        """Return what became of every example; see `gyeol.engine.metrics.outcomes`."""
        self._ready()
        texts, numbers = self._checked_validation(X, y)
        with self._session():
            encoded = self._encode(texts, None)
            probabilities: Any = self._outputs(encoded)
        classes = self.classes_.tolist()
        if isinstance(self._labels, OneLabel):
            return class_outcomes(probabilities, numbers, classes, encoded.lengths)
        given = self._labels.given(probabilities, self.net_)
        return label_set_outcomes(probabilities, numbers.indicator(), given, classes, encoded.lengths)

    def describe_data(self) -> dict[str, str]:
        """Describe the labels, for the model card."""
        return {**self._labels.described(), **super().describe_data()}

    def __sklearn_tags__(self) -> Any:
        """Declare to scikit-learn that a text may have several labels."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        learned, inputs = super()._state()
        return {**self._labels.state(), **learned}, inputs

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        kind = SeveralLabels if "several" in learned else OneLabel
        self._labels = kind.restored(learned)
        self.classes_, self.counts_ = self._labels.classes, self._labels.counts
        super()._restore(learned, inputs)
