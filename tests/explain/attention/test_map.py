"""Where a target looked at its source: what is taken, and that every form shows it whatever the words are."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.data.text_width import cut_to_width, text_width
from gyeol.errors import DataError, MissingExtraError, ParameterError, SaveError
from gyeol.explain import AttentionMap
from gyeol.explain.attention.labels import most_looked_at, token_label
from gyeol.explain.attention.page import render_page
from gyeol.explain.attention.picture import draw_picture
from gyeol.tasks.translation.search import Translation

PAINT = re.compile(r"\x1b\[(48;5;\d+|0)m")
HOSTILE = [
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</title>", "<!--", "{{rows}}", "&lt;", '"',
    "'", "\\", "\u2028", "\u202e", "\ud800", "\x00", "\x1b[2J", "", " ", "\t", "\n", "▁", "▁나는", "😀",
    "👨‍👩‍👧", "한글", "\u1112\u1161\u11ab", "\u0301", "\u1161", "日本語", "$x$", "\U000f0000", "ㅋㅋ", "é",
]  # fmt: skip
WORDS = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=12), st.just("가" * 50)), min_size=1, max_size=9)
KO, EN = ["나는", "어제", "학교에", "갔다", "\n"], ["I", "went", "to", "school", "yesterday", "\n"]


def spread(target: int, source: int, seed: int = 0, sharp: float = 4.0) -> np.ndarray:
    scores = np.exp(sharp * np.random.default_rng(seed).normal(size=(target, source)))
    return scores / scores.sum(axis=1, keepdims=True)


def made(source: list[str] = KO, target: list[str] = EN, title: str = "", seed: int = 0) -> AttentionMap:
    return AttentionMap(source, target, spread(len(target), len(source), seed), title)


def hangul_font() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'gyeol[plots]'")


# What is taken


def test_what_is_given_is_kept_and_cannot_change() -> None:
    weights = np.eye(2, dtype=np.float32)
    found = AttentionMap(["가", "나"], ("a", "b"), weights)
    weights[0, 0] = 5
    assert (found.source, found.target, found.title) == (("가", "나"), ("a", "b"), "")
    assert found.weights.dtype == np.float64
    assert found.weights.tolist() == [[1, 0], [0, 1]]
    with pytest.raises(ValueError, match="read-only"):
        found.weights[0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.title = "x"  # type: ignore[misc]
    assert AttentionMap(["가"], ["a"], torch.ones(1, 1)).weights.shape == (1, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "target", "weights", "message"),
    [
        ([], ["a"], np.ones((1, 0)), "source: there are no words"),
        (["a"], [], np.ones((0, 1)), "target: there are no words"),
        ("ab", ["a"], [[1.0, 0.0]], r"source: got one text, 'ab'; expected a list of words: wrap it"),
        (["a", 3], ["a"], [[1.0, 0.0]], "source: word 1 is int, expected str"),
        (["a"], None, [[1.0]], "target: got NoneType"),
        (["a"], ["b", "c"], [[1.0]], r"got shape \(1, 1\), expected \(2, 1\)"),
        (["a"], ["b", "c"], [[0.5, 0.5]], r"got shape \(1, 2\), expected \(2, 1\), .*: transpose them"),
        (["a"], ["b"], [["x"]], "weights: expected an array of numbers"),
        (["a"], ["b"], [[1.0], [1.0, 2.0]], "weights: expected an array of numbers"),
        (["a"], ["b"], torch.ones(1, 1, requires_grad=True), r"detach\(\)"),
        (["a", "b"], ["나"], [[0.5, np.nan]], "row 0, of '나', has a NaN"),
        (["a", "b"], ["나"], [[1.5, -0.5]], "row 0, of '나', has a NaN, an infinite or a negative"),
        (["a", "b"], ["c", "나"], [[0, 1], [0.5, 0.4]], "row 1, of '나', sums to 0.9, expected 1: give the weights"),
    ],
)
def test_what_does_not_fit(source: Any, target: Any, weights: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        AttentionMap(source, target, weights)


def test_sums_are_held_to_1e_5() -> None:
    AttentionMap(["a", "b"], ["c"], np.array([[0.5, 0.5 + 0.9e-5]]))
    with pytest.raises(DataError, match="sums to"):
        AttentionMap(["a", "b"], ["c"], np.array([[0.5, 0.5 + 1.1e-5]]))
    with pytest.raises(DataError, match="title: got int"):
        AttentionMap(["a"], ["c"], np.ones((1, 1)), 3)  # type: ignore[arg-type]


def test_a_translation_gives_its_map() -> None:
    looked = torch.softmax(torch.randn(3, 2), dim=1)
    found = Translation("a b", -1.0, -1.0, ["가", "\n"], ["a", "b", "\n"], looked).map()
    np.testing.assert_allclose(found.weights, looked.double().numpy())
    assert (found.source, found.target) == (("가", "\n"), ("a", "b", "\n"))
    with pytest.raises(DataError, match=r"comes with no attention.*attention='global'"):
        Translation("a", -1.0, -1.0, ["가", "\n"], ["a", "\n"], None).map()


# As text


@given(WORDS, WORDS, st.integers(20, 130), st.booleans(), st.sampled_from(["", "제목", "\x1b]0;x\x07" * 40]))
@settings(max_examples=150)
def test_lines_fit_and_hold_nothing_a_terminal_obeys(
    source: list[str], target: list[str], width: int, color: bool, title: str
) -> None:
    text = made(source, target, title).to_text(width, color)
    text.encode()
    plain = PAINT.sub("", text)
    assert color or plain == text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]", plain)
    lines = plain.split("\n")
    assert max(map(text_width, lines)) <= width
    assert sum(" ← " in line for line in lines) >= len(target)
    assert all(line == line.rstrip() for line in text.split("\n"))


@pytest.mark.parametrize(
    ("width", "head"),
    [
        (60, ["          나는 어제 학교에 갔다 ⏎"]),
        (26, ["               학", "         나 어 교 갔", "         는 제 에 다 ⏎"]),
        (20, ["       1 2 3 4 5"]),
    ],
)
def test_source_words_stand_as_there_is_room(width: int, head: list[str]) -> None:
    lines = made().to_text(width).split("\n")
    assert lines[: len(head)] == head
    assert ("1 나는  2 어제" in "\n".join(lines)) == (width == 20)
    cells = [line[text_width(head[0]) - text_width(head[0].lstrip()) :] for line in lines[len(head) :][: len(EN)]]
    assert len(cells) == len(EN)
    assert all(set(line) <= set(" ·░▒▓█") for line in cells)


def test_shades_are_those_of_the_shares() -> None:
    row = [0.02, 0.04, 0.2, 0.74]
    text = AttentionMap(list("abcd"), ["x"], [row]).to_text(60)
    assert "x ·  ·  ░░ ▓▓" in text.split("\n")
    assert "x ← d 74 %  c 20 %" in text.split("\n")
    even = AttentionMap(list("abcd"), ["x"], np.full((1, 4), 0.25)).to_text(60)  # of the most that there is
    assert "x ██ ██ ██ ██" in even.split("\n")
    assert "█ 19–25 %" in even


def test_colours_are_backgrounds_and_take_no_room() -> None:
    found = made()
    plain, painted = found.to_text(60), found.to_text(60, color=True)
    assert "█" in plain
    assert not set("░▒▓█") & set(painted)
    assert painted.count("\x1b[48;5;") == painted.count("\x1b[0m") > 5
    assert plain.split("\n")[0] == painted.split("\n")[0]


def test_a_word_that_stands_twice_is_told_apart() -> None:
    text = AttentionMap(["the", "cat", "the"], ["x"], [[0.1, 0.0, 0.9]]).to_text(60)
    assert text.split("\n")[-1] == "x ← (3) the 90 %"


def test_what_is_left_out_is_said_and_what_was_looked_at_is_shown() -> None:
    weights = np.zeros((100, 200))
    weights[:, 150:170] = 1 / 20
    text = AttentionMap([f"s{i}" for i in range(200)], [f"t{i}" for i in range(100)], weights).to_text(60)
    said = re.search(r"source words (\d+)–(\d+) of 200, target words 64 of 100", " ".join(text.split()))
    assert said is not None
    assert int(said[1]) <= 151
    assert int(said[2]) >= 170
    korean = AttentionMap(["가"] * 200, ["나"], np.full((1, 200), 1 / 200)).to_text(60)
    assert "일부만 보임: 입력 200개 중 1–" in korean


def test_the_width_is_the_terminal_s(monkeypatch: pytest.MonkeyPatch) -> None:
    for columns, width in (("33", 33), ("3", 20)):
        monkeypatch.setenv("COLUMNS", columns)
        assert made().to_text() == made().to_text(width)


@pytest.mark.parametrize("wrong", [{"width": 19}, {"width": 3.5}, {"color": "yes"}])
def test_settings_of_the_text(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=f"{next(iter(wrong))}="):
        made().to_text(**wrong)


@given(st.text(max_size=20), st.integers(0, 30))
def test_texts_are_cut_to_columns(text: str, most: int) -> None:
    cut = cut_to_width(text, most)
    assert text_width(cut) <= most
    assert cut == text or (text_width(text) > most and cut[-1:] in ("…", ""))


def test_the_few_that_were_looked_at() -> None:
    assert most_looked_at(np.full(100, 0.01)) == [0]
    assert most_looked_at(np.array([0.3, 0.3, 0.3, 0.1])) == [0, 1, 2]
    assert [token_label(t) for t in ("\n", "▁", "\t", "\u200b", "\ud800")] == ["⏎", "·", "␣", "∅", "\ufffd"]


# As JSON


@given(WORDS, WORDS)
@settings(max_examples=30)
def test_json_gives_back_all(source: list[str], target: list[str]) -> None:
    found = made(source, target)
    back = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert (back["source"], back["target"]) == (source, target)
    np.testing.assert_allclose(back["attention"], found.weights, atol=1e-9)
    AttentionMap(back["source"], back["target"], back["attention"])


# As a picture


def test_hangul_is_drawn_and_not_boxes(tmp_path: Path) -> None:
    hangul_font()
    from matplotlib.image import imread

    pictures = []
    for word in ("한국", "가방", "··"):
        AttentionMap([word], ["x"], np.ones((1, 1))).to_png(tmp_path / "m.png")
        pictures.append(imread(tmp_path / "m.png")[:, :, :3])
    dark = [int((picture[:45].min(axis=2) < 0.6).sum()) for picture in pictures]
    assert min(dark[:2]) > dark[2] + 40  # strokes of two syllables, not two dots
    assert not np.array_equal(pictures[0], pictures[1])  # boxes would be alike


@pytest.mark.parametrize("size", [1, 5, 20, 60])
def test_names_lie_in_the_picture_and_not_on_each_other(size: int) -> None:
    hangul_font()
    from matplotlib.text import Text

    names = [("학교" if i % 2 else "school")[: 1 + i % 6] for i in range(size)]
    figure = draw_picture(names, names, spread(size, size), "제목", font=None)
    texts = [text for text in figure.artists if isinstance(text, Text) and text.get_text() in names]
    boxes = np.array([[*b.min, *b.max] for b in (text.get_window_extent() for text in texts)])
    assert len(boxes) >= 2 * size
    assert boxes.min() >= 0
    assert (boxes[:, 2:] <= (figure.bbox.width, figure.bbox.height)).all()
    if size != 20:  # the boxes of slanted names overlap, the names do not
        over = ((boxes[:, None, :2] + 1 < boxes[:, 2:]) & (boxes[:, :2] + 1 < boxes[:, None, 2:])).all(axis=2)
        assert over.sum() == len(boxes)


def test_cells_are_as_dark_as_their_shares(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'gyeol[plots]'")
    from matplotlib.image import imread

    weights = np.kron(np.eye(10), np.ones((3, 3)) / 3)
    AttentionMap(["s"] * 30, ["t"] * 30, weights).to_png(tmp_path / "m.png")
    picture = imread(tmp_path / "m.png")[:-62, :, :3]
    full = np.abs(picture - np.array([8, 48, 107]) / 255).max(axis=2) < 0.002
    rows, columns = np.nonzero(full)
    assert np.array_equal(full[rows.min() + 5 :: 20, columns.min() + 5 :: 20][:30, :30], weights > 0)


def test_the_same_picture_again_and_no_setting_is_touched(tmp_path: Path) -> None:
    hangul_font()
    import matplotlib as mpl

    before, loaded = dict(mpl.rcParams), "matplotlib.pyplot" in sys.modules
    found = made(HOSTILE, HOSTILE, "제목 $\\frac$ \U000f0000")
    for name in ("a.png", "b.png"):
        with pytest.warns(UserWarning, match="no font here draws"):
            found.to_png(tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert dict(mpl.rcParams) == before
    assert ("matplotlib.pyplot" in sys.modules) == loaded


def test_matplotlib_is_asked_for_by_name_and_not_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'gyeol\[plots\]'"):
        made().to_png(tmp_path / "m.png")
    code = (
        "import sys; from gyeol.explain import AttentionMap as A; m = A(['a'], ['b'], [[1.0]]); "
        "m.to_text(); m.to_json(); m.to_html('/dev/null'); "
        "print([n for n in ('matplotlib', 'torch', 'sklearn') if n in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (found.stdout.strip(), found.stderr) == ("[]", "")


# As a page


class Parts(HTMLParser):
    """What a browser would make of a page: elements with their attributes, texts of scripts, styles, cells, names."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.texts.setdefault(tag, []).append("")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem or (self.tags and self.tags[-1][0] not in ("style", "script")):
            self.texts[self.tags[-1][0]][-1] += data


def test_nothing_breaks_out_of_the_page() -> None:
    count = len(HOSTILE)
    plain = Parts(render_page(["a"] * count, ["b"] * count, spread(count, count)).decode())
    page = render_page(HOSTILE, HOSTILE, spread(count, count), "</title><script>alert(1)</script>{{rows}}").decode()
    parts = Parts(page)
    assert [tag for tag, _ in parts.tags if tag != "style"] == [tag for tag, _ in plain.tags if tag != "style"]
    assert len(parts.texts["style"]) == 2  # the second is the font that Hangul needs
    assert {key for _, a in parts.tags for key in a} == {key for _, a in plain.tags for key in a}
    labels = [token_label(word, 80) for word in HOSTILE]
    names = [text.strip() for text in parts.texts["bdi"]]
    assert names == [*labels, *labels, *labels, *labels]  # both texts, the heads of columns and of rows
    assert parts.texts["h1"][0].strip().startswith("</title><script>")


def test_the_policy_lets_in_the_page_itself_only() -> None:
    page = render_page(KO, EN, spread(len(EN), len(KO))).decode()
    parts = Parts(page)
    policy = next(str(a["content"]) for _, a in parts.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        allowed = re.search(rf"{tag}-src ([^;]*)", policy)
        digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in parts.texts[tag]]
        assert allowed is not None
        assert sorted(allowed[1].split()) == sorted(f"'sha256-{digest}'" for digest in digests)
    assert not re.search(
        r"https?://|//cdn|@import|url\((?!\"data:font/woff)|innerHTML|eval\(|\son\w+=|\sstyle=|\{\{", page
    )
    assert not [tag for tag, attributes in parts.tags if {"src", "href"} & set(attributes)]


def test_the_table_is_named_and_says_every_share() -> None:
    weights = spread(len(EN), len(KO))
    parts = Parts(AttentionMap(KO, EN, weights).to_json() and render_page(KO, EN, weights).decode())
    scopes = [a["scope"] for tag, a in parts.tags if tag == "th"]
    assert (scopes.count("col"), scopes.count("row")) == (len(KO), len(EN))
    cells = [text for text in parts.texts["td"] if text.strip()]
    np.testing.assert_allclose([float(text) for text in cells], 100 * weights.ravel(), atol=0.051)
    levels = [str(a.get("class") or "w0") for tag, a in parts.tags if tag == "td"][1:]
    assert levels == [f"w{round(20 * weight)}" for weight in weights.ravel()]
    assert parts.tags[0] == ("html", {"lang": "ko"})
    tabs = [a["tabindex"] for tag, a in parts.tags if tag == "button"]
    assert (tabs.count("0"), tabs.count("-1")) == (2, len(KO) + len(EN) - 2)
    english = Parts(render_page(["a"], ["b"], np.ones((1, 1))).decode())
    assert english.tags[0] == ("html", {"lang": "en"})


@pytest.mark.parametrize("form", ["to_png", "to_html"])
def test_files_are_whole_or_not_there(form: str, tmp_path: Path) -> None:
    if form == "to_png":
        hangul_font()
    file = tmp_path / "new" / "m"
    getattr(made(), form)(str(file))
    assert file.read_bytes()[:4] in (b"\x89PNG", b"<!do")
    assert [path.name for path in file.parent.iterdir()] == ["m"]
    with pytest.raises(SaveError, match="could not write"):
        getattr(made(), form)(file.parent)


def test_long_texts_are_quick(tmp_path: Path) -> None:
    found = made((KO * 60)[:256], (EN * 90)[:512], "256 × 512", seed=1)
    forms: dict[str, Any] = {
        "text": found.to_text, "json": found.to_json, "html": lambda: found.to_html(tmp_path / "m.html")
    }  # fmt: skip
    for name, form in forms.items():
        started = time.perf_counter()
        form()
        assert time.perf_counter() - started < 3, name
    hangul_font()
    found.to_png(tmp_path / "m.png")  # 2 to 3 seconds where nothing else runs
    assert (tmp_path / "m.png").stat().st_size > 100_000
