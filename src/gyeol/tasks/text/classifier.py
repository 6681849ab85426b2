"""Many to one: a text becomes a class. Sentiment, topics, DNA by the letter.

Token vectors pass a recurrent net in both directions; attention weighs its states (Yang et al. 2016, equations 5 to 7);
a linear layer reads the weighted mean. With ``features="bow"``, ``"tfidf"`` or ``"onehot"`` the same class is the
one-to-one shape, a one-hidden-layer feed-forward net on what scikit-learn counts: the baseline that a recurrent model
has to beat.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from gyeol import engine
from gyeol.parameters import Rule, choice
from gyeol.tasks.checks import checked_texts
from gyeol.tasks.class_scores import weights_rule
from gyeol.tasks.sklearn_base import ClassifierMixin
from gyeol.tasks.text.base import TEXT_RULES, Batch, TextEstimator
from gyeol.tasks.text.labels import LABELS, OneLabel, SeveralLabels, labels_of

__all__ = ["TextClassifier"]


class TextClassifier(ClassifierMixin, TextEstimator):  # type: ignore[misc]
    """Classify texts with a recurrent network.

    Parameters
    ----------
    cell : str or class
        ``"rnn"``, ``"lstm"``, ``"gru"`` (the course's, reset before the product), ``"gru_after"`` (PyTorch's), or a
        cell of your own.
    hidden_size, num_layers, bidirectional
        The recurrent net: units a direction, layers, both directions or one.
    attention : {"global", None}
        Weigh the states of all steps by a learned query; None for ``pooling`` alone.
    tokenizer : str, class or Tokenizer
        ``"auto"`` (syllables for Korean, subwords for spaced scripts), ``"syllable"``, ``"jamo"``, ``"whitespace"``,
        ``"word"``, ``"morpheme"``, ``"content"`` (Korean nouns, verbs and adjectives), ``"bpe"``.
    lowercase, min_count
        Lower-case the texts; tokens (and runs of them) seen less often than ``min_count`` are unknown.
    embedding_size : int
        Length of a token's vector; with ``vectors``, theirs.
    vectors : path or WordVectors, optional
        Word vectors that the tokens' vectors begin with. ``tokenizer="auto"`` then is one whose tokens they know.
    dropout : float
        Share of values dropped between layers.
    batch_size, epochs, learning_rate, weight_decay, clip_norm
        Adam; the learning rate falls to zero over the epochs along a half cosine.
    patience : int
        Stop after so many epochs without a better validation accuracy.
    validation_fraction, averaging, time_limit
        Share held back for that; decay of the moving average of the weights that is kept (0: none); seconds.
    precision : {"auto", "float32", "float64", "bfloat16"}
        Of the arithmetic; ``"auto"`` and ``"bfloat16"`` train with recurrent products in bfloat16 where there are such.
    threads : int, optional
        Cores to use; all by default.
    random_state : int
        Same seed, machine and threads: the same bits.
    verbose : bool
        Show a progress bar.
    features : {None, "bow", "tfidf", "onehot", "vectors"}
        None for the recurrent net; else the feed-forward baseline; ``"vectors"`` is the mean of the tokens' vectors.
    freeze_vectors : bool
        Leave ``vectors`` as they are, instead of tuning them.
    pooling : str, optional
        ``"last"``, ``"mean"``, ``"max"``, or several joined by ``+``: what stands beside the attention's view.
    ngrams : int
        Frequent runs of up to so many tokens get vectors of their own, added to the tokens'; 1 for none.
    max_length : int
        Of longer texts (in tokens) the middle is left out.
    positions : int, optional
        So many places, counted from the beginning, have vectors of their own, added to the tokens'; all later ones
        share the last. 0: none. For what is aligned, as promoters are around the place where reading begins. By default
        as many as the sequences are long, where all are single words of one length, 300 at most, in a small alphabet.
    direct : bool, optional
        Tokens, and the runs that ``ngrams`` knows, also speak for the classes past the recurrent net; with
        ``positions`` by their places. By default where sequences are aligned, as above.
    nucleotides : bool, optional
        Read small letters as capitals and U as T. By default where all texts of the training are DNA or RNA.
    user_dictionary, keep_tags, stop_tags
        Of ``"content"`` and ``"morpheme"``: words of your own (a file, or a list), which the model keeps; the parts of
        speech that are kept, and left out (see `gyeol.inputs.tokens.morphemes.Content`).
    class_weight : {None, "balanced"} or dict
        Weight of each class in the loss; of several labels a text, of each label where a text has it.
    labels : {"auto", "one", "several", "any"}
        How many labels a text has. ``"auto"``: several where ``y`` holds lists, tuples or sets of labels, or is a
        matrix of 0 and 1, a column a class. ``"several"`` also splits strings at each ``|``; ``"any"`` takes an empty
        string for no label.

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
    _labels: OneLabel | SeveralLabels
    rules: ClassVar[dict[str, Rule]] = {
        **TEXT_RULES,
        "class_weight": weights_rule,
        "labels": choice(LABELS),
    }

    def __init__(
        self,
        *,
        cell: Any = "lstm",
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = True,
        attention: str | None = "global",
        tokenizer: Any = "auto",
        lowercase: bool = False,
        min_count: int = 2,
        embedding_size: int = 128,
        vectors: Any = None,
        dropout: float = 0.4,
        batch_size: int = 64,
        epochs: int = 8,
        learning_rate: float = 0.002,
        weight_decay: float = 0.0,
        clip_norm: float = 5.0,
        patience: int = 3,
        validation_fraction: float = 0.1,
        averaging: float = 0.999,
        time_limit: float | None = None,
        precision: str = "auto",
        threads: int | None = None,
        random_state: int | None = 0,
        verbose: bool = False,
        features: str | None = None,
        freeze_vectors: bool = False,
        pooling: str | None = "mean+max",
        ngrams: int = 3,
        max_length: int = 1000,
        positions: int | None = None,
        direct: bool | None = None,
        nucleotides: bool | None = None,
        user_dictionary: Any = None,
        keep_tags: Any = None,
        stop_tags: Any = None,
        class_weight: Any = None,
        labels: str = "auto",
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.attention = attention
        self.tokenizer = tokenizer
        self.lowercase = lowercase
        self.min_count = min_count
        self.embedding_size = embedding_size
        self.vectors = vectors
        self.dropout = dropout
        self.batch_size = batch_size
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.averaging = averaging
        self.time_limit = time_limit
        self.precision = precision
        self.threads = threads
        self.random_state = random_state
        self.verbose = verbose
        self.features = features
        self.freeze_vectors = freeze_vectors
        self.pooling = pooling
        self.ngrams = ngrams
        self.max_length = max_length
        self.positions = positions
        self.direct = direct
        self.nucleotides = nucleotides
        self.user_dictionary = user_dictionary
        self.keep_tags = keep_tags
        self.stop_tags = stop_tags
        self.class_weight = class_weight
        self.labels = labels

    @property
    def _width(self) -> int:
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

    def _fit_targets(self, y: Any) -> None:
        self._labels.learn(y, self.class_weight, self._sample_weight)

    def _settings(self) -> engine.Settings:
        return dataclasses.replace(super()._settings(), monitor=self._labels.monitor)

    def _build(self) -> nn.Module:
        net = super()._build()
        self._labels.begin(net)
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
        """Say which of several labels a text gets by such probabilities as `predict_proba` returns, (N, classes)."""
        self._ready()
        if isinstance(self._labels, SeveralLabels):
            return self._labels.given(probabilities, self.net_)
        return np.asarray(np.arange(probabilities.shape[1]) == probabilities.argmax(1)[:, None])

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

    def describe_data(self) -> dict[str, str]:
        """What the model card says of the labels."""
        return {**self._labels.described(), **super().describe_data()}

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that a text may have several labels."""
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
