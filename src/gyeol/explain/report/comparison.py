"""The page of a comparison of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gyeol.engine.metrics.figure_kinds import figure_text
from gyeol.explain.drawing.page import static_page
from gyeol.explain.report.charts import interval_bar
from gyeol.explain.report.learning import gradients_side_by_side
from gyeol.explain.report.mistakes import answer_text, example_input
from gyeol.explain.report.page import contents
from gyeol.explain.report.parts import STYLE, language_of, pairs_table, safe, section, share_text, table
from gyeol.explain.report.words import TEXTS, counted, figure_name

__all__ = ["render_comparison"]

Content = Mapping[str, Any]
_SURE = 0.05


def render_comparison(content: Content, language: str | None = None) -> bytes:
    """Draw a comparison.

    Parameters
    ----------
    content : mapping
        What `gyeol.tasks.report.comparison.compared` returns, with the task, the data and the versions.
    language : {"ko", "en"}, optional
        By default that of the examples that are shown.

    Returns
    -------
    bytes
        The page, in UTF-8.
    """
    words = [one["input"] for one in content["disagreements"] if one["input"]]
    language = language or language_of(words or [str(content["data"]["name"])])
    say = TEXTS[language]
    sections = {
        "models": (say["models"], _models(content, language)),
        "differences": (say["differences"], _pairs(content, language)),
    }
    if gradients := gradients_side_by_side(content["models"], language):
        sections["gradients"] = say["gradients"], gradients
    if content["kind"] != "forecasts":
        sections["disagree"] = say["disagree"], _disagreements(content, language)
    if content["models"][0]["settings"]:
        sections["settings"] = say["settings"], _settings(content["models"], language)
    sections["versions"] = say["versions"], pairs_table(content["versions"], say["versions"])
    data = content["data"]
    summary = f"{data['name']}: {counted(data['count'], data['noun'], language)}"
    names = {name: title for name, (title, _) in sections.items()}
    body = f'<p class="faint">{safe(summary)}</p>\n{contents(names, say["contents"])}\n'
    if content["other_tokens"]:
        body += f'<p class="warning">{safe(say["tokenizers"])}</p>'
    body += "".join(section(name, title, inner) for name, (title, inner) in sections.items())
    images = any("image" in one for one in content["disagreements"])
    return static_page(language, safe(say["comparison"]), STYLE, body, images=images)


def _models(content: Content, language: str) -> str:
    say, models = TEXTS[language], content["models"]
    names = [one["name"] for one in models[0]["figures"]]
    head = [say["model"], *(figure_name(name, language) for name in names)]
    head += [say["per_second"], say["weights"], say["disk"]]
    rows = [[safe(model["model"]), *_cells(model)] for model in models]
    whole = table([safe(cell) for cell in head], rows, say["models"])
    return f"{whole}{_intervals(models, content['main'], language)}"


def _cells(model: Content) -> list[str]:
    figures = [
        f'<b>{figure_text(own["name"], own["value"])}</b><br><span class="faint">'
        f"{figure_text(own['name'], own['low'])} – {figure_text(own['name'], own['high'])}</span>"
        for own in model["figures"]
    ]
    return [*figures, f"{model['examples_per_second']:,.0f}", f"{model['weights']:,}", f"{model['bytes'] / 1e6:.2f} MB"]


def _intervals(models: Sequence[Content], main: str, language: str) -> str:
    """Draw the intervals of the figure that models are compared by, one above the other."""
    say = TEXTS[language]
    found = [(model["model"], next(own for own in model["figures"] if own["name"] == main)) for model in models]
    low, high = min(own["low"] for _, own in found), max(own["high"] for _, own in found)
    room = (high - low) / 10
    rows = [
        [safe(name), interval_bar(own["value"], own["low"], own["high"], low - room, high + room)]
        for name, own in found
    ]
    title = f"{figure_name(main, language)}, {say['interval']}"
    return f"<h3>{safe(title)}</h3>" + table([], rows, title, kind="facts")


def _pairs(content: Content, language: str) -> str:
    say, main = TEXTS[language], content["main"]
    exact, several = content["test"] == "mcnemar", len(content["pairs"]) > 1
    key = say["differences_key"].format(test=say["mcnemar" if exact else "paired"])
    ends = [own[key] for pair in content["pairs"] for own in [_main(pair, main)] for key in ("low", "high")]
    low, high = min(*ends, 0.0), max(*ends, 0.0)
    room = (high - low) / 20 or 1.0
    head = [say["pair"], f"{figure_name(main, language)}: {say['difference']}", say["interval"], ""]
    named = ("other", "one") if exact else ()  # as in the name of the pair
    head += [say["alone"] if several else say["only"].format(content["pairs"][0][which]) for which in named]
    head += ["p", *(["p (Holm)"] if several else []), ""]
    rows = []
    for pair in content["pairs"]:
        own = _main(pair, main)
        sure = pair["p_adjusted"] < _SURE
        rows.append(
            [
                f"{safe(pair['other'])} - {safe(pair['one'])}",
                _signed(main, own["value"]),
                f"{_signed(main, own['low'])} – {_signed(main, own['high'])}",
                interval_bar(own["value"], own["low"], own["high"], low - room, high + room),
                *(f"{f'{safe(pair[which])}: ' if several else ''}{pair[f'only_{which}']:,}" for which in named),
                _chance(pair["p_value"]),
                *([_chance(pair["p_adjusted"])] if several else []),
                f'<span class="{"yes" if sure else "faint"}">{safe(say["significant" if sure else "chance"])}</span>',
            ]
        )
    return f'<p class="faint">{safe(key)}</p>' + table([safe(cell) for cell in head], rows, say["differences"])


def _main(pair: Content, main: str) -> Content:
    found: Content = next(own for own in pair["figures"] if own["name"] == main)
    return found


def _signed(name: str, value: float) -> str:
    text = figure_text(name, abs(value))
    return f"+{text}" if value > 0 else f"−{text}" if value < 0 else text


def _chance(value: float) -> str:
    return "&lt; 0.0001" if value < 0.0001 else f"{value:.2g}"


def _disagreements(content: Content, language: str) -> str:
    say = TEXTS[language]
    if not content["disagreements"]:
        return f'<p class="faint">{safe(say["agree"])}</p>'
    items = []
    for one in content["disagreements"]:
        answers = []
        for n, model in enumerate(content["models"]):
            mark = ' class="yes"' if one["best"][n] else ""
            sure = f" ({share_text(one['confidence'][n])})" if content["kind"] == "classes" else ""
            score = ""
            if content["score"] != "right":
                score = (
                    f" ({figure_name(content['score'], language)} {figure_text(content['score'], one['scores'][n])})"
                )
            answer = "" if content["kind"] in ("tokens", "tags", "steps") else answer_text(one["answers"][n])
            answers.append(f"<p>{safe(model['model'])}: <span{mark}>{safe(answer)}{safe(sure or score)}</span></p>")
        truth = (
            ""
            if content["kind"] == "tokens"
            else f"<p>{safe(say['truth'])}: <b>{safe(answer_text(one['truth']))}</b></p>"
        )
        items.append(f"<li>{example_input(one, language)}{truth}{''.join(answers)}</li>")
    return f'<p class="faint">{safe(say["disagree_key"])}</p><ol class="mistakes">{"".join(items)}</ol>'


def _settings(models: Sequence[Content], language: str) -> str:
    say = TEXTS[language]
    names = list(models[0]["settings"])
    rows = [[safe(name), *(safe(model["settings"][name]) for model in models)] for name in names]
    return table([safe(say["settings"]), *(safe(model["model"]) for model in models)], rows, say["settings"])
