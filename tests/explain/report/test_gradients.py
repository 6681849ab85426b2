"""The gradient through time on the pages: of one model by epoch, of several side by side."""

from __future__ import annotations

import math
from typing import Any

import pytest

from gyeol.explain.report.learning import gradient_section, gradients_side_by_side, learning_section
from gyeol.tasks.report.gradients import plain_history, recorded_gradients


def record(epoch: int, rate: float) -> dict[str, Any]:
    found: dict[str, Any] = {"epoch": epoch, "train_loss": 1 / epoch, "valid_loss": 1.5 / epoch, "learning_rate": 0.01}
    for direction in ("forward", "reverse"):
        for distance in (1, 2, 4, 8):
            found[f"gradient/recurrent/0/{direction}/{distance}"] = math.exp(-rate * distance)
    return found


RECORDS = [record(1, 0.5), record(2, 0.3), record(3, 0.1)]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_first_epoch_and_the_one_that_was_kept_are_drawn(language: str) -> None:
    kept = {"ko": "(저장된 에폭)", "en": "(kept)"}[language]
    epoch = {"ko": "에폭", "en": "epoch"}[language]
    for best, second in ((3, f"{epoch} 3 {kept}"), (2, f"{epoch} 2 {kept}"), (2.5, f"{epoch} 2<")):
        drawn = gradient_section({"gradients": recorded_gradients(RECORDS), "best_epoch": best}, language)
        assert second in drawn
        assert (f"{epoch} 3" in drawn) == (best == 3)
        assert drawn.count("<polyline") == 4
    alone = gradient_section({"gradients": recorded_gradients(RECORDS), "best_epoch": 1}, language)
    assert alone.count("<polyline") == 2
    assert f"{epoch} 1 {kept}</li>" in alone


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_first_and_the_last_epoch_are_drawn(language: str) -> None:
    drawn = gradient_section({"gradients": recorded_gradients(RECORDS)}, language)
    assert drawn.count("<figure>") == 2  # directions
    assert drawn.count("<polyline") == 4
    assert gradient_section({"gradients": []}, language) == ""


def test_models_are_drawn_side_by_side() -> None:
    models = [{"model": "<a>", "gradients": recorded_gradients(RECORDS)}, {"model": "b", "gradients": []}]
    drawn = gradients_side_by_side(models, "en")
    assert drawn.count("<polyline") == 1
    assert "&lt;a&gt;: recurrent, layer 1, forward, epoch 3</li>" in drawn
    assert "No gradients were recorded for b" in drawn
    chosen = gradients_side_by_side([{**models[0], "best_epoch": 2}], "en")
    assert "epoch 2 (kept)</li>" in chosen
    assert "No gradients" not in chosen
    assert "<a>" not in drawn
    assert gradients_side_by_side(models[1:], "en") == ""


def test_a_gradient_that_is_gone_leaves_a_gap() -> None:
    gone = {**record(1, 0.1), "gradient/recurrent/0/forward/4": 0.0}
    drawn = gradient_section({"gradients": recorded_gradients([gone])[:1]}, "en")
    assert drawn.count("<circle") == 3
    assert "nan" not in drawn


def test_learning_curves_leave_the_gradients_to_their_section() -> None:
    content = {"history": plain_history(RECORDS), "best_epoch": 2, "measured_on": "validation"}
    drawn = learning_section(content, "en")
    assert drawn.count("<figure>") == 1  # the loss; a learning rate that stays is no curve
    assert drawn.count("<polyline") == 2
    assert "gradient" not in drawn
    alone = learning_section({**content, "history": plain_history(RECORDS[:1])}, "en")
    assert "<svg" not in alone
    assert "Loss (validation)" in alone
    assert "no record" in learning_section({**content, "history": []}, "en")
