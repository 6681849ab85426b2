"""Charts as SVG for a page: lines, bars with whiskers, points. Colours and fonts are those of the page's style.

Lines differ in their dashes as well as in their colour; what a chart shows is also said by its label, and by the table
that the page puts beside it.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from gyeol.explain.report.scales import Axis, short_number

__all__ = ["Line", "bar_chart", "interval_bar", "line_chart", "point_chart", "series_chart"]

_WIDTH, _HEIGHT = 360, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 350, 12, 178


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, its points (None where there is none), and which of the page's strokes draws it, from 1."""

    name: str
    x: Sequence[float]
    y: Sequence[float | None]
    stroke: int = 1


def line_chart(
    lines: Sequence[Line], label: str, x_name: str, *, log: bool = False, log_x: bool = False,
    mark: float | None = None, bounds: tuple[float, float] | None = None, diagonal: bool = False,
    places: Sequence[str] = (), legend: bool | None = None,
) -> str:  # fmt: skip
    """Draw lines.

    Parameters
    ----------
    lines : sequence of Line
    label : str
        What a reader of the page by ear hears.
    x_name : str
        What the x-axis shows.
    log, log_x : bool
        Whether the axes are logarithmic.
    mark : float, optional
        Where a vertical line stands.
    bounds : (float, float), optional
        The ends of the y-axis.
    diagonal : bool
        Draw the line on which y is x.
    places : sequence of str
        Names of x = 0, 1, ... instead of numbers.
    legend : bool, optional
        Whether the lines are named below; by default where there are several.

    Examples
    --------
    >>> svg = line_chart([Line("<a>", [1, 2], [0.5, 0.75])], "learning", "epoch")
    >>> svg.count("<polyline"), "&lt;a&gt;" in svg, "<a>" in svg
    (1, True, False)
    """
    ys = [y for line in lines for y in line.y if y is not None]
    xs = [x for line in lines for x in line.x]
    y_axis = Axis.around(ys, _BOTTOM, _TOP, log=log, bounds=bounds)
    if places:
        x_axis = Axis(-0.5, len(places) - 0.5, _LEFT, _RIGHT)
    elif log_x:
        x_axis = Axis(min(xs), max(*xs, min(xs) * 1.01), _LEFT, _RIGHT, log=True)
    else:
        low, high = (min(xs), max(xs)) if xs else (0.0, 1.0)
        x_axis = Axis(low, high, _LEFT, _RIGHT) if high > low else Axis(low - 1, high + 1, _LEFT, _RIGHT)
    if diagonal:
        x_axis = Axis(y_axis.low, y_axis.high, _LEFT, _RIGHT)
    parts = [_grid(y_axis), _below(x_axis, x_name, places, whole=not diagonal, values=xs if log_x else ())]
    if diagonal:
        parts.append(f'<line class="guide" x1="{_LEFT}" y1="{_BOTTOM}" x2="{_RIGHT}" y2="{_TOP}"/>')
    if mark is not None:
        x = x_axis.at(mark)
        parts.append(f'<line class="guide" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{_BOTTOM}"/>')
    for line in lines:
        for piece in _pieces(line):
            points = [(x_axis.at(x), y_axis.at(y), x, y) for x, y in piece]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in points)
            if len(points) > 1:
                parts.append(f'<polyline class="line s{line.stroke}" points="{path}"/>')
            if len(points) <= 40:
                parts += [
                    f'<circle class="dot s{line.stroke}" cx="{x:.1f}" cy="{y:.1f}" r="2.5">'
                    f"<title>{html.escape(line.name)}: {short_number(value)}</title></circle>"
                    for x, y, _, value in points
                ]
    return _svg(parts, label) + (_legend(lines) if (len(lines) > 1 if legend is None else legend) else "")


def bar_chart(
    names: Sequence[str], values: Sequence[float], label: str, x_name: str, *,
    spans: Sequence[tuple[float, float]] | None = None, bounds: tuple[float, float] | None = None,
    counts: Sequence[int] = (),
) -> str:  # fmt: skip
    """Draw bars, with whiskers for their intervals, and how many examples each stands for.

    Examples
    --------
    >>> bar_chart(["1-2", "3"], [0.5, 1.0], "by length", "tokens", counts=[7, 9]).count('<rect class="bar"')
    2
    """
    ends = [end for span in spans or () for end in span]
    heights = [0.0, *values, *ends]
    y_axis = Axis.around(heights, _BOTTOM, _TOP, bounds=bounds or (None if any(heights) else (0.0, 1.0)))
    x_axis = Axis(-0.5, len(names) - 0.5, _LEFT, _RIGHT)
    parts = [_grid(y_axis), _below(x_axis, x_name, names)]
    wide = 0.64 * (_RIGHT - _LEFT) / max(1, len(names))
    for n, value in enumerate(values):
        x, top, foot = x_axis.at(n), y_axis.at(max(value, 0.0)), y_axis.at(min(value, 0.0))
        said = f"{names[n]}: {short_number(value)}" + (f" (n = {counts[n]:,})" if counts else "")
        parts.append(
            f'<rect class="bar" x="{x - wide / 2:.1f}" y="{top:.1f}" width="{wide:.1f}" '
            f'height="{max(0.0, foot - top):.1f}"><title>{html.escape(said)}</title></rect>'
        )
        if spans is not None:
            low, high = y_axis.at(spans[n][0]), y_axis.at(spans[n][1])
            parts.append(
                f'<path class="whisker" d="M{x:.1f} {low:.1f}V{high:.1f}M{x - 4:.1f} {low:.1f}h8'
                f'M{x - 4:.1f} {high:.1f}h8"/>'
            )
    return _svg(parts, label)


def point_chart(points: Sequence[tuple[float, float]], label: str, x_name: str, y_name: str) -> str:
    """Draw points of two numbers of the same kind, and the line on which they are equal."""
    values = [value for point in points for value in point]
    y_axis = Axis.around(values, _BOTTOM, _TOP)
    x_axis = Axis(y_axis.low, y_axis.high, _LEFT, _RIGHT)
    parts = [_grid(y_axis), _below(x_axis, x_name, (), whole=False)]
    parts.append(f'<line class="guide" x1="{_LEFT}" y1="{_BOTTOM}" x2="{_RIGHT}" y2="{_TOP}"/>')
    parts += [f'<circle class="point" cx="{x_axis.at(x):.1f}" cy="{y_axis.at(y):.1f}" r="2.5"/>' for x, y in points]
    parts.append(f'<text class="axis" x="{_LEFT + 4}" y="{_TOP + 8}">{html.escape(y_name)}</text>')
    return _svg(parts, label)


def series_chart(channels: Sequence[Sequence[float | None]], shares: Sequence[float], label: str) -> str:
    """Draw a numeric sequence in small, each channel a line, and behind it what each step contributes.

    Examples
    --------
    >>> svg = series_chart([[0.0, 1.0, None, 1.0]], [0.0, 1.0, 0.0, -1.0], "series")
    >>> svg.count("<polyline"), svg.count('<rect class="f'), svg.count('<rect class="a')
    (1, 1, 1)
    """
    values = [value for channel in channels for value in channel if value is not None]
    count = max((len(channel) for channel in channels), default=0)
    y_axis = Axis.around(values, 58.0, 4.0)
    x_axis = Axis(0.0, max(1.0, count - 1.0), 2.0, 358.0)
    parts = []
    most = max((abs(share) for share in shares), default=0.0)
    wide = 356.0 / max(1, len(shares))
    for n, share in enumerate(shares):
        level = round(5 * abs(share) / most) if most else 0
        if level:
            kind = f"{'f' if share > 0 else 'a'}{level}"
            parts.append(f'<rect class="{kind}" x="{2 + n * wide:.1f}" y="0" width="{wide:.2f}" height="62"/>')
    for n, channel in enumerate(channels):
        line = Line("", range(len(channel)), channel)
        for piece in _pieces(line):
            path = " ".join(f"{x_axis.at(x):.1f},{y_axis.at(y):.1f}" for x, y in piece)
            parts.append(f'<polyline class="line thin s{n + 1}" points="{path}"/>' if len(piece) > 1 else "")
    return (
        f'<svg class="small" viewBox="0 0 360 62" role="img" aria-label="{html.escape(label)}">{"".join(parts)}</svg>'
    )


def interval_bar(value: float, low: float, high: float, axis_low: float, axis_high: float) -> str:
    """Draw a value as a dot on a line from end to end of its interval, with a mark at zero if it is between."""
    axis = Axis(axis_low, axis_high if axis_high > axis_low else axis_low + 1, 4.0, 156.0)
    zero = f'<path class="guide" d="M{axis.at(0.0):.1f} 0V16"/>' if axis_low < 0 < axis_high else ""
    return (
        f'<svg class="interval" viewBox="0 0 160 16" aria-hidden="true">{zero}'
        f'<path class="whisker" d="M{axis.at(low):.1f} 8H{axis.at(high):.1f}"/>'
        f'<circle class="dot s1" cx="{axis.at(value):.1f}" cy="8" r="4"/></svg>'
    )


def _svg(parts: Sequence[str], label: str) -> str:
    body = "".join(parts)
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{html.escape(label)}">{body}</svg>'


def _grid(axis: Axis) -> str:
    parts = []
    for value in axis.ticks():
        y = axis.at(value)
        parts.append(f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{_RIGHT}" y2="{y:.1f}"/>')
        parts.append(f'<text class="axis end" x="{_LEFT - 5}" y="{y + 4:.1f}">{short_number(value)}</text>')
    return "".join(parts)


def _below(axis: Axis, name: str, places: Sequence[str], *, whole: bool = True, values: Sequence[float] = ()) -> str:
    """Write what is below the x-axis: ticks, and what it shows."""
    parts = []
    if places:
        longest = max(map(len, places))
        every = max(1, math.ceil(len(places) * (6.2 * longest + 8) / (_RIGHT - _LEFT)))
        ticks = [(float(n), text) for n, text in enumerate(places) if n % every == 0]
    elif axis.log:
        seen = sorted(dict.fromkeys(values))
        every = max(1, math.ceil(len(seen) / 9))
        ticks = [(value, short_number(value)) for value in seen[::every]]
    else:
        marks = [value for value in axis.ticks() if not whole or value == int(value)]
        ticks = [(value, short_number(value)) for value in marks]
    for value, text in ticks:
        parts.append(
            f'<text class="axis middle" x="{axis.at(value):.1f}" y="{_BOTTOM + 15}">{html.escape(text)}</text>'
        )
    middle = (_LEFT + _RIGHT) / 2
    parts.append(f'<text class="axis middle name" x="{middle:.0f}" y="{_BOTTOM + 33}">{html.escape(name)}</text>')
    return "".join(parts)


def _pieces(line: Line) -> list[list[tuple[float, float]]]:
    """Cut a line where it has no points."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(line.x, line.y, strict=True):
        if y is None or not math.isfinite(y):
            pieces.append([])
        else:
            pieces[-1].append((float(x), float(y)))
    return [piece for piece in pieces if piece]


def _legend(lines: Sequence[Line]) -> str:
    seen = {line.name: line.stroke for line in reversed(lines)}
    marks = "".join(
        f'<li><svg class="key" viewBox="0 0 26 10" aria-hidden="true"><path class="line s{stroke}" d="M1 5H25"/></svg>'
        f"{html.escape(name)}</li>"
        for name, stroke in reversed(seen.items())
    )
    return f'<ul class="legend">{marks}</ul>'
