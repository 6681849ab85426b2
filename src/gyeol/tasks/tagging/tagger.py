"""Many to many, in step: every token of a sentence gets a tag: names, parts of speech, proteins by the letter."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol import engine
from gyeol.data.tagging.schemes import find_scheme, written_like
from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.engine.metrics.spans import Span, follows, marks_spans, span_figures, spans_of
from gyeol.errors import DataError, ModelError
from gyeol.explain.attribution.inquiry import Inquiry, check_length
from gyeol.inputs.alphabet import unknown_tokens
from gyeol.inputs.letter_sequences import Reading, are_nucleotides, fold
from gyeol.inputs.token_rows import CHARACTERS, TokenInput
from gyeol.parameters import choice, maybe, switch, whole
from gyeol.tasks.base import Encoded, Estimator
from gyeol.tasks.hyperparameters import DirectionParameters, VocabularyParameters, estimator, hyperparameter
from gyeol.tasks.outcomes.tags import tag_outcomes
from gyeol.tasks.tagging.inquiries import tag_inquiry
from gyeol.tasks.tagging.net import TaggerNet, TaggerNets, sentence_losses
from gyeol.tasks.tagging.sentences import checked_pairs, checked_sentences

__all__ = ["SequenceTagger"]

Token = str | tuple[str, ...]
_UNSEEN = -1  # the number of a tag that training never saw


@estimator
@dataclass(kw_only=True, eq=False, repr=False)
class SequenceTagger(DirectionParameters, VocabularyParameters, Estimator):
    """Learn a tag for each token from tagged sentences.

    Tags that mark spans may be in IOB1, BIO (IOB2), IOE1, IOE2, BIOES, BILOU or BMEWO, in training and in evaluation:
    the scheme is recognized, and the model learns and predicts BIO (``B-PER``, ``I-PER``, ``O``).

    The model reads words and their letters, the letters of a word in both directions; recurrent layers read the
    sentence; a conditional random field chooses the tags of a sentence together (Lample et al. 2016). Dropout is the
    same at every token; of a vocabulary of a thousand words or more, a quarter of that share is whole words.

    Attributes
    ----------
    classes_ : list of str
        The tags.
    spans_ : bool
        Whether they mark spans: B, I and O, with or without a type.
    scheme_ : str or None
        The scheme of the tags of the training: ``"IOB1"``, ``"BIOES"``, ...; None where they mark no spans.
    net_, inputs_
        The trained network; words and letters.
    history_, metrics_
        Figures by epoch, and those of the epoch that was kept.

    Examples
    --------
    >>> sentences = [["나는", "서울에", "산다"], ["그는", "부산에", "갔다"], ["서울은", "크다"]] * 8
    >>> tags = [["O", "B-LC", "O"], ["O", "B-LC", "O"], ["B-LC", "O"]] * 8
    >>> model = SequenceTagger(hidden_size=16, embedding_size=8, epochs=8, learning_rate=0.03, batch_size=4)
    >>> model.fit(sentences, tags).predict([["그는", "서울에", "갔다"]])
    [['O', 'B-LC', 'O']]
    """

    task: ClassVar[str] = "tag"

    hidden_size: int = 128
    embedding_size: int = hyperparameter(100, whole(1, 1 << 16), "Length of a word's vector.")
    characters: str | None = hyperparameter(
        "jamo",
        choice(CHARACTERS),
        'What the model reads of a word besides the word: ``"letters"``; ``"jamo"``, its letters with Hangul in jamo; '
        "None: nothing.",
    )
    character_size: int = hyperparameter(
        32, whole(1, 1 << 16), "Length of a letter's vector, and units of the layer that reads letters, a direction."
    )
    head: str = hyperparameter(
        "crf",
        choice(("crf", "linear")),
        '``"crf"``: a conditional random field chooses the tags of a sentence together; ``"linear"``: each alone.',
    )
    lowercase: bool = hyperparameter(False, switch, "Lower-case words, but not the letters that are read of them.")
    members: int = hyperparameter(
        1, whole(1, 64), "Size of an ensemble: nets trained side by side, whose mean scores decide."
    )
    nucleotides: bool | None = hyperparameter(
        None,
        maybe,
        "Read lowercase letters as capitals and U as T. By default where all sequences of the training are DNA or "
        "RNA, tagged by the letter.",
    )
    dropout: float = 0.4
    batch_size: int = 16
    learning_rate: float = 0.004
    patience: int = 5

    net_: TaggerNet | TaggerNets = field(init=False)
    inputs_: TokenInput = field(init=False)
    classes_: list[str] = field(init=False)
    spans_: bool = field(init=False)
    scheme_: str | None = field(init=False)
    letters_: bool = field(init=False)
    reading_: Reading = field(init=False)

    # What training needs.

    def _checked(self, X: Any, y: Any) -> tuple[list[list[Token]], list[list[str]]]:
        sentences, tags = checked_pairs(X, y)
        widths = {1 if isinstance(token, str) else len(token) for sentence in sentences for token in sentence}
        if len(widths) > 1:
            raise DataError("some tokens have columns beside them and some have not, or fewer: give all the same")
        scheme = find_scheme(tags)
        self.spans_, self.scheme_ = scheme is not None, None if scheme is None else scheme.name
        if scheme is not None and scheme.changes:
            tags = [scheme.converted(some) for some in tags]
        self.classes_ = sorted({tag for some in tags for tag in some})
        if len(self.classes_) < 2:
            raise DataError(f"every token has the tag {self.classes_[0]!r:.60}: there is nothing to learn")
        return sentences, tags

    def _checked_validation(self, X: Any, y: Any) -> tuple[list[list[Token]], list[list[str]]]:
        sentences, tags = checked_pairs(X, y)
        if self.spans_ and (scheme := find_scheme(tags, sure=True)) is not None:
            tags = [written_like(scheme.converted(some), self.classes_) for some in tags]
        return sentences, tags

    def _settings(self) -> engine.Settings:
        return replace(super()._settings(), monitor="f1" if self.spans_ else "accuracy")

    def _fit_inputs(self, X: list[list[Token]], y: Any) -> None:
        self.letters_ = all(len(token) == 1 for sentence in X for token in sentence if isinstance(token, str))
        plain = self.letters_ and all(isinstance(token, str) for sentence in X for token in sentence)
        detected = plain and are_nucleotides("".join(map(str, sentence)) for sentence in X)
        self.reading_ = Reading(detected if self.nucleotides is None else bool(self.nucleotides))
        min_count = int(self.min_count) if len(X) >= 100 else 1
        self.inputs_ = TokenInput(characters=self.characters, lowercase=bool(self.lowercase), min_count=min_count)
        self.inputs_.fit(self._folded(X))

    def _folded(self, X: list[list[Token]]) -> list[list[Token]]:
        if not self.reading_.nucleotides:
            return X
        return [[fold(t) if isinstance(t, str) else (fold(t[0]), *t[1:]) for t in sentence] for sentence in X]

    def _notes(self) -> dict[str, str]:
        return self.reading_.notes()

    def _encode(self, X: list[list[Token]], y: list[list[str]] | None) -> Encoded:
        rows = self.inputs_.encode(self._folded(X))
        number = {tag: n for n, tag in enumerate(self.classes_)}

        def batch(which: npt.NDArray[np.int64]) -> tuple[Any, Tensor | None]:
            inputs = self.inputs_.batch(rows, which)
            if y is None:
                return inputs, None
            tags = torch.zeros(inputs.forms.shape, dtype=torch.int64)
            for place, row in enumerate(which.tolist()):
                tags[place, : len(y[row])] = torch.tensor([number.get(tag, _UNSEEN) for tag in y[row]])
            return inputs, tags

        return Encoded(rows.lengths, batch)

    def _build(self) -> nn.Module:
        inputs = self.inputs_
        settings: dict[str, Any] = {
            **self._layers(), "bidirectional": bool(self.bidirectional), "embedding_size": int(self.embedding_size),
            "character_size": int(self.character_size), "head": self.head, "words": len(inputs.vocabulary),
            "letters": None if inputs.letters is None else len(inputs.letters),
            "beside": [len(values) for values in inputs.beside], "tags": len(self.classes_),
        }  # fmt: skip
        return TaggerNet(**settings) if self.members == 1 else TaggerNets(int(self.members), **settings)

    def _loss(self, net: Any, batch: tuple[Any, Tensor]) -> engine.StepLoss:
        losses, scores, real = sentence_losses(net, *batch)
        right = ((scores.detach().argmax(2) == batch[1]) & real).sum(1) / real.sum(1)
        return engine.StepLoss(losses.sum() / real.sum(), float(right.sum()))  # type: ignore[arg-type]

    def _decode(self, net: Any, batch: tuple[Any, Tensor | None]) -> npt.NDArray[np.generic]:
        """Return the best tags of each sentence, and the loss of the right ones where they are known."""
        inputs, tags = batch
        rows = np.empty((len(inputs), 2), dtype=object)
        given = torch.zeros(inputs.forms.shape, dtype=torch.int64) if tags is None else tags
        losses, scores, _ = sentence_losses(net, inputs, given)
        allowed = torch.from_numpy(follows(self.classes_))
        best = scores.argmax(2) if net.crf is None else net.crf.decode(scores, inputs.lengths, allowed)[0]
        for row, length in enumerate(inputs.lengths.tolist()):
            known = tags is not None and bool((tags[row, :length] >= 0).all())
            rows[row, 0] = best[row, :length].tolist()
            rows[row, 1] = float(losses[row]) if known else np.nan
        return rows

    def _score(self, outputs: npt.NDArray[Any], y: list[list[str]]) -> dict[str, float]:
        found = [[self.classes_[n] for n in row] for row in outputs[:, 0]]
        tokens = sum(map(len, y))
        right = sum(a == b for row, truth in zip(found, y, strict=True) for a, b in zip(row, truth, strict=True))
        seen = [(loss, len(row)) for loss, row in zip(outputs[:, 1].tolist(), y, strict=True) if not np.isnan(loss)]
        figures = {"accuracy": right / tokens, "loss": sum(a for a, _ in seen) / max(1, sum(b for _, b in seen))}
        if self.spans_:
            spans = span_figures(found, y)
            figures |= {name: float(spans[name]) for name in ("precision", "recall", "f1")}  # type: ignore[arg-type]
        return figures

    # What a trained model does.

    def predict(self, X: Any) -> list[list[str]]:
        """Return the tags of every sentence.

        Parameters
        ----------
        X : sequence of sentences
            Each a list of tokens (texts, or tuples where the training data had further columns), or a text, which is
            tagged letter by letter.
        """
        self._ready()
        sentences = checked_sentences(X)
        return [[self.classes_[n] for n in row] for rows in self._stream(sentences) for row in rows[:, 0]]

    def predict_proba(self, X: Any) -> list[npt.NDArray[np.float64]]:
        """Return the probability of each tag at each token of every sentence, (T, Y), in the order of ``classes_``."""
        self._ready()
        sentences = checked_sentences(X)
        encoded = self._encode(sentences, None)
        found: list[npt.NDArray[np.float64]] = []
        with self._session(), torch.inference_mode():
            for first in range(0, len(sentences), 256):
                inputs, _ = encoded.batch(np.arange(first, min(first + 256, len(sentences))))
                packed, packing = self.net_(inputs)
                scores = packing.scatter(packed).double()
                crf = self.net_.crf
                shares = torch.softmax(scores, 2) if crf is None else crf.marginals(scores, inputs.lengths)
                found += [row[:length].numpy() for row, length in zip(shares, inputs.lengths.tolist(), strict=True)]
        return found

    def unknown(self, X: Any) -> list[float]:
        """Return the share of each sentence's letters that training never saw; of DNA, the share that is no base.

        Of a model that reads words alone (``characters=None``), the share of unknown words.
        """
        self._ready()
        return unknown_tokens(self.inputs_, checked_sentences(X), self.reading_)

    def spans(self, X: Any) -> list[list[Span]]:
        """Return the spans that the predicted tags of every sentence mark.

        Raises
        ------
        DataError
            The tags mark none.
        """
        self._ready()
        if not self.spans_:
            raise DataError(f"these tags mark no spans: {', '.join(self.classes_[:8])}")
        return [spans_of(tags) for tags in self.predict(X)]

    def score(self, X: Any, y: Any) -> float:
        """Return the F1 of spans where tags mark spans, else the accuracy over tokens."""
        return float(self.evaluate(X, y)["f1" if self.spans_ else "accuracy"])

    def _inquiry(self, x: Any, target: Any, position: int | None) -> Inquiry:
        (sentence,) = checked_sentences([x])
        check_length(len(sentence), "tokens")
        predicted = self.predict([sentence])[0], self.predict_proba([sentence])[0]
        joint = "" if self.letters_ else " "
        return tag_inquiry(
            self.inputs_, lambda some: self.inputs_.encode(self._folded([list(one) for one in some])), sentence, joint,
            predicted, self.classes_, self.spans_, target, position, self.net_,
        )  # fmt: skip

    def evaluate(self, X: Any, y: Any) -> dict[str, Any]:
        """Return the figures on tagged sentences.

        ``accuracy`` over tokens, ``loss`` (nats a token), ``count`` of sentences, ``tokens``; where tags mark spans
        ``precision``, ``recall``, ``f1`` over all and ``per_kind``; else ``per_tag``.
        """
        self._ready()
        sentences, tags = self._checked_validation(X, y)
        with self._session():
            outputs = self._outputs(self._encode(sentences, tags))
        figures: dict[str, Any] = self._score(outputs, tags)
        found = [[self.classes_[n] for n in row] for row in outputs[:, 0]]
        if self.spans_:
            figures["per_kind"] = span_figures(found, tags)["per_kind"]
        else:
            flat = [tag for row in tags for tag in row], [tag for row in found for tag in row]
            names = sorted({*flat[0], *self.classes_})
            number = {name: n for n, name in enumerate(names)}
            numbers = [np.array([number[tag] for tag in side], dtype=np.int64) for side in flat]
            figures["per_tag"] = engine.classification(numbers[0], numbers[1], names)["per_class"]
        return {**figures, "count": len(sentences), "tokens": sum(map(len, tags))}

    def outcomes(self, X: Any, y: Any = None) -> Outcomes:
        """Return what became of every example; see `gyeol.engine.metrics.outcomes`."""
        self._ready()
        sentences, tags = self._checked_validation(X, y)
        with self._session():
            outputs: Any = self._outputs(self._encode(sentences, tags))
        found = [[self.classes_[n] for n in row] for row in outputs[:, 0]]
        return tag_outcomes(found, tags, outputs[:, 1].tolist(), self.classes_, spans=self.spans_)

    def describe_data(self) -> dict[str, str]:
        """Describe the tags for the model card."""
        return {"tags": ", ".join(self.classes_), "words": f"{len(self.inputs_.vocabulary):,}"}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        learned = {"tags": self.classes_, "scheme": self.scheme_, "letters": self.letters_}
        return {**learned, "nucleotides": self.reading_.nucleotides}, self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        tags = learned["tags"]
        if not isinstance(tags, list) or len(set(tags)) != len(tags) or not all(isinstance(t, str) and t for t in tags):
            raise ModelError("config.json: the tags are damaged")
        self.classes_, self.letters_ = tags, bool(learned["letters"])
        scheme = learned.get("scheme")  # older models have none: they learned the tags as they were
        if not isinstance(scheme, (str, type(None))):
            raise ModelError("config.json: the scheme of the tags is damaged")
        self.scheme_, self.spans_ = scheme, marks_spans(tags)
        self.reading_ = Reading(bool(learned.get("nucleotides")))
        self.inputs_ = TokenInput.restored(inputs)
