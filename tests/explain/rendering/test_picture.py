"""Explanations as pictures: of every kind, with colours where they belong."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import ParameterError
from gyeol.explain.drawing.fonts import LabelFonts
from gyeol.explain.explanation import Attribution, Explanation
from gyeol.explain.rendering.panels import shades
from gyeol.explain.rendering.picture import draw_explanation

from .examples import every_kind, of_text
from .test_terminal import HOSTILE, hostile

pytest.importorskip("matplotlib")


def pixels(seen: Explanation) -> np.ndarray:  # type: ignore[type-arg]
    canvas = draw_explanation(seen, font=None)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


@pytest.mark.parametrize(("name", "seen"), every_kind().items())
def test_every_kind_is_drawn(name: str, seen: Explanation) -> None:
    drawn = pixels(seen)
    assert drawn.shape[1] == 1000
    assert 250 < drawn.shape[0] < 2500
    blue = (drawn[..., 2].astype(int) - drawn[..., 0] > 60).mean()
    assert blue > 0.01
    assert (drawn[:, :10] == 255).all()  # nothing gets over the margin
    assert (drawn[:, -10:] == 255).all()


def test_shades_are_those_of_the_attributions() -> None:
    words = ["가나다라"] * 3
    spans = [(0, 4), (5, 9), (10, 14)]
    why = Attribution("exact", "x", [1.0, 0.0, -1.0], 0, 0)
    seen = Explanation("x", "text", "가", words, " ".join(words), spans, attributions=[why])
    drawn = pixels(seen).reshape(-1, 4)[:, :3].astype(int)
    blue, orange = shades(np.array([1.0, -1.0]), 1.0, strength=0.5)[:, :3].astype(int)
    counts = [int((np.abs(drawn - tone).max(axis=1) <= 1).sum()) for tone in (blue, orange)]
    assert min(counts) > 500
    assert abs(counts[0] - counts[1]) < 0.2 * max(counts)


@pytest.mark.parametrize(("name", "seen"), every_kind().items())
def test_fonts_are_found_for_all_that_is_drawn(name: str, seen: Explanation, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, drawn = LabelFonts.runs, []

    def runs(self: LabelFonts, text: str) -> list[tuple[str, str]]:
        drawn.append(text)
        assert set(text) <= set(self.missing).union(*(known for _, known in self.files))
        return whole(self, text)

    monkeypatch.setattr(LabelFonts, "runs", runs)
    draw_explanation(seen, font=None)
    assert all(note in drawn for note in seen.notes)


@given(st.lists(HOSTILE, min_size=1, max_size=4))
@settings(max_examples=3, deadline=None)
def test_any_text_is_drawn(words: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="no font here draws")
        assert pixels(hostile(words)).shape[1] == 1000


def test_the_file(tmp_path: Path) -> None:
    of_text(units=3, layers=1).to_png(tmp_path / "why.png")
    assert (tmp_path / "why.png").read_bytes()[16:20] == (1000).to_bytes(4)
    with pytest.raises(ParameterError, match="neither a font file"):
        of_text().to_png(tmp_path / "why.png", font="no such font")
