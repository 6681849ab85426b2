"""Many to one: a text becomes a class. Sentiment, topics, DNA by the letter.

Token vectors pass a recurrent net in both directions; attention weighs its states (Yang et al. 2016, equations 5 to 7);
a linear layer reads the weighted mean. With ``features="bow"``, ``"tfidf"`` or ``"onehot"`` the same class is the
one-to-one shape, a one-hidden-layer feed-forward net on what scikit-learn counts: the baseline that a recurrent model
has to beat.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from sklearn.base import ClassifierMixin
from torch import Tensor, nn

from gyeol import engine
from gyeol.errors import DataError
from gyeol.inputs import FEATURES, TOKENIZERS, FeatureInput, TextBatch, TextInput, Tokenizer
from gyeol.inputs.features import FeatureBatch
from gyeol.inputs.grams import frequent_runs
from gyeol.kernels.packing import Packing
from gyeol.layers import CELLS, POOLINGS, Cell, Embedding, GramEmbedding, LockedDropout, Recurrent, Summary
from gyeol.parameters import Rule, choice, fraction, joined, positive, switch, whole
from gyeol.tasks.base import Encoded, Estimator
from gyeol.tasks.labels import checked_labels, checked_texts, class_weights, labels_from_state, labels_to_state

__all__ = ["TextClassifier"]

_NO_CLASSES = 20  # more labels than this, all different, are no classes
_RUNS = 50_000  # the most runs of each length: 25 MB a length at 128 numbers


class _Net(nn.Module):
    """Tokens to logits: embedding, recurrent layers, summary, linear."""

    def __init__(self, model: TextClassifier, size: int, sizes: list[int], classes: int) -> None:
        super().__init__()
        directions = 2 if model.bidirectional else 1
        # NumPy's numbers, as a search hands them over, are not what PyTorch takes for numbers.
        embedding_size, hidden_size, dropout = int(model.embedding_size), int(model.hidden_size), float(model.dropout)
        self.embedding = Embedding(size, embedding_size)
        nn.init.normal_(self.embedding.weight[1:], std=0.1)
        self.grams = GramEmbedding(size, sizes, embedding_size, dropout=dropout / 2) if sizes else None
        self.recurrent = Recurrent(
            model.cell,
            embedding_size,
            hidden_size,
            num_layers=int(model.num_layers),
            bidirectional=directions == 2,
            dropout=dropout / 2 if model.num_layers > 1 else 0.0,
            batch_first=True,
            precision="auto" if model.precision == "bfloat16" else "float32",  # bfloat16 in training only
        )
        # The tokens' own vectors stand beside the states that know their context (Lai et al. 2015, equation 3).
        self.summary = Summary(
            hidden_size * directions,
            embedding_size,
            attention=bool(model.attention),
            poolings=model.pooling.split("+") if model.pooling else [],
            directions=directions,
        )
        self.locked = LockedDropout(dropout / 2)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.summary.output_size, classes)

    def forward(self, batch: TextBatch) -> tuple[Tensor, Tensor | None]:
        """Tokens (B, T) to logits (B, classes) and attention weights (B, T)."""
        packing = Packing.of(batch.lengths, batch.tokens.shape[1])
        vectors = self.embedding(packing.gather(batch.tokens.unsqueeze(2)).squeeze(1))
        if self.grams is not None:
            vectors = vectors + self.grams(batch.tokens, packing)
        vectors = self.locked(vectors, packing)
        states, _ = self.recurrent.run_packed(vectors, packing, need_state=False)
        summary, weights = self.summary(self.locked(states, packing), vectors, packing)
        return self.head(self.dropout(summary)), weights


class _BagNet(nn.Module):
    """Sparse vectors to logits: one hidden layer, of which only the columns that occur are touched."""

    def __init__(self, model: TextClassifier, width: int, classes: int) -> None:
        super().__init__()
        hidden_size = int(model.hidden_size)
        self.first = nn.EmbeddingBag(width, hidden_size, mode="sum", sparse=True)
        nn.init.normal_(self.first.weight, std=1.0 / math.sqrt(hidden_size))
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        self.dropout = nn.Dropout(float(model.dropout))
        self.head = nn.Linear(hidden_size, classes)

    def forward(self, batch: FeatureBatch) -> tuple[Tensor, None]:
        """Columns and weights to logits (B, classes)."""
        weights = batch.weights.to(self.first.weight.dtype)
        hidden = self.first(batch.columns, batch.offsets, per_sample_weights=weights)
        return self.head(self.dropout(torch.relu(hidden + self.bias))), None


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
        ``"word"``, ``"morpheme"``, ``"bpe"``.
    lowercase, min_count
        Lower-case the texts; tokens (and runs of them) seen less often than ``min_count`` are unknown.
    embedding_size : int
        Length of a token's vector.
    dropout : float
        Share of values dropped between layers.
    batch_size, epochs, learning_rate, weight_decay, clip_norm
        Adam; the learning rate falls to zero over the epochs along a half cosine.
    patience : int
        Stop after so many epochs without a better validation accuracy.
    validation_fraction, averaging, time_limit
        Share held back for that; decay of the moving average of the weights that is kept (0: none); seconds.
    precision : {"auto", "float32", "float64", "bfloat16"}
        Of the arithmetic; ``"auto"`` is float32, ``"bfloat16"`` is for the recurrent products in training only.
    threads : int, optional
        Cores to use; all by default.
    random_state : int
        Same seed, machine and threads: the same bits.
    verbose : bool
        Show a progress bar.
    features : {None, "bow", "tfidf", "onehot"}
        None for the recurrent net; else the feed-forward baseline.
    pooling : str, optional
        ``"last"``, ``"mean"``, ``"max"``, or several joined by ``+``: what stands beside the attention's view.
    ngrams : int
        Frequent runs of up to so many tokens get vectors of their own, added to the tokens'; 1 for none.
    class_weight : {None, "balanced"} or dict
        Weight of each class in the loss.
    max_length : int
        Of longer texts (in tokens) the middle is left out.

    Attributes
    ----------
    classes_ : array
        The labels, sorted.
    net_ : nn.Module
        The trained network.
    history_, metrics_
        Figures by epoch, and those of the epoch that was kept.

    Examples
    --------
    >>> texts = ["정말 좋아요", "너무 좋다", "진짜 좋네", "정말 싫어요", "너무 싫다", "진짜 싫네"] * 8
    >>> labels = ["긍정", "긍정", "긍정", "부정", "부정", "부정"] * 8
    >>> model = TextClassifier(hidden_size=16, embedding_size=16, epochs=8, learning_rate=0.02).fit(texts, labels)
    >>> model.predict(["아주 좋아요"]).tolist()
    ['긍정']
    """

    task: ClassVar[str] = "classify"
    rules: ClassVar[dict[str, Rule]] = {
        "cell": choice(CELLS, own=Cell),
        "hidden_size": whole(1, 1 << 16),
        "num_layers": whole(1, 100),
        "bidirectional": switch,
        "attention": choice(("global", None)),
        "tokenizer": choice({"auto": None, **TOKENIZERS}, own=Tokenizer),
        "lowercase": switch,
        "min_count": whole(1),
        "embedding_size": whole(1, 1 << 16),
        "dropout": fraction(),
        "batch_size": whole(1),
        "epochs": whole(1),
        "learning_rate": positive(),
        "weight_decay": positive(zero=True),
        "clip_norm": positive(zero=True),
        "patience": whole(1),
        "validation_fraction": fraction(),
        "averaging": fraction(),
        "time_limit": positive(none=True),
        "precision": choice(("auto", "float32", "float64", "bfloat16")),
        "threads": whole(1, 1024, none=True),
        "random_state": whole(0, none=True),
        "verbose": switch,
        "features": choice((None, *FEATURES)),
        "pooling": joined(POOLINGS),
        "ngrams": whole(1),
        "class_weight": lambda v: (
            "" if v in (None, "balanced") or isinstance(v, dict) else "must be None, 'balanced' or a dict"
        ),
        "max_length": whole(2),
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
        pooling: str | None = "mean+max",
        ngrams: int = 3,
        class_weight: Any = None,
        max_length: int = 1000,
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
        self.pooling = pooling
        self.ngrams = ngrams
        self.class_weight = class_weight
        self.max_length = max_length

    def _checked(self, X: Any, y: Any) -> tuple[list[str], npt.NDArray[np.int64]]:
        texts = checked_texts(X)
        labels = checked_labels(y, len(texts))
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            only = self.classes_.tolist()[0]
            raise DataError(f"the labels hold one class only, {only!r:.60}: a classifier needs examples of two or more")
        if len(self.classes_) == len(texts) > _NO_CLASSES:
            raise DataError(f"no two of the {len(texts):,} labels are alike: is this the column of the labels?")
        self.counts_ = {str(c): int(n) for c, n in sorted(Counter(labels.tolist()).items(), key=lambda e: str(e[0]))}
        return texts, numbers.astype(np.int64)

    def _checked_validation(self, X: Any, y: Any) -> tuple[list[str], npt.NDArray[np.int64]]:
        texts = checked_texts(X)
        return texts, self._numbers(checked_labels(y, len(texts)))

    def _numbers(self, labels: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        number = {label: i for i, label in enumerate(self.classes_.tolist())}
        strange = next((i for i, label in enumerate(labels.tolist()) if label not in number), None)
        if strange is not None:
            known = ", ".join(f"{c!r:.60}" for c in self.classes_[:12].tolist())
            label = labels.tolist()[strange]
            raise DataError(f"label {strange}: {label!r:.60} was never seen in training; known are: {known}")
        return np.array([number[label] for label in labels.tolist()], dtype=np.int64)

    def _strata(self, y: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return y

    def _fit_targets(self, y: npt.NDArray[np.int64]) -> None:
        self._weights = class_weights(self.class_weight, self.classes_, y)

    def _settings(self) -> engine.Settings:
        # Who weighs the classes wants the epoch that is best by those weights.
        monitor = self.monitor if self._weights is None else "weighted_accuracy"
        return dataclasses.replace(super()._settings(), monitor=monitor)

    def _fit_inputs(self, X: list[str]) -> None:
        shared: dict[str, Any] = {
            "tokenizer": self.tokenizer,
            "lowercase": bool(self.lowercase),
            "min_count": self.min_count if len(X) >= 1000 else 1,
            "max_length": self.max_length,
        }
        self.inputs_ = FeatureInput(self.features, **shared) if self.features else TextInput(**shared)
        self.inputs_.fit(X)
        self.runs_ = []
        if isinstance(self.inputs_, TextInput) and self.ngrams > 1:
            size = len(self.inputs_.vocabulary)
            self.runs_ = frequent_runs(
                self.inputs_.encode(X), size, longest=self.ngrams, min_count=self.min_count, at_most=_RUNS
            )

    def _encode(self, X: list[str], y: npt.NDArray[np.int64] | None) -> Encoded:
        rows: Any = self.inputs_.encode(X)
        inputs: Any = self.inputs_

        def batch(which: npt.NDArray[np.int64]) -> tuple[Any, Tensor | None]:
            return inputs.batch(rows, which), None if y is None else torch.from_numpy(y[which])

        return Encoded(inputs.lengths(rows), batch)

    def _build(self) -> nn.Module:
        if isinstance(self.inputs_, FeatureInput):
            return _BagNet(self, self.inputs_.width, len(self.classes_))
        net = _Net(self, len(self.inputs_.vocabulary), [len(keys) for keys in self.runs_], len(self.classes_))
        if net.grams is not None:
            net.grams.set_keys([torch.as_tensor(keys) for keys in self.runs_])
        return net

    def _loss(self, net: nn.Module, batch: tuple[Any, Tensor]) -> engine.StepLoss:
        inputs, targets = batch
        logits, _ = net(inputs)
        right = logits.detach().argmax(1) == targets
        if self._weights is None:
            return engine.StepLoss(F.cross_entropy(logits, targets), int(right.sum()))
        weights = torch.as_tensor(self._weights, dtype=logits.dtype)
        share = float(weights[targets] @ right.to(weights))
        return engine.StepLoss(F.cross_entropy(logits, targets, weight=weights), share)  # type: ignore[arg-type]

    def _decode(self, net: nn.Module, batch: tuple[Any, Any]) -> npt.NDArray[np.generic]:
        logits, _ = net(batch[0])
        # In float64, so that rows sum to 1 to the last bits.
        return torch.softmax(logits.double(), dim=1).numpy()

    def _score(self, outputs: npt.NDArray[Any], y: npt.NDArray[np.int64]) -> dict[str, float]:
        right, losses = outputs.argmax(1) == y, -np.log(np.maximum(outputs[np.arange(len(y)), y], 1e-12))
        figures = {"accuracy": float(right.mean()), "loss": float(losses.mean())}
        if self._weights is None:
            return figures
        weights = self._weights[y] / self._weights[y].sum()
        return {**figures, "weighted_accuracy": float(weights @ right), "loss": float(weights @ losses)}

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
        probabilities = self.predict_proba(texts)
        figures = engine.classification(numbers, probabilities.argmax(axis=1), self.classes_.tolist())
        chosen = np.maximum(probabilities[np.arange(len(numbers)), numbers], 1e-12)
        return {**figures, "loss": float(-np.log(chosen).mean())}

    def describe_data(self) -> dict[str, str]:
        """What the model card says of the labels."""
        return {"classes": ", ".join(f"{name}: {count:,}" for name, count in self.counts_.items())}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        runs = [len(keys) for keys in self.runs_]  # the keys themselves are tensors of the net
        return {**labels_to_state(self.classes_), "counts": self.counts_, "runs": runs}, self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        self.classes_ = labels_from_state(learned)
        self.counts_ = {str(name): int(count) for name, count in learned["counts"].items()}
        self.runs_ = [np.zeros(int(size), dtype=np.int64) for size in learned["runs"]]
        own = self.tokenizer if not isinstance(self.tokenizer, str) else None
        self.inputs_ = (FeatureInput if self.features else TextInput).restored(inputs, tokenizer=own)
