"""Frame classifiers: they learn and remember, a stream answers as the whole does, and what is wrong is named."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import DataError, FrameClassifier, ModelError, ParameterError, load
from gyeol.data.media.video_clips import VideoClip
from gyeol.inputs.frames import StepBatch
from gyeol.tasks import NotFittedError

TINY: dict[str, Any] = {"hidden_size": 12, "epochs": 12, "batch_size": 4, "learning_rate": 0.03, "threads": 1}
SMALL: dict[str, Any] = {**TINY, "image_size": 8, "channels": 4, "learning_rate": 0.02}


def remembered(count: int = 30, seed: int = 0) -> tuple[list[npt.NDArray[np.float64]], list[list[str]]]:
    """A pulse says which label holds from then on: no step alone tells it."""
    random = np.random.default_rng(seed)
    series, labels = [], []
    for _ in range(count):
        T = int(random.integers(6, 14))
        marks = np.where(random.random(T) < 0.25, random.choice([-1.0, 1.0], T), 0.0)
        now, own = "up", []
        for mark in marks:
            now = now if mark == 0 else "up" if mark > 0 else "down"
            own.append(now)
        series.append(marks + random.normal(0, 0.05, T))
        labels.append(own)
    return series, labels


def flashing(count: int = 30, size: int = 8, seed: int = 0) -> tuple[list[npt.NDArray[np.uint8]], list[list[str]]]:
    """The left or the right half flashes, and which did last is what counts until the next."""
    marks, labels = remembered(count, seed)
    clips = []
    for row in marks:
        frames = np.full((len(row), size, size, 3), 40, dtype=np.uint8)
        frames[row > 0.5, :, : size // 2] = 220
        frames[row < -0.5, :, size // 2 :] = 220
        clips.append(frames)
    return clips, labels


@pytest.fixture(scope="module")
def causal() -> FrameClassifier:
    return FrameClassifier(**TINY, bidirectional=False).fit(*remembered())


@pytest.fixture(scope="module")
def seeing() -> FrameClassifier:
    return FrameClassifier(**SMALL, bidirectional=False).fit(*flashing())


def test_it_remembers_and_a_step_alone_does_not_tell(causal: FrameClassifier) -> None:
    test = remembered(20, seed=1)
    assert causal.score(*test) > 0.95
    alone = FrameClassifier(**TINY, num_layers=0).fit(*remembered())
    assert alone.score(*test) < 0.85
    assert sorted(causal.classes_.tolist()) == ["down", "up"]


def test_it_remembers_what_it_saw(seeing: FrameClassifier) -> None:
    assert seeing.score(*flashing(seed=1)) > 0.9
    assert FrameClassifier(**SMALL, num_layers=0).fit(*flashing()).score(*flashing(seed=1)) < 0.85


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_saved_and_loaded(cell: str, bidirectional: bool, tmp_path: Path) -> None:
    for settings_, data in ((TINY, remembered(8)), (SMALL, flashing(8))):
        quick = {**settings_, "epochs": 1, "cell": cell, "bidirectional": bidirectional}
        model = FrameClassifier(**quick).fit(*data)
        model.save(tmp_path / "m")
        found = load(tmp_path / "m").predict_proba(data[0])
        assert all(np.array_equal(a, b) for a, b in zip(found, model.predict_proba(data[0]), strict=True))
        assert all(np.allclose(rows.sum(1), 1.0, rtol=0, atol=1e-12) for rows in found)


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 29), max_size=6), layers=st.integers(0, 2), cell=st.sampled_from(["lstm", "gru"]))
def test_a_stream_answers_as_the_whole_does(cuts: list[int], layers: int, cell: str) -> None:
    series, labels = remembered(6)
    model = FrameClassifier(**{**TINY, "epochs": 1}, bidirectional=False, num_layers=layers, cell=cell)
    model.fit(series, labels)
    long = np.random.default_rng(len(cuts)).normal(size=30)
    long[5:9] = np.nan
    whole = model.predict_proba([long])[0]
    edges = sorted({0, *cuts, 30})
    stream = model.stream()
    pieces = [stream.push_proba(long[a:b]) for a, b in pairwise(edges)]
    np.testing.assert_allclose(np.concatenate(pieces), whole, rtol=0, atol=1e-6)
    assert stream.count == 30
    stream.reset()
    assert stream.push(long[:3]).tolist() == model.predict([long])[0][:3].tolist()


def test_frames_are_streamed(seeing: FrameClassifier) -> None:
    (frames,), _ = flashing(1, seed=3)
    whole = seeing.predict_proba([frames])[0]
    stream = seeing.stream()
    one_by_one = np.concatenate([stream.push_proba(frame[None]) for frame in frames])
    np.testing.assert_allclose(one_by_one, whole, rtol=0, atol=1e-5)


def test_what_comes_later_changes_nothing_before_it(causal: FrameClassifier) -> None:
    series = np.random.default_rng(0).normal(size=20)
    np.testing.assert_allclose(causal.predict_proba([series])[0][:9], causal.predict_proba([series[:9]])[0], atol=1e-6)


def test_a_sequence_gives_the_same_alone_and_in_company() -> None:
    for settings_, data in ((TINY, remembered(9)), (SMALL, flashing(9))):
        model = FrameClassifier(**{**settings_, "epochs": 1}).fit(*data)
        encoded = model._encode(model._sequences(data[0]), None)
        with torch.inference_mode():
            together = model._outputs(encoded)
            for number in range(9):
                alone = model._decode(model.net_, encoded.batch(np.array([number])))
                np.testing.assert_allclose(alone[0], together[number], rtol=0, atol=1e-6)


def test_the_gradient_of_a_batch_is_that_of_its_sequences() -> None:
    """Steps lie end to end and are packed: no step may come to stand at another's place."""
    series, labels = remembered(5)
    model = FrameClassifier(**{**TINY, "epochs": 1, "dropout": 0.0, "precision": "float64"}).fit(series, labels)
    encoded = model._encode(model._sequences(series), model._checked_validation(series, labels)[1])
    net = model.net_.train()

    def gradient(which: list[int]) -> torch.Tensor:
        net.zero_grad()
        made, targets = encoded.batch(np.array(which))
        torch.nn.functional.cross_entropy(net(made)[0], targets, reduction="sum").backward()
        return torch.cat([weight.grad.flatten() for weight in net.parameters()])

    alone = sum((gradient([number]) for number in range(5)), torch.zeros(1))
    torch.testing.assert_close(gradient([3, 0, 4, 1, 2]), alone, rtol=1e-9, atol=1e-9)


def test_long_sequences_are_cut_to_learn_from() -> None:
    series, labels = remembered(10)
    model = FrameClassifier(**{**TINY, "epochs": 1}, steps=4)
    X, y = model._checked(series, labels)
    model._fit_inputs(X, y)
    encoded = model._encode_training(X, y)
    assert encoded.lengths.max() <= 4
    assert encoded.lengths.sum() == sum(map(len, series))
    targets = torch.cat([encoded.batch(np.array([number]))[1] for number in range(len(encoded))])
    assert targets.tolist() == np.concatenate(y).tolist()


def test_missing_values_at_the_end_of_a_rectangle_fill_it_up() -> None:
    X = np.array([[0.0, 1.0, np.nan], [1.0, 0.0, 1.0], [1.0, np.nan, 0.0]] * 8)
    y = np.where(np.nan_to_num(X) > 0.5, "high", "low")
    model = FrameClassifier(**TINY).fit(X, y)
    assert [len(row) for row in model.predict(X[:2])] == [2, 3]
    assert model.evaluate(X, y)["count"] == 8 * 8
    whole = FrameClassifier(**TINY).fit(np.nan_to_num(X), np.where(np.nan_to_num(X) > 0.5, 1, 0))
    assert whole.predict(np.nan_to_num(X))[0].dtype.kind == "i"


def test_one_step_and_one_frame(causal: FrameClassifier, seeing: FrameClassifier) -> None:
    assert len(causal.predict([[1.0]])[0]) == 1
    assert len(seeing.predict([np.zeros((1, 8, 8, 3), np.uint8)])[0]) == 1
    assert len(seeing.predict([np.zeros((1, 8, 8), np.uint8)])[0]) == 1


class Endless:
    """A clip of many frames, which counts how many are held at a time."""

    def __init__(self, frames: int, block: int) -> None:
        self.frames, self.block, self.given = frames, block, 0

    def blocks(self, size: int) -> Iterator[npt.NDArray[np.uint8]]:
        for _ in range(self.frames // self.block):
            self.given += self.block
            yield np.zeros((self.block, size, size, 3), np.uint8)


def test_a_long_clip_is_answered_while_it_is_read(seeing: FrameClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = Endless(18_000, 64)  # ten minutes of thirty frames a second
    monkeypatch.setattr("gyeol.data.media.video_clips.video_frames", lambda path, size, block: clip.blocks(size))
    answered = 0
    for found in seeing.stream_proba(VideoClip(Path("ten-minutes.mp4"))):
        answered += len(found)
        assert clip.given == answered  # nothing was read ahead, and nothing waits
        assert len(found) == 64
    assert answered == 18_000 // 64 * 64


def test_of_two_directions_frames_go_as_they_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    model = FrameClassifier(**{**SMALL, "epochs": 1}).fit(*flashing(6))
    clip = Endless(640, 64)
    monkeypatch.setattr("gyeol.data.media.video_clips.video_frames", lambda path, size, block: clip.blocks(size))
    seen: list[int] = []
    see = type(model.net_).see
    monkeypatch.setattr(type(model.net_), "see", lambda net, steps: (seen.append(len(steps)), see(net, steps))[1])
    (found,) = model.stream_proba(VideoClip(Path("a.mp4")))
    assert len(found) == 640
    assert max(seen) == 64


def test_wrong_data(causal: FrameClassifier, seeing: FrameClassifier) -> None:
    series, labels = remembered(4)
    fit = FrameClassifier(**TINY).fit
    with pytest.raises(DataError, match=r"sequence 1 has \d+ steps and 1 labels; there must be one to each"):
        fit(series, [labels[0], labels[1][:1], *labels[2:]])
    with pytest.raises(DataError, match="got 4 sequences and 3 lists of labels"):
        fit(series, labels[:3])
    with pytest.raises(DataError, match="the labels of sequence 0 are 'up'"):
        fit(series, ["up"] * 4)
    with pytest.raises(DataError, match="the target y must be a list"):
        fit(series)
    with pytest.raises(DataError, match="one class only"):
        fit(series, [["up"] * len(one) for one in series])
    with pytest.raises(DataError, match="sequence 0 holds no value, NaN only"):
        fit([np.full(3, np.nan)], [["a", "b", "a"]])
    with pytest.raises(DataError, match="this model was trained on numbers and got clips"):
        causal.predict([np.zeros((2, 8, 8, 3), np.uint8)])
    with pytest.raises(DataError, match="this model was trained on clips and got numbers"):
        seeing.predict([[1.0, 2.0]])
    with pytest.raises(DataError, match="which is one clip: wrap it"):
        seeing.predict(np.zeros((2, 8, 8, 3), np.uint8))
    with pytest.raises(DataError, match="clip 0 has no frames"):
        seeing.predict([np.zeros((0, 8, 8, 3), np.uint8)])
    with pytest.raises(DataError, match="clip 1 is an array of float64"):
        seeing.predict([np.zeros((1, 8, 8, 3), np.uint8), np.zeros((1, 8, 8, 3))])
    with pytest.raises(DataError, match="'sideways' was never seen"):
        causal.evaluate(series[:1], [["sideways"] * len(series[0])])
    with pytest.raises(DataError, match="the next steps are"):
        causal.stream().push(["a"])
    with pytest.raises(DataError, match="the next frames"):
        seeing.stream().push(np.zeros((2, 8, 8, 3)))
    with pytest.raises(ParameterError, match="bidirectional=False to stream"):
        FrameClassifier(**{**TINY, "epochs": 1}).fit(series, labels).stream()
    with pytest.raises(NotFittedError):
        FrameClassifier().stream()


def test_a_damaged_model_is_refused(seeing: FrameClassifier) -> None:
    learned, inputs = seeing._state()
    for wrong in ({"image_size": "8"}, {"image_size": 0}, {"image_size": 16}):
        with pytest.raises(ModelError):
            FrameClassifier(**SMALL)._restore(learned, wrong)
    with pytest.raises(ModelError, match="lengths"):
        FrameClassifier(**SMALL)._restore({**learned, "lengths": [0, 1]}, inputs)


def test_places_of_steps() -> None:
    batch = StepBatch(torch.arange(5.0)[:, None], torch.tensor([2, 3]))
    assert batch.places().squeeze(2).tolist() == [[0, 1, 2], [2, 3, 4]]
