"""The shell of pages: one style, one script at most, no connection, and fields that stay what they are."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from gyeol.explain.drawing.page import BASE_STYLE, fill_page, static_page


def policy_of(page: str) -> str:
    return page.split('Content-Security-Policy" content="')[1].split('"')[0]


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@pytest.mark.parametrize("images", [True, False])
def test_a_static_page_allows_its_style_only(images: bool) -> None:
    page = static_page("en", "Why", BASE_STYLE, "<p>so</p>", images=images).decode()
    policy = policy_of(page)
    assert policy.startswith("default-src 'none'; base-uri 'none'; form-action 'none'; ")
    assert policy.endswith(f"style-src {digest(BASE_STYLE)}")
    assert ("img-src data:" in policy) is images
    assert page.count("<style>") == page.count("<h1>Why</h1>") == page.count("<p>so</p>") == 1


def test_a_lone_surrogate_is_escaped() -> None:
    assert b"\\ud800" in static_page("en", "Why", "", "\ud800")


def test_a_text_that_looks_like_a_field_is_left_alone(tmp_path: Path) -> None:
    template = tmp_path / "page.html"
    template.write_text("{{title}} {{body}} <style>a</style> {{style-digest}} <script>b</script> {{script-digest}}")
    page = fill_page(template, {"title": "{{body}}", "body": "x"}).decode()
    assert page == f"{{{{body}}}} x <style>a</style> {digest('a')} <script>b</script> {digest('b')}"
