"""Where a caption looked: light in the right place, for any words, in a page that runs nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.errors import DataError
from gyeol.explain import CaptionMap
from gyeol.explain.captions.picture import enlarged, spread

pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install 'gyeol[images]'")
IMAGE = np.full((32, 32, 3), 200, np.uint8)


def made(words: list[str], height: int = 2, width: int = 3, seed: int = 0) -> CaptionMap:
    weights = np.random.default_rng(seed).dirichlet(np.ones(height * width), len(words))
    return CaptionMap(IMAGE, tuple(words), weights.reshape(-1, height, width), " ".join(words).strip())


def test_the_picture_is_light_where_a_word_looked(tmp_path: Path) -> None:
    from PIL import Image

    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'gyeol[plots]'")
    weights = np.zeros((2, 4, 4))
    weights[0, 0, 3] = weights[1, 3, 0] = 1.0
    CaptionMap(IMAGE, ("one", "two"), weights, "one two").to_png(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        pixels = np.asarray(image.convert("L")).astype(int)
    panel = lambda n: pixels[:, 18 + n * 182 : 18 + n * 182 + 168]  # noqa: E731
    top = 40 + 18 + 28
    first, second = (panel(n)[top : top + 168] for n in (1, 2))
    assert first[10, 157] > 160 > 75 > first[157, 10]
    assert second[157, 10] > 160 > 75 > second[10, 157]
    assert abs(panel(0)[top + 80, 80] - 200) < 3


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=9), st.integers(1, 5), st.integers(1, 5))
@settings(max_examples=8)
def test_any_words(words: list[str], height: int, width: int) -> None:
    import tempfile

    seen = made(words, height, width)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        seen.to_html(place / "a.html")
        seen.to_json(place / "a.json")
        page = (place / "a.html").read_text("utf-8")
        told = json.loads((place / "a.json").read_text("utf-8", "surrogatepass"))
    assert np.asarray(told["attention"]).shape == (len(words), height, width)
    assert page.count("<figure>") == 1 + (len([w for w in words if w != "\n"]) or len(words))
    assert "<script" not in page
    assert all(address.startswith("data:image/") for address in re.findall(r'src="([^"]*)', page))
    assert seen.to_terminal().count("\n") >= 1


def test_the_end_is_not_shown() -> None:
    seen = made(["빨간", "원", "\n"])
    lines = seen.to_terminal().splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("빨간 ")
    assert "줄" in lines[2]
    assert set(seen.to_dict()) >= {"prediction", "tokens", "attention", "gates", "states", "gradients", "attributions"}


def test_korean_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'gyeol[plots]'")
    made(["빨간", "원이", "있다", "\n"]).to_png(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5000


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 50))
@settings(max_examples=40)
def test_spreading_keeps_to_the_shares(height: int, width: int, side: int) -> None:
    weights = np.random.default_rng(side).random((height, width)) + 0.01
    found = spread(weights, side)
    assert found.shape == (side, side)
    assert 0 <= found.min() <= found.max() <= 1 + 1e-12


@given(st.integers(1, 200))
@settings(max_examples=15)
def test_enlarging_keeps_colours(size: int) -> None:
    assert np.allclose(enlarged(np.full((size, size, 3), 77, np.uint8), 168), 77)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"words": ()}, "expected one text"),
        ({"weights": np.ones((1, 2, 2)) / 4}, "got shape"),
        ({"weights": np.ones((2, 2, 2))}, "expected shares"),
        ({"weights": np.full((2, 2, 2), np.nan)}, "expected shares"),
        ({"image": np.zeros((4, 5, 3), np.uint8)}, "image: got"),
        ({"image": np.zeros((4, 4, 3))}, "image: got"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    whole: dict[str, Any] = {"image": IMAGE, "words": ("a", "b"), "weights": np.full((2, 2, 2), 0.25)}
    with pytest.raises(DataError, match=message):
        CaptionMap(**{**whole, **change})
