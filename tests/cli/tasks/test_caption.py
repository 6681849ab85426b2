"""`gyeol fit caption`, `evaluate`, `predict`, `explain` and `info` of captioners, `data make scenes`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from gyeol.data.media.images import png_bytes

from ..conftest import Run

pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install 'gyeol[images]'")
SMALL = [
    *("--set", "hidden_size=16"), *("--set", "embedding_size=8"), *("--set", "channels=8"), *("--threads", "1"),
    *("--set", "learning_rate=0.02"), *("--set", "batch_size=4"), *("--set", "epochs=48"), *("--set", "image_size=16"),
    *("--set", "augmentation=none"), *("--set", "dropout=0.0"), "--json",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dark and light images, with a table that has two captions of each."""
    place = tmp_path_factory.mktemp("lights")
    (place / "images").mkdir()
    lines = ["image,caption"]
    for number in range(24):
        name, light = f"{number:02}.png", number % 2
        pixels = np.full((16, 16, 3), 40 + 170 * light, np.uint8)
        pixels[number % 16] = 128
        (place / "images" / name).write_bytes(png_bytes(pixels))
        word = "light" if light else "dark"
        lines += [f"{name},a {word} image", f'{name},"it is, I think, {word}"']
    (place / "captions.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return place


@pytest.fixture(scope="module")
def model(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import sys

    from gyeol.cli.app import main

    out = tmp_path_factory.mktemp("models") / "lights"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["gyeol", "fit", "caption", str(folder), "--out", str(out), *SMALL])
        main()
    return out


def test_from_a_folder_to_answers(gyeol: Run, model: Path, folder: Path, tmp_path: Path) -> None:
    dark, light = (folder / "images" / name for name in ("00.png", "01.png"))
    said = gyeol("predict", model, dark, light).out.splitlines()
    assert [line.split("\t")[0] for line in said] == [str(dark), str(light)]
    assert "dark" in said[0]
    assert "light" in said[1]
    told = gyeol("predict", model, dark, "--top", 3, "--json").object["predictions"][0]
    assert told["image"] == str(dark)
    assert len(told["predictions"]) == 3
    assert gyeol("predict", model, stdin=f"{light}\n\n{dark}\n".encode()).out.count("\n") == 2
    assert len(gyeol("predict", model, "--file", folder / "images", "--top", 2).out.splitlines()) == 48
    assert len(gyeol("predict", model, "--file", folder).out.splitlines()) == 24
    gyeol("predict", model, "--file", folder, "--out", tmp_path / "said.tsv")
    said = (tmp_path / "said.tsv").read_text("utf-8").splitlines()
    assert said[0].split("\t") == ["line", "caption", "file_caption", "image"]
    assert len(said) == 25


def test_an_image_that_cannot_be_seen_costs_itself_only(gyeol: Run, model: Path, folder: Path, tmp_path: Path) -> None:
    for name in ("00.png", "01.png"):
        shutil.copy(folder / "images" / name, tmp_path / name)
    (tmp_path / "00b.png").write_bytes(b"no image")
    asked = gyeol("predict", model, "--file", tmp_path)
    assert asked.status == 0
    assert [line.rpartition("\t")[2] != "" for line in asked.out.splitlines()] == [True, False, True]
    assert "00b.png" in asked.err
    (tmp_path / "t.csv").write_text("id,image\nx1,00.png\nx2,00b.png\nx3,none.png\nx4,01.png\n", "utf-8")
    told = gyeol("predict", model, "--file", tmp_path / "t.csv", "--json").object
    assert [(one["line"], bool(one["predictions"])) for one in told["predictions"]] == [
        (2, True), (3, False), (4, False), (5, True),
    ]  # fmt: skip
    assert told["predictions"][3]["id"] == "x4"


@pytest.mark.parametrize("kind", ["empty", "cut", "text", "missing"])
def test_one_bad_image_among_many(gyeol: Run, model: Path, folder: Path, tmp_path: Path, kind: str) -> None:
    for number in range(5):
        shutil.copy(folder / "images" / f"{number:02}.png", tmp_path)
    bad = tmp_path / "02.png"
    data = {"empty": b"", "cut": bad.read_bytes()[:40], "text": b"no image at all", "missing": None}[kind]
    bad.unlink() if data is None else bad.write_bytes(data)
    names = [str(tmp_path / f"{number:02}.png") for number in range(5)]
    given = names if kind == "missing" else ["--file", tmp_path]
    result = gyeol("predict", model, *given)
    assert result.status == 0
    rows = [line.split("\t") for line in result.out.splitlines()]
    assert [row[0] for row in rows] == names
    assert [bool(row[1]) for row in rows] == [True, True, False, True, True]
    assert result.err.count("\n") == 1
    assert str(bad) in result.err
    assert gyeol("predict", model, *given, "--strict").status == 2
    told = gyeol("predict", model, *given, "--json").object["predictions"]
    assert [len(one["predictions"]) for one in told] == [1, 1, 0, 1, 1]
    assert str(bad) in told[2]["error"]
    assert str(bad) in gyeol("predict", model, bad).mistake
    assert gyeol("predict", model, stdin="\n".join(names).encode()).out == result.out
    if kind != "missing":  # the folder alone, without --file
        assert gyeol("predict", model, tmp_path).out == result.out


def test_nothing_that_can_be_read_is_a_mistake(gyeol: Run, model: Path, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"no image")
    for given in ([], ["--json"]):
        result = gyeol("predict", model, "--file", tmp_path, *given)
        assert (result.status, result.out) == (2, "")
        assert str(tmp_path / "a.png") in result.err


def test_figures(gyeol: Run, model: Path, folder: Path) -> None:
    figures = gyeol("evaluate", model, folder, "--json").object
    assert figures["bleu_1"] > 90
    assert {"bleu", "bleu_4", "chrf", "exact", "perplexity", "loss", "data", "sha256"} <= set(figures)
    assert gyeol("evaluate", model, folder / "captions.csv").out.startswith("BLEU-1 to -4")
    info = gyeol("info", model, "--json").object
    assert (info["task"], info["tokenizer"]) == ("caption", "word")
    assert "| images | 16 x 16 pixels, 8 x 8 places |" in (model / "README.md").read_text("utf-8")


def test_the_consensus_that_a_model_was_made_for(gyeol: Run, model: Path, folder: Path, tmp_path: Path) -> None:
    assert gyeol("evaluate", model, folder).out.rstrip().endswith("beam 5")
    shutil.copytree(model, tmp_path / "m")
    config = json.loads((tmp_path / "m" / "config.json").read_text("utf-8"))
    config["settings"]["consensus"] = 3
    (tmp_path / "m" / "config.json").write_text(json.dumps(config), "utf-8")
    assert gyeol("evaluate", tmp_path / "m", folder).out.rstrip().endswith("consensus of 3")
    best, second = gyeol("predict", tmp_path / "m", folder / "images" / "01.png", "--top", 2).out.splitlines()
    assert 100 >= float(best.split("\t")[1]) >= float(second.split("\t")[1]) >= 0


def test_where_it_looked(gyeol: Run, model: Path, folder: Path, tmp_path: Path) -> None:
    image = folder / "images" / "01.png"
    assert "at row" in gyeol("explain", model, image).out
    seen = gyeol("explain", model, image, "--out", tmp_path / "a.html", "--json").object
    (attention,) = seen["attention"]
    assert len(seen["tokens"]) == 64
    assert attention["rows"] == seen["output"]
    assert {len(row) for row in attention["weights"]} == {64}
    gyeol("explain", model, image, "--out", tmp_path / "a.htm")
    assert (tmp_path / "a.htm").read_text("utf-8").startswith("<!doctype html>")
    assert (tmp_path / "a.html").read_text("utf-8").startswith("<!doctype html>")
    gyeol("explain", model, image, "--out", tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text("utf-8"))["prediction"] == seen["prediction"]
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'gyeol[plots]'")
    gyeol("explain", model, image, "--out", tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_scenes_are_made_and_learned_from(gyeol: Run, tmp_path: Path) -> None:
    out = gyeol("data", "make", "scenes-en", "--out", tmp_path / "s", "--count", 20).out
    assert f"next: gyeol fit caption {tmp_path / 's'}" in out
    answer = gyeol("fit", "caption", tmp_path / "s", "--out", tmp_path / "m", *SMALL, "--set", "epochs=1").object
    assert answer["task"] == "caption"
    assert gyeol("evaluate", tmp_path / "m", tmp_path / "s", "--json").object["count"] == 2
    assert "scenes-ko" in gyeol("data", "list").out
    assert "scenes-en" in gyeol("data", "list", "--json").object["built_in"]


def test_the_built_in_set(gyeol: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gyeol.data.synthetic import scenes

    monkeypatch.setattr(scenes, "_COUNTS", {"train": 24, "valid": 8, "test": 8})
    small = [*SMALL[:-1], "--set", "epochs=1", "--quiet"]
    assert gyeol("fit", "caption", "scenes-ko", "--out", tmp_path / "m", *small).out.startswith("BLEU-1 to -4")
    assert gyeol("evaluate", tmp_path / "m", "scenes-ko", "--json").object["count"] == 8
    assert len(gyeol("predict", tmp_path / "m", "--file", "scenes-ko").out.splitlines()) == 8


def test_mistakes(gyeol: Run, model: Path, folder: Path, tmp_path: Path) -> None:
    fit = ("fit", "caption", "--quiet", "--out", tmp_path / "n")
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "t.csv").write_text("image,caption\na.png,x\n")
    assert "a.png is empty; an image was expected" in gyeol(*fit, tmp_path / "t.csv").mistake
    assert "there is no file nowhere.png" in gyeol("predict", model, "nowhere.png").mistake
    assert "is not an image of a known format" in gyeol("predict", model, folder / "captions.csv").mistake
    assert "is for the task 'classify', not for 'caption'" in gyeol(*fit, "nsmc").mistake
    assert "did you mean 'scenes-ko'" in gyeol(*fit, "scenes-kr").mistake
    assert "encoder='resnet' is not known" in gyeol(*fit, folder, "--set", "encoder=resnet").mistake
    assert "gyeol explain" in gyeol("predict", model, folder / "images" / "00.png", "--out", "a.png").mistake
    assert "explanations are written as" in gyeol("explain", model, "x.png", "--out", tmp_path / "a.svg").mistake
    assert "is a model of 'fit caption'" in gyeol("translate", model, "a").mistake
    assert not (tmp_path / "n").exists()
