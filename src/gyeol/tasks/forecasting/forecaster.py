"""Series to their next steps: quantiles, of one channel or many, of one series or many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol import engine
from gyeol.data.batches import strided
from gyeol.data.split import gapped_tail_split
from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.errors import DataError
from gyeol.explain.attribution.inquiry import Inquiry
from gyeol.explain.explanation import Explanation
from gyeol.inputs.windows import WindowBatch, WindowInput, Windows
from gyeol.layers import NORMALISATIONS
from gyeol.parameters import choice, fraction, whole
from gyeol.tasks.base import Encoded, Estimator
from gyeol.tasks.forecasting import checks
from gyeol.tasks.forecasting.baselines import LinearForecast, find_season, seasonal_error, seasonal_naive, solve_linear
from gyeol.tasks.forecasting.figures import MEASURES, all_figures, figures_of, measured
from gyeol.tasks.forecasting.inquiry import forecast_inquiry
from gyeol.tasks.forecasting.net import DECODERS, ForecasterNet, forecasts
from gyeol.tasks.forecasting.outcomes import forecast_outcomes, horizon_sums
from gyeol.tasks.hyperparameters import estimator, hyperparameter
from gyeol.tasks.series.checks import check_learnable, checked_covariates, checked_series

__all__ = ["Forecaster"]

_WATCHED = 3_000  # rows to validate on: windows overlap, and more of them add little
_FEWEST = 50  # origins to validate on, where there are so many
_BATCHES = 50  # of an epoch, at least
_ROWS = 1024  # of a batch in prediction: windows times channels

Numbers = npt.NDArray[np.float64]


@estimator
@dataclass(kw_only=True, eq=False, repr=False)
class Forecaster(Estimator):
    """Forecast series.

    A series is cut into segments, which a recurrent net reads, every channel by itself with the same weights (SegRNN:
    Lin et al. 2023). It forecasts quantiles and is trained by the pinball loss; a seasonal naive and a linear forecast
    are always measured beside it.

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
    usage: ClassVar[str] = "gyeol predict {} --file recent.csv"
    reads: ClassVar[str] = "numbers"

    horizon: int = hyperparameter(24, whole(1, 1 << 16), "Steps to forecast.")
    lookback: int | None = hyperparameter(
        None, whole(1, 1 << 20, none=True), "Steps of history; by default a third of the longest series, 720 at most."
    )
    quantiles: Sequence[float] = hyperparameter(
        (0.1, 0.5, 0.9), checks.quantiles_rule, "In ascending order; 0.5, the median, is the forecast itself."
    )
    cell: Any = "gru"
    hidden_size: int = hyperparameter(256, whole(2, 1 << 16), "Units of a recurrent layer.")
    segment: int = hyperparameter(24, whole(1, 1 << 16), "Steps of a segment, of the past and of the future.")
    decoder: str = hyperparameter(
        "direct",
        choice(DECODERS),
        'How the segments of the future are computed: ``"direct"``, at once, each from its position; '
        '``"autoregressive"``, one after another.',
    )
    normalisation: str | None = hyperparameter(
        "last",
        choice(NORMALISATIONS),
        'What is subtracted from every window and added to its forecast: ``"last"``, the last value; ``"revin"``, '
        "mean and standard deviation (Kim et al. 2022); None: nothing.",
    )
    teacher_forcing: float = hyperparameter(
        1.0,
        lambda v: "" if v in (0, 1) else fraction()(v),
        "Of the autoregressive decoder: share of segments that it reads as they were; the others are its own output.",
    )
    season: int | None = hyperparameter(
        None, whole(1, 1 << 20, none=True), "Steps of a season, for the naive forecast and MASE; found by default."
    )
    stride: int = hyperparameter(
        1, whole(1), "Steps from one window of an epoch to the next; the next epoch takes the windows in between."
    )
    batch_size: int = hyperparameter(256, whole(1), "Windows of a batch, counted in each channel.")
    learning_rate: float = 0.001
    clip_norm: float = 1.0
    patience: int = 5
    validation_fraction: float = hyperparameter(
        0.1, fraction(), "Share of every series held back, its end, on which the best epoch is chosen."
    )

    net_: ForecasterNet = field(init=False)
    inputs_: WindowInput = field(init=False)
    lookback_: int = field(init=False)
    season_: int = field(init=False)
    channels_: int = field(init=False)
    covariates_: int = field(init=False)
    _naive_error: Numbers = field(init=False)
    _linear: LinearForecast | None = field(init=False)

    def fit(self, series: Any, covariates: Any = None, **how: Any) -> Self:  # type: ignore[override]  # other names
        """Train on series. Where that fails, the estimator is what it was before.

        Parameters
        ----------
        series : array of shape (T,) or (T, C), or a list of such
            NaN where a value is missing.
        covariates : array of shape (T,) or (T, K), or a list of such, optional
            What is known of every step in advance, of future steps too: holidays, prices, plans.
        **how
            As in `Estimator.fit`; ``validation`` is a pair: series (their history before it) and covariates.

        Raises
        ------
        ParameterError, DataError
            For settings and series that cannot be used: too short, constant, infinite, without any value.
        """
        return super().fit(series, covariates, **how)

    # What training needs. Windows are both inputs and targets.

    def _checked(self, X: Any, y: Any) -> tuple[Any, Any]:
        series, _ = checked_series(X)
        covariates = checked_covariates(y, [len(one) for one in series], None)
        check_learnable(series)
        self.lookback_ = checks.chosen_lookback(self.lookback, max(map(len, series)), int(self.horizon), self.season)
        self.channels_ = series[0].shape[1]
        self.covariates_ = 0 if covariates is None else covariates[0].shape[1]
        windows = self._cut(series, covariates)
        return windows, windows

    def _checked_validation(self, X: Any, y: Any) -> tuple[Any, Any]:
        windows = self._cut(*self._checked_channels(X, y, 0)).thinned(max(_FEWEST, _WATCHED // self.channels_))
        return windows, windows

    def _checked_channels(self, X: Any, y: Any, ahead: int) -> tuple[list[Numbers], list[Numbers] | None]:
        """Check series, and covariates of so many steps more, for a model that knows how many channels there are."""
        series, _ = checked_series(X, self.channels_)
        checks.check_width(self.covariates_, given=y is not None)
        return series, checked_covariates(y, [len(one) + ahead for one in series], self.covariates_)

    def _cut(self, series: list[Numbers], covariates: list[Numbers] | None) -> Windows:
        return checks.cut(series, covariates, self.lookback_, int(self.horizon))

    def _strata(self, y: Windows) -> npt.NDArray[np.int64]:
        return y.begins[y.origins]

    def _held_back(self, strata: npt.NDArray[np.int64]) -> tuple[Any, Any, str]:
        kept, held = gapped_tail_split(strata, self.validation_fraction, gap=int(self.horizon) - 1)
        every = max(1, min(-(-len(held) * self.channels_ // _WATCHED), len(held) // _FEWEST))
        return kept, held[::every], f"the end of every series{f', every {every}th window' if every > 1 else ''}"

    def _fit_inputs(self, X: Any, y: Any) -> None:
        self.inputs_ = WindowInput().fit(X)
        self.season_ = int(find_season(self.inputs_, X, self.lookback_) if self.season is None else self.season)
        self._naive_error = seasonal_error(self.inputs_, X, self.season_)
        self._linear = solve_linear(self.inputs_, X, seconds=0.1 * self._deadline.left())

    def _encode(self, X: Any, y: Any) -> Encoded:
        return Encoded(
            np.full(len(X), self.channels_ * (self.lookback_ // int(self.segment) + 2), dtype=np.int64),
            lambda which: self.inputs_.batch(X, which, self._dtype()),
        )

    def _encode_training(self, X: Any, y: Any) -> Encoded:
        size = max(1, int(self.batch_size) // self.channels_)
        how = {"stride": int(self.stride), "seed": self._seed, "least": _BATCHES}
        return replace(self._encode(X, y), order=lambda epoch: strided(len(X), size, epoch, **how))

    def _build(self) -> nn.Module:
        net = ForecasterNet(
            self.lookback_, self.channels_, self.covariates_, **self._layers(), missing=self.inputs_.missing,
            horizon=int(self.horizon), quantiles=self.quantiles, segment=int(self.segment), decoder=self.decoder,
            normalisation=self.normalisation, teacher_forcing=float(self.teacher_forcing),
        )  # fmt: skip
        if self._linear is not None:
            net.linear.load_state_dict(self._linear.state_dict())
            self._linear = None
        return net

    def _loss(self, net: Any, batch: WindowBatch) -> engine.StepLoss:
        return engine.StepLoss(net.loss(batch))

    def _decode(self, net: Any, batch: WindowBatch) -> npt.NDArray[np.generic]:
        """Measure every window: the sum of each of `MEASURES` over its real steps, channel by channel."""
        return self._measured(net, batch, net(batch))

    def _measured(self, net: Any, batch: WindowBatch, found: Tensor) -> npt.NDArray[np.float64]:
        naive = seasonal_naive(batch.history, self.season_, int(self.horizon))
        levels = batch.history.new_tensor(net.levels)
        rows = measured(batch, found, levels, net.middle, naive, net.linear(batch.history))
        return rows.double().numpy().reshape(-1, self.channels_ * len(MEASURES))

    def _score(self, outputs: npt.NDArray[Any], y: Any) -> dict[str, float]:
        sums = outputs.sum(0).reshape(self.channels_, len(MEASURES))
        return figures_of(sums, self._naive_error, len(self.quantiles))

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        learned = {"lookback": self.lookback_, "season": self.season_, "channels": self.channels_}
        learned |= {"covariates": self.covariates_, "naive_error": self._naive_error.tolist()}
        return learned, self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        sizes, self._naive_error = checks.checked_sizes(learned)
        self.lookback_, self.season_, self.channels_, self.covariates_ = sizes
        self._linear = None
        self.inputs_ = WindowInput.restored(inputs, self.channels_, self.covariates_)

    # What a trained model does.

    def predict(self, history: Any, covariates: Any = None) -> Any:
        """Return the medians of the next steps of every history.

        Parameters
        ----------
        history : array of shape (T,) or (T, C), or a list of such
            At least ``lookback_`` steps, of which the last are read. NaN where a value is missing.
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
        windows = self._last_windows(given, covariates, single=single)
        found = forecasts(self.net_, self._batches(windows), self.inputs_.scale)
        each = [one[:, 0] if flat else one for one in found]
        return each[0] if single else each

    def explain(
        self, history: Any, covariates: Any = None, *, target: Any = None, position: int | None = None
    ) -> Explanation:
        """Explain a forecast: which steps of the history it comes from.

        A step counts by what it differs from the window's level, as ``normalisation`` takes it off: with ``"last"`` the
        last value, which so adds nothing itself, with ``"revin"`` the mean; without, by the training's mean.

        Parameters
        ----------
        history : array of shape (T,) or (T, C)
        covariates : array of shape (T + horizon, K), optional
            As in `predict`.
        target : int, optional
            Which channel's forecast is explained, from 0; by default the first one's.
        position : int, optional
            Which step of it, from 0; by default the first.

        Raises
        ------
        NotFittedError, DataError
            As in `predict`; for more than one history.
        ParameterError
            There is no such channel or step.
        """
        return super().explain((history, covariates), target=target, position=position)

    def _inquiry(self, x: Any, target: Any, position: int | None) -> Inquiry:
        history, covariates = x
        given, (_, single) = checked_series(history, self.channels_)
        if not single:
            raise DataError(f"got {len(given)} histories; one is explained: an array of shape (T,) or (T, C)")
        windows = self._last_windows(given, covariates, single=True)
        batch = self.inputs_.batch(windows, np.zeros(1, dtype=np.int64), self._dtype())
        origin = int(windows.origins[0])
        shown = windows.values[origin - self.lookback_ : origin]
        forecast = self.predict(history, covariates).tolist()
        middle = list(self.quantiles).index(0.5)
        scale, segment = self.inputs_.scale, int(self.segment)
        return forecast_inquiry(self.task, batch, shown, forecast, scale, middle, segment, target, position)

    def _last_windows(self, given: list[Numbers], covariates: Any, *, single: bool) -> Windows:
        """Cut the window before the end of each series."""
        series, known = self._checked_channels(given, covariates, int(self.horizon))
        checks.check_histories(series, self.lookback_, single=single)
        return Windows.cut(series, known, lookback=self.lookback_, horizon=int(self.horizon), last=True)

    def _batches(self, windows: Windows) -> Iterator[WindowBatch]:
        """Yield windows some at a time, in the order given, which bounds memory."""
        encoded, size = self._encode(windows, None), max(1, _ROWS // self.channels_)
        with self._session(), torch.inference_mode():
            for first in range(0, len(windows), size):
                yield encoded.batch(np.arange(first, min(first + size, len(windows)), dtype=np.int64))

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
        windows = self._cut(*self._checked_channels(series, covariates, 0))
        windows = windows.take(np.arange(0, len(windows), max(1, stride), dtype=np.int64))
        sums: Any = sum(self._decode(self.net_, batch).sum(0) for batch in self._batches(windows))
        figures = all_figures(
            sums.reshape(self.channels_, len(MEASURES)),
            self._naive_error,
            self.inputs_.scale.deviation,
            list(self.quantiles),
        )
        return {**figures, "season": self.season_, "windows": len(windows)}

    def outcomes(self, X: Any, y: Any = None) -> Outcomes:
        """Return the errors of every block of origins; see `gyeol.tasks.forecasting.outcomes`."""
        self._ready()
        windows = self._cut(*self._checked_channels(X, y, 0))
        sums, steps = [], []
        for batch in self._batches(windows):
            found = self.net_(batch)
            sums.append(self._measured(self.net_, batch, found))
            steps.append(horizon_sums(batch, found, self.net_.middle))
        rows = np.concatenate(sums).reshape(len(windows), self.channels_, len(MEASURES))
        levels = [float(level) for level in self.quantiles]
        return forecast_outcomes(rows, np.sum(steps, axis=0), windows, levels, lookback=self.lookback_)

    def describe_data(self) -> dict[str, str]:
        """Describe the series for the model card."""
        facts = {"channels": f"{self.channels_:,}", "steps read": f"{self.lookback_:,}", "season": f"{self.season_:,}"}
        return {**facts, "covariates": f"{self.covariates_:,}"} if self.covariates_ else facts
