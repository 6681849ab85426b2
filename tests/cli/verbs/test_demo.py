"""`gyeol demo`, on a few of the built-in reviews."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..conftest import Run

pytestmark = pytest.mark.usefixtures("small_set", "quick")


def test_the_demo_ends_with_answers_and_with_what_to_do_next(gyeol: Run, tmp_path: Path) -> None:
    shown = gyeol("demo", "--out", tmp_path / "m", "--threads", 1)
    assert shown.status == 0, shown.err
    for part in (
        "40 reviews to train on, 10 to validate, 10 to test",
        "tfidf baseline",
        "true \\ predicted",
        "다시 보고 싶은 영화네요 강추!",
        f'gyeol predict {tmp_path / "m"} "..."',
        "gyeol fit classify FILE.csv --out MODEL",
    ):
        assert part in shown.out
    assert gyeol("predict", tmp_path / "m", "정말 좋아요").status == 0


def test_the_demo_as_json(gyeol: Run, tmp_path: Path) -> None:
    answer = gyeol("demo", "--out", tmp_path / "m", "--json", "--threads", 1).object
    assert {"model", "accuracy", "baseline_accuracy", "confusion", "classes", "seconds", "predictions"} == set(answer)
    assert len(answer["predictions"]) == 3


def test_the_place_is_looked_at_first(gyeol: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    assert "is a file" in gyeol("demo", "--out", tmp_path / "file").mistake
    assert (tmp_path / "file").read_text() == "precious"
