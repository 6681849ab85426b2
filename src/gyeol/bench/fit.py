"""A whole training, gyeol's beside the peers' scripts in ``benchmarks/``: alternating processes, the same documents."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from gyeol.bench import classifier
from gyeol.bench.budget import Budget
from gyeol.bench.classifier import SETTINGS, read
from gyeol.bench.figures import figure
from gyeol.bench.peers import assert_close, precisions
from gyeol.data.text.sources import find_source
from gyeol.errors import DataError
from gyeol.inputs import TextBatch, TextInput
from gyeol.kernels.native import bfloat16_available
from gyeol.tasks import TextClassifier

__all__ = ["BENCHMARKS", "PEERS", "run"]

#: The scripts, in a checkout; an installed package has none.
BENCHMARKS = Path(__file__).parents[3] / "benchmarks"

_TUNED = "nsmc_pytorch_tuned.py"
SCRIPTS = {
    "tuned": [_TUNED],
    "tuned-without-onednn": [_TUNED, "--without-onednn"],
    "tuned-autocast": [_TUNED, "--autocast"],
    "tutorial": ["nsmc_pytorch_tutorial.py"],
    "keras": ["nsmc_keras.py"],
}
PEERS = tuple(SCRIPTS)
_TUNED_FLOAT32 = ("tuned", "tuned-without-onednn")
#: What Keras has fewer: an LSTM of 4 x 128 gates has one bias a direction where PyTorch's has two.
FEWER = {"keras": 2 * 4 * 128}
_NOT_HERE = 2  # a script's exit status where its package is not installed


def run(
    *,
    quick: bool = False,
    note: Callable[[str], None] = lambda line: None,
    peers: Collection[str] = PEERS,
    documents: int = 8_000,
    rounds: int = 3,
    seconds: float = 270.0,
) -> dict[str, Any]:
    """Time trainings of one epoch each.

    Parameters
    ----------
    quick : bool
        Some 200 of the built-in reviews, one round.
    note : callable
        Told a line a training.
    peers : collection of str
        Of `PEERS`.
    documents : int
        How many to train on.
    rounds : int
        Trainings of each contestant.
    seconds : float
        For the whole. Who would not be done in what is left, after its former rounds, sits out the further ones; who is
        not done at the end of it is ended, and absent.

    Returns
    -------
    dict
        ``rows``, ``summary``, ``precisions``, ``data`` (which documents), ``absent`` (who could not take part, and why)
        and ``reduced`` (who had fewer rounds).
    """
    if quick:
        documents, rounds = 200, 1
    try:
        source = find_source("reviews" if quick else "nsmc", "train")
    except DataError:  # not downloaded
        source = find_source("reviews", "train")
    commands, absent = _commands(peers)
    if BENCHMARKS.is_dir():
        assert_same_net(source.path)
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
    budget, taken = Budget(seconds, rounds), dict.fromkeys(commands, 0.0)
    for number in range(rounds):
        for name, command in commands.items():
            # Whose round is dear shall leave time for the others' rounds, which are cheap.
            if name in absent or (number and taken[name] / number > budget.left() / (rounds - number)):
                continue
            started = time.monotonic()
            result = _train([*command, str(source.path), "--documents", str(documents)], budget.left())
            taken[name] += time.monotonic() - started
            if isinstance(result, str):
                if not results[name]:
                    absent[name] = result
                taken[name] = float("inf")  # no further round
                note(f"{name}: {result}")
                continue
            results[name].append(result)
            _assert_same_size(results)
            note(f"{name}, round {number + 1}: {result['documents_per_second']:,.0f} documents/s")
    for name, found in results.items():
        if found and len(found) < rounds:
            budget.reduced.append(f"{name}, rounds: {len(found)} in place of {rounds}")
    rows = [_row(name, found) for name, found in results.items() if found]
    return {
        "data": source.name,
        "precisions": {row["who"]: row["precision"] for row in rows},
        "absent": absent,
        "reduced": budget.reduced,
        "rows": rows,
        "summary": summarise(rows),
    }


def _commands(peers: Collection[str]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Say how each contestant is started, and who cannot take part, and why."""
    # By its path: as a part of this package it would load all benchmarks, and 30 MB of libraries that it does not use.
    own = [sys.executable, "-P", classifier.__file__, "--precision"]
    commands, absent = {"gyeol": [*own, "float32"]}, {}
    if bfloat16_available():
        commands["gyeol bfloat16"] = [*own, "bfloat16"]
    else:
        absent["gyeol bfloat16"] = "this processor does not multiply bfloat16"
    for name, (script, *options) in SCRIPTS.items():
        if name in peers and BENCHMARKS.is_dir():
            commands[name] = [sys.executable, str(BENCHMARKS / script), *options]
        elif name in peers:
            absent[name] = f"its script is not here: {BENCHMARKS} is part of a checkout only"
    return commands, absent


def _train(command: list[str], seconds: float) -> dict[str, Any] | str:
    """Run a training in a process of its own; returns its line, or why there is none."""
    threads = str(torch.get_num_threads())
    # A thread that waits shall give its core away, as in gyeol.cli.app; and no library starts more than requested.
    environment = {"GOMP_SPINCOUNT": "1000", **os.environ, "OMP_NUM_THREADS": threads}
    try:
        done = subprocess.run(  # noqa: S603  # our own scripts
            [*command, "--threads", threads],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
            timeout=max(seconds, 1.0),
        )
    except subprocess.TimeoutExpired:
        return f"not done within the {seconds:.0f} seconds that were left"
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    if done.returncode == _NOT_HERE:
        return last
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} left with {done.returncode}: {last}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def _assert_same_size(results: dict[str, list[dict[str, Any]]]) -> None:
    """Hold all to the same documents and the same number of parameters."""
    sizes = {
        name: (result["parameters"] + FEWER.get(name, 0), result["documents"])
        for name, found in results.items()
        for result in found
    }
    if len(set(sizes.values())) > 1:
        raise AssertionError(f"these trainings are not the same: (parameters, documents) are {sizes}")


def assert_same_net(path: Path) -> None:
    """Give the peers' net the weights of gyeol's: on texts of different lengths both must answer the same.

    Raises
    ------
    AssertionError
        Their logits differ. Nothing was timed then.
    """
    (texts, labels), valid = read(path, 64)
    model = TextClassifier(**SETTINGS, epochs=1, threads=torch.get_num_threads())
    model.fit(texts, labels, validation=valid)
    # Where weights of ours go: the names are alike but for the attention's.
    weights = {name.removeprefix("summary.attention."): w for name, w in model.net_.state_dict().items()}
    inputs, ours = model.inputs_, model.net_
    assert isinstance(inputs, TextInput)
    ragged = inputs.batch(inputs.encode(texts), np.arange(len(texts)))
    shortest = int(ragged.lengths.min())
    even = TextBatch(ragged.tokens[:, :shortest], torch.full_like(ragged.lengths, shortest))
    build_net = _peers_net()
    for packed, batch in ((True, ragged), (False, even)):
        net = build_net(len(inputs.vocabulary), len(model.classes_), packed=packed)
        net.load_state_dict(weights)
        net.eval()
        with torch.no_grad():
            actual, expected = ours(batch)[0], net(batch.tokens, batch.lengths)
        assert_close([actual], [expected], f"the peers' net, {'packed' if packed else 'padded'}")


def _peers_net() -> Any:
    specification = importlib.util.spec_from_file_location("pytorch_net", BENCHMARKS / "pytorch_net.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.Net


def _row(name: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    rates = [r["documents_per_second"] for r in found]
    return {
        "who": name,
        "precision": precisions([name])[name],
        "documents_per_second": median(rates),
        "slowest": min(rates),
        "fastest": max(rates),
        "peak_rss_mb": median(r["peak_rss_mb"] for r in found),
        "train_loss": found[0]["train_loss"],
        "valid_accuracy": found[0]["valid_accuracy"],
        "parameters": found[0]["parameters"],
        "documents": found[0]["documents"],
        "rounds": len(found),
    }


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Draw the figures that must hold out of the rows."""
    by_name = {row["who"]: row for row in rows}

    def ratio(name: str, *over: str, what: str = "documents_per_second") -> float | None:
        """Set it beside the fastest of the others."""
        others = [by_name[other] for other in over if other in by_name]
        if name not in by_name or not others:
            return None
        best = max(others, key=lambda row: float(row["documents_per_second"]))
        return float(by_name[name][what] / best[what])

    accuracies = [by_name[name]["valid_accuracy"] for name in ("gyeol", "gyeol bfloat16") if name in by_name]
    return {
        "float32 over PyTorch tuned": figure(ratio("gyeol", *_TUNED_FLOAT32), at_least=2.0),
        "bfloat16 over PyTorch tuned": figure(ratio("gyeol bfloat16", *_TUNED_FLOAT32), at_least=3.0),
        "bfloat16 over PyTorch tuned, under autocast": figure(ratio("gyeol bfloat16", "tuned-autocast"), at_least=1.5),
        "float32 over the PyTorch tutorial's way": figure(ratio("gyeol", "tutorial"), at_least=5.0),
        "float32 over Keras fit": figure(ratio("gyeol", "keras"), at_least=25.0),
        "bfloat16 over float32": figure(ratio("gyeol bfloat16", "gyeol")),
        "peak memory over PyTorch tuned": figure(ratio("gyeol", *_TUNED_FLOAT32, what="peak_rss_mb"), at_most=1.0),
        "peak memory over the PyTorch tutorial's way": figure(
            ratio("gyeol", "tutorial", what="peak_rss_mb"), at_most=1.0
        ),
        "accuracy lost by bfloat16, one epoch, points": figure(
            100 * (accuracies[0] - accuracies[1]) if len(accuracies) > 1 else None
        ),
    }
