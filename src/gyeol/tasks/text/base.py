"""What the estimators of texts share: how a text is read, the networks that read it, what a model folder keeps."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol.errors import ParameterError
from gyeol.explain.attribution.inquiry import Inquiry
from gyeol.inputs import FEATURES, FeatureInput, TextInput, WordVectors
from gyeol.inputs.alphabet import unknown_shares
from gyeol.inputs.letter_sequences import Reading, find_reading
from gyeol.inputs.tokens.ngrams import frequent_ngrams
from gyeol.inputs.tokens.tokenizers import MORPHEME_RULES, tokenizer_with
from gyeol.parameters import choice, maybe, switch, whole
from gyeol.tasks.base import Encoded
from gyeol.tasks.checks import checked_text, checked_texts
from gyeol.tasks.hyperparameters import DirectionParameters, SummaryParameters, estimator, hyperparameter
from gyeol.tasks.initial_vectors import VectorsEstimator
from gyeol.tasks.sample_weights import WeightedEstimator
from gyeol.tasks.text.inquiries import counted_inquiry, walked_inquiry
from gyeol.tasks.text.nets import BagNet, MeanNet, RecurrentNet, frequent_ids
from gyeol.tasks.token_notes import located
from gyeol.tasks.verdicts import Verdict, no_position

__all__ = ["Batch", "TextEstimator"]

_NGRAMS = 50_000  # the most n-grams of each length: 25 MB a length at 128 numbers

#: What a net learns from: its inputs, the targets, and the weights of the examples; None where there are none.
Batch = tuple[Any, Tensor | None, Tensor | None]


@estimator
@dataclass(kw_only=True, eq=False, repr=False)
class TextEstimator(SummaryParameters, DirectionParameters, VectorsEstimator, WeightedEstimator):
    """The base of `TextClassifier` and `TextRegressor`."""

    dropout: float = 0.4
    batch_size: int = 64
    epochs: int = 8
    averaging: float = 0.999
    features: str | None = hyperparameter(
        None,
        choice((None, *FEATURES)),
        'None for the recurrent net; else the feed-forward baseline; ``"vectors"`` is the mean of token vectors.',
    )
    freeze_vectors: bool = hyperparameter(False, switch, "Leave ``vectors`` as they are, instead of tuning them.")
    ngrams: int = hyperparameter(
        3,
        whole(1),
        "Frequent n-grams of up to so many tokens get vectors, which are added to the tokens'; 1: none.",
    )
    max_length: int = hyperparameter(1000, whole(2), "Of longer texts (in tokens) the middle is left out.")
    positions: int | None = hyperparameter(
        None,
        whole(0, 1 << 16, none=True),
        "So many positions, counted from the start, have vectors, which are added to the tokens'; all later ones "
        "share the last. 0: none. For aligned sequences, such as promoters around the start of transcription. By "
        "default as many as the sequences are long, where all are single words of one length, 300 at most, in a small "
        "alphabet.",
    )
    direct: bool | None = hyperparameter(
        None,
        maybe,
        "Tokens, and the n-grams that ``ngrams`` knows, also have scores that bypass the recurrent net; with "
        "``positions`` by their positions. By default where sequences are aligned, as above.",
    )
    nucleotides: bool | None = hyperparameter(
        None,
        maybe,
        "Read lowercase letters as capitals and U as T. By default where all texts of the training are DNA or RNA.",
    )
    user_dictionary: Any = hyperparameter(
        None,
        MORPHEME_RULES["user_dictionary"],
        'Of ``"content"`` and ``"morpheme"``: words to add (a file, or a list), which the model keeps.',
    )
    keep_tags: Any = hyperparameter(
        None, MORPHEME_RULES["keep_tags"], 'Of ``"content"`` and ``"morpheme"``: the parts of speech to keep.'
    )
    stop_tags: Any = hyperparameter(
        None, MORPHEME_RULES["stop_tags"], 'Of ``"content"`` and ``"morpheme"``: the parts of speech to leave out.'
    )

    reading_: Reading = field(init=False)

    @property
    @abstractmethod
    def _output_size(self) -> int:
        """How many numbers the network gives for a text."""

    @abstractmethod
    def _targets(self, y: Any, which: npt.NDArray[np.int64]) -> Tensor:
        """Take the targets of some examples for the loss."""

    def _fit_inputs(self, X: list[str], y: Any) -> None:
        vectors = self._word_vectors()
        tokenizer = self._tokenizer_for(vectors, X)
        shared: dict[str, Any] = {
            "tokenizer": tokenizer_with(tokenizer, **{name: getattr(self, name) for name in MORPHEME_RULES}),
            "lowercase": bool(self.lowercase),
            "min_count": self._least_count(X),
            "max_length": self.max_length,
        }
        folds = find_reading(X, nucleotides=self.nucleotides, positions=0, direct=False, by_letters=False)
        X = list(folds.folded(X))
        self.inputs_ = FeatureInput(self.features, **shared) if self.features else TextInput(**shared)
        self.inputs_.fit(X)
        by_letters = (
            not self.features and self.inputs_.tokenizer.name == "syllable" and self.max_length >= len(X[0].strip())
        )
        self.reading_ = find_reading(
            X, nucleotides=folds.nucleotides, positions=self.positions, direct=self.direct, by_letters=by_letters
        )
        if vectors is None:
            self._start_from(None, None, ())
        else:
            text = self.inputs_ if isinstance(self.inputs_, TextInput) else self.inputs_.text
            self._start_from(vectors, text, [np.asarray(text.encode(X).values, dtype=np.int64)])
        self.runs_, self.direct_ = [], None
        if isinstance(self.inputs_, TextInput) and (self.ngrams > 1 or self.reading_.direct):
            size, texts = len(self.inputs_.vocabulary), self.inputs_.encode(X)
            least = self.min_count
            if self.ngrams > 1:
                self.runs_ = frequent_ngrams(texts, size, longest=self.ngrams, at_most=_NGRAMS, min_count=least)
            if self.reading_.direct:
                parts = np.array_split(np.arange(len(X)), -(-len(X) // 256))
                batches = (self.inputs_.batch(texts, part) for part in parts)
                positions = self.reading_.positions
                self.direct_ = frequent_ids(batches, size, self.runs_, positions=positions, min_count=least)

    def _encode(self, X: list[str], y: Any) -> Encoded:
        return self._encoded(X, y, None)

    def _encode_training(self, X: list[str], y: Any) -> Encoded:
        return self._encoded(X, y, self._sample_weight)

    def _encoded(self, X: list[str], y: Any, weights: npt.NDArray[np.float64] | None) -> Encoded:
        rows: Any = self.inputs_.encode(self.reading_.folded(X) if self.reading_.nucleotides else X)
        inputs: Any = self.inputs_

        def batch(which: npt.NDArray[np.int64]) -> Batch:
            targets = None if y is None else self._targets(y, which)
            return inputs.batch(rows, which), targets, None if weights is None else torch.from_numpy(weights[which])

        return Encoded(inputs.lengths(rows), batch)

    def _build(self) -> nn.Module:
        output_size, layers = self._output_size, self._layers()
        hidden_size, dropout = layers["hidden_size"], layers["dropout"]
        net: RecurrentNet | MeanNet
        if isinstance(self.inputs_, FeatureInput):
            if self.features != "vectors":
                return BagNet(self.inputs_.width, hidden_size, output_size, dropout=dropout)
            net = MeanNet(self.inputs_.width, self._size, hidden_size, output_size, dropout=dropout)
        else:
            net = RecurrentNet(
                len(self.inputs_.vocabulary),
                self._size,
                output_size,
                **layers,
                bidirectional=bool(self.bidirectional),
                attention=bool(self.attention),
                poolings=self.pooling.split("+") if self.pooling else [],
                ngrams=[len(keys) for keys in self.runs_],
                positions=self.reading_.positions,
                direct=None if self.direct_ is None else len(self.direct_),
            )
            if net.grams is not None:
                net.grams.set_keys([torch.as_tensor(keys) for keys in self.runs_])
            if net.direct is not None:
                net.direct.set_keys(torch.as_tensor(self.direct_))
        self._initialize(net.embedding.weight, frozen=bool(self.freeze_vectors))
        return net

    @abstractmethod
    def _verdict(self, text: str, target: Any) -> Verdict:
        """Predict for one text, and say what is explained of that."""

    def _inquiry(self, x: Any, target: Any, position: int | None) -> Inquiry:
        no_position(position)
        text = checked_text(x)
        read = next(iter(self.reading_.folded([text]))) if self.reading_.nucleotides else text
        located(self.inputs_, text, read)  # what is too long is refused before it is predicted
        verdict = self._verdict(text, target)
        if isinstance(self.inputs_, FeatureInput):
            return counted_inquiry(self.task, self.inputs_, text, read, verdict)
        return walked_inquiry(self.task, self.inputs_, text, read, verdict)

    def _word_vectors(self) -> WordVectors | None:
        if self.vectors is None and self.freeze_vectors:
            raise ParameterError("freeze_vectors=True: there are no vectors to leave as they are; give vectors=PATH")
        if isinstance(self.vectors, (str, Path)) and self.features not in (None, "vectors"):
            raise ParameterError(f"vectors: features={self.features!r} has no use for them; take features='vectors'")
        return super()._word_vectors()

    def unknown(self, X: Any) -> list[float]:
        """Return the share of each text's letters that the training never held; of DNA, the share that is no base.

        Raises
        ------
        NotFittedError, DataError
            Before `fit`; for what is no list of texts.
        """
        self._ready()
        return unknown_shares(self.inputs_, checked_texts(X), self.reading_)

    def _notes(self) -> dict[str, str]:
        return self.reading_.notes()

    def describe_data(self) -> dict[str, str]:
        """Describe the user dictionary and the initial vectors, for the model card."""
        words = getattr(self.inputs_.tokenizer, "entries", ())
        found = {"user dictionary": f"{len(words):,} word{'s' if len(words) > 1 else ''}"} if words else {}
        return {**found, **self._described_vectors()}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        ngrams = [len(keys) for keys in self.runs_]  # the keys themselves are tensors of the net
        learned: dict[str, Any] = {"runs": ngrams, **self._vectors_state()}
        learned["direct"] = None if self.direct_ is None else len(self.direct_)
        learned["reading"] = self.reading_.state()
        return learned, self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        self.runs_ = [np.zeros(int(size), dtype=np.int64) for size in learned["runs"]]
        older = Reading(positions=int(self.positions or 0), direct=bool(self.direct))  # without "reading"
        self.reading_ = Reading.restored(learned["reading"]) if "reading" in learned else older
        direct: Any = learned.get("direct")
        self.direct_ = None if direct is None else np.zeros(int(direct), dtype=np.int64)
        self._restore_vectors(learned)
        self.inputs_ = (FeatureInput if self.features else TextInput).restored(inputs, tokenizer=self._custom_tokenizer)
