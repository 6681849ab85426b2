"""What explains a caption: its log-probability as a function of scaled places of the image's grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.explain.attribution.inquiry import Inquiry
from gyeol.explain.explanation import Attention, Explanation
from gyeol.inputs.text_pairs import END
from gyeol.tasks.verdicts import checked_position

__all__ = ["caption_inquiry"]


def caption_inquiry(
    image: npt.NDArray[np.uint8], values: Tensor, grid: tuple[int, int], prediction: str, numbers: Sequence[int],
    names: Sequence[str], position: int | None, *, of: str, vocabulary: int,
) -> Inquiry:  # fmt: skip
    """Ask for the log-probability of a caption, each word given those before it, or of one of its words.

    A step is a place of the image's grid; one without its vector is zeros.

    Parameters
    ----------
    image : array of uint8, shape (S, S, 3)
    values : Tensor, shape (1, P, H)
        The vectors of the places.
    grid : (int, int)
        Rows and columns of these.
    prediction : str
        What is written.
    numbers, names : sequences
        The words of the caption that is asked for, without the end.
    position : int, optional
        The word that is asked for alone, from 0; the last is the end.
    of : str
        What the caption is: ``"the caption"``.
    vocabulary : int
        V.

    Raises
    ------
    ParameterError
        There is no such word.
    """
    words, Q = [*names, "\n"], len(numbers) + 1
    if position is not None:
        of = repr(words[checked_position(position, Q, "words, its end among them")])
    targets = torch.tensor([[*numbers, END]])
    inputs = torch.tensor([[END, *numbers]])

    def write(net: Any, places: Tensor) -> tuple[Tensor, Tensor]:
        """Return each word's log-probability (M, Q), and where it looked (M, Q, P)."""
        M, (read, _) = len(places), net.look(places)
        lengths = torch.full((M,), Q)
        vectors, wanted, weights, packing = net.write(read, inputs.expand(M, Q), targets.expand(M, Q), lengths)
        logs = torch.log_softmax(net.logits(vectors).double(), 1).gather(1, wanted.unsqueeze(1))
        return packing.scatter(logs).squeeze(2), weights

    def score(net: Any, scales: Tensor) -> Tensor:
        logs, _ = write(net, (values * scales.unsqueeze(2)).to(values.dtype))
        return logs.sum(1) if position is None else logs[:, position]

    def attention(net: Any) -> list[Attention]:
        if net.decoder.alignment is None:
            return []
        _, weights = write(net, values)
        return [Attention("decoder", words, weights[0].double().numpy())]

    known = Explanation(
        task="caption",
        kind="image",
        prediction=prediction,
        tokens=[f"{row + 1},{column + 1}" for row in range(grid[0]) for column in range(grid[1])],
        values=image[None],
        output=words,
    )
    return Inquiry(
        known=known, measure="log-probability", of=of, score=score, attention=attention, output_walks=["decoder"],
        width=4 * Q * vocabulary,
    )  # fmt: skip
