"""`gyeol reproduce captions` beside the caption that says the same of everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from gyeol.data.synthetic import scenes
from gyeol.reproduce import REPRODUCTIONS, caption
from gyeol.reproduce.caption import most_frequent

pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install 'gyeol[images]'")


def test_the_most_frequent_caption() -> None:
    train = [["a field", "a lake"], ["a field"], ["the sea", "a lake", "a field"]]
    figures = most_frequent(train, [["a field"], ["a lake", "A field."], ["trees"]])
    assert figures["exact"] == pytest.approx(2 / 3)


def test_figures_of_a_few_scenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenes, "_COUNTS", {"train": 32, "valid": 8, "test": 8, "novel": 8})
    small = {**caption.SCENES, "hidden_size": 16, "embedding_size": 8, "channels": 8, "epochs": 2, "image_size": 16}
    answer = caption._captioner(small, "scenes-ko", "exact", 0, 1, tmp_path / "m", None)
    assert 0 <= answer["figure"] == answer["exact"] <= 1
    assert answer["count"] == 8
    assert answer["beside"] < 0.5
    assert (tmp_path / "m" / "config.json").is_file()


def test_the_table_says_what_its_settings_are() -> None:
    for name, settings in (("captions", caption.SCENES), ("captions-aerial", caption.AERIAL)):
        assert f"{settings['epochs']} epochs" in REPRODUCTIONS[name].setting
        assert f"LSTM {settings['hidden_size']}" in REPRODUCTIONS[name].setting
