"""Drawn scenes: what the captions say is what is drawn, and the test holds what training has not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gyeol.data.annotations.captions import read_captions
from gyeol.data.synthetic import scenes as module
from gyeol.data.synthetic.scenes import Scene, Thing, draw, scenes, write_scenes
from gyeol.errors import ParameterError


def test_both_languages_say_the_same_of_the_same_image() -> None:
    korean, english = (scenes(name, "valid", count=40) for name in ("scenes-ko", "scenes-en"))
    for one, other in zip(korean[0], english[0], strict=True):
        assert np.array_equal(one.source, other.source)
    names = {"빨간": "red", "노란": "yellow", "초록": "green", "파란": "blue", "보라": "purple", "검은": "black"}
    for (ko,), (en,) in zip(korean[1], english[1], strict=True):
        said = [names[word] for word in ko.split() if word in names]
        assert said == [word for word in en.split() if word in names.values()]
        assert ko.endswith("있다")


@pytest.mark.parametrize(
    ("shape", "particle"), [("원", "이"), ("네모", "가"), ("세모", "가"), ("별", "이"), ("고리", "가")]
)
def test_particles(shape: str, particle: str) -> None:
    assert Scene((Thing("큰", "파란", shape, "위"),)).korean() == f"위에 큰 파란 {shape}{particle} 있다"


def test_the_test_has_what_training_has_not() -> None:
    def kinds(role: str) -> list[set[tuple[str, str]]]:
        words = [caption.split() for (caption,) in scenes("scenes-en", role, count=300)[1]]
        return [{(line[n + 2], line[n + 3]) for n, word in enumerate(line) if word == "a"} for line in words]

    seen, watched, tested, novel = (kinds(role) for role in ("train", "valid", "test", "novel"))
    known = set().union(*seen)
    assert set().union(*watched, *tested) <= known
    assert all(scene - known for scene in novel)
    assert {colour for colour, _ in known} == {"red", "yellow", "green", "blue", "purple", "black"}
    assert {shape for _, shape in known} == {"circle", "square", "triangle", "star", "ring"}


def test_no_caption_of_the_test_is_one_of_training_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module._COUNTS, "train", 600)
    said = {caption for (caption,) in scenes("scenes-ko", "train")[1]}
    asked = [caption for (caption,) in scenes("scenes-ko", "test", count=100)[1]]
    assert len(said) > 400
    assert not said & set(asked)


@pytest.mark.parametrize("shape", ["원", "네모", "세모", "별", "고리"])
@pytest.mark.parametrize("place", ["가운데", "왼쪽", "오른쪽", "위", "아래"])
def test_a_thing_is_where_it_is_said_to_be(shape: str, place: str) -> None:
    for size, least, most in (("큰", 140, 560), ("작은", 30, 190)):
        pixels = draw(Scene((Thing(size, "검은", shape, place),)), np.random.default_rng(3))
        dark = pixels.sum(2) < 300
        down, across = np.nonzero(dark)
        assert least < dark.sum() < most
        middle = across.mean(), down.mean()
        wanted = {"가운데": (32, 32), "왼쪽": (17, 32), "오른쪽": (46, 32), "위": (32, 17), "아래": (32, 46)}[place]
        assert np.abs(np.subtract(middle, wanted)).max() < 4


def test_the_same_seed_draws_the_same(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_scenes(tmp_path / name, count=20, language="ko", seed=3)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert len(files) == 21
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)


def test_a_folder_of_scenes_is_read_as_it_was_drawn(tmp_path: Path) -> None:
    write_scenes(tmp_path / "s", count=20, language="en")
    told = json.loads((tmp_path / "s" / "dataset.json").read_text("utf-8"))["images"]
    assert [row["split"] for row in told] == ["train"] * 16 + ["valid"] * 2 + ["test"] * 2
    found = read_captions(str(tmp_path / "s"), "test")
    assert found.captions == [[row["sentences"][0]["raw"]] for row in told[-2:]]
    watched = read_captions(str(tmp_path / "s"), "valid")
    assert np.array_equal(watched.images[0].load(64), scenes("scenes-en", "valid", count=2)[0][0].source)
    write_scenes(tmp_path / "s", count=10, language="en")  # replaced
    assert len(list((tmp_path / "s" / "images").iterdir())) == 10


def test_mistakes(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("x")
    with pytest.raises(ParameterError, match="contains other things"):
        write_scenes(tmp_path / "other", count=20, language="ko")
    with pytest.raises(ParameterError, match="language='fr' is not known"):
        write_scenes(tmp_path / "s", count=20, language="fr")
    with pytest.raises(ParameterError, match="10 scenes or more"):
        write_scenes(tmp_path / "s", count=9, language="ko")
