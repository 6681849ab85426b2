"""Summaries: several views of a sequence side by side in one vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn

from gyeol.errors import ParameterError, closest
from gyeol.layers.attention import AttentionPooling
from gyeol.layers.pooling import POOLINGS, valid_steps

__all__ = ["Summary"]


@final
class Summary(nn.Module):
    """One vector for a sequence: what attention sees, and poolings of the same states beside it.

    Parameters
    ----------
    input_size : int
        H, the size of a state.
    beside_size : int
        E, the size of what stands beside each state (0: nothing).
    attention : bool
        Let a learned query look at every step (`AttentionPooling`).
    poolings : sequence of str
        Names of `POOLINGS`.
    directions : int
        1 or 2: where ``"last"`` finds the last step of each direction.

    Raises
    ------
    ParameterError
        No view is asked for, or one that there is not.

    Examples
    --------
    >>> summary = Summary(8, poolings=["mean", "max"])
    >>> vector, weights = summary(torch.zeros(2, 5, 8), None, torch.tensor([5, 3]))
    >>> vector.shape, weights.shape
    (torch.Size([2, 24]), torch.Size([2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        beside_size: int = 0,
        *,
        attention: bool = True,
        poolings: Sequence[str] = (),
        directions: int = 1,
    ) -> None:
        super().__init__()
        if not attention and not poolings:
            raise ParameterError("neither attention nor a pooling was asked for: nothing would reach the next layer")
        unknown = next((name for name in poolings if name not in POOLINGS), None)
        if unknown is not None:
            raise ParameterError(f"pooling={unknown!r} is not known{closest(unknown, POOLINGS)}")
        width = input_size + beside_size
        self.attention = AttentionPooling(width, min(width, 64)) if attention else None
        self.poolings = list(poolings)
        self.directions = directions
        self.output_size = width * (len(self.poolings) + bool(attention))

    def extra_repr(self) -> str:
        """Show the poolings when printed."""
        return f"poolings={self.poolings}"

    def forward(self, states: Tensor, beside: Tensor | None, lengths: Tensor) -> tuple[Tensor, Tensor | None]:
        """Summarise a batch.

        Parameters
        ----------
        states : Tensor, shape (B, T, H)
        beside : Tensor of shape (B, T, E), or None
            What stands beside the states at each step.
        lengths : Tensor, shape (B,)
            Each in 1..T.

        Returns
        -------
        vector : Tensor, shape (B, output_size)
        weights : Tensor of shape (B, T), or None
            The attention's weights: rows sum to 1, padding is exactly 0.
        """
        views: list[Tensor] = []
        weights = None
        if beside is not None:
            # The backward walk's half comes last, where "last" looks for it.
            half = states.shape[2] // self.directions
            states = torch.cat([states[..., :half], beside, states[..., half:]], dim=2)
        if self.attention is not None:
            seen, weights = self.attention(states, valid_steps(lengths, states.shape[1]))
            views.append(seen)
        views += [POOLINGS[name](states, lengths, directions=self.directions) for name in self.poolings]
        return torch.cat(views, dim=1), weights
