"""A figure without axes: paper on which pixels and lines of text are put where they belong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gyeol.data.atomic import replace_file

if TYPE_CHECKING:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

__all__ = ["DPI", "new_sheet", "put_curve", "put_pixels", "save_png"]

DPI = 100


def new_sheet(paper: str) -> FigureCanvasAgg:
    """Make the canvas of a figure of a colour."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(dpi=DPI, facecolor=paper, edgecolor=paper)
    figure.set_layout_engine("none")
    return FigureCanvasAgg(figure)


def put_pixels(figure: Figure, pixels: npt.NDArray[np.uint8], corner: tuple[int, int]) -> None:
    """Put pixels (height, width, 4) on a figure; its own ``figimage`` samples them anew, which takes seconds."""
    from matplotlib.artist import Artist

    upwards = np.ascontiguousarray(pixels[::-1])

    class Pixels(Artist):
        def draw(self, renderer: Any) -> None:
            renderer.draw_image(renderer.new_gc(), *corner, upwards)

    figure.add_artist(Pixels())


def put_curve(
    figure: Figure,
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    colour: str,
    *,
    width: float,
    dashed: bool = False,
) -> None:
    """Draw a curve through pixels, counted from the lower left corner."""
    from matplotlib.lines import Line2D
    from matplotlib.transforms import IdentityTransform

    style: Any = "--" if dashed else "-"
    figure.add_artist(Line2D(x, y, color=colour, linewidth=width, linestyle=style, transform=IdentityTransform()))


def save_png(canvas: Any, path: Path | str) -> None:
    """Write a canvas as a PNG file, whole or not at all.

    Raises
    ------
    SaveError
        The file cannot be written; the one before is unchanged.
    """
    # print_png, unlike savefig, takes nothing from the user's settings (a cropped margin would change the size).
    replace_file(Path(path), lambda file: canvas.print_png(file, metadata={"Software": "gyeol"}))
