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
    from gyeol.tasks.frames.classifier import FrameClassifier

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
            # Images as small are not seen faster in bfloat16, and less exactly.
            self.eye = ResidualNet(widths, precision="bfloat16" if model.precision == "bfloat16" else "float32")
            height, across = self.eye.grid(size, size)
            # The places stay apart, for where a thing is matters as much as what it is.
            self.project = nn.Linear(height * across * self.eye.size, H)
            self.norm = nn.LayerNorm(H)
            self.points = FeaturePoints(self.eye.size, height, across)
            width = H + 2 * self.eye.size
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
        """Look at each step by itself: numbers stay, frames (N, S, S, 3) become vectors (N, D)."""
        if self.eye is None:
            return self._disturbed(steps.to(self.head.weight.dtype))
        if self.training:
            return self._seen(steps)
        return torch.cat([self._seen(some) for some in torch.split(steps, _AT_ONCE)])

    def _seen(self, frames: Tensor) -> Tensor:
        assert self.eye is not None
        images = colours_to_numbers(frames.numpy()).to(self.head.weight.dtype)
        grid = self.eye(self._disturbed(images))
        what = F.relu(self.norm(self.project(grid.flatten(1))))
        return torch.cat([what, self.points(grid)], dim=1)

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


class FeaturePoints(nn.Module):
    """Where in a grid each feature is: the mean place under a softmax (Finn et al. 2016, equation 2).

    From one frame to the next a place moves by as much as the thing does: speed is a difference, which a recurrent
    layer learns at once.

    Parameters
    ----------
    size, height, width : int
        D features of a grid of so many places.
    """

    def __init__(self, size: int, height: int, width: int) -> None:
        super().__init__()
        down, across = torch.linspace(-1, 1, height), torch.linspace(-1, 1, width)
        places = torch.stack([down.repeat_interleave(width), across.repeat(height)], dim=1)
        self.register_buffer("places", places, persistent=False)
        self.sharpness = nn.Parameter(torch.full((size,), 5.0))

    def forward(self, grid: Tensor) -> Tensor:
        """Find the features of grids (B, P, D): places from -1 to 1, (B, 2 D)."""
        shares = torch.softmax(grid * self.sharpness, dim=1)
        found: Tensor = (shares.transpose(1, 2) @ self.places.to(grid.dtype)).flatten(1)  # type: ignore[operator]
        return found
