"""How a model answered: confusion, calibration, scores by length, and what else its kind of answer shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gyeol.engine.metrics.figure_kinds import figure_text
from gyeol.explain.report.charts import Line, bar_chart, line_chart, point_chart
from gyeol.explain.report.parts import chart, safe, share_text, table
from gyeol.explain.report.scales import short_number
from gyeol.explain.report.words import TEXTS, figure_name, noun_name

__all__ = ["answer_sections"]

Content = Mapping[str, Any]
_UNIT = (0.0, 1.0)


def answer_sections(results: Content, data: Content, language: str) -> dict[str, tuple[str, str]]:
    """Return the sections by name: title and body."""
    say = TEXTS[language]
    found: dict[str, tuple[str, str]] = {}
    if "confusion" in results:
        found["confusion"] = say["confusion"], _matrix(results["confusion"], language)
    elif results.get("confused"):
        rows = [[safe(one["truth"]), safe(one["answer"]), f"{one['count']:,}"] for one in results["confused"]]
        found["confusion"] = say["confused"], table([say["truth"], say["answer"], say["count"]], rows, say["confused"])
    if "per_class" in results:
        found["per-class"] = say["per_class"], _per_class(results["per_class"], data, language)
    charts = [_calibration(results, language), _by_length(results, data, language), *_profiles(results, language)]
    charts += _points(results, language)
    drawn = "".join(filter(None, charts))
    if drawn:
        found["charts"] = say["closer"], f'<div class="grid">{drawn}</div>'
    return found


def _matrix(confusion: Content, language: str) -> str:
    say, names = TEXTS[language], [safe(name) for name in confusion["names"]]
    rows = []
    for name, counts in zip(names, confusion["rows"], strict=True):
        whole = max(1, sum(counts))
        cells = "".join(
            f'<td class="h{round(10 * count / whole)}" title="{100 * count / whole:.1f} %">{count:,}</td>'
            for count in counts
        )
        rows.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    corner = f"{safe(say['truth'])} \\ {safe(say['answer'])}"
    return (
        f'<p class="faint">{safe(say["confusion_key"])}</p>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{safe(say["confusion"])}"><table class="matrix">'
        f"<thead><tr><th>{corner}</th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _per_class(per_class: Any, data: Content, language: str) -> str:
    say = TEXTS[language]
    trained = {own["name"]: own["trained"] for own in data.get("classes", ()) if "trained" in own}
    keys = ("precision", "recall", "f1")
    head = [say["class"], say["count"], say["predicted"], *(figure_name(key, language) for key in keys)]
    rows = [
        [
            safe(own["name"]), f"{own['count']:,}", f"{own['predicted']:,}", *(share_text(own[key]) for key in keys),
            *([f"{trained.get(own['name'], 0):,}"] if trained else []),
        ]
        for own in per_class
    ]  # fmt: skip
    return table([safe(cell) for cell in [*head, *([say["trained"]] if trained else [])]], rows, say["per_class"])


def _calibration(results: Content, language: str) -> str:
    own = results.get("calibration")
    if own is None:
        return ""
    say = TEXTS[language]
    line = Line(say["accuracy"], own["confidence"], own["accuracy"])
    drawing = line_chart([line], say["calibration"], say["confidence"], bounds=_UNIT, diagonal=True)
    rows = zip(own["confidence"], own["accuracy"], own["counts"], strict=True)
    cells = [[share_text(sure), share_text(right), f"{count:,}"] for sure, right, count in rows]
    head = [say["confidence"], say["accuracy"], say["count"]]
    note = say["calibration_key"].format(error=100 * own["error"])
    return chart(say["calibration"], drawing, head, cells, say["table"], note)


def _score(results: Content, language: str) -> str:
    return figure_name(results["score"], language)


def _by_length(results: Content, data: Content, language: str) -> str:
    bins = results["by_length"]
    if not bins:
        return ""
    say, name = TEXTS[language], results["score"]
    title = say["by_length"].format(_score(results, language))
    places = [_range(one["low"], one["high"]) for one in bins]
    bounds = _UNIT if name in ("right", "share_right") else None
    unit = noun_name(data["lengths"]["unit"], language)
    drawing = bar_chart(
        places, [one["mean"] for one in bins], title, say["length"].format(unit),
        spans=[(one["from"], one["to"]) for one in bins], bounds=bounds, counts=[one["count"] for one in bins],
    )  # fmt: skip
    head = [say["range"], say["mean"], say["interval"], say["count"]]
    rows = [
        [
            place, figure_text(name, one["mean"]),
            f"{figure_text(name, one['from'])} – {figure_text(name, one['to'])}", f"{one['count']:,}",
        ]
        for place, one in zip(places, bins, strict=True)
    ]  # fmt: skip
    return chart(title, drawing, head, rows, say["table"])


def _range(low: float, high: float) -> str:
    return short_number(low) if low == high else f"{short_number(low)}–{short_number(high)}"


def _profiles(results: Content, language: str) -> list[str]:
    say, found = TEXTS[language], []
    for name, own in results["profiles"].items():
        places, means, counts = own["places"], own["means"], own["counts"]
        axis = {"loss_by_place": "place", "error_by_horizon": "horizon", "below_quantile": "quantile"}[name]
        if name == "below_quantile":
            line = Line(say["share_below"], [float(place) for place in places], means)
            drawing = line_chart([line], say[name], say[axis], bounds=_UNIT, diagonal=True)
        else:
            line = Line(say[name], range(len(places)), means)
            drawing = line_chart([line], say[name], say[axis], places=places)
        rows = [[p, short_number(m), f"{c:,.0f}"] for p, m, c in zip(places, means, counts, strict=True)]
        found.append(chart(say[name], drawing, [say[axis], say["mean"], say["count"]], rows, say["table"]))
    return found


def _points(results: Content, language: str) -> list[str]:
    points = results.get("points")
    if not points:
        return []
    say = TEXTS[language]
    head, rows = [say["truth_axis"], say["answer_axis"]], points[:50]
    whole = point_chart(points, say["points"], say["truth_axis"], say["answer_axis"])
    return [chart(say["points"], whole, head, rows, say["table"])]
