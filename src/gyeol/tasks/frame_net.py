"""The network of `FrameClassifier`: a small CNN sees each frame, recurrent layers read on, a linear head answers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gyeol.inputs.frames import StepBatch
from gyeol.inputs.pixels import colours_to_numbers
from gyeol.kernels.packing import Packing
from gyeol.layers import LockedDropout, Recurrent
from gyeol.layers.residual import ResidualNet

if TYPE_CHECKING:
    from gyeol.tasks.frame_classifier import FrameClassifier

__all__ = ["FrameNet"]

_AT_ONCE = 256  # frames seen together where nothing is learned


class FrameNet(nn.Module):
    """Steps to scores of K classes each.

    Time is folded into the batch for the CNN: every frame of every clip is an image of its own.
    """

    def __init__(self, model: FrameClassifier, input_size: int | None, classes: int) -> None:
        super().__init__()
        H, dropout, num_layers = int(model.hidden_size), float(model.dropout), int(model.num_layers)
        precision = "auto" if model.precision in ("auto", "bfloat16") else "float32"
        self.noise = float(model.noise)
        self.eye: ResidualNet | None = None
        width = input_size or H
        if input_size is None:
            size, channels = int(model.image_size), int(model.channels)
            stages = max(1, round(math.log2(size / 4)) - 1)
            widths = [channels * min(2**stage, 4) for stage in range(stages)]
            self.eye = ResidualNet(widths, precision=precision)
            height, across = self.eye.grid(size, size)
            # The places stay apart, for where a thing is matters as much as what it is.
            self.project = nn.Linear(height * across * self.eye.size, H)
            self.norm = nn.LayerNorm(H)
        self.recurrent: Recurrent | None = None
        if num_layers:
            self.recurrent = Recurrent(
                model.cell,
                width,
                H,
                num_layers=num_layers,
                bidirectional=bool(model.bidirectional),
                dropout=dropout if num_layers > 1 else 0.0,
                precision=precision,
            )
            width = H * self.recurrent.num_directions
        self.locked = LockedDropout(dropout)
        self.head = nn.Linear(width, classes)

    def forward(self, batch: StepBatch, state: Any = None) -> tuple[Tensor, Any]:
        """Steps (N, ...) to scores (N, K), in their order, and the state after each sequence's last step."""
        return self.read(self.see(batch.steps), batch, state)

    def see(self, steps: Tensor) -> Tensor:
        """Look at each step by itself: numbers (N, D) stay, frames (N, S, S, 3) become vectors (N, H)."""
        if self.eye is None:
            return self._disturbed(steps.to(self.head.weight.dtype))
        if self.training:
            return self._seen(steps)
        return torch.cat([self._seen(some) for some in torch.split(steps, _AT_ONCE)])

    def _seen(self, frames: Tensor) -> Tensor:
        assert self.eye is not None
        images = colours_to_numbers(frames.numpy()).to(self.head.weight.dtype)
        grid = self.eye(self._disturbed(images))
        seen: Tensor = F.relu(self.norm(self.project(grid.flatten(1))))
        return seen

    def _disturbed(self, x: Tensor) -> Tensor:
        return x + self.noise * torch.randn_like(x) if self.training and self.noise else x

    def read(self, seen: Tensor, batch: StepBatch, state: Any = None) -> tuple[Tensor, Any]:
        """Read what was seen (N, D) in order: scores (N, K) and the state."""
        packing = Packing.of(batch.lengths, int(batch.lengths.max()))
        places = packing.gather(batch.places()).squeeze(1)
        x = seen[places]
        if self.recurrent is not None:
            x, state = self.recurrent.run_packed(x, packing, state, need_state=not self.training)
        x = self.locked(x, packing)
        ordered = torch.empty_like(x).index_copy(0, places, x)
        if self.training:
            return self.head(ordered), state
        # In float64, where sums come out the same to seven digits whatever else is in the batch.
        return F.linear(ordered.double(), self.head.weight.double(), self.head.bias.double()), state
