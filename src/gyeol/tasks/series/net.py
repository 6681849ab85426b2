"""The network of `SeriesClassifier` and `SeriesRegressor`: recurrent layers over steps, a summary, a linear layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from gyeol.inputs.numeric_series import SeriesBatch
from gyeol.kernels.packing import Packing
from gyeol.layers import LockedDropout, Recurrent, Summary, chrono_init

__all__ = ["SeriesNet"]


class SeriesNet(nn.Module):
    """Scaled values to K numbers; ``layers`` are ``cell``, ``num_layers`` and ``precision`` of `Recurrent`."""

    def __init__(
        self,
        input_size: int,
        outputs: int,
        *,
        hidden_size: int,
        bidirectional: bool,
        dropout: float,
        attention: bool,
        poolings: Sequence[str],
        memory: int | None,
        **layers: Any,
    ) -> None:
        super().__init__()
        self.recurrent = Recurrent(
            input_size=input_size, hidden_size=hidden_size, bidirectional=bidirectional, dropout=dropout / 2, **layers
        )
        if memory is not None:
            chrono_init(self.recurrent, memory)
        self.locked = LockedDropout(dropout / 2)
        directions = self.recurrent.num_directions
        self.summary = Summary(
            hidden_size * directions,
            attention=attention,
            poolings=poolings,
            directions=directions,
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.summary.output_size, outputs)

    def forward(self, batch: SeriesBatch) -> tuple[Tensor, Tensor | None]:
        """Values (B, T, D) to outputs (B, K) and attention weights (B, T)."""
        packing = Packing.of(batch.lengths, batch.values.shape[1])
        x = packing.gather(batch.values.to(self.head.weight.dtype))
        states, _ = self.recurrent.run_packed(x, packing, need_state=False)
        summary, weights = self.summary(self.locked(states, packing), None, packing)
        if self.training:
            return self.head(self.dropout(summary)), weights
        # In float64, where sums come out the same to seven digits whatever else is in the batch.
        return F.linear(summary.double(), self.head.weight.double(), self.head.bias.double()), weights
