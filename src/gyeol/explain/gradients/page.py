"""One page with the gradient through time: a panel for each length, a curve for each net, before and after training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from gyeol.data.atomic import write_bytes
from gyeol.explain.drawing.page import static_page

__all__ = ["draw_panel", "gradients_page", "save_gradients"]

_WIDTH, _HEIGHT = 560, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 12, 36
_LEAST, _GREATEST = -12, 6  # powers of ten that are drawn
_POINTS = 200  # of a curve

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --faint: #d8d8d8; --paper: #ffffff;
  --c0: #b3261e; --c1: #1f5fbf; --c2: #1b7f4b; --c3: #8a5a00; --c4: #6b3fa0; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececec; --faint: #444444; --paper: #161616;
  --c0: #ff8a80; --c1: #8ab4f8; --c2: #7bd8a5; --c3: #f2c14e; --c4: #c9a6ff; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 1.5rem 0 0.25rem; }
svg { width: 100%; height: auto; max-width: 45rem; display: block; }
svg text { font-size: 12px; fill: var(--ink); }
.grid { stroke: var(--faint); stroke-width: 1; } .curve { fill: none; stroke-width: 2; }
.before { stroke-dasharray: 5 4; opacity: 0.8; }
.s0 { stroke: var(--c0); } .s1 { stroke: var(--c1); } .s2 { stroke: var(--c2); } .s3 { stroke: var(--c3); }
.s4 { stroke: var(--c4); }
.k0 { color: var(--c0); } .k1 { color: var(--c1); } .k2 { color: var(--c2); } .k3 { color: var(--c3); }
.k4 { color: var(--c4); }
.legend { display: flex; flex-wrap: wrap; gap: 0 1.25rem; list-style: none; margin: 0; padding: 0; }
.legend li::before { content: "\\25A0\\00A0"; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.15rem 0.75rem 0.15rem 0; border-bottom: 1px solid var(--faint); }
"""

_LEAD = (
    "The norm of the loss's gradient by the state after each step, over that after the last step: by c of an LSTM, by "
    "h of the others. The loss reads the last state alone. Where a curve falls towards the left, the net hardly learns "
    "from what lies there (it vanishes); where it rises, what lies there outweighs all else (it explodes). Dashed: "
    "before training; solid: after it. Hochreiter and Schmidhuber 1997; Pascanu, Mikolov and Bengio 2013."
)


def gradients_page(curves: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Build the page.

    Parameters
    ----------
    curves : sequence of mapping
        ``name``, ``steps`` (T), and ``before`` and ``after`` training each (T,) numbers; empty where there are none.
    rows : sequence of mapping
        A table of figures below the curves; all with the same keys.
    """
    parts = [f"<p>{escape(_LEAD)}</p>"]
    for steps in sorted({int(one["steps"]) for one in curves}):
        shown = [one for one in curves if int(one["steps"]) == steps]
        parts.append(f"<h2>{steps} steps</h2>")
        parts.append(draw_panel(shown, steps))
        keys = [f'<li class="k{n % 5}">{escape(str(one["name"]))}</li>' for n, one in enumerate(shown)]
        parts.append(f'<ul class="legend">{"".join(keys)}</ul>')
    if rows:
        head = "".join(f"<th>{escape(str(name))}</th>" for name in rows[0])
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(str(value))}</td>' for value in row.values())}</tr>" for row in rows
        )
        parts.append("<h2>First step over last step, and the error</h2>")
        parts.append(f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>')
    return static_page("en", "The gradient through time", _STYLE, "\n".join(parts))


def draw_panel(curves: Sequence[Mapping[str, Any]], steps: int) -> str:
    """Draw the curves of one length as SVG; the vertical axis is a logarithm."""
    drawn = [_logarithms(one[when]) for one in curves for when in ("before", "after") if len(one[when])]
    low = math.floor(max(_LEAST, min((min(curve) for curve in drawn), default=0)))
    high = math.ceil(min(_GREATEST, max((max(curve) for curve in drawn), default=1)))
    low, high = min(low, -1), max(high, 1)

    def across(step: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (step - 1) / max(1, steps - 1)

    def down(power: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - min(max(power, low), high)) / (high - low)

    lines = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="gradient by step, {steps} steps">']
    every = max(1, math.ceil((high - low) / 6))
    for power in range(low, high + 1, every):
        y = down(power)
        lines.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_power(power)}</text>')
    for step in sorted({1, *(max(1, round(steps * part / 4)) for part in (1, 2, 3, 4))}):
        lines.append(f'<text x="{across(step):.1f}" y="{_HEIGHT - 18}" text-anchor="middle">{step}</text>')
    lines.append(f'<text x="{(_LEFT + _WIDTH) / 2:.0f}" y="{_HEIGHT - 3}" text-anchor="middle">step</text>')
    for n, one in enumerate(curves):
        for when in ("before", "after"):
            curve = _logarithms(one[when])
            if not curve:
                continue
            chosen = sorted({round(k * (len(curve) - 1) / (_POINTS - 1)) for k in range(_POINTS)})
            points = " ".join(f"{across(t + 1):.1f},{down(curve[t]):.1f}" for t in chosen)
            title = f"{one['name']}, {when} training"
            lines.append(
                f'<polyline class="curve {when} s{n % 5}" points="{points}"><title>{escape(title)}</title></polyline>'
            )
    return "\n".join([*lines, "</svg>"])


def save_gradients(out: str | Path, curves: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the page: whole, or not at all; `gradients_page` takes the other arguments.

    Raises
    ------
    SaveError
        It cannot be written.
    """
    write_bytes(out, gradients_page(curves, rows))


def _logarithms(values: Sequence[float]) -> list[float]:
    """Return logarithms to base 10; of what is 0 the least that is drawn."""
    return [math.log10(value) if value > 10.0**_LEAST else float(_LEAST) for value in values]


def _power(power: int) -> str:
    """Write a power of ten: 0.01, 1, 100, 10 to the power of minus 6 with a raised exponent."""
    if -2 <= power <= 2:
        return f"{10.0**power:g}"
    return f'10<tspan dy="-5" font-size="9">{power}</tspan>'
