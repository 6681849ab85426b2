"""`gyeol fit forecast`, `evaluate`, `predict` of forecasters."""

from __future__ import annotations

import csv
import json
import math
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gyeol.data.synthetic.hourly_load import write_load

from ..conftest import Run

SMALL = [
    *("--set", "hidden_size=8"), *("--set", "segment=12"), *("--set", "epochs=2"), *("--set", "batch_size=32"),
    *("--set", "learning_rate=0.01"), *("--threads", "1"), *("--horizon", "12"), *("--lookback", "48"),
]  # fmt: skip
BEGIN = datetime(2026, 1, 1)


def written(path: Path, count: int = 300, header: str = "date,전력,heat") -> Path:
    rows = [
        f"{BEGIN + timedelta(hours=n)},{math.sin(n / 12 * math.pi):.4f},{math.cos(n / 12 * math.pi) + n % 3:.4f}"
        for n in range(count)
    ]
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "train.csv")


@pytest.fixture
def model(gyeol: Run, file: Path, tmp_path: Path) -> Path:
    answer = gyeol("fit", "forecast", file, "--out", tmp_path / "m", *SMALL, "--json").object
    assert (answer["task"], answer["channels"], answer["season"]) == ("forecast", ["전력", "heat"], 24)
    assert {"mse", "mae", "mase", "coverage", "linear_mse", "linear_mae", "seasonal_naive_mse"} <= set(answer)
    return tmp_path / "m"


def test_from_a_file_to_answers(gyeol: Run, model: Path, file: Path, tmp_path: Path) -> None:
    figures = gyeol("evaluate", model, file, "--json").object
    assert figures["windows"] == 300 - 59
    assert set(figures["baselines"]) == {"linear", "seasonal_naive"}
    assert [own["channel"] for own in figures["per_channel"]] == ["전력", "heat"]
    shown = gyeol("evaluate", model, file).out
    assert "seasonal naive (24)" in shown
    assert "linear" in shown
    assert "inside the 80.00 % interval" in shown
    told = gyeol("predict", model, "--file", file, "--json").object
    (one,) = told["forecasts"]
    assert one["times"][0] == "2026-01-13 12:00"
    assert list(one["channels"]) == ["전력", "heat"]
    assert len(one["channels"]["heat"]["median"]) == 12
    assert list(one["channels"]["heat"]["quantiles"]) == ["0.1", "0.5", "0.9"]
    assert gyeol("predict", model, "--file", file).out.splitlines()[0].split("  ")[0] == "date"
    assert gyeol("predict", model, "--file", file, "--out", tmp_path / "f.csv").status == 0
    with (tmp_path / "f.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 12
    assert rows[0]["date"] == "2026-01-13 12:00"
    assert float(rows[3]["전력"]) == pytest.approx(one["channels"]["전력"]["median"][3], rel=1e-4)
    assert float(rows[3]["전력 0.1"]) <= float(rows[3]["전력"]) <= float(rows[3]["전력 0.9"])
    info = gyeol("info", model, "--json").object
    assert (info["task"], info["tokenizer"]) == ("forecast", "none: numbers are given")
    assert info["about"]["target"] == ["전력", "heat"]


def test_a_picture(gyeol: Run, model: Path, file: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'gyeol[plots]'")
    answer = gyeol("predict", model, "--file", file, "--out", tmp_path / "look.png", "--json").object
    assert answer["out"] == str(tmp_path / "look.png")
    assert (tmp_path / "look.png").read_bytes().startswith(b"\x89PNG")


def test_what_people_read(gyeol: Run, file: Path, tmp_path: Path) -> None:
    result = gyeol("fit", "forecast", file, "--target", "heat", "--out", tmp_path / "m", *SMALL)
    assert result.status == 0
    lines = result.out.splitlines()
    assert [line.split("  ")[0] for line in lines[1:4]] == ["this model", "linear", "seasonal naive (24)"]
    assert "train.csv: 300 steps, one every 1 h; heat" in result.err
    assert "valid linear mse" in result.err
    assert gyeol("predict", tmp_path / "m", "--file", file).out.split()[:2] == ["date", "heat"]


def test_covariates_calendar_and_series(gyeol: Run, tmp_path: Path) -> None:
    rows = ["shop,date,sale,sales"]
    for shop, bias in (("강남", 0), ("b", 5)):
        rows += [
            f"{shop},{BEGIN + timedelta(hours=n)},{n % 7 == 0:d},{'' if n >= 148 else bias + n % 24 + 3 * (n % 7 == 0)}"
            for n in range(160)
        ]
    (tmp_path / "shops.tsv").write_text("\n".join(rows).replace(",", "\t") + "\n", "utf-8")
    options = ["--series", "shop", "--target", "sales", "--covariate", "sale", "--calendar"]
    out = tmp_path / "m"
    assert gyeol("fit", "forecast", tmp_path / "shops.tsv", *options, "--out", out, *SMALL, "-q").status == 0
    told = gyeol("predict", out, "--file", tmp_path / "shops.tsv", "--json").object["forecasts"]
    assert [one["series"] for one in told] == ["강남", "b"]
    assert told[0]["times"][0] == "2026-01-07 04:00"
    lines = gyeol("predict", out, "--file", tmp_path / "shops.tsv", "--out", tmp_path / "f.tsv")
    assert lines.status == 0
    assert (tmp_path / "f.tsv").read_text("utf-8").splitlines()[0] == "shop\tdate\tsales\tsales 0.1\tsales 0.9"
    assert gyeol("evaluate", out, tmp_path / "shops.tsv", "--json").object["windows"] == 2 * (148 - 59)
    assert (
        "shows one series, but the file has 2"
        in gyeol("predict", out, "--file", tmp_path / "shops.tsv", "--out", tmp_path / "x.png").mistake
    )
    short = "\n".join(row for n, row in enumerate(rows) if n < 150).replace(",", "\t")
    (tmp_path / "short.tsv").write_text(short + "\n", "utf-8")
    assert (
        "covariates of 12 steps after the last value are needed"
        in gyeol("predict", out, "--file", tmp_path / "short.tsv").mistake
    )
    few = [f"새,{BEGIN + timedelta(hours=n)},0,{'' if n >= 8 else n}" for n in range(20)]
    (tmp_path / "more.tsv").write_text("\n".join([*rows, *few]).replace(",", "\t") + "\n", "utf-8")
    asked = gyeol("predict", out, "--file", tmp_path / "more.tsv", "--json")
    assert asked.status == 0
    assert [(one["series"], "error" in one) for one in asked.object["forecasts"]] == [
        ("강남", False), ("b", False), ("새", True),
    ]  # fmt: skip
    assert "more.tsv: 1 series without a forecast: the series '새' has 8 steps" in asked.err
    assert "the series '새' has 8 steps" in gyeol("predict", out, "--file", tmp_path / "more.tsv", "--strict").mistake


def test_the_built_in_series(gyeol: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gyeol.data.synthetic.hourly_load.write_load.__kwdefaults__", {"count": 400, "seed": 0})
    answer = gyeol(
        "fit", "forecast", "load", "--out", tmp_path / "m", "--covariate", "holiday", *SMALL, "--json"
    ).object
    assert answer["channels"] == ["load"]
    figures = gyeol("evaluate", tmp_path / "m", "load", "--json").object
    assert figures["data"] == "load (test)"
    assert "load" in gyeol("data", "list").out
    assert "is not suitable here" in gyeol("fit", "classify", "load", "--out", tmp_path / "n").mistake
    assert "suitable ones: load" in gyeol("fit", "forecast", "reviews", "--out", tmp_path / "n").mistake
    assert gyeol("data", "make", "load", "--out", tmp_path / "s.csv", "--count", 30, "--seed", 2).status == 0
    assert (tmp_path / "s.csv").read_bytes() == write_load(tmp_path / "t.csv", count=30, seed=2).read_bytes()


def test_it_goes_on_after_an_interruption(gyeol: Run, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "m"
    assert "nothing to resume" in gyeol("fit", "forecast", file, "--out", out, *SMALL, "--resume").mistake
    assert gyeol("fit", "forecast", file, "--out", out, *SMALL, "--time-limit", "5m", "-q").status == 0
    assert not (tmp_path / "m.checkpoint").exists()


def test_a_file_to_watch(gyeol: Run, file: Path, tmp_path: Path) -> None:
    options = ["--valid", written(tmp_path / "valid.csv", 100), "--out", tmp_path / "m", *SMALL, "--json"]
    assert gyeol("fit", "forecast", file, *options).status == 0
    config = json.loads((tmp_path / "m" / "config.json").read_text("utf-8"))
    assert config["about"]["validation"] == "given"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "heet"], "no column 'heet' (--target); did you mean 'heat'"),
        (["--time", "when"], "no column 'when' (--time)"),
        (["--horizon", "400"], "the longest series has 300 steps, too few for horizon=400"),
        (["--horizon", "0"], "horizon=0 must be a whole number"),
        (["--set", "quantiles=[0.2,0.8]"], "0.5 among them"),
        (["--set", "decodr=direct"], "--set decodr is not a setting of this task; did you mean 'decoder'"),
    ],
)
def test_mistakes_of_a_training(gyeol: Run, file: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    assert message in gyeol("fit", "forecast", file, "--out", tmp_path / "m", "-q", *SMALL, *arguments).mistake
    assert not (tmp_path / "m").exists()


def test_mistakes_of_a_question(gyeol: Run, model: Path, file: Path, tmp_path: Path) -> None:
    assert "a forecaster needs a file" in gyeol("predict", model, "more").mistake
    assert "--top is for models of 'fit classify', " in gyeol("predict", model, "--file", file, "--top", 3).mistake
    short = written(tmp_path / "short.csv", 20)
    assert "the history has 20 steps, but this model reads 48" in gyeol("predict", model, "--file", short).mistake
    assert "no series has the 60 steps of a window" in gyeol("evaluate", model, short).mistake
    other = written(tmp_path / "other.csv", header="date,전력,cold")
    assert "no column 'heat' (--target)" in gyeol("predict", model, "--file", other).mistake
    assert "(s), and there were 2 in training" in gyeol("evaluate", model, file, "--target", "heat").mistake
    assert "unknown file type '.xyz'" in gyeol("predict", model, "--file", file, "--out", tmp_path / "a.xyz").mistake
    rows = file.read_text("utf-8").splitlines()
    (tmp_path / "mixed.csv").write_text("\n".join([*rows[:50], rows[10], *rows[50:]]) + "\n", "utf-8")
    assert (
        "mixed.csv, line 51: the time 2026-01-01 09:00 comes after a later one; sort the file by time"
        in gyeol("predict", model, "--file", tmp_path / "mixed.csv").mistake
    )
