"""`gyeol reproduce ecg5000`, `row-digits` and `adding`, in small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gyeol.data.catalogue import lookup
from gyeol.reproduce.series import sequences as series

QUICK = {"hidden_size": 8, "epochs": 2, "batch_size": 8}


def test_heartbeats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    rows = [[1 + n % 2, *(random.normal(size=12) + 3 * (n % 2))] for n in range(40)]
    np.savetxt(tmp_path / "a.txt", rows)
    monkeypatch.setattr(lookup, "resolve_file", lambda name, role: tmp_path / "a.txt")
    answer = series._heartbeats({**series.HEARTBEATS, **QUICK, "learning_rate": 0.03}, 0, 1, tmp_path / "m", None)
    assert answer["figure"] > 0.9
    assert [part["class"] for part in answer["parts"]] == ["1", "2"]
    assert (tmp_path / "m" / "config.json").is_file()


def test_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "_TEST_DIGITS", 1600)
    answer = series._digits({**series.DIGITS, **QUICK}, 0, 1, tmp_path / "m", None)
    assert answer["figure"] == min(answer["lstm"], answer["gru"])
    assert answer["beside"] == answer["rnn"]
    assert [part["cell"] for part in answer["parts"]] == ["lstm", "gru", "rnn"]
    assert (tmp_path / "m" / "config.json").is_file()


def test_sums(tmp_path: Path) -> None:
    counts = {"train": 40, "valid": 20, "test": 20}
    answer = series._adding({**series.ADDING, **QUICK}, (10, 12), counts, 0, 1, tmp_path / "m", None)
    assert [(part["steps"], part["cell"]) for part in answer["parts"]][::3] == [(10, "lstm"), (12, "lstm")]
    assert len(answer["parts"]) == 6
    assert answer["figure"] == pytest.approx(
        max(float(part["mse"]) for part in answer["parts"] if part["cell"] != "rnn"), abs=1e-5
    )
    assert (tmp_path / "m" / "config.json").is_file()
