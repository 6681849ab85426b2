"""What explains the labels of a sequence: their score as a function of scaled steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.data.media.images import square_image
from gyeol.data.media.video_clips import VideoClip
from gyeol.explain.attribution.inquiry import Inquiry, Measure, check_length
from gyeol.explain.explanation import Explanation
from gyeol.inputs.frames import StepBatch
from gyeol.inputs.numeric_series import SeriesInput
from gyeol.tasks.class_scores import probabilities_of
from gyeol.tasks.frames.net import FrameNet
from gyeol.tasks.series.inquiry import shown_values
from gyeol.tasks.verdicts import checked_position, log_odds, no_target, target_number

__all__ = ["frames_of", "numbers_of", "step_inquiry"]

_SIDE = 64  # pixels of a frame that is shown, at most


def step_inquiry(
    known: Explanation, seen: Tensor, classes: npt.NDArray[Any], probabilities: npt.NDArray[np.float64],
    target: Any, position: int | None,
) -> Inquiry:  # fmt: skip
    """Ask about the labels of a sequence: all of them at once, or the one at a position.

    Parameters
    ----------
    known : Explanation
        Of what is known; prediction and output are added.
    seen : Tensor, shape (T, D)
        What the recurrent layers read: numbers, or what the convolutional net makes of frames.
    classes : array, shape (K,)
    probabilities : array, shape (T, K)
    target, position
        As of `gyeol.tasks.base.Estimator.explain`.
    """
    T, names = len(seen), [str(name) for name in classes]
    labels = probabilities.argmax(1)
    count = torch.arange(T)
    measure: Measure
    measured: Callable[[Tensor], Tensor]
    if position is None:
        no_target(target, "each step has a label of its own: name its position, too")
        measure, of = "log-probability", "all labels"
        place, shares, own = T - 1, {}, torch.from_numpy(labels)

        def measured(scores: Tensor) -> Tensor:
            return torch.log_softmax(scores, dim=2)[:, count, own].sum(1)
    else:
        place = checked_position(position, T, "steps")
        number = int(labels[place]) if target is None else target_number(target, names)
        measure, of = "log-odds", f"{names[number]} at step {known.tokens[place]}"
        shares = dict(zip(names, map(float, probabilities[place]), strict=True))

        def measured(scores: Tensor) -> Tensor:
            return log_odds(scores[:, place], number)

    def score(net: Any, scales: Tensor) -> Tensor:
        M = len(scales)
        steps = (seen * scales.unsqueeze(2)).to(seen.dtype).flatten(0, 1)
        scores, _ = net.read(steps, StepBatch(steps, torch.full((M,), T)))
        return measured(scores.double().view(M, T, -1))

    def reading(net: Any, counts: Sequence[int]) -> npt.NDArray[Any]:
        parts = torch.cat([seen[:n] for n in counts])
        lengths = torch.tensor(list(counts))
        scores, _ = net.read(parts, StepBatch(parts, lengths))
        ends = lengths.cumsum(0) - lengths
        return probabilities_of(scores[ends + (lengths - 1 if position is None else place)])

    prediction = classes[labels].tolist()
    return Inquiry(
        known=replace(known, prediction=prediction, probabilities=shares, output=list(map(str, prediction))),
        measure=measure, of=of, score=score, reading=reading, names=names,
        reading_from=1 if position is None else place + 1,
    )  # fmt: skip


def frames_of(net: FrameNet, clip: VideoClip, size: int) -> tuple[Explanation, Tensor]:
    """Read a clip, some frames at a time: what is known of it, with small pictures of its frames, and their vectors."""
    vectors, pictures, count = [], [], 0
    side = min(_SIDE, size)
    for block in clip.blocks(size):
        count += len(block)
        check_length(count, "frames")
        vectors.append(net.see(torch.from_numpy(block)))
        pictures.append(block if side == size else np.stack([square_image(f, side, whole=True) for f in block]))
    rate = clip.rate
    tokens = [str(n) if rate is None else f"{n / rate:.2f} s" for n in range(count)]
    known = Explanation(task="frames", kind="frames", prediction=None, tokens=tokens, values=np.concatenate(pictures))
    return known, torch.cat(vectors)


def numbers_of(inputs: SeriesInput, one: npt.NDArray[np.float64]) -> tuple[Explanation, Tensor]:
    """Return what is known of a sequence (T, C), and what of it the network reads."""
    check_length(len(one), "steps")
    shown, notes = shown_values(one, inputs.mean)
    known = Explanation(
        task="frames", kind="series", prediction=None, tokens=[str(n) for n in range(len(one))], values=shown,
        notes=notes,
    )  # fmt: skip
    return known, torch.from_numpy(np.asarray(inputs.encode([one]).values))
