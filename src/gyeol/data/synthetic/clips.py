"""Short clips of a moving shape, with a label for every frame: what the shape did since the frame before.

A single frame does not say it. A bar hides what passes behind it, and there the shape keeps its direction: who does not
remember it cannot know it, nor whether anything is there at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gyeol.data.atomic import replace_file, replace_folder
from gyeol.data.media.video import write_video
from gyeol.errors import ParameterError

__all__ = ["CLIPS", "ClipMade", "clips", "runs", "write_clips"]

#: The built-in set by name.
CLIPS = {"clips": "650 drawn clips of a shape that appears, moves, rests, bounces, hides and goes; a label a frame"}

_SIZE = 32  # pixels either way
_RATE = 12  # frames a second
_COUNTS = {"train": 500, "valid": 50, "test": 100}
_FINE = 3  # points of a pixel, either way
_MOVES = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1), "rests": (0, 0)}
_TURNED = {"left": "up", "right": "down", "up": "left", "down": "right"}
_OPPOSITE = {"left": "right", "right": "left", "up": "down", "down": "up"}
_SHAPES = ("circle", "square", "diamond")
_RADIUS = 3.0
_BAR = 5.5  # half its width
_WINDOW = 10  # pixels: what a shape covers at most, and some


class ClipMade(NamedTuple):
    """Frames (T, 32, 32, 3) of uint8, and a label for each of them (T,)."""

    frames: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.str_]


def clips(role: str, *, count: int | None = None, length: int = 48, seed: int = 0) -> Iterator[ClipMade]:
    """Draw clips.

    Parameters
    ----------
    role : {"train", "valid", "test"}
        Each part has its own.
    count : int, optional
        How many; of the built-in set 500, 50 and 100.
    length : int
        Frames of a clip, about: from three quarters of it to five quarters.
    seed : int
        The same seed gives the same clips.

    Examples
    --------
    >>> made = next(clips("train"))
    >>> made.frames.shape[1:], len(made.frames) == len(made.labels)
    ((32, 32, 3), True)
    """
    chance = np.random.default_rng([seed, list(_COUNTS).index(role)])
    for _ in range(_COUNTS[role] if count is None else count):
        yield _made(chance, int(chance.integers(length * 3 // 4, length * 5 // 4 + 1)))


def write_clips(out: str | os.PathLike[str], *, count: int = 100, length: int = 48, seed: int = 0) -> None:
    """Write drawn clips: a folder of video files with a labels.csv, or a .npz file.

    Parameters
    ----------
    out : path
        A .npz file, which needs no more than NumPy, or a folder; an existing one is replaced once it is complete.
    count, length, seed
        As in `clips`.

    Raises
    ------
    ParameterError
        A number or a name is not possible.
    MissingExtraError
        Of a folder, where PyAV is not installed.
    SaveError
        It cannot be written.
    """
    path = Path(out)
    if count < 1 or length < 10:
        raise ParameterError(f"count={count}, length={length}: at least 1 clip of about 10 frames is needed")
    if path.suffix and path.suffix.lower() != ".npz":
        raise ParameterError(f"{path} ends in {path.suffix!r}; name a .npz file, or a folder for video files")
    if path.is_dir() and not (path / "labels.csv").is_file() and any(path.iterdir()):
        raise ParameterError(f"{path} contains other things: name a new folder")
    generated = clips("train", count=count, length=length, seed=seed)
    if path.suffix:
        replace_file(path, lambda beside: _write_npz(beside, list(generated)))
    else:
        replace_folder(path, lambda folder: _write_videos(folder, generated))


def runs(labels: npt.NDArray[np.str_]) -> Iterator[tuple[int, int, str]]:
    """Give the runs of equal labels: the first frame, the one after the last, the label.

    Examples
    --------
    >>> list(runs(np.array(["up", "up", "rests"])))
    [(0, 2, 'up'), (2, 3, 'rests')]
    """
    edges = [0, *(np.flatnonzero(labels[1:] != labels[:-1]) + 1).tolist(), len(labels)]
    yield from ((start, end, str(labels[start])) for start, end in pairwise(edges))


def _write_npz(path: Path, generated: list[ClipMade]) -> None:
    lengths = np.array([len(clip.frames) for clip in generated])
    X = np.zeros((len(generated), lengths.max(), _SIZE, _SIZE, 3), dtype=np.uint8)
    y = np.full(X.shape[:2], "", dtype="U8")
    for row, clip in enumerate(generated):
        X[row, : len(clip.frames)], y[row, : len(clip.frames)] = clip
    with path.open("wb") as file:
        np.savez_compressed(file, X=X, y=y, lengths=lengths)


def _write_videos(folder: Path, generated: Iterator[ClipMade]) -> None:
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="\n") as table:
        table.write("clip,start,end,label\n")
        for number, clip in enumerate(generated, 1):
            name = f"{number:05}.mp4"
            # Twice as large, for a video has a quarter of the points for colours.
            write_video(folder / name, clip.frames.repeat(2, axis=1).repeat(2, axis=2), rate=_RATE)
            table.writelines(f"{name},{start},{end},{label}\n" for start, end, label in runs(clip.labels))


class _Scene:
    """What a clip has: a background, a bar, a shape, and where that is."""

    def __init__(self, chance: np.random.Generator) -> None:
        self.chance = chance
        self.background = chance.uniform(10, 60, 3)
        self.bar = float(chance.uniform(10, 22))  # its middle
        self.lies = bool(chance.random() < 0.5)  # and so does all that moves: the picture is turned
        self.bar_colour = chance.uniform(80, 120, 3)
        self.renew()

    def renew(self) -> None:
        """Bring in another shape, beside the bar."""
        chance = self.chance
        self.colour = chance.uniform(150, 255, 3)
        self.shape = _SHAPES[int(chance.integers(len(_SHAPES)))]
        self.speed = float(chance.uniform(1.4, 2.4))
        while True:
            self.x, self.y = chance.uniform(_RADIUS, _SIZE - _RADIUS, 2).tolist()
            if not self.touches_bar:
                break

    @property
    def touches_bar(self) -> bool:
        return bool(abs(self.x - self.bar) <= _BAR + _RADIUS)

    @property
    def gone(self) -> bool:
        return not bool(-_RADIUS < self.x < _SIZE + _RADIUS and -_RADIUS < self.y < _SIZE + _RADIUS)

    def would_cross(self, move: str) -> bool:
        """Whether the next step of a move leaves the picture."""
        x, y = self.x + _MOVES[move][0] * self.speed, self.y + _MOVES[move][1] * self.speed
        return not (_RADIUS <= x <= _SIZE - _RADIUS and _RADIUS <= y <= _SIZE - _RADIUS)

    def step(self, move: str) -> None:
        self.x += _MOVES[move][0] * self.speed
        self.y += _MOVES[move][1] * self.speed

    def draw(self, there: bool) -> npt.NDArray[np.uint8]:
        picture = np.broadcast_to(self.background, (_SIZE, _SIZE, 3)).copy()
        if there:
            left, top = int(self.x) - _WINDOW // 2, int(self.y) - _WINDOW // 2
            share = _covered(self.shape, self.x - left, self.y - top)[:, :, None]
            share = share[max(0, -top) : _SIZE - top, max(0, -left) : _SIZE - left]
            part = picture[max(0, top) : top + _WINDOW, max(0, left) : left + _WINDOW]
            part += share * (self.colour - self.background)
        points = np.arange(_SIZE) + 0.5
        picture[:, np.abs(points - self.bar) <= _BAR] = self.bar_colour
        picture += self.chance.normal(0, 3.0, picture.shape)
        colours = picture.round().clip(0, 255).astype(np.uint8)
        return colours.transpose(1, 0, 2) if self.lies else colours


def _made(chance: np.random.Generator, length: int) -> ClipMade:
    """Draw a clip: nothing, a shape that appears, what it does until it goes, and so on."""
    scene = _Scene(chance)
    frames, labels = [], []
    there, move, left = False, "gone", int(chance.integers(0, 6))
    leaves = False
    for _ in range(length):
        if not there:
            label = "gone" if left > 0 else "appears"
            if left <= 0:
                scene.renew()
                there, left, leaves = True, 0, bool(chance.random() < 0.4)
                move = "rests"
        else:
            if left <= 0 and not scene.touches_bar:
                moves = [name for name in _MOVES if name != move or name == "rests"]
                move = moves[int(chance.integers(len(moves)))]
                left = int(chance.integers(4, 13))
            if scene.would_cross(move) and not leaves:
                move = _OPPOSITE[move]
            scene.step(move)
            label = move
            if scene.gone:
                there, left, label = False, int(chance.integers(3, 9)), "gone"
        left -= 1
        frames.append(scene.draw(there))
        labels.append(_TURNED.get(label, label) if scene.lies else label)
    return ClipMade(np.stack(frames), np.array(labels))


def _covered(shape: str, x: float, y: float) -> npt.NDArray[np.float64]:
    """Tell how much of each pixel of a square a shape covers; x and y from the square's corner."""
    points = (np.arange(_WINDOW * _FINE) + 0.5) / _FINE
    across, down = np.abs(points[None, :] - x), np.abs(points[:, None] - y)
    far = {"circle": np.hypot(across, down), "square": 1.1 * np.maximum(across, down), "diamond": across + down}[shape]
    share: npt.NDArray[np.float64] = (far <= _RADIUS).reshape(_WINDOW, _FINE, _WINDOW, _FINE).mean((1, 3))
    return share
