"""`gyeol data`: what can be named, fetching it, making it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ..conftest import TINY, Run


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GYEOL_DATA", raising=False)


def test_the_list(gyeol: Run) -> None:
    answer = gyeol("data", "list", "--json").object
    assert "reviews" in answer["built_in"]
    assert {"nsmc", "imdb"} < {entry["name"] for entry in answer["public"]}
    assert not any(entry["here"] for entry in answer["public"])
    assert "order" in answer["made"]
    shown = gyeol("data", "list").out
    assert "CC0 1.0" in shown
    assert all(entry["name"] in shown for entry in answer["public"])


def test_what_is_here_is_shown(gyeol: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nsmc").mkdir()
    for role in ("train", "test"):
        (tmp_path / "nsmc" / f"ratings_{role}.txt").write_text("")
    monkeypatch.setenv("GYEOL_DATA", str(tmp_path))
    here = {entry["name"]: entry["here"] for entry in gyeol("data", "list", "--json").object["public"]}
    assert here["nsmc"]
    assert not here["imdb"]


def test_a_set_that_is_not_here_names_the_command(gyeol: Run, tmp_path: Path) -> None:
    message = gyeol("fit", "classify", "nsmc", "--out", tmp_path / "m", "-q").mistake
    assert message == "nsmc train is not on this machine; download it with: gyeol data get nsmc"


def test_getting(gyeol: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gyeol import DownloadError
    from gyeol.data.catalogue import lookup

    paths = [tmp_path / "train.txt", tmp_path / "test.txt"]

    def fetched(name: str, *, progress: Any) -> list[Path]:
        if progress is not None:
            progress("fetching nsmc")
        return paths

    monkeypatch.setattr(lookup, "download_dataset", fetched)
    got = gyeol("data", "get", "nsmc")
    assert (got.out.splitlines(), got.err) == ([str(p) for p in paths], "fetching nsmc\n")
    assert gyeol("data", "get", "nsmc", "--json").object == {"name": "nsmc", "files": [str(p) for p in paths]}

    def failed(name: str, *, progress: Any) -> list[Path]:
        raise DownloadError("the connection broke off")

    monkeypatch.setattr(lookup, "download_dataset", failed)
    assert gyeol("data", "get", "nsmc").mistake == "the connection broke off"


def test_names_that_do_not_exist(gyeol: Run, tmp_path: Path) -> None:
    assert "did you mean 'nsmc'?" in gyeol("data", "get", "nsmcc").mistake
    assert "did you mean 'order'?" in gyeol("data", "make", "ordr", "--out", tmp_path / "a.tsv").mistake
    assert "did you mean 'list'?" in gyeol("data", "lst").mistake.replace("Did", "did")
    assert not (tmp_path / "a.tsv").exists()


def test_making_a_set_and_learning_from_it(gyeol: Run, tmp_path: Path) -> None:
    given = ["data", "make", "order", "--count", 24, "--length", 20]
    assert gyeol(*given, "--out", tmp_path / "a.tsv").out.startswith(
        f"wrote {tmp_path / 'a.tsv'}: 24 examples; next: gyeol fit classify "
    )
    answer = gyeol(*given, "--out", tmp_path / "b.tsv", "--json").object
    assert (answer["count"], answer["seed"]) == (24, 0)
    gyeol(*given, "--out", tmp_path / "c.tsv", "--seed", 1)
    a, b, c = ((tmp_path / f"{name}.tsv").read_bytes() for name in "abc")
    assert a == b != c
    assert gyeol("fit", "classify", tmp_path / "a.tsv", "--out", tmp_path / "m", *TINY, "-q").status == 0


def test_a_made_set_that_does_not_serve(gyeol: Run, tmp_path: Path) -> None:
    assert "--length" in gyeol("data", "make", "order", "--out", tmp_path / "a.tsv", "--length", 3).mistake
    assert "'--out'" in gyeol("data", "make", "order").mistake
    assert "name a .tsv or .csv file" in gyeol("data", "make", "order", "--out", tmp_path).mistake


def test_what_is_said_of_built_in_sets_is_what_they_hold(gyeol: Run) -> None:
    """`data list` and the READMEs give the counts of the files, rounded to hundreds."""
    import re

    from gyeol.data.text import sources

    told = gyeol("data", "list", "--json").object["built_in"]
    root = Path(__file__).parents[3]
    english, korean, translation = (
        (root / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md", "docs/tasks/translate.md")
    )
    for name in ("reviews", "pairs-ko-en"):
        folder = Path(sources.__file__).parent / name.replace("-", "_")
        count = sum(len(file.read_text("utf-8").splitlines()) - 1 for file in sorted(folder.glob("*.tsv")))
        assert told[name].startswith(f"{round(count, -2):,} "), (name, count)
        if name == "pairs-ko-en":
            assert re.findall(r"([\d,]+) built-in pairs", translation) == [f"{count:,}"]
    [number] = re.findall(r"([\d,]+) built-in Korean reviews", english)
    assert re.findall(r"한국어 후기 ([\d,]+)개", korean) == [number]
    assert told["reviews"].startswith(f"{number} short Korean reviews")
    assert set(told) == {*sources.BUILT_IN, "scenes-ko", "scenes-en", "clips"}


@pytest.mark.parametrize(("name", "count"), [("scenes-ko", 4000), ("clips", 650)])
def test_sets_that_are_drawn_hold_as_many_as_is_said(gyeol: Run, name: str, count: int) -> None:
    from gyeol.data.synthetic import clips, scenes

    told = gyeol("data", "list", "--json").object["built_in"][name]
    assert told.startswith(f"{count:,} ")
    sizes = scenes._COUNTS if name == "scenes-ko" else clips._COUNTS
    assert sum(size for part, size in sizes.items() if part != "novel") == count  # novel: a second test part
