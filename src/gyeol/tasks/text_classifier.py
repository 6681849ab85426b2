"""Many to one: a text becomes a class. Sentiment, topics, DNA by the letter.

Token vectors pass a recurrent net in both directions; attention weighs its states (Yang et al. 2016, equations 5 to 7);
a linear layer reads the weighted mean. With ``features="bow"``, ``"tfidf"`` or ``"onehot"`` the same class is the
one-to-one shape, a one-hidden-layer feed-forward net on what scikit-learn counts: the baseline that a recurrent model
has to beat.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import ClassifierMixin
from torch import Tensor, nn

from gyeol import engine
from gyeol.errors import ParameterError
from gyeol.inputs import FEATURES, FeatureInput, TextInput, WordVectors, tokenizer_rule
from gyeol.inputs.grams import frequent_runs
from gyeol.inputs.tokenizers import MORPHEME_RULES, tokenizer_with
from gyeol.inputs.vector_start import Start, begin_on, described, tokenizer_for
from gyeol.layers import CELLS, POOLINGS, Cell
from gyeol.layers.embedding import begin_with
from gyeol.parameters import Rule, choice, joined, switch, whole
from gyeol.tasks.base import TRAINING_RULES, Encoded, Estimator
from gyeol.tasks.class_scores import class_figures, class_loss, class_report, probabilities_of, weights_rule
from gyeol.tasks.labels import (
    checked_classes,
    checked_labels,
    checked_texts,
    class_weights,
    labels_from_state,
    labels_to_state,
    numbered,
)
from gyeol.tasks.text_nets import BagNet, MeanNet, RecurrentNet, frequent_ids

__all__ = ["TextClassifier"]

_RUNS = 50_000  # the most runs of each length: 25 MB a length at 128 numbers


class TextClassifier(ClassifierMixin, Estimator):  # type: ignore[misc]
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
    class_weight : {None, "balanced"} or dict
        Weight of each class in the loss.
    max_length : int
        Of longer texts (in tokens) the middle is left out.
    positions : int
        So many places, counted from the beginning, have vectors of their own, added to the tokens'; all later ones
        share the last. 0: none. For what is aligned, as promoters are around the place where reading begins.
    direct : bool
        Tokens, and the runs that ``ngrams`` knows, also speak for the classes past the recurrent net; with
        ``positions`` by their places.
    user_dictionary, keep_tags, stop_tags
        Of ``"content"`` and ``"morpheme"``: words of your own (a file, or a list), which the model keeps; the parts of
        speech that are kept, and left out (see `gyeol.inputs.morpheme.Content`).

    Attributes
    ----------
    classes_ : array
        The labels, sorted.
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
    overlap_: dict[str, Any] | None
    _start: Start | None
    _size: int
    rules: ClassVar[dict[str, Rule]] = {
        "cell": choice(CELLS, own=Cell),
        "hidden_size": whole(1, 1 << 16),
        "num_layers": whole(1, 100),
        "bidirectional": switch,
        "attention": choice(("global", None)),
        "tokenizer": tokenizer_rule(),
        "lowercase": switch,
        "min_count": whole(1),
        "embedding_size": whole(1, 1 << 16),
        "vectors": lambda v: (
            "" if v is None or isinstance(v, (str, Path, WordVectors)) else "must be a path, WordVectors or None"
        ),
        **TRAINING_RULES,
        "features": choice((None, *FEATURES)),
        "freeze_vectors": switch,
        "pooling": joined(POOLINGS),
        "ngrams": whole(1),
        "class_weight": weights_rule,
        "max_length": whole(2),
        "positions": whole(0, 1 << 16),
        "direct": switch,
        **MORPHEME_RULES,
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
        class_weight: Any = None,
        max_length: int = 1000,
        positions: int = 0,
        direct: bool = False,
        user_dictionary: Any = None,
        keep_tags: Any = None,
        stop_tags: Any = None,
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
        self.class_weight = class_weight
        self.max_length = max_length
        self.positions = positions
        self.direct = direct
        self.user_dictionary = user_dictionary
        self.keep_tags = keep_tags
        self.stop_tags = stop_tags

    def _checked(self, X: Any, y: Any) -> tuple[list[str], npt.NDArray[np.int64]]:
        texts = checked_texts(X)
        self.classes_, numbers, self.counts_ = checked_classes(y, len(texts))
        return texts, numbers

    def _checked_validation(self, X: Any, y: Any) -> tuple[list[str], npt.NDArray[np.int64]]:
        texts = checked_texts(X)
        return texts, numbered(checked_labels(y, len(texts)), self.classes_)

    def _strata(self, y: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return y

    def _fit_targets(self, y: npt.NDArray[np.int64]) -> None:
        self._weights = class_weights(self.class_weight, self.classes_, y)

    def _settings(self) -> engine.Settings:
        # Who weighs the classes wants the epoch that is best by those weights.
        monitor = self.monitor if self._weights is None else "weighted_accuracy"
        return dataclasses.replace(super()._settings(), monitor=monitor)

    def _fit_inputs(self, X: list[str]) -> None:
        vectors = self._word_vectors()
        auto = vectors is not None and isinstance(self.tokenizer, str) and self.tokenizer == "auto"
        tokenizer = tokenizer_for(vectors, X) if auto and vectors is not None else self.tokenizer
        shared: dict[str, Any] = {
            "tokenizer": tokenizer_with(tokenizer, **{name: getattr(self, name) for name in MORPHEME_RULES}),
            "lowercase": bool(self.lowercase),
            "min_count": self.min_count if len(X) >= 1000 else 1,
            "max_length": self.max_length,
        }
        self.inputs_ = FeatureInput(self.features, **shared) if self.features else TextInput(**shared)
        self.inputs_.fit(X)
        self._start, self.overlap_, self._size = None, None, int(self.embedding_size)
        if vectors is not None:
            text = self.inputs_ if isinstance(self.inputs_, TextInput) else self.inputs_.text
            rows = [np.asarray(text.encode(X).values, dtype=np.int64)]
            self._start, self.overlap_ = begin_on(vectors, text.vocabulary.tokens, rows, text.tokenizer.name)
            self._size = vectors.size
        self.runs_, self.direct_ = [], None
        if isinstance(self.inputs_, TextInput) and (self.ngrams > 1 or self.direct):
            size, texts = len(self.inputs_.vocabulary), self.inputs_.encode(X)
            often: dict[str, int] = {"min_count": self.min_count}
            if self.ngrams > 1:
                self.runs_ = frequent_runs(texts, size, longest=self.ngrams, at_most=_RUNS, **often)
            if self.direct:
                parts = np.array_split(np.arange(len(X)), -(-len(X) // 256))
                batches = (self.inputs_.batch(texts, part) for part in parts)
                self.direct_ = frequent_ids(batches, size, self.runs_, positions=self.positions, **often)

    def _encode(self, X: list[str], y: npt.NDArray[np.int64] | None) -> Encoded:
        rows: Any = self.inputs_.encode(X)
        inputs: Any = self.inputs_

        def batch(which: npt.NDArray[np.int64]) -> tuple[Any, Tensor | None]:
            return inputs.batch(rows, which), None if y is None else torch.from_numpy(y[which])

        return Encoded(inputs.lengths(rows), batch)

    def _build(self) -> nn.Module:
        classes = len(self.classes_)
        net: RecurrentNet | MeanNet
        if isinstance(self.inputs_, FeatureInput):
            if self.features != "vectors":
                return BagNet(self, self.inputs_.width, classes)
            net = MeanNet(self, self.inputs_.width, self._size, classes)
        else:
            runs = [len(keys) for keys in self.runs_]
            known = None if self.direct_ is None else len(self.direct_)
            net = RecurrentNet(self, len(self.inputs_.vocabulary), self._size, runs, known, classes)
            if net.grams is not None:
                net.grams.set_keys([torch.as_tensor(keys) for keys in self.runs_])
            if net.direct is not None:
                net.direct.set_keys(torch.as_tensor(self.direct_))
        if self._start is not None:
            begin_with(net.embedding.weight, *self._start, frozen=bool(self.freeze_vectors))
            self._start = None
        return net

    def _word_vectors(self) -> WordVectors | None:
        if self.vectors is None and self.freeze_vectors:
            raise ParameterError("freeze_vectors=True: there are no vectors to leave as they are; give vectors=PATH")
        if self.vectors is None or isinstance(self.vectors, WordVectors):
            return self.vectors
        if self.features not in (None, "vectors"):
            raise ParameterError(f"vectors: features={self.features!r} has no use for them; take features='vectors'")
        return WordVectors.load(self.vectors)

    def _loss(self, net: nn.Module, batch: tuple[Any, Tensor]) -> engine.StepLoss:
        return class_loss(net(batch[0])[0], batch[1], self._weights)

    def _decode(self, net: nn.Module, batch: tuple[Any, Any]) -> npt.NDArray[np.generic]:
        return probabilities_of(net(batch[0])[0])

    def _score(self, outputs: npt.NDArray[Any], y: npt.NDArray[np.int64]) -> dict[str, float]:
        return class_figures(outputs, y, self._weights)

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return each class's probability for every text, shape (N, classes); rows sum to 1.

        Raises
        ------
        NotFittedError, DataError
            Before `fit`; for what is no list of texts.
        """
        self._ready()
        return np.concatenate(list(self._stream(checked_texts(X))))

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the most probable class of every text, shape (N,)."""
        numbers = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[numbers])

    def evaluate(self, X: Any, y: Any) -> dict[str, Any]:
        """Return the figures on labelled texts: accuracy, macro_f1, loss, count, confusion, per_class.

        Raises
        ------
        DataError
            For a label that training never saw.
        """
        self._ready()
        texts, numbers = self._checked_validation(X, y)
        return class_report(self.predict_proba(texts), numbers, self.classes_.tolist())

    def describe_data(self) -> dict[str, str]:
        """What the model card says of the labels."""
        told = {"classes": ", ".join(f"{name}: {count:,}" for name, count in self.counts_.items())}
        if own := getattr(self.inputs_.tokenizer, "entries", ()):
            told["user dictionary"] = f"{len(own):,} word{'s' if len(own) > 1 else ''}"
        if self.overlap_ is not None:
            told["vectors"] = described(self.overlap_)
        return told

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        runs = [len(keys) for keys in self.runs_]  # the keys themselves are tensors of the net
        learned = {"counts": self.counts_, "runs": runs, "embedding_size": self._size, "overlap": self.overlap_}
        learned["direct"] = None if self.direct_ is None else len(self.direct_)
        return {**labels_to_state(self.classes_), **learned}, self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        self.classes_ = labels_from_state(learned)
        self.counts_ = {str(name): int(count) for name, count in learned["counts"].items()}
        self.runs_ = [np.zeros(int(size), dtype=np.int64) for size in learned["runs"]]
        direct = learned.get("direct")
        self.direct_ = None if direct is None else np.zeros(int(direct), dtype=np.int64)
        self._start, self._size = None, int(learned.get("embedding_size", self.embedding_size))
        overlap = learned.get("overlap")
        self.overlap_ = None if overlap is None else {str(k): v + 0 for k, v in overlap.items()}
        own = self.tokenizer if not isinstance(self.tokenizer, str) else None
        self.inputs_ = (FeatureInput if self.features else TextInput).restored(inputs, tokenizer=own)
