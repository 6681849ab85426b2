"""Who wrote a text: language models by author, and Bayes' rule.

P(author | text) goes with P(author) times the product, over the tokens, of P(token | those before it, author). The
tokens do not stand alone, as that product has it, so that the sum of their logarithms is far too sure of itself: it is
divided by the square root of the number of tokens and by one temperature, learned on the validation part (Guo et al.
2017). That changes how sure the model is, never whom it names. Every token's share of the verdict is known exactly,
which is what `explain` shows.

The loss is that of a language model, plus ``discrimination`` times the cross entropy of the author: a mixed
generative and discriminative training (Bouchard and Triggs 2004; for recurrent language models by class, Yogatama et
al. 2017).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gyeol import engine
from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.explain.attribution.inquiry import Inquiry
from gyeol.inputs import TextInput
from gyeol.inputs.tokens.ngrams import frequent_ngrams
from gyeol.parameters import positive, switch, whole
from gyeol.tasks.authors.inquiries import author_inquiry
from gyeol.tasks.authors.net import ApartNet, AuthorNet, SharedNet, places
from gyeol.tasks.base import Encoded, Estimator
from gyeol.tasks.checks import (
    checked_classes,
    checked_labels,
    checked_text,
    checked_texts,
    labels_from_state,
    labels_to_state,
    numbered,
)
from gyeol.tasks.class_scores import macro_f1
from gyeol.tasks.hyperparameters import TextParameters, estimator, hyperparameter
from gyeol.tasks.language.net import Pieces
from gyeol.tasks.outcomes.classes import class_outcomes
from gyeol.tasks.sklearn_base import ClassifierMixin
from gyeol.tasks.token_notes import located, token_notes
from gyeol.tasks.verdicts import no_position

__all__ = ["AuthorClassifier"]

BEGIN = 2  # token 2, the text "\n", precedes every text
_NGRAMS = 50_000  # the most n-grams of each length
_KEY_BITS = 62.9  # of the key of an n-gram


@estimator
@dataclass(kw_only=True, eq=False, repr=False)
class AuthorClassifier(ClassifierMixin, TextParameters, Estimator):  # type: ignore[misc]
    """Tell authors apart by how probable each of their language models finds a text.

    Attributes
    ----------
    classes_ : array
        The authors, sorted.
    net_ : nn.Module
        The trained network; its ``temperature`` and ``log_prior`` are those of Bayes' rule.
    inputs_ : TextInput
        Tokenizer and vocabulary.
    history_, metrics_
        Figures by epoch, and those of the epoch that was kept.

    Examples
    --------
    >>> texts = ["나는 학교에 간다", "나는 집에 간다", "그대는 어디로 가는가", "그대는 언제 오는가"] * 8
    >>> authors = ["가", "가", "나", "나"] * 8
    >>> model = AuthorClassifier(hidden_size=8, embedding_size=8, epochs=4, learning_rate=0.02).fit(texts, authors)
    >>> model.predict(["그대는 집에 가는가"]).tolist()
    ['나']
    >>> model.explain("그대는 집에 가는가").prediction
    '나'
    """

    task: ClassVar[str] = "author"
    monitor: ClassVar[str] = "loss"

    cell: Any = "lstm"
    hidden_size: int = hyperparameter(
        96, whole(1, 1 << 16), "Units of a layer below the last, which has as many as ``embedding_size`` says."
    )
    embedding_size: int = 96
    epochs: int = 6
    learning_rate: float = 0.012
    clip_norm: float = 1.0
    shared: bool = hyperparameter(
        True,
        switch,
        "One language model, which each author's vectors tilt; False: one for each author.",
    )
    ngrams: int = hyperparameter(
        5,
        whole(1),
        "Of the shared model: frequent n-grams of up to so many tokens, for each of which every author has a number; "
        "fewer where a large vocabulary leaves no space for their keys.",
    )
    discrimination: float = hyperparameter(
        5.0,
        positive(zero=True),
        "Weight of the cross entropy of the author beside the language models' loss; 0 for language models alone.",
    )
    max_length: int = hyperparameter(1000, whole(2), "Of longer texts (in tokens) the middle is left out.")

    net_: AuthorNet = field(init=False)
    inputs_: TextInput = field(init=False)

    # What training needs.

    def _checked(self, X: Any, y: Any) -> tuple[list[str], npt.NDArray[np.int64]]:
        texts = checked_texts(X)
        self.classes_, numbers, self.counts_ = checked_classes(y, len(texts))
        return texts, numbers

    def _checked_validation(self, X: Any, y: Any) -> tuple[list[str], npt.NDArray[np.int64]]:
        texts = checked_texts(X)
        return texts, numbered(checked_labels(y, len(texts)), self.classes_)

    def _strata(self, y: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return y

    def _fit_inputs(self, X: list[str], y: npt.NDArray[np.int64]) -> None:
        shared = {"tokenizer": self.tokenizer, "lowercase": bool(self.lowercase), "max_length": int(self.max_length)}
        self.inputs_ = TextInput(**shared, min_count=self._least_count(X)).fit(X)
        self.inputs_.vocabulary = self.inputs_.vocabulary.with_end()
        self.runs_ = []
        if self.shared and self.ngrams > 1:
            rows, size = self.inputs_.encode(X), len(self.inputs_.vocabulary)
            longest = min(int(self.ngrams), int(_KEY_BITS / np.log2(size)))
            least = int(self.min_count)
            self.runs_ = _nested(frequent_ngrams(rows, size, longest=longest, min_count=least, at_most=_NGRAMS), size)
        # One more of each: an author of whom all texts were held back shall not be impossible.
        counts = np.bincount(y, minlength=len(self.classes_)) + 1
        self._prior: list[float] = (counts / counts.sum()).tolist()

    def _encode(self, X: list[str], y: npt.NDArray[np.int64] | None) -> Encoded:
        rows = self.inputs_.encode(X)

        def batch(which: npt.NDArray[np.int64]) -> tuple[Pieces, Tensor | None]:
            texts = self.inputs_.batch(rows, which)
            tokens = F.pad(texts.tokens, (1, -1), value=BEGIN)
            each = torch.arange(len(which))
            pieces = Pieces(
                tokens, texts.tokens, texts.lengths, each, torch.ones_like(each, dtype=torch.bool), each, True
            )
            return pieces, None if y is None else torch.from_numpy(y[which])

        return Encoded(self.inputs_.lengths(rows), batch)

    def _build(self) -> nn.Module:
        size, embedding_size, layers = len(self.inputs_.vocabulary), int(self.embedding_size), self._layers()
        if not self.shared:
            return ApartNet(self._prior, size, embedding_size, **layers)
        net = SharedNet(self._prior, size, embedding_size, [len(keys) for keys in self.runs_], **layers)
        net.runs.set_keys([torch.as_tensor(keys) for keys in self.runs_])
        return net

    def _loss(self, net: nn.Module, batch: tuple[Pieces, Tensor]) -> engine.StepLoss:
        pieces, authors = batch
        logs = net(pieces)
        text, known = places(pieces)
        generative = -logs.gather(1, authors[text].unsqueeze(1)).mean()
        sums = logs.new_zeros(len(authors), logs.shape[1]).index_add(0, text, logs * known.to(logs)[:, None])
        scores = (sums + net.log_prior) / pieces.lengths.to(logs).sqrt()[:, None]
        right = int((scores.detach().argmax(1) == authors).sum())
        return engine.StepLoss(generative + float(self.discrimination) * F.cross_entropy(scores, authors), right)

    def _decode(self, net: nn.Module, batch: tuple[Pieces, Any]) -> npt.NDArray[np.generic]:
        """Give the log of prior times likelihood, a column an author, and in a last one the number of tokens."""
        pieces = batch[0]
        text, known = places(pieces)
        logs = net(pieces).double() * known.double()[:, None]
        sums = logs.new_zeros(len(pieces.lengths), logs.shape[1]).index_add(0, text, logs)
        scores = sums + net.log_prior.double()
        return torch.cat([scores, pieces.lengths.double()[:, None]], 1).numpy()

    def _score(self, outputs: npt.NDArray[Any], y: npt.NDArray[np.int64]) -> dict[str, float]:
        """Learn the temperature, and compare with the truth."""
        scores = outputs[:, :-1] / np.sqrt(outputs[:, -1:])
        best = engine.temperature(scores, y)
        self.net_.temperature.fill_(best)
        loss = -engine.log_softmax(scores / best)[np.arange(len(y)), y].mean()
        found = scores.argmax(axis=1)
        return {
            "accuracy": float((found == y).mean()),
            "macro_f1": macro_f1(y, found),
            "loss": float(loss),
            "temperature": best,
        }

    # What a trained model does.

    def predict_log_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the logarithm of each author's probability for every text, shape (N, authors).

        Raises
        ------
        NotFittedError, DataError
            Before `fit`; for what is no list of texts.
        """
        self._ready()
        outputs: npt.NDArray[Any] = np.concatenate(list(self._stream(checked_texts(X))))
        return self._tempered(outputs)

    def _tempered(self, outputs: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        scores = outputs[:, :-1] / (np.sqrt(outputs[:, -1:]) * float(self.net_.temperature))
        return engine.log_softmax(scores)

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return each author's probability for every text, shape (N, authors); rows sum to 1."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the most probable author of every text, shape (N,)."""
        numbers = self.predict_log_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[numbers])

    def evaluate(self, X: Any, y: Any) -> dict[str, Any]:
        """Return the figures on labelled texts: accuracy, macro_f1, loss, count, confusion, per_class.

        Raises
        ------
        DataError
            For an author that training never saw.
        """
        self._ready()
        texts, numbers = self._checked_validation(X, y)
        logs = self.predict_log_proba(texts)
        figures = engine.classification(numbers, logs.argmax(axis=1), self.classes_.tolist())
        return {**figures, "loss": float(-logs[np.arange(len(numbers)), numbers].mean())}

    def _inquiry(self, x: Any, target: Any, position: int | None) -> Inquiry:
        no_position(position)
        text = checked_text(x)
        tokens, notes = located(self.inputs_, text, text)
        encoded = self._encode([text], None)
        unknown = token_notes(self.inputs_.encode([text])[0], self.inputs_)

        def batch(copies: int) -> Pieces:
            pieces: Pieces = encoded.batch(np.zeros(copies, dtype=np.int64))[0]
            return pieces

        return author_inquiry(
            self.net_, batch, self._tempered, text, tokens, list(self.classes_), target, [*notes, *unknown]
        )

    def outcomes(self, X: Any, y: Any = None) -> Outcomes:
        """Return what became of every example; see `gyeol.engine.metrics.outcomes`."""
        self._ready()
        texts, numbers = self._checked_validation(X, y)
        lengths = np.array([len(self.inputs_.tokenizer.tokenize(text)) for text in texts], dtype=np.int64)
        return class_outcomes(np.exp(self.predict_log_proba(texts)), numbers, self.classes_.tolist(), lengths)

    def describe_data(self) -> dict[str, str]:
        """Describe the authors, for the model card."""
        return {"authors": ", ".join(f"{name}: {count:,}" for name, count in self.counts_.items())}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        ngrams = [len(keys) for keys in self.runs_]  # the keys themselves are tensors of the net
        return {**labels_to_state(self.classes_), "counts": self.counts_, "runs": ngrams}, self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        self.classes_ = labels_from_state(learned)
        self.counts_ = {str(name): int(count) for name, count in learned["counts"].items()}
        self.runs_ = [np.zeros(int(size), dtype=np.int64) for size in learned["runs"]]
        self._prior = [1.0] * len(self.classes_)  # the prior itself is a tensor of the net
        self.inputs_ = TextInput.restored(inputs, tokenizer=self._custom_tokenizer)
        if self.inputs_.vocabulary.tokens[BEGIN : BEGIN + 1] != ["\n"]:
            raise ValueError("token 2 is not the mark that stands before a text")


def _nested(ngrams: list[npt.NDArray[np.int64]], size: int) -> list[npt.NDArray[np.int64]]:
    """Leave out longer n-grams whose last two tokens are no known bigram: `Continuations` could not place them."""
    return [keys if n == 0 else keys[np.isin(keys % size**2, ngrams[0])] for n, keys in enumerate(ngrams)]
