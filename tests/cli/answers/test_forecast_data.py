"""Files of series as people have them, through `gyeol fit forecast`, `predict` and `evaluate`."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Run

SMALL = [
    *("--set", "hidden_size=4"), *("--set", "segment=6"), *("--set", "epochs=1"), *("--set", "batch_size=32"),
    *("--threads", "1"), *("--horizon", "4"), *("--lookback", "24"), "--calendar",
]  # fmt: skip
BEGIN = datetime(2026, 1, 1)


def wave(n: int) -> float:
    return round(10.5 + 3 * math.sin(n / 4), 3)


def written(path: Path, header: str, row: Callable[[int], tuple[Any, ...]], count: int = 90, mark: str = ",") -> Path:
    lines = [header.replace(",", mark), *(mark.join(map(str, row(n))) for n in range(count))]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def fitted(gyeol: Run, path: Path, *options: Any) -> tuple[Path, dict[str, Any]]:
    answer = gyeol("fit", "forecast", path, "--out", path.parent / "m", *SMALL, *options, "--json").object
    return path.parent / "m", answer


def times(gyeol: Run, model: Path, path: Path) -> list[str]:
    (one, *_) = gyeol("predict", model, "--file", path, "--json").object["forecasts"]
    return list(one["times"])


@pytest.mark.parametrize(
    ("row", "frequency", "following"),
    [
        (
            lambda n: f"{BEGIN + timedelta(hours=n):%Y-%m-%dT%H:%M:%S}+09:00", "hourly",
            ["2026-01-04 18:00+09:00", "2026-01-04 19:00+09:00", "2026-01-04 20:00+09:00", "2026-01-04 21:00+09:00"],
        ),
        (
            lambda n: f"{2006 + n // 12}-{n % 12 + 1:02}-{(29 if n in (25, 73) else 28) if n % 12 == 1 else 30}",
            "monthly (day 30, or the last)", ["2013-07-30", "2013-08-30", "2013-09-30", "2013-10-30"],
        ),
        (
            lambda n: f"{datetime(2024, 1, 1) + timedelta(days=7 * (n // 5) + n % 5):%Y-%m-%d}",
            "business days (Mon-Fri)", ["2024-05-06", "2024-05-07", "2024-05-08", "2024-05-09"],
        ),
        (lambda n: 1767225600000 + 3600000 * n, "hourly",
         ["2026-01-04 18:00+00:00", "2026-01-04 19:00+00:00", "2026-01-04 20:00+00:00", "2026-01-04 21:00+00:00"]),
        (lambda n: f"{2000 + n // 4}Q{n % 4 + 1}", "quarterly", ["2022Q3", "2022Q4", "2023Q1", "2023Q2"]),
    ],
)  # fmt: skip
def test_what_comes_next(
    gyeol: Run, tmp_path: Path, row: Callable[[int], Any], frequency: str, following: list[str]
) -> None:
    file = written(tmp_path / "a.csv", "date,y", lambda n: (row(n), wave(n)))
    model, answer = fitted(gyeol, file)
    assert answer["frequency"] == frequency
    assert times(gyeol, model, file) == following
    assert gyeol("info", model, "--json").object["about"]["frequency"] == frequency
    shown = gyeol("info", model).out
    assert frequency in shown
    assert "grid" not in shown
    recent = tmp_path / "recent.csv"  # so few rows that they alone do not tell
    lines = file.read_text("utf-8").splitlines()
    recent.write_text("\n".join([lines[0], *lines[-24:]]) + "\n", "utf-8")
    assert times(gyeol, model, recent) == following


def test_the_line_of_a_training(gyeol: Run, tmp_path: Path) -> None:
    file = written(
        tmp_path / "a.csv", "shop,Datum,y", lambda n: (f"s{n % 2}", f"{BEGIN + timedelta(n // 2):%d/%m/%Y}", 1.5 * n)
    )
    told = gyeol("fit", "forecast", file, "--out", tmp_path / "m", *SMALL).err
    assert "times: Datum (day first); frequency: daily" in told
    assert "times occur more than once, but only once in each 'shop': 2 series (--series shop)" in told
    answers = gyeol("predict", tmp_path / "m", "--file", file, "--json").object["forecasts"]
    assert [one["series"] for one in answers] == ["s0", "s1"]


def test_decimal_commas_are_asked_about_and_remembered(gyeol: Run, tmp_path: Path) -> None:
    def row(n: int) -> tuple[Any, ...]:
        return BEGIN + timedelta(hours=n), f"{wave(n):.3f}".replace(".", ",")

    file = written(tmp_path / "a.tsv", "date,y", row, mark="\t")
    asked = gyeol("fit", "forecast", file, "--out", tmp_path / "m", *SMALL)
    assert "line 2: '10,500' in column 'y' may be 10500 or 10.5" in asked.mistake
    assert "say --decimal . or --decimal ," in asked.mistake
    model, _ = fitted(gyeol, file, "--decimal", ",")
    (one,) = gyeol("predict", model, "--file", file, "--json").object["forecasts"]
    assert all(5 < value < 16 for value in one["channels"]["y"]["median"])
    points = gyeol("predict", model, "--file", file, "--decimal", ".", "--json").object["forecasts"][0]
    assert all(5000 < value < 16000 for value in points["channels"]["y"]["median"])
    assert gyeol("evaluate", model, file, "--json").object["mae_raw"] < 10
    assert "--decimal ';'" in gyeol("predict", model, "--file", file, "--decimal", ";").mistake
    semicolons = written(tmp_path / "b.csv", "date,y", row, mark=";")
    assert times(gyeol, model, semicolons) == times(gyeol, model, file)


def test_won_keep_every_digit(gyeol: Run, tmp_path: Path) -> None:
    def won(n: int) -> tuple[Any, ...]:
        return f"{BEGIN + timedelta(n):%Y-%m-%d}", f'"{1_234_500_000 + round(9000 * math.sin(n / 4)):,}"'

    file = written(tmp_path / "a.csv", "date,sales", won)
    model, _ = fitted(gyeol, file)
    (one,) = gyeol("predict", model, "--file", file, "--json").object["forecasts"]
    medians = one["channels"]["sales"]["median"]
    assert all(abs(value - 1_234_500_000) < 50_000 for value in medians)
    for name in ("f.csv", "f.tsv"):
        assert gyeol("predict", model, "--file", file, "--out", tmp_path / name).status == 0
        with (tmp_path / name).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="," if name == "f.csv" else "\t"))
        assert [float(row["sales"]) for row in rows] == medians
    assert gyeol("predict", model, "--file", file, "--out", tmp_path / "f.jsonl").status == 0
    (line,) = (tmp_path / "f.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["channels"]["sales"]["median"] == medians
    shown = [line.split()[1] for line in gyeol("predict", model, "--file", file).out.splitlines()[1:]]
    assert shown == [f"{value:.0f}" for value in medians]
    told = gyeol("evaluate", model, file).out
    assert "e+" not in told


def test_missing_values_and_words(gyeol: Run, tmp_path: Path) -> None:
    def row(n: int) -> tuple[Any, ...]:
        return (
            BEGIN + timedelta(hours=n),
            "-999" if n in (3, 70) else wave(n) if n < 86 else "",
            ("맑음", "비", "눈")[n % 3],
        )

    file = written(tmp_path / "a.csv", "date,y,weather", row)
    model, _ = fitted(gyeol, file, "--covariate", "weather", "--target", "y", "--missing", "-999")
    about = gyeol("info", model, "--json").object["about"]
    assert (about["levels"], about["missing"]) == ({"weather": ["맑음", "비", "눈"]}, ["-999"])
    (one,) = gyeol("predict", model, "--file", file, "--json").object["forecasts"]
    assert all(-5 < value < 30 for value in one["channels"]["y"]["median"])
    hail = tmp_path / "hail.csv"
    hail.write_text(file.read_text("utf-8").replace("비", "우박"), "utf-8")
    result = gyeol("predict", model, "--file", hail)
    assert result.status == 0
    assert (
        "'우박' (30) in the covariate 'weather' never occurred in training: taken as none of its categories"
        in result.err
    )


def test_other_zones_and_frequencies_are_told(gyeol: Run, tmp_path: Path) -> None:
    file = written(
        tmp_path / "a.csv", "date,y", lambda n: (f"{BEGIN + timedelta(hours=n):%Y-%m-%dT%H:%M}+09:00", wave(n))
    )
    model, _ = fitted(gyeol, file)
    utc = written(
        tmp_path / "b.csv", "date,y", lambda n: (f"{BEGIN + timedelta(hours=n - 9):%Y-%m-%dT%H:%M}Z", wave(n))
    )
    result = gyeol("predict", model, "--file", utc, "--json")
    assert "the times are of +00:00: converted to +09:00, the zone of the training" in result.err
    assert result.object["forecasts"] == gyeol("predict", model, "--file", file, "--json").object["forecasts"]
    quarters = written(
        tmp_path / "c.csv", "date,y", lambda n: (f"{BEGIN + timedelta(minutes=15 * n):%Y-%m-%dT%H:%M}+09:00", wave(n))
    )
    told = gyeol("predict", model, "--file", quarters).err
    assert "the times are every 15 min, and those of the training were hourly" in told


def test_a_model_of_before_still_answers(gyeol: Run, tmp_path: Path) -> None:
    file = written(tmp_path / "a.csv", "date,y", lambda n: (BEGIN + timedelta(hours=n), wave(n)))
    model, _ = fitted(gyeol, file)
    path = model / "config.json"
    config = json.loads(path.read_text("utf-8"))
    for name in ("frequency", "zone", "grid", "decimal_mark"):
        config["about"].pop(name)
    path.write_text(json.dumps(config), "utf-8")
    assert times(gyeol, model, file)[0] == "2026-01-04 18:00"
    config["about"]["grid"] = {"unit": "slots", "step": "x"}
    path.write_text(json.dumps(config), "utf-8")
    assert times(gyeol, model, file)[0] == "2026-01-04 18:00"
