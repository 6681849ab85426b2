"""The network of `Forecaster`: segments of a series, a recurrent net over them, quantiles of what follows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gyeol.inputs.windows import WindowBatch
from gyeol.layers import InstanceNorm, Recurrent
from gyeol.tasks.forecasting.baselines import LinearForecast

if TYPE_CHECKING:
    from gyeol.tasks.forecasting.forecaster import Forecaster

__all__ = ["DECODERS", "ForecasterNet", "pinball"]

#: How the future is written: all segments at once, each told its place; or one after another, each read again.
DECODERS = ("direct", "autoregressive")


class ForecasterNet(nn.Module):
    """Windows to quantiles of their future (SegRNN: Lin et al. 2023, sections 3.2 to 3.4).

    A segment of ``w`` steps is one step of the recurrent net, which so takes L / w steps in place of L. With the direct
    decoder every segment of the future is one more step from the last state, given its place and its channel ("parallel
    multi-step forecasting"); with the autoregressive one the segments that follow are read as they are written, in
    training as they should be (teacher forcing).
    """

    def __init__(self, model: Forecaster, lookback: int, channels: int, covariates: int, *, missing: bool) -> None:
        super().__init__()
        H, w = int(model.hidden_size), int(model.segment)
        self.segment, self.horizon, self.quantiles = w, int(model.horizon), len(model.quantiles)
        self.pasts, self.futures = math.ceil(lookback / w), math.ceil(self.horizon / w)
        self.middle = list(model.quantiles).index(0.5)
        self.forcing = float(model.teacher_forcing)
        self.norm = InstanceNorm(model.normalisation, channels)
        self.embed = nn.Linear(w * (1 + missing), H)
        self.known = nn.Linear(w * covariates, H) if covariates else None
        self.recurrent = Recurrent(
            model.cell,
            H,
            H,
            num_layers=int(model.num_layers),
            batch_first=True,
            dropout=float(model.dropout) if model.num_layers > 1 else 0.0,
            precision="auto" if model.precision in ("auto", "bfloat16") else "float32",
        )
        self.direct = model.decoder == "direct"
        named = H // 2 if self.direct and channels > 1 else H
        self.place = nn.Parameter(torch.randn(self.futures, H - named if channels > 1 else H)) if self.direct else None
        self.channel = nn.Parameter(torch.randn(channels, named)) if channels > 1 else None
        self.dropout = nn.Dropout(float(model.dropout))
        self.head = nn.Linear(H, w * self.quantiles)
        self.linear = LinearForecast(lookback, self.horizon)  # solved for, not trained: what must be beaten

    def forward(self, batch: WindowBatch) -> Tensor:
        """Return the quantiles (B, horizon, Q) of windows, in ascending order."""
        instance = self.norm(batch.history, batch.channel)
        history = self.norm.apply_to(batch.history, instance)
        known = self._known(batch)
        if self.direct:
            written = self._together(history, batch, known)
        else:
            future = self.norm.apply_to(batch.future, instance) if self.training else None
            written = self._in_turn(history, future, batch, known)
        restored = self.norm.restore(written[:, : self.horizon], instance)
        # A gain below 0, which RevIN may learn, turns their order around.
        return restored.sort(dim=2).values if self.norm.kind == "revin" else restored

    def _embedded(self, values: Tensor, seen: Tensor | None) -> Tensor:
        """Embed segments (B, S, w): (B, S, H); the first one is filled up where it is not whole."""
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

    def _together(self, history: Tensor, batch: WindowBatch, known: tuple[Tensor, Tensor] | None) -> Tensor:
        """Write all segments at once: (B, S * w, Q)."""
        assert self.place is not None
        x = self._embedded(history, batch.seen)
        if known is not None:
            x = x + known[0]
        _, state = self.recurrent(x)
        B, S = len(x), self.futures
        asked = self.place.expand(B, -1, -1)
        if self.channel is not None:
            asked = torch.cat([asked, self.channel[batch.channel, None].expand(-1, S, -1)], dim=2)
        if known is not None:
            asked = asked + known[1]
        # Every segment begins where the past ended, and none waits for another.
        states = _each(state, lambda part: part.repeat_interleave(S, dim=1))
        hidden, _ = self.recurrent(asked.reshape(B * S, 1, -1), states, need_state=False)
        return self._written(hidden.reshape(B, S, -1))

    def _in_turn(
        self, history: Tensor, future: Tensor | None, batch: WindowBatch, known: tuple[Tensor, Tensor] | None
    ) -> Tensor:
        """Write the segments one after another: (B, S * w, Q); what is known of one stands beside the one before."""
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
            written = [self._written(hidden[:, -1:])]
            for place in range(1, S):
                before = self._embedded(written[-1][..., self.middle], self._all_seen(batch, B))
                hidden, state = self.recurrent(before + aside[:, P + place - 1 : P + place], state)
                written.append(self._written(hidden))
            return torch.cat(written, dim=1)
        given, seen = self._given(history, future, batch, known)
        real = None if batch.seen is None else F.pad(seen, (0, S * self.segment - self.horizon))
        cut = F.pad(given, (0, S * self.segment - self.horizon))[:, : (S - 1) * self.segment]
        more = self._embedded(cut, None if real is None else real[:, : (S - 1) * self.segment])
        hidden, _ = self.recurrent(torch.cat([x, more], dim=1) + aside, need_state=False)
        return self._written(hidden[:, P - 1 :])

    def _given(
        self, history: Tensor, future: Tensor, batch: WindowBatch, known: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, Tensor]:
        """Mix what should come with what the net says, in two passes (Mihaylova and Martins 2019)."""
        seen = batch.real.to(future.dtype)
        if self.forcing >= 1:
            return future, seen
        with torch.no_grad():
            own = self._in_turn(history, None, batch, known)[:, : self.horizon, self.middle]
        forced = torch.rand(len(future), math.ceil(self.horizon / self.segment), device=future.device) < self.forcing
        each = forced.repeat_interleave(self.segment, dim=1)[:, : self.horizon]
        return torch.where(each, future, own), torch.where(each, seen, torch.ones_like(seen))

    def _written(self, hidden: Tensor) -> Tensor:
        """Say quantiles of segments (B, S * w, Q); those that cross are put in order (Chernozhukov et al. 2010)."""
        written: Tensor = self.head(self.dropout(hidden)).view(len(hidden), -1, self.quantiles)
        return written.sort(dim=2).values

    def _all_seen(self, batch: WindowBatch, rows: int) -> Tensor | None:
        return None if batch.seen is None else batch.seen.new_ones(rows, self.segment)


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
    """Cut rows (B, T) into segments (B, S, w), filled up with zeros before or behind."""
    lacking = -x.shape[1] % width
    return F.pad(x, (lacking, 0) if before else (0, lacking)).view(len(x), -1, width)


def _each(state: Any, change: Any) -> Any:
    return tuple(change(part) for part in state) if isinstance(state, tuple) else change(state)
