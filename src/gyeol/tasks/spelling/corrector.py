"""Text to text, little changed: what was typed wrong is put right, and what is right stays.

A noisy channel (Kernighan, Church and Gale 1990; Brill and Moore 2000): of the words near to what was typed, the one
that was probably meant and probably mistyped so. What is meant is judged by two recurrent language models, one that
reads up to the word from the left and one from the right. A log-linear model weighs the witnesses (Och and Ney 2002),
and gives a probability, to leave the word as it is among the choices.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from torch import nn

from gyeol import engine
from gyeol.data.token_stream import TokenStream
from gyeol.engine.metrics.correction import correction
from gyeol.errors import DataError, ModelError
from gyeol.inputs import TextInput
from gyeol.inputs.spelling.error_channel import ErrorChannel
from gyeol.inputs.tokens.characters import Syllable
from gyeol.inputs.tokens.normalization import normalize
from gyeol.layers import CELLS, Cell
from gyeol.parameters import Rule, choice, fraction, whole
from gyeol.tasks.base import TRAINING_RULES, Encoded, Estimator
from gyeol.tasks.checks import checked_texts
from gyeol.tasks.language.data import END
from gyeol.tasks.language.net import cut, in_order
from gyeol.tasks.spelling.candidates import FEATURES, Lexicon, Place, words_of
from gyeol.tasks.spelling.changes import Change, applied, changes
from gyeol.tasks.spelling.examples import checked_pairs, divided, made_pairs, mistyped, right_of, spread
from gyeol.tasks.spelling.net import BothCarriers, Question, SpellingNet, numbered
from gyeol.tasks.spelling.weights import fitted_weights
from gyeol.tasks.training.plan import rows_in_time

__all__ = ["Change", "SpellingCorrector"]

_WINDOW = 512  # steps of a window of one stream, read without learning
_MADE = 30_000  # pairs made by rule, where none are given
_WEIGHING = 800  # held lines, mistyped, by which the witnesses are weighed
_RATE = 0.1  # of words mistyped there
_CHARACTERS = 500_000  # characters of held lines the readers are validated on
#: Weights to begin with, in the order of `FEATURES`.
_START = (1.0, 0.4, 0.4, 0.3, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
_RARE = 200_000  # words remembered that were seen too seldom to be known


class SpellingCorrector(Estimator):
    """Correct spelling and spacing, jamo by jamo in Korean, letter by letter elsewhere.

    Parameters
    ----------
    cell : str or class
        Of the two readers: ``"rnn"``, ``"lstm"``, ``"gru"``, ``"gru_after"``, ``"lstm_norm"``, or one of your own.
    hidden_size, num_layers, embedding_size, dropout
        Of each reader, a language model over characters.
    min_count : int
        Words seen less often are not known; nor are characters.
    batch_size, epochs, learning_rate, weight_decay, clip_norm
        Streams read side by side; Adam, whose rate falls to zero along a half cosine.
    patience : int
        Stop after so many epochs without a lower validation loss.
    validation_fraction, averaging, time_limit
        Share of the lines held back, the last ones, also to weigh the witnesses; decay of the moving average of the
        weights; seconds.
    precision : {"auto", "float32", "float64", "bfloat16"}
        Of the arithmetic in training.
    threads, random_state, verbose
        Cores; the seed; whether to show a progress bar.
    max_edits : int
        The most letters between what was typed and what was meant; in Korean one jamo fewer.
    threshold : float
        Change what was typed only where that has this probability; a word alone, only where it is so probably wrong.
    reader_characters : int
        So many characters of the corpus are read by the readers; words are counted in all of it.
    bptt : int
        Characters that a gradient goes back, about.

    Attributes
    ----------
    net_ : nn.Module
        The two readers.
    channel_ : ErrorChannel
        How words are mistyped.
    lexicon_ : Lexicon
        The known words.
    weights_ : dict
        Of the witnesses, for words in a text and for words alone.

    Examples
    --------
    >>> texts = ["이 영화 정말 재미있다", "정말 좋은 영화 였다", "다시 보고 싶은 영화"] * 40
    >>> model = SpellingCorrector(hidden_size=16, embedding_size=8, epochs=2, learning_rate=0.02).fit(texts)
    >>> model.correct("다시 보고 싶은 영화")
    ('다시 보고 싶은 영화', [])
    """

    task: ClassVar[str] = "spell"
    monitor: ClassVar[str] = "loss"
    ask: ClassVar[str] = 'gyeol correct {} "..."'
    closing: ClassVar[float] = 0.25
    rules: ClassVar[dict[str, Rule]] = {
        "cell": choice(CELLS, own=Cell),
        "hidden_size": whole(1, 1 << 16),
        "num_layers": whole(1, 100),
        "embedding_size": whole(1, 1 << 16),
        "min_count": whole(1),
        **TRAINING_RULES,
        "max_edits": whole(1, 3),
        "threshold": fraction(),
        "reader_characters": whole(1),
        "bptt": whole(1, 1 << 20),
    }

    net_: SpellingNet
    inputs_: TextInput
    lexicon_: Lexicon
    channel_: ErrorChannel
    weights_: dict[str, list[float]]

    def __init__(
        self,
        *,
        cell: Any = "gru",
        hidden_size: int = 192,
        num_layers: int = 1,
        embedding_size: int = 64,
        min_count: int = 3,
        dropout: float = 0.1,
        batch_size: int = 64,
        epochs: int = 1,
        learning_rate: float = 0.004,
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
        max_edits: int = 2,
        threshold: float = 0.8,
        reader_characters: int = 2_000_000,
        bptt: int = 60,
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.embedding_size = embedding_size
        self.dropout = dropout
        self.min_count = min_count
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
        self.max_edits = max_edits
        self.threshold = threshold
        self.reader_characters = reader_characters
        self.bptt = bptt

    # What training asks for. X is a corpus, y pairs of what was typed and what was meant, or None.

    def _checked(self, X: Any, y: Any) -> tuple[list[str], npt.NDArray[np.int64]]:
        texts = checked_texts(X, empty=True)
        self._pairs = checked_pairs(y)
        if not any(words_of(text) for text in texts):
            raise DataError("the corpus holds no word: every line is empty, white space, digits or signs")
        return texts, np.array([len(text) + 1 for text in texts], dtype=np.int64)

    def _checked_validation(self, X: Any, y: Any) -> tuple[list[str], npt.NDArray[np.int64]]:
        texts = checked_texts(X, empty=True)
        return texts, np.array([len(text) + 1 for text in texts], dtype=np.int64)

    def _train(self, X: Any, y: Any, validation: tuple[Any, Any] | None, *others: Any) -> None:
        texts, _ = self._checked(X, y)
        pairs = self._pairs
        if validation is None:
            count = len(texts)
            held = min(count - 1, math.ceil(count * self.validation_fraction))
            about = f"{held:,} of {count:,} lines held back, the last ones"
            # A line or two of validation say nothing.
            validation = (texts[count - held :], None) if held >= 10 else (texts, None)
            texts = texts[: count - held] if held >= 10 else texts
            about = about if held >= 10 else "none: too few lines, figures are those of the training part"
        else:
            about = "given"
        super()._train(texts, pairs, validation, *others)
        self.about_ |= {"validation": about, "measured_on": "training" if about.startswith("none") else "validation"}
        with self._session():
            self._weigh(checked_texts(validation[0], empty=True), others[-1].left())
        # Only now: right words that are not known must be among what the witnesses are weighed by.
        known = {**self._held_words, **self.lexicon_.counts}
        self.lexicon_ = Lexicon(known, int(self.max_edits), self.lexicon_.rare)
        for name in ("_pairs", "_held_pairs", "_held_words"):
            self.__dict__.pop(name, None)

    def _fit_inputs(self, X: list[str]) -> None:
        few = int(self.min_count) if len(X) >= 1000 else 1
        rare = 5 * few if few > 1 else 1  # of characters, which are seen more often
        counts = Counter(text[a:b].lower() for text in X for a, b in words_of(text))
        known = {word: count for word, count in sorted(counts.items()) if count >= few}
        seed = int(self.random_state or 0)
        learned, self._held_pairs = divided(self._pairs or made_pairs(known, min(_MADE, 40 * len(known)), seed), seed)
        self._held_words: dict[str, int] = {}
        for _, meant in self._pairs:
            for a, b in words_of(meant):
                self._held_words.setdefault(meant[a:b].lower(), counts[meant[a:b].lower()])
        for _, meant in learned if self._pairs else ():
            for a, b in words_of(meant):
                known.setdefault(meant[a:b].lower(), counts[meant[a:b].lower()])
        seldom = sorted((word for word in counts if word not in known), key=lambda word: (-counts[word], word))
        self.lexicon_ = Lexicon(known, int(self.max_edits), {word: counts[word] for word in seldom[:_RARE]})
        self.channel_ = ErrorChannel.learn(learned)
        letters = Syllable(lowercase=True)
        letters.version = 1  # the readers go by code points, so that a mark can be wrong alone
        self.inputs_ = TextInput(tokenizer=letters, min_count=rare, max_length=1 << 31)
        self.inputs_.fit(spread(X, int(self.reader_characters)))
        self.inputs_.vocabulary = self.inputs_.vocabulary.with_end()
        self.weights_ = {"within": list(_START), "alone": list(_START)}

    def _encode(self, X: list[str], y: Any) -> Encoded:
        streams = self._streams(spread(X, _CHARACTERS), 1)
        return self._windows(streams, lambda epoch: streams[0].windows(_WINDOW))

    def _encode_training(self, X: list[str], y: Any) -> Encoded:
        streams = self._streams(spread(X, int(self.reader_characters)), int(self.batch_size))
        seed = int(self.random_state or 0)
        return self._windows(streams, lambda epoch: streams[0].windows(int(self.bptt), seed=[seed, epoch]))

    def _streams(self, texts: list[str], rows: int) -> list[TokenStream]:
        known = self.inputs_.vocabulary
        lines = [numbered(known, text.lower()) for text in texts]
        both = (lines, [line[::-1] for line in lines])
        return [TokenStream.write(iter(each), rows, end=END) for each in both]

    def _windows(self, streams: list[TokenStream], order: Any) -> Encoded:
        carrier = BothCarriers()

        def batch(window: range) -> list[Any]:
            rows = streams[0].rows
            first, last = window.start // rows, window.stop // rows
            return [
                (cut(*stream.window(first, last), end=END, first=first == 0), own)
                for stream, own in zip(streams, carrier.readers, strict=True)
            ]

        return Encoded(np.ones(len(streams[0]), dtype=np.int64), batch, order, carrier)

    def _build(self) -> nn.Module:
        return SpellingNet(self, len(self.inputs_.vocabulary))

    def _loss(self, net: nn.Module, batch: list[Any]) -> engine.StepLoss:
        losses = []
        for reader, (pieces, carrier) in zip(net.readers, batch, strict=True):  # type: ignore[arg-type]
            hidden, targets = reader(pieces, carrier)
            losses.append(reader.loss(hidden, targets))
        return engine.StepLoss((losses[0] + losses[1]) / 2)

    def _decode(self, net: nn.Module, batch: list[Any]) -> npt.NDArray[np.generic]:
        columns = []
        for reader, (pieces, carrier) in zip(net.readers, batch, strict=True):  # type: ignore[arg-type]
            hidden, targets = reader(pieces, carrier)
            columns.append(in_order(reader.losses(hidden, targets).double(), pieces).numpy())
        return np.stack(columns, axis=1)

    def _score(self, outputs: npt.NDArray[Any], y: Any) -> dict[str, float]:
        loss = float(outputs.mean())
        left, right = (outputs.mean(axis=0) / math.log(2)).tolist()
        return {"loss": loss, "bits_from_left": left, "bits_from_right": right}

    def _weigh(self, lines: list[str], seconds: float) -> None:
        """Weigh the witnesses: on held lines, mistyped, and on held pairs, each word alone, as the time allows."""
        seed = int(self.random_state or 0)
        lines = [line for line in spread(lines, 40 * _WEIGHING)[:_WEIGHING] if line.strip()]
        typed = mistyped(lines, self._held_pairs if self._pairs else (), _RATE, seed)
        self.weights_["within"] = self._weights_of(typed, lines, "within", 0.4 * seconds)
        words = [word for _, word in self._held_pairs]
        wrong = [word for word, _ in self._held_pairs]
        self.weights_["alone"] = self._weights_of([*wrong, *words], [*words, *words], "alone", 0.4 * seconds)

    def _weights_of(self, typed: list[str], meant: list[str], kind: str, seconds: float) -> list[float]:
        fits = rows_in_time(len(typed), seconds, lambda rows: self._places([typed[row] for row in rows]))
        typed, meant = [typed[row] for row in fits], [meant[row] for row in fits]
        places = [place for place in self._places(typed) if place.alone == (kind == "alone")]
        pairs = zip(places, right_of(places, typed, meant), strict=True)
        # What cannot be reached teaches nothing about what can.
        known = [(place.features, which) for place, which in pairs if which >= 0]
        return fitted_weights([features for features, _ in known], [which for _, which in known], _START)

    def _places(self, texts: Sequence[str]) -> list[Place]:
        """Find the places of texts, and what all witnesses say of the candidates there."""
        places = [p for n, text in enumerate(texts) for p in self.lexicon_.places(text, n, self.channel_)]
        asked = [Question(p.text, p.start, p.end, [c.text.lower() for c in p.candidates]) for p in places]
        lowered = [text.lower() if len(text.lower()) == len(text) else text for text in texts]
        answers = self.net_.ask(self.inputs_.vocabulary, lowered, asked)
        for place, readers in zip(places, answers, strict=True):
            place.features = self.lexicon_.describe(place, readers)
        return places

    # What a user asks for.

    def correct(self, text: str, threshold: float | None = None) -> tuple[str, list[Change]]:
        """Correct a text.

        Parameters
        ----------
        text : str
        threshold : float, optional
            Instead of the model's own.

        Returns
        -------
        text : str
            Where nothing is wrong, the very same characters.
        changes : list of Change
            In the order of the text.
        """
        return self.correct_many([text], threshold)[0]

    def correct_many(self, texts: Sequence[str], threshold: float | None = None) -> list[tuple[str, list[Change]]]:
        """Correct texts, as `correct` does one."""
        self._ready()
        texts = checked_texts(texts, empty=True)
        least = float(self.threshold if threshold is None else threshold)
        composed = [normalize(text) for text in texts]
        with self._session():
            places = self._places([text for text, _ in composed])
        found = changes(places, self.weights_, least, len(texts))
        return [applied(text, origins, mine) for text, (_, origins), mine in zip(texts, composed, found, strict=True)]

    def predict(self, X: Any) -> list[str]:
        """Return the corrected texts."""
        return [text for text, _ in self.correct_many(X)]

    def evaluate(self, X: Any, y: Any) -> dict[str, Any]:
        """Return the figures on texts as typed and as meant: see `gyeol.engine.metrics.correction.correction`."""
        self._ready()
        typed, meant = checked_texts(X, empty=True), checked_texts(y, empty=True)
        if len(typed) != len(meant):
            raise DataError(f"got {len(typed)} texts and {len(meant)} corrections; there must be one a text")
        return correction(typed, self.predict(typed), meant)

    def describe_data(self) -> dict[str, str]:
        """What the model card says of the words."""
        return {"words": f"{len(self.lexicon_.counts):,}", "characters": f"{len(self.inputs_.vocabulary):,}"}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        words = {"counts": self.lexicon_.counts, "rare": self.lexicon_.rare, "channel": self.channel_.state()}
        return {"weights": self.weights_}, {**self.inputs_.state(), **words}

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        self.weights_ = {name: [float(w) for w in learned["weights"][name]] for name in ("within", "alone")}
        if any(len(w) != len(FEATURES) or not np.isfinite(w).all() for w in self.weights_.values()):
            raise ModelError("config.json: the weights of the witnesses are damaged")
        counts, rare = ({str(w): int(count) for w, count in inputs[name].items()} for name in ("counts", "rare"))
        if any(count < 0 for count in (*counts.values(), *rare.values())):
            raise ModelError("tokenizer.json: a word was seen less than never")
        self.lexicon_ = Lexicon(counts, int(self.max_edits), rare)
        self.channel_ = ErrorChannel.restored(inputs["channel"])
        self.inputs_ = TextInput.restored({k: v for k, v in inputs.items() if k not in ("counts", "rare", "channel")})
        if self.inputs_.vocabulary.tokens[END : END + 1] != ["\n"]:
            raise ValueError("token 2 is not the end of a line")
