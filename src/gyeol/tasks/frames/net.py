"""The network of `FrameClassifier`: a small CNN for each frame, recurrent layers over frames, a linear head."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gyeol.inputs.frames import StepBatch
from gyeol.inputs.pixels import colours_to_numbers
from gyeol.kernels.packing import Packing
from gyeol.layers import LockedDropout, Recurrent
from gyeol.layers.residual import ResidualNet

__all__ = ["FrameNet"]

_AT_ONCE = 256  # frames encoded together in prediction


class FrameNet(nn.Module):
    """Steps to scores of K classes each.

    Time is folded into the batch for the CNN: every frame of every clip is an image of its own.

    Parameters
    ----------
    input_size : int or None
        Numbers of a step; None: steps are frames.
    classes : int
        K.
    image_precision : {"float32", "bfloat16"}
        Of the CNN. Images this small take as long in bfloat16, and lose exactness.
    **layers
        ``cell`` and ``precision`` of `Recurrent`; the other arguments are settings of `FrameClassifier`.
    """

    def __init__(
        self,
        input_size: int | None,
        classes: int,
        *,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,
        dropout: float,
        image_size: int,
        channels: int,
        noise: float = 0.0,
        image_precision: str = "float32",
        **layers: Any,
    ) -> None:
        super().__init__()
        self.noise = noise
        self.eye: ResidualNet | None = None
        width = input_size or hidden_size
        if input_size is None:
            stages = max(1, round(math.log2(image_size / 4)) - 1)
            widths = [channels * min(2**stage, 4) for stage in range(stages)]
            self.eye = ResidualNet(widths, precision=image_precision)
            height, across = self.eye.grid(image_size, image_size)
            # Positions stay apart, for where a thing is matters as much as what it is.
            self.project = nn.Linear(height * across * self.eye.size, hidden_size)
            self.norm = nn.LayerNorm(hidden_size)
            self.points = FeaturePoints(self.eye.size, height, across)
            width = hidden_size + 2 * self.eye.size
        self.recurrent: Recurrent | None = None
        if num_layers:
            self.recurrent = Recurrent(
                input_size=width, hidden_size=hidden_size, num_layers=num_layers, bidirectional=bidirectional,
                dropout=dropout, **layers,
            )  # fmt: skip
            width = hidden_size * self.recurrent.num_directions
        self.locked = LockedDropout(dropout)
        self.head = nn.Linear(width, classes)

    def forward(self, batch: StepBatch, state: Any = None) -> tuple[Tensor, Any]:
        """Steps (N, ...) to scores (N, K), in their order, and the state after each sequence's last step."""
        return self.read(self.see(batch.steps), batch, state)

    def see(self, steps: Tensor) -> Tensor:
        """Encode each step by itself: numbers stay, frames (N, S, S, 3) become vectors (N, D)."""
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
        """Read the vectors of steps (N, D) in order: scores (N, K) and the state."""
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
    """Where in a grid each feature is: the mean position under a softmax (Finn et al. 2016, equation 2).

    A position moves from frame to frame as the thing does: speed is a difference, which a recurrent layer learns at
    once.

    Parameters
    ----------
    size, height, width : int
        D features of a grid (height, width).
    """

    def __init__(self, size: int, height: int, width: int) -> None:
        super().__init__()
        vertical, horizontal = torch.linspace(-1, 1, height), torch.linspace(-1, 1, width)
        places = torch.stack([vertical.repeat_interleave(width), horizontal.repeat(height)], dim=1)
        self.register_buffer("places", places, persistent=False)
        self.sharpness = nn.Parameter(torch.full((size,), 5.0))

    def forward(self, grid: Tensor) -> Tensor:
        """Find the features of grids (B, P, D): positions from -1 to 1, (B, 2 D)."""
        shares = torch.softmax(grid * self.sharpness, dim=1)
        found: Tensor = (shares.transpose(1, 2) @ self.places.to(grid.dtype)).flatten(1)  # type: ignore[operator]
        return found
