"""A map of words: where they are put, what the picture shows, and a page that nothing breaks out of."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol.errors import DataError, MissingExtraError, ParameterError, SaveError
from gyeol.explain import METHODS, WordMap, draw_map
from gyeol.explain.drawing import fonts
from gyeol.explain.words import map

HERE = [method for method in METHODS if method != "umap"]
HOSTILE = ["</script><script>alert(1)</script>", "<b>", "<!--", "{{data}}", "&lt;", '"', "\\", "\u2028", "\ud800", ""]


def clustered(count: int, *, clusters: int = 4, dimension: int = 20, noise: float = 0.3) -> np.ndarray:
    random = np.random.default_rng(0)
    centres = random.normal(size=(clusters, dimension))
    return np.float32(centres[np.arange(count) % clusters] + noise * random.normal(size=(count, dimension)))


def named(count: int) -> list[str]:
    return [chr(ord("가") + 28 * i) + ("말" if i % 2 else "word") for i in range(count)]


def hangul_font() -> str:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'gyeol[plots]'")
    return fonts.find_fonts(["한글"]).files[0][0]


# Where words are put


@pytest.mark.parametrize("method", HERE)
def test_the_same_bits_again(method: str) -> None:
    one, two = (draw_map(named(60), clustered(60), method=method) for _ in range(2))
    assert one.places.tobytes() == two.places.tobytes()
    assert one.places.dtype == np.float64
    assert one.groups == two.groups
    assert (one.words, one.method) == (named(60), method)


@pytest.mark.parametrize("method", HERE)
def test_neighbours_stay_neighbours(method: str) -> None:
    drawn = draw_map(named(80), clustered(80), method=method, groups=4)
    assert drawn.groups is not None
    clusters = np.arange(80) % 4
    apart = np.linalg.norm(drawn.places[:, None] - drawn.places, axis=2) + np.diag(np.full(80, np.inf))
    assert np.mean(clusters[apart.argmin(axis=1)] == clusters) > 0.8
    assert len(set(zip(drawn.groups, clusters.tolist(), strict=True))) == 4  # k-means finds what was put in


@pytest.mark.parametrize("method", HERE)
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("kind", ["apart", "alike", "zeros", "one number"])
def test_few_words_and_flat_vectors(method: str, count: int, kind: str) -> None:
    vectors = {
        "apart": clustered(count),
        "alike": np.ones((count, 8), dtype=np.float32),
        "zeros": np.zeros((count, 8), dtype=np.float32),
        "one number": np.linspace(-1, 1, count, dtype=np.float32)[:, None],
    }[kind]
    drawn = draw_map(named(count), vectors, method=method)
    assert drawn.places.shape == (count, 2)
    assert np.isfinite(drawn.places).all()
    assert drawn.groups is not None
    assert min(drawn.groups) == 0


def test_only_directions_count() -> None:
    vectors = clustered(30)
    lengths = np.exp2(np.arange(30) % 5).astype(np.float32)[:, None]  # exact in floats
    one, two = draw_map(named(30), vectors, method="pca"), draw_map(named(30), vectors * lengths, method="pca")
    assert np.array_equal(one.places, two.places)
    huge = draw_map(named(30), vectors * np.float32(1e37), method="pca")
    np.testing.assert_allclose(huge.places, one.places, rtol=0, atol=1e-6)


def test_group_0_is_the_largest_and_none_were_asked_for() -> None:
    vectors = np.float32([[1, 0], [0, 1], [0, 1], [0, 1]])
    assert draw_map(named(4), vectors, method="pca", groups=2).groups == [1, 0, 0, 0]
    assert draw_map(named(4), vectors, method="pca", groups=0).groups is None


@pytest.mark.parametrize(
    ("words", "vectors", "message"),
    [
        ([], np.zeros((0, 3)), "there are no words"),
        ("한국", np.zeros((2, 3)), "wrap it in"),
        (["a", 3], np.zeros((2, 3)), "word 1 is int"),
        (["a"], np.zeros((2, 3)), r"got shape \(2, 3\), expected \(1, D\)"),
        (["a"], np.zeros((1, 0)), "got shape"),
        (["a"], [["x"]], "array of numbers"),
        (["a", "나"], [[0.0, 1.0], [0.0, np.nan]], "'나', row 1, has a NaN"),
        (["a", "나"], [[np.inf, 1.0], [0.0, 1.0]], "'a', row 0"),
    ],
)
def test_what_cannot_be_drawn(words: Any, vectors: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        draw_map(words, vectors)


def test_settings_are_checked() -> None:
    with pytest.raises(ParameterError, match=r"did you mean 'tsne'.*; groups=-1"):
        draw_map(["a"], np.ones((1, 2), np.float32), method="tsn", groups=-1)


def test_umap_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(MissingExtraError, match=r"pip install umap-learn$"):
        draw_map(["a"], np.ones((1, 2), np.float32), method="umap")


def test_umap_where_it_is_installed() -> None:
    pytest.importorskip("umap", reason="umap-learn is not installed")
    one, two = (draw_map(named(40), clustered(40), method="umap") for _ in range(2))
    assert one.places.tobytes() == two.places.tobytes()


@pytest.mark.parametrize(
    ("places", "groups"), [(np.zeros((1, 2)), None), (np.full((2, 2), np.nan), None), (np.zeros((2, 2)), [0])]
)
def test_a_map_that_does_not_fit_its_words(places: np.ndarray, groups: Any) -> None:
    with pytest.raises(DataError):
        WordMap(["a", "b"], places, "pca", groups)


# The picture


def test_labels_do_not_overlap(tmp_path: Path) -> None:
    hangul_font()
    drawn = draw_map(named(150), clustered(150), method="pca")
    figure, texts = map._drawn(drawn, "단어", None, (12.0, 9.0), None)
    assert (figure.bbox.width, figure.bbox.height) == (1200, 900)
    assert 20 < len(texts) < 150
    boxes = np.array([[*b.min, *b.max] for pieces in texts.values() for b in (t.get_window_extent() for t in pieces)])
    over = ((boxes[:, None, :2] < boxes[:, 2:]) & (boxes[:, :2] < boxes[:, None, 2:])).all(axis=2)
    assert over.sum() == len(boxes)  # each with itself only
    assert boxes.min() >= 0
    assert (boxes[:, 2:] <= (1200, 900)).all()


def test_the_earlier_word_gets_the_room() -> None:
    dots = np.array([[50.0, 50.0]] * 40)
    placed = fonts.place_labels(dots, np.full((40, 2), (30.0, 10.0)), (0, 0, 100, 100))
    assert list(placed)[:2] == [0, 1]
    assert 2 <= len(placed) < 12
    assert not fonts.place_labels(dots, np.full((40, 2), (60.0, 10.0)), (0, 0, 50, 50))
    # beside a dot that would be hidden on the right, on the left
    assert fonts.place_labels(
        np.array([[50.0, 50.0], [60.0, 50.0]]), np.array([[20.0, 10.0], [0, 0]]), (0, 0, 99, 99)
    ) == {0: (24.0, 45.0, 44.0, 55.0)}


def test_labels_are_limited() -> None:
    hangul_font()
    drawn = draw_map(named(20), clustered(20), method="pca")
    assert len(map._drawn(drawn, None, 3, (12.0, 9.0), None)[1]) == 3
    assert not map._drawn(drawn, None, 0, (12.0, 9.0), None)[1]


def test_hangul_is_drawn_and_not_boxes(tmp_path: Path) -> None:
    hangul_font()
    from matplotlib.image import imread

    pictures = []
    for word in ("한국", "가방", "··"):
        WordMap([word], np.zeros((1, 2)), "pca").to_png(tmp_path / "m.png")
        pictures.append(imread(tmp_path / "m.png")[:860, :, :3])
    assert pictures[0].shape == (860, 1200, 3)
    dark = [int((picture.min(axis=2) < 0.6).sum()) for picture in pictures]
    assert min(dark[:2]) > dark[2] + 40  # strokes of two syllables, not two dots
    assert not np.array_equal(pictures[0], pictures[1])  # boxes would be alike


def test_a_syllable_differs_from_the_box_of_the_same_font() -> None:
    from matplotlib.ft2font import FT2Font

    face = FT2Font(hangul_font())
    face.set_size(20, 100)
    box, syllable = face.load_glyph(0), face.load_char(ord("한"))
    assert face.get_char_index(ord("한")) != 0
    assert (box.width, box.height, box.horiAdvance) != (syllable.width, syllable.height, syllable.horiAdvance)


def test_the_same_picture_again_and_no_setting_is_touched(tmp_path: Path) -> None:
    hangul_font()
    import matplotlib as mpl

    before, loaded = dict(mpl.rcParams), "matplotlib.pyplot" in sys.modules
    drawn = draw_map(["한국 word", "日本語", "$x$", "ㅋㅋ", "😀?", *HOSTILE], clustered(15), method="tsne")
    for name in ("a.png", "b.png"):
        with pytest.warns(UserWarning, match="no font here draws"):
            drawn.to_png(tmp_path / name, title="제목 $\\frac$ \U000f0000")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert dict(mpl.rcParams) == before
    assert ("matplotlib.pyplot" in sys.modules) == loaded


@pytest.mark.parametrize("wrong", [{"size": (1, 9)}, {"size": 3}, {"size": (float("nan"), 9)}, {"labels": -1}])
def test_settings_of_the_picture(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        WordMap(["a"], np.zeros((1, 2)), "pca").to_png(tmp_path / "m.png", **wrong)
    assert not list(tmp_path.iterdir())


def test_matplotlib_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"a picture needs matplotlib.*gyeol\[plots\]"):
        WordMap(["a"], np.zeros((1, 2)), "pca").to_png(tmp_path / "m.png")
    WordMap(["a"], np.zeros((1, 2)), "pca").to_html(tmp_path / "m.html")  # needs none


def test_what_stood_there_stands(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    for write in (WordMap.to_png, WordMap.to_html):
        with pytest.raises(SaveError):
            write(WordMap(["a"], np.zeros((1, 2)), "pca"), tmp_path / "m")


# The page


class Parts(HTMLParser):
    """What a browser would make of a page: elements with their attributes, and the text of each script and style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[tuple[str, str]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] and self.tags[-1][0] in ("script", "style") and data.strip():
            self.raw.append((self.tags[-1][0], data))


def read(drawn: WordMap, folder: Path, **settings: Any) -> tuple[str, Parts, dict[str, Any]]:
    drawn.to_html(folder / "m.html", **settings)
    page = (folder / "m.html").read_bytes().decode()
    parts = Parts(page)
    return page, parts, json.loads(next(text for tag, text in parts.raw if tag == "script"))


def test_words_and_places_come_back_and_nothing_breaks_out(tmp_path: Path) -> None:
    plain, _, _ = read(draw_map(["가"], np.ones((1, 2), np.float32)), tmp_path)
    words = ["한국", "일본", *HOSTILE]
    drawn = draw_map(words, clustered(len(words)), method="tsne")
    near = [[("한국", 0.5), ("</script><i>", -0.25)]] * len(words)
    page, parts, data = read(drawn, tmp_path, title="</title><script>alert(1)</script>{{data}}", neighbours=near)
    assert data["words"] == words
    np.testing.assert_allclose(data["places"], drawn.places, rtol=1e-5)
    assert data["groups"] == drawn.groups
    assert data["neighbours"][3] == [[0, 0.5], ["</script><i>", -0.25]]
    assert [tag for tag, _ in parts.tags] == [tag for tag, _ in Parts(plain).tags]
    assert "&lt;/title&gt;" in page
    assert page.count("{{data}}") == 3  # a word of that name and the title's two places


def test_the_policy_lets_in_the_page_itself_only(tmp_path: Path) -> None:
    page, parts, _ = read(draw_map(named(30), clustered(30)), tmp_path)
    policy = next(str(a["content"]) for _, a in parts.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    style, font, _, script = parts.raw
    for tag, text in (style, font, script):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert re.search(rf"{tag}-src [^;]*'sha256-{re.escape(digest)}'", policy), tag
    assert page.index("Content-Security-Policy") < page.index("<style")
    assert not re.search(r"https?://|//cdn|@import|url\((?!\"data:font/woff)|innerHTML|eval\(|\son\w+=|style=", page)
    assert not [tag for tag, attributes in parts.tags if {"src", "href"} & set(attributes)]


@pytest.mark.parametrize(("words", "language"), [(["한국", "일본", "word"], "ko"), (["한국", "a", "b"], "en")])
def test_the_page_speaks_the_language_of_most_words(words: list[str], language: str, tmp_path: Path) -> None:
    page, parts, _ = read(draw_map(words, clustered(3)), tmp_path)
    assert parts.tags[0] == ("html", {"lang": language})
    assert ("단어 찾기" in page) == (language == "ko")
    assert ("Find a word" in page) == (language == "en")
    assert "{{" not in page
    named_by = [a for tag, a in parts.tags if tag in ("canvas", "input", "button")]
    assert all(a.get("aria-label") for a in named_by)


@pytest.mark.parametrize("near", [[], [[("a", float("nan"))]], [[("a",)]], [[(3.5, 0.1)]], [3]])
def test_neighbours_that_do_not_fit(near: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neighbours: "):
        WordMap(["a"], np.zeros((1, 2)), "pca").to_html(tmp_path / "m.html", neighbours=near)
    assert not list(tmp_path.iterdir())
