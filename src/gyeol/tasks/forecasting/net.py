"""The network of `Forecaster`: segments of a series, a recurrent net over them, quantiles of what follows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gyeol.inputs.windows import Scale, WindowBatch
from gyeol.layers import InstanceNorm, Recurrent, StepScale
from gyeol.tasks.forecasting.baselines import LinearForecast

__all__ = ["DECODERS", "ForecasterNet", "forecasts", "pinball"]

#: How the segments of the future are computed: all at once, each from its position; or one after another.
DECODERS = ("direct", "autoregressive")


class ForecasterNet(nn.Module):
    """Windows to quantiles of their future (SegRNN: Lin et al. 2023, sections 3.2 to 3.4).

    A segment of ``w`` steps is one step of the recurrent net, which takes L / w steps in place of L. With the direct
    decoder every segment of the future is one more step from the last state, with its position and its channel as input
    ("parallel multi-step forecasting"); the autoregressive decoder reads each segment that it has forecast, in training
    the real one (teacher forcing).

    Parameters
    ----------
    lookback, channels, covariates : int
        Steps of history; channels, and columns of covariates, 0 or more.
    missing : bool
        Whether values may be missing.
    **layers
        ``cell``, ``num_layers``, ``precision`` of `Recurrent`; the other arguments are settings of `Forecaster`.
    """

    def __init__(
        self,
        lookback: int,
        channels: int,
        covariates: int,
        *,
        missing: bool,
        horizon: int,
        quantiles: Sequence[float],
        segment: int,
        decoder: str,
        normalisation: str | None,
        teacher_forcing: float,
        hidden_size: int,
        dropout: float,
        **layers: Any,
    ) -> None:
        super().__init__()
        H, w = hidden_size, segment
        self.segment, self.horizon, self.quantiles = w, horizon, len(quantiles)
        self.pasts, self.futures = math.ceil(lookback / w), math.ceil(horizon / w)
        self.levels, self.middle = [float(q) for q in quantiles], list(quantiles).index(0.5)
        self.forcing = teacher_forcing
        self.norm = InstanceNorm(normalisation, channels)
        self.steps = StepScale()
        self.embed = nn.Linear(w * (1 + missing), H)
        self.known = nn.Linear(w * covariates, H) if covariates else None
        self.recurrent = Recurrent(input_size=H, hidden_size=H, batch_first=True, dropout=dropout, **layers)
        self.direct = decoder == "direct"
        named = H // 2 if self.direct and channels > 1 else H
        self.place = nn.Parameter(torch.randn(self.futures, H - named if channels > 1 else H)) if self.direct else None
        self.channel = nn.Parameter(torch.randn(channels, named)) if channels > 1 else None
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(H, w * self.quantiles)
        self.linear = LinearForecast(lookback, horizon)  # solved, not trained: the baseline to beat

    def forward(self, batch: WindowBatch) -> Tensor:
        """Return the quantiles (B, horizon, Q) of windows, in ascending order."""
        instance = self.norm(batch.history, batch.channel)
        history = self.steps(self.norm.apply_to(batch.history, instance).unsqueeze(2)).squeeze(2)
        known = self._known(batch)
        if self.direct:
            found = self._directly(history, batch, known)
        else:
            future = self.norm.apply_to(batch.future, instance) if self.training else None
            found = self._in_turn(history, future, batch, known)
        restored = self.norm.restore(found[:, : self.horizon], instance)
        # A gain below 0, which RevIN may learn, reverses their order.
        return restored.sort(dim=2).values if self.norm.kind == "revin" else restored

    def loss(self, batch: WindowBatch) -> Tensor:
        """Return the mean pinball loss over the real steps of windows."""
        losses = pinball(batch.future, self(batch), batch.history.new_tensor(self.levels)).mean(2)
        mean: Tensor = (losses * batch.real).sum() / batch.real.sum().clamp(min=1)
        return mean

    def _embedded(self, values: Tensor, seen: Tensor | None) -> Tensor:
        """Embed segments (B, S, w): (B, S, H); the first one is padded where it is not whole."""
        parts = [values] if seen is None else [values, seen]
        cut = [_segments(part, self.segment, before=True) for part in parts]
        embedded: Tensor = F.relu(self.embed(torch.cat(cut, dim=2)))
        return embedded

    def _known(self, batch: WindowBatch) -> tuple[Tensor, Tensor] | None:
        """Embed what is known of the segments of the past and of the future, each (B, S, H)."""
        if self.known is None or batch.known is None:
            return None
        L = batch.history.shape[1]
        sides = batch.known[:, :L], batch.known[:, L:]
        cut = [
            _segments(side.transpose(1, 2).flatten(0, 1), self.segment, before=before)
            for side, before in zip(sides, (True, False), strict=True)
        ]
        K = batch.known.shape[2]
        # (B * K, S, w) to (B, S, K * w)
        each = [part.view(-1, K, *part.shape[1:]).transpose(1, 2).flatten(2) for part in cut]
        return self.known(each[0]), self.known(each[1])

    def _directly(self, history: Tensor, batch: WindowBatch, known: tuple[Tensor, Tensor] | None) -> Tensor:
        """Forecast all segments at once: (B, S * w, Q)."""
        assert self.place is not None
        x = self._embedded(history, batch.seen)
        if known is not None:
            x = x + known[0]
        _, state = self.recurrent(x)
        B, S = len(x), self.futures
        queries = self.place.expand(B, -1, -1)
        if self.channel is not None:
            queries = torch.cat([queries, self.channel[batch.channel, None].expand(-1, S, -1)], dim=2)
        if known is not None:
            queries = queries + known[1]
        # Every segment starts from the last state of the past, independent of the others.
        states = _each(state, lambda part: part.repeat_interleave(S, dim=1))
        hidden, _ = self.recurrent(queries.reshape(B * S, 1, -1), states, need_state=False)
        return self._quantiles(hidden.reshape(B, S, -1))

    def _in_turn(
        self, history: Tensor, future: Tensor | None, batch: WindowBatch, known: tuple[Tensor, Tensor] | None
    ) -> Tensor:
        """Forecast the segments one after another: (B, S * w, Q); covariates of one are input with the one before."""
        x = self._embedded(history, batch.seen)
        aside = torch.zeros(1, device=x.device, dtype=x.dtype).expand(len(x), self.pasts + self.futures, 1)
        if known is not None:
            aside = torch.cat(known, dim=1)
        if self.channel is not None:
            aside = aside + self.channel[batch.channel, None]
        aside = aside[:, 1:]
        B, S, P = len(x), self.futures, self.pasts
        if future is None or S == 1:
            hidden, state = self.recurrent(x + aside[:, :P])
            found = [self._quantiles(hidden[:, -1:])]
            for place in range(1, S):
                before = self._embedded(found[-1][..., self.middle], self._all_seen(batch, B))
                hidden, state = self.recurrent(before + aside[:, P + place - 1 : P + place], state)
                found.append(self._quantiles(hidden))
            return torch.cat(found, dim=1)
        given, seen = self._teacher_inputs(history, future, batch, known)
        real = None if batch.seen is None else F.pad(seen, (0, S * self.segment - self.horizon))
        cut = F.pad(given, (0, S * self.segment - self.horizon))[:, : (S - 1) * self.segment]
        more = self._embedded(cut, None if real is None else real[:, : (S - 1) * self.segment])
        hidden, _ = self.recurrent(torch.cat([x, more], dim=1) + aside, need_state=False)
        return self._quantiles(hidden[:, P - 1 :])

    def _teacher_inputs(
        self, history: Tensor, future: Tensor, batch: WindowBatch, known: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, Tensor]:
        """Mix the real future with the net's own forecast, in two passes (Mihaylova and Martins 2019)."""
        seen = batch.real.to(future.dtype)
        if self.forcing >= 1:
            return future, seen
        with torch.no_grad():
            forecast = self._in_turn(history, None, batch, known)[:, : self.horizon, self.middle]
        forced = torch.rand(len(future), math.ceil(self.horizon / self.segment), device=future.device) < self.forcing
        each = forced.repeat_interleave(self.segment, dim=1)[:, : self.horizon]
        return torch.where(each, future, forecast), torch.where(each, seen, torch.ones_like(seen))

    def _quantiles(self, hidden: Tensor) -> Tensor:
        """Return quantiles of segments (B, S * w, Q); those that cross are sorted (Chernozhukov et al. 2010)."""
        found: Tensor = self.head(self.dropout(hidden)).view(len(hidden), -1, self.quantiles)
        return found.sort(dim=2).values

    def _all_seen(self, batch: WindowBatch, rows: int) -> Tensor | None:
        return None if batch.seen is None else batch.seen.new_ones(rows, self.segment)


def forecasts(net: ForecasterNet, batches: Iterable[WindowBatch], scale: Scale) -> npt.NDArray[np.float64]:
    """Return the quantiles (N, horizon, C, Q) of windows, in the units of the series."""
    found = []
    for batch in batches:
        rows = net(batch).double().numpy()
        rows = rows.reshape(-1, len(scale.mean), *rows.shape[1:]).transpose(0, 2, 1, 3)
        found.append(rows * scale.deviation[:, None] + scale.mean[:, None])
    return np.concatenate(found)


def pinball(outcome: Tensor, quantiles: Tensor, levels: Tensor) -> Tensor:
    """Measure quantiles (B, T, Q) of outcomes (B, T) by the pinball loss (Koenker and Bassett 1978), (B, T, Q).

    Examples
    --------
    >>> pinball(torch.zeros(1, 1), torch.tensor([[[-1.0, 1.0]]]), torch.tensor([0.1, 0.1])).squeeze().round(decimals=3)
    tensor([0.1000, 0.9000])
    """
    error = outcome.unsqueeze(2) - quantiles
    return torch.maximum(levels * error, (levels - 1) * error)


def _segments(x: Tensor, width: int, *, before: bool) -> Tensor:
    """Cut rows (B, T) into segments (B, S, w), padded with zeros before or behind."""
    lacking = -x.shape[1] % width
    return F.pad(x, (lacking, 0) if before else (0, lacking)).view(len(x), -1, width)


def _each(state: Any, change: Any) -> Any:
    return tuple(change(part) for part in state) if isinstance(state, tuple) else change(state)
