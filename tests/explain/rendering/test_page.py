"""Explanations as a page: offline, escaped, small, with the arrays that the script decodes."""

from __future__ import annotations

import base64
import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.explain.drawing.page_font import digest
from gyeol.explain.explanation import Explanation
from gyeol.explain.rendering.packing import pack
from gyeol.explain.rendering.page import render_page
from gyeol.explain.rendering.wording import WORDING

from .examples import attributions, every_kind, of_image, of_language, of_series, of_sound, of_text, of_translation
from .test_terminal import HOSTILE, hostile


class Page(HTMLParser):
    """The tags of a page, its texts, and the data for its script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.data = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script":
            self.data = self.data or data
        else:
            self.texts.append(data)

    @property
    def decoded(self) -> Any:
        return json.loads(self.data)


def page_of(seen: Explanation, **how: Any) -> str:
    return render_page(seen, **how).decode()


def unpacked(packed: dict[str, Any]) -> Any:
    kind = np.int8 if packed["signed"] else np.uint8
    return np.frombuffer(base64.b64decode(packed["data"]), kind) * packed["scale"]


@given(st.lists(HOSTILE | st.sampled_from(["</script><b>", '"><img src=x onerror=alert(1)>', "{{data}}"]), min_size=1))
@settings(max_examples=12, deadline=None)
def test_whatever_the_text_holds_the_page_runs_its_own_script_only(words: list[str]) -> None:
    page = page_of(hostile(words[:8]), title="".join(words))
    found = Page(page)
    names = [tag for tag, _ in found.tags]
    assert names.count("script") == 2
    assert not {"b", "img", "iframe", "object", "link"} & set(names)
    assert not any(name.startswith("on") for _, attributes in found.tags for name in attributes)
    assert len(found.decoded["tokens"]) == len(words[:8])
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(script) == 1
    assert f"script-src {digest(script[0])};" in html.unescape(page)


@pytest.mark.parametrize(("name", "seen"), every_kind().items())
def test_every_kind_is_there_without_the_script_and_for_it(name: str, seen: Explanation) -> None:
    page = page_of(seen)
    found = Page(page)
    assert "default-src 'none'" in page
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    assert "{{" not in page
    assert f'<html lang="{"ko" if name in ("review", "translation", "sound") else "en"}">' in page
    steps = [attributes for _, attributes in found.tags if "data-i" in attributes]
    assert len(steps) == len(seen.tokens) + len(found.decoded["output"])
    texts = "".join(found.texts)
    assert all(name in texts for name in seen.probabilities)
    assert len(found.decoded["layers"]) == len(seen.layers)
    assert len(page) < 120_000
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for used in re.findall(r'\$\("([a-z-]+)"\)', page):
        assert used in ids or used in ("photo", "mel")


def test_words_are_shaded_without_the_script() -> None:
    page = page_of(of_text())
    assert '<span class="t a5" data-i="5">정말</span>' in page
    assert "적분 기울기" in page
    assert "<td>-0.9916</td>" in page
    assert '<svg class="letters"' in page_of(of_sound())
    assert page_of(of_series()).count("<polyline") == 2
    assert 'id="photo"' in page_of(of_image())


def test_a_text_keeps_its_letters_and_tokens_without_letters_are_named() -> None:
    seen = Explanation("x", "text", "a", ["▁a", "b", "\n"], " a  b", [(0, 2), (2, 5), (5, 5)])
    found = Page(page_of(seen))
    shown = "".join(found.texts)
    assert " a  b⏎" in shown
    overlapping = Explanation("x", "text", "a", ["ab", "bc"], "abc", [(0, 2), (1, 3)])
    assert '<span class="t" data-i="0">ab</span><span class="t" data-i="1">c</span>' in page_of(overlapping)


def test_arrays_come_back_within_half_a_step() -> None:
    seen = of_text()
    layer, packed = seen.layers[1], Page(page_of(seen)).decoded["layers"][1]
    assert (packed["direction"], packed["axis"], packed["size"]) == ("reverse", "input", 12)
    for one in packed["arrays"]:
        array = {**layer.gates, **layer.states}[one["key"]]
        assert np.abs(unpacked(one).reshape(array.shape) - array).max() <= 0.5001 * one["scale"]
        assert np.abs(unpacked(one["mean"]) - array.mean(axis=1)).max() <= 0.5001 * one["mean"]["scale"]
    assert [one["signed"] for one in packed["arrays"]] == [False, False, False, True, True, True]
    assert packed["arrays"][0]["scale"] == pytest.approx(1 / 255, rel=1e-5)
    assert unpacked(pack(np.zeros((2, 2)))).tolist() == [0.0] * 4
    weights = Page(page_of(of_translation())).decoded["attention"][0]
    assert unpacked(weights).reshape(4, 3).sum(axis=1) == pytest.approx(np.ones(4), abs=0.01)


def test_200_tokens_with_two_layers_of_128_units_each_way_stay_under_a_megabyte(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    words = ["".join(chr(0xAC00 + c) for c in random.integers(0, 11172, 2).tolist()) for _ in range(200)]
    seen = of_text(" ".join(words), units=128)
    seen.to_html(tmp_path / "why.html")
    assert (tmp_path / "why.html").stat().st_size <= 1_000_000
    packed = Page((tmp_path / "why.html").read_text("utf-8")).decoded["layers"][0]
    assert 100 <= len(packed["units"]) <= 128
    assert len(seen._repr_html_()) < 400_000
    few = Page(page_of(seen, units=5)).decoded["layers"][3]
    assert (len(few["units"]), few["size"]) == (5, 128)
    assert sorted(few["busy"]) == [0, 1, 2, 3, 4]


def test_a_notebook_shows_the_page_in_a_frame_that_may_run_its_script_and_no_more() -> None:
    (frame,) = [attributes for tag, attributes in Page(of_text()._repr_html_()).tags if tag == "iframe"]
    assert frame["sandbox"] == "allow-scripts"
    assert str(frame["srcdoc"]).startswith("<!doctype html>")


def test_a_page_names_what_is_spoken_for_and_its_prediction() -> None:
    seen = of_text()
    other = replace(seen, attributions=attributions(len(seen.tokens), "log-odds of 부정"))
    page = page_of(other)
    assert "<h1>왜 ‘긍정’인가</h1>" in page
    assert "파란 바탕과 실선은 ‘부정’ 쪽으로" in page
    assert "예측은 ‘긍정’이지만, 여기에 보이는 것은 ‘부정’에 대한 설명입니다." in page
    assert "부정의 로그 오즈" in page
    assert "이지만, 여기에" not in page_of(seen).split("<script")[0]
    found = Page(page_of(seen)).decoded
    assert (found["attention"][0]["name"], found["attention"][0]["rows"]) == ("요약", ["예측"])
    assert "with a solid line raises the rating" in page_of(
        replace(of_series(), attributions=attributions(60, "the rating"))
    )


def test_known_notes_are_in_the_page_s_language() -> None:
    seen = replace(of_text(), notes=["1,000 of 2,000 tokens are not known to the model", "another note"])
    page = page_of(seen)
    assert "<li>모델이 모르는 토큰: 2,000개 중 1,000개</li><li>another note</li>" in page
    assert "<li>the 10 likeliest" in page_of(of_language())


def test_blanks_can_be_seen_on_a_page() -> None:
    page = page_of(of_language())
    assert "<h1>Why “␣”</h1>" in page
    assert "<bdi>␣</bdi>" in page
    assert "<bdi>⏎</bdi>" in page
    assert "log-probability of ␣" in page
    assert Page(page).decoded["loss"] == "negative log-probability of ␣"


def test_both_languages_say_the_same_things() -> None:
    assert WORDING["ko"].keys() == WORDING["en"].keys()
    for key, text in WORDING["ko"].items():
        assert sorted(re.findall(r"\{[^}]*\}", text)) == sorted(re.findall(r"\{[^}]*\}", WORDING["en"][key])), key
    page = page_of(of_text())
    for used in set(re.findall(r"\bsay\.([a-z]+)\b", page)):
        assert used in WORDING["en"]
    for used in set(re.findall(r'\bsay\["([a-z ]+)"\]', page)):
        assert used in WORDING["en"]
