"""Many to many, in step: after each token, how probable every token is that may come next.

What was read is carried in the state of recurrent layers, from window to window of a corpus (truncated backpropagation
through time, Williams and Peng 1990), or reset at every line. Such a model suggests words, continues texts, and scores
how probable they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from gyeol import engine
from gyeol.data.token_stream import TokenStream
from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.errors import DataError, ParameterError
from gyeol.explain.attribution.inquiry import Inquiry
from gyeol.inputs import TextInput
from gyeol.layers.decoding.neural_cache import NeuralCache, Window, best_cache, cached_losses
from gyeol.parameters import choice, fraction, positive, switch, whole
from gyeol.tasks.base import Encoded, Estimator
from gyeol.tasks.checks import checked_text, checked_texts
from gyeol.tasks.hyperparameters import estimator, hyperparameter
from gyeol.tasks.initial_vectors import VectorsEstimator
from gyeol.tasks.language.data import END, WINDOW, encode_stream
from gyeol.tasks.language.inquiries import next_inquiry
from gyeol.tasks.language.net import Carrier, LanguageNet, Pieces, activity, in_order, targets_of
from gyeol.tasks.language.reader import Reader, continued, suggestions
from gyeol.tasks.outcomes.tokens import token_outcomes
from gyeol.tasks.training.examples import Examples, last_rows
from gyeol.tasks.verdicts import no_position

__all__ = ["LanguageModel"]

_ENDLESS = 1 << 31  # tokens of a text: none is shortened


@estimator
@dataclass(kw_only=True, eq=False, repr=False)
class LanguageModel(VectorsEstimator, Estimator):
    """Learn which token follows.

    Attributes
    ----------
    net_ : nn.Module
        The trained network.
    inputs_ : TextInput
        Tokenizer and vocabulary; token 2 is the end of a line.
    history_, metrics_
        Figures by epoch, and those of the epoch that was kept.
    overlap_ : dict or None
        How much of the vocabulary, and of the texts, ``vectors`` knew.

    Examples
    --------
    >>> texts = ["나는 학교에 간다", "나는 집에 간다"] * 20
    >>> model = LanguageModel(tokenizer="whitespace", hidden_size=16, embedding_size=16, epochs=12, batch_size=4,
    ...                       learning_rate=0.02, dropout=0.0, documents="line").fit(texts)
    >>> model.suggest("나는 집에", top=1)[0][0]
    '간다'
    """

    task: ClassVar[str] = "language"
    monitor: ClassVar[str] = "loss"
    ordered: ClassVar[bool] = True
    usage: ClassVar[str] = 'gyeol generate {} --prompt "..."'

    hidden_size: int = 256
    num_layers: int = 2
    embedding_size: int = 256
    dropout: float = hyperparameter(
        0.3,
        fraction(),
        "Share of features dropped before the softmax, the same at every step; of less elsewhere (three fifths "
        "between layers, three quarters at the entry, a quarter of whole words where there are a thousand).",
    )
    batch_size: int = hyperparameter(32, whole(1), "Streams read side by side.")
    epochs: int = 10
    learning_rate: float = 0.003
    clip_norm: float = 1.0
    validation_fraction: float = hyperparameter(
        0.05, fraction(), "Share of the lines held back, the last ones, on which the best epoch is chosen."
    )
    averaging: float = 0.999
    bptt: int = hyperparameter(
        40, whole(1, 1 << 20), "Steps that a gradient goes back, about: windows differ a little in length."
    )
    tied: bool = hyperparameter(True, switch, "Whether the softmax's weights are the embedding.")
    weight_dropout: float = hyperparameter(0.0, fraction(), "Share of recurrent weights dropped.")
    documents: str = hyperparameter(
        "file",
        choice(("file", "line")),
        'What the state is carried through: ``"file"``, all lines, or ``"line"``, each line alone.',
    )
    optimizer: str = hyperparameter(
        "adam",
        choice(engine.OPTIMIZERS),
        '``"adam"``, ``"sgd"`` or ``"asgd"``, which keeps the rate, and averages all weights from the epoch on that '
        "is not better (Merity et al. 2018). Descent needs rates a thousand times Adam's: 20 with ``clip_norm=0.25``.",
    )
    activation_penalty: float = hyperparameter(
        0.0, positive(zero=True), "Weight of large and of changing states in the loss; Merity et al. 2018 take 1."
    )
    softmax_samples: int = hyperparameter(
        0,
        whole(0),
        "Words, on average, from which the softmax is learned at each step, drawn anew; 0: all. Of 33,000 words 4,096 "
        "make a step twice as fast; the training loss shown then is no perplexity's.",
    )

    net_: LanguageNet = field(init=False)
    inputs_: TextInput = field(init=False)
    #: While `fit` runs: each token's share of the targets (V,), if the softmax is learned from samples.
    _frequencies: torch.Tensor | None = field(init=False, default=None)

    # What training needs. The target of a text is how many characters it has, its line end among them.

    def _checked(self, X: Any, y: Any) -> tuple[list[str], npt.NDArray[np.int64]]:
        texts = checked_texts(X, empty=True)
        if not any(text.strip() for text in texts):
            raise DataError("the corpus holds no text: every line is empty or white space")
        return texts, np.fromiter((len(text) + 1 for text in texts), dtype=np.int64)

    def _held_back(self, strata: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], str]:
        return last_rows(len(strata), self.validation_fraction)

    def _fit_inputs(self, X: list[str], y: Any) -> None:
        vectors = self._word_vectors()
        self.inputs_ = TextInput(
            tokenizer=self._tokenizer_for(vectors, X), lowercase=bool(self.lowercase), max_length=_ENDLESS,
            min_count=self._least_count(X),
        ).fit(X)  # fmt: skip
        self.inputs_.vocabulary = self.inputs_.vocabulary.with_end()
        self._start_from(vectors, self.inputs_, self._numbers(X))

    def _numbers(self, texts: Iterable[str]) -> Iterator[npt.NDArray[np.int32]]:
        return map(self.inputs_.vocabulary.encode, self.inputs_.tokenizer.tokenize_many(texts))

    def _settings(self) -> engine.Settings:
        return replace(super()._settings(), optimizer=str(self.optimizer))

    def _encode(self, X: list[str], y: Any) -> Encoded:
        stream = TokenStream.write(self._numbers(X), 1, end=END)
        return encode_stream(stream, lambda s, epoch: s.windows(WINDOW), apart=self.documents == "line")

    def _encode_training(self, X: list[str], y: Any) -> Encoded:
        bptt, seed = int(self.bptt), self._seed
        stream = TokenStream.write(self._numbers(X), int(self.batch_size), end=END)
        if self.softmax_samples:
            counts = torch.from_numpy(stream.counts(len(self.inputs_.vocabulary)))
            self._frequencies = counts.float() / len(stream)
        return encode_stream(
            stream, lambda s, epoch: s.windows(bptt, seed=[seed, epoch]), apart=self.documents == "line"
        )

    def _build(self) -> nn.Module:
        net = LanguageNet(
            len(self.inputs_.vocabulary),
            self._size,
            **self._layers(),
            tied=bool(self.tied),
            weight_dropout=float(self.weight_dropout),
            samples=int(self.softmax_samples),
        )
        self._initialize(net.embedding.weight)
        return net

    def _loss(self, net: nn.Module, batch: tuple[Pieces, Carrier]) -> engine.StepLoss:
        assert isinstance(net, LanguageNet)
        states, packing = net.states(*batch)
        hidden = net.exit(states, packing)
        targets = targets_of(batch[0], packing)
        loss = net.loss(hidden, targets, frequencies=self._frequencies, precision=self._softmax_precision)
        if self.activation_penalty:
            loss = loss + float(self.activation_penalty) * activity(states, hidden, packing)
        return engine.StepLoss(loss)

    def _conclude(self, examples: Examples) -> None:
        self._frequencies = None

    def _decode(self, net: nn.Module, batch: tuple[Pieces, Carrier]) -> npt.NDArray[np.generic]:
        hidden, targets = net(*batch)
        losses = net.losses(hidden, targets)  # type: ignore[operator]
        return in_order(losses.double(), batch[0]).numpy()

    def _score(self, outputs: npt.NDArray[Any], y: npt.NDArray[np.int64]) -> dict[str, float]:
        loss = float(outputs.mean())
        bits = float(outputs.sum()) / math.log(2) / int(y.sum())
        return {"loss": loss, "perplexity": math.exp(min(loss, 700.0)), "bits_per_character": bits}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return self._vectors_state(), self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        self.inputs_ = TextInput.restored(inputs, tokenizer=self._custom_tokenizer)
        if self.inputs_.vocabulary.tokens[END : END + 1] != ["\n"]:
            raise ValueError("token 2 is not the end of a line")
        self._restore_vectors(learned)

    # What a trained model does.

    def evaluate(self, X: Any, y: Any = None, *, cache: NeuralCache | None = None) -> dict[str, Any]:
        """Return the figures on texts: perplexity (a token), bits_per_character, loss (nats a token), tokens, unknown.

        Every token counts, line ends too; with ``documents="file"`` the state is carried through all texts. A ``cache``
        (see `choose_cache`) makes what was said before likelier.
        """
        self._ready()
        texts, characters = self._checked(X, None)
        encoded = self._encode(texts, None)
        with self._session():
            losses = self._outputs(encoded) if cache is None else cached_losses(self._read_through(encoded), cache)
        unknown = sum(int((numbers == 1).sum()) for numbers in self._numbers(texts))
        return {**self._score(losses, characters), "tokens": len(losses), "unknown": unknown, "count": len(texts)}

    def choose_cache(self, X: Any, *, size: int = 2000) -> NeuralCache:
        """Choose the flatness and the share of a cache of the last ``size`` tokens, on texts that are no test's.

        Raises
        ------
        ParameterError
            Each line is a text of its own (``documents="line"``): there is nothing to remember.
        """
        self._ready()
        if self.documents == "line":
            raise ParameterError('a cache reaches over lines, and with documents="line" each is a text of its own')
        texts, _ = self._checked(X, None)
        with self._session():
            return best_cache(self._read_through(self._encode(texts, None)), size)

    def _read_through(self, encoded: Encoded) -> Iterator[Window]:
        for window in encoded.order(0) if encoded.order else ():
            with torch.inference_mode():
                states, targets = self.net_(*encoded.batch(window))
                losses = self.net_.losses(states, targets)
            yield states, targets, losses

    def score_tokens(self, text: str) -> list[tuple[str, float]]:
        """Return a text's tokens, each with its probability after those before it; unknown ones as ``<unk>``."""
        self._ready()
        with self._session():
            numbers = next(self._numbers([text]))
            losses = self._outputs(self._encode([text], None))[: len(numbers)]
        names = self.inputs_.vocabulary.tokens
        return [(names[n], math.exp(-loss)) for n, loss in zip(numbers, losses.tolist(), strict=True)]

    def _inquiry(self, x: Any, target: Any, position: int | None) -> Inquiry:
        no_position(position)
        return next_inquiry(self.net_, self.inputs_, checked_text(x), target, anew=self.documents == "line")

    def reader(self, *, weights: str = "float32") -> Reader:
        """Return a `Reader`, which reads token by token."""
        self._ready()
        return Reader(self.net_, self.inputs_, anew=self.documents == "line", weights=weights)

    def suggest(self, prefix: str, top: int = 5, *, reader: Reader | None = None) -> list[tuple[str, float]]:
        """Return the most probable next words, or ends of an open word, with their probabilities, best first.

        An empty prefix, or one that ends in white space, is followed by a new word. A ``reader`` has read before.
        """
        self._ready()
        with self._session():
            return suggestions(reader or self.reader(), prefix, top)

    def generate(self, prompt: str = "", length: int = 100, **sampling: Any) -> str:
        """Continue a prompt, and return the continuation whole; arguments and errors are those of `stream`."""
        return "".join(self.stream(prompt, length, **sampling))

    def stream(
        self,
        prompt: str = "",
        length: int = 100,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        repetition_penalty: float = 1.0,
        stop: Sequence[str] = (),
        random_state: int | None = None,
        reader: Reader | None = None,
    ) -> Iterator[str]:
        """Continue a prompt, streaming piece by piece.

        Parameters
        ----------
        prompt, length
            The text to continue; how many tokens to add, at most.
        temperature, top_k, top_p
            As in `gyeol.engine.search.token_sampling.sample_token`.
        repetition_penalty : float
            Above 1, the last 64 tokens become less likely.
        stop : sequence of str
            Texts at which to end; they are not part of the continuation.
        random_state : int, optional
            The seed; without one, another text each time.
        reader : Reader, optional
            Has read what precedes the prompt; afterwards it has read the continuation, too.

        Raises
        ------
        ParameterError
            A setting cannot be.
        """
        self._ready()
        engine.check_sampling(temperature=temperature, top_k=top_k, top_p=top_p, repetition_penalty=repetition_penalty)
        draw = np.random.default_rng(random_state)
        sampling = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
        return continued(reader or self.reader(), prompt, length, draw, sampling, repetition_penalty, tuple(stop))

    def outcomes(self, X: Any, y: Any = None) -> Outcomes:
        """Return what became of every example; see `gyeol.engine.metrics.outcomes`."""
        self._ready()
        texts, characters = self._checked(X, None)
        with self._session():
            losses: Any = self._outputs(self._encode(texts, None))
        lengths = np.fromiter((len(numbers) + 1 for numbers in self._numbers(texts)), dtype=np.int64)
        return token_outcomes(losses, lengths, characters, texts)

    def describe_data(self) -> dict[str, str]:
        """Describe the vocabulary, for the model card."""
        found = {"vocabulary": f"{len(self.inputs_.vocabulary):,} tokens ({self.inputs_.tokenizer.name})"}
        return {**found, **self._described_vectors()}
