"""A series and what is forecast of it as a picture: a panel for each channel, the intervals around the median."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gyeol.data.number_format import rounded
from gyeol.explain.drawing.fonts import Pen, find_fonts, has_hangul
from gyeol.explain.drawing.fonts import label as one_line
from gyeol.explain.drawing.sheet import save_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_forecast", "save_forecast"]

_INK, _FAINT, _PAPER, _LINE = "#1c1f23", "#62686f", "#ffffff", "#1f5fa8"
_DPI = 100
_WIDTH, _PANEL, _EDGE, _TOP, _FOOT, _LEFT, _TICKS = 1000, 220, 16, 40, 34, 78, 22
_MOST = 16  # channels drawn
_POINTS = 10.0

Numbers = npt.NDArray[np.float64]


def save_forecast(out: str | Path, *drawn: Any, **how: Any) -> None:
    """Write what `draw_forecast` draws, which takes the other arguments, as a PNG file: whole, or not at all.

    Raises
    ------
    SaveError
        The file cannot be written.
    """
    save_png(draw_forecast(*drawn, **how).canvas, out)


def draw_forecast(
    history: Numbers,
    quantiles: Numbers,
    levels: Sequence[float],
    *,
    names: Sequence[str] | None = None,
    label: Callable[[int], str] | None = None,
    truth: Numbers | None = None,
    font: str | None = None,
) -> Figure:
    """Draw a forecast on a figure of its own.

    Parameters
    ----------
    history : float64 array, shape (T, C)
        The past, of which the last steps are shown; NaN where a value is missing.
    quantiles : float64 array, shape (horizon, C, Q)
    levels : sequence of float, length Q
        The quantiles' levels, in ascending order, 0.5 among them.
    names : sequence of str, length C, optional
        Of the channels; numbers by default.
    label : callable, optional
        Writes when a step is, counted from the last of the history; the number itself by default.
    truth : float64 array, shape (horizon, C), optional
        The actual values.
    font : str, optional
        A font file, or the name of an installed family.

    Raises
    ------
    ParameterError, MissingExtraError
        As `gyeol.explain.drawing.fonts.find_fonts`.
    """
    names = [str(number) for number in range(history.shape[1])] if names is None else list(names)
    titles = [one_line(str(name), 60) for name in names][:_MOST]
    korean = any(map(has_hangul, titles))
    foot = _foot(levels, korean=korean, left=len(names) - len(titles), truth=truth is not None)
    horizon = len(quantiles)
    shown = history[-max(2 * horizon, 96) :]
    places = np.arange(-len(shown) + 1, horizon + 1)
    ticks = np.unique(np.linspace(places[0], places[-1], 7).round().astype(int))
    times = [f"{place:+d}" if label is None else label(int(place)) for place in ticks]
    fonts = find_fonts([*titles, foot, *times, "0123456789.,-−+e "], font)
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(dpi=_DPI, facecolor=_PAPER, edgecolor=_PAPER)
    figure.set_layout_engine("none")
    height = len(titles) * (_PANEL + _TOP) + _TICKS + _FOOT + _EDGE
    figure.set_size_inches(_WIDTH / _DPI, height / _DPI)
    pen = Pen(FigureCanvasAgg(figure), fonts, _PAPER)
    right = _WIDTH - _EDGE
    for number, title in enumerate(titles):
        bottom = height - (number + 1) * (_PANEL + _TOP)
        box = (_LEFT / _WIDTH, bottom / height, (right - _LEFT) / _WIDTH, _PANEL / height)
        with mpl.rc_context():  # axes, which take much from the user's settings, look the same everywhere
            mpl.rcdefaults()
            axes = figure.add_axes(box)
        _panel(axes, shown[:, number], quantiles[:, number], levels, None if truth is None else truth[:, number])
        axes.set_xlim(places[0] - 0.5, places[-1] + 0.5)
        axes.set_xticks(ticks.tolist(), labels=[])
        _numbers(axes, pen, bottom)
        pen.write_along(title, (_LEFT, bottom + _PANEL + 8), _POINTS + 2, _INK)
    bottom = height - len(titles) * (_PANEL + _TOP)
    for place, time in zip(ticks.tolist(), times, strict=True):
        at = _LEFT + (right - _LEFT) * (place - places[0] + 0.5) / len(places)
        wide = pen.size(time, 8.0)[0]
        pen.write_along(time, (min(max(at - wide / 2, 4), _WIDTH - wide - 4), bottom - 18), 8.0, _FAINT)
    pen.write_along(foot, (_LEFT, 14), 9.0, _FAINT)
    return figure


def _panel(axes: Any, history: Numbers, quantiles: Numbers, levels: Sequence[float], truth: Numbers | None) -> None:
    """Draw one channel: the past, the bands of quantiles that belong together, the median, and the actual values."""
    ahead = np.arange(1, len(quantiles) + 1)
    before = np.arange(-len(history) + 1, 1)
    pairs = [(low, levels.index(1 - q) if 1 - q in levels else None) for low, q in enumerate(levels) if q < 0.5]
    pairs = [(low, len(levels) - 1 - low if high is None else high) for low, high in pairs]
    for low, high in pairs:
        axes.fill_between(ahead, quantiles[:, low], quantiles[:, high], color=_LINE, alpha=0.18, linewidth=0)
    axes.plot(before, history, color=_INK, linewidth=1.2)
    if truth is not None:
        axes.plot(ahead, truth, color=_INK, linewidth=1.2, linestyle=(0, (2, 1.5)))
    middle = quantiles[:, list(levels).index(0.5)]
    # The line begins where the past ends, if that is known.
    known = history[-1:] if len(history) and np.isfinite(history[-1]) else np.zeros(0)
    start = ahead if not len(known) else np.concatenate([[0], ahead])
    axes.plot(start, np.concatenate([known, middle]), color=_LINE, linewidth=1.8)
    axes.axvline(0.5, color=_FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.grid(axis="y", color="#e3e6ea", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#c3c8ce")
    axes.tick_params(length=3, color="#c3c8ce")


def _numbers(axes: Any, pen: Pen, bottom: float) -> None:
    """Write the numbers of the vertical axis with fonts that are sure to have them."""
    from matplotlib.ticker import MaxNLocator

    low, high = axes.get_ylim()
    values = [value for value in MaxNLocator(5).tick_values(low, high) if low <= value <= high]
    axes.set_yticks(values, labels=[])
    for value, full in zip(values, rounded(values, digits=3), strict=True):
        text = f"{value:.10g}" if abs(value) < 1e6 else full
        wide, high_text = pen.size(text, 8.0)
        at = bottom + _PANEL * (value - low) / (high - low)
        pen.write_along(text, (_LEFT - 8 - wide, at - high_text / 2), 8.0, _FAINT)


def _foot(levels: Sequence[float], *, korean: bool, left: int, truth: bool) -> str:
    """Say what is seen."""
    share = f"{100 * (levels[-1] - levels[0]):.4g} %"
    if korean:
        parts = ["검은 선: 지난 값", "파란 선: 예측(중앙값)"]
        parts += [f"띠: {share} 구간"] if len(levels) > 1 else []
        parts += ["점선: 실제 값"] if truth else []
        parts += [f"그리지 않은 계열 {left}개"] if left else []
    else:
        parts = [
            "black: the past",
            "blue: forecast (median)",
            *([f"band: {share} interval"] if len(levels) > 1 else []),
        ]
        parts += ["dashed: actual values"] if truth else []
        parts += [f"{left} more channels not drawn"] if left else []
    return " · ".join(parts)
