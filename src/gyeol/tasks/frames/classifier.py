"""Many to many, in step: every step of a sequence gets a label. Frames of video, readings of sensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol import engine
from gyeol.data.media.video_clips import VideoClip, are_video_clips, as_video_clips
from gyeol.data.ragged import Ragged
from gyeol.errors import DataError, ModelError
from gyeol.inputs.frames import FrameInput, StepBatch, pieces, steps_of
from gyeol.inputs.numeric_series import SeriesInput, checked_series
from gyeol.layers import CELLS, Cell
from gyeol.parameters import Rule, choice, positive, switch, whole
from gyeol.tasks.base import TRAINING_RULES, Encoded, Estimator
from gyeol.tasks.checks import checked_classes, checked_labels, labels_from_state, labels_to_state, numbered
from gyeol.tasks.class_scores import class_figures, class_loss, class_report, probabilities_of
from gyeol.tasks.frames.net import FrameNet
from gyeol.tasks.frames.stream import FrameStream, numbers_of

__all__ = ["FrameClassifier"]

Labels = npt.NDArray[np.int64]
_STEPS_AT_ONCE = 4096  # of several sequences together, where nothing is learned


class FrameClassifier(Estimator):
    """Learn a label for each step of numeric sequences, or for each frame of clips.

    A small residual net, trained from scratch, sees each frame by itself; recurrent layers read on from frame to frame;
    a linear layer answers at every step.

    Parameters
    ----------
    cell : str or class
        ``"rnn"``, ``"lstm"``, ``"gru"``, ``"gru_after"``, ``"lstm_norm"``, or a cell of your own.
    hidden_size : int
        Units of a layer in a direction, and numbers of the vector that a frame becomes.
    num_layers : int
        Recurrent layers; 0: each step is judged alone, the baseline.
    bidirectional : bool
        Whether what comes later counts, too. False: causal, a model that can `stream`.
    dropout : float
        Share of values dropped, the same at every step.
    batch_size, epochs, learning_rate, weight_decay, clip_norm
        Sequences of a batch; Adam, whose rate falls to zero along a half cosine.
    patience : int
        Stop after so many epochs without a better validation accuracy.
    validation_fraction, averaging, time_limit
        Share of sequences held back for that; decay of the moving average of the weights; seconds.
    precision : {"auto", "float32", "float64", "bfloat16"}
        Of the arithmetic; ``"auto"`` and ``"bfloat16"`` train in bfloat16 where there is such.
    threads, random_state, verbose
        Cores; the seed; whether to show a progress bar.
    image_size : int
        Pixels of a frame either way; all of it is squeezed into them.
    channels : int
        Of the CNN's first stage; the next have two and four times as many.
    noise : float
        Spread of the random numbers added in training: to values in standard deviations of each channel, to colours in
        those of photographs.
    steps : int
        Longer sequences are cut into pieces to learn from.

    Attributes
    ----------
    classes_ : array
        The labels, sorted.
    net_, inputs_
        The trained network; the frames' size, or each channel's mean and spread.
    lengths_ : tuple of int
        The shortest and the longest sequence of the training.
    history_, metrics_
        Figures by epoch, and those of the epoch that was kept.

    Examples
    --------
    >>> series = [np.cumsum(np.random.default_rng(seed).normal(size=20)) for seed in range(20)]
    >>> labels = [np.where(np.diff(one, prepend=0.0) > 0, "up", "down") for one in series]
    >>> model = FrameClassifier(hidden_size=16, bidirectional=False, epochs=20, learning_rate=0.03, batch_size=4)
    >>> model.fit(series, labels).predict([[0.0, 1.0, 2.0, 1.0]])[0][1:].tolist()
    ['up', 'up', 'down']
    """

    task: ClassVar[str] = "frames"
    ask: ClassVar[str] = "gyeol predict {} --file FILE"
    reads: ClassVar[str] = "steps"
    rules: ClassVar[dict[str, Rule]] = {
        "cell": choice(CELLS, own=Cell),
        "hidden_size": whole(1, 1 << 16),
        "num_layers": whole(0, 100),
        "bidirectional": switch,
        **TRAINING_RULES,
        "image_size": whole(8, 1024),
        "channels": whole(1, 1024),
        "noise": positive(zero=True),
        "steps": whole(1, 1 << 20),
    }

    net_: FrameNet
    inputs_: SeriesInput | FrameInput
    classes_: npt.NDArray[Any]
    lengths_: tuple[int, int]

    def __init__(
        self,
        *,
        cell: Any = "lstm",
        hidden_size: int = 64,
        num_layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.1,
        batch_size: int = 4,
        epochs: int = 16,
        learning_rate: float = 0.008,
        weight_decay: float = 0.0,
        clip_norm: float = 5.0,
        patience: int = 10,
        validation_fraction: float = 0.1,
        averaging: float = 0.99,
        time_limit: float | None = None,
        precision: str = "auto",
        threads: int | None = None,
        random_state: int | None = 0,
        verbose: bool = False,
        image_size: int = 32,
        channels: int = 8,
        noise: float = 0.0,
        steps: int = 200,
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
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
        self.image_size = image_size
        self.channels = channels
        self.noise = noise
        self.steps = steps

    @property
    def inputs_of_frames(self) -> FrameInput | None:
        """What unpacks frames, of a model that sees them; None of one that reads numbers."""
        return self.inputs_ if isinstance(self.inputs_, FrameInput) else None

    # What training asks for.

    def _sequences(self, X: Any) -> list[Any]:
        return as_video_clips(X) if are_video_clips(X) else checked_series(X)

    def _known_sequences(self, X: Any) -> list[Any]:
        self._ready()
        sequences = self._sequences(X)
        if isinstance(sequences[0], VideoClip) != (self.inputs_of_frames is not None):
            own, other = ("clips", "numbers")[:: 1 if self.inputs_of_frames is not None else -1]
            raise DataError(f"this model was trained on {own} and got {other}")
        return sequences

    def _checked(self, X: Any, y: Any) -> tuple[list[Any], list[Labels]]:
        sequences = self._sequences(X)
        rows = _rows_of_labels(sequences, X, y)
        self.classes_, numbers, _ = checked_classes(_end_to_end(rows), sum(map(len, rows)), "step")
        return sequences, _parted(numbers, rows)

    def _checked_validation(self, X: Any, y: Any) -> tuple[list[Any], list[Labels]]:
        sequences = self._sequences(X)
        rows = _rows_of_labels(sequences, X, y)
        labels = checked_labels(_end_to_end(rows), sum(map(len, rows)), "step")
        return sequences, _parted(numbered(labels, self.classes_), rows)

    def _fit_inputs(self, X: list[Any]) -> None:
        frames = isinstance(X[0], VideoClip)
        self.inputs_ = FrameInput(image_size=int(self.image_size)) if frames else SeriesInput().fit(X)

    def _fit_targets(self, y: list[Labels]) -> None:
        self.lengths_ = min(map(len, y)), max(map(len, y))

    def _rows(self, X: list[Any], y: list[Labels] | None) -> Ragged:
        if isinstance(self.inputs_, FrameInput):
            return self.inputs_.encode(X, [None] * len(X) if y is None else list(map(len, y)))
        return self.inputs_.encode(X)

    def _encode(self, X: list[Any], y: list[Labels] | None) -> Encoded:
        rows = self._rows(X, y)
        ranges = np.stack([rows.starts[:-1], rows.starts[1:]], axis=1)

        def order(epoch: int) -> list[npt.NDArray[np.int64]]:
            ends = np.flatnonzero(np.diff(rows.starts[1:] // _STEPS_AT_ONCE)) + 1
            return list(np.split(np.arange(len(rows)), ends))

        return self._in_batches(rows, ranges, y, order)

    def _encode_training(self, X: list[Any], y: list[Labels]) -> Encoded:
        rows = self._rows(X, y)
        return self._in_batches(rows, pieces(rows, int(self.steps)), y, None)

    def _in_batches(self, rows: Ragged, ranges: npt.NDArray[np.int64], y: list[Labels] | None, order: Any) -> Encoded:
        labels = None if y is None else np.concatenate(y)

        def batch(which: npt.NDArray[np.int64]) -> tuple[StepBatch, Tensor | None]:
            made = steps_of(rows, ranges[which])
            if labels is None:
                return made, None
            return made, torch.from_numpy(np.concatenate([labels[start:end] for start, end in ranges[which].tolist()]))

        return Encoded(ranges[:, 1] - ranges[:, 0], batch, order)

    def _build(self) -> nn.Module:
        width = None if isinstance(self.inputs_, FrameInput) else self.inputs_.width
        return FrameNet(self, width, len(self.classes_))

    def _loss(self, net: nn.Module, batch: tuple[StepBatch, Tensor]) -> engine.StepLoss:
        scores, _ = net(batch[0])
        loss, right = class_loss(scores, batch[1], None)
        return engine.StepLoss(loss, right / len(scores) * len(batch[0]))  # type: ignore[arg-type]

    def _decode(self, net: nn.Module, batch: tuple[StepBatch, Any]) -> npt.NDArray[np.generic]:
        """Say of each sequence each class's probability at each step."""
        made = batch[0]
        rows = np.empty(len(made), dtype=object)
        scores, _ = net(made)
        ends = made.lengths.cumsum(0)[:-1].numpy()
        for row, part in enumerate(np.split(probabilities_of(scores), ends)):
            rows[row] = part
        return rows

    def _score(self, outputs: npt.NDArray[Any], y: list[Labels]) -> dict[str, float]:
        return class_figures(np.concatenate(list(outputs)), np.concatenate(y), None)

    # What a user asks for.

    def predict_proba(self, X: Any) -> list[npt.NDArray[np.float64]]:
        """Return of every sequence each class's probability at each step, (T, K), in the order of ``classes_``.

        Parameters
        ----------
        X : sequence of clips, or of numeric sequences
            Clips are paths of video files or of folders of images, or uint8 (T, height, width, 3); numbers are (T,) or
            (T, C), NaN where one is missing.

        Raises
        ------
        NotFittedError, DataError
            Before `fit`; for what are no such sequences.
        """
        sequences = self._known_sequences(X)
        if self.inputs_of_frames is not None:
            return [np.concatenate(list(self.stream_proba(clip))) for clip in sequences]
        return [found for rows in self._stream(sequences) for found in rows]

    def predict(self, X: Any) -> list[npt.NDArray[Any]]:
        """Return the labels of every sequence, (T,) each."""
        return [np.asarray(self.classes_[rows.argmax(axis=1)]) for rows in self.predict_proba(X)]

    def stream(self) -> FrameStream:
        """Make a `FrameStream`: a sequence answered while it goes on.

        Raises
        ------
        ParameterError
            The model reads in both directions.
        """
        self._ready()
        return FrameStream(self)

    def stream_proba(self, clip: Any) -> Iterator[npt.NDArray[np.float64]]:
        """Give each class's probability at the frames of one clip, some frames at a time: no more frames are held.

        A model of both directions answers at the end, and holds a vector of each frame until then.
        """
        (clip,) = self._known_sequences([clip])
        unpack = self.inputs_of_frames
        assert unpack is not None
        if not (self.bidirectional and self.num_layers):
            stream = self.stream()
            for block in clip.blocks(unpack.image_size):
                yield stream.push_proba(block)
            return
        with self._session(), torch.inference_mode():
            seen = torch.cat([self.net_.see(torch.from_numpy(block)) for block in clip.blocks(unpack.image_size)])
            scores, _ = self.net_.read(seen, StepBatch(seen, torch.tensor([len(seen)])))
            yield probabilities_of(scores)

    def score(self, X: Any, y: Any) -> float:
        """Return the accuracy over all steps."""
        return float(self.evaluate(X, y)["accuracy"])

    def evaluate(self, X: Any, y: Any) -> dict[str, Any]:
        """Return the figures over all steps: accuracy, macro_f1, loss, count, confusion, per_class; sequences.

        Raises
        ------
        DataError
            For a label that training never saw, and where labels are not one to each step.
        """
        sequences = self._known_sequences(X)
        _, numbers = self._checked_validation(X if self.inputs_of_frames is None else sequences, y)
        with self._session():
            outputs = self._outputs(self._encode(sequences, numbers))
        report = class_report(np.concatenate(list(outputs)), np.concatenate(numbers), self.classes_.tolist())
        return {**report, "sequences": len(sequences)}

    def describe_data(self) -> dict[str, str]:
        """What the model card says of the sequences and their labels."""
        shortest, longest = self.lengths_
        steps = f"{shortest:,}" if shortest == longest else f"{shortest:,} to {longest:,}"
        if isinstance(self.inputs_, FrameInput):
            what = f"clips of {steps} frames, seen as {self.inputs_.image_size} x {self.inputs_.image_size} pixels"
        else:
            what = f"of {steps} steps, {self.inputs_.channels} channel(s)"
        return {"sequences": what, "classes": ", ".join(str(label) for label in self.classes_.tolist())}

    def _scaled(self, steps: Any) -> npt.NDArray[np.float32]:
        assert isinstance(self.inputs_, SeriesInput)
        return np.asarray(self.inputs_.encode([numbers_of(steps)]).values, dtype=np.float32)

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"lengths": list(self.lengths_), **labels_to_state(self.classes_)}, self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        self.inputs_ = FrameInput.restored(inputs) if "image_size" in inputs else SeriesInput.restored(inputs)
        shortest, longest = learned["lengths"]
        if not 0 < int(shortest) <= int(longest):
            raise ModelError("the sequences' lengths are damaged")
        if isinstance(self.inputs_, FrameInput) and self.inputs_.image_size != self.image_size:
            raise ModelError("config.json and tokenizer.json do not name the same size of a frame")
        if isinstance(self.inputs_, SeriesInput) and self.inputs_.frame != 1:
            raise ModelError("tokenizer.json: a step is one reading here")
        self.lengths_ = int(shortest), int(longest)
        self.classes_ = labels_from_state(learned)


def _rows_of_labels(sequences: list[Any], X: Any, y: Any) -> list[Any]:
    """Hold labels to the sequences: one list to each, and in it one label to each step, where steps can be counted."""
    if y is None or isinstance(y, (str, bytes)) or not (hasattr(y, "__iter__") or hasattr(y, "__array__")):
        raise DataError("the target y must be a list: for every sequence the labels of its steps")
    rows = list(y)
    if len(rows) != len(sequences):
        raise DataError(f"got {len(sequences)} sequences and {len(rows)} lists of labels; there must be one to each")
    even = getattr(X, "ndim", 0) > 1  # whose shorter sequences are filled up, and their labels with them
    for number, (sequence, row) in enumerate(zip(sequences, rows, strict=True)):
        if isinstance(row, (str, bytes)) or not hasattr(row, "__len__"):
            raise DataError(f"the labels of sequence {number} are {row!r:.60}; a list, one a step, was expected")
        steps = sequence.count if isinstance(sequence, VideoClip) else len(sequence)
        if even and not isinstance(sequence, VideoClip) and len(row) == len(X[number]):
            rows[number] = row = row[:steps]
        if not len(row) or (steps is not None and len(row) != steps):
            raise DataError(f"sequence {number} has {steps:,} steps and {len(row):,} labels; there must be one to each")
    return rows


def _end_to_end(rows: list[Any]) -> Any:
    if all(isinstance(row, np.ndarray) and row.dtype != object and row.ndim == 1 for row in rows):
        return np.concatenate(rows)
    return [label for row in rows for label in row]


def _parted(numbers: Labels, rows: list[Any]) -> list[Labels]:
    return np.split(numbers, np.cumsum([len(row) for row in rows])[:-1])
