"""The page of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gyeol.engine.metrics.figure_kinds import figure_text
from gyeol.explain.drawing.page import static_page
from gyeol.explain.report.answers import answer_sections
from gyeol.explain.report.learning import gradient_section, learning_section
from gyeol.explain.report.mistakes import mistakes_section
from gyeol.explain.report.parts import STYLE, language_of, pairs_table, safe, section
from gyeol.explain.report.scales import short_number
from gyeol.explain.report.words import TEXTS, counted, figure_name, noun_name

__all__ = ["contents", "render_report"]

Content = Mapping[str, Any]


def render_report(content: Content, language: str | None = None) -> bytes:
    """Draw a report.

    Parameters
    ----------
    content : mapping
        What `gyeol.tasks.report.content` returns: what a folder holds and, with examples, the answers on them.
    language : {"ko", "en"}, optional
        By default that of the classes and the examples that are shown.

    Returns
    -------
    bytes
        The page, in UTF-8.
    """
    language = language or language_of(_words(content))
    say = TEXTS[language]
    sections: dict[str, tuple[str, str]] = {}
    if "results" in content:
        sections["figures"] = say["figures"], _figures(content, language)
    else:
        sections["figures"] = say["figures"], _kept(content, language)
    sections["learning"] = say["learning"], learning_section(content, language)
    if gradients := gradient_section(content, language):
        sections["gradients"] = say["gradients"], gradients
    if "results" in content:
        sections |= answer_sections(content["results"], content["data"], language)
        if content["results"]["kind"] != "forecasts":
            sections["worst"] = say["worst"], mistakes_section(content, language)
        sections["data"] = say["data"], _data(content["data"], language)
    pair = "".join(
        section(name, say[name], pairs_table(content[name], say[name])) for name in ("training", "settings", "versions")
    )
    names = {name: title for name, (title, _) in sections.items()} | {
        name: say[name] for name in ("training", "settings", "versions")
    }
    size = f"{content['bytes'] / 1e6:.2f} MB"
    summary = say["summary"].format(
        estimator=content["estimator"], task=content["task"], weights=content["weights"], size=size
    )
    body = f'<p class="faint">{safe(summary)}</p>\n{contents(names, say["contents"])}\n'
    body += "".join(section(name, title, inner) for name, (title, inner) in sections.items())
    title = safe(say["report"].format(content["model"]))
    images = any("image" in one for one in content.get("worst", ()))
    return static_page(language, title, STYLE, f'{body}<div class="two">{pair}</div>', images=images)


def contents(names: Mapping[str, str], label: str) -> str:
    """List the sections of a page, with links."""
    links = "".join(f'<li><a href="#{name}">{safe(title)}</a></li>' for name, title in names.items())
    return f'<nav aria-label="{safe(label)}"><ul>{links}</ul></nav>'


def _words(content: Content) -> list[str]:
    found = [str(own["name"]) for own in content.get("data", {}).get("classes", ())]
    shown = [one["input"] for one in content.get("worst", ()) if one["input"]]
    return (
        shown
        or found
        or [content["training"].get(name, "") for name in ("classes", "labels") if name in content["training"]]
    )


def _figures(content: Content, language: str) -> str:
    say, data, results = TEXTS[language], content["data"], content["results"]
    key = say["figures_key"].format(
        name=data["name"], noun=noun_name(data["noun"], language), count=data["count"], resamples=results["resamples"]
    )
    notes = f'<p class="faint">{safe(key)}</p>'
    if data["of"] > data["count"]:
        notes += f'<p class="faint">{safe(say["of"].format(of=data["of"], count=data["count"]))}</p>'
    if data["same_file"]:
        notes += f'<p class="warning">{safe(say["same_file"])}</p>'
    cards = "".join(
        f"<li><span>{safe(figure_name(one['name'], language))}</span><b>{figure_text(one['name'], one['value'])}</b>"
        f"<span>({figure_text(one['name'], one['low'])} – {figure_text(one['name'], one['high'])})</span></li>"
        for one in results["figures"]
    )
    if "calibration" in results:
        ece = f"{100 * results['calibration']['error']:.2f} %"
        cards += f"<li><span>ECE</span><b>{ece}</b><span>{safe(say['calibration'])}</span></li>"
    return f'{notes}<ul class="cards">{cards}</ul>'


def _kept(content: Content, language: str) -> str:
    say = TEXTS[language]
    cards = "".join(
        f"<li><span>{safe(figure_name(_bare(name), language))}</span><b>{figure_text(_bare(name), value)}</b>"
        f"<span>{safe(say['train' if name.startswith('train_') else 'valid'])}</span></li>"
        for name, value in sorted(content["metrics"].items(), key=lambda one: one[0].startswith("train_"))
    )
    key = say["figures_kept"].format(measured=content["measured_words"])
    return f'<p class="faint">{safe(key)}</p><ul class="cards">{cards}</ul>'


def _bare(name: str) -> str:
    return name.removeprefix("train_").removeprefix("valid_")


def _data(data: Content, language: str) -> str:
    say, lengths = TEXTS[language], data["lengths"]
    shown = {name: short_number(lengths[name]) for name in ("min", "median", "mean", "p95", "max")}
    unit = noun_name(lengths["unit"], language)
    span = say["lengths_value"].format(unit=unit, **shown)
    if lengths["min"] == lengths["max"]:
        span = f"{shown['min']} {unit}"
    pairs = {
        say["data"]: f"{data['name']}: {counted(data['count'], data['noun'], language)}",
        say["lengths"]: span,
    }
    if data.get("duplicates") is not None:
        pairs[say["duplicates"]] = say["duplicates_value"].format(**data)
    if data["overlap"] is not None:
        pairs[say["overlap"]] = f"{data['overlap']:,}"
    if data["left_out"]:
        pairs[say["left_out"]] = f"{data['left_out']:,}"
    if data["seconds"] > 0 and "blocks" not in data:  # of series, windows are what takes time
        pairs[say["speed"]] = say["speed_value"].format(data["count"] / data["seconds"])
    return pairs_table(pairs, say["data"])
