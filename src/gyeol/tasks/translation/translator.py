"""Many to many, free: a text of one kind into a text of another: translations, answers, corrections.

An encoder reads the whole source; a decoder writes the target word by word, looking back at the source at every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from gyeol import engine
from gyeol.data.batches import bucket_by_tokens
from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.errors import DataError
from gyeol.explain.attribution.inquiry import Inquiry
from gyeol.inputs import tokenizer_rule
from gyeol.inputs.text_pairs import PairBatch, PairInput, Pairs, text_of
from gyeol.layers import SCOPES, score_rule
from gyeol.parameters import choice, fraction, switch, whole
from gyeol.tasks.base import Encoded, Estimator
from gyeol.tasks.checks import checked_text, checked_texts
from gyeol.tasks.hyperparameters import DirectionParameters, TextParameters, estimator, hyperparameter
from gyeol.tasks.outcomes.texts import translation_outcomes
from gyeol.tasks.translation.inquiries import target_inquiry
from gyeol.tasks.translation.net import TranslatorNet, scheduled_samples
from gyeol.tasks.translation.search import Search, Translation, search, translations

__all__ = ["Translator"]

_LONGEST = 256  # tokens of a source that a model reads


@estimator
@dataclass(kw_only=True, eq=False, repr=False)
class Translator(DirectionParameters, TextParameters, Estimator):
    """Translate texts: an encoder and a decoder, learned from pairs of texts.

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

    hidden_size: int = 256
    num_layers: int = hyperparameter(1, whole(1, 100), "Recurrent layers, of encoder and decoder each.")
    attention: str | None = hyperparameter(
        "global",
        choice((None, *SCOPES)),
        'Where the decoder may look (Luong et al. 2015): ``"global"``, ``"local-m"`` or ``"local-p"``; None: the '
        "encoder's last state is all it knows.",
    )
    tokenizer: Any = hyperparameter(
        "bpe",
        tokenizer_rule(auto=False),
        'What texts of both sides are cut into: a name, a class or a Tokenizer. ``"syllable"``, ``"jamo"``, '
        '``"whitespace"``, ``"word"``, ``"morpheme"``, ``"content"`` (Korean nouns, verbs and adjectives), ``"bpe"``.',
    )
    min_count: int = hyperparameter(1, whole(1), "Tokens seen less often are unknown.")
    embedding_size: int = hyperparameter(256, whole(1, 1 << 16), "Length of a word's vector, on both sides.")
    dropout: float = hyperparameter(
        0.3, fraction(), "Share of features dropped, the same at every step; of whole words a quarter of it."
    )
    batch_size: int = hyperparameter(500, whole(1), "Target tokens of a batch, about.")
    clip_norm: float = 1.0
    patience: int = 5
    validation_fraction: float = 0.05
    averaging: float = 0.998
    attention_score: Any = hyperparameter(
        "additive",
        score_rule(),
        'How well a step of the source answers the decoder: ``"additive"``, ``"general"``, ``"dot"``, '
        '``"scaled_dot"``, ``"location"``, or a custom `gyeol.layers.Score`.',
    )
    window: int = hyperparameter(10, whole(1), "How far the local attentions reach on either side.")
    input_feeding: bool = hyperparameter(
        False,
        switch,
        "Feed the attention of a step to the next one (Luong et al. 2015, section 3.3): better alignments, slower "
        "training.",
    )
    self_attention: bool = hyperparameter(
        False, switch, "Let every step of the source look at all others before the decoder does."
    )
    teacher_forcing: float = hyperparameter(
        1.0,
        lambda v: "" if v in (0, 1) else fraction()(v),
        "Share of the target's words that the decoder is given; the others are its predictions (scheduled sampling, "
        "Bengio et al. 2015, in two passes: Mihaylova and Martins 2019). 1 gives all; the share falls to this over "
        "the training.",
    )
    label_smoothing: float = hyperparameter(
        0.1, fraction(), "Share of a target's weight that is divided evenly over all words."
    )
    shared: bool = hyperparameter(
        False, switch, "One tokenizer, one vocabulary and one table of vectors for both sides."
    )

    net_: TranslatorNet = field(init=False)
    inputs_: PairInput = field(init=False)
    _left_out: int = field(init=False)
    _longest: int = field(init=False)

    # What training needs.

    def _checked(self, X: Any, y: Any) -> tuple[list[str], list[str]]:
        if y is None:
            raise DataError("the target y is None: give one text to each of the sources")
        sources, targets = checked_texts(X), checked_texts(y)
        if len(sources) != len(targets):
            raise DataError(f"got {len(sources)} sources and {len(targets)} targets; there must be one to each")
        return sources, targets

    def _fit_inputs(self, X: list[str], y: list[str]) -> None:
        engine.translation(X[:1], X[:1])  # whether it can be measured is better known before a training than after
        shared, lowercase, least = bool(self.shared), bool(self.lowercase), self._least_count(X)
        pairs = PairInput(tokenizer=self.tokenizer, shared=shared, lowercase=lowercase, min_count=least)
        self.inputs_ = pairs.fit(X, y)

    def _encode(self, X: list[str], y: Any) -> Encoded:
        pairs = self.inputs_.encode(X, y)
        return Encoded(pairs.source.lengths, lambda which: (self.inputs_.batch(pairs, which), 1.0))

    def _encode_training(self, X: list[str], y: Any) -> Encoded:
        pairs = self.inputs_.encode(X, y)
        assert pairs.target is not None
        fits = np.flatnonzero((pairs.source.lengths <= _LONGEST) & (pairs.target.lengths <= _LONGEST))
        if not len(fits):
            raise DataError(f"every pair has a side of more than {_LONGEST} tokens: cut the texts into sentences")
        lengths, share = pairs.target.lengths[fits], 1.0
        self._left_out = len(X) - len(fits)
        self._longest = int(max(pairs.source.lengths.max(), pairs.target.lengths.max()))

        def order(epoch: int) -> list[npt.NDArray[np.int64]]:
            nonlocal share
            share = 1.0 - (1.0 - float(self.teacher_forcing)) * epoch / max(1, int(self.epochs) - 1)
            batches = bucket_by_tokens(lengths, int(self.batch_size), seed=self._seed, epoch=epoch)
            return [fits[batch] for batch in batches]

        return Encoded(pairs.source.lengths, lambda which: (self.inputs_.batch(pairs, which), share), order)

    def _shortened(self) -> dict[str, Any]:
        if not self._left_out:
            return {}
        long = f"{self._left_out:,} pairs have a side of more than {_LONGEST} tokens (the longest: {self._longest:,})"
        return {"too_long": self._left_out, "longest": self._longest, "shortened": f"{long}: they are left out"}

    def _build(self) -> nn.Module:
        sizes = len(self.inputs_.source.vocabulary), len(self.inputs_.target.vocabulary), int(self.embedding_size)
        return TranslatorNet(
            *sizes, **self._layers(), bidirectional=bool(self.bidirectional), attention=self.attention,
            attention_score=self.attention_score, window=int(self.window), longest=_LONGEST,
            input_feeding=bool(self.input_feeding), self_attention=bool(self.self_attention), shared=bool(self.shared),
        )  # fmt: skip

    def _loss(self, net: nn.Module, batch: tuple[PairBatch, float]) -> engine.StepLoss:
        assert isinstance(net, TranslatorNet)
        pairs, share = batch
        vectors, targets, _, _ = net(pairs, scheduled_samples(net, pairs, share) if share < 1 else None)
        smoothing, precision = float(self.label_smoothing), self._softmax_precision
        return engine.StepLoss(net.loss(vectors, targets, precision=precision, label_smoothing=smoothing))

    def _decode(self, net: nn.Module, batch: tuple[PairBatch, float]) -> npt.NDArray[np.generic]:
        """Return of each pair the loss, the number of words, and what greedy search writes."""
        assert isinstance(net, TranslatorNet)
        pairs, _ = batch
        rows = np.empty((len(pairs), 3), dtype=object)
        if pairs.targets.shape[1]:
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
        self.inputs_ = PairInput.restored(inputs, tokenizer=self._custom_tokenizer)
        self._left_out = int(learned["left_out"])

    # What a trained model does.

    def translate(
        self, X: Any, *, beam_size: int = 5, n_best: int = 1, length_penalty: float = 1.0,
        coverage_penalty: float = 0.0, min_length: int = 0, max_length: int = _LONGEST, block_ngrams: int = 0,
        replace_unknown: bool = True, ensemble: Sequence[Translator] = (), weights: str = "float32",
        temperature: float | None = None, top_k: int | None = None, top_p: float | None = None, seed: int = 0,
    ) -> list[list[Translation]]:  # fmt: skip
        """Translate sources: the ``n_best`` targets of each, best first, with scores and attention.

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
            The form of the weights; the shorter ones are quicker for one text, a little less exact (see
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
        texts, how = checked_texts(X), Search(beam, sampling, seed, replace_unknown, weights)
        for other in ensemble:
            if other.inputs_.state() != self.inputs_.state():
                raise DataError("an ensemble's models must have the same vocabularies: train them on the same pairs")
        pairs = self.inputs_.encode(texts, None)
        for reason in _too_long(pairs).values():
            raise DataError(reason)
        with self._session():
            return translations([self.net_, *(other.net_ for other in ensemble)], self.inputs_, texts, pairs, how)

    def _inquiry(self, x: Any, target: Any, position: int | None) -> Inquiry:
        text = checked_text(x)
        pairs = self.inputs_.encode([text], None)
        for reason in _too_long(pairs).values():
            raise DataError(reason)
        batch, how = self.inputs_.batch(pairs, np.zeros(1, dtype=np.int64)), Search(_beam())
        with torch.inference_mode():
            found = search([self.net_], batch, how)[0]
        prediction, names = self.predict([text])[0], self.inputs_.target.vocabulary.tokens
        written = found[0].tokens if found else []
        if target is not None:
            written = self.inputs_.encode([text], [checked_text(target)]).target[0][:-1].tolist()  # type: ignore[index]
        of = "the translation" if target is None else "the given target"
        return target_inquiry(
            self.inputs_, text, prediction, (written, [names[n] for n in written]), position, measured=of
        )

    def unreadable(self, X: Any) -> dict[int, str]:
        """Return the numbers of the sources that have more tokens than are read, each with the reason."""
        self._ready()
        return _too_long(self.inputs_.encode(checked_texts(X), None))

    def unknown_share(self, text: str) -> tuple[int, int]:
        """Return how many of a source's tokens the model does not know, and how many there are."""
        self._ready()
        numbers = self.inputs_.encode([text], None).source[0][:-1]
        return int((numbers == 1).sum()), len(numbers)

    def predict(self, X: Any) -> list[str]:
        """Return the best target of every source, by a beam of 5."""
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
        for reason in self.unreadable(sources).values():
            raise DataError(reason)
        with self._session():
            outputs = self._outputs(self._encode(sources, targets))
        translations = self.translate(sources, beam_size=beam_size, **search)
        outputs[:, 2] = [found[0].text if found else "" for found in translations]
        figures = self._score(outputs, targets)
        signature = engine.translation_signature()
        return {**figures, "signature": signature, "count": len(sources), "beam_size": beam_size}

    def outcomes(self, X: Any, y: Any = None) -> Outcomes:
        """Return what became of every example; see `gyeol.engine.metrics.outcomes`."""
        self._ready()
        sources, targets = self._checked(X, y)
        for reason in self.unreadable(sources).values():
            raise DataError(reason)
        with self._session():
            encoded = self._encode(sources, targets)
            outputs: Any = self._outputs(encoded)
        written = [found[0].text if found else "" for found in self.translate(sources)]
        return translation_outcomes(written, targets, outputs[:, 0], outputs[:, 1], encoded.lengths)

    def describe_data(self) -> dict[str, str]:
        """Describe the vocabularies, for the model card."""
        sides = {"source": self.inputs_.source, "target": self.inputs_.target}
        known = {name: f"{len(side.vocabulary):,} tokens ({side.tokenizer.name})" for name, side in sides.items()}
        return {**known, "pairs left out": f"{self._left_out:,}, of more than {_LONGEST} tokens"}


def _beam() -> engine.BeamSettings:
    """Return how `Translator.predict` searches."""
    return engine.BeamSettings(max_length=_LONGEST)


def _too_long(pairs: Pairs) -> dict[int, str]:
    return {
        number: f"text {number} has {length:,} tokens, and this model reads {_LONGEST} at most: cut it into sentences"
        for number, length in enumerate(pairs.source.lengths.tolist())
        if length > _LONGEST
    }
