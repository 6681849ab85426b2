"""The input vector of each step times a number: what asks a network how much each step of its input matters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

import torch.nn.functional as F
from torch import Tensor, nn

from gyeol.kernels.packing import Packing

__all__ = ["StepScale", "scaled_steps"]


@final
class StepScale(nn.Module):
    """Multiply each step's vector by a number, while `scaled_steps` sets some; return it untouched otherwise.

    A network calls it wherever its input has become vectors. It has no parameters.

    Examples
    --------
    >>> import torch
    >>> steps, x = StepScale(), torch.ones(1, 3, 1)
    >>> with scaled_steps(steps, torch.tensor([[0.5, 0.0]])):
    ...     steps(x).flatten().tolist()
    [0.5, 0.0, 1.0]
    >>> steps(x) is x
    True
    """

    #: The numbers (B, T); steps after them keep their vectors.
    scales: Tensor | None = None

    def forward(self, x: Tensor, packing: Packing | None = None) -> Tensor:
        """Scale x (B, T, D), or packed tokens (N, D)."""
        if self.scales is None:
            return x
        if packing is None:
            return x * self.padded(x.shape[1]).unsqueeze(2).to(x.dtype)
        return x * packing.gather(self.padded(packing.steps).unsqueeze(2)).to(x.dtype)

    def padded(self, steps: int) -> Tensor:
        """Return the numbers of so many steps, (B, steps): 1 for those that have none."""
        assert self.scales is not None
        return F.pad(self.scales, (0, max(0, steps - self.scales.shape[1])), value=1.0)[:, :steps]


@contextmanager
def scaled_steps(net: nn.Module, scales: Tensor) -> Iterator[None]:
    """Let every `StepScale` of a network multiply the steps of its input by ``scales`` (B, T) for a while."""
    places = [module for module in net.modules() if isinstance(module, StepScale)]
    for place in places:
        place.scales = scales
    try:
        yield
    finally:
        for place in places:
            place.scales = None
