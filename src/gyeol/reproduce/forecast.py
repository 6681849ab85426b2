"""Forecasters trained and measured: the electricity transformers of ETTh1, as everybody splits them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gyeol.engine import Progress
from gyeol.reproduce.entry import Published, Reproduction, check_complete

__all__ = ["ETTH1", "FORECASTERS"]

_MONTH = 30 * 24  # hours
_TRAIN, _VALID, _TEST = 12 * _MONTH, 16 * _MONTH, 20 * _MONTH  # where each part ends
_LOOKBACK = 720

#: Of all four trainings.
ETTH1: dict[str, Any] = {
    "lookback": _LOOKBACK,
    "cell": "gru",
    "hidden_size": 256,
    "num_layers": 1,
    "segment": 48,
    "decoder": "direct",
    "normalisation": "last",
    "quantiles": (0.1, 0.5, 0.9),
    "season": 24,
    "dropout": 0.5,
    "epochs": 6,
    "patience": 6,
    "learning_rate": 0.001,
    "averaging": 0.99,
    "precision": "auto",
}

#: What is forecast: the channels (one, or all), the horizon, and what is set besides; neighbouring windows of seven
#: channels are more than is needed.
_SETTINGS: tuple[tuple[str, int, dict[str, Any]], ...] = (
    ("all", 24, {"batch_size": 512, "stride": 4}),
    ("all", 96, {"batch_size": 512, "stride": 4, "hidden_size": 512}),
    ("OT", 24, {"batch_size": 256, "epochs": 4}),
    ("OT", 96, {"batch_size": 256, "epochs": 4}),
)

_PUBLISHED = {("all", 24): "LSTMa 0.650", ("all", 96): "SegRNN 0.34", ("OT", 24): "LSTMa 0.114", ("OT", 96): ""}


def _etth1(seed: int, threads: int | None, out: Path | None, progress: Progress | None) -> dict[str, Any]:
    from gyeol.data.catalogue.lookup import resolve_file
    from gyeol.data.times.table import read_time_table
    from gyeol.tasks import Forecaster

    table = read_time_table(resolve_file("ett", "all"))
    values = table.series[0].values
    parts: list[dict[str, Any]] = []
    figures: list[dict[str, Any]] = []
    for channels, horizon, more in _SETTINGS:
        series = values if channels == "all" else values[:, table.names.index(channels)]
        model = Forecaster(**{**ETTH1, **more}, horizon=horizon, random_state=seed, threads=threads)
        watched = series[_TRAIN - _LOOKBACK : _VALID]
        model.fit(series[:_TRAIN], validation=(watched, None), progress=progress, about={"data": "ett, 12 months"})
        check_complete(model)
        if out is not None and not parts:
            model.save(out)
        found = model.evaluate(series[_VALID - _LOOKBACK : _TEST])
        figures.append(found)
        parts.append(
            {
                "channels": channels,
                "horizon": horizon,
                "mse": f"{found['mse']:.4f}",
                "mae": f"{found['mae']:.4f}",
                **{f"{name} mse": f"{own['mse']:.4f}" for name, own in found["baselines"].items()},
                **{f"{name} mae": f"{own['mae']:.4f}" for name, own in found["baselines"].items()},
                "coverage": f"{found['coverage']:.3f}",
                "windows": found["windows"],
                "published mse": _PUBLISHED[channels, horizon],
            }
        )
    return {"figure": figures[0]["mse"], "mae": figures[0]["mae"], "parts": parts}


FORECASTERS: dict[str, Reproduction] = {
    "etth1": Reproduction(
        title="ETTh1, hourly electricity transformers: MSE of 24 and 96 hours ahead, seven channels and one",
        metric="mse",
        examples="windows",
        setting=(
            "seven channels, 24 hours; GRU 256 (512 for 96 hours) over segments of 48 hours of 720 (SegRNN's form), "
            "quantiles; the other three below, each beside a linear model (DLinear's form) and the last day once more"
        ),
        data="ETTh1 as it is split (12, 4 and 4 months), standardised; every window of the test counted",
        published=(
            Published(0.650, "LSTMa, the same channels and horizon (Zhou et al. 2021, table 2, recalled)"),
            Published(0.577, "Informer (the same)"),
        ),
        run=_etth1,
    ),
}
