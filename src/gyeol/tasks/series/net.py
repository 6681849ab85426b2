"""The network of `SeriesClassifier` and `SeriesRegressor`: recurrent layers over steps, a summary, a linear layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor, nn

from gyeol.inputs.numeric_series import SeriesBatch
from gyeol.kernels.packing import Packing
from gyeol.layers import LockedDropout, Recurrent, Summary, chrono_init

if TYPE_CHECKING:
    from gyeol.tasks.series.base import SeriesEstimator

__all__ = ["SeriesNet"]


class SeriesNet(nn.Module):
    """Scaled values to K numbers."""

    def __init__(self, model: SeriesEstimator, input_size: int, outputs: int) -> None:
        super().__init__()
        directions = 2 if model.bidirectional else 1
        # NumPy's numbers, as a search hands them over, are not what PyTorch takes for numbers.
        hidden_size, dropout = int(model.hidden_size), float(model.dropout)
        self.recurrent = Recurrent(
            model.cell,
            input_size,
            hidden_size,
            num_layers=int(model.num_layers),
            bidirectional=directions == 2,
            dropout=dropout / 2 if model.num_layers > 1 else 0.0,
            precision="auto" if model.precision in ("auto", "bfloat16") else "float32",
        )
        if model.memory is not None:
            chrono_init(self.recurrent, int(model.memory))
        self.locked = LockedDropout(dropout / 2)
        self.summary = Summary(
            hidden_size * directions,
            attention=bool(model.attention),
            poolings=model.pooling.split("+") if model.pooling else [],
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
