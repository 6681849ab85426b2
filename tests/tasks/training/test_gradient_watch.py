"""``watch_gradients``: what it records, that it changes nothing else, what is said of it, and that it is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import gyeol
from gyeol.engine import Checkpoint
from gyeol.layers import Decoder, Recurrent, recording
from gyeol.tasks.training import gradient_watch
from gyeol.tasks.training.gradient_record import Place, describe_gradients, gradients_of
from gyeol.tasks.training.gradient_watch import GradientWatch, sampled


def texts(count: int = 96) -> tuple[list[str], list[str]]:
    generator = np.random.default_rng(0)
    X = ["".join(generator.choice(list("가나다라마바사"), size=generator.integers(9, 12))) for _ in range(count)]
    return X, ["예" if "가" in text else "아니요" for text in X]


def classifier(**settings: Any) -> gyeol.TextClassifier:
    small: dict[str, Any] = {"hidden_size": 4, "embedding_size": 4, "epochs": 2, "batch_size": 8, "threads": 1}
    return gyeol.TextClassifier(**{**small, "patience": 9, **settings})


def test_samples_are_few_and_known_beforehand() -> None:
    for steps in (1, 5, 31, 32, 33, 100, 1000):
        chosen = [(epoch, step) for epoch in range(64) for step in range(steps) if sampled(epoch, step, steps)]
        assert 1 <= len(chosen) <= max(1, 64 * steps / 32)
        assert max(sum(epoch == other for other, _ in chosen) for epoch in range(64)) <= 8
        if steps >= 32:
            assert {epoch for epoch, _ in chosen} == set(range(64))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[gyeol.TextClassifier, gyeol.TextClassifier, Path]:
    X, y = texts()
    plain, watched = (classifier(watch_gradients=watch).fit(X, y) for watch in (False, True))
    path = tmp_path_factory.mktemp("watched") / "model"
    watched.save(path)
    return plain, watched, path


def test_what_is_learned_is_the_same_to_the_bit(trained: Any) -> None:
    plain, watched, _ = trained
    for one, other in zip(plain.net_.state_dict().values(), watched.net_.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    assert not any(gradients_of(record) for record in plain.history_.records)
    assert "gradients" not in plain.about_


def test_an_epoch_has_every_layer_direction_and_distance(trained: Any) -> None:
    _, watched, _ = trained
    found = gradients_of(watched.history_.records[0])
    assert list(found) == [Place("recurrent", 0, "forward"), Place("recurrent", 0, "reverse")]
    for by_distance in found.values():
        assert list(by_distance) == [1, 2, 4, 8]
        assert all(0 < ratio < 10 for ratio in by_distance.values())


def test_history_and_card_keep_it(trained: Any) -> None:
    _, watched, path = trained
    lines = [json.loads(line) for line in (path / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines == watched.history_.records
    again = gyeol.load(path)
    assert describe_gradients(again) == watched.about_["gradients"] != ""
    card = (path / "README.md").read_text(encoding="utf-8")
    assert "## Gradient through time" in card
    assert "| recurrent, layer 1, reverse |" in card


def test_a_training_that_was_interrupted_records_the_same(
    trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = texts()
    whole = classifier(watch_gradients=True, epochs=8).fit(X, y)
    monkeypatch.setattr(GradientWatch, "_affordable", lambda self: True)

    class Stops:
        measured_on = "validation"
        steps = 0

        def step(self, *_: Any) -> None:
            self.steps += 1
            if self.steps == 4:  # the first step of the first epoch was looked into
                import signal

                signal.raise_signal(signal.SIGINT)

        def epoch(self, *_: Any) -> None: ...

        record = note = epoch

    classifier(watch_gradients=True, epochs=8).fit(X, y, checkpoint=tmp_path / "c", progress=Stops())
    assert Checkpoint(tmp_path / "c", {}).exists()
    resumed = classifier(watch_gradients=True, epochs=8).fit(X, y, checkpoint=tmp_path / "c", resume=True)
    assert [gradients_of(record) for record in resumed.history_.records] == [
        gradients_of(record) for record in whole.history_.records
    ]


def test_a_record_is_the_mean_over_rows() -> None:
    torch.manual_seed(0)
    net = Recurrent("rnn", 1, 1, batch_first=True)
    for parameter in net.parameters():
        torch.nn.init.zeros_(parameter)
    watch = GradientWatch(net)
    for step, weight in enumerate((0.5, 0.25)):
        torch.nn.init.constant_(net.get_parameter("weight_hh_l0"), weight)
        with watch.step(step, 0, 32 * (step + 1) - step) if step else watch.step(0, 0, 1):
            net(torch.zeros(2, 3, 1))[0].sum().backward()
    # The second step is none that is looked into: 0 of 63.
    assert watch.record() == {"gradient/recurrent/0/forward/1": 0.5, "gradient/recurrent/0/forward/2": 0.25}
    assert watch.record() == {}


def test_no_more_than_its_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    net = Recurrent("rnn", 1, 1, batch_first=True)
    watch = GradientWatch(net)
    for spent, seen in ((10.0, False), (0.0, True)):
        watch._spent = spent
        with watch.step(0, 0, 1):
            net(torch.ones(2, 3, 1))[0].sum().backward()
        assert bool(watch.record()) is seen


def test_steps_one_by_one_are_one_walk() -> None:
    decoder = Decoder("lstm", 3, 4, 5, 6, input_feeding=True)
    from gyeol.kernels.packing import Packing
    from gyeol.layers.attention.alignment import Source

    values = torch.randn(2, 1, 6)
    source = Source(values, values, torch.ones(2, dtype=torch.int64))
    state = [(torch.zeros(1, 2, 4), torch.zeros(1, 2, 4))]
    with recording(decoder) as recorder:
        output, _, _ = decoder(torch.randn(18, 3), Packing.even_rows(2, 9), state, source)
        output.sum().backward()
    assert len(recorder.calls) == 9
    (walk,) = recorder.walks(1)
    assert walk.gradients["cell"].shape == (9, 4)
    (chain,) = recorder.chains()
    assert list(gyeol.layers.gradient_reach(chain, 0)) == [1, 2, 4, 8]


def saying(ratios: dict[int, float], **settings: Any) -> str:
    model = classifier(**settings)
    record = {f"gradient/recurrent/0/forward/{distance}": ratio for distance, ratio in ratios.items()}
    model.history_ = gyeol.engine.History([record, {"epoch": 2}])
    return describe_gradients(model)


def test_one_sentence_says_what_to_try() -> None:
    vanishing = {1: 0.3, 2: 0.1, 4: 0.01, 8: 0.0001, 16: 1e-9}
    said = saying(vanishing, cell="rnn")
    assert said.startswith("the gradient through time vanishes: 0.01 % of it is left 8 steps back (recurrent, layer 1")
    assert said.endswith("try cell=lstm or cell=gru")
    assert "try cell=gru" in saying(vanishing, cell="lstm")
    assert "attention=global" in saying(vanishing, cell="lstm", attention=None, pooling="last")
    exploding = saying({1: 2.0, 2: 4.0, 4: 16.0}, cell="rnn", clip_norm=0.0)
    assert "explodes: 4 steps back it is 16 times" in exploding
    assert "clip_norm=1" in exploding
    assert saying({1: 0.9, 8: 0.5}) == (
        "the gradient reaches back: 50 % of it is left after 8 steps (recurrent, layer 1, forward)"
    )
    assert saying({}) == ""


def test_series_are_told_of_chrono_initialization() -> None:
    model = gyeol.SeriesClassifier(cell="lstm")
    model.history_ = gyeol.engine.History([{"gradient/recurrent/0/forward/64": 1e-6}])
    assert "memory=64 (chrono initialization)" in describe_gradients(model)
    model = gyeol.LanguageModel()
    model.history_ = gyeol.engine.History([{"gradient/recurrent/0/forward/16": 1e-6}])
    assert "bptt" in describe_gradients(model)


def test_a_net_without_recurrent_layers_records_nothing() -> None:
    X, y = texts(40)
    model = classifier(features="bow", watch_gradients=True, epochs=1).fit(X, y)
    assert gradients_of(model.history_.records[0]) == {}
    assert "gradients" not in model.about_


def test_a_wrong_setting_is_one_line() -> None:
    with pytest.raises(gyeol.errors.ParameterError, match="watch_gradients"):
        classifier(watch_gradients="yes").fit(*texts(40))
    assert gradient_watch._ROWS > 0


@pytest.mark.parametrize("entry", ["recurrent/0/sideways/2", "recurrent/0/forward/0", "recurrent/x/forward/2"])
def test_entries_that_no_training_writes_are_passed_over(entry: str) -> None:
    good = {"gradient/recurrent/0/forward/2": 0.5}
    assert gradients_of({**good, f"gradient/{entry}": 1.0}) == gradients_of(good)
    for value in (1e308, float("nan"), -1.0, "1"):
        assert gradients_of({"gradient/recurrent/0/forward/4": value}) == {}
