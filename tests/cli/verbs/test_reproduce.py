"""`gyeol reproduce`, with a few reviews in the place of the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gyeol import ParameterError, TextClassifier, reproduce
from gyeol.data.text import sources
from gyeol.reproduce import classify

from ..conftest import Run


@pytest.fixture
def tiny(small_set: Path, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `nsmc` be a few built-in reviews, and its model a small one."""
    find = sources.find_source
    monkeypatch.setattr(sources, "find_source", lambda data, role, **named: find("reviews", role, **named))
    small = {"hidden_size": 8, "embedding_size": 8, "epochs": 2, "batch_size": 8}
    monkeypatch.setattr(classify, "NSMC", {**classify.NSMC, **small})


def test_the_list(gyeol: Run) -> None:
    assert set(gyeol("reproduce", "--json").object["reproductions"]) == set(reproduce.REPRODUCTIONS)
    assert "nsmc" in gyeol("reproduce").out


def test_the_table_is_whole() -> None:
    for name, entry in reproduce.REPRODUCTIONS.items():
        assert entry.title, name
        assert entry.published or entry.beside, name
        for published in entry.published:
            assert 0 < published.figure < 1000
            assert published.source


@pytest.mark.usefixtures("tiny")
def test_figure_beside_figure(gyeol: Run, tmp_path: Path) -> None:
    answer = gyeol("reproduce", "nsmc", "--json", "--threads", 1, "--out", tmp_path / "m").object
    assert {"figure", "published", "source", "seconds", "metric", "setting", "data", "others"} < set(answer)
    assert 0 <= answer["figure"] <= 1
    assert answer["published"] == reproduce.REPRODUCTIONS["nsmc"].published[0].figure
    assert gyeol("predict", tmp_path / "m", "정말 좋아요").status == 0
    shown = gyeol("reproduce", "nsmc", "--threads", 1)
    assert shown.status == 0, shown.err
    for published in reproduce.REPRODUCTIONS["nsmc"].published:
        assert published.source in shown.out
    assert "epoch  1" in shown.err


@pytest.mark.usefixtures("tiny")
def test_the_same_seed_gives_the_same_figures() -> None:
    first, second = (reproduce.run("nsmc", seed=3, threads=1) for _ in range(2))
    assert {**first, "seconds": 0} == {**second, "seconds": 0}


@pytest.mark.usefixtures("tiny")
def test_half_a_training_gives_no_figure(gyeol: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = TextClassifier.fit

    def interrupted(self: Any, *given: Any, **named: Any) -> Any:
        fit(self, *given, **named)
        self.history_.stopped = "interrupted"
        return self

    monkeypatch.setattr(TextClassifier, "fit", interrupted)
    result = gyeol("reproduce", "nsmc", "--threads", 1, "--out", tmp_path / "m", "--json")
    assert (result.status, result.out) == (130, "")
    assert not (tmp_path / "m").exists()


def test_mistakes(gyeol: Run, tmp_path: Path) -> None:
    assert "did you mean 'nsmc'?" in gyeol("reproduce", "nsmcc").mistake
    (tmp_path / "file").write_text("precious")
    assert "is a file" in gyeol("reproduce", "nsmc", "--out", tmp_path / "file").mistake
    with pytest.raises(ParameterError, match="there is no reproduction 'imbd'"):
        reproduce.run("imbd")
