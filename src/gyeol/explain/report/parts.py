"""The pieces that pages of reports and comparisons share: style, tables, charts with their tables, shaded texts."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from gyeol.explain.drawing.fonts import mostly_hangul
from gyeol.explain.drawing.page import BASE_STYLE
from gyeol.explain.report.scales import short_number

__all__ = [
    "STYLE", "chart", "language_of", "pairs_table", "safe", "section", "shaded", "share_text", "table",
]  # fmt: skip

_STEPS = 5

STYLE = (
    BASE_STYLE
    + """
:root { --line: #d9dde2; --card: #f6f7f9; --one: 31 102 176; --two: 179 71 0; --three: 58 125 68;
  --four: 122 68 160; }
@media (prefers-color-scheme: dark) { :root { --line: #363c44; --card: #1d2127; --one: 98 160 234;
  --two: 243 162 95;
  --three: 124 196 132; --four: 196 150 232; } }
html { scroll-behavior: smooth; } @media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { padding: 24px 16px 64px; max-width: 1080px; line-height: 1.55; }
h1 { font-size: 26px; margin: 0 0 4px; overflow-wrap: anywhere; } h2 { font-size: 19px; margin: 40px 0 8px; }
h3 { font-size: 15px; margin: 0 0 6px; } p { margin: 4px 0 10px; } .faint { color: var(--faint); font-size: 14px; }
.warning { border-left: 4px solid rgb(var(--two)); padding: 4px 12px; background: var(--card); }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 16px; list-style: none; padding: 0; margin: 12px 0 0;
  font-size: 14px; }
a { color: rgb(var(--one)); text-underline-offset: 3px; }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 2px solid rgb(var(--one));
  outline-offset: 2px; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 158px), 1fr)); gap: 12px;
  padding: 0;
  margin: 12px 0; list-style: none; }
.cards li { background: var(--card); border-radius: 10px; padding: 12px 14px; }
.cards b { display: block; font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums;
  line-height: 1.25; }
.cards span { color: var(--faint); font-size: 13px; } .cards li:first-child b { color: rgb(var(--one)); }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr)); gap: 20px; }
figure { margin: 0; border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; min-width: 0; }
figcaption { font-size: 15px; font-weight: 600; margin-bottom: 6px; } figure p { font-size: 13px;
  color: var(--faint); margin: 6px 0 0; }
svg { display: block; width: 100%; height: auto; } svg.interval { min-width: 120px; width: 160px; max-width: 100%; }
svg.key { width: 26px; display: inline-block; vertical-align: middle; margin-right: 6px; }
svg text { fill: var(--faint); font-size: 11px; } .end { text-anchor: end; } .middle { text-anchor: middle; }
.grid line, line.grid { stroke: var(--line); } .guide { stroke: var(--faint); stroke-dasharray: 3 4; fill: none; }
line.guide { stroke: var(--faint); } .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.thin { stroke-width: 1.4; }
.s1 { stroke: rgb(var(--one)); } .s2 { stroke: rgb(var(--two)); stroke-dasharray: 6 4; }
.s3 { stroke: rgb(var(--three)); stroke-dasharray: 2 3; } .s4 { stroke: rgb(var(--four));
  stroke-dasharray: 9 3 2 3; }
.dot { stroke: none; } .dot.s1 { fill: rgb(var(--one)); } .dot.s2 { fill: rgb(var(--two)); }
.dot.s3 { fill: rgb(var(--three)); } .dot.s4 { fill: rgb(var(--four)); }
.bar { fill: rgb(var(--one) / 0.75); } .point { fill: rgb(var(--one) / 0.5); }
.whisker { stroke: var(--ink); stroke-width: 1.3; fill: none; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; list-style: none; padding: 0; margin: 4px 0 0;
  font-size: 13px; }
details { margin-top: 8px; font-size: 13px; } summary { cursor: pointer; color: var(--faint); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 14px; width: 100%; }
th, td { padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top;
  font-variant-numeric: tabular-nums; } thead th { color: var(--faint); font-weight: 500; font-size: 13px; }
th[scope="row"] { text-align: left; font-weight: 500; overflow-wrap: anywhere; }
thead th:first-child { text-align: left; }
table.facts td, table.facts th { text-align: left; } table.facts th { width: 34%; color: var(--faint); }
td, thead th { white-space: nowrap; } table.facts td { overflow-wrap: anywhere; white-space: normal; }
svg.small { max-width: 460px; }
table.facts svg.interval { width: min(100%, 420px); }
.scroll th[scope="row"] { min-width: 4em; overflow-wrap: break-word; } table.facts th[scope="row"] { min-width: 0; }
table.matrix { width: auto; } table.matrix td { text-align: center; padding: 8px 12px; min-width: 56px;
  border: 2px solid var(--paper); }
table.matrix th { padding: 6px 12px 6px 0; border: 0; } table.matrix thead th { text-align: center;
  color: var(--ink); }
table.matrix th[scope="row"] { min-width: 3em; overflow-wrap: normal; }
.mistakes { list-style: none; padding: 0; margin: 0; display: grid; gap: 12px; }
.mistakes li { border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; min-width: 0; }
.mistakes .text { font-size: 17px; line-height: 1.9; white-space: pre-wrap; overflow-wrap: anywhere;
  margin: 0 0 6px;
  unicode-bidi: isolate; } .mistakes p { margin: 2px 0; font-size: 14px; overflow-wrap: anywhere; }
.mistakes img { border-radius: 6px; display: block; margin-bottom: 6px; } .text span[class] { border-radius: 3px;
  padding: 1px 0; }
.yes { color: rgb(var(--one)); font-weight: 600; }
@media (min-width: 800px) { .two { display: grid; grid-template-columns: 1fr 1fr; gap: 0 40px; }
.two > section { min-width: 0; } }
@media print { nav, details { display: none; } figure, .mistakes li { break-inside: avoid; } }
"""
    + "".join(
        f"span.f{n} {{ background: rgb(var(--one) / {0.09 * n:.2f}); border-bottom: 2px solid rgb(var(--one)); }}\n"
        f"span.a{n} {{ background: rgb(var(--two) / {0.09 * n:.2f}); border-bottom: 2px dotted rgb(var(--two)); }}\n"
        f"rect.f{n} {{ fill: rgb(var(--one) / {0.1 * n:.2f}); }}\n"
        f"rect.a{n} {{ fill: rgb(var(--two) / {0.1 * n:.2f}); }}\n"
        for n in range(1, _STEPS + 1)
    )
    + "".join(f".h{n} {{ background: rgb(var(--one) / {0.07 * n:.2f}); }}\n" for n in range(1, 11))
)


def safe(text: Any) -> str:
    r"""Escape a text, and leave out what no page may hold.

    Examples
    --------
    >>> safe("<b>\x00 5 > 4")
    '&lt;b&gt;  5 &gt; 4'
    """
    return html.escape("".join(c if c.isprintable() or c in "\n\t " else " " for c in str(text)))


def language_of(words: Sequence[str]) -> str:
    """Return the language of a page about these words: Korean where most contain Hangul."""
    return "ko" if words and mostly_hangul(words) else "en"


def share_text(value: float) -> str:
    """Write a share in per cent."""
    return f"{100 * value:.2f} %"


def section(name: str, title: str, body: str) -> str:
    """Make a section that the contents name."""
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{safe(title)}</h2>\n{body}</section>\n'


def table(head: Sequence[str], rows: Sequence[Sequence[str]], label: str, *, kind: str = "") -> str:
    """Make a table of escaped cells; the first of each row is its heading."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>' for row in rows
    )
    style = f' class="{kind}"' if kind else ""
    head_row = f"<thead><tr>{top}</tr></thead>" if head else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{safe(label)}">'
        f"<table{style}>{head_row}<tbody>{body}</tbody></table></div>"
    )


def pairs_table(pairs: Mapping[str, Any], label: str) -> str:
    """Make a table of names and values."""
    return table(
        [], [[safe(name.replace("_", " ")), safe(value)] for name, value in pairs.items()], label, kind="facts"
    )


def chart(
    title: str, drawing: str, head: Sequence[str], rows: Sequence[Sequence[Any]], summary: str, note: str = ""
) -> str:
    """Put a drawing under its title, with the table of its numbers to open."""
    cells = [[safe(one if isinstance(one, str) else short_number(float(one))) for one in row] for row in rows]
    more = f"<p>{safe(note)}</p>" if note else ""
    listed = table([safe(cell) for cell in head], cells, title)
    return (
        f"<figure><figcaption>{safe(title)}</figcaption>{drawing}{more}"
        f"<details><summary>{safe(summary)}</summary>{listed}</details></figure>"
    )


def shaded(pieces: Sequence[Sequence[Any]]) -> str:
    """Write a text whose pieces are shaded by what they contribute.

    Examples
    --------
    >>> shaded([["a", 2.0], [" ", 0.0], ["<", -1.0]])
    '<span class="f5" title="+2.000">a</span> <span class="a2" title="-1.000">&lt;</span>'
    """
    most = max((abs(value) for _, value in pieces), default=0.0) or 1.0
    found = []
    for text, value in pieces:
        level = round(_STEPS * abs(value) / most)
        if not level or not text.strip():
            found.append(safe(text))
        else:
            found.append(f'<span class="{"f" if value > 0 else "a"}{level}" title="{value:+.3f}">{safe(text)}</span>')
    return "".join(found)
