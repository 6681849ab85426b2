"""The fonts of pictures and pages: the same on every machine, whatever is installed."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'gyeol[plots]'")

from matplotlib import font_manager

from gyeol.errors import ParameterError
from gyeol.explain import AttentionMap, WordMap
from gyeol.explain.drawing import fonts
from gyeol.explain.drawing.page_font import FAMILY, embed_font

SYLLABLES = "".join(map(chr, range(0xAC00, 0xD7A4)))


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a font."""
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [])


def missing(texts: list[str]) -> tuple[str, ...]:
    with pytest.warns(UserWarning, match="no font here draws") as told:
        found = fonts.find_fonts(texts).missing
    assert len(told) == 1
    assert "\n" not in str(told[0].message)
    return found


@pytest.mark.parametrize(
    "texts",
    [[SYLLABLES], ["ㄱㄴㅏㅣㅋㅎㆍ", "한글 ABC äöß 0123456789,.%·…→①㎏₩℃"], ["Привет", "Ελλάδα", "ありがとう"], [""]],
)
@pytest.mark.usefixtures("bare")
def test_a_machine_without_fonts_draws_them(texts: list[str]) -> None:
    found = fonts.find_fonts(texts)
    assert not found.missing
    assert found.files[0][0] == str(fonts.HANGUL_FONT)
    assert all(Path(file).name in ("NotoSansKR-Regular.otf", "DejaVuSans.ttf") for file, _ in found.files)
    assert all(found.runs(text) == [(text, str(fonts.HANGUL_FONT))] for text in texts if fonts.has_hangul(text))


@pytest.mark.parametrize("text", ["a\U000f0000b", "ก", "漢字", "नम"])
@pytest.mark.usefixtures("bare")
def test_what_no_font_has_is_a_box_and_one_warning(text: str) -> None:
    lost = missing([text, "한"])
    assert lost == tuple(sorted(c for c in text if c not in "ab"))
    found = fonts.LabelFonts(((str(fonts.HANGUL_FONT), frozenset(f"ab한 {fonts.MISSING}")),), lost)
    assert "".join(piece for piece, _ in found.runs(text)) == "".join("□" if c in lost else c for c in text)


@pytest.mark.usefixtures("bare")
def test_a_picture_with_boxes_is_there(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"U\+0E01"):
        WordMap(["한국", "ไทย ก", "😀"], np.arange(6.0).reshape(3, 2), "pca").to_png(tmp_path / "m.png")
    assert (tmp_path / "m.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_picture_whatever_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    drawn = AttentionMap(["한국 word", "é…"], ["x", "뷁"], np.full((2, 2), 0.5), "제목")
    drawn.to_png(tmp_path / "a.png")
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [])
    drawn.to_png(tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def made_font(path: Path, characters: str) -> str:
    """Make a font of squares."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 500), (500, 500), (500, 0)):
        pen.lineTo(corner)
    pen.closePath()
    square = pen.glyph()
    names = [".notdef", *(f"u{ord(c):X}" for c in characters)]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(c): name for c, name in zip(characters, names[1:], strict=True)})
    builder.setupGlyf(dict.fromkeys(names, square))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (600, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return str(path)


def test_an_installed_font_draws_what_ours_lacks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = made_font(tmp_path / "squares.ttf", "กx漢")
    entry = SimpleNamespace(name="Squares", fname=file, style="normal", weight=400)
    emoji = SimpleNamespace(name="Some Color Emoji", fname=file, style="normal", weight=400)
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [emoji])
    assert missing(["กx漢"]) == ("ก", "漢")
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [emoji, entry])
    assert fonts.find_fonts(["กx漢한"]).runs("한x漢ก") == [("한x", str(fonts.HANGUL_FONT)), ("漢ก", file)]


def test_a_font_of_ones_own_comes_first(tmp_path: Path) -> None:
    file = made_font(tmp_path / "squares.ttf", "가x")
    found = fonts.find_fonts(["가나x"], file)
    assert found.runs("가x") == [("가x", file)]
    assert found.runs("가나") == [("가나", str(fonts.HANGUL_FONT))]  # a label is of one font, if one has all of it
    assert "DejaVuSans" in fonts.find_fonts(["abc"], "dejavu sans").files[0][0]
    for wrong in ("no such family", str(tmp_path / "none.ttf"), __file__):
        with pytest.raises(ParameterError, match="font="):
            fonts.find_fonts(["abc"], wrong)


def test_a_label_of_two_scripts_is_cut_by_fonts() -> None:
    found = fonts.LabelFonts((("latin", frozenset("ab □")), ("hangul", frozenset("가나"))), ())
    assert found.runs("ab 가나 b") == [("ab ", "latin"), ("가나", "hangul"), (" b", "latin")]
    assert found.runs("가") == [("가", "hangul")]
    assert found.runs("") == []


def test_a_bare_machine(tmp_path: Path) -> None:
    """No fonts, no home, no place for matplotlib's cache, the plainest locale; warnings are errors."""
    code = (
        "import numpy as np; from gyeol.explain import save_forecast; "
        "h = np.arange(9.0)[:, None]; save_forecast('look.png', h, h[:, :, None], [0.5], names=['전력 사용량'])"
    )
    (tmp_path / "file").touch()
    env = {
        "FONTCONFIG_FILE": "/dev/null", "HOME": "/nonexistent", "LANG": "C", "PATH": "",
        "MPLCONFIGDIR": str(tmp_path / "file" / "none"), "XDG_DATA_HOME": "/nonexistent",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "look.png").read_bytes().startswith(b"\x89PNG")


# Pages


def embedded(page: str) -> set[str]:
    from fontTools.ttLib import TTFont

    data = re.search(r"url\(\"data:font/woff;base64,([^\"]*)\"\)", page)
    assert data is not None
    with TTFont(io.BytesIO(base64.b64decode(data[1]))) as font:
        return {chr(c) for c in font.getBestCmap()}


def test_a_page_carries_the_hangul_it_shows(tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        AttentionMap(["뷁쌻", "漢字"], ["ㅋㅋ", "가"], np.full((2, 2), 0.5)).to_html(tmp_path / name)
    page = (tmp_path / "a.html").read_text("utf-8")
    assert page == (tmp_path / "b.html").read_text("utf-8")
    assert {*"뷁쌻ㅋ어텐션"} <= embedded(page)
    assert embedded(page).isdisjoint("漢字갸word")
    assert len(page) < 60_000
    style = re.search(r"<style>(@font-face.*?)</style>", page)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = page[: page.index("<title>")]
    assert f"font-src data:; style-src 'sha256-{digest}' 'sha256-" in policy
    assert f'"{FAMILY}", system-ui' in page


def test_a_page_without_hangul_or_fonttools_carries_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    AttentionMap(["a"], ["b"], np.ones((1, 1))).to_html(tmp_path / "a.html")
    assert "@font-face" not in (tmp_path / "a.html").read_text("utf-8")
    page = '<meta content="style-src x"><style></style>漢'.encode()
    assert embed_font(page) == page
    page += "가".encode()
    assert len(embed_font(page)) > len(page)
    monkeypatch.setitem(sys.modules, "fontTools", None)
    assert embed_font(page) == page


def test_a_character_that_was_not_announced_is_a_box() -> None:
    found = fonts.find_fonts(["가"])
    assert "".join(piece for piece, _ in found.runs("가a가")) == f"가{fonts.MISSING}가"
    assert fonts.LabelFonts((), ()).runs("a") == []
