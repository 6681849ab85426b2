"""Windows normalised one by one, and forecasts mapped back to their scale."""

from __future__ import annotations

from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from gyeol.errors import ParameterError, closest

__all__ = ["NORMALISATIONS", "Instance", "InstanceNorm"]

#: What is taken off a window: its last value (Zeng et al. 2023, section 4, NLinear); its mean, and its deviation is
#: divided out (RevIN, Kim et al. 2022); nothing.
NORMALISATIONS = ("last", "revin", None)
_EPSILON = 1e-5


class Instance(NamedTuple):
    """A window's own ``shift`` and ``scale``, and the learned ``gain`` and ``bias`` of its channel, each (B, 1)."""

    shift: Tensor
    scale: Tensor
    gain: Tensor
    bias: Tensor


@final
class InstanceNorm(nn.Module):
    """Reversible instance normalisation of windows of one channel each.

    Series drift: without its level a window resembles those of training; the level is added to the forecast again.

    Parameters
    ----------
    kind : {"last", "revin", None}
        One of `NORMALISATIONS`.
    channels : int
        C; with "revin" each has a gain and a bias to learn (Kim et al. 2022, equation 2).

    Raises
    ------
    ParameterError
        The kind is none of these.

    Examples
    --------
    >>> norm = InstanceNorm("revin", 1)
    >>> x, channel = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([0])
    >>> instance = norm(x, channel)
    >>> bool(torch.allclose(norm.restore(norm.apply_to(x, instance), instance), x))
    True
    """

    def __init__(self, kind: str | None, channels: int) -> None:
        super().__init__()
        if kind not in NORMALISATIONS:
            names = [str(name) for name in NORMALISATIONS]
            raise ParameterError(f"kind={kind!r:.40} is no normalisation{closest(str(kind), names)}")
        self.kind = kind
        if kind == "revin":
            self.gain = nn.Parameter(torch.ones(channels))
            self.bias = nn.Parameter(torch.zeros(channels))

    def extra_repr(self) -> str:
        """Show the kind when printed."""
        return repr(self.kind)

    def forward(self, x: Tensor, channel: Tensor) -> Instance:
        """Measure windows.

        Parameters
        ----------
        x : Tensor, shape (B, L)
        channel : Tensor, shape (B,)
            Which channel each is of, int64.
        """
        zero, one = x.new_zeros(len(x), 1), x.new_ones(len(x), 1)
        if self.kind == "last":
            return Instance(x[:, -1:], one, one, zero)
        if self.kind == "revin":
            variance, mean = torch.var_mean(x, dim=1, correction=0, keepdim=True)
            return Instance(mean, torch.sqrt(variance + _EPSILON), self.gain[channel, None], self.bias[channel, None])
        return Instance(zero, one, one, zero)

    @staticmethod
    def apply_to(x: Tensor, instance: Instance) -> Tensor:
        """Put values (B, ...) on the windows' own scales: (x - shift) / scale * gain + bias."""
        shift, scale, gain, bias = _shaped(instance, x)
        return (x - shift) / scale * gain + bias

    @staticmethod
    def restore(y: Tensor, instance: Instance) -> Tensor:
        """Put values (B, ...) back on the scales they came from: what undoes `apply_to`."""
        shift, scale, gain, bias = _shaped(instance, y)
        # A gain that learning brings near 0 divides by no less than this.
        safe = torch.where(gain.abs() < _EPSILON, torch.full_like(gain, _EPSILON), gain)
        return (y - bias) / safe * scale + shift


def _shaped(instance: Instance, like: Tensor) -> Instance:
    return Instance(*(part.view(-1, *[1] * (like.dim() - 1)) for part in instance))
