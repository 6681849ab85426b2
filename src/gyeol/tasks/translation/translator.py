"""Many to many, free: a text of one kind into a text of another: translations, answers, corrections.

An encoder reads the whole source; a decoder writes the target word by word, looking back at the source at every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from torch import nn

from gyeol import engine
from gyeol.data.batches import bucket_by_tokens
from gyeol.errors import DataError
from gyeol.inputs import tokenizer_rule
from gyeol.inputs.targets import text_of
from gyeol.inputs.text_pairs import PairBatch, PairInput, Pairs
from gyeol.layers import CELLS, SCOPES, Cell, score_rule
from gyeol.parameters import Rule, choice, fraction, switch, whole
from gyeol.tasks.base import TRAINING_RULES, Encoded, Estimator
from gyeol.tasks.checks import checked_texts
from gyeol.tasks.translation.net import TranslatorNet, own_words
from gyeol.tasks.translation.search import Search, Translation, search, translations

__all__ = ["Translator"]

_LONGEST = 256  # tokens of a source that a model reads


class Translator(Estimator):
    """Learn to turn texts into others from pairs of them.

    Parameters
    ----------
    cell : str or class
        ``"rnn"``, ``"lstm"``, ``"gru"``, ``"gru_after"``, ``"lstm_norm"``, or a cell of your own.
    hidden_size, num_layers, bidirectional
        Units of a layer; layers of encoder and decoder each; whether the encoder reads in both directions.
    attention : {"global", "local-m", "local-p"}, optional
        Where the decoder may look (Luong et al. 2015); None: the encoder's last state is all it knows.
    tokenizer : str, class or Tokenizer
        Of both sides.
    lowercase, min_count
        Lower-case the texts; tokens seen less often are unknown.
    embedding_size : int
        Length of a word's vector, on both sides.
    dropout : float
        Share of features dropped, the same at every step; of whole words a quarter of it.
    batch_size : int
        Target tokens of a batch, about.
    epochs, learning_rate, weight_decay, clip_norm
        Adam, whose rate falls to zero along a half cosine.
    patience : int
        Stop after so many epochs without a higher validation BLEU.
    validation_fraction, averaging, time_limit
        Share held back for that; decay of the moving average of the weights; seconds.
    precision, threads, random_state, verbose
        As in `LanguageModel`.
    attention_score : str, Score or class
        How well a step of the source answers the decoder: ``"additive"``, ``"general"``, ``"dot"``, ``"scaled_dot"``,
        ``"location"``, or a `gyeol.layers.Score` of your own.
    window : int
        How far the local attentions reach on either side.
    input_feeding : bool
        Feed what a step saw to the next one (Luong et al. 2015, section 3.3): better alignments, slower training.
    self_attention : bool
        Let every step of the source look at all others before the decoder does.
    teacher_forcing : float
        Share of words given to the decoder as they should be; the others are its own (scheduled sampling, Bengio et
        al. 2015, in two passes: Mihaylova and Martins 2019). 1 gives all; the share falls to this along the training.
    label_smoothing : float
        Share of a target's weight that all words have alike.
    shared : bool
        One tokenizer, one vocabulary and one table of vectors for both sides.

    Attributes
    ----------
    net_, inputs_
        The trained network; tokenizers and vocabularies.
    history_, metrics_
        Figures by epoch, and those of the epoch that was kept.

    Examples
    --------
    >>> sources = ["하나", "둘", "셋", "하나 둘", "둘 셋", "셋 하나"] * 10
    >>> targets = ["one", "two", "three", "one two", "two three", "three one"] * 10
    >>> model = Translator(hidden_size=16, embedding_size=16, tokenizer="whitespace", epochs=20, batch_size=40,
    ...                    learning_rate=0.02, dropout=0.0, num_layers=1).fit(sources, targets)
    >>> model.predict(["둘 셋"])
    ['two three']
    """

    task: ClassVar[str] = "translate"
    monitor: ClassVar[str] = "bleu"
    rules: ClassVar[dict[str, Rule]] = {
        "cell": choice(CELLS, own=Cell),
        "hidden_size": whole(1, 1 << 16),
        "num_layers": whole(1, 100),
        "bidirectional": switch,
        "attention": choice((None, *SCOPES)),
        "tokenizer": tokenizer_rule(auto=False),
        "lowercase": switch,
        "min_count": whole(1),
        "embedding_size": whole(1, 1 << 16),
        **TRAINING_RULES,
        "attention_score": score_rule(),
        "window": whole(1),
        "input_feeding": switch,
        "self_attention": switch,
        "teacher_forcing": lambda v: "" if v in (0, 1) else fraction()(v),
        "label_smoothing": fraction(),
        "shared": switch,
    }

    net_: TranslatorNet
    inputs_: PairInput
    _sources: list[str]
    _share: float
    _left_out: int

    def __init__(
        self,
        *,
        cell: Any = "lstm",
        hidden_size: int = 256,
        num_layers: int = 1,
        bidirectional: bool = True,
        attention: str | None = "global",
        tokenizer: Any = "bpe",
        lowercase: bool = False,
        min_count: int = 1,
        embedding_size: int = 256,
        dropout: float = 0.3,
        batch_size: int = 500,
        epochs: int = 20,
        learning_rate: float = 0.002,
        weight_decay: float = 0.0,
        clip_norm: float = 1.0,
        patience: int = 5,
        validation_fraction: float = 0.05,
        averaging: float = 0.998,
        time_limit: float | None = None,
        precision: str = "auto",
        threads: int | None = None,
        random_state: int | None = 0,
        verbose: bool = False,
        attention_score: Any = "additive",
        window: int = 10,
        input_feeding: bool = False,
        self_attention: bool = False,
        teacher_forcing: float = 1.0,
        label_smoothing: float = 0.1,
        shared: bool = False,
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
        self.attention_score = attention_score
        self.window = window
        self.input_feeding = input_feeding
        self.self_attention = self_attention
        self.teacher_forcing = teacher_forcing
        self.label_smoothing = label_smoothing
        self.shared = shared

    # What training asks for.

    def _checked(self, X: Any, y: Any) -> tuple[list[str], list[str]]:
        if y is None:
            raise DataError("the target y is None: give one text to each of the sources")
        sources, targets = checked_texts(X), checked_texts(y)
        if len(sources) != len(targets):
            raise DataError(f"got {len(sources)} sources and {len(targets)} targets; there must be one to each")
        return sources, targets

    def _fit_inputs(self, X: list[str]) -> None:
        engine.translation(X[:1], X[:1])  # whether it can be measured is better known before a training than after
        self._sources = X

    def _fit_targets(self, y: Any) -> None:
        X = self.__dict__.pop("_sources")
        least = int(self.min_count) if len(X) >= 1000 else 1
        self.inputs_ = PairInput(
            tokenizer=self.tokenizer, shared=bool(self.shared), lowercase=bool(self.lowercase), min_count=least
        ).fit(X, y)

    def _encode(self, X: list[str], y: Any) -> Encoded:
        pairs = self.inputs_.encode(X, y)
        return Encoded(pairs.source.lengths, lambda which: (self.inputs_.batch(pairs, which), pairs.target is None))

    def _encode_training(self, X: list[str], y: Any) -> Encoded:
        pairs = self.inputs_.encode(X, y)
        assert pairs.target is not None
        fits = np.flatnonzero((pairs.source.lengths <= _LONGEST) & (pairs.target.lengths <= _LONGEST))
        if not len(fits):
            raise DataError(f"every pair has a side of more than {_LONGEST} tokens: cut the texts into sentences")
        lengths, seed = pairs.target.lengths[fits], int(self.random_state or 0)
        self._left_out = len(X) - len(fits)
        self._longest = int(max(pairs.source.lengths.max(), pairs.target.lengths.max()))

        def order(epoch: int) -> list[npt.NDArray[np.int64]]:
            batches = bucket_by_tokens(lengths, int(self.batch_size), seed=seed, epoch=epoch)
            self._share = 1.0 - (1.0 - float(self.teacher_forcing)) * epoch / max(1, int(self.epochs) - 1)
            return [fits[batch] for batch in batches]

        return Encoded(pairs.source.lengths, lambda which: (self.inputs_.batch(pairs, which), False), order)

    def _left_behind(self) -> dict[str, Any]:
        if not self._left_out:
            return {}
        told = f"{self._left_out:,} pairs have a side of more than {_LONGEST} tokens (the longest: {self._longest:,})"
        return {"too_long": self._left_out, "longest": self._longest, "shortened": f"{told}: they are left out"}

    def _build(self) -> nn.Module:
        sizes = len(self.inputs_.source.vocabulary), len(self.inputs_.target.vocabulary)
        return TranslatorNet(self, *sizes, _LONGEST)

    def _loss(self, net: nn.Module, batch: tuple[PairBatch, bool]) -> engine.StepLoss:
        assert isinstance(net, TranslatorNet)
        pairs, inputs = batch[0], None
        if self._share < 1:
            inputs = own_words(net, pairs, self._share)
        vectors, targets, _, _ = net(pairs, inputs)
        precision = "bfloat16" if self.precision in ("auto", "bfloat16") else "float32"
        return engine.StepLoss(
            net.loss(vectors, targets, precision=precision, label_smoothing=float(self.label_smoothing))
        )

    def _decode(self, net: nn.Module, batch: tuple[PairBatch, bool]) -> npt.NDArray[np.generic]:
        """Say of each pair the loss, how many words, and what greedy search writes."""
        assert isinstance(net, TranslatorNet)
        pairs, unknown = batch
        rows = np.empty((len(pairs), 3), dtype=object)
        if not unknown:
            vectors, targets, _, packing = net(pairs)
            losses = nn.functional.cross_entropy(net.logits(vectors), targets, reduction="none")
            sums = packing.scatter(losses.double().unsqueeze(1)).sum((1, 2))
            rows[:, 0], rows[:, 1] = sums.tolist(), pairs.target_lengths.tolist()
        found = search([net], pairs, Search(engine.BeamSettings(1)))
        rows[:, 2] = [text_of(self.inputs_.target, row[0].tokens) if row else "" for row in found]
        return rows

    def _score(self, outputs: npt.NDArray[Any], y: Any) -> dict[str, float]:
        loss = float(outputs[:, 0].sum() / outputs[:, 1].sum())
        figures = engine.translation(outputs[:, 2].tolist(), y)
        return {"loss": loss, "perplexity": float(np.exp(min(loss, 700.0))), **figures}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"left_out": self._left_out}, self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        own = self.tokenizer if not isinstance(self.tokenizer, str) else None
        self.inputs_ = PairInput.restored(inputs, tokenizer=own)
        self._left_out = int(learned["left_out"])

    # What a user asks for.

    def translate(
        self,
        X: Any,
        *,
        beam_size: int = 5,
        n_best: int = 1,
        length_penalty: float = 1.0,
        coverage_penalty: float = 0.0,
        min_length: int = 0,
        max_length: int = _LONGEST,
        block_ngrams: int = 0,
        replace_unknown: bool = True,
        ensemble: Sequence[Translator] = (),
        weights: str = "float32",
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
    ) -> list[list[Translation]]:
        """Write the ``n_best`` targets of every source, best first, with scores and attention.

        Parameters
        ----------
        X : sequence of str
        beam_size, n_best, length_penalty, coverage_penalty, min_length, max_length, block_ngrams
            As in `gyeol.engine.BeamSettings`; of size 1 the search is greedy.
        replace_unknown : bool
            Write the source's word in the place of one that is not known.
        ensemble : sequence of Translator
            Others, of the same vocabularies, that decide with this one.
        weights : {"float32", "bfloat16", "int8"}
            How weights are read; the shorter forms are quicker for one text, a little less exact (see
            `gyeol.layers.Stepper`), and take the sources one by one.
        temperature, top_k, top_p, seed
            Where one of the first three is given, targets are drawn by chance, as in `gyeol.engine.sample_token`, and
            nothing is searched; the same seed draws the same.

        Raises
        ------
        DataError
            A source is empty or has more than 256 tokens.
        ParameterError
            A setting cannot be.
        """
        drawn = (temperature, top_k, top_p) != (None, None, None)
        size = n_best if drawn else beam_size
        beam = engine.BeamSettings(size, length_penalty, coverage_penalty, n_best, min_length, max_length, block_ngrams)
        sampling = engine.SamplingSettings(1.0 if temperature is None else temperature, top_k, top_p) if drawn else None
        self._ready()
        with self._session():
            how = Search(beam, sampling, seed, replace_unknown, weights)
            return translations(self, ensemble, checked_texts(X), how)

    def _within(self, X: list[str]) -> Pairs:
        pairs = self.inputs_.encode(X, None)
        for reason in _too_long(pairs).values():
            raise DataError(reason)
        return pairs

    def unreadable(self, X: Any) -> dict[int, str]:
        """Tell which sources have more tokens than are read, by their numbers, and why in a sentence."""
        self._ready()
        return _too_long(self.inputs_.encode(checked_texts(X), None))

    def unknown_share(self, text: str) -> tuple[int, int]:
        """Tell how many of a source's tokens the model does not know, and how many there are."""
        self._ready()
        numbers = self.inputs_.encode([text], None).source[0][:-1]
        return int((numbers == 1).sum()), len(numbers)

    def predict(self, X: Any) -> list[str]:
        """Write the best target of every source, with a beam of 5."""
        return [found[0].text if found else "" for found in self.translate(X)]

    def score(self, X: Any, y: Any) -> float:
        """Return BLEU, from 0 to 100."""
        return float(self.evaluate(X, y)["bleu"])

    def evaluate(self, X: Any, y: Any, *, beam_size: int = 5, **search: Any) -> dict[str, Any]:
        """Return the figures on pairs: bleu, chrf, signature (sacrebleu's), perplexity, loss, count, beam_size.

        How to search is named as in `translate`; perplexity and loss are this model's alone, an ensemble or not.
        """
        self._ready()
        sources, targets = self._checked(X, y)
        self._within(sources)
        with self._session():
            outputs = self._outputs(self._encode(sources, targets))
        written = self.translate(sources, beam_size=beam_size, **search)
        outputs[:, 2] = [found[0].text if found else "" for found in written]
        figures = self._score(outputs, targets)
        signature = engine.translation_signature()
        return {**figures, "signature": signature, "count": len(sources), "beam_size": beam_size}

    def describe_data(self) -> dict[str, str]:
        """What the model card says of the vocabularies."""
        sides = {"source": self.inputs_.source, "target": self.inputs_.target}
        known = {name: f"{len(side.vocabulary):,} tokens ({side.tokenizer.name})" for name, side in sides.items()}
        return {**known, "pairs left out": f"{self._left_out:,}, of more than {_LONGEST} tokens"}


def _too_long(pairs: Pairs) -> dict[int, str]:
    return {
        number: f"text {number} has {length:,} tokens, and this model reads {_LONGEST} at most: cut it into sentences"
        for number, length in enumerate(pairs.source.lengths.tolist())
        if length > _LONGEST
    }
