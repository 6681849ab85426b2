"""`SeriesClassifier`: many to one, of numbers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

from gyeol import DataError, ModelError, ParameterError, SeriesClassifier, load
from gyeol.layers import CELLS, POOLINGS
from gyeol.tasks import NotFittedError
from gyeol.tasks.card import write_card

TINY: dict[str, Any] = {
    "hidden_size": 8,
    "epochs": 8,
    "patience": 9,
    "learning_rate": 0.03,
    "batch_size": 8,
    "threads": 1,
}


def waves(count: int, seed: int = 0, channels: int = 1) -> tuple[list[Any], list[str]]:
    """Slow and fast waves of unequal lengths, in the last of so many channels."""
    random = np.random.default_rng(seed)
    series, labels = [], []
    for n in range(count):
        values = random.normal(0, 0.3, (int(random.integers(8, 20)), channels))
        values[:, -1] += 5 + 3 * np.sin(np.arange(len(values)) * (0.4, 1.8)[n % 2] + random.uniform(0, 6))
        series.append(values if channels > 1 else values[:, 0])
        labels.append(("느림", "빠름")[n % 2])
    return series, labels


@pytest.fixture(scope="module")
def model() -> SeriesClassifier:
    return SeriesClassifier(**TINY).fit(*waves(60))


def test_it_learns_saves_and_loads(model: SeriesClassifier, tmp_path: Path) -> None:
    series, labels = waves(40, seed=1)
    assert model.score(series, labels) > 0.9
    probabilities = model.predict_proba(series)
    np.testing.assert_allclose(probabilities.sum(1), 1.0, rtol=0, atol=1e-12)
    figures = model.evaluate(series, labels)
    assert figures["accuracy"] == model.score(series, labels)
    assert set(figures) == {"accuracy", "macro_f1", "majority_share", "loss", "count", "confusion", "per_class"}
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert np.array_equal(again.predict_proba(series), probabilities)
    assert again.lengths_ == model.lengths_
    assert "느림: 30" in (tmp_path / "m" / "README.md").read_text("utf-8")


def test_each_sequence_is_answered_as_if_alone(model: SeriesClassifier) -> None:
    series, _ = waves(30, seed=2)
    together = model.predict_proba(series)
    alone = np.concatenate([model.predict_proba([one]) for one in series])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-6)


def test_a_table_an_array_of_channels_and_a_list_are_the_same() -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(24, 7))
    y = (X[:, 0] > 0).astype(int)
    by_table, by_channels, by_list = (SeriesClassifier(**TINY).fit(form, y) for form in (X, X[:, :, None], list(X)))
    assert by_table.n_features_in_ == 7
    assert not hasattr(by_channels, "n_features_in_")
    assert np.array_equal(by_table.predict_proba(X), by_channels.predict_proba(X))
    assert np.array_equal(by_table.predict_proba(X), by_list.predict_proba(list(X)))
    with pytest.raises(DataError, match=r"X has 5 features, but .* is expecting 7 .*; give other lengths as a list"):
        by_table.predict(X[:, :5])
    assert by_table.predict(list(X[:, :5])).shape == (24,)
    assert by_channels.predict(X[:, :5]).shape == (24,)
    assert not hasattr(by_table.fit(list(X), y), "n_features_in_")


def test_missing_values_say_something_where_training_had_them() -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(60, 9, 2))
    y = np.arange(60) % 2
    X[y == 1, 3:6, 1] = math.nan  # that a run is missing is all there is to see
    model = SeriesClassifier(**TINY).fit(X, y)
    assert model.inputs_.gaps == [1]
    assert model.score(X, y) == 1.0
    whole = SeriesClassifier(**TINY).fit(np.nan_to_num(X), y)
    assert whole.inputs_.gaps == []
    assert np.isfinite(whole.predict_proba(X)).all()


def test_series_of_several_channels_and_frames(tmp_path: Path) -> None:
    series, labels = waves(60, channels=3)
    model = SeriesClassifier(**TINY, frame=4).fit(series, labels)
    assert model.inputs_.width == 12
    assert model.score(series, labels) > 0.9
    model.save(tmp_path / "m")
    assert np.array_equal(load(tmp_path / "m").predict_proba(series), model.predict_proba(series))
    with pytest.raises(DataError, match="sequence 0 has 1 channels, the model reads 3"):
        model.predict([[1.0, 2.0]])


def test_long_sequences_are_read_in_frames_of_their_own() -> None:
    X = np.random.default_rng(0).normal(size=(12, 200))
    model = SeriesClassifier(**{**TINY, "epochs": 1}).fit(X, np.arange(12) % 2)
    assert model.inputs_.frame == 4
    assert model._encode(model._checked_series(X, reset=False), None).lengths.max() == 50
    assert "4 to a step" in model.describe_data()["sequences"]


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_is_trained_saved_and_loaded(cell: str, tmp_path: Path) -> None:
    series, labels = waves(16)
    model = SeriesClassifier(**{**TINY, "epochs": 2}, cell=cell, memory=12, noise=0.1, num_layers=2).fit(series, labels)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        fresh = model._build().to(model._dtype())
    moved = [not torch.equal(a, b) for a, b in zip(model.net_.parameters(), fresh.parameters(), strict=True)]
    assert all(moved)
    model.save(tmp_path / "m")
    assert np.array_equal(load(tmp_path / "m").predict_proba(series), model.predict_proba(series))


@pytest.mark.parametrize("pooling", POOLINGS)
def test_every_pooling(pooling: str) -> None:
    series, labels = waves(40)
    model = SeriesClassifier(**TINY, pooling=pooling, attention=None).fit(series, labels)
    assert model.score(series, labels) > 0.8


def test_weights_of_classes() -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(80, 5))
    y = (np.arange(80) % 8 == 0).astype(int)
    X[y == 1] += 0.7
    plain = SeriesClassifier(**TINY).fit(X, y).predict(X).sum()
    model = SeriesClassifier(**TINY, class_weight="balanced").fit(X, y)
    assert model.predict(X).sum() > plain
    assert "valid_weighted_accuracy" in model.metrics_


def test_inside_scikit_learn() -> None:
    series, labels = waves(40)
    quick = SeriesClassifier(**{**TINY, "epochs": 4})
    assert cross_val_score(quick, series, labels, cv=2, error_score="raise").shape == (2,)
    grid = GridSearchCV(quick, {"frame": [1, 3]}, cv=2, error_score="raise").fit(series, labels)
    assert grid.best_params_["frame"] in (1, 3)
    assert clone(grid.best_estimator_).get_params() == grid.best_estimator_.get_params()


def test_an_interrupted_training_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    series, labels = waves(24)
    settings = {**TINY, "noise": 0.3, "warp": 0.1, "epochs": 4}
    whole = SeriesClassifier(**settings).fit(series, labels)

    class Stop:
        def epoch(self, *_: Any) -> None: ...
        def step(self, *_: Any) -> None: ...
        def note(self, *_: Any) -> None: ...
        def record(self, record: dict[str, Any]) -> None:
            if record["epoch"] == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SeriesClassifier(**settings).fit(series, labels, checkpoint=tmp_path / "c", progress=Stop())
    again = SeriesClassifier(**settings).fit(series, labels, checkpoint=tmp_path / "c", resume=True)
    for a, b in zip(whole.net_.state_dict().values(), again.net_.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    long = [np.arange(2000.0) + n for n in range(24)]
    other = [one.copy() for one in long]
    other[3][1000] += 1  # which a text of the array leaves out
    SeriesClassifier(**{**settings, "epochs": 1}).fit(long, labels, checkpoint=tmp_path / "d")
    with pytest.raises(ModelError, match="another"):
        SeriesClassifier(**{**settings, "epochs": 1}).fit(other, labels, checkpoint=tmp_path / "d", resume=True)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.ones((4, 3)), ["a"] * 4, "the labels hold one class only, 'a'"),
        (np.ones((4, 3)), ["a", "b"], "got 4 sequences and 2 labels; there must be one label a sequence"),
        (np.ones((4, 3)), None, "requires y to be passed.*one label a sequence"),
        (np.ones((4, 3)), [0.1, 0.2, 0.1, 0.5], "classes must be texts or whole numbers"),
        (np.array([[1, math.inf], [1, 2]]), [0, 1], "sequence 0 holds inf at step 1"),
        (np.full((2, 3), math.nan), [0, 1], "sequence 0 holds no value"),
        ([[1, 2], []], [0, 1], "sequence 1 has no steps"),
        ([np.ones((2, 2)), np.ones((2, 1))], [0, 1], "sequence 1 has 1 channels"),
        ([np.array([[1, math.nan]])] * 2, [0, 1], "channel 1 holds no value"),
        (np.array([["a", "b"]] * 2), [0, 1], "not compatible with arrays of bytes/strings"),
        (np.ones(4), [0, 1, 0, 1], "Expected 2D array, got 1D array"),
        (np.ones((0, 3)), [], r"Found array with 0 sample\(s\)"),
        ("a.csv", [0], "got str where numeric sequences"),
    ],
    ids=range(13),
)
def test_what_is_wrong_is_named(X: Any, y: Any, message: str) -> None:
    model = SeriesClassifier(**TINY)
    with pytest.raises(DataError, match=message) as caught:
        model.fit(X, y)
    assert "\n" not in str(caught.value)
    with pytest.raises(NotFittedError):
        model.predict(np.ones((1, 3)))


def test_a_constant_channel_and_a_validation_of_labels_never_seen() -> None:
    series, labels = waves(20)
    flat = [np.stack([one, np.full(len(one), 7.0)], axis=1) for one in series]
    assert np.isfinite(SeriesClassifier(**{**TINY, "epochs": 1}).fit(flat, labels).predict_proba(flat)).all()
    with pytest.raises(DataError, match="label 0: '없음' was never seen in training"):
        SeriesClassifier(**TINY).fit(series, labels, validation=(series[:1], ["없음"]))


def test_mistakes_in_settings() -> None:
    with pytest.raises(
        ParameterError, match="frame=0 must be a whole number, from 1 to 65,536, or None; noise=-1 must"
    ):
        SeriesClassifier(frame=0, noise=-1).fit(*waves(4))
    with pytest.raises(ParameterError, match="neither attention nor a pooling"):
        SeriesClassifier(attention=None, pooling=None).fit(*waves(4))


@pytest.mark.parametrize(
    "change",
    [{"lengths": [3]}, {"lengths": [5, 2]}, {"lengths": None}, {"features": "x"}, {"classes": ["a"]}, {"counts": 3}],
    ids=str,
)
def test_damaged_models_are_refused(model: SeriesClassifier, change: dict[str, Any]) -> None:
    learned, inputs = model._state()
    with pytest.raises((ModelError, TypeError, ValueError, AttributeError, LookupError)):
        SeriesClassifier(**TINY)._restore({**learned, **change}, inputs)


def test_the_card(model: SeriesClassifier, tmp_path: Path) -> None:
    write_card(tmp_path / "README.md", model, "waves")
    text = (tmp_path / "README.md").read_text("utf-8")
    assert "gyeol predict waves --file FILE" in text
    assert "1 channel(s)" in text
