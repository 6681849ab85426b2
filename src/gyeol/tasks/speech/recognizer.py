"""Many to many, free: sound into text, letter by letter, without being told when each is said.

Log-mel frames are read by recurrent layers, which say at every step how probable each letter is; connectionist temporal
classification (Graves et al. 2006) sums over all ways in which a text may lie in time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from gyeol import engine
from gyeol.data.media.audio_clips import AudioClip, AudioClips
from gyeol.engine.search.ctc import CTCSettings, GreedySearch
from gyeol.errors import DataError, ParameterError
from gyeol.inputs.sound.recordings import NORMALS, SpeechBatch, SpeechInput
from gyeol.inputs.sound.spectra import check_rate
from gyeol.layers import CELLS, Cell
from gyeol.layers.losses.ctc import ctc_loss
from gyeol.parameters import Rule, choice, fraction, switch, whole
from gyeol.tasks.base import TRAINING_RULES, Encoded, Estimator
from gyeol.tasks.checks import checked_texts
from gyeol.tasks.language.model import LanguageModel
from gyeol.tasks.speech.clips import checked_clips, common_rate
from gyeol.tasks.speech.listener import Listener
from gyeol.tasks.speech.net import SpeechNet
from gyeol.tasks.speech.parts import by_parts, rewritten
from gyeol.tasks.speech.search import search_for, searched
from gyeol.tasks.speech.times import Said, letter_times
from gyeol.tasks.speech.training import joined_share, training_batches

__all__ = ["SpeechRecognizer"]


class SpeechRecognizer(Estimator):
    """Learn to write down what is said, from recordings and their texts.

    Parameters
    ----------
    cell : str or class
        ``"rnn"``, ``"lstm"``, ``"gru"``, ``"gru_after"``, ``"lstm_norm"``, or a cell of your own.
    hidden_size, num_layers, bidirectional
        Units of a layer in a direction; layers; whether recordings are read in both directions. Only what reads in one
        can write while somebody speaks (`listen`).
    tokenizer : {"syllable", "jamo"}
        What is written step by step: letters (Hangul by the syllable), or Hangul spelled in jamo.
    lowercase : bool
        Whether texts are lower-cased.
    sample_rate : int, optional
        Hz, to which recordings are brought; by default the rate that most of the training's files have.
    mels, stack : int
        Mel filters a frame; frames (of 10 ms) a step.
    normalize : {"auto", "corpus", "utterance", "speech"}
        Whether frames are measured against the training's mean and spread, each recording's own, or the mean of what
        is loud in each, which is for few recordings of far apart voices and learns slowly; ``"auto"``: each recording's
        own where they are read in both directions, else the training's.
    dropout : float
        Share of features dropped, the same at every step.
    batch_size, epochs, learning_rate, weight_decay, clip_norm
        Recordings of a batch; Adam, whose rate falls to zero along a half cosine.
    patience : int
        Stop after so many epochs without a lower share of wrong letters.
    validation_fraction, averaging, time_limit
        Share held back for that; decay of the moving average of the weights; seconds.
    precision : {"auto", "float32", "float64", "bfloat16"}
        Of the arithmetic in training.
    threads, random_state, verbose
        Cores; the seed; whether to show a progress bar.
    augment : bool
        Whether recordings are changed each time they are learned from: speed and pitch, formants, loudness, noise, and
        gaps in frequency and time (SpecAugment: Park et al. 2019); with ``normalize="speech"`` silence around, and
        colour, too.
    speed, warp : float
        By how much the speed then differs at most, and with it the pitch; and, apart from that, the formants (Jaitly
        and Hinton 2013): 0.15 is 15 %.
    join : float, optional
        In what share of the batches up to five recordings are then joined, with pauses between; by default 0.25 where
        half of the recordings last up to 2 s and the model reads in one direction, else 0.

    Attributes
    ----------
    net_, inputs_
        The trained network; frames and letters.
    left_out_, longest_
        Recordings of the training part that were too short for their texts; how long its longest is, in seconds.
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
    ask: ClassVar[str] = "gyeol predict {} recording.wav"
    rules: ClassVar[dict[str, Rule]] = {
        "cell": choice(CELLS, own=Cell),
        "hidden_size": whole(1, 1 << 16),
        "num_layers": whole(1, 100),
        "bidirectional": switch,
        "tokenizer": choice(("syllable", "jamo", "character", "char")),
        "lowercase": switch,
        "sample_rate": whole(1000, 384_000, none=True),
        "mels": whole(1, 1024),
        "stack": whole(1, 100),
        "normalize": choice(("auto", *NORMALS)),
        **TRAINING_RULES,
        "augment": switch,
        "speed": fraction(),
        "warp": fraction(),
        "join": fraction(none=True),
    }

    net_: SpeechNet
    inputs_: SpeechInput
    _clips: AudioClips
    left_out_: int
    longest_: float

    def __init__(
        self,
        *,
        cell: Any = "lstm",
        hidden_size: int = 128,
        num_layers: int = 2,
        bidirectional: bool = True,
        tokenizer: str = "syllable",
        lowercase: bool = False,
        sample_rate: int | None = None,
        mels: int = 40,
        stack: int = 3,
        normalize: str = "auto",
        dropout: float = 0.3,
        batch_size: int = 16,
        epochs: int = 30,
        learning_rate: float = 0.003,
        weight_decay: float = 0.0,
        clip_norm: float = 5.0,
        patience: int = 10,
        validation_fraction: float = 0.1,
        averaging: float = 0.998,
        time_limit: float | None = None,
        precision: str = "auto",
        threads: int | None = None,
        random_state: int | None = 0,
        verbose: bool = False,
        augment: bool = True,
        speed: float = 0.15,
        warp: float = 0.15,
        join: float | None = None,
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.tokenizer = tokenizer
        self.lowercase = lowercase
        self.sample_rate = sample_rate
        self.mels = mels
        self.stack = stack
        self.normalize = normalize
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
        self.augment = augment
        self.speed = speed
        self.warp = warp
        self.join = join

    # What training asks for.

    def _checked(self, X: Any, y: Any) -> tuple[list[AudioClip], list[str]]:
        if y is None:
            raise DataError("the target y is None: give to each recording the text that is said in it")
        clips = checked_clips(X, self.sample_rate)
        texts = checked_texts(y)
        if len(clips) != len(texts):
            raise DataError(f"got {len(clips)} recordings and {len(texts)} texts; there must be one to each")
        return clips, texts

    def _strata(self, y: Any) -> npt.NDArray[np.int64]:
        numbers = {text: n for n, text in enumerate(dict.fromkeys(y))}
        few = len(numbers) <= len(y) // 10  # words of commands, say, which all are to be met in both parts
        return np.array([numbers[text] if few else 0 for text in y], dtype=np.int64)

    def _fit_inputs(self, X: list[AudioClip]) -> None:
        engine.transcription(["a"], ["a"])  # whether it can be measured is better known before a training than after
        rate = int(self.sample_rate or common_rate(X))
        check_rate(rate, int(self.mels))
        own = "utterance" if self.bidirectional else "corpus"
        self.inputs_ = SpeechInput(
            rate=rate,
            mels=int(self.mels),
            normalize=own if self.normalize == "auto" else self.normalize,
            tokenizer=self.tokenizer,
            lowercase=bool(self.lowercase),
        )
        self._clips = AudioClips(X, rate)

    def _fit_targets(self, y: Any) -> None:
        self.longest_ = max(clip.seconds for clip in self._clips.clips)
        self.inputs_.fit(self._clips, y, spaces=joined_share(self, self._clips) > 0)

    def _encode(self, X: list[AudioClip], y: list[str] | None) -> Encoded:
        clips = AudioClips(X, self.inputs_.mel.rate)
        targets = None if y is None else self.inputs_.encode(y)
        return Encoded(clips.lengths(), lambda which: self.inputs_.batch(clips, which, targets))

    def _encode_training(self, X: list[AudioClip], y: list[str]) -> Encoded:
        encoded, self.left_out_ = training_batches(self, self.__dict__.pop("_clips"), y)
        return encoded

    def _build(self) -> nn.Module:
        return SpeechNet(self, self.inputs_.mel.mels, len(self.inputs_.text.vocabulary))

    def _losses(self, net: nn.Module, batch: SpeechBatch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        log_probs, steps = net(batch.frames.to(self._dtype()), batch.lengths)
        assert batch.targets is not None and batch.target_lengths is not None  # noqa: PT018
        return ctc_loss(log_probs, steps, batch.targets, batch.target_lengths), log_probs, steps

    def _loss(self, net: nn.Module, batch: SpeechBatch) -> engine.StepLoss:
        losses, _, _ = self._losses(net, batch)
        assert batch.target_lengths is not None
        return engine.StepLoss(losses.sum() / batch.target_lengths.sum())

    def _decode(self, net: nn.Module, batch: SpeechBatch) -> npt.NDArray[np.generic]:
        """Say of each recording the loss, how many letters, and what greedy search writes."""
        rows = np.empty((len(batch), 3), dtype=object)
        if batch.targets is None:
            log_probs, steps = net(batch.frames.to(self._dtype()), batch.lengths)
        else:
            losses, log_probs, steps = self._losses(net, batch)
            assert batch.target_lengths is not None
            rows[:, 0], rows[:, 1] = losses.tolist(), batch.target_lengths.tolist()
        said = log_probs.numpy()
        rows[:, 2] = [self._text(GreedySearch().feed(said[n, :T])) for n, T in enumerate(steps.tolist())]
        return rows

    def _text(self, tokens: Sequence[int]) -> str:
        text = self.inputs_.text
        return " ".join(text.tokenizer.join([text.vocabulary.tokens[n] for n in tokens if n > 1]).split())

    def _score(self, outputs: npt.NDArray[Any], y: Any) -> dict[str, float]:
        loss = float(outputs[:, 0].sum() / outputs[:, 1].sum())
        return {"loss": loss, **engine.transcription(outputs[:, 2].tolist(), self._as_written(y))}

    def _as_written(self, texts: Sequence[str]) -> list[str]:
        """Write texts as this model can: lower-cased where it is, composed."""
        text = self.inputs_.text
        return [text.tokenizer.join(tokens) for tokens in text.tokenizer.tokenize_many(texts)]

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"left_out": self.left_out_, "longest": self.longest_}, self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        self.inputs_ = SpeechInput.restored(inputs)
        self.left_out_ = int(learned["left_out"])
        self.longest_ = float(learned.get("longest", math.inf))  # not known of models of an older gyeol

    # What a user asks for.

    def predict(self, X: Any) -> list[str]:
        """Write down what is said in each recording, by greedy search.

        What is longer than the training's recordings is cut at pauses, and each part is recognised by itself.

        Parameters
        ----------
        X : sequence
            Paths of sound files, or arrays of samples from -1 to 1 at ``sample_rate``, shape (N,).
        """
        self._ready()
        return list(by_parts(self, self._known(X), self._greedy))

    def _greedy(self, clips: list[AudioClip]) -> list[str]:
        return [text for rows in self._stream(clips) for text in rows[:, 2].tolist()]

    def transcribe(
        self, X: Any, *, beam_size: int = 8, language_model: LanguageModel | None = None, lm_weight: float = 0.5,
        bonus: float = 0.0, lexicon: Iterable[str] | None = None,
    ) -> list[str]:  # fmt: skip
        """Write down what is said in each recording, by prefix beam search (Hannun et al. 2014).

        Parameters
        ----------
        X : sequence
            As in `predict`.
        beam_size : int
            Prefixes kept; 1 without a language model is greedy.
        language_model : LanguageModel, optional
            What says which texts are likely: of letters or jamo, asked at every letter, or of words, asked at their
            ends.
        lm_weight, bonus : float
            What it counts beside what is heard; and what a letter adds, for a language model makes texts short.
        lexicon : iterable of str, optional
            Words, or texts whose words they are: nothing else is written.

        Raises
        ------
        ParameterError, DataError
            For settings, a language model and a lexicon that cannot be used.
        """
        self._ready()
        begin = search_for(self.inputs_, CTCSettings(beam_size, lm_weight, bonus), language_model, lexicon)
        return searched(self, X, begin)

    @property
    def streams(self) -> bool:
        """Whether it can write while somebody speaks."""
        return not self.bidirectional and self.inputs_.normalize == "corpus"

    def listen(
        self, *, beam_size: int = 1, language_model: LanguageModel | None = None, lm_weight: float = 0.5,
        bonus: float = 0.0, lexicon: Iterable[str] | None = None,
    ) -> Listener:  # fmt: skip
        """Begin to write while somebody speaks: see `Listener`; the arguments are those of `transcribe`.

        Raises
        ------
        ParameterError
            The model reads in both directions, or measures a recording against its own mean: both need its end.
        """
        self._ready()
        if not self.streams:
            raise ParameterError(
                "this model needs the end of a recording before it can write: for a stream train one with "
                "bidirectional=false (and normalize 'auto' or 'corpus')"
            )
        begin = search_for(self.inputs_, CTCSettings(beam_size, lm_weight, bonus), language_model, lexicon)
        return Listener(self.net_, self.inputs_, begin)

    def align(self, recording: Any, text: str | None = None) -> list[Said]:
        """Tell when each letter of a text was said, in seconds: of the one given, or of the one that `predict` writes.

        Raises
        ------
        DataError
            The recording has fewer steps than the text needs.
        """
        self._ready()
        return letter_times(self, recording, text)

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
            What `transcribe` wrote; by default what greedy search writes.
        """
        self._ready()
        clips, texts = self._checked(self._known(X), y)
        with self._session():
            outputs = self._outputs(self._encode(clips, texts))
        outputs[:, 2] = list(found) if found is not None else rewritten(self, clips, outputs[:, 2].tolist())
        figures = self._score(outputs, texts)
        return {**figures, "count": len(clips), "seconds": round(sum(clip.seconds for clip in clips), 2)}

    def _known(self, X: Any) -> list[AudioClip]:
        return checked_clips(X, self.inputs_.mel.rate)

    def describe_data(self) -> dict[str, str]:
        """What the model card says of the letters and the sound."""
        letters = self.inputs_.text.vocabulary.tokens[2:]
        return {
            "letters": f"{len(letters)}: {' '.join(letters[:40])}", "sample rate": f"{self.inputs_.mel.rate:,} Hz",
            "too short for their text, left out": str(self.left_out_),
            "longest recording": f"{self.longest_:.1f} s; longer ones are cut at pauses of {self.inputs_.pause:.1f} s",
        }  # fmt: skip
