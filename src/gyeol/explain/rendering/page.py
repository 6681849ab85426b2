"""An explanation as one page: what any browser shows, and a script that lets one move along the input.

The input with its first attribution, the probabilities and a table of figures are in the markup, escaped. What went on
inside is in the page as data, from where it gets onto the page as text, colours and curves only.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gyeol.explain.attention.labels import token_label
from gyeol.explain.drawing.fonts import label
from gyeol.explain.drawing.page import data_block, fill_page, printable
from gyeol.explain.rendering.figures import input_figure, output_figure
from gyeol.explain.rendering.packing import pack, pack_layers
from gyeol.explain.rendering.terminal import answer_text, step_names
from gyeol.explain.rendering.wording import (
    WORDING,
    answer_differs,
    attention_name,
    attention_rows,
    key_text,
    language_of,
    note_text,
    reading_names,
    score_text,
    spoken_for,
)

if TYPE_CHECKING:
    from gyeol.explain.explanation import Explanation

__all__ = ["embedded_page", "render_page"]

_TEMPLATE = Path(__file__).with_name("page.html")
_ROOM, _SMALL_ROOM = 620_000, 90_000  # numbers of gates and states in a page, in a notebook
_LARGEST = 1_000_000  # bytes of a page, if fewer units can bring it there
_CLASSES, _CURVES = 12, 6
_ROWS = 1000  # of the table of figures
_BELOW = ("input", "output")  # gates that are named as parts of an explanation are


def render_page(
    explanation: Explanation, *, title: str | None = None, units: int | Literal["all"] | None = None, room: int = _ROOM
) -> bytes:
    """Make the page; see `gyeol.explain.explanation.Explanation.to_html`.

    Returns
    -------
    bytes
        The page, in UTF-8.
    """
    language = language_of(explanation)
    say = WORDING[language]
    answer = label(answer_text(explanation), 120)
    heading = html.escape(label(title, 200)) if title else say["why"].format(printable(answer))
    fields = {f"say-{key.replace(' ', '-')}": html.escape(text[:1].upper() + text[1:]) for key, text in say.items()}
    shared = {
        "lang": language,
        "title": heading,
        "kind": explanation.kind,
        "sum": "".join(f"<p>{_sum(explanation, n, say)}</p>" for n in range(len(explanation.attributions[:1]))),
        "other": _other(explanation, say, answer),
        "key": printable(key_text(explanation.attributions[0].target, language)) if explanation.attributions else "",
        "chances": _chances(explanation),
        "input": input_figure(explanation, say),
        "output": output_figure(explanation) if _has_output(explanation) else "",
        "table": _table(explanation, say),
        "notes": "".join(f"<li>{printable(note_text(one, language))}</li>" for one in explanation.notes),
    }
    while True:
        data = data_block(_data(explanation, say, units, room))
        page = fill_page(_TEMPLATE, fields | shared | {"data": data})
        if units is not None or len(page) <= _LARGEST or room < _ROOM / 4:
            return page
        room -= len(page) - _LARGEST  # for rare syllables, attention, long tables: fewer units then


def embedded_page(explanation: Explanation) -> str:
    """Make the page, with fewer units, a frame for notebooks, which has no rights but to run its own script."""
    page = render_page(explanation, room=_SMALL_ROOM).decode()
    return (
        '<iframe sandbox="allow-scripts" width="100%" height="640" style="border: 0" '
        f'srcdoc="{html.escape(page)}"></iframe>'
    )


def _sum(explanation: Explanation, number: int, say: dict[str, str]) -> str:
    why = explanation.attributions[number]
    target = score_text(why.target, language_of(explanation))
    return printable(say["sum"].format(why.start, why.total, target, say.get(why.method, why.method)))


def _other(explanation: Explanation, say: dict[str, str], answer: str) -> str:
    """Say that what is shown supports something else than the prediction, if it does."""
    if not answer_differs(explanation):
        return ""
    return f"<p>{printable(say['other'].format(answer, spoken_for(explanation.attributions[0].target)))}</p>"


def _chances(explanation: Explanation) -> str:
    ranked = sorted(explanation.probabilities.items(), key=lambda pair: -pair[1])[:_CLASSES]
    return "".join(
        f'<tr><th scope="row"><bdi>{printable(token_label(name, 80))}</bdi></th><td>{p:.3f}</td>'
        '<td><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{100 * p:.1f}" height="10"></rect></svg></td></tr>'
        for name, p in ranked
    )


def _table(explanation: Explanation, say: dict[str, str]) -> str:
    """Write a row a step: its name, and what each method attributes to it."""
    methods = explanation.attributions
    heads = "".join(f'<th scope="col">{html.escape(say.get(why.method, why.method))}</th>' for why in methods)
    rows = [
        f'<tr><th scope="row">{n + 1} <bdi>{printable(name)}</bdi></th>'
        + "".join(f"<td>{why.values[n]:+.4g}</td>" for why in methods)
        + "</tr>"
        for n, name in enumerate(step_names(explanation)[:_ROWS])
    ]
    caption = f"<caption>{say['part'].format(_ROWS)}</caption>" if len(explanation.tokens) > _ROWS else ""
    return f'{caption}<thead><tr><th scope="col">{say["step"]}</th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody>'


def _has_output(explanation: Explanation) -> bool:
    """Whether the output has steps of its own, not those of the input."""
    count = len(explanation.output)
    walked = any(explanation.axis(layer) == "output" for layer in explanation.layers)
    looked = any(len(one.rows) == count for one in explanation.attention)
    return count > 0 and (count != len(explanation.tokens) or walked or looked)


def _data(
    explanation: Explanation, say: dict[str, str], units: int | Literal["all"] | None, room: int
) -> dict[str, Any]:
    """Gather what the script needs."""
    seen, reading, language = explanation, explanation.reading, language_of(explanation)
    curves = None
    if reading is not None:
        order = np.argsort(-reading.probabilities[-1], kind="stable")[:_CURVES]
        shares = reading.probabilities.min() >= 0 and reading.probabilities.max() <= 1 + 1e-6
        curves = {
            "steps": list(reading.steps),
            "names": [reading_names(reading.names, language)[n] for n in order],
            "values": [[float(f"{p:.4g}") for p in reading.probabilities[:, n].tolist()] for n in order],
            "shares": bool(shares),
        }
    aligned = len(seen.output) == len(seen.tokens) and not _has_output(seen)
    return {
        "say": say,
        "kind": seen.kind,
        "tokens": step_names(seen),
        "output": step_names(seen, output=True) if _has_output(seen) else [],
        "labels": step_names(seen, output=True) if aligned else [],
        "attributions": [
            {
                "method": why.method,
                "sum": _plain_sum(seen, n, say),
                "values": [float(f"{v:.5g}") for v in why.values.tolist()],
            }
            for n, why in enumerate(seen.attributions)
        ],
        "attention": [
            {
                "name": attention_name(one.name, language),
                "rows": attention_rows(one.rows, language),
                **pack(one.weights),
            }
            for one in seen.attention
        ],
        "layers": pack_layers(seen, units, room),
        "loss": score_text(seen.loss, language) if seen.loss else "",
        "reading": curves,
        "mel": {"bins": seen.values.shape[1], "rows": len(seen.values), **pack(_brightness(seen.values))}
        if seen.kind == "sound" and seen.values is not None
        else None,
    }


def _plain_sum(explanation: Explanation, number: int, say: dict[str, str]) -> str:
    return html.unescape(_sum(explanation, number, say))


def _brightness(values: Any) -> Any:
    """Scale a spectrogram to 0 to 1."""
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low or 1.0)
