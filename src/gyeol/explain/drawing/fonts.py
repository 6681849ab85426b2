"""Labels: which fonts draw their characters, Hangul above all, and where they fit beside their dots.

A plotting library draws an empty box for a character its font lacks, and its own font lacks Hangul. So a font with
Hangul comes with this package, and pictures look the same on every machine. Each piece of a label is drawn with a font
that has it; what neither that font nor matplotlib's own has is looked for among those installed. Fonts are named by
their files: nothing is registered, and no setting of the library is touched.
"""

from __future__ import annotations

import logging
import math
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gyeol.errors import MissingExtraError, ParameterError

if TYPE_CHECKING:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

__all__ = [
    "HANGUL_FONT",
    "MISSING",
    "LabelFonts",
    "Pen",
    "find_fonts",
    "has_hangul",
    "label",
    "mostly_hangul",
    "place_labels",
]

#: Noto Sans KR, with the characters and under the licence that ``OFL.txt`` beside it names.
HANGUL_FONT = Path(__file__).parent / "noto_sans_kr" / "NotoSansKR-Regular.otf"
#: What is drawn for a character that no font has.
MISSING = "□"
# Fonts that have "every" character, as a box, as nothing or as a picture in colours that cannot be drawn here.
_NO_FONTS = ("last resort", "lastresort", "blank", "color", "emoji", "keycaps")
_HANGUL = ((0x1100, 0x11FF), (0x3130, 0x318F), (0xA960, 0xA97F), (0xAC00, 0xD7A3), (0xD7B0, 0xD7FF))
_INVISIBLE = {0x115F, 0x1160, 0x3164, 0xFFA0, *range(0xFE00, 0xFE10)}  # fillers of Hangul, selectors of a variant
_CUT = "…"


def has_hangul(text: str) -> bool:
    """Tell whether a text has a Hangul syllable or letter.

    Examples
    --------
    >>> has_hangul("BTS 콘서트"), has_hangul("ㅋㅋ"), has_hangul("concert")
    (True, True, False)
    """
    return any(low <= ord(c) <= high for c in text for low, high in _HANGUL)


def mostly_hangul(words: Sequence[str]) -> bool:
    """Whether more than half of the words contain Hangul; captions are in Korean then."""
    return 2 * sum(map(has_hangul, words)) > len(words)


def label(word: str, limit: int = 24) -> str:
    r"""Make one line of a word: composed Hangul, plain spaces, nothing invisible, not longer than ``limit`` characters.

    Examples
    --------
    >>> label("한국\n어"), label("가" * 30, 4)
    ('한국 어', '가가가…')
    """
    kept = []
    for c in unicodedata.normalize("NFC", word):
        kind = unicodedata.category(c)
        if kind[0] == "Z" or kind == "Cc":
            kept.append(" ")
        elif kind != "Cf" and ord(c) not in _INVISIBLE:
            kept.append(c)
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + _CUT


@dataclass(frozen=True, slots=True)
class LabelFonts:
    """The fonts that draw some labels together.

    Attributes
    ----------
    files : tuple of (str, frozenset of str)
        Font files, the preferred one first, each with the characters of the labels that it draws.
    missing : tuple of str
        The characters that no font draws, in the order of their code points; a box stands for each.
    """

    files: tuple[tuple[str, frozenset[str]], ...]
    missing: tuple[str, ...]

    def runs(self, text: str) -> list[tuple[str, str]]:
        """Cut a label into pieces of one font each; a box stands for a character that none of them draws.

        Parameters
        ----------
        text : str
            A label, of the characters that the fonts were found for.

        Returns
        -------
        list of (str, str)
            A piece and the font file that draws all of it; one piece where one font has the whole label.
        """
        known = frozenset[str]().union(*(drawn for _, drawn in self.files))
        box = MISSING if MISSING in known else ""
        text = "".join(c if c in known else box for c in text)
        for file, drawn in self.files:
            if drawn.issuperset(text):
                return [(text, file)] if text else []
        pieces: list[tuple[str, str]] = []
        for c in text:
            file = next(file for file, drawn in self.files if c in drawn)
            if pieces and (pieces[-1][1] == file or (c == " " and " " in dict(self.files)[pieces[-1][1]])):
                pieces[-1] = (pieces[-1][0] + c, pieces[-1][1])
            else:
                pieces.append((c, file))
        return pieces


def find_fonts(texts: Iterable[str], font: str | None = None) -> LabelFonts:
    """Find fonts that draw the characters of some labels: the requested one, then those that come with pip, then any.

    Characters that no font has are drawn as boxes, and warned of in one line.

    Parameters
    ----------
    texts : iterable of str
        Labels, as `label` makes them.
    font : str, optional
        A font file, or the name of an installed family, preferred to all others.

    Returns
    -------
    LabelFonts
        Files and what each draws.

    Raises
    ------
    ParameterError
        ``font`` is neither a font file nor an installed family.
    MissingExtraError
        matplotlib is not installed.
    """
    characters = frozenset().union(*texts) | {MISSING, " "}
    found: list[tuple[str, frozenset[str]]] = []
    left = characters
    for file in _files(font):
        drawn = _drawn(file, characters)
        if drawn & left:
            found.append((file, drawn))
            left -= drawn
        if not left:
            break
    missing = tuple(sorted(left))
    if missing:
        shown = ", ".join(f"U+{ord(c):04X}" + (f" {c}" if c.isprintable() else "") for c in missing[:5])
        more = f" and {len(missing) - 5:,} more" if len(missing) > 5 else ""
        warnings.warn(f"no font here draws {shown}{more}: {MISSING} stands for each; pass font=PATH", stacklevel=3)
    return LabelFonts(tuple(found), missing)


def _files(font: str | None) -> Iterator[str]:
    """List font files: the requested one, those that come with pip, and finally those of this machine."""
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)  # that its list of fonts cannot be saved does not concern the user
    try:
        import matplotlib as mpl
        from matplotlib import font_manager
    except ImportError:
        raise MissingExtraError("a picture", "matplotlib", "plots") from None
    finally:
        log.setLevel(level)
    if font is not None:
        yield _given(font)
    yield str(HANGUL_FONT)
    yield str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")
    plain = [e for e in font_manager.fontManager.ttflist if not any(part in e.name.lower() for part in _NO_FONTS)]
    plain.sort(key=lambda e: (e.style != "normal", e.weight not in (400, "normal", "regular", "book"), e.name, e.fname))
    yield from dict.fromkeys(e.fname for e in plain)


def _given(font: str) -> str:
    """Find the file of the requested font: a path, or the regular face of a family."""
    from matplotlib import font_manager

    if Path(font).is_file():
        if _opened(font) is None:
            raise ParameterError(f"font={font!r:.200} is not a usable font; expected a .ttf, .otf or .ttc file")
        return font
    named = [entry for entry in font_manager.fontManager.ttflist if entry.name.lower() == font.lower()]
    if not named:
        raise ParameterError(f"font={font!r:.200} is neither a font file nor an installed family; check the name")
    return str(font_manager.findfont(font_manager.FontProperties(family=[named[0].name])))


def _opened(file: str) -> Any:
    """Open a font that has outlines; None for whatever is no such one."""
    from matplotlib.ft2font import FT2Font

    try:
        face = FT2Font(file)
        if not face.scalable:
            return None
        face.set_size(12, 72)
    except (OSError, RuntimeError, ValueError, TypeError):
        return None
    return face


def _drawn(file: str, characters: frozenset[str]) -> frozenset[str]:
    """Tell which characters a font has and leaves ink for; a space needs none."""
    face = _opened(file)
    if face is None:
        return frozenset()
    drawn = set()
    for c in characters:
        if not face.get_char_index(ord(c)):
            continue
        try:
            glyph = face.load_char(ord(c))
        except (RuntimeError, ValueError):
            continue
        if c == " " or (glyph.width and glyph.height):
            drawn.add(c)
    return frozenset(drawn)


class Pen:
    """Writes on a figure, at pixels, each piece of a line with a font that has its characters."""

    def __init__(self, canvas: FigureCanvasAgg, fonts: LabelFonts, paper: str) -> None:
        from matplotlib.font_manager import FontProperties

        self._figure, self._fonts, self._paper = canvas.figure, fonts, paper
        self._renderer: Any = canvas.get_renderer()  # type: ignore[no-untyped-call]
        self._kinds = {file: FontProperties(fname=file) for file, _ in fonts.files}

    def _pieces(self, line: str, points: float) -> list[tuple[str, Any, tuple[float, float, float]]]:
        """Cut a line and measure its pieces: width, height and how much of it is below the baseline, in pixels."""
        pieces = []
        for piece, file in self._fonts.runs(line):
            kind = self._kinds[file].copy()
            kind.set_size(points)
            pieces.append((piece, kind, self._renderer.get_text_width_height_descent(piece, kind, False)))
        return pieces

    def size(self, line: str, points: float) -> tuple[float, float]:
        """Measure a line: width and height in pixels."""
        measured = [m for _, _, m in self._pieces(line, points)]
        if not measured:
            return 0.0, 0.0
        return sum(w + 1 for w, _, _ in measured), max(h - d for _, h, d in measured) + max(d for _, _, d in measured)

    def write(self, line: str, corner: tuple[float, float], points: float, colour: str) -> list[Text]:
        """Write a line whose lower left corner is given, with a rim."""
        depth = max((m[2] for _, _, m in self._pieces(line, points)), default=0.0)
        return self.write_along(line, (corner[0], corner[1] + depth), points, colour, rim=True)

    def write_along(
        self,
        line: str,
        start: tuple[float, float],
        points: float,
        colour: str,
        *,
        angle: float = 0.0,
        rim: bool = False,
    ) -> list[Text]:
        """Write a line whose baseline starts at a point and rises at an angle in degrees."""
        from matplotlib.patheffects import Stroke
        from matplotlib.text import Text
        from matplotlib.transforms import IdentityTransform

        x, y = start
        texts = []
        for piece, kind, (wide, _, _) in self._pieces(line, points):
            # "$" is a character here, and the pale rim parts a label from the dots that it could not spare.
            shared: Any = {"fontproperties": kind, "parse_math": False, "usetex": False, "va": "baseline", "ha": "left"}
            shared |= {"rotation": angle, "rotation_mode": "anchor", "transform": IdentityTransform()}
            texts.append(Text(x, y, piece, color=colour, **shared))
            if rim:
                pale = Text(x, y, piece, color=self._paper, **shared)
                pale.set_path_effects([Stroke(linewidth=2.0, foreground=self._paper, alpha=0.85)])
                self._figure.add_artist(pale)
            self._figure.add_artist(texts[-1])
            x += (wide + 1) * math.cos(math.radians(angle))
            y += (wide + 1) * math.sin(math.radians(angle))
        return texts


def place_labels(
    dots: npt.NDArray[np.float64],
    sizes: npt.NDArray[np.float64],
    area: tuple[float, float, float, float],
    *,
    radius: float = 3.0,
    limit: int | None = None,
    hide: bool = True,
) -> dict[int, tuple[float, float, float, float]]:
    """Find places for labels beside their dots such that none overlaps: earlier labels take precedence.

    Of the twelve places round a dot, a label takes the free one that hides the fewest other dots.

    Parameters
    ----------
    dots : array, shape (N, 2)
        Where the dots are, x and y.
    sizes : array, shape (N, 2)
        How wide and high the labels are; one without width is left out.
    area : (float, float, float, float)
        Left, bottom, right and top of where labels may be.
    radius : float
        Of a dot.
    limit : int, optional
        The most labels placed.
    hide : bool
        Whether a label may hide other dots; otherwise it is left out.

    Returns
    -------
    dict of int to (float, float, float, float)
        For each label placed, by its number: its left, bottom, right and top.

    Examples
    --------
    >>> place_labels(np.array([[50.0, 50.0], [51.0, 50.0]]), np.array([[30.0, 10.0], [30.0, 10.0]]), (0, 0, 100, 100))
    {0: (56.0, 45.0, 86.0, 55.0), 1: (15.0, 45.0, 45.0, 55.0)}
    """
    placed: dict[int, tuple[float, float, float, float]] = {}
    taken = np.zeros((min(len(dots), limit if limit is not None else len(dots)), 4))
    near, far = radius + 3, 0.7 * radius + 2
    for number, ((x, y), (wide, high)) in enumerate(zip(dots, sizes, strict=True)):
        if len(placed) == len(taken):
            break
        if not wide:
            continue
        right, left, above, below = x + near, x - near - wide, y + near, y - near - high
        corners = [(right, y - high / 2), (left, y - high / 2), (x - wide / 2, above), (x - wide / 2, below)]
        right, left, above, below = x + far, x - far - wide, y + far, y - far - high
        corners += [(right, above), (right, below), (left, above), (left, below)]
        above, below = y + near, y - near - high
        corners += [(x - share * wide, side) for side in (above, below) for share in (0.2, 0.8)]
        low = np.array(corners)
        boxes = np.hstack([low, np.add(low, (wide, high))])
        inside = (low >= area[:2]).all(axis=1) & (boxes[:, 2:] <= area[2:]).all(axis=1)
        others = taken[: len(placed), None]
        gap = 2.0  # pixels between two labels, so that they are read as two
        overlaps = (boxes[:, :2] < others[..., 2:] + gap) & (others[..., :2] - gap < boxes[:, 2:])
        free = boxes[inside & ~overlaps.all(axis=2).any(axis=0)]
        if len(free):
            hidden = (
                ((dots >= free[:, None, :2] - radius) & (dots <= free[:, None, 2:] + radius)).all(axis=2).sum(axis=1)
            )
            if hidden.min() and not hide:
                continue
            taken[len(placed)] = free[hidden.argmin()]
            placed[number] = tuple(taken[len(placed)].tolist())
    return placed
