"""Whether every benchmark runs and answers what it promises; never how fast."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gyeol import ParameterError, bench
from gyeol.bench import fit, layers, lengths, peers
from gyeol.bench.figures import figure, geometric_mean, highest, lowest
from gyeol.kernels import native

FIGURE = {"value", "target", "met", "where"}


def held(result: dict[str, Any]) -> None:
    """Check what every result has, and that JSON can hold it."""
    assert {"name", "title", "quick", "machine", "precisions", "rows", "summary"} <= set(result)
    assert "gyeol" in " ".join(result["precisions"]) or {"auto", "float32"} <= set(result["precisions"])
    assert result["rows"]
    assert all(set(found) == FIGURE and found["met"] is None for found in result["summary"].values())
    assert {"processor", "cores", "threads", "versions", "kernels", "load", "warning"} == set(result["machine"])
    json.dumps(result, allow_nan=False)


def timed_ways() -> set[str]:
    return set(peers.ONEDNN if native.bfloat16_available() else peers.FLOAT32)


def test_layers() -> None:
    told: list[str] = []
    result = bench.run("layers", quick=True, threads=1, note=told.append)
    held(result)
    assert {row["cell"] for row in result["rows"]} == set(peers.CELLS)
    assert {row["pass"] for row in result["rows"]} == set(layers.PASSES)
    for row in result["rows"]:
        alone = row["cell"] == "gru_before"
        assert (row["peer"] is None) == (row["ratio"] is None) == alone
        assert row["of_sgemm"] == pytest.approx(row["gflops"] / row["sgemm"])
        assert set(row["seconds"]) - {"gyeol", "gyeol bfloat16"} == (set() if alone else timed_ways())
        assert (row["bfloat16_over_torch"] is None) == (alone or not native.bfloat16_available())
        for timing in row["seconds"].values():
            assert 0 < timing["min"] <= timing["median"] <= timing["max"]
    assert len([line for line in told if "GFLOP/s" in line]) == len(result["rows"])


def test_lengths() -> None:
    result = bench.run("lengths", quick=True, threads=1)
    held(result)
    assert result["data"] == "reviews (train)"
    real = [row for row in result["rows"] if "cell" in row]
    assert {row["cell"] for row in real} == {"rnn", "lstm", "gru"}
    assert all(0 < row["fill"] <= 1 and "packed" in row["seconds"] for row in real)
    assert ("autocast-packed" in real[0]["seconds"]) == native.bfloat16_available()
    long = [row for row in result["rows"] if "length" in row]
    assert len({row["tokens"] for row in long}) == 1
    assert result["summary"]["time per token, dearest length over cheapest"]["value"] >= 1


def test_precision() -> None:
    result = bench.run("precision", quick=True, threads=1)
    held(result)
    assert [(row["cell"], row["batch"]) for row in result["rows"]] == [
        (cell, batch) for cell in ("rnn", "lstm", "gru") for batch in (1, 8)
    ]
    for row in result["rows"]:
        assert set(row["seconds"]) >= {"auto", "float32", row["best"]}
        assert 0 < row["chosen_of_best"] <= 1


def test_translate() -> None:
    result = bench.run("translate", quick=True, threads=1)
    held(result)
    train, search = result["rows"]
    assert set(train["tokens per second"]) == {"auto", "float32", *timed_ways()}
    assert all(seconds > 0 for seconds in search["seconds"].values())


def test_language() -> None:
    told: list[str] = []
    result = bench.run("language", quick=True, threads=1, note=told.append)
    held(result)
    train, write = result["rows"]
    assert set(train["tokens per second"]) == {"auto", "float32", *timed_ways()}
    assert {"float32", "torch"} <= set(write["microseconds"])
    assert result["summary"]["writing, float32, over torch"]["value"] > 0
    assert any("microseconds a token" in line for line in told)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Gensim leaves the file it reads open
def test_vectors() -> None:
    pytest.importorskip("gensim", reason="Gensim is not installed")
    told: list[str] = []
    result = bench.run("vectors", quick=True, threads=1, note=told.append)
    held(result)
    assert result["data"] == "reviews (train)"
    works = [row["work"] for row in result["rows"]]
    assert works[:4] == ["tfidf word", "tfidf word 1-2", "read GloVe text", "ten nearest words"]
    assert works[4] == "train on reviews (train)"
    assert all(row["ratio"] == pytest.approx(row["peer seconds"] / row["seconds"]) for row in result["rows"])
    assert len(result["summary"]) == 4
    assert len(told) >= 5


def test_step(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    result = bench.run("step", quick=True, threads=1, note=told.append)
    held(result)
    (row,) = result["rows"]
    for kind, have in (("bfloat16", native.steps_in("bfloat16")), ("int8", native.int8_available())):
        assert (f"gyeol {kind}" in row["seconds"]) == (row[f"{kind} microseconds"] is not None) == have
        assert any(f"{kind} " in line for line in told) == have
    assert (row["int8 share"] is not None) == native.int8_available()
    assert {f"time of a step over onnxruntime's, hidden {size}" for size in (128, 256, 512)} <= set(result["summary"])
    monkeypatch.setattr(native, "int8_available", lambda: False)
    result = bench.run("step", quick=True, threads=1)
    assert result["rows"][0]["int8 microseconds"] is None
    assert result["summary"]["time of a step in int8 over bfloat16's"]["value"] is None


def test_the_threads_are_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def fail(**_: Any) -> Any:
        seen.append(torch.get_num_threads())
        raise KeyboardInterrupt

    monkeypatch.setitem(bench.BENCHES, "layers", bench.Bench("", fail))
    with pytest.raises(KeyboardInterrupt):
        bench.run("layers", threads=2)
    assert (seen, torch.get_num_threads()) == ([2], 1)


def test_what_differs_is_never_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    build_trio = peers.build_trio

    def wrong(cell: str, size: int) -> peers.Trio:
        trio = build_trio(cell, size)
        with torch.no_grad():
            next(trio.float32.parameters())[0] += 0.01
        return trio

    def timed(*_: Any, **__: Any) -> Any:
        raise RuntimeError("timed all the same")

    for module in (layers, lengths):
        monkeypatch.setattr(module, "build_trio", wrong)
        monkeypatch.setattr(module, "take_turns", timed)
        with pytest.raises(AssertionError, match=r"rnn, .* differs by"):
            module.run(quick=True)


def test_unknown() -> None:
    with pytest.raises(ParameterError, match="there is no benchmark 'layer'; did you mean 'layers'"):
        bench.run("layer")
    with pytest.raises(ParameterError, match=r"'layers' has no peer 'torh'; did you mean 'torch'\? Possible: .*none"):
        bench.run("layers", peers=["torch", "torh"])
    with pytest.raises(ParameterError, match="the peer 'none' stands alone; came torch, none"):
        bench.run("layers", peers=["torch", "none"])


def test_peers_are_chosen() -> None:
    result = bench.run("lengths", quick=True, threads=1, peers=["packed"])
    held(result)
    real = [row for row in result["rows"] if "cell" in row]
    assert all(set(row["seconds"]) - {"gyeol", "gyeol bfloat16"} == {"packed"} for row in real)
    assert all(row["ratio_padded"] is None and row["ratio_packed"] > 0 for row in real)
    for name in ("step", "translate"):
        alone = bench.run(name, quick=True, threads=1, peers=["none"])
        held(alone)
        assert {name.split()[0] for name in alone["precisions"]} <= {"gyeol", "floor", "auto", "float32", "int8"}


def test_a_budget_cuts_batches_and_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lengths, "SIZES", (16,))
    for name, value in (("LONG", (10, 20)), ("LONG_ROWS", 2), ("LONG_SIZE", 16), ("sgemm_rate", lambda size: 100.0)):
        monkeypatch.setattr(lengths, name, value)
    monkeypatch.setattr(lengths, "real_lengths", lambda *, quick: ("some", np.full(60 * 6, 5)))
    result = bench.run("lengths", threads=1, peers=["none"])
    assert result["reduced"] == []
    assert min(t["rounds"] for row in result["rows"] for t in row["seconds"].values()) >= lengths.LEAST
    hurried = lengths.run(peers=(), seconds=0.0)
    assert [row["seconds"]["gyeol"]["rounds"] for row in hurried["rows"]] == [1] * len(hurried["rows"])
    assert "lstm, hidden 16, batches: 1 in place of 6" in hurried["reduced"]
    assert "lengths 10 to 4,000, rounds: 1 in place of 3" in hurried["reduced"]


def test_figures() -> None:
    cases = [(2.0, "a"), (0.5, "b"), (1.0, "c")]
    assert lowest(cases, at_least=0.5) == {"value": 0.5, "target": "at least 0.5", "met": True, "where": "b"}
    assert highest(cases, at_most=1.5) == {"value": 2.0, "target": "at most 1.5", "met": False, "where": "a"}
    assert geometric_mean(cases)["value"] == pytest.approx(1.0)
    for nothing in (lowest([], at_least=1.0), geometric_mean([], at_least=1.0), figure(None, at_most=1.0)):
        assert (nothing["value"], nothing["met"]) == (None, None)


def a_row(cell: str, batch: int, hidden: int, **values: Any) -> dict[str, Any]:
    return {
        "cell": cell, "batch": batch, "hidden": hidden, "pass": "forward+backward",
        "ratio": 3.0, "of_sgemm": 1.0, "bfloat16_ratio": 2.0, "bfloat16_over_torch": 2.5, **values,
    }  # fmt: skip


def test_each_figure_of_the_layers_is_of_the_cases_that_its_name_says() -> None:
    rows = [
        a_row("lstm", 1, 64, ratio=1.5, of_sgemm=0.1, bfloat16_ratio=0.5),
        a_row("rnn", 8, 256, ratio=1.8, of_sgemm=0.2, bfloat16_over_torch=0.2),
        a_row("rnn", 8, 512, ratio=1.6, of_sgemm=0.2, bfloat16_ratio=1.7),
        a_row("gru_before", 32, 128, ratio=None, of_sgemm=0.9),
        a_row("lstm", 32, 1024, ratio=0.2, of_sgemm=0.2, bfloat16_over_torch=1.6, bfloat16_ratio=0.3),
        a_row("lstm", 128, 512, **{"pass": "forward", "of_sgemm": 1.2, "ratio": 0.1, "bfloat16_ratio": None}),
    ]
    found = {name: (f["value"], f["met"], f["where"]) for name, f in layers.summarise(rows).items()}
    assert found["worst ratio to the best torch.nn, forward+backward"] == (1.5, True, "lstm, batch 1, hidden 64")
    plain = "worst ratio to it, GRU and RNN, H <= 256, forward+backward"
    assert found[plain] == (1.8, False, "rnn, batch 8, hidden 256")
    gated = "worst rate over SGEMM's, LSTM and GRU, B >= 32, H >= 128, forward"
    assert found[gated] == (1.2, True, "lstm, batch 128, hidden 512")
    wide = "worst rate over SGEMM's, B >= 32, H >= 128, forward+backward"
    assert found[wide] == (0.9, True, "gru_before, batch 32, hidden 128")
    tiles = "the same, LSTM and GRU, B >= 32, H >= 128, geometric mean"
    assert found[tiles] == (pytest.approx(2.0), True, "2 cases")
    assert found["the same, the worst"] == (1.6, True, "lstm, batch 32, hidden 1024")
    half = "worst ratio of bfloat16 to float32, H >= 256, forward"
    assert found[half] == (None, None, "")
    assert found[f"{half}+backward"] == (1.7, True, "rnn, batch 8, hidden 512")


def trained(rate: float, **values: Any) -> dict[str, Any]:
    return {
        "documents_per_second": rate, "seconds": 100.0, "peak_rss_mb": 400.0, "train_loss": 0.5,
        "valid_accuracy": 0.8, "parameters": 5000, "documents": 200, **values,
    }  # fmt: skip


ANSWERS = {
    "float32": trained(3000.0),
    "bfloat16": trained(6000.0, valid_accuracy=0.799),
    "autocast": trained(2000.0),
    "without-onednn": trained(500.0),
    "tuned": trained(1500.0, peak_rss_mb=500.0),
    "tutorial": trained(300.0),
    "keras": "keras is not installed: pip install keras jax",
}


def answers(command: list[str], given: dict[str, Any]) -> Any:
    return next(answer for name, answer in given.items() if any(name in part for part in command))


def test_fit_beside_the_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def train(command: list[str], seconds: float) -> Any:
        assert 0 <= seconds <= 270
        order.append(next(name for name in ANSWERS if any(name in part for part in command)))
        return answers(command, ANSWERS)

    monkeypatch.setattr(fit, "_train", train)
    monkeypatch.setattr(fit, "bfloat16_available", lambda: True)
    monkeypatch.setattr(fit, "assert_same_net", lambda path: None)
    monkeypatch.setattr(fit, "BENCHMARKS", Path(__file__).parent)
    result = fit.run(rounds=2)
    tuned = ["tuned", "without-onednn", "autocast"]
    everybody = ["float32", "bfloat16", *tuned, "tutorial"]
    assert order == [*everybody, "keras", *everybody]  # in turns; who is not here is asked once
    assert list(result["absent"]) == ["keras"]
    values = {name: (f["value"], f["met"]) for name, f in result["summary"].items()}
    assert values["float32 over PyTorch tuned"] == (2.0, True)
    assert values["bfloat16 over PyTorch tuned"] == (4.0, True)
    assert values["bfloat16 over PyTorch tuned, under autocast"] == (3.0, True)
    assert values["float32 over the PyTorch tutorial's way"] == (10.0, True)
    assert values["float32 over Keras fit"] == (None, None)
    assert values["peak memory over PyTorch tuned"] == (0.8, True)
    assert values["accuracy lost by bfloat16, one epoch, points"][0] == pytest.approx(0.1)
    order.clear()
    fit.run(rounds=2, peers=["tutorial"])
    assert order == ["float32", "bfloat16", "tutorial"] * 2
    order.clear()
    hurried = fit.run(rounds=3, seconds=0.0)
    assert order == [*everybody, "keras"]  # each once
    assert hurried["reduced"][0] == "gyeol, rounds: 1 in place of 3"


def test_fit_ends_who_is_not_done(tmp_path: Path) -> None:
    script = tmp_path / "slow.py"
    script.write_text("import time; time.sleep(60)")
    assert fit._train([sys.executable, str(script)], 0.0) == "not done within the 0 seconds that were left"


def test_fit_refuses_other_nets_and_other_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "assert_same_net", lambda path: None)
    monkeypatch.setattr(fit, "BENCHMARKS", Path(__file__).parent)
    for wrong in ({"parameters": 5001}, {"documents": 201}):
        given = {**ANSWERS, "tutorial": trained(1.0, **wrong)}
        monkeypatch.setattr(fit, "_train", lambda command, _, given=given: answers(command, given))
        with pytest.raises(AssertionError, match="these trainings are not the same"):
            fit.run()
    keras = {**ANSWERS, "keras": trained(10.0, parameters=5000 - 1024)}  # one bias a direction less
    monkeypatch.setattr(fit, "_train", lambda command, _: answers(command, keras))
    assert fit.run()["summary"]["float32 over Keras fit"]["value"] == 300.0


def test_fit_without_a_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fit, "BENCHMARKS", tmp_path / "nothing")
    monkeypatch.setattr(fit, "_train", lambda command, _: answers(command, ANSWERS))
    result = fit.run(rounds=1)
    assert all("part of a checkout only" in result["absent"][name] for name in fit.SCRIPTS)
    assert result["rows"][0]["who"] == "gyeol"


@pytest.mark.skipif(not fit.BENCHMARKS.is_dir(), reason="an installed copy: the scripts are part of a checkout")
def test_the_peers_net_is_gyeols() -> None:
    fit.assert_same_net(fit.find_source("reviews", "train").path)
    assert all((fit.BENCHMARKS / script).is_file() for script, *_ in fit.SCRIPTS.values())
