"""The network of `SpeechRecognizer`: frames stacked into steps, recurrent layers, letters; whole, or as a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gyeol.kernels.packing import Packing
from gyeol.layers import LockedDropout, Recurrent
from gyeol.layers.losses.ctc import BLANK

if TYPE_CHECKING:
    from gyeol.tasks.speech.recognizer import SpeechRecognizer

__all__ = ["SpeechNet", "SpeechStream"]

_CHANNELS = 32  # of the convolution
_RELUCTANCE = 3.0  # to say nothing, before anything is learned: a logit
_HIGH, _APART = 9, 3  # frequencies that it looks at together, and from one such look to the next


class SpeechNet(nn.Module):
    """Frames to log probabilities of letters, one step for every ``stack`` frames.

    A convolution looks at the frames of a step and as many before them, and at neighbouring frequencies everywhere
    alike: what one voice says a little higher than another looks the same to it.
    """

    def __init__(self, model: SpeechRecognizer, mels: int, letters: int) -> None:
        super().__init__()
        H, dropout = int(model.hidden_size), float(model.dropout)
        self.stack = int(model.stack)
        self.wide = 2 * self.stack
        self.mels = mels
        high = min(_HIGH, mels)
        self.front = nn.Conv2d(1, _CHANNELS, (self.wide, high), stride=(self.stack, _APART))
        width = _CHANNELS * ((mels - high) // _APART + 1)
        self.norm = nn.LayerNorm(width)
        directions = 2 if model.bidirectional else 1
        self.recurrent = Recurrent(
            model.cell,
            width,
            H,
            num_layers=int(model.num_layers),
            bidirectional=directions == 2,
            dropout=dropout if model.num_layers > 1 else 0.0,
            precision="auto" if model.precision in ("auto", "bfloat16") else "float32",
        )
        self.locked = LockedDropout(dropout)
        self.head = nn.Linear(H * directions, letters)
        with torch.no_grad():  # else all that is learned for long is to say nothing: see docs/decisions/0017
            self.head.bias[BLANK] -= _RELUCTANCE

    def steps(self, lengths: Tensor) -> Tensor:
        """Count the steps of so many frames: the last one may be filled up."""
        return (lengths + self.stack - 1) // self.stack

    def look(self, frames: Tensor) -> Tensor:
        """Turn frames (B, wide - stack + T * stack, M), those before the first among them, into features (B, T, D)."""
        x = F.relu(self.front(frames.unsqueeze(1)))
        features: Tensor = self.norm(x.permute(0, 2, 1, 3).flatten(2))
        return features

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Read whole recordings.

        Parameters
        ----------
        frames : Tensor, shape (B, T, M)
            0 past the lengths.
        lengths : int64 tensor, shape (B,)

        Returns
        -------
        log_probs : Tensor, shape (B, T', V)
        steps : int64 tensor, shape (B,)
        """
        steps = self.steps(lengths)
        T = int(steps.max())
        frames = F.pad(frames, (0, 0, self.wide - self.stack, T * self.stack - frames.shape[1]))
        features = self.look(frames)
        packing = Packing.of(steps, T)
        x = self.locked(packing.gather(features), packing)
        states, _ = self.recurrent.run_packed(x, packing, need_state=False)
        logits = self.head(self.locked(states, packing))
        return packing.scatter(F.log_softmax(logits, dim=1)), steps


class SpeechStream:
    """A network of one direction, frame by frame: what it gives is what it gives for the whole."""

    def __init__(self, net: SpeechNet) -> None:
        self.net = net
        self._stepper = net.recurrent.stepper(1)
        self._held = net.head.weight.new_zeros(net.wide - net.stack, net.mels)

    def feed(self, frames: npt.NDArray[np.float32]) -> npt.NDArray[np.floating]:
        """Take normalised frames (T, M); give log probabilities (T', V) of the steps that are complete."""
        self._held = torch.cat([self._held, torch.from_numpy(frames).to(self._held.dtype)])
        net = self.net
        ready = (len(self._held) - net.wide + net.stack) // net.stack
        if not ready:
            return np.zeros((0, net.head.out_features))
        with torch.inference_mode():
            features = net.look(self._held[: net.wide - net.stack + ready * net.stack].unsqueeze(0))[0]
            self._held = self._held[ready * net.stack :].clone()
            states = torch.stack([self._stepper(step.unsqueeze(0))[0].clone() for step in features])
            logits = net.head(states.to(features.dtype))
            return F.log_softmax(logits, dim=1).numpy()

    def finish(self) -> npt.NDArray[np.floating]:
        """Give the last step, filled up, where frames are left."""
        left = (len(self._held) - self.net.wide + self.net.stack) % self.net.stack
        return self.feed(np.zeros((-left % self.net.stack, self.net.mels), dtype=np.float32))
