"""Many to many, in step: every step of a sequence gets a label: frames of video, readings of sensors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol import engine
from gyeol.data.media.video_clips import VideoClip, are_video_clips, as_video_clips
from gyeol.data.ragged import Ragged
from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.errors import DataError, ModelError, ParameterError
from gyeol.explain.attribution.inquiry import Inquiry
from gyeol.inputs.frames import FrameInput, StepBatch, pieces, steps_of
from gyeol.inputs.numeric_series import SeriesInput, checked_series
from gyeol.parameters import positive, switch, whole
from gyeol.tasks.base import Encoded, Estimator
from gyeol.tasks.checks import checked_classes, checked_labels, labels_from_state, labels_to_state, numbered
from gyeol.tasks.class_scores import class_figures, class_loss, class_report, probabilities_of
from gyeol.tasks.frames.inquiry import frames_of, numbers_of, step_inquiry
from gyeol.tasks.frames.labels import Labels, checked_rows, concatenated, split_like
from gyeol.tasks.frames.net import FrameNet
from gyeol.tasks.frames.stream import FrameStream
from gyeol.tasks.hyperparameters import estimator, hyperparameter
from gyeol.tasks.outcomes.classes import step_outcomes

__all__ = ["FrameClassifier"]

_STEPS_AT_ONCE = 4096  # of several sequences together, in prediction


@estimator
@dataclass(kw_only=True, eq=False, repr=False)
class FrameClassifier(Estimator):
    """Learn a label for each step of numeric sequences, or for each frame of clips.

    A small residual net, trained from scratch, encodes each frame; recurrent layers read from frame to frame; a linear
    layer answers at every step.

    Attributes
    ----------
    classes_ : array
        The labels, sorted.
    net_, inputs_
        The trained network; the frames' size, or each channel's mean and standard deviation.
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
    usage: ClassVar[str] = "gyeol predict {} --file FILE"
    reads: ClassVar[str] = "steps"

    hidden_size: int = hyperparameter(
        64, whole(1, 1 << 16), "Units of a recurrent layer, in each direction, and size of a frame's vector."
    )
    num_layers: int = hyperparameter(1, whole(0, 100), "Recurrent layers; 0: each step is judged alone, the baseline.")
    bidirectional: bool = hyperparameter(
        True, switch, "Whether later steps count, too. False: a causal model, which can `stream`."
    )
    dropout: float = 0.1
    batch_size: int = 4
    epochs: int = 16
    learning_rate: float = 0.008
    patience: int = 10
    image_size: int = hyperparameter(32, whole(8, 1024), "Pixels of a frame either way, to which all of it is scaled.")
    channels: int = hyperparameter(
        8, whole(1, 1024), "Of the CNN's first stage; the next have two and four times as many."
    )
    noise: float = hyperparameter(
        0.0,
        positive(zero=True),
        "Standard deviation of the noise added in training: to values in standard deviations of each channel, to "
        "colours in those of photographs.",
    )
    steps: int = hyperparameter(200, whole(1, 1 << 20), "Longer sequences are cut into pieces to learn from.")

    net_: FrameNet = field(init=False)
    inputs_: SeriesInput | FrameInput = field(init=False)
    classes_: npt.NDArray[Any] = field(init=False)
    lengths_: tuple[int, int] = field(init=False)

    @property
    def inputs_of_frames(self) -> FrameInput | None:
        """How a model of clips unpacks frames; None of one that reads numbers."""
        return self.inputs_ if isinstance(self.inputs_, FrameInput) else None

    # What training needs.

    def _sequences(self, X: Any) -> list[Any]:
        return as_video_clips(X) if are_video_clips(X) else checked_series(X)

    def _known_sequences(self, X: Any) -> list[Any]:
        self._ready()
        sequences = self._sequences(X)
        if isinstance(sequences[0], VideoClip) != (self.inputs_of_frames is not None):
            known, other = ("clips", "numbers")[:: 1 if self.inputs_of_frames is not None else -1]
            raise DataError(f"this model was trained on {known} and got {other}")
        return sequences

    def _checked(self, X: Any, y: Any) -> tuple[list[Any], list[Labels]]:
        sequences = self._sequences(X)
        rows = checked_rows(sequences, X, y)
        self.classes_, numbers, _ = checked_classes(concatenated(rows), sum(map(len, rows)), "step")
        return sequences, split_like(numbers, rows)

    def _checked_validation(self, X: Any, y: Any) -> tuple[list[Any], list[Labels]]:
        sequences = self._sequences(X)
        rows = checked_rows(sequences, X, y)
        labels = checked_labels(concatenated(rows), sum(map(len, rows)), "step")
        return sequences, split_like(numbered(labels, self.classes_), rows)

    def _fit_inputs(self, X: list[Any], y: list[Labels]) -> None:
        frames = isinstance(X[0], VideoClip)
        self.inputs_ = FrameInput(image_size=int(self.image_size)) if frames else SeriesInput().fit(X)
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
            steps = steps_of(rows, ranges[which])
            if labels is None:
                return steps, None
            return steps, torch.from_numpy(np.concatenate([labels[start:end] for start, end in ranges[which].tolist()]))

        return Encoded(ranges[:, 1] - ranges[:, 0], batch, order)

    def _build(self) -> nn.Module:
        width = None if isinstance(self.inputs_, FrameInput) else self.inputs_.width
        return FrameNet(
            width, len(self.classes_), **self._layers(), bidirectional=bool(self.bidirectional),
            image_size=int(self.image_size), channels=int(self.channels), noise=float(self.noise),
            image_precision="bfloat16" if self.precision == "bfloat16" else "float32",
        )  # fmt: skip

    def _loss(self, net: nn.Module, batch: tuple[StepBatch, Tensor]) -> engine.StepLoss:
        scores, _ = net(batch[0])
        loss, right = class_loss(scores, batch[1], None)
        return engine.StepLoss(loss, right / len(scores) * len(batch[0]))  # type: ignore[arg-type]

    def _decode(self, net: nn.Module, batch: tuple[StepBatch, Any]) -> npt.NDArray[np.generic]:
        """Return each class's probability at each step of each sequence."""
        steps = batch[0]
        rows = np.empty(len(steps), dtype=object)
        scores, _ = net(steps)
        ends = steps.lengths.cumsum(0)[:-1].numpy()
        for row, part in enumerate(np.split(probabilities_of(scores), ends)):
            rows[row] = part
        return rows

    def _score(self, outputs: npt.NDArray[Any], y: list[Labels]) -> dict[str, float]:
        return class_figures(np.concatenate(list(outputs)), np.concatenate(y), None)

    # What a trained model does.

    def predict_proba(self, X: Any) -> list[npt.NDArray[np.float64]]:
        """Return each class's probability at each step of every sequence, (T, K), in the order of ``classes_``.

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
        """Return a `FrameStream`, which labels the steps of a sequence as they arrive.

        Raises
        ------
        ParameterError
            The model reads in both directions: it needs a sequence's end.
        """
        self._ready()
        if self.bidirectional and self.num_layers:
            raise ParameterError(
                "this model reads in both directions and needs the end of a sequence before it answers: train one with "
                "bidirectional=False to stream"
            )
        return FrameStream(self.net_, self.inputs_, self.classes_, self._session)

    def stream_proba(self, clip: Any) -> Iterator[npt.NDArray[np.float64]]:
        """Yield each class's probability at the frames of one clip, some frames at a time, which bounds memory.

        A model that reads in both directions answers at the end, and keeps a vector of each frame until then.
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

    def _inquiry(self, x: Any, target: Any, position: int | None) -> Inquiry:
        (one,) = self._known_sequences([x])
        (probabilities,) = self.predict_proba([one])
        with torch.no_grad():
            if isinstance(self.inputs_, FrameInput):
                known, seen = frames_of(self.net_, one, self.inputs_.image_size)
            else:
                known, seen = numbers_of(self.inputs_, one)
        return step_inquiry(known, seen, self.classes_, probabilities, target, position)

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

    def outcomes(self, X: Any, y: Any = None) -> Outcomes:
        """Return what became of every example; see `gyeol.engine.metrics.outcomes`."""
        sequences = self._known_sequences(X)
        _, numbers = self._checked_validation(X if self.inputs_of_frames is None else sequences, y)
        with self._session():
            outputs = self._outputs(self._encode(sequences, numbers))
        return step_outcomes(list(outputs), numbers, self.classes_.tolist())

    def describe_data(self) -> dict[str, str]:
        """Describe the sequences and their labels for the model card."""
        shortest, longest = self.lengths_
        steps = f"{shortest:,}" if shortest == longest else f"{shortest:,} to {longest:,}"
        if isinstance(self.inputs_, FrameInput):
            what = f"clips of {steps} frames, seen as {self.inputs_.image_size} x {self.inputs_.image_size} pixels"
        else:
            what = f"of {steps} steps, {self.inputs_.channels} channel(s)"
        return {"sequences": what, "classes": ", ".join(str(label) for label in self.classes_.tolist())}

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
