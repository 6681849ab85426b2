"""Forecasts drawn: a PNG that is one, whatever the numbers, names in Hangul too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'gyeol[plots]'")

from gyeol import SaveError
from gyeol.explain import draw_forecast, save_forecast

LEVELS = [0.1, 0.5, 0.9]


def example(channels: int = 2, horizon: int = 12) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    history = np.sin(np.arange(200.0)[:, None] / 5) + np.arange(channels)
    quantiles = np.zeros((horizon, channels, 3)) + np.array([-1.0, 0.0, 1.0])
    return history, quantiles


def pixels(path: Path) -> np.ndarray:  # type: ignore[type-arg]
    from matplotlib.image import imread

    return np.asarray(imread(path))


def test_a_panel_for_each_channel(tmp_path: Path) -> None:
    sizes = []
    for channels in (1, 2, 20):
        save_forecast(tmp_path / "a.png", *example(channels), LEVELS)
        sizes.append(pixels(tmp_path / "a.png").shape[:2])
    assert [width for _, width in sizes] == [1000] * 3
    heights = [height for height, _ in sizes]
    assert heights[1] - heights[0] == 260
    assert heights[2] - heights[0] == 15 * 260  # sixteen at the most


def test_intervals_and_the_median_are_there(tmp_path: Path) -> None:
    history, quantiles = example(1)
    save_forecast(tmp_path / "a.png", history, quantiles, LEVELS)
    banded = pixels(tmp_path / "a.png")
    save_forecast(tmp_path / "b.png", history, quantiles[..., 1:2], [0.5])
    alone = pixels(tmp_path / "b.png")
    blue = np.array([0x1F, 0x5F, 0xA8]) / 255
    pale = 0.18 * blue + 0.82

    def share(image: np.ndarray, colour: np.ndarray) -> float:  # type: ignore[type-arg]
        return float((np.abs(image[..., :3] - colour).max(-1) < 0.02).mean())

    assert share(banded, pale) > 0.005
    assert share(alone, pale) < 0.0005
    assert share(banded, blue) > 0.0001


def test_holes_truth_times_and_flat_lines(tmp_path: Path) -> None:
    history, quantiles = example(1)
    history[-5:] = np.nan
    save_forecast(tmp_path / "a.png", history, quantiles, LEVELS, names=["$x_1$\n"], label=lambda n: f"t{n}",
                  truth=np.zeros((12, 1)))  # fmt: skip
    save_forecast(tmp_path / "b.png", np.full((9, 1), 1e12), np.full((3, 1, 3), 1e12), LEVELS)
    assert pixels(tmp_path / "a.png").shape == pixels(tmp_path / "b.png").shape


def test_hangul() -> None:
    figure = draw_forecast(*example(1), LEVELS, names=["전력 사용량"])
    told = "".join(artist.get_text() for artist in figure.get_children() if hasattr(artist, "get_text"))
    assert "전력 사용량" in told
    assert "파란 선: 예측(중앙값)" in told


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(SaveError):
        save_forecast(tmp_path, *example(1), LEVELS)


def test_the_same_picture_whatever_the_users_settings_are(tmp_path: Path) -> None:
    import matplotlib as mpl

    save_forecast(tmp_path / "a.png", *example(1), LEVELS, names=["전력"])
    own = {
        "axes.facecolor": "#000000",
        "xtick.top": True,
        "savefig.bbox": "tight",
        "figure.constrained_layout.use": True,
    }
    with mpl.rc_context(own):
        before = dict(mpl.rcParams)
        save_forecast(tmp_path / "b.png", *example(1), LEVELS, names=["전력"])
        assert dict(mpl.rcParams) == before
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
