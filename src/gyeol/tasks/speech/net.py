"""The network of `SpeechRecognizer`: frames stacked into steps, recurrent layers, letters; whole, or as a stream."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gyeol.inputs.sound.recordings import SpeechBatch
from gyeol.kernels.packing import Packing
from gyeol.layers import LockedDropout, Recurrent
from gyeol.layers.losses.ctc import BLANK, ctc_loss

__all__ = ["SpeechNet", "SpeechStream", "losses_of"]

_CHANNELS = 32  # of the convolution
_RELUCTANCE = 3.0  # against the blank, in the initial weights: a logit
_HIGH, _APART = 9, 3  # frequencies of a kernel of the convolution, and its stride


class SpeechNet(nn.Module):
    """Frames to log probabilities of letters, one step for every ``stack`` frames.

    A convolution reads the frames of a step and as many before them, with the same weights at all frequencies: a higher
    voice looks the same to it, shifted.

    Parameters
    ----------
    mels, letters : int
        M, numbers of a frame; V of the vocabulary.
    stack : int
        Frames of a step.
    **layers
        ``cell``, ``num_layers``, ``precision`` of `Recurrent`; the other arguments are settings of `SpeechRecognizer`.
    """

    def __init__(
        self,
        mels: int,
        letters: int,
        *,
        stack: int,
        hidden_size: int,
        bidirectional: bool,
        dropout: float,
        **layers: Any,
    ) -> None:
        super().__init__()
        self.stack = stack
        self.wide = 2 * stack
        self.mels = mels
        high = min(_HIGH, mels)
        self.front = nn.Conv2d(1, _CHANNELS, (self.wide, high), stride=(self.stack, _APART))
        width = _CHANNELS * ((mels - high) // _APART + 1)
        self.norm = nn.LayerNorm(width)
        self.recurrent = Recurrent(
            input_size=width, hidden_size=hidden_size, bidirectional=bidirectional, dropout=dropout, **layers
        )
        self.locked = LockedDropout(dropout)
        self.head = nn.Linear(hidden_size * self.recurrent.num_directions, letters)
        with torch.no_grad():  # else the net gives nothing but blanks for long: see docs/decisions/0017
            self.head.bias[BLANK] -= _RELUCTANCE

    def steps(self, lengths: Tensor) -> Tensor:
        """Count the steps of so many frames: the last one may be padded."""
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
        frames = F.pad(
            frames.to(self.head.weight.dtype), (0, 0, self.wide - self.stack, T * self.stack - frames.shape[1])
        )
        features = self.look(frames)
        packing = Packing.of(steps, T)
        x = self.locked(packing.gather(features), packing)
        states, _ = self.recurrent.run_packed(x, packing, need_state=False)
        logits = self.head(self.locked(states, packing))
        return packing.scatter(F.log_softmax(logits, dim=1)), steps


def losses_of(batch: SpeechBatch, log_probs: Tensor, steps: Tensor) -> Tensor:
    """Return the CTC loss of each recording (nats, (B,)), for what a `SpeechNet` returns."""
    assert batch.targets is not None
    assert batch.target_lengths is not None
    return ctc_loss(log_probs, steps, batch.targets, batch.target_lengths)


class SpeechStream:
    """A network of one direction, fed frame by frame: its outputs are those for the whole recording."""

    def __init__(self, net: SpeechNet) -> None:
        self.net = net
        self._stepper = net.recurrent.stepper(1)
        self._pending = net.head.weight.new_zeros(net.wide - net.stack, net.mels)

    def feed(self, frames: npt.NDArray[np.float32]) -> npt.NDArray[np.floating]:
        """Take normalized frames (T, M); return log probabilities (T', V) of the steps that are complete."""
        self._pending = torch.cat([self._pending, torch.from_numpy(frames).to(self._pending.dtype)])
        net = self.net
        ready = (len(self._pending) - net.wide + net.stack) // net.stack
        if not ready:
            return np.zeros((0, net.head.out_features))
        with torch.inference_mode():
            features = net.look(self._pending[: net.wide - net.stack + ready * net.stack].unsqueeze(0))[0]
            self._pending = self._pending[ready * net.stack :].clone()
            states = torch.stack([self._stepper(step.unsqueeze(0))[0].clone() for step in features])
            logits = net.head(states.to(features.dtype))
            return F.log_softmax(logits, dim=1).numpy()

    def finish(self) -> npt.NDArray[np.floating]:
        """Return the last step, padded, where frames are left."""
        left = (len(self._pending) - self.net.wide + self.net.stack) % self.net.stack
        return self.feed(np.zeros((-left % self.net.stack, self.net.mels), dtype=np.float32))
