"""The reproduction of ETTh1: the standard split, every window of the test, nothing of it seen before."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from gyeol.reproduce import REPRODUCTIONS, forecast, run


def test_the_split_is_the_customary_one(monkeypatch: pytest.MonkeyPatch) -> None:
    if "GYEOL_DATA" not in os.environ:
        pytest.skip("GYEOL_DATA names no folder of data sets")
    monkeypatch.setattr(forecast, "_SETTINGS", (("OT", 24, {"batch_size": 64, "stride": 999}),))
    small = {"hidden_size": 4, "epochs": 1, "lookback": 720, "segment": 48}
    monkeypatch.setattr(forecast, "ETTH1", {**forecast.ETTH1, **small})
    fitted: list[tuple[Any, Any]] = []
    from gyeol import Forecaster

    fit = Forecaster.fit

    def watched(self: Forecaster, series: Any, covariates: Any = None, **how: Any) -> Forecaster:
        fitted.append((series, how["validation"][0]))
        return fit(self, series, covariates, **how)

    monkeypatch.setattr(Forecaster, "fit", watched)
    answer = run("etth1", threads=1)
    ((train, valid),) = fitted
    assert (len(train), len(valid)) == (8640, 2880 + 720)
    np.testing.assert_array_equal(train[-720:], valid[:720])
    (part,) = answer["parts"]
    assert part["windows"] == 2880 - 24 + 1
    assert answer["figure"] == pytest.approx(float(part["mse"]), abs=1e-4)
    assert answer["published"] == 0.650


def test_what_is_reported() -> None:
    entry = REPRODUCTIONS["etth1"]
    assert entry.metric == "mse"
    assert {(channels, horizon) for channels, horizon, _ in forecast._SETTINGS} == {
        (channels, horizon) for channels in ("all", "OT") for horizon in (24, 96)
    }
