"""Numeric sequences classified, and summed up: heartbeats, digits read row by row, the adding problem."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

from gyeol.engine import Progress
from gyeol.reproduce.entry import Published, Reproduction, check_complete

__all__ = ["ADDING", "DIGITS", "HEARTBEATS", "SERIES"]

#: Heartbeats of 140 values. There are so few that none are held out: the validation figures are those of the training.
HEARTBEATS: dict[str, Any] = {
    "frame": 4,
    "pooling": "last+mean+max",
    "noise": 0.05,
    "warp": 0.1,
    "epochs": 80,
    "patience": 80,
    "validation_fraction": 0.0,
}

#: Digits of eight rows, read downwards: nothing but the last state says which it is.
DIGITS: dict[str, Any] = {
    "hidden_size": 128,
    "bidirectional": False,
    "attention": None,
    "pooling": "last",
    "epochs": 60,
    "patience": 60,
}

#: Sums of two marked numbers: what was marked must last to the end, and nothing else may. The RNN gets more epochs.
ADDING: dict[str, Any] = {
    "hidden_size": 64,
    "bidirectional": False,
    "attention": None,
    "pooling": "last",
    "frame": 1,
    "dropout": 0.0,
    "averaging": 0.0,
    "batch_size": 50,
    "epochs": 3,
    "patience": 3,
    "clip_norm": 1.0,
}
_RNN_EPOCHS = 10
_CELLS = ("lstm", "gru", "rnn")
_TEST_DIGITS = 360
_SUMS = {"train": 5000, "valid": 500, "test": 2000}  # numbers of sequences, and the order of their seeds


def _heartbeats(
    settings: dict[str, Any], seed: int, threads: int | None, out: Path | None, progress: Progress | None
) -> dict[str, Any]:
    from sklearn.neighbors import KNeighborsClassifier

    from gyeol.data.catalogue.lookup import resolve_file
    from gyeol.data.series.series_files import read_series
    from gyeol.tasks import SeriesClassifier

    train, test = (read_series(resolve_file("ecg5000", role)) for role in ("train", "test"))
    model = SeriesClassifier(**settings, random_state=seed, threads=threads)
    model.fit(train.series, train.labels, progress=progress, about={"data": "ecg5000 (train)"})
    check_complete(model)
    if out is not None:
        model.save(out)
    figures = model.evaluate(test.series, test.labels)
    parts = [
        {"class": name, "count": own["count"], **{key: f"{own[key]:.3f}" for key in ("precision", "recall", "f1")}}
        for name, own in figures["per_class"].items()
    ]
    neighbour = KNeighborsClassifier(1).fit([one.ravel() for one in train.series], train.labels)
    beside = float(neighbour.score([one.ravel() for one in test.series], test.labels))
    return {"figure": figures["accuracy"], "macro_f1": figures["macro_f1"], "beside": beside, "parts": parts}


def _digits(
    settings: dict[str, Any], seed: int, threads: int | None, out: Path | None, progress: Progress | None
) -> dict[str, Any]:
    from gyeol.data.synthetic.series import digits
    from gyeol.tasks import SeriesClassifier

    pictures, labels = zip(*digits(1797), strict=True)
    count = len(pictures) - _TEST_DIGITS
    found, parts = {}, []
    for cell in _CELLS:
        started = time.monotonic()
        model = SeriesClassifier(**settings, cell=cell, random_state=seed, threads=threads)
        model.fit(pictures[:count], labels[:count], progress=progress, about={"data": "scikit-learn's digits, by rows"})
        check_complete(model)
        if out is not None and cell == _CELLS[0]:
            model.save(out)
        found[cell] = model.evaluate(pictures[count:], labels[count:])["accuracy"]
        seconds = f"{time.monotonic() - started:.0f}"
        valid = f"{model.metrics_['valid_accuracy']:.4f}"
        parts.append({"cell": cell, "accuracy": f"{found[cell]:.4f}", "valid": valid, "seconds": seconds})
    return {"figure": min(found["lstm"], found["gru"]), **found, "beside": found["rnn"], "parts": parts}


def _adding(
    settings: dict[str, Any], lengths: tuple[int, ...], counts: dict[str, int], seed: int, threads: int | None,
    out: Path | None, progress: Progress | None,
) -> dict[str, Any]:  # fmt: skip
    import numpy as np

    from gyeol.data.synthetic.series import adding
    from gyeol.tasks import SeriesRegressor

    parts, errors = [], {}
    for length in lengths:
        generated = []
        for place, count in enumerate(counts.values()):
            series, sums = zip(*adding(count, length, 3 * seed + place), strict=True)
            generated.append((series, np.array([float(value) for value in sums])))
        train, valid, test = generated
        for cell in _CELLS:
            started = time.monotonic()
            model = SeriesRegressor(**settings, cell=cell, memory=length, random_state=seed, threads=threads)
            if cell == "rnn":
                model.set_params(epochs=_RNN_EPOCHS, patience=_RNN_EPOCHS)
            about = {"data": f"adding, {length} steps"}
            model.fit(*train, validation=valid, progress=progress, about=about)
            check_complete(model)
            if out is not None and cell == _CELLS[0] and length == max(lengths):
                model.save(out)
            errors[length, cell] = model.evaluate(*test)["mse"]
            seconds = f"{time.monotonic() - started:.0f}"
            parts.append({"steps": length, "cell": cell, "mse": f"{errors[length, cell]:.5f}", "seconds": seconds})
    worst = max(error for (_, cell), error in errors.items() if cell != "rnn")
    return {"figure": worst, "beside": min(errors[length, "rnn"] for length in lengths), "parts": parts}


SERIES: dict[str, Reproduction] = {
    "ecg5000": Reproduction(
        title="heartbeats of five kinds (ECG5000): accuracy, from 500",
        metric="accuracy",
        examples="sequences",
        setting="BiLSTM 64 over steps of 4 values, attention and all poolings, time warped in training; 80 epochs",
        data="UCR ECG5000: the official 500 to train on, none held out; 1,500 of the official test part",
        published=(
            Published(0.947, "LSTM-FCN on all 4,500 of the test part (Karim et al. 2018), recalled, unverified"),
            Published(0.925, "nearest neighbour, Euclidean distance or DTW, on all 4,500 (UCR), recalled, unverified"),
        ),
        run=partial(_heartbeats, HEARTBEATS),
        beside="measured here: nearest neighbour, Euclidean distance, on the same 1,500",
    ),
    "row-digits": Reproduction(
        title="scikit-learn's digits, read row by row: accuracy",
        metric="accuracy",
        examples="sequences",
        setting="128 units, one direction, the last state; the lower of LSTM and GRU; 60 epochs",
        data="the 1,797 digits in an order drawn by seed 0: the first 1,437 to train on, a tenth watched; the last 360",
        published=(),
        run=partial(_digits, DIGITS),
        beside="measured here: the plain RNN, the same otherwise",
    ),
    "adding": Reproduction(
        title="the adding problem, 100 and 400 steps: mean squared error",
        metric="mse",
        examples="sequences",
        setting="64 units, the last state, gates that are initialised to remember all steps; the worse of LSTM and GRU",
        data="made up: 5,000 sequences, 3 epochs (RNN: 10), 500 watched; 2,000 of test. Always 1 would have 0.1667",
        published=(),
        run=partial(_adding, ADDING, (100, 400), _SUMS),
        beside="measured here: the plain RNN, the better of its two",
    ),
}
