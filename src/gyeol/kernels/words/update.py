"""Updates of weights in one pass: clipping, Adam or descent, and a moving average (``cpp/words/adam.hpp``).

The reference is PyTorch's optimizers beside `gyeol.engine.average.Average`; see `gyeol.engine.optimizer`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from gyeol.kernels import native
from gyeol.kernels.words import calls

__all__ = ["Update", "length", "one_pass", "update"]


class Update(NamedTuple):
    """The numbers of an update, in the order of ``struct Update``.

    The gradient is multiplied by ``clip``; ``first`` and ``second`` are 1 - beta1 and 1 - beta2; ``rate`` and ``root``
    include Adam's corrections of the bias; the average moves by the share ``follow``.
    """

    clip: float
    first: float
    second: float
    rate: float
    root: float
    epsilon: float
    decay: float
    follow: float


def one_pass(parameters: Iterable[Tensor]) -> bool:
    """Whether the kernels serve these parameters: float32 on the CPU."""
    return native.native_available() and all(
        p.dtype == torch.float32 and p.device.type == "cpu" and p.is_contiguous() for p in parameters
    )


def length(tensors: list[Tensor]) -> float:
    """Return the Euclidean length of all tensors together, the same for any number of threads."""
    if not tensors:
        return 0.0
    if one_pass(tensors):
        return calls.length(tensors)
    return float(torch.linalg.vector_norm(torch.stack(torch._foreach_norm(tensors))))


def update(
    weight: Tensor, gradient: Tensor, moments: tuple[Tensor, Tensor] | None, average: Tensor | None, numbers: Update
) -> None:
    """Update a parameter in place, by Adam where it has moments, else by descent.

    Parameters
    ----------
    weight : Tensor
        float32, on the CPU.
    gradient : Tensor
        Dense; or coalesced rows, and then only these rows change.
    moments : (Tensor, Tensor), optional
        The mean of the gradient and of its square, changed in place.
    average : Tensor, optional
        Of a dense parameter, the average; of rows, how far it is behind. Changed in place.
    numbers : Update
    """
    m, v = moments or (None, None)
    if gradient.is_sparse:
        values = gradient._values().contiguous()
        calls.update(weight, values, m, v, average, numbers, gradient._indices()[0].contiguous())
    else:
        calls.update(weight, gradient.contiguous(), m, v, average, numbers)
