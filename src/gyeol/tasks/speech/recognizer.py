"""Many to many, unaligned: sound into text, letter by letter.

Recurrent layers read log-mel frames and give each letter's probability at every step; connectionist temporal
classification (Graves et al. 2006) sums over all alignments of a text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from torch import nn

from gyeol import engine
from gyeol.data.media.audio_clips import AudioClip, AudioClips
from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.engine.search.ctc import CTCSettings, GreedySearch
from gyeol.errors import ParameterError
from gyeol.explain.attribution.inquiry import Inquiry, check_length
from gyeol.inputs.sound.recordings import NORMALS, SpeechBatch, SpeechInput
from gyeol.inputs.sound.spectra import check_rate
from gyeol.parameters import choice, fraction, switch, whole
from gyeol.tasks.base import Encoded, Estimator
from gyeol.tasks.checks import checked_texts
from gyeol.tasks.hyperparameters import estimator, hyperparameter
from gyeol.tasks.language.model import LanguageModel
from gyeol.tasks.outcomes.texts import transcript_outcomes
from gyeol.tasks.speech.clips import checked_clips, checked_pairs, common_rate
from gyeol.tasks.speech.inquiry import align_part, speech_inquiry
from gyeol.tasks.speech.letters import normalized, text_of
from gyeol.tasks.speech.listener import Listener
from gyeol.tasks.speech.net import SpeechNet, losses_of
from gyeol.tasks.speech.parts import Part
from gyeol.tasks.speech.search import search_for
from gyeol.tasks.speech.times import LetterTime
from gyeol.tasks.speech.training import joined_share, training_batches
from gyeol.tasks.speech.transcriber import Transcriber

__all__ = ["SpeechRecognizer"]


@estimator
@dataclass(kw_only=True, eq=False, repr=False)
class SpeechRecognizer(Estimator):
    """Learn to transcribe speech from recordings and their texts.

    Attributes
    ----------
    net_, inputs_
        The trained network; frames and letters.
    left_out_, longest_
        How many recordings of the training part were too short for their texts; the length of its longest, in seconds.
    history_, metrics_
        Figures by epoch, and those of the epoch that was kept.

    Examples
    --------
    >>> t = np.arange(2400) / 8000
    >>> low, high = (np.sin(2 * np.pi * f * t).astype(np.float32) for f in (300, 2500))
    >>> model = SpeechRecognizer(sample_rate=8000, hidden_size=16, num_layers=1, epochs=10, batch_size=4, dropout=0.0,
    ...                          learning_rate=0.01, normalize="corpus", augment=False)
    >>> model.fit([low, high] * 10, ["저", "고"] * 10).predict([high])
    ['고']
    """

    task: ClassVar[str] = "transcribe"
    monitor: ClassVar[str] = "cer"
    usage: ClassVar[str] = "gyeol predict {} recording.wav"

    num_layers: int = 2
    bidirectional: bool = hyperparameter(
        True, switch, "Read recordings in both directions. False: a model that can write a stream (`listen`)."
    )
    tokenizer: str = hyperparameter(
        "syllable",
        choice(("syllable", "jamo", "character", "char")),
        'What is written step by step: ``"syllable"``, letters, Hangul by the syllable; ``"jamo"``, Hangul in jamo.',
    )
    lowercase: bool = hyperparameter(False, switch, "Whether texts are lower-cased.")
    sample_rate: int | None = hyperparameter(
        None, whole(1000, 384_000, none=True), "Hz, to which recordings are resampled; by default that of most files."
    )
    mels: int = hyperparameter(40, whole(1, 1024), "Mel filters: numbers of a frame.")
    stack: int = hyperparameter(3, whole(1, 100), "Frames (of 10 ms) of a step.")
    normalize: str = hyperparameter(
        "auto",
        choice(("auto", *NORMALS)),
        'Frames, by the mean and standard deviation of the training, ``"corpus"``, or of each recording, '
        '``"utterance"``; by the mean of what is loud in each, ``"speech"``, for few, very different voices (slow to '
        'learn). ``"auto"``: ``"utterance"`` where recordings are read in both directions, else ``"corpus"``.',
    )
    batch_size: int = 16
    epochs: int = 30
    learning_rate: float = 0.003
    patience: int = 10
    averaging: float = 0.998
    augment: bool = hyperparameter(
        True,
        switch,
        "Vary recordings in every epoch: speed and pitch, formants, loudness, noise, and gaps in frequency and time "
        '(SpecAugment: Park et al. 2019); with ``normalize="speech"`` also the silence around, and the spectrum.',
    )
    speed: float = hyperparameter(0.15, fraction(), "How much speed and pitch then vary at most: 0.15 is 15 %.")
    warp: float = hyperparameter(0.15, fraction(), "How much formants then vary at most (Jaitly and Hinton 2013).")
    join: float | None = hyperparameter(
        None,
        fraction(none=True),
        "Share of the batches in which up to five recordings are joined, with pauses between; by default 0.25 where "
        "half of the recordings last up to 2 s and the model reads in one direction, else 0.",
    )

    net_: SpeechNet = field(init=False)
    inputs_: SpeechInput = field(init=False)
    left_out_: int = field(init=False)
    longest_: float = field(init=False)

    # What training needs.

    def _checked(self, X: Any, y: Any) -> tuple[list[AudioClip], list[str]]:
        return checked_pairs(X, y, self.sample_rate)

    def _strata(self, y: Any) -> npt.NDArray[np.int64]:
        numbers = {text: n for n, text in enumerate(dict.fromkeys(y))}
        few = len(numbers) <= len(y) // 10  # such as commands, all of which should be in both parts
        return np.array([numbers[text] if few else 0 for text in y], dtype=np.int64)

    def _fit_inputs(self, X: list[AudioClip], y: list[str]) -> None:
        engine.transcription(["a"], ["a"])  # whether texts can be measured should show before a training, not after
        rate, normalize = int(self.sample_rate or common_rate(X)), self.normalize
        check_rate(rate, int(self.mels))
        if normalize == "auto":
            normalize = "utterance" if self.bidirectional else "corpus"
        letters: dict[str, Any] = {"tokenizer": self.tokenizer, "lowercase": bool(self.lowercase)}
        self.inputs_ = SpeechInput(rate=rate, mels=int(self.mels), normalize=normalize, **letters)
        self.longest_ = max(clip.seconds for clip in X)
        self.inputs_.fit(AudioClips(X, rate), y, spaces=self._changes(X).get("join", 0.0) > 0)

    def _changes(self, X: list[AudioClip]) -> dict[str, float]:
        share = joined_share(X, self.join, bidirectional=bool(self.bidirectional))
        return {"speed": float(self.speed), "warp": float(self.warp), "join": share} if self.augment else {}

    def _encode(self, X: list[AudioClip], y: list[str] | None) -> Encoded:
        clips = AudioClips(X, self.inputs_.mel.rate)
        targets = None if y is None else self.inputs_.encode(y)
        return Encoded(clips.lengths(), lambda which: self.inputs_.batch(clips, which, targets))

    def _encode_training(self, X: list[AudioClip], y: list[str]) -> Encoded:
        sizes = {"stack": int(self.stack), "batch_size": int(self.batch_size), "seed": self._seed}
        encoded, self.left_out_ = training_batches(self.inputs_, X, y, changes=self._changes(X), **sizes)
        return encoded

    def _build(self) -> nn.Module:
        sizes = self.inputs_.mel.mels, len(self.inputs_.text.vocabulary)
        return SpeechNet(*sizes, **self._layers(), bidirectional=bool(self.bidirectional), stack=int(self.stack))

    def _loss(self, net: nn.Module, batch: SpeechBatch) -> engine.StepLoss:
        assert batch.target_lengths is not None
        return engine.StepLoss(losses_of(batch, *net(batch.frames, batch.lengths)).sum() / batch.target_lengths.sum())

    def _decode(self, net: nn.Module, batch: SpeechBatch) -> npt.NDArray[np.generic]:
        """Return the loss of each recording, its number of letters, and what greedy search writes."""
        rows = np.empty((len(batch), 3), dtype=object)
        log_probs, steps = net(batch.frames, batch.lengths)
        if batch.target_lengths is not None:
            rows[:, 0] = losses_of(batch, log_probs, steps).tolist()
            rows[:, 1] = batch.target_lengths.tolist()
        found = [GreedySearch().feed(scores[:T]) for scores, T in zip(log_probs.numpy(), steps.tolist(), strict=True)]
        rows[:, 2] = [text_of(self.inputs_, tokens) for tokens in found]
        return rows

    def _score(self, outputs: npt.NDArray[Any], y: Any) -> dict[str, float]:
        loss = float(outputs[:, 0].sum() / outputs[:, 1].sum())
        return {"loss": loss, **engine.transcription(outputs[:, 2].tolist(), normalized(self.inputs_, y))}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"left_out": self.left_out_, "longest": self.longest_}, self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        self.inputs_ = SpeechInput.restored(inputs)
        self.left_out_ = int(learned["left_out"])
        self.longest_ = float(learned.get("longest", math.inf))  # unknown to older models

    # What a trained model does.

    def predict(self, X: Any) -> list[str]:
        """Transcribe each recording, by greedy search.

        A recording longer than those of the training is cut at pauses, and each part is recognized by itself.

        Parameters
        ----------
        X : sequence
            Paths of sound files, or arrays of samples from -1 to 1 at ``sample_rate``, shape (N,).
        """
        self._ready()
        return self._transcriber().texts(self._known(X))

    def _known(self, X: Any) -> list[AudioClip]:
        return checked_clips(X, self.inputs_.mel.rate)

    def _greedy(self, clips: list[AudioClip]) -> list[str]:
        return [text for rows in self._stream(clips) for text in rows[:, 2].tolist()]

    def _transcriber(self) -> Transcriber:
        return Transcriber(self.net_, self.inputs_, self.longest_, self.streams, self._greedy, self._session)

    def transcribe(
        self, X: Any, *, beam_size: int = 8, language_model: LanguageModel | None = None, lm_weight: float = 0.5,
        bonus: float = 0.0, lexicon: Iterable[str] | None = None,
    ) -> list[str]:  # fmt: skip
        """Transcribe each recording, by prefix beam search (Hannun et al. 2014).

        Parameters
        ----------
        X : sequence
            As in `predict`.
        beam_size : int
            Prefixes kept; 1 without a language model is greedy.
        language_model : LanguageModel, optional
            Scores texts: one of letters or jamo at every letter, one of words at their ends.
        lm_weight, bonus : float
            Weight of its log probabilities; and what a letter adds, since a language model favours short texts.
        lexicon : iterable of str, optional
            Words, or texts from which to take them: no other word is written.

        Raises
        ------
        ParameterError, DataError
            For settings, a language model and a lexicon that cannot be used.
        """
        self._ready()
        new_search = search_for(self.inputs_, CTCSettings(beam_size, lm_weight, bonus), language_model, lexicon)
        return self._transcriber().texts(self._known(X), new_search)

    @property
    def streams(self) -> bool:
        """Whether the model can write while somebody speaks."""
        return not self.bidirectional and self.inputs_.normalize == "corpus"

    def listen(
        self, *, beam_size: int = 1, language_model: LanguageModel | None = None, lm_weight: float = 0.5,
        bonus: float = 0.0, lexicon: Iterable[str] | None = None,
    ) -> Listener:  # fmt: skip
        """Return a `Listener`, which writes while somebody speaks; the arguments are those of `transcribe`.

        Raises
        ------
        ParameterError
            The model reads in both directions, or normalizes a recording by its own mean: both need its end.
        """
        self._ready()
        if not self.streams:
            raise ParameterError(
                "this model needs the end of a recording before it can write: for a stream train one with "
                "bidirectional=false (and normalize 'auto' or 'corpus')"
            )
        new_search = search_for(self.inputs_, CTCSettings(beam_size, lm_weight, bonus), language_model, lexicon)
        return Listener(self.net_, self.inputs_, new_search)

    def align(self, recording: Any, text: str | None = None) -> list[LetterTime]:
        """Return when each letter of a text was said, in seconds: of ``text``, or of what `predict` writes.

        Raises
        ------
        DataError
            The recording has fewer steps than the text needs.
        """
        self._ready()
        (clip,) = self._known([recording])
        return self._transcriber().align(clip, text)

    def _inquiry(self, x: Any, target: Any, position: int | None) -> Inquiry:
        (clip,), inputs = self._known([x]), self.inputs_
        check_length(inputs.mel.count(round(clip.seconds * inputs.mel.rate)), "frames of 10 ms")
        found = self._transcriber().parts(clip)
        texts = self._greedy([part.clip for part in found])
        prediction = " ".join(" ".join(texts).split())
        if target is not None:
            found, texts = [Part(0.0, clip)], checked_texts([target])
        parts = [align_part(self.net_, inputs, part, text) for part, text in zip(found, texts, strict=True)]
        of = "the text" if target is None else repr(target)
        return speech_inquiry(inputs, int(self.stack), parts, prediction, position, of)

    def score(self, X: Any, y: Any) -> float:
        """Return the share of letters that are right: 1 less the character error rate, which may pass 1."""
        return 1.0 - float(self.evaluate(X, y)["cer"])

    def evaluate(self, X: Any, y: Any, *, found: Sequence[str] | None = None) -> dict[str, Any]:
        """Return the figures on recordings: cer, wer (jiwer's, over all), loss (nats a letter), count, seconds.

        Parameters
        ----------
        X, y : sequences
            As in `fit`.
        found : sequence of str, optional
            The texts that `transcribe` wrote; by default those of greedy search.
        """
        self._ready()
        clips, texts = self._checked(self._known(X), y)
        with self._session():
            outputs = self._outputs(self._encode(clips, texts))
        whole = outputs[:, 2].tolist()
        outputs[:, 2] = list(found) if found is not None else self._transcriber().rewritten(clips, whole)
        figures = self._score(outputs, texts)
        return {**figures, "count": len(clips), "seconds": round(sum(clip.seconds for clip in clips), 2)}

    def outcomes(self, X: Any, y: Any = None) -> Outcomes:
        """Return what became of every example; see `gyeol.engine.metrics.outcomes`."""
        self._ready()
        clips, texts = self._checked(self._known(X), y)
        with self._session():
            outputs: Any = self._outputs(self._encode(clips, texts))
        written = self._transcriber().rewritten(clips, outputs[:, 2].tolist())
        seconds = np.array([clip.seconds for clip in clips])
        return transcript_outcomes(written, normalized(self.inputs_, texts), outputs[:, 0], outputs[:, 1], seconds)

    def describe_data(self) -> dict[str, str]:
        """Describe the letters and the sound for the model card."""
        letters = self.inputs_.text.vocabulary.tokens[2:]
        return {
            "letters": f"{len(letters)}: {' '.join(letters[:40])}", "sample rate": f"{self.inputs_.mel.rate:,} Hz",
            "too short for their text, left out": str(self.left_out_),
            "longest recording": f"{self.longest_:.1f} s; longer ones are cut at pauses of {self.inputs_.pause:.1f} s",
        }  # fmt: skip
