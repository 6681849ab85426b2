"""How a model learned: its figures by epoch, and the gradient through time where it was recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gyeol.explain.report.charts import Line, line_chart
from gyeol.explain.report.parts import chart, pairs_table, safe
from gyeol.explain.report.scales import short_number
from gyeol.explain.report.words import TEXTS, figure_name

__all__ = ["gradient_section", "learning_section"]

_SKIPPED = ("epoch", "seconds", "examples_per_second")
_SPREAD = 30.0  # from the least to the greatest: from here on an axis is logarithmic


def learning_section(content: Mapping[str, Any], language: str) -> str:
    """Draw every figure of the history by epoch: training and validation in one chart."""
    say, records = TEXTS[language], content["history"]
    if not records:
        return f'<p class="faint">{safe(say["no_history"])}</p>'
    if len(records) == 1:  # no curve
        figures = {
            _named(key, language, say): short_number(value) for key, value in records[0].items() if key != "epoch"
        }
        return pairs_table(figures, say["learning"])
    best = content["best_epoch"]
    second = say["valid"] if content["measured_on"] == "validation" else say["train_part"]
    charts = []
    for name in _names(records):
        found = [
            (say["train"], f"train_{name}", 2),
            (second, f"valid_{name}", 1),
            (figure_name(name, language), name, 1),
        ]
        lines = [
            Line(title, [record["epoch"] for record in records], [record.get(key) for record in records], stroke)
            for title, key, stroke in found
            if any(key in record for record in records)
        ]
        title = figure_name(name, language)
        values = [y for line in lines for y in line.y if y is not None and y > 0]
        log = (
            bool(values) and max(values) > _SPREAD * min(values) and all((y or 1.0) > 0 for one in lines for y in one.y)
        )
        drawing = line_chart(
            lines, f"{title}: {', '.join(line.name for line in lines)}", say["epoch"], log=log, mark=best
        )
        rows = [
            [
                f"{record['epoch']:g}",
                *("" if record.get(key) is None else record[key] for _, key in _keys(lines, found)),
            ]
            for record in records
        ]
        charts.append(chart(title, drawing, [say["epoch"], *(line.name for line in lines)], rows, say["table"]))
    note = f'<p class="faint">{safe(say["best"].format(f"{best:g}"))}</p>' if best is not None else ""
    return f'{note}<div class="grid">{"".join(charts)}</div>'


def _named(key: str, language: str, say: dict[str, str]) -> str:
    part, _, bare = key.partition("_")
    if part in ("train", "valid"):
        return f"{figure_name(bare, language)} ({say[part]})"
    return figure_name(key, language)


def _keys(lines: Sequence[Line], found: Sequence[tuple[str, str, int]]) -> list[tuple[str, str]]:
    names = [line.name for line in lines]
    return [(title, key) for title, key, _ in found if title in names]


def _names(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """List the figures of a history, the loss and what has a validation first."""
    keys = list(dict.fromkeys(key for record in records for key in record))
    bare = dict.fromkeys(key.removeprefix("train_").removeprefix("valid_") for key in keys if key not in _SKIPPED)
    names = [name for name in bare if not name.startswith("gradient")]
    first = [name for name in names if f"valid_{name}" in keys or f"train_{name}" in keys]
    rest = [name for name in names if name not in first]
    return sorted(first, key=lambda name: name != "loss") + rest


def gradient_section(content: Mapping[str, Any], language: str) -> str:
    """Draw the norm of the gradient by distance from the loss, of the first and the last epoch; empty without it."""
    return ""


def gradients_side_by_side(models: Sequence[Mapping[str, Any]], language: str) -> str:
    """Draw the gradient through time of several models, at their last epoch; empty where none has recorded it."""
    return ""
