"""Where each word of a target looked in its source: a matrix in the terminal, as a picture, and as a page.

The weights are those of Bahdanau, Cho and Bengio (2015, figure 3) or of Luong, Pham and Manning (2015, figure 7): a row
for each target word, which sums to 1, with a number for each source word.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.data.atomic import write_bytes
from gyeol.errors import DataError
from gyeol.explain.attention.page import render_page
from gyeol.explain.attention.picture import draw_picture
from gyeol.explain.attention.text import NARROWEST, render_text
from gyeol.explain.drawing.sheet import save_png
from gyeol.parameters import check, switch, whole

__all__ = ["AttentionMap"]

_CLOSE = 1e-5  # to 1, of a row's sum


@dataclass(frozen=True, slots=True, eq=False)
class AttentionMap:
    r"""Words of a source, words of a target, and how much each of these looked at each of those.

    Any token is shown: the end of a text, ``"\n"``, as ``⏎``, a space as ``␣``, one of nothing as ``∅``, the mark ``▁``
    of a subword that begins a word as a dot.

    Attributes
    ----------
    source : tuple of str
        The words that were looked at.
    target : tuple of str
        The words that looked.
    weights : array of float64, shape (target, source)
        How much; each row sums to 1 within 1e-5. A copy that cannot be written to.
    title : str
        A line above; none by default.

    Raises
    ------
    DataError
        There is no word; weights do not fit the words, are no shares, or a row does not sum to 1.

    Examples
    --------
    >>> found = AttentionMap(["나는", "학교에", "갔다"], ["I", "went"], [[0.9, 0.1, 0.0], [0.0, 0.2, 0.8]])
    >>> print(found.to_text(width=60))
         나는 학교에 갔다
    I    ████ ░░░░░░ ·
    went ·    ░░░░░░ ████
    <BLANKLINE>
    ░ 5–25 %  ▒ 25–50 %  ▓ 50–75 %  █ 75–100 %
    <BLANKLINE>
    I    ← 나는 90 %
    went ← 갔다 80 %  학교에 20 %
    """

    source: Sequence[str]
    target: Sequence[str]
    weights: npt.NDArray[np.float64]
    title: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", _words("source", self.source))
        object.__setattr__(self, "target", _words("target", self.target))
        object.__setattr__(self, "weights", self._checked_weights())
        if not isinstance(self.title, str):
            raise DataError(f"title: got {type(self.title).__name__}, expected a text; leave it out for none")

    def _checked_weights(self) -> npt.NDArray[np.float64]:
        try:
            weights = np.asarray(self.weights, dtype=np.float64).copy()
        except (TypeError, ValueError, RuntimeError):  # the last of a tensor that requires a gradient
            raise DataError(
                "weights: expected an array of numbers, a row for each target word; detach() a tensor with a gradient"
            ) from None
        shape = len(self.target), len(self.source)
        if weights.shape != shape:
            hint = ": transpose them" if weights.shape == shape[::-1] else ""
            raise DataError(
                f"weights: got shape {weights.shape}, expected {shape}, a row for each target word and in it a number "
                f"for each source word{hint}"
            )
        for row, word in enumerate(self.target):
            own = weights[row]
            if not np.isfinite(own).all() or own.min() < 0:
                raise DataError(f"weights: row {row}, of {word!r:.60}, has a NaN, an infinite or a negative number")
            if abs(own.sum() - 1) > _CLOSE:
                raise DataError(
                    f"weights: row {row}, of {word!r:.60}, sums to {own.sum():.6g}, expected 1: "
                    "give the weights after the softmax, and those of the source's words only"
                )
        weights.flags.writeable = False
        return weights

    def to_text(self, width: int | None = None, color: bool = False) -> str:
        """Lay the matrix out for a terminal.

        Target words are rows, source words are columns: written across if they fit, else upright,
        else as numbers with a legend. Below, each target word is listed with the source words it mostly looked at. What
        does not fit, words past the width and past the 64th line, is left out, and a line reports it.

        Parameters
        ----------
        width : int, optional
            Columns, 20 or more; those of the terminal by default.
        color : bool
            Shade by backgrounds of the 256 colours instead of by blocks.

        Returns
        -------
        str
            Lines of at most ``width`` columns, without a line end at the end.

        Raises
        ------
        ParameterError
            A setting has a value it cannot have.
        """
        check({"width": width, "color": color}, {"width": whole(NARROWEST, none=True), "color": switch})
        columns = int(width) if width is not None else max(NARROWEST, shutil.get_terminal_size().columns)
        return render_text(self.source, self.target, self.weights, self.title, width=columns, color=bool(color))

    def to_png(self, path: Path | str, *, font: str | None = None) -> None:
        """Draw the matrix as a PNG, as large as its words ask for.

        Characters missing from all fonts are drawn as a box; a line at the foot and a warning report it.

        Parameters
        ----------
        path : path
            Where to write the file.
        font : str, optional
            A font file, or the name of an installed family, preferred to what is found.

        Raises
        ------
        ParameterError
            ``font`` is neither a font file nor an installed family.
        MissingExtraError
            matplotlib is not installed.
        SaveError
            The file cannot be written; any previous one is unchanged.
        """
        save_png(draw_picture(self.source, self.target, self.weights, self.title, font=font).canvas, path)

    def to_html(self, path: Path | str) -> None:
        """Write the matrix as one HTML page that needs no network: a table, and above it both texts.

        A word that is pointed at or focused shades those of the other text by how much it looked at them.

        Parameters
        ----------
        path : path
            Where to write the file.

        Raises
        ------
        SaveError
            The file cannot be written; any previous one is unchanged.
        """
        page = render_page(self.source, self.target, self.weights, self.title)
        write_bytes(path, page)

    def to_json(self) -> dict[str, Any]:
        """Return words and weights, to nine digits, as what `json.dumps` takes.

        Examples
        --------
        >>> AttentionMap(["가", "나"], ["a"], [[0.25, 0.75]]).to_json()
        {'source': ['가', '나'], 'target': ['a'], 'attention': [[0.25, 0.75]]}
        """
        return {
            "source": list(self.source),
            "target": list(self.target),
            "attention": np.round(self.weights, 9).tolist(),
        }


def _words(name: str, words: Any) -> tuple[str, ...]:
    if isinstance(words, (str, bytes)):
        raise DataError(f"{name}: got one text, {words!r:.40}; expected a list of words: wrap it in [ ], or cut it")
    try:
        found = tuple(words)
    except TypeError:
        raise DataError(f"{name}: got {type(words).__name__}, expected a list of words") from None
    for place, word in enumerate(found):
        if not isinstance(word, str):
            raise DataError(f"{name}: word {place} is {type(word).__name__}, expected str")
    if not found:
        raise DataError(f"{name}: there are no words; expected one or more")
    return found
