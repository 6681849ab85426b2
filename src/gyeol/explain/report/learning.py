"""How a model learned: its figures by epoch, and the gradient through time where it was recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gyeol.explain.report.charts import Line, line_chart
from gyeol.explain.report.parts import chart, pairs_table, safe
from gyeol.explain.report.scales import short_number
from gyeol.explain.report.words import TEXTS, figure_name

__all__ = ["gradient_section", "learning_section"]

_SKIPPED = ("epoch", "seconds", "examples_per_second", "validated_share")
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
    names = [name for name in bare if not _constant(records, name)]
    first = [name for name in names if f"valid_{name}" in keys or f"train_{name}" in keys]
    rest = [name for name in names if name not in first]
    return sorted(first, key=lambda name: name != "loss") + rest


def _constant(records: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Whether a setting, such as the learning rate, is the same at every epoch: no curve."""
    return name in records[0] and len({record.get(name) for record in records}) == 1


def gradient_section(content: Mapping[str, Any], language: str) -> str:
    """Draw how far back the gradient reached, in the first epoch and the one that was kept; empty without a record.

    Of the epochs that recorded it, the last one up to that which was kept; the last of all where that is not known.
    """
    say, charts, best = TEXTS[language], [], content.get("best_epoch")
    for place in content["gradients"]:
        first, last = place["epochs"][0], _up_to(place["epochs"], best)
        epochs = [first] if first is last else [first, last]
        names = [_epoch_name(own["epoch"], best, language) for own in epochs]
        lines = [
            _reach(name, own, stroke) for name, own, stroke in zip(names[::-1], epochs[::-1], (1, 2), strict=False)
        ]
        title = _place_name(place, language)
        drawing = line_chart(lines, f"{say['gradients']}: {title}", say["distance"], log=True, log_x=True, legend=True)
        found = [dict(zip(own["distances"], own["ratios"], strict=True)) for own in epochs]
        rows = [[str(d), *(own.get(d, "") for own in found)] for d in epochs[-1]["distances"]]
        charts.append(chart(title, drawing, [say["distance"], *names], rows, say["table"]))
    if not charts:
        return ""
    return f'<p class="faint">{safe(say["gradients_key"])}</p><div class="grid">{"".join(charts)}</div>'


def _up_to(epochs: Sequence[Mapping[str, Any]], best: float | None) -> Mapping[str, Any]:
    """Choose the last recorded epoch up to that which was kept."""
    before = [own for own in epochs if best is not None and own["epoch"] <= best]
    return before[-1] if before else epochs[0] if best is not None else epochs[-1]


def _epoch_name(epoch: float, best: float | None, language: str) -> str:
    name = f"{TEXTS[language]['epoch']} {epoch:g}"
    return TEXTS[language]["kept_epoch"].format(name) if epoch == best else name


def _place_name(place: Mapping[str, Any], language: str) -> str:
    say = TEXTS[language]
    return f"{place['module']}, {say['layer'].format(place['layer'] + 1)}, {say[place['direction']]}"


def _reach(name: str, own: Mapping[str, Any], stroke: int) -> Line:
    """Make the line of one epoch; a gradient of 0 has no place on a logarithmic axis."""
    return Line(name, own["distances"], [ratio if ratio > 0 else None for ratio in own["ratios"]], stroke)


def gradients_side_by_side(models: Sequence[Mapping[str, Any]], language: str) -> str:
    """Draw how far back the gradient reached in several models, in the epoch that was kept; empty without a record.

    Of each model, the layer and direction in which it reached least far; models without a record are named.
    """
    say, lines, rows, missing = TEXTS[language], [], [], []
    for number, model in enumerate(models):
        best = model.get("best_epoch")
        ends = [(place, _up_to(place["epochs"], best)) for place in model["gradients"]]
        if not ends:
            missing.append(model["model"])
            continue
        place, least = min(ends, key=lambda end: end[1]["ratios"][-1])
        epoch = _epoch_name(least["epoch"], best, language)
        name = f"{model['model']}: {_place_name(place, language)}, {epoch}"
        lines.append(_reach(name, least, number % 4 + 1))
        rows += [[name, str(d), ratio] for d, ratio in zip(least["distances"], least["ratios"], strict=True)]
    if not lines:
        return ""
    drawing = line_chart(lines, say["gradients"], say["distance"], log=True, log_x=True, legend=True)
    head = [say["model"], say["distance"], say["gradients"]]
    whole = chart(say["gradients"], drawing, head, rows, say["table"])
    note = f'<p class="faint">{safe(say["no_gradients"].format(", ".join(missing)))}</p>' if missing else ""
    return f'<p class="faint">{safe(say["gradients_key"])}</p>{note}<div class="grid">{whole}</div>'
