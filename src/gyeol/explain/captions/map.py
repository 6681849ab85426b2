"""Where each word of a caption looked in its image: as a picture, a page, JSON, and lines for a terminal.

The weights are those of Xu et al. (2015, Show, Attend and Tell, figure 3): for each word a number a place, which sum
to 1.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.data.atomic import write_bytes
from gyeol.data.text_width import text_width
from gyeol.errors import DataError
from gyeol.explain.attention.labels import in_korean, token_label
from gyeol.explain.captions.page import render_caption
from gyeol.explain.captions.picture import draw_caption
from gyeol.explain.drawing.sheet import save_png

__all__ = ["CaptionMap"]

_CLOSE = 1e-5  # to 1, of a word's sum
_SHADES = " ░▒▓█"


@dataclass(frozen=True, slots=True, eq=False)
class CaptionMap:
    """An image, the words of its caption, and where each of them looked.

    Attributes
    ----------
    image : array of uint8, shape (S, S, 3)
    words : tuple of str
    weights : array of float64, shape (words, height, width)
        How much each word looked at each place; of each word they sum to 1 within 1e-5.
    text : str
        The words, put together.

    Raises
    ------
    DataError
        There is no word, weights do not fit the words or do not sum to 1, or the image is none.

    Examples
    --------
    >>> weights = [[[0.9, 0.1], [0.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]]]
    >>> found = CaptionMap(np.zeros((8, 8, 3), np.uint8), ["red", "star"], weights, "red star")
    >>> print(found.to_terminal())
    red star
    <BLANKLINE>
    red   90 % at row 1 of 2, column 1 of 2
    star 100 % at row 2 of 2, column 2 of 2
    """

    image: npt.NDArray[np.uint8]
    words: tuple[str, ...]
    weights: npt.NDArray[np.float64]
    text: str = ""

    def __post_init__(self) -> None:
        words, weights = tuple(self.words), np.asarray(self.weights, dtype=np.float64).copy()
        if not words or not all(isinstance(word, str) for word in words):
            raise DataError("words: expected one text or more")
        if weights.ndim != 3 or len(weights) != len(words) or not weights[0].size:
            raise DataError(f"weights: got shape {weights.shape}, expected ({len(words)}, height, width)")
        if not np.isfinite(weights).all() or weights.min() < 0 or np.abs(weights.sum((1, 2)) - 1).max() > _CLOSE:
            raise DataError("weights: expected shares, which sum to 1 for each word")
        image = np.asarray(self.image)
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[0] != image.shape[1] or image.shape[2] != 3:
            raise DataError(f"image: got {image.dtype} of shape {image.shape}, expected uint8 of shape (S, S, 3)")
        weights.flags.writeable = False
        for name, value in (("words", words), ("weights", weights), ("image", image)):
            object.__setattr__(self, name, value)

    def _shown(self) -> tuple[list[str], npt.NDArray[np.float64]]:
        """The words as they are shown, and their weights: all but the end."""
        kept = [n for n, word in enumerate(self.words) if word != "\n"] or list(range(len(self.words)))
        return [token_label(self.words[n]) for n in kept], self.weights[kept]

    def to_png(self, path: Path | str, *, font: str | None = None) -> None:
        """Draw the image once as it is, and once for each word: light where it looked.

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
        words, weights = self._shown()
        save_png(draw_caption(self.image, words, weights, self.text, font=font), path)

    def to_html(self, path: Path | str) -> None:
        """Write one HTML page that needs no network: the image, and beneath it once for each word.

        Raises
        ------
        SaveError
            The file cannot be written; any previous one is unchanged.
        """
        words, weights = self._shown()
        page = render_caption(self.image, words, weights, self.text)
        write_bytes(path, page)

    def to_json(self, path: Path | str) -> None:
        """Write what `to_dict` returns.

        Raises
        ------
        SaveError
            The file cannot be written; any previous one is unchanged.
        """
        text = json.dumps(self.to_dict(), ensure_ascii=False)
        write_bytes(path, text.encode())

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values; what this kind of explanation does not have is None."""
        return {
            "prediction": self.text,
            "tokens": list(self.words),
            "attention": np.round(self.weights, 9).tolist(),
            "gates": None,
            "states": None,
            "gradients": None,
            "attributions": None,
        }

    def to_terminal(self, *, colour: bool = False, top: int | None = None, korean: bool | None = None) -> str:
        """Tell for each word, or the first ``top``, where it mostly looked: in its language, unless one is chosen."""
        words, weights = self._shown()
        korean = in_korean(words) if korean is None else korean
        width = max(map(text_width, words))
        lines = []
        for word, own in zip(words[:top], weights[:top], strict=True):
            row, column = np.unravel_index(int(own.argmax()), own.shape)
            place = (
                f"{row + 1}/{own.shape[0]}줄 {column + 1}/{own.shape[1]}칸"
                if korean
                else (f"at row {row + 1} of {own.shape[0]}, column {column + 1} of {own.shape[1]}")
            )
            lines.append(f"{word}{' ' * (width - text_width(word))} {100 * own.max():3.0f} % {place}")
        return "\n".join([self.text, "", *lines])
