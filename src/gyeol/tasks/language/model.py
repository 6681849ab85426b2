"""Many to many, in step: after each token, how probable every token is that may come next.

What was read is carried in the state of recurrent layers, from window to window of a corpus (truncated backpropagation
through time, Williams and Peng 1990), or begun anew with every line. Such a model suggests, writes, and tells how odd a
text is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from gyeol import engine
from gyeol.errors import DataError, ParameterError
from gyeol.inputs import TextInput, tokenizer_rule
from gyeol.inputs.vectors.initial_embedding import InitialVectors, describe_overlap, initial_vectors, tokenizer_for
from gyeol.inputs.vectors.word_vectors import WordVectors
from gyeol.layers import CELLS, Cell
from gyeol.layers.words.embedding import initialize_embedding
from gyeol.parameters import Rule, choice, fraction, positive, switch, whole
from gyeol.tasks.base import TRAINING_RULES, Encoded, Estimator
from gyeol.tasks.checks import checked_texts
from gyeol.tasks.language.cache import NeuralCache, Window, best_cache, cached_losses
from gyeol.tasks.language.data import END, WINDOW, encode_stream
from gyeol.tasks.language.net import Carrier, LanguageNet, Pieces, activity, in_order, targets_of
from gyeol.tasks.language.reader import Reader, suggestions, written

__all__ = ["LanguageModel"]

_ENDLESS = 1 << 31  # tokens of a text: none is shortened


class LanguageModel(Estimator):
    r"""Learn which token follows.

    Parameters
    ----------
    cell : str or class
        ``"rnn"``, ``"lstm"``, ``"gru"``, ``"gru_after"``, ``"lstm_norm"``, or a cell of your own.
    hidden_size, num_layers
        Units of a layer; layers.
    tokenizer : str, class or Tokenizer
        ``"auto"`` (syllables for Korean, subwords for spaced scripts), ``"whitespace"``, ``"word"``, ``"jamo"``, ...
    lowercase, min_count
        Lower-case the texts; tokens seen less often are unknown.
    embedding_size : int
        Length of a token's vector; with ``vectors``, theirs.
    vectors : path or WordVectors, optional
        Word vectors that the tokens' vectors begin with. ``tokenizer="auto"`` then is one whose tokens they know.
    dropout : float
        Share of features dropped before the softmax, the same at every step; of less elsewhere (three fifths between
        layers, three quarters at the entry, a quarter of whole words where there are a thousand).
    batch_size, epochs, learning_rate, weight_decay, clip_norm
        Streams read side by side; the rate falls to zero along a half cosine.
    optimizer : {"adam", "sgd", "asgd"}
        ``"asgd"`` keeps the rate, and averages all weights from the epoch on that is not better (Merity et al. 2018).
        Descent wants rates a thousand times Adam's: 20 with ``clip_norm=0.25``, say.
    patience : int
        Stop after so many epochs without a lower validation loss.
    validation_fraction, averaging, time_limit
        Share of the lines held back for that, the last ones; decay of the moving average of the weights; seconds.
    precision : {"auto", "float32", "float64", "bfloat16"}
        Of the arithmetic; ``"auto"``, as ``"bfloat16"``, trains with recurrent products in bfloat16 where the processor
        has them.
    threads, random_state, verbose
        Cores; the seed; whether to show a progress bar.
    bptt : int
        Steps that a gradient goes back, about: windows differ a little in length.
    tied, weight_dropout
        Whether the softmax's weights are the embedding; the share of recurrent weights dropped.
    documents : {"file", "line"}
        What the state is carried through: all lines, or each line alone.
    activation_penalty : float
        Weight of large and of changing states in the loss; 1 is what Merity et al. 2018 take.
    softmax_samples : int
        Words, on average, that the softmax is learned from at each step, drawn anew; 0: all. Of 33,000 words 4,096 make
        a step twice as fast; the training loss shown then is no perplexity's.

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
    ask: ClassVar[str] = 'gyeol generate {} --prompt "..."'
    rules: ClassVar[dict[str, Rule]] = {
        "cell": choice(CELLS, own=Cell),
        "hidden_size": whole(1, 1 << 16),
        "num_layers": whole(1, 100),
        "tokenizer": tokenizer_rule(),
        "lowercase": switch,
        "min_count": whole(1),
        "embedding_size": whole(1, 1 << 16),
        "vectors": lambda v: (
            "" if v is None or isinstance(v, (str, Path, WordVectors)) else "must be a path, WordVectors or None"
        ),
        **TRAINING_RULES,
        "bptt": whole(1, 1 << 20),
        "tied": switch,
        "weight_dropout": fraction(),
        "documents": choice(("file", "line")),
        "optimizer": choice(engine.OPTIMIZERS),
        "activation_penalty": positive(zero=True),
        "softmax_samples": whole(0),
    }

    net_: LanguageNet
    inputs_: TextInput
    overlap_: dict[str, Any] | None
    _start: InitialVectors | None
    _size: int

    def __init__(
        self,
        *,
        cell: Any = "lstm",
        hidden_size: int = 256,
        num_layers: int = 2,
        tokenizer: Any = "auto",
        lowercase: bool = False,
        min_count: int = 2,
        embedding_size: int = 256,
        vectors: Any = None,
        dropout: float = 0.3,
        batch_size: int = 32,
        epochs: int = 10,
        learning_rate: float = 0.003,
        weight_decay: float = 0.0,
        clip_norm: float = 1.0,
        patience: int = 3,
        validation_fraction: float = 0.05,
        averaging: float = 0.999,
        time_limit: float | None = None,
        precision: str = "auto",
        threads: int | None = None,
        random_state: int | None = 0,
        verbose: bool = False,
        bptt: int = 40,
        tied: bool = True,
        weight_dropout: float = 0.0,
        documents: str = "file",
        optimizer: str = "adam",
        activation_penalty: float = 0.0,
        softmax_samples: int = 0,
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
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
        self.bptt = bptt
        self.tied = tied
        self.weight_dropout = weight_dropout
        self.documents = documents
        self.optimizer = optimizer
        self.activation_penalty = activation_penalty
        self.softmax_samples = softmax_samples

    # What training asks for. The target of a text is how many characters it has, its line end among them.

    def _checked(self, X: Any, y: Any) -> tuple[list[str], npt.NDArray[np.int64]]:
        texts = checked_texts(X, empty=True)
        if not any(text.strip() for text in texts):
            raise DataError("the corpus holds no text: every line is empty or white space")
        return texts, np.fromiter((len(text) + 1 for text in texts), dtype=np.int64)

    def _held_back(self, strata: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], str]:
        count = len(strata)
        held = min(count - 1, math.ceil(count * self.validation_fraction))
        rows = np.arange(count)
        return rows[: count - held], rows[count - held :], "the last lines"

    def _fit_inputs(self, X: list[str]) -> None:
        given = self.vectors
        vectors = WordVectors.load(given) if isinstance(given, (str, Path)) else given
        auto = vectors is not None and isinstance(self.tokenizer, str) and self.tokenizer == "auto"
        tokenizer = tokenizer_for(vectors, X) if auto and vectors is not None else self.tokenizer
        least = int(self.min_count) if len(X) >= 1000 else 1
        text = TextInput(tokenizer=tokenizer, lowercase=bool(self.lowercase), max_length=_ENDLESS, min_count=least)
        self.inputs_ = text.fit(X)
        self.inputs_.vocabulary = self.inputs_.vocabulary.with_end()
        self._start, self.overlap_, self._size = None, None, int(self.embedding_size)
        if vectors is not None:
            tokens = self.inputs_.vocabulary.tokens
            self._start, self.overlap_ = initial_vectors(vectors, tokens, self._numbers(X), text.tokenizer.name)
            self._size = vectors.size

    def _numbers(self, texts: Iterable[str]) -> Iterator[npt.NDArray[np.int32]]:
        return map(self.inputs_.vocabulary.encode, self.inputs_.tokenizer.tokenize_many(texts))

    def _encode(self, X: list[str], y: Any) -> Encoded:
        apart = self.documents == "line"
        return encode_stream(self._numbers(X), 1, lambda stream, epoch: stream.windows(WINDOW), apart=apart)

    def _encode_training(self, X: list[str], y: Any) -> Encoded:
        bptt, seed, apart = int(self.bptt), int(self.random_state or 0), self.documents == "line"
        return encode_stream(
            self._numbers(X), int(self.batch_size), lambda s, epoch: s.windows(bptt, seed=[seed, epoch]), apart=apart
        )

    def _build(self) -> nn.Module:
        net = LanguageNet(self, len(self.inputs_.vocabulary), self._size)
        if self._start is not None:
            initialize_embedding(net.embedding.weight, *self._start)
            self._start = None
        return net

    def _loss(self, net: nn.Module, batch: tuple[Pieces, Carrier]) -> engine.StepLoss:
        assert isinstance(net, LanguageNet)
        states, packing = net.states(*batch)
        hidden = net.exit(states, packing)
        precision = "bfloat16" if self.precision in ("auto", "bfloat16") else "float32"
        loss = net.loss(hidden, targets_of(batch[0], packing), precision=precision)
        if self.activation_penalty:
            loss = loss + float(self.activation_penalty) * activity(states, hidden, packing)
        return engine.StepLoss(loss)

    def _decode(self, net: nn.Module, batch: tuple[Pieces, Carrier]) -> npt.NDArray[np.generic]:
        hidden, targets = net(*batch)
        losses = net.losses(hidden, targets)  # type: ignore[operator]
        return in_order(losses.double(), batch[0]).numpy()

    def _score(self, outputs: npt.NDArray[Any], y: npt.NDArray[np.int64]) -> dict[str, float]:
        loss = float(outputs.mean())
        bits = float(outputs.sum()) / math.log(2) / int(y.sum())
        return {"loss": loss, "perplexity": math.exp(min(loss, 700.0)), "bits_per_character": bits}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"embedding_size": self._size, "overlap": self.overlap_}, self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        own = self.tokenizer if not isinstance(self.tokenizer, str) else None
        self.inputs_ = TextInput.restored(inputs, tokenizer=own)
        if self.inputs_.vocabulary.tokens[END : END + 1] != ["\n"]:
            raise ValueError("token 2 is not the end of a line")
        self._start, self._size = None, int(learned["embedding_size"])
        overlap = learned["overlap"]
        self.overlap_ = None if overlap is None else {str(k): v + 0 for k, v in overlap.items()}

    # What a user asks for.

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
        """Choose how flat a cache of the last ``size`` tokens is, and how much it says, on texts that are no test's.

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

    def reader(self, *, weights: str = "float32") -> Reader:
        """Begin to read, token by token: see `Reader`."""
        self._ready()
        return Reader(self.net_, self.inputs_, anew=self.documents == "line", weights=weights)

    def suggest(self, prefix: str, top: int = 5, *, reader: Reader | None = None) -> list[tuple[str, float]]:
        """Return the most probable next words, or ends of the word begun, with their probabilities, best first.

        A prefix that ends in white space, or is empty, asks for the next word. A ``reader`` has read what comes before.
        """
        self._ready()
        with self._session():
            return suggestions(reader or self.reader(), prefix, top)

    def generate(self, prompt: str = "", length: int = 100, **sampling: Any) -> str:
        """Write on after a prompt, and return it whole; arguments and errors are those of `stream`."""
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
        """Write on after a prompt, piece by piece.

        Parameters
        ----------
        prompt, length
            What comes before; tokens, at most.
        temperature, top_k, top_p
            As in `gyeol.engine.search.token_sampling.sample_token`.
        repetition_penalty : float
            Above 1, what was said among the last 64 tokens becomes less likely.
        stop : sequence of str
            Texts at which to end; they are not part of what is written.
        random_state : int, optional
            The seed; without one, another text each time.
        reader : Reader, optional
            Has read what comes before the prompt; afterwards it has read all that was written, too.

        Raises
        ------
        ParameterError
            A setting cannot be.
        """
        self._ready()
        engine.check_sampling(temperature=temperature, top_k=top_k, top_p=top_p, repetition_penalty=repetition_penalty)
        draw = np.random.default_rng(random_state)
        sampling = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
        return written(reader or self.reader(), prompt, length, draw, sampling, repetition_penalty, tuple(stop))

    def describe_data(self) -> dict[str, str]:
        """What the model card says of the vocabulary."""
        told = {"vocabulary": f"{len(self.inputs_.vocabulary):,} tokens ({self.inputs_.tokenizer.name})"}
        return told if self.overlap_ is None else {**told, "vectors": describe_overlap(self.overlap_)}
