"""Many to many, in step: every token of a sentence gets a tag. Names, parts of speech, proteins by the letter."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gyeol import engine
from gyeol.data.tagging.schemes import find_scheme, written_like
from gyeol.engine.metrics.spans import Span, follows, marks_spans, span_figures, spans_of
from gyeol.errors import DataError, ModelError
from gyeol.inputs.letter_sequences import Reading, are_nucleotides, fold
from gyeol.inputs.token_rows import CHARACTERS, TokenInput
from gyeol.layers import CELLS, Cell
from gyeol.parameters import Rule, choice, maybe, switch, whole
from gyeol.tasks.alphabet import unknown_tokens
from gyeol.tasks.base import TRAINING_RULES, Encoded, Estimator
from gyeol.tasks.tagging.net import TaggerNet, TaggerNets
from gyeol.tasks.tagging.sentences import checked_pairs, checked_sentences

__all__ = ["SequenceTagger"]

Token = str | tuple[str, ...]
_UNSEEN = -1  # the number of a tag that training never saw


class SequenceTagger(Estimator):
    """Learn a tag for each token from tagged sentences.

    Tags that mark spans may be in IOB1, BIO (IOB2), IOE1, IOE2, BIOES, BILOU or BMEWO, and so may those that a model is
    measured on: they are recognised, and learned and predicted as BIO (``B-PER``, ``I-PER``, ``O``).

    Words and their letters are read, the letters of a word in both directions; recurrent layers read the sentence; a
    conditional random field chooses the tags of a sentence together (Lample et al. 2016), or each is chosen alone.

    Parameters
    ----------
    cell : str or class
        ``"rnn"``, ``"lstm"``, ``"gru"``, ``"gru_after"``, ``"lstm_norm"``, or a cell of your own.
    hidden_size, num_layers, bidirectional
        Units of a layer in a direction; layers; whether the sentence is read in both directions.
    embedding_size : int
        Length of a word's vector.
    characters : {"jamo", "letters", None}
        What of a word is read besides the word: its letters, Hangul spelled in jamo; None: words alone.
    character_size : int
        Length of a letter's vector, and units of its reader in a direction.
    head : {"crf", "linear"}
        Whether tags are chosen together or each alone.
    lowercase, min_count
        Of words, not of letters; words seen less often are unknown.
    nucleotides : bool, optional
        Read small letters as capitals and U as T. By default where all sequences of the training are DNA or RNA, tagged
        by the letter.
    members : int
        Nets that learn side by side, each from its own beginning, and answer together.
    dropout : float
        Share of features dropped, the same at every token; of whole words a quarter of it, where there are a
        thousand.
    batch_size, epochs, learning_rate, weight_decay, clip_norm
        Sentences of a batch; Adam, whose rate falls to zero along a half cosine.
    patience : int
        Stop after so many epochs without a higher F1 of spans (where tags mark spans) or accuracy.
    validation_fraction, averaging, time_limit
        Share held back for that; decay of the moving average of the weights; seconds.
    precision : {"auto", "float32", "float64", "bfloat16"}
        Of the arithmetic in training.
    threads, random_state, verbose
        Cores; the seed; whether to show a progress bar.

    Attributes
    ----------
    classes_ : list of str
        The tags.
    spans_ : bool
        Whether they mark spans: B, I and O, with or without what they are.
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
    rules: ClassVar[dict[str, Rule]] = {
        "cell": choice(CELLS, own=Cell),
        "hidden_size": whole(1, 1 << 16),
        "num_layers": whole(1, 100),
        "bidirectional": switch,
        "embedding_size": whole(1, 1 << 16),
        "characters": choice(CHARACTERS),
        "character_size": whole(1, 1 << 16),
        "head": choice(("crf", "linear")),
        "lowercase": switch,
        "min_count": whole(1),
        "members": whole(1, 64),
        "nucleotides": maybe,
        **TRAINING_RULES,
    }

    net_: TaggerNet | TaggerNets
    inputs_: TokenInput
    classes_: list[str]
    spans_: bool
    scheme_: str | None
    letters_: bool
    reading_: Reading

    def __init__(
        self,
        *,
        cell: Any = "lstm",
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = True,
        embedding_size: int = 100,
        characters: str | None = "jamo",
        character_size: int = 32,
        head: str = "crf",
        lowercase: bool = False,
        min_count: int = 2,
        members: int = 1,
        nucleotides: bool | None = None,
        dropout: float = 0.4,
        batch_size: int = 16,
        epochs: int = 20,
        learning_rate: float = 0.004,
        weight_decay: float = 0.0,
        clip_norm: float = 5.0,
        patience: int = 5,
        validation_fraction: float = 0.1,
        averaging: float = 0.99,
        time_limit: float | None = None,
        precision: str = "auto",
        threads: int | None = None,
        random_state: int | None = 0,
        verbose: bool = False,
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.embedding_size = embedding_size
        self.characters = characters
        self.character_size = character_size
        self.head = head
        self.lowercase = lowercase
        self.min_count = min_count
        self.members = members
        self.nucleotides = nucleotides
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

    # What training asks for.

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
        self.letters_ = all(len(t) == 1 for sentence in sentences for t in sentence if isinstance(t, str))
        return sentences, tags

    def _checked_validation(self, X: Any, y: Any) -> tuple[list[list[Token]], list[list[str]]]:
        sentences, tags = checked_pairs(X, y)
        if self.spans_ and (scheme := find_scheme(tags, sure=True)) is not None:
            tags = [written_like(scheme.converted(some), self.classes_) for some in tags]
        return sentences, tags

    def _settings(self) -> engine.Settings:
        return dataclasses.replace(super()._settings(), monitor="f1" if self.spans_ else "accuracy")

    def _fit_inputs(self, X: list[list[Token]]) -> None:
        least = int(self.min_count) if len(X) >= 100 else 1
        letters = self.letters_ and all(isinstance(token, str) for sentence in X for token in sentence)
        found = letters and are_nucleotides("".join(map(str, sentence)) for sentence in X)
        self.reading_ = Reading(found if self.nucleotides is None else bool(self.nucleotides))
        self.inputs_ = TokenInput(characters=self.characters, lowercase=bool(self.lowercase), min_count=least)
        self.inputs_.fit(self._folded(X))

    def _folded(self, X: list[list[Token]]) -> list[list[Token]]:
        if not self.reading_.nucleotides:
            return X
        return [[fold(t) if isinstance(t, str) else (fold(t[0]), *t[1:]) for t in sentence] for sentence in X]

    def _told(self) -> dict[str, str]:
        return self.reading_.notes()

    def _encode(self, X: list[list[Token]], y: list[list[str]] | None) -> Encoded:
        rows = self.inputs_.encode(self._folded(X))
        number = {tag: n for n, tag in enumerate(self.classes_)}

        def batch(which: npt.NDArray[np.int64]) -> tuple[Any, Tensor | None]:
            made = self.inputs_.batch(rows, which)
            if y is None:
                return made, None
            tags = torch.zeros(made.forms.shape, dtype=torch.int64)
            for place, row in enumerate(which.tolist()):
                tags[place, : len(y[row])] = torch.tensor([number.get(tag, _UNSEEN) for tag in y[row]])
            return made, tags

        return Encoded(rows.lengths, batch)

    def _build(self) -> nn.Module:
        self._allowed = torch.from_numpy(follows(self.classes_))
        return (TaggerNet if self.members == 1 else TaggerNets)(self, self.inputs_, len(self.classes_))

    def _losses(self, net: nn.Module, batch: tuple[Any, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Return the loss of each sentence (nats), the scores (B, T, Y), and which tags are real (B, T).

        Members learn each by itself: the loss is the mean of theirs.
        """
        assert isinstance(net, (TaggerNet, TaggerNets))
        made, tags = batch
        nets = list(net.members) if isinstance(net, TaggerNets) and net.training else [net]
        scores = torch.cat([packing.scatter(packed)[:, : tags.shape[1]] for packed, packing in (n(made) for n in nets)])
        real = torch.arange(tags.shape[1]) < made.lengths[:, None]
        wanted = tags.clamp(min=0).repeat(len(nets), 1)
        if net.crf is not None:
            losses = net.crf(scores, wanted, made.lengths.repeat(len(nets)))
        else:
            each = F.cross_entropy(scores.flatten(0, 1), wanted.flatten(), reduction="none").view(wanted.shape)
            losses = each.masked_fill(~real.repeat(len(nets), 1), 0.0).sum(1)
        return losses.view(len(nets), -1).mean(0), scores.view(len(nets), *tags.shape, -1).mean(0), real

    def _loss(self, net: nn.Module, batch: tuple[Any, Tensor]) -> engine.StepLoss:
        losses, scores, real = self._losses(net, batch)
        right = ((scores.detach().argmax(2) == batch[1]) & real).sum(1) / real.sum(1)
        return engine.StepLoss(losses.sum() / real.sum(), float(right.sum()))  # type: ignore[arg-type]

    def _decode(self, net: nn.Module, batch: tuple[Any, Tensor | None]) -> npt.NDArray[np.generic]:
        """Say of each sentence the best tags, and the loss of the right ones where they are given and were seen."""
        made, tags = batch
        rows = np.empty((len(made), 2), dtype=object)
        given = torch.zeros(made.forms.shape, dtype=torch.int64) if tags is None else tags
        losses, scores, _ = self._losses(net, (made, given))
        best = self._best(net, scores, made.lengths)
        for row, length in enumerate(made.lengths.tolist()):
            known = tags is not None and bool((tags[row, :length] >= 0).all())
            rows[row, 0] = best[row, :length].tolist()
            rows[row, 1] = float(losses[row]) if known else np.nan
        return rows

    def _best(self, net: nn.Module, scores: Tensor, lengths: Tensor) -> Tensor:
        assert isinstance(net, (TaggerNet, TaggerNets))
        return scores.argmax(2) if net.crf is None else net.crf.decode(scores, lengths, self._allowed)[0]

    def _score(self, outputs: npt.NDArray[Any], y: list[list[str]]) -> dict[str, float]:
        found = [[self.classes_[n] for n in row] for row in outputs[:, 0]]
        tokens = sum(map(len, y))
        right = sum(a == b for own, truth in zip(found, y, strict=True) for a, b in zip(own, truth, strict=True))
        seen = [(loss, len(own)) for loss, own in zip(outputs[:, 1].tolist(), y, strict=True) if not np.isnan(loss)]
        figures = {"accuracy": right / tokens, "loss": sum(a for a, _ in seen) / max(1, sum(b for _, b in seen))}
        if self.spans_:
            spans = span_figures(found, y)
            figures |= {name: float(spans[name]) for name in ("precision", "recall", "f1")}  # type: ignore[arg-type]
        return figures

    # What a user asks for.

    def predict(self, X: Any) -> list[list[str]]:
        """Return the tags of every sentence.

        Parameters
        ----------
        X : sequence of sentences
            Each a list of tokens (texts, or tuples where columns stood beside them in training), or a text, which is
            tagged letter by letter.
        """
        self._ready()
        found = []
        for rows in self._stream(checked_sentences(X)):
            found += [[self.classes_[n] for n in row] for row in rows[:, 0]]
        return found

    def predict_proba(self, X: Any) -> list[npt.NDArray[np.float64]]:
        """Return of every sentence the probability of each tag at each token, (T, Y), in the order of ``classes_``."""
        self._ready()
        sentences = checked_sentences(X)
        encoded = self._encode(sentences, None)
        found: list[npt.NDArray[np.float64]] = []
        with self._session(), torch.inference_mode():
            for first in range(0, len(sentences), 256):
                made, _ = encoded.batch(np.arange(first, min(first + 256, len(sentences))))
                packed, packing = self.net_(made)
                scores = packing.scatter(packed).double()
                crf = self.net_.crf
                shares = torch.softmax(scores, 2) if crf is None else crf.marginals(scores, made.lengths)
                found += [row[:length].numpy() for row, length in zip(shares, made.lengths.tolist(), strict=True)]
        return found

    def unknown(self, X: Any) -> list[float]:
        """Say which share of each sentence's letters the training never held; of DNA, which share is no base.

        Where words alone are read (``characters=None``), the share of the words that are unknown.
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

    def describe_data(self) -> dict[str, str]:
        """What the model card says of the tags."""
        return {"tags": ", ".join(self.classes_), "words": f"{len(self.inputs_.vocabulary):,}"}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        learned = {"tags": self.classes_, "scheme": self.scheme_, "letters": self.letters_}
        learned["nucleotides"] = self.reading_.nucleotides
        return learned, self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        tags = learned["tags"]
        if not isinstance(tags, list) or len(set(tags)) != len(tags) or not all(isinstance(t, str) and t for t in tags):
            raise ModelError("config.json: the tags are damaged")
        self.classes_, self.letters_ = tags, bool(learned["letters"])
        scheme = learned.get("scheme")  # which older models do not have: they learned their tags as they were
        if not isinstance(scheme, (str, type(None))):
            raise ModelError("config.json: the scheme of the tags is damaged")
        self.scheme_, self.spans_ = scheme, marks_spans(tags)
        self.reading_ = Reading(bool(learned.get("nucleotides")))
        self.inputs_ = TokenInput.restored(inputs)
