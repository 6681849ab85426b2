"""Words as points of a plane: near in it where their vectors point the same way.

Rows are scaled to length 1, so that the distance of two is their cosine. Then

- ``tsne`` keeps neighbours neighbours and does not preserve large distances or sizes (van der Maaten and Hinton 2008;
  Barnes-Hut, van der Maaten 2014), here by scikit-learn from at most 50 principal components;
- ``pca`` turns the rows so that the two widest directions are seen, and bends nothing;
- ``umap`` is like t-SNE, where umap-learn is installed (McInnes, Healy and Melville 2018).

A map is drawn as a PNG whose labels do not overlap, or written as one page that is searched and zoomed without a
network.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

from gyeol.data.atomic import write_bytes
from gyeol.errors import DataError, MissingExtraError
from gyeol.explain.drawing.fonts import Pen, find_fonts, label, mostly_hangul, place_labels
from gyeol.explain.drawing.sheet import save_png
from gyeol.explain.words.page import render_page
from gyeol.parameters import check, choice, positive, whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

__all__ = ["METHODS", "WordMap", "draw_map"]

#: How rows become points.
METHODS = ("tsne", "pca", "umap")

_NAMES = {"tsne": "t-SNE", "pca": "PCA", "umap": "UMAP"}
_COMPONENTS, _PERPLEXITY = 50, 30
_FEW = 5  # fewer words have no neighbourhoods to keep: their principal components are shown
# Text in these reads well on white (contrast 4.5 or more), and neighbours differ in lightness too.
_COLOURS = ("1f66b0", "b34700", "1d7a3a", "c0272d", "6f42b5", "7a4a21", "b0327f", "0b7480", "6b6500", "555b62")
_INK, _FAINT, _PAPER = "#1c1f23", "#62686f", "#ffffff"
_DPI = 100
_SIZES = ((80, 12.0, 5.0), (400, 10.0, 4.0), (2000, 9.0, 2.8), (6000, 9.0, 1.8), (float("inf"), 9.0, 1.2))
_SPARSE = 300  # words; among so few, a dot under a label is read as a part of a letter
_FOOT_KO = ("{} · 단어 {:,}개 · 이름표 {:,}개", " · □는 글꼴에 없는 글자")
_FOOT_EN = ("{} · {:,} words · {:,} labels", " · □ stands for what no font here has")


@dataclass(frozen=True, slots=True)
class WordMap:
    """Words and their positions.

    Attributes
    ----------
    words : list of str
        The words, the most important (frequent) first: where labels overlap, the earlier one wins.
    places : array of float64, shape (words, 2)
        The position of each.
    method : str
        How the places were found, one of `METHODS`.
    groups : list of int, optional
        A small number a word, for its colour.

    Raises
    ------
    DataError
        Places or groups do not fit the words, or a place is not a number.
    """

    words: list[str]
    places: npt.NDArray[np.float64]
    method: str
    groups: list[int] | None = None

    def __post_init__(self) -> None:
        if self.places.shape != (len(self.words), 2):
            raise DataError(
                f"places: got {self.places.shape}, expected ({len(self.words)}, 2), a row for each of the words"
            )
        if not np.isfinite(self.places).all():
            raise DataError("places: there is a NaN or an infinite one; expected finite numbers")
        if self.groups is not None and len(self.groups) != len(self.words):
            raise DataError(f"groups: got {len(self.groups)}, expected {len(self.words)}, one for each of the words")

    def to_png(
        self,
        path: Path | str,
        *,
        title: str | None = None,
        labels: int | None = None,
        size: tuple[float, float] = (12.0, 9.0),
        font: str | None = None,
    ) -> None:
        """Draw the map as a PNG.

        A word whose label would lie on another's gets a dot only. Characters missing from all fonts are
        drawn as a box; a line at the foot and a warning report it.

        Parameters
        ----------
        path : path
            Where to write the file.
        title : str, optional
            A line above the map.
        labels : int, optional
            The most words that get a label; as many as fit by default.
        size : (float, float)
            Width and height in inches of 100 pixels, from 2 to 100 each.
        font : str, optional
            A font file, or the name of an installed family, preferred to what is found.

        Raises
        ------
        ParameterError
            A setting has a value it cannot have.
        MissingExtraError
            matplotlib is not installed.
        SaveError
            The file cannot be written; any previous one is unchanged.
        """
        figure, _ = _drawn(self, title, labels, size, font)
        save_png(figure.canvas, path)

    def to_html(
        self,
        path: Path | str,
        *,
        title: str | None = None,
        neighbours: Sequence[Sequence[tuple[str, float]]] | None = None,
    ) -> None:
        """Write the map as one HTML page with search and zoom that needs no network.

        Parameters
        ----------
        path : path
            Where to write the file.
        title : str, optional
            The page's title.
        neighbours : sequence of sequences of (str, float), optional
            For each word its nearest words and their cosines, shown when it is chosen.

        Raises
        ------
        DataError
            There are not as many lists of neighbours as words, or one holds something else than words and numbers.
        SaveError
            The file cannot be written; any previous one is unchanged.
        """
        name = _NAMES.get(self.method, self.method)
        page = render_page(self.words, self.places, self.groups, name=name, title=title, near=neighbours)
        write_bytes(path, page)


def draw_map(
    words: Sequence[str],
    vectors: npt.NDArray[np.float32],
    *,
    method: str = "tsne",
    groups: int = 8,
    random_state: int = 0,
    threads: int | None = None,
) -> WordMap:
    """Lay words out in a plane by their vectors.

    The same words, vectors and settings give the same places again, bit by bit, on the same machine and versions.
    ``tsne`` grows as N log N and is meant for up to 20,000 words, which take minutes; a map of more shows little.
    Fewer than five words are laid out by ``pca`` whatever the method.

    Parameters
    ----------
    words : sequence of str
        The words, the most important first.
    vectors : array of float32, shape (words, D)
        Their vectors; only directions count. A vector of zeros stays one.
    method : {"tsne", "pca", "umap"}
        How.
    groups : int
        How many clusters k-means finds for the colours, in the vectors and not in the plane; 0 for none.
    random_state : int
        Seed.
    threads : int, optional
        Cores to use. One by default: several add up in an order of their own, which may change the last bits.

    Returns
    -------
    WordMap
        Words, places and groups; group 0 is the largest.

    Raises
    ------
    DataError
        There is no word, vectors and words are not equally many, or a vector has a NaN.
    ParameterError
        A setting has a value it cannot have.
    MissingExtraError
        ``umap`` was requested and umap-learn is not installed.

    Examples
    --------
    >>> drawn = draw_map(["왕", "여왕", "사과"], np.float32([[2, 0.2], [1, 0], [0, 1]]), method="pca", groups=2)
    >>> drawn.places.shape, drawn.groups
    ((3, 2), [0, 0, 1])
    """
    check(
        {"method": method, "groups": groups, "random_state": random_state, "threads": threads},
        {
            "method": choice(METHODS),
            "groups": whole(0, 1000),
            "random_state": whole(0, 2**32 - 1),
            "threads": whole(1, 1024, none=True),
        },
    )
    words = _checked_words(words)
    rows = _unit_rows(words, vectors)
    with threadpool_limits(threads or 1):  # of libraries that are loaded: import none inside
        places = _reduced(rows, method, int(random_state), threads or 1)
        found = _clusters(rows, int(groups), int(random_state)) if groups else None
    return WordMap(words, places, method, found)


def _checked_words(words: Sequence[str]) -> list[str]:
    if isinstance(words, str):
        raise DataError(f"got one text, {words!r:.40}; expected a list of words: wrap it in [ ]")
    words = list(words)
    for place, word in enumerate(words):
        if not isinstance(word, str):
            raise DataError(f"word {place} is {type(word).__name__}, expected str")
    if not words:
        raise DataError("there are no words to draw; expected one or more")
    return words


def _unit_rows(words: list[str], vectors: Any) -> npt.NDArray[np.float64]:
    try:
        rows = np.array(vectors, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError("vectors: expected an array of numbers, a row for each of the words") from None
    if rows.ndim != 2 or len(rows) != len(words) or rows.shape[1] == 0:
        raise DataError(f"vectors: got shape {rows.shape}, expected ({len(words)}, D), a row for each of the words")
    wrong = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(wrong):
        raise DataError(
            f"vectors: that of {words[wrong[0]]!r:.60}, row {wrong[0]}, has a NaN or an infinite number; leave it out"
        )
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows /= np.where(lengths > 0, lengths, 1.0)
    return rows


def _reduced(rows: npt.NDArray[np.float64], method: str, seed: int, threads: int) -> npt.NDArray[np.float64]:
    flat = _principal(rows, 2, seed)
    if method == "umap":
        return _umap(rows, flat, seed)
    if method == "pca" or len(rows) < _FEW:
        return flat
    first = _start(flat, seed).astype(np.float32)
    if rows.shape[1] > _COMPONENTS:
        rows = _principal(rows, _COMPONENTS, seed)
    perplexity = min(_PERPLEXITY, (len(rows) - 1) / 3)
    model = TSNE(perplexity=perplexity, init=first, random_state=seed, n_jobs=threads)
    return np.asarray(model.fit_transform(rows.astype(np.float32)), dtype=np.float64)


def _principal(rows: npt.NDArray[np.float64], count: int, seed: int) -> npt.NDArray[np.float64]:
    """Find the first principal components, padded with zeros to ``count`` columns."""
    places = np.zeros((len(rows), count))
    width = min(count, *rows.shape)
    if len(rows) > 1:
        with np.errstate(invalid="ignore", divide="ignore"):  # shares of the variance, where there is none
            places[:, :width] = PCA(width, random_state=seed).fit_transform(rows)
    return places


def _start(flat: npt.NDArray[np.float64], seed: int) -> npt.NDArray[np.float64]:
    """Scale places to where t-SNE starts; a direction without extent gets a little noise, or points could not part."""
    noise = np.random.RandomState(seed).normal(size=flat.shape)
    deviation = flat.std(axis=0)
    flat = np.where(deviation > 1e-9, flat / max(deviation[0], 1e-9), noise * 1e-2)
    return flat * 1e-4


class _MissingUmapError(MissingExtraError):
    """umap-learn, which no extra of gyeol's brings."""

    def __init__(self) -> None:
        ImportError.__init__(self, "a map by 'umap' needs umap-learn, which is not installed: pip install umap-learn")


def _umap(rows: npt.NDArray[np.float64], flat: npt.NDArray[np.float64], seed: int) -> npt.NDArray[np.float64]:
    try:
        from umap import UMAP
    except ImportError:
        raise _MissingUmapError from None
    if len(rows) < _FEW:
        return flat
    first = (_start(flat, seed) * 1e4).astype(np.float32)
    with warnings.catch_warnings():  # of words alike or far from all others, which a map may hold
        warnings.simplefilter("ignore")
        model = UMAP(n_neighbors=min(15, len(rows) - 1), init=first, random_state=seed, n_jobs=1)
        return np.asarray(model.fit_transform(rows.astype(np.float32)), dtype=np.float64)


def _clusters(rows: npt.NDArray[np.float64], count: int, seed: int) -> list[int]:
    count = min(count, len(np.unique(rows.round(6), axis=0)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer clusters than requested are fewer colours
        found = KMeans(count, n_init=4, random_state=seed).fit_predict(rows)
    names, firsts, sizes = np.unique(found, return_index=True, return_counts=True)
    order = names[np.lexsort((firsts, -sizes))]
    numbers = {int(name): number for number, name in enumerate(order)}
    return [numbers[int(name)] for name in found]


def _drawn(
    found: WordMap, title: str | None, labels: int | None, size: tuple[float, float], font: str | None
) -> tuple[Figure, dict[int, list[Text]]]:
    """Draw a map on a figure of its own; give it, and by word the pieces of text that are its label."""
    check({"labels": labels, "size": size}, {"labels": whole(0, none=True), "size": _inches})
    korean = mostly_hangul(found.words)
    names = [label(word) for word in found.words]
    heading = label(title or "", 120)
    fonts = find_fonts([*names, heading, *(_FOOT_KO if korean else _FOOT_EN), *_NAMES.values(), "0123456789,"], font)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.transforms import IdentityTransform

    figure = Figure(figsize=size, dpi=_DPI, facecolor=_PAPER, edgecolor=_PAPER)
    figure.set_layout_engine("none")
    pen = Pen(FigureCanvasAgg(figure), fonts, _PAPER)
    width, height = figure.bbox.width, figure.bbox.height
    count = len(names)
    points, radius = next((p, r) for most, p, r in _SIZES if count <= most)
    top = height - (54 if heading else 14)
    dots = _fitted(found.places, (46, 40, width - 46, top - 12))
    groups = np.zeros(count, dtype=np.int64) if found.groups is None else np.asarray(found.groups)
    for group in np.unique(groups)[::-1]:
        mine = dots[groups == group]
        line = Line2D(mine[:, 0], mine[:, 1], linestyle="none", marker="o", transform=IdentityTransform())
        line.set(markersize=2 * radius * 72 / _DPI, markerfacecolor=_colour(group), alpha=0.8)
        line.set(markeredgecolor=_PAPER, markeredgewidth=0.5 if radius > 2 else 0.0)
        figure.add_artist(line)
    sizes = np.array([pen.size(name, points) for name in names])
    boxes = place_labels(dots, sizes, (6, 30, width - 6, top), radius=radius, limit=labels, hide=count > _SPARSE)
    texts = {i: pen.write(names[i], box[:2], points, _colour(groups[i])) for i, box in boxes.items()}
    if heading:
        pen.write(heading, (20, height - 38), 15 * min(1.0, (width - 40) / pen.size(heading, 15)[0]), _INK)
    foot, unknown = _FOOT_KO if korean else _FOOT_EN
    note = foot.format(_NAMES.get(found.method, found.method), count, len(boxes))
    if set(fonts.missing) & set("".join([heading, *(names[i] for i in boxes)])):
        note += unknown
    pen.write(note, (20, 10), 9.0 * min(1.0, (width - 40) / pen.size(note, 9.0)[0]), _FAINT)
    return figure, texts


def _inches(value: Any) -> str:
    fit = (
        isinstance(value, (tuple, list)) and len(value) == 2 and all(not positive()(n) and 2 <= n <= 100 for n in value)
    )
    return "" if fit else "must be (width, height) in inches, from 2 to 100 each"


def _colour(group: int) -> str:
    return f"#{_COLOURS[int(group) % len(_COLOURS)]}"


def _fitted(places: npt.NDArray[np.float64], area: tuple[float, float, float, float]) -> npt.NDArray[np.float64]:
    """Scale places into an area of pixels, both directions alike, or distances would lie."""
    low, high = places.min(axis=0), places.max(axis=0)
    middle = np.array([area[0] + area[2], area[1] + area[3]]) / 2
    room = np.array([area[2] - area[0], area[3] - area[1]])
    extent = np.maximum(high - low, 1e-300)
    scale = float((room / extent).min()) if (high > low).any() else 0.0
    return np.asarray((places - low - (high - low) / 2) * scale + middle)
