r"""A text as a page, its words shaded by what they contribute to a prediction. No script, nothing from anywhere else.

Shade and underline carry the same news: above the middle is blue with a solid line, below it orange with a dotted one,
so that nothing hangs on telling colours apart. The figures are in a table that any reader, also a screen reader,
goes through.
"""

from __future__ import annotations

from collections.abc import Sequence

from gyeol.explain.drawing.fonts import has_hangul, mostly_hangul
from gyeol.explain.drawing.page import BASE_STYLE, printable, static_page

__all__ = ["render_tokens"]

_STEPS = 5  # shades each side
_LISTED = 20  # words of a table
_STYLE = (
    BASE_STYLE
    + """:root { --line: #d5d9de; --for: 31 102 176; --against: 179 71 0; }
@media (prefers-color-scheme: dark) { :root { --line: #3a4048; --for: 98 160 234; --against: 243 162 95; } }
body { padding: 24px 16px 48px; max-width: 860px; line-height: 1.6; }
h1 { font-size: 22px; margin: 0 0 4px; overflow-wrap: anywhere; } h2 { font-size: 16px; margin: 28px 0 8px; }
p { margin: 4px 0; } .faint { color: var(--faint); font-size: 14px; }
.text { font-size: 19px; line-height: 2; white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line);
  border-radius: 8px; padding: 14px 18px; margin: 12px 0; unicode-bidi: isolate; }
span[class] { border-radius: 3px; padding: 1px 0; }
.columns { display: flex; flex-wrap: wrap; gap: 0 48px; } .columns > section { flex: 1 1 300px; min-width: 0; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 400; overflow-wrap: anywhere; }
td { width: 34%; } td:nth-child(2) { text-align: right; font-variant-numeric: tabular-nums; width: 5em; }
tr { border-bottom: 1px solid var(--line); } meter { width: 100%; } svg { display: block; width: 100%; height: 10px; }
.bar-f rect { fill: rgb(var(--for)); } .bar-a rect { fill: rgb(var(--against)); }
"""
) + "".join(
    f".f{n} {{ background: rgb(var(--for) / {0.09 * n:.2f}); border-bottom: 2px solid rgb(var(--for)); }}\n"
    f".a{n} {{ background: rgb(var(--against) / {0.09 * n:.2f}); border-bottom: 2px dotted rgb(var(--against)); }}\n"
    for n in range(1, _STEPS + 1)
)
_TEXTS = {
    "ko": {
        "title": "왜 {}인가",
        "key": "파란 바탕과 실선은 {} 쪽으로, 주황 바탕과 점선은 반대쪽으로 기울게 한 낱말입니다.",
        "sum": "빈 입력일 때 {:+.3f}, 이 입력일 때 {:+.3f} ({})",
        "classes": "확률",
        "for": "{} 쪽 낱말",
        "against": "반대쪽 낱말",
    },
    "en": {
        "title": "Why {}",
        "key": "Words on blue with a solid line support {}, words on orange with a dotted line oppose it.",
        "sum": "{:+.3f} with a blank input, {:+.3f} with this input ({})",
        "classes": "Probabilities",
        "for": "Words for {}",
        "against": "Words against",
    },
}


def render_tokens(
    runs: Sequence[tuple[str, float]],
    words: Sequence[tuple[str, float]],
    prediction: str,
    probabilities: dict[str, float],
    start: float,
    total: float,
    unit: str,
    title: str | None = None,
) -> bytes:
    """Make the page.

    Parameters
    ----------
    runs : sequence of (str, float)
        The text in pieces, each with what it adds.
    words : sequence of (str, float)
        Every word once, the weightiest first.
    prediction, probabilities
        The verdict, and every class's probability.
    start, total : float
        The score with a blank input and with this one, in ``unit``.
    title : str, optional
        The page's title.

    Returns
    -------
    bytes
        The page, in UTF-8.

    Examples
    --------
    >>> page = render_tokens([("<b>", 1.0)], [("<b>", 1.0)], "x", {"x": 1.0}, 0.0, 1.0, "log-odds").decode()
    >>> "&lt;b&gt;" in page, "<b>" in page
    (True, False)
    """
    language = "ko" if mostly_hangul([word for word, _ in words]) or has_hangul(prediction) else "en"
    say = _TEXTS[language]
    name = printable(prediction)
    most = max((abs(value) for _, value in runs), default=0.0) or 1.0
    shaded = "".join(_shaded(piece, value, most) for piece, value in runs)
    chances = "".join(
        f'<tr><th scope="row">{printable(c)}</th><td>{p:.3f}</td><td>{_bar(p, "f")}</td></tr>'
        for c, p in sorted(probabilities.items(), key=lambda e: -e[1])
    )
    largest = max((abs(value) for _, value in words), default=0.0) or 1.0
    positive = [(word, value) for word, value in words if value > 0][:_LISTED]
    denied = [(word, value) for word, value in reversed(words) if value < 0][:_LISTED]
    heading = printable(title) if title else say["title"].format(name)
    body = f"""<p class="faint">{say["sum"].format(start, total, printable(unit))}</p>
<div class="text">{shaded}</div>
<p class="faint">{say["key"].format(name)}</p>
<h2>{say["classes"]}</h2>
<table>{chances}</table>
<div class="columns">
<section><h2>{say["for"].format(name)}</h2><table>{_rows(positive, largest)}</table></section>
<section><h2>{say["against"]}</h2><table>{_rows(denied, largest)}</table></section>
</div>"""
    return static_page(language, heading, _STYLE, body)


def _shaded(piece: str, value: float, most: float) -> str:
    step = round(_STEPS * abs(value) / most)
    if not step or not piece.strip():
        return printable(piece)
    return f'<span class="{"f" if value > 0 else "a"}{step}" title="{value:+.3f}">{printable(piece)}</span>'


def _rows(words: Sequence[tuple[str, float]], most: float) -> str:
    return "".join(
        f'<tr><th scope="row">{printable(word)}</th><td>{value:+.3f}</td>'
        f"<td>{_bar(abs(value) / most, 'f' if value > 0 else 'a')}</td></tr>"
        for word, value in words
    )


def _bar(share: float, kind: str) -> str:
    return (
        f'<svg class="bar-{kind}" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{100 * share:.1f}" height="10"></rect></svg>'
    )
