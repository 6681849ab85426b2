"""Many to one, of numbers: a text becomes a number. Ratings, prices, degrees of what people say."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol import engine
from gyeol.errors import DataError
from gyeol.parameters import Rule, choice
from gyeol.tasks.checks import checked_numbers, checked_texts
from gyeol.tasks.number_scores import (
    LOSSES,
    mean_and_spread,
    number_loss,
    numbers_of,
    restored_scale,
    standard_loss,
)
from gyeol.tasks.series.base import flat
from gyeol.tasks.sklearn_base import RegressorMixin
from gyeol.tasks.text.base import TEXT_RULES, Batch, TextEstimator

__all__ = ["TextRegressor"]


class TextRegressor(RegressorMixin, TextEstimator):  # type: ignore[misc]
    """Learn a number for each text, as `TextClassifier` learns labels.

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
        Stop after so many epochs without a lower validation error.
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
        Tokens, and the runs that ``ngrams`` knows, also add to the number past the recurrent net; with ``positions`` by
        their places. By default where sequences are aligned, as above.
    nucleotides : bool, optional
        Read small letters as capitals and U as T. By default where all texts of the training are DNA or RNA.
    user_dictionary, keep_tags, stop_tags
        Of ``"content"`` and ``"morpheme"``: words of your own (a file, or a list), which the model keeps; the parts of
        speech that are kept, and left out (see `gyeol.inputs.tokens.morphemes.Content`).
    loss : {"mse", "huber"}
        The squared error; or, which outliers bend less, the absolute one where it is more than a spread of the targets
        (Huber 1964).

    Attributes
    ----------
    net_ : nn.Module
        The trained network.
    mean_, scale_ : float
        Mean and spread of the targets of the training.
    range_ : tuple of float
        The least and the greatest of them.
    history_, metrics_
        Figures by epoch, and those of the epoch that was kept.
    overlap_ : dict or None
        How much of the vocabulary, and of the texts, ``vectors`` knew.

    Examples
    --------
    >>> texts = ["정말 좋아요", "너무 좋다", "그저 그래요", "그냥 그렇다", "정말 싫어요", "너무 싫다"] * 8
    >>> model = TextRegressor(hidden_size=16, embedding_size=16, epochs=12, learning_rate=0.02)
    >>> model = model.fit(texts, [9, 10, 5, 6, 1, 2] * 8)
    >>> good, bad = model.predict(["아주 좋아요", "아주 싫어요"])
    >>> bool(good > bad)
    True
    """

    task: ClassVar[str] = "regress-text"
    monitor: ClassVar[str] = "loss"
    rules: ClassVar[dict[str, Rule]] = {**TEXT_RULES, "loss": choice(tuple(LOSSES))}

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
        loss: str = "mse",
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
        self.loss = loss

    @property
    def _width(self) -> int:
        return 1

    def _checked(self, X: Any, y: Any) -> tuple[list[str], npt.NDArray[np.float64]]:
        texts, numbers = self._checked_validation(X, y)
        least, greatest = float(numbers.min()), float(numbers.max())
        if least == greatest:
            if len(texts) == 1:
                raise DataError("got 1 sample: there is nothing to learn from one text")
            raise DataError(f"every target is {least:g}: there is nothing to learn from numbers that are all the same")
        self.range_ = least, greatest
        return texts, numbers

    def _checked_validation(self, X: Any, y: Any) -> tuple[list[str], npt.NDArray[np.float64]]:
        texts = checked_texts(X)
        return texts, checked_numbers(flat(y), len(texts))

    def _fit_targets(self, y: npt.NDArray[np.float64]) -> None:
        self.mean_, self.scale_ = mean_and_spread(y, self._sample_weight)

    def _targets(self, y: npt.NDArray[np.float64], which: npt.NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(y[which])

    def _loss(self, net: nn.Module, batch: Batch) -> engine.StepLoss:
        assert batch[1] is not None
        return number_loss(net(batch[0])[0], batch[1], self.mean_, self.scale_, batch[2], str(self.loss))

    def _decode(self, net: nn.Module, batch: Batch) -> npt.NDArray[np.generic]:
        return numbers_of(net(batch[0])[0], self.mean_, self.scale_)

    def _score(self, outputs: npt.NDArray[Any], y: npt.NDArray[np.float64]) -> dict[str, float]:
        figures = engine.regression(y, outputs)
        kept = {name: figures[name] for name in ("mse", "mae", "r2", "pearson", "spearman")}
        return {"loss": standard_loss(outputs - y, self.scale_, str(self.loss)), **kept}

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """Return a number for every text, shape (N,).

        Raises
        ------
        NotFittedError, DataError
            Before `fit`; for what is no list of texts.
        """
        self._ready()
        return np.concatenate(list(self._stream(checked_texts(X))))

    def evaluate(self, X: Any, y: Any) -> dict[str, Any]:
        """Return the figures on texts with their numbers: mse, mae, r2, pearson, spearman, count.

        ``r2`` is the share of the variance of the numbers that is explained; ``pearson`` and ``spearman`` are the
        correlations of numbers and of ranks. These three are 0 where there is no variance.
        """
        texts, targets = self._checked_validation(X, y)
        return engine.regression(targets, self.predict(texts))

    def describe_data(self) -> dict[str, str]:
        """What the model card says of the numbers."""
        least, greatest = self.range_
        told = f"{least:g} to {greatest:g}, mean {self.mean_:.4g}, spread {self.scale_:.4g}"
        return {"targets": told, **super().describe_data()}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        learned, inputs = super()._state()
        return {**learned, "mean": self.mean_, "scale": self.scale_, "range": list(self.range_)}, inputs

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        self.mean_, self.scale_ = restored_scale(learned)
        least, greatest = map(float, learned["range"])
        self.range_ = least, greatest
        super()._restore(learned, inputs)
