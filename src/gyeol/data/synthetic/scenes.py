"""Drawn scenes with captions in Korean and English: coloured shapes, large and small, here and there.

What is drawn decides the caption, word for word, so that a caption is right or wrong. No caption of the test is one of
training's: things that are known stand together in new ways. Harder are the ``novel`` scenes: of each shape one or two
colours are never seen in training, and each of these scenes has one of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.data.atomic import replace_folder
from gyeol.data.media.images import Picture, png_bytes
from gyeol.errors import ParameterError

__all__ = ["SCENES", "Scene", "draw", "scenes", "write_scenes"]

#: The built-in sets by name: their language, and what they are.
SCENES = {
    "scenes-ko": "4,000 drawn scenes with a Korean caption each; no caption of the test is one of training's",
    "scenes-en": "the same scenes with English captions",
}

_SIZE = 64  # pixels either way
_COUNTS = {"train": 3200, "valid": 400, "test": 400, "novel": 400}
_FINE = 3  # points of a pixel, either way
_COLOURS = {
    "빨간": ("red", (214, 48, 49)), "노란": ("yellow", (241, 196, 15)), "초록": ("green", (39, 154, 74)),
    "파란": ("blue", (41, 98, 205)), "보라": ("purple", (142, 68, 173)), "검은": ("black", (33, 37, 41)),
}  # fmt: skip
_SHAPES = {"원": "circle", "네모": "square", "세모": "triangle", "별": "star", "고리": "ring"}
_SIZES = {"큰": "large", "작은": "small"}
_RADII = {"큰": (11.0, 13.0), "작은": (6.0, 7.5)}
_PAIRS = (("왼쪽", "오른쪽"), ("위", "아래"))
_PLACES = {
    "가운데": ("in the middle", (32, 32)), "왼쪽": ("on the left", (17, 32)), "오른쪽": ("on the right", (46, 32)),
    "위": ("at the top", (32, 17)), "아래": ("at the bottom", (32, 46)),
}  # fmt: skip
_CORNERS = {"네모": (4, 1.0, math.pi / 4), "세모": (3, 1.0, -math.pi / 2), "별": (5, 0.45, -math.pi / 2)}


@dataclass(frozen=True, slots=True)
class Thing:
    """One of the things in a scene: all by their Korean names."""

    size: str
    colour: str
    shape: str
    place: str

    @property
    def unseen(self) -> bool:
        """Whether training has no shape of this colour: of five shapes, one or two of six colours each."""
        shape, colour = list(_SHAPES).index(self.shape), list(_COLOURS).index(self.colour)
        return colour == shape or (shape == 0 and colour == 5)


@dataclass(frozen=True, slots=True)
class Scene:
    """Things side by side, above each other, or a single one."""

    things: tuple[Thing, ...]

    @property
    def unseen(self) -> bool:
        """Whether training has nothing like one of its things."""
        return any(thing.unseen for thing in self.things)

    def korean(self) -> str:
        """Say it in Korean.

        Examples
        --------
        >>> Scene((Thing("큰", "빨간", "원", "왼쪽"), Thing("작은", "파란", "네모", "오른쪽"))).korean()
        '왼쪽에 큰 빨간 원이 있고 오른쪽에 작은 파란 네모가 있다'
        """
        entries = [f"{t.place}에 {t.size} {t.colour} {t.shape}{_subject(t.shape)}" for t in self.things]
        return f"{' 있고 '.join(entries)} 있다"

    def english(self) -> str:
        """Say it in English.

        Examples
        --------
        >>> Scene((Thing("큰", "빨간", "원", "위"), Thing("작은", "파란", "네모", "아래"))).english()
        'a large red circle at the top and a small blue square at the bottom'
        """
        return " and ".join(
            f"a {_SIZES[t.size]} {_COLOURS[t.colour][0]} {_SHAPES[t.shape]} {_PLACES[t.place][0]}" for t in self.things
        )


def scenes(name: str, role: str, *, seed: int = 0, count: int | None = None) -> tuple[list[Picture], list[list[str]]]:
    """Draw a part of a built-in set.

    Parameters
    ----------
    name : str
        A key of `SCENES`.
    role : {"train", "valid", "test", "novel"}
        No caption of a test is one of training's; every novel scene has a shape in a colour that training never shows.
    seed : int
    count : int, optional
        How many; of a built-in set 3,200, and 400 of each other part.

    Returns
    -------
    pictures : list of Picture
    captions : list of list of str
    """
    speak: Callable[[Scene], str] = Scene.korean if name == "scenes-ko" else Scene.english
    known = {scene for scene, _ in _made("train", _COUNTS["train"], seed)} if role == "test" else frozenset()
    done = list(_made(role, _COUNTS[role] if count is None else count, seed, known))
    return [Picture(pixels) for _, pixels in done], [[speak(scene)] for scene, _ in done]


def write_scenes(out: Path, *, count: int, language: str, seed: int = 0) -> None:
    """Write scenes as a folder of PNG files with a dataset.json, the form that `gyeol fit caption` reads.

    Parameters
    ----------
    out : path
        The folder; an existing one is replaced once the new one is complete.
    count : int
        Scenes: of ten, eight to train with, one to watch and one, with a caption of its own, to test.
    language : {"ko", "en"}
    seed : int
        The same seed gives the same bytes.

    Raises
    ------
    ParameterError
        There is no such language, or there are fewer than 10 scenes.
    SaveError
        The folder cannot be written.
    """
    import json

    if language not in ("ko", "en"):
        raise ParameterError(f"language={language!r:.20} is not known: ko or en")
    if count < 10:
        raise ParameterError(f"count={count}: 10 scenes or more are needed")
    if out.is_dir() and not (out / "dataset.json").is_file() and any(out.iterdir()):
        raise ParameterError(f"{out} contains other things: name a new folder")

    def write(folder: Path) -> None:
        (folder / "images").mkdir()
        entries: list[dict[str, Any]] = []
        tenth, known = count // 10, set[Scene]()
        for role, some in (("train", count - 2 * tenth), ("valid", tenth), ("test", tenth)):
            for scene, pixels in _made(role, some, seed, known if role == "test" else ()):
                file = f"{len(entries) + 1:05}.png"
                (folder / "images" / file).write_bytes(png_bytes(pixels))
                known.add(scene)
                text = scene.korean() if language == "ko" else scene.english()
                entries.append({"filename": file, "split": role, "sentences": [{"raw": text}]})
        text = json.dumps({"images": entries}, ensure_ascii=False, indent=1)
        (folder / "dataset.json").write_text(text, encoding="utf-8")

    replace_folder(out, write)


def draw(scene: Scene, chance: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Draw a scene on paper of some pale shade: places, sizes, turns and colours vary a little.

    Returns
    -------
    array of uint8, shape (64, 64, 3)
    """
    paper = chance.uniform(222, 250) + chance.uniform(-5, 5, 3)
    canvas = np.broadcast_to(paper, (_SIZE, _SIZE, 3)).copy()
    for thing in scene.things:
        x, y = (place + chance.uniform(-2, 2) for place in _PLACES[thing.place][1])
        radius, turn = chance.uniform(*_RADII[thing.size]), chance.uniform(-0.15, 0.15)
        colour = np.array(_COLOURS[thing.colour][1]) + chance.uniform(-12, 12, 3)
        left, top = int(x - radius) - 1, int(y - radius) - 1
        share = _covered(thing.shape, x - left, y - top, radius, turn)[:, :, None]
        part = canvas[top : top + len(share), left : left + len(share)]
        part += share * (colour - part)
    canvas += chance.normal(0, 2.5, canvas.shape)
    return canvas.round().clip(0, 255).astype(np.uint8)


def _made(
    role: str, count: int, seed: int, known: Collection[Scene] = ()
) -> Iterator[tuple[Scene, npt.NDArray[np.uint8]]]:
    chance = np.random.default_rng([seed, list(_COUNTS).index(role)])
    done = 0
    while done < count:
        scene = _scene(chance)
        if scene.unseen == (role == "novel") and scene not in known:
            yield scene, draw(scene, chance)
            done += 1


def _scene(chance: np.random.Generator) -> Scene:
    if chance.random() < 0.2:
        places: tuple[str, ...] = (_one(_PLACES, chance),)
    else:
        places = _PAIRS[int(chance.integers(len(_PAIRS)))]
    things = (Thing(_one(_SIZES, chance), _one(_COLOURS, chance), _one(_SHAPES, chance), place) for place in places)
    return Scene(tuple(things))


def _one(kinds: Iterable[str], chance: np.random.Generator) -> str:
    return str(chance.choice(list(kinds)))


def _covered(shape: str, x: float, y: float, radius: float, turn: float) -> npt.NDArray[np.float64]:
    """Tell how much of each pixel of a square a shape covers."""
    side = math.ceil(2 * radius) + 4
    points = (np.arange(side * _FINE) + 0.5) / _FINE
    across, down = points[None, :] - x, points[:, None] - y
    far = np.hypot(across, down)
    if shape in _CORNERS:
        inside = far <= radius * _edge(np.arctan2(down, across) - turn, *_CORNERS[shape])
    else:
        inside = far <= radius
        if shape == "고리":
            inside &= far >= 0.55 * radius
    share: npt.NDArray[np.float64] = inside.reshape(side, _FINE, side, _FINE).mean((1, 3))
    return share


def _edge(angle: npt.NDArray[np.float64], corners: int, waist: float, first: float) -> npt.NDArray[np.float64]:
    """Tell how far a polygon's edge is from its middle in a direction; of a star, every second corner at the waist."""
    half = math.pi / corners
    along = np.abs((angle - first + half) % (2 * half) - half)  # from the nearest corner: 0 to half
    if waist == 1.0:
        return math.cos(half) / np.cos(half - along)
    # The line from (1, 0) to the waist's corner, in polar coordinates.
    end_x, end_y = waist * math.cos(half), waist * math.sin(half)
    return end_y / (end_y * np.cos(along) + (1 - end_x) * np.sin(along))


def _subject(noun: str) -> str:
    """Give the particle of a subject: 이 after a consonant, 가 after a vowel."""
    return "이" if (ord(noun[-1]) - 0xAC00) % 28 else "가"
