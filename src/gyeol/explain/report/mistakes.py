"""The worst mistakes on a page, their texts shaded by what each word contributed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gyeol.engine.metrics.figure_kinds import figure_text
from gyeol.explain.report.charts import series_chart
from gyeol.explain.report.parts import safe, shaded, share_text
from gyeol.explain.report.words import TEXTS, figure_name, target_name

__all__ = ["answer_text", "example_input", "mistakes_section"]

Content = Mapping[str, Any]
_SHORT = 40  # characters that go on one line


def mistakes_section(content: Content, language: str) -> str:
    """List the worst mistakes."""
    say, results = TEXTS[language], content["results"]
    if not content["worst"]:
        return f'<p class="faint">{safe(say["none_wrong"])}</p>'
    key = say["worst_key"]
    if any("pieces" in one or "shares" in one for one in content["worst"]):
        key += f" {say['shade_key']}"
    items = "".join(_mistake(one, results, language) for one in content["worst"])
    return f'<p class="faint">{safe(key)}</p><ol class="mistakes">{items}</ol>'


def _mistake(one: Content, results: Content, language: str) -> str:
    say = TEXTS[language]
    facts = []
    if results["score"] != "right":
        facts.append(f"{figure_name(results['score'], language)} {figure_text(results['score'], one['score'])}")
    if "confidence" in one and results["kind"] == "classes":
        facts.append(say["sure"].format(share_text(one["confidence"])))
    if "line" in one:
        facts.append(say["line"].format(f"{one['line']:,}"))
    if "target" in one:
        facts.append(target_name(str(one["target"]), language))
    if results["kind"] == "tokens":
        verdict = (
            f"<p>{safe(figure_name('perplexity', language))}: <b>{figure_text('perplexity', one['answer'])}</b></p>"
        )
    elif results["kind"] in ("tags", "steps"):
        verdict = _aligned(one, language)
    else:
        found = [f"{safe(say[name])}: <b>{safe(answer_text(one[name]))}</b>" for name in ("answer", "truth")]
        short = sum(len(answer_text(one[name])) for name in ("answer", "truth")) < _SHORT
        verdict = f"<p>{' · '.join(found)}</p>" if short else "".join(f"<p>{part}</p>" for part in found)
    return f'<li>{example_input(one, language)}{verdict}<p class="faint">{safe(" · ".join(facts))}</p></li>'


def example_input(one: Content, language: str) -> str:
    """Show the input of an example: shaded text, small chart, picture, or its name."""
    say = TEXTS[language]
    if one.get("pieces"):
        return f'<p class="text">{shaded(one["pieces"])}</p>'
    if one.get("series"):
        return series_chart(one["series"], one.get("shares", ()), say["numbers"])
    picture = f'<img src="{one["image"]}" alt="{safe(one["input"])}" width="96" height="96">' if "image" in one else ""
    return picture + (f'<p class="text">{safe(one["input"])}</p>' if one["input"] else "")


def answer_text(value: Any) -> str:
    """Write an answer or a truth: a text, a number, labels, references."""
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, (list, tuple)):
        return " | ".join(map(str, value)) or "–"
    return str(value) or "–"


def _aligned(one: Content, language: str) -> str:
    """Show the steps where the answer is another: what it is, and what it should be."""
    say = TEXTS[language]
    pairs = [
        f"{n + 1}: {answer} ({say['truth']} {truth})"
        for n, (truth, answer) in enumerate(zip(one["truth"], one["answer"], strict=True))
        if truth != answer
    ]
    more = f" … +{len(pairs) - 8}" if len(pairs) > 8 else ""
    return f"<p>{safe(say['answer'])}: {safe('; '.join(pairs[:8]) + more)}</p>"
