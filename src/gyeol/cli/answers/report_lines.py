"""A report in a few lines for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gyeol.cli.answers.output import one_line

__all__ = ["comparison_lines", "report_lines"]

_WORST = 3
_BY_SCORE = ("tags", "steps", "tokens")  # answers too long for a line, or none at all


def report_lines(content: Mapping[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Return lines on a model, and a table of its figures on data with their intervals; empty without data."""
    epochs = len(content["history"])
    lines = [
        f"{content['model']}: {content['estimator']}, {content['weights']:,} weights, {epochs} epoch(s), "
        f"{content['bytes'] / 1e6:.2f} MB"
    ]
    figures = sorted(content["metrics"].items(), key=lambda one: one[0].startswith("train_"))  # measured first
    kept = [f"{name} {value:.4f}" for name, value in figures if isinstance(value, float)]
    lines.append(f"on {content['measured_words']}: {'   '.join(kept)}")
    if "results" not in content:
        return lines, []
    from gyeol.engine.metrics.figure_kinds import figure_text

    data, results = content["data"], content["results"]
    lengths = data["lengths"]
    least, most, middle = (f"{lengths[name]:,.10g}" for name in ("min", "max", "median"))
    span = f"{least} {lengths['unit']}" if least == most else f"{least} to {most} {lengths['unit']} (median {middle})"
    lines.append(f"{data['name']}: {data['count']:,} {data['noun']}, {span}{_repeated(data)}")
    if data["same_file"]:
        lines.append("this is the file that the model was trained on: the figures say little about new examples")
    rows: list[list[Any]] = [["figure", "value", "95 % from", "to"]]
    for one in results["figures"]:
        rows.append([one["name"], *(figure_text(one["name"], one[key]) for key in ("value", "low", "high"))])
    if "calibration" in results:
        lines.append(f"expected calibration error {100 * results['calibration']['error']:.2f} %")
    for one in content["worst"][:_WORST]:
        shown = one_line(one["input"] or "(numbers)")[:100]
        sure = f", {one['confidence']:.3f}" if results["kind"] == "classes" else ""
        verdict = f"{_short(one['answer'])} (right: {_short(one['truth'])}{sure})"
        if results["kind"] in _BY_SCORE:
            verdict = f"{results['score'].replace('_', ' ')} {figure_text(results['score'], one['score'])}"
        lines.append(f"worst: {verdict}: {shown}")
    return lines, rows


def comparison_lines(content: Mapping[str, Any]) -> tuple[list[list[Any]], list[list[Any]], list[str]]:
    """Return a table of models, one of their differences, and lines on them."""
    from gyeol.engine.metrics.figure_kinds import figure_text

    names = [one["name"] for one in content["models"][0]["figures"]]
    main = content["main"]
    rows: list[list[Any]] = [["model", main, "95 % from", "to", *names[1:], "examples/s", "weights", "MB"]]
    for model in content["models"]:
        first, *others = model["figures"]
        figures = [figure_text(main, first[key]) for key in ("value", "low", "high")]
        figures += [figure_text(own["name"], own["value"]) for own in others]
        size = [f"{model['examples_per_second']:,.0f}", f"{model['weights']:,}", f"{model['bytes'] / 1e6:.2f}"]
        rows.append([model["model"], *figures, *size])
    exact = content["test"] == "mcnemar"
    several = len(content["pairs"]) > 1
    named = ("other", "one") if exact else ()  # as in the difference: the second less the first
    alone = ["right alone" if several else f"only {content['pairs'][0][which]} right" for which in named]
    head = ["difference", main, "95 % from", "to", *alone, "p"]
    pairs: list[list[Any]] = [[*head, *(["p, Holm"] if several else [])]]
    for pair in content["pairs"]:
        own = next(one for one in pair["figures"] if one["name"] == main)
        counts = [f"{f'{pair[which]}: ' if several else ''}{pair[f'only_{which}']:,}" for which in named]
        pairs.append(
            [
                f"{pair['other']} - {pair['one']}",
                *(figure_text(main, own[key]) for key in ("value", "low", "high")),
                *counts,
                p_text(pair["p_value"]),
                *([p_text(pair["p_adjusted"])] if several else []),
            ]
        )
    test = "McNemar's exact test" if exact else "paired bootstrap"
    data = content["data"]
    lines = [f"on {data['count']:,} {data['noun']} of {data['name']}; p: {test}"]
    if content["other_tokens"]:
        lines.append("the models read other tokens: compare bits_per_character, not perplexity or loss")
    for one in content["disagreements"][:_WORST]:
        wanted = f" (right: {_short(one['truth'])})"
        answers = one["answers"]
        if content["kind"] in _BY_SCORE:
            wanted, answers = "", [figure_text(content["score"], score) for score in one["scores"]]
        told = ", ".join(
            f"{model['model']} {_short(answer)}" for model, answer in zip(content["models"], answers, strict=True)
        )
        lines.append(f"apart: {told}{wanted}: {one_line(one['input'] or '(numbers)')[:100]}")
    return rows, pairs, lines


def p_text(value: float) -> str:
    """Write a p-value.

    Examples
    --------
    >>> p_text(0.034), p_text(0.00001)
    ('0.034', '<0.0001')
    """
    return "<0.0001" if value < 0.0001 else f"{value:.2g}"


def _repeated(data: Mapping[str, Any]) -> str:
    found = ""
    if data.get("duplicates"):
        found += f", {data['duplicates']:,} of them repeated"
    if data.get("overlap") is not None:
        found += f", {data['overlap']:,} of them in the training file"
    return found


def _short(value: Any) -> str:
    text = (
        " ".join(map(str, value)) if isinstance(value, list) else f"{value:.4g}" if isinstance(value, float) else value
    )
    return one_line(str(text))[:60]
