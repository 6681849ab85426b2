"""Where preparing takes too long, a part of the examples is learned from: the same part when it is taken up again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gyeol import LanguageModel, TextClassifier
from gyeol.engine import Deadline
from gyeol.tasks.training import preparation_time

TEXTS = [f"{word} {n}" for n in range(700) for word in ("좋다", "싫다")]
LABELS = ["긍정", "부정"] * 700


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock by which every example takes a tenth of a second to be encoded."""
    clock = SimpleNamespace(now=0.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(preparation_time, "time", clock)
    monkeypatch.setattr(Deadline, "left", lambda self: float("inf") if self.limit is None else self.limit - clock.now)
    for kind in (TextClassifier, LanguageModel):
        real = kind._encode_training

        def slow(self: Any, X: Any, y: Any, real: Any = real) -> Any:
            clock.now += 0.1 * len(X)
            return real(self, X, y)

        monkeypatch.setattr(kind, "_encode_training", slow)
    return clock


def classifier(**changed: Any) -> TextClassifier:
    small = {"hidden_size": 4, "embedding_size": 4, "tokenizer": "syllable", "epochs": 1, "batch_size": 64}
    return TextClassifier(**{**small, "ngrams": 1, "threads": 1, **changed})


@pytest.mark.parametrize(("limit", "expected"), [(None, 1260), (10_000.0, 1260), (200.0, 750), (1.0, 100)])
def test_as_many_as_fit_in(clock: Any, limit: float | None, expected: int) -> None:
    model = classifier()
    X, y = model._checked(TEXTS[:1260], LABELS[:1260])
    before = dict(model.__dict__)
    count = preparation_time.preparable(model._rehearse, X, y, None, 0, Deadline(limit))
    assert abs(count - expected) <= 120
    assert model.__dict__ == before


def test_few_are_always_prepared(clock: Any) -> None:
    rehearse, y = classifier()._rehearse, np.arange(100) % 2
    assert preparation_time.preparable(rehearse, TEXTS[:100], y, None, 0, Deadline(1e-9)) == 100
    assert clock.now == 0


def test_it_is_said_and_taken_up_on_the_same_part(clock: Any, tmp_path: Path) -> None:
    model = classifier().fit(TEXTS, LABELS, checkpoint=tmp_path / "keep", deadline=Deadline(100.0))
    part = model.about_["examples"]
    assert 100 <= part < 1260
    assert model.about_["learned_from"] == f"{part:,} of 1,260 examples, for want of time"
    assert set(model.counts_) == {"긍정", "부정"}
    again = classifier().fit(TEXTS, LABELS, checkpoint=tmp_path / "keep", resume=True)
    assert again.about_["examples"] == part
    assert again.about_["training_id"] == model.about_["training_id"]
    whole = classifier().fit(TEXTS, LABELS, deadline=Deadline(100_000.0))
    assert whole.about_["examples"] == 1260
    assert "learned_from" not in whole.about_


def test_of_a_stream_the_beginning_is_kept(clock: Any) -> None:
    model = LanguageModel(hidden_size=4, embedding_size=4)
    deadline = Deadline(100.0)
    rows = preparation_time.rows_within_time(
        model._rehearse, TEXTS, np.ones(len(TEXTS)), None, beside=len(TEXTS), groups=None, seed=0, deadline=deadline,
        checkpoint=None,
    )  # fmt: skip
    assert rows is not None
    assert rows.tolist() == list(range(len(rows)))
    assert 100 <= len(rows) < len(TEXTS)
