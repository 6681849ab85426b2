"""A series goes on: quantiles of its next steps, of one channel or many, of one series or many."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol import engine
from gyeol.data.batches import strided
from gyeol.data.split import gapped_tail_split
from gyeol.errors import DataError, ModelError, ParameterError
from gyeol.inputs.windows import WindowBatch, WindowInput, Windows
from gyeol.layers import CELLS, NORMALISATIONS, Cell
from gyeol.parameters import Rule, choice, fraction, whole
from gyeol.tasks.base import TRAINING_RULES, Encoded, Estimator
from gyeol.tasks.forecasting.baselines import find_season, seasonal_error, seasonal_naive, solve_linear
from gyeol.tasks.forecasting.figures import MEASURES, all_figures, figures_of, measured
from gyeol.tasks.forecasting.net import DECODERS, ForecasterNet, pinball
from gyeol.tasks.forecasting.rolling import forecasts, rolled
from gyeol.tasks.series.checks import check_learnable, checked_covariates, checked_series

__all__ = ["Forecaster"]

_LOOKBACK = 720  # steps of history, at most, where the user names no number
_WATCHED = 3_000  # rows to validate on: of windows that overlap more say little
_FEWEST = 50  # origins to validate on, where there are so many
_BATCHES = 50  # of an epoch, at least

Numbers = npt.NDArray[np.float64]


def _levels(value: Any) -> str:
    """Accept quantiles in ascending order, the median among them."""
    levels = list(value) if isinstance(value, (tuple, list)) else []
    good = all(isinstance(q, float) and 0 < q < 1 for q in levels) and levels == sorted(set(levels))
    if good and 0.5 in levels and len(levels) <= 100:
        return ""
    return "must be numbers between 0 and 1 in ascending order, 0.5 among them"


class Forecaster(Estimator):
    """Learn to continue series.

    A series is cut into segments, a recurrent net reads them, and every channel is read on its own by the same net
    (SegRNN: Lin et al. 2023). What is forecast are quantiles, trained by the pinball loss. A seasonal naive and a
    linear forecast are measured beside it, always.

    Parameters
    ----------
    horizon : int
        Steps to forecast.
    lookback : int, optional
        Steps read before; None: a third of the longest series, 720 at most.
    quantiles : tuple of float
        Which, in ascending order; 0.5, the median, is the forecast itself.
    cell : str or class
        ``"rnn"``, ``"lstm"``, ``"gru"``, ``"gru_after"``, ``"lstm_norm"``, or a cell of your own.
    hidden_size, num_layers
        Units of a layer; layers.
    segment : int
        Steps of a segment, of the past and of the future.
    decoder : {"direct", "autoregressive"}
        Whether the segments of the future are written at once, each told its place, or one after another.
    normalisation : {"last", "revin", None}
        What is taken off every window and given back to its forecast: the last value; mean and deviation (Kim et al.
        2022); nothing.
    teacher_forcing : float
        Of the autoregressive decoder: share of segments that it is given as they should be; the others are its own.
    season : int, optional
        Steps of a season, for the naive forecast and MASE; None: found from the series.
    stride : int
        An epoch trains on every so manieth window, the next epoch on the ones beside.
    dropout : float
        Share of features dropped before the last layer (and between layers).
    batch_size, epochs, learning_rate, weight_decay, clip_norm
        Windows of a channel in a batch; Adam, whose rate falls to zero along a half cosine.
    patience : int
        Stop after so many epochs without a lower pinball loss on the validation part.
    validation_fraction, averaging, time_limit
        Share of every series held back for that, its end; decay of the moving average of the weights; seconds.
    precision : {"auto", "float32", "float64", "bfloat16"}
        Of the arithmetic in training.
    threads, random_state, verbose
        Cores; the seed; whether to show a progress bar.

    Attributes
    ----------
    lookback_, season_, channels_, covariates_ : int
        Steps read; steps of a season; how many channels and covariates a series has.
    net_, inputs_
        The trained network; the scales of the channels.
    history_, metrics_
        Figures by epoch, and those of the epoch that was kept.

    Examples
    --------
    >>> series = np.sin(np.arange(400) * 2 * np.pi / 12)
    >>> model = Forecaster(horizon=6, lookback=48, segment=6, hidden_size=16, epochs=8, learning_rate=0.01, dropout=0.0)
    >>> float(np.abs(model.fit(series).predict(series) - np.sin(np.arange(400, 406) * 2 * np.pi / 12)).max()) < 0.2
    True
    """

    task: ClassVar[str] = "forecast"
    monitor: ClassVar[str] = "loss"
    ask: ClassVar[str] = "gyeol predict {} --file recent.csv"
    reads: ClassVar[str] = "numbers"
    rules: ClassVar[dict[str, Rule]] = {
        "horizon": whole(1, 1 << 16),
        "lookback": whole(1, 1 << 20, none=True),
        "quantiles": _levels,
        "cell": choice(CELLS, own=Cell),
        "hidden_size": whole(2, 1 << 16),
        "num_layers": whole(1, 100),
        "segment": whole(1, 1 << 16),
        "decoder": choice(DECODERS),
        "normalisation": choice(NORMALISATIONS),
        "teacher_forcing": lambda v: "" if v in (0, 1) else fraction()(v),
        "season": whole(1, 1 << 20, none=True),
        "stride": whole(1),
        **TRAINING_RULES,
    }

    net_: ForecasterNet
    inputs_: WindowInput
    lookback_: int
    season_: int
    channels_: int
    covariates_: int
    _naive_error: Numbers

    def __init__(
        self,
        *,
        horizon: int = 24,
        lookback: int | None = None,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        cell: Any = "gru",
        hidden_size: int = 256,
        num_layers: int = 1,
        segment: int = 24,
        decoder: str = "direct",
        normalisation: str | None = "last",
        teacher_forcing: float = 1.0,
        season: int | None = None,
        stride: int = 1,
        dropout: float = 0.3,
        batch_size: int = 256,
        epochs: int = 20,
        learning_rate: float = 0.001,
        weight_decay: float = 0.0,
        clip_norm: float = 1.0,
        patience: int = 5,
        validation_fraction: float = 0.1,
        averaging: float = 0.99,
        time_limit: float | None = None,
        precision: str = "auto",
        threads: int | None = None,
        random_state: int | None = 0,
        verbose: bool = False,
    ) -> None:
        self.horizon = horizon
        self.lookback = lookback
        self.quantiles = quantiles
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.segment = segment
        self.decoder = decoder
        self.normalisation = normalisation
        self.teacher_forcing = teacher_forcing
        self.season = season
        self.stride = stride
        self.dropout = dropout
        self.batch_size = batch_size
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.averaging = averaging
        self.time_limit = time_limit
        self.precision = precision
        self.threads = threads
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, series: Any, covariates: Any = None, **how: Any) -> Self:  # type: ignore[override]  # other names
        """Train on series. Where that fails, the estimator is what it was before.

        Parameters
        ----------
        series : array of shape (T,) or (T, C), or a list of such
            NaN where a value is missing.
        covariates : array of shape (T,) or (T, K), or a list of such, optional
            What is known of every step beforehand, of the future too: holidays, prices, plans.
        **how
            As in `Estimator.fit`; ``validation`` is a pair: series (their history before it) and covariates.

        Raises
        ------
        ParameterError, DataError
            For settings and series that cannot be used: too short, constant, infinite, without any value.
        """
        return super().fit(series, covariates, **how)

    # What training asks for. Windows are both inputs and targets.

    def _checked(self, X: Any, y: Any) -> tuple[Any, Any]:
        series, _ = checked_series(X)
        covariates = checked_covariates(y, [len(one) for one in series], None)
        check_learnable(series)
        horizon, longest = int(self.horizon), max(map(len, series))
        lookback = int(self.lookback) if self.lookback is not None else min(_LOOKBACK, (longest - horizon) // 3)
        if longest < horizon + max(1, lookback) or lookback < 1:
            raise DataError(
                f"the longest series has {longest:,} steps, too few for horizon={horizon} after "
                f"{'some' if self.lookback is None else f'lookback={lookback}'} steps of history: take smaller ones"
            )
        if self.season is not None and self.season > lookback:
            raise ParameterError(f"season={self.season} is more than the lookback of {lookback} steps")
        self.lookback_, self.channels_ = lookback, series[0].shape[1]
        self.covariates_ = 0 if covariates is None else covariates[0].shape[1]
        return self._cut(series, covariates)

    def _checked_validation(self, X: Any, y: Any) -> tuple[Any, Any]:
        series, covariates = self._of_this_kind(X, y, 0)
        windows, _ = self._cut(series, covariates)
        windows = windows.thinned(max(_FEWEST, _WATCHED // self.channels_))
        return windows, windows

    def _of_this_kind(self, X: Any, y: Any, ahead: int) -> tuple[list[Numbers], list[Numbers] | None]:
        """Check series and covariates for a model that knows how many channels there are."""
        series, _ = checked_series(X, self.channels_)
        if y is None and self.covariates_:
            raise DataError(f"this model reads {self.covariates_} covariate(s) beside a series: give them, too")
        if y is not None and not self.covariates_:
            raise DataError("this model was trained without covariates: leave them out")
        return series, checked_covariates(y, [len(one) + ahead for one in series], self.covariates_)

    def _cut(self, series: list[Numbers], covariates: list[Numbers] | None) -> tuple[Windows, Windows]:
        windows = Windows.cut(series, covariates, lookback=self.lookback_, horizon=int(self.horizon))
        if not len(windows):
            raise DataError(
                f"no series has the {self.lookback_ + int(self.horizon):,} steps of a window "
                f"(lookback {self.lookback_:,}, horizon {int(self.horizon):,})"
            )
        return windows, windows

    def _strata(self, y: Windows) -> npt.NDArray[np.int64]:
        return y.begins[y.origins]

    def _held_back(self, strata: npt.NDArray[np.int64]) -> tuple[Any, Any, str]:
        kept, held = gapped_tail_split(strata, self.validation_fraction, gap=int(self.horizon) - 1)
        every = max(1, min(-(-len(held) * self.channels_ // _WATCHED), len(held) // _FEWEST))
        return kept, held[::every], f"the end of every series{f', every {every}th window' if every > 1 else ''}"

    def _fit_inputs(self, X: Any) -> None:
        self.inputs_ = WindowInput().fit(X)
        found = self.season if self.season is not None else find_season(self.inputs_, X, self.lookback_)
        self.season_ = int(found)
        self._naive_error = seasonal_error(self.inputs_, X, self.season_)
        self._linear: Any = solve_linear(self.inputs_, X, seconds=0.1 * self._deadline.left())

    def _encode(self, X: Any, y: Any) -> Encoded:
        return Encoded(
            np.full(len(X), self.channels_ * (self.lookback_ // int(self.segment) + 2), dtype=np.int64),
            lambda which: self.inputs_.batch(X, which, self._dtype()),
        )

    def _encode_training(self, X: Any, y: Any) -> Encoded:
        size = max(1, int(self.batch_size) // self.channels_)
        how = {"stride": int(self.stride), "seed": int(self.random_state or 0), "least": _BATCHES}
        return dataclasses.replace(self._encode(X, y), order=lambda epoch: strided(len(X), size, epoch, **how))

    def _build(self) -> nn.Module:
        net = ForecasterNet(self, self.lookback_, self.channels_, self.covariates_, missing=self.inputs_.missing)
        if getattr(self, "_linear", None) is not None:
            net.linear.load_state_dict(self._linear.state_dict())
            self._linear = None
        return net

    def _loss(self, net: nn.Module, batch: WindowBatch) -> engine.StepLoss:
        losses = pinball(batch.future, net(batch), self._levels_of(batch)).mean(2)
        return engine.StepLoss((losses * batch.real).sum() / batch.real.sum().clamp(min=1))

    def _levels_of(self, batch: WindowBatch) -> Tensor:
        return torch.tensor(list(self.quantiles), dtype=batch.history.dtype)

    def _decode(self, net: nn.Module, batch: WindowBatch) -> npt.NDArray[np.generic]:
        """Measure every window: sums over its real steps of each of `MEASURES`, channel by channel."""
        assert isinstance(net, ForecasterNet)
        found, levels = net(batch), self._levels_of(batch)
        naive = seasonal_naive(batch.history, self.season_, int(self.horizon))
        rows = measured(batch, found, levels, net.middle, naive, net.linear(batch.history))
        return rows.double().numpy().reshape(-1, self.channels_ * len(MEASURES))

    def _score(self, outputs: npt.NDArray[Any], y: Any) -> dict[str, float]:
        sums = outputs.sum(0).reshape(self.channels_, len(MEASURES))
        return figures_of(sums, self._naive_error, len(self.quantiles))

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        learned = {
            "lookback": self.lookback_,
            "season": self.season_,
            "channels": self.channels_,
            "covariates": self.covariates_,
            "naive_error": self._naive_error.tolist(),
        }
        return learned, self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        numbers = [learned[name] for name in ("lookback", "season", "channels", "covariates")]
        if any(type(n) is not int or not least <= n <= 1 << 20 for n, least in zip(numbers, (1, 1, 1, 0), strict=True)):
            raise ModelError(f"config.json is damaged: lookback, season, channels, covariates are {numbers!r:.60}")
        self.lookback_, self.season_, self.channels_, self.covariates_ = numbers
        error = np.array(learned["naive_error"], dtype=np.float64)
        sound = error.shape == (self.channels_,) and bool(((error >= 0) & (error < 1e300)).all())
        if self.season_ > self.lookback_ or not sound:
            raise ModelError("config.json is damaged: season or naive_error")
        self._naive_error = error
        self.inputs_ = WindowInput.restored(inputs, self.channels_, self.covariates_)

    # What a user asks for.

    def predict(self, history: Any, covariates: Any = None) -> Any:
        """Return the medians of the next steps of every history.

        Parameters
        ----------
        history : array of shape (T,) or (T, C), or a list of such
            At least ``lookback_`` steps; the last ones are read. NaN where a value is missing.
        covariates : array of shape (T + horizon, K), or a list of such, optional
            Of the history and of what follows it, where the model was trained with some.

        Returns
        -------
        array of shape (horizon,) or (horizon, C), or a list of such

        Raises
        ------
        DataError
            A history is shorter than the lookback, has other channels than in training, or no value at all.
        """
        middle = list(self.quantiles).index(0.5)
        found = self.predict_quantiles(history, covariates)
        return [one[..., middle] for one in found] if isinstance(found, list) else found[..., middle]

    def predict_quantiles(self, history: Any, covariates: Any = None) -> Any:
        """Return the quantiles of the next steps of every history: (horizon, Q) or (horizon, C, Q); see `predict`."""
        self._ready()
        given, (flat, single) = checked_series(history, self.channels_)
        series, known = self._of_this_kind(given, covariates, int(self.horizon))
        for number, one in enumerate(series):
            where = "the history" if single else f"history {number}"
            if len(one) < self.lookback_:
                raise DataError(f"{where} has {len(one):,} steps, and this model reads {self.lookback_:,}: give more")
            empty = np.isnan(one).all(0)
            if empty.any():
                raise DataError(f"{where} has no value in channel {int(empty.argmax())}: nothing to go on from")
        windows = Windows.cut(series, known, lookback=self.lookback_, horizon=int(self.horizon), last=True)
        found = forecasts(self, windows)
        each = [one[:, 0] if flat else one for one in found]
        return each[0] if single else each

    def score(self, series: Any, covariates: Any = None) -> float:
        """Return the mean absolute scaled error, negative, so that higher is better."""
        return -float(self.evaluate(series, covariates)["mase"])

    def evaluate(self, series: Any, covariates: Any = None, *, stride: int = 1) -> dict[str, Any]:
        """Forecast from every origin of the series at which a window fits (or every ``stride``-th), and measure.

        Returns
        -------
        dict
            ``mse`` and ``mae`` of values standardised by the training part's mean and deviation, ``mse_raw`` and
            ``mae_raw`` in the series' own units; ``mase`` (Hyndman and Koehler 2006); ``pinball``, mean over quantiles,
            standardised; ``coverage``, the share of outcomes between the outermost quantiles, and ``interval``, the
            share there should be; ``baselines``: ``linear`` and ``seasonal_naive``, each mse, mae and mase;
            ``per_channel``; ``windows``.
        """
        self._ready()
        checked, known = self._of_this_kind(series, covariates, 0)
        windows, _ = self._cut(checked, known)
        windows = windows.take(np.arange(0, len(windows), max(1, stride), dtype=np.int64))
        sums = rolled(self, windows)
        figures = all_figures(sums, self._naive_error, self.inputs_.scale.deviation, list(self.quantiles))
        return {**figures, "season": self.season_, "windows": len(windows)}

    def describe_data(self) -> dict[str, str]:
        """What the model card says of the series."""
        told = {"channels": f"{self.channels_:,}", "steps read": f"{self.lookback_:,}", "season": f"{self.season_:,}"}
        return {**told, "covariates": f"{self.covariates_:,}"} if self.covariates_ else told
