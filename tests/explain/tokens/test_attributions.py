"""Explanations of tokens: sums, words, JSON, page, lines; whatever the text holds."""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import DataError
from gyeol.explain import TokenExplanation


def explained(text: str, values: list[float] | None = None, prediction: str = "김소월") -> TokenExplanation:
    spans = [(i, i + 1) for i in range(len(text))]
    values = values if values is not None else [(-1) ** i * (i + 1) / 4 for i in range(len(text))]
    return TokenExplanation(text, prediction, {prediction: 0.7, "이상": 0.3}, spans, list(text), values, 0.5)


class Page(HTMLParser):
    """The texts of a page, and its tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@given(st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_words_hold_the_text_and_the_sum_whatever_it_holds(text: str) -> None:
    seen = explained(text)
    assert "".join(piece for piece, _ in seen.runs()) == text
    assert math.fsum(value for _, value in seen.runs()) + 0.5 == pytest.approx(seen.total)
    if text.strip() == text:
        assert math.fsum(value for _, value in seen.words()) + 0.5 == pytest.approx(seen.total)
    shown = seen.to_terminal(colour=False)
    assert all(c.isprintable() or c == "\n" for c in shown)
    painted = re.sub("\x1b\\[[0-9;]+m", "", seen.to_terminal())
    assert all(c.isprintable() or c == "\n" for c in painted)
    json.dumps(seen.to_dict(), allow_nan=False)


def test_a_space_counts_for_the_word_it_ends() -> None:
    assert explained("가 나", [1.0, 2.0, 4.0]).words() == [("나", 4.0), ("가", 3.0)]
    assert explained("가 가", [1.0, 2.0, 4.0]).words() == [("가", 7.0)]


def test_the_page_holds_the_words_and_runs_nothing(tmp_path: Path) -> None:
    hostile = '<script>alert(1)</script> 나 "보기가" &amp; \x00\u202e'
    explained(hostile, prediction="<b>김").to_html(tmp_path / "why.html")
    page = (tmp_path / "why.html").read_text(encoding="utf-8")
    found = Page(page)
    assert "script" not in found.tags
    assert "b" not in found.tags
    assert not [name for name, _ in found.attributes if name in ("src", "href", "onload")]
    assert "<script>alert(1)</script>" in "".join(found.texts)
    assert "default-src 'none'" in page
    assert '<html lang="ko">' in page
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"https?://", page)
    explained("plain words", prediction="Paul").to_html(tmp_path / "why.html", title="A & B")
    page = (tmp_path / "why.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in page
    assert "<title>A &amp; B</title>" in page


def test_json_has_the_design_s_names(tmp_path: Path) -> None:
    explained("나 보기").to_json(tmp_path / "why.json")
    seen = json.loads((tmp_path / "why.json").read_text(encoding="utf-8"))
    assert {"prediction", "tokens", "attention", "gates", "states", "gradients", "attributions"} < set(seen)
    assert seen["start"] + sum(seen["attributions"]) == pytest.approx(seen["total"])


def test_the_terminal_form_marks_with_and_without_colour() -> None:
    seen = explained("가 나 다", [3.0, 0.0, -2.0, 0.0, 0.1])
    assert "[가] (나) 다" in seen.to_terminal(colour=False)
    assert "\x1b[" in seen.to_terminal()
    assert "\x1b[2J" not in explained("\x1b[2J 나", [3.0, 0.0, 0.0, 0.0, 0.0, 0.0]).to_terminal()


def test_what_does_not_fit() -> None:
    with pytest.raises(DataError, match="as many of each"):
        TokenExplanation("가", "a", {"a": 1.0}, [(0, 1)], [], [1.0])
    with pytest.raises(DataError, match="not a finite number"):
        explained("가", [math.nan])
