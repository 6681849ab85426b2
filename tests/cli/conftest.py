"""The command line called in this process, and what it needs: a file of reviews, a model, a small built-in set."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gyeol.cli.app import main

#: Small and quick; enough to learn the reviews below.
TINY = [
    *("--set", "hidden_size=8", "--set", "embedding_size=8", "--set", "epochs=8", "--set", "patience=9"),
    *("--set", "learning_rate=0.03", "--set", "batch_size=8", "--threads", "1"),
]
GOOD = ["정말 좋아요", "다시 보고 싶다", "진짜 재밌네 ㅋㅋ", "최고의 영화", "배우가 좋다"]
BAD = ["정말 싫어요", "돈이 아깝다", "너무 지루하네 ㅠㅠ", "최악의 영화", "별로였다"]
ROWS = [(f"{text} {i}", label) for i in range(4) for label, texts in (("긍정", GOOD), ("부정", BAD)) for text in texts]


@dataclass
class Result:
    status: int
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        """What was printed, which must be one JSON object and no more."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    @property
    def error(self) -> dict[str, Any]:
        """The error that a command with --json tells of, on the last line of standard error."""
        told = json.loads(self.err.splitlines()[-1])
        assert set(told) == {"error"}
        assert set(told["error"]) == {"type", "message", "status"}
        assert told["error"]["status"] == self.status
        error: dict[str, Any] = told["error"]
        return error

    @property
    def mistake(self) -> str:
        """The one line that a mistake of the user's gets; with --json, what its one object says."""
        assert self.status == 2, self.err
        assert self.out == ""
        if self.err.startswith("{"):
            return str(self.error["message"])
        assert self.err.startswith("gyeol: ")
        assert self.err.count("\n") == 1
        assert self.err.endswith("\n")
        assert "Traceback" not in self.err
        return self.err.removeprefix("gyeol: ").rstrip("\n")


Run = Callable[..., Result]


@pytest.fixture
def gyeol(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "argv", ["gyeol", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capsys.readouterr()
        try:
            main()
            status = 0
        except SystemExit as leaving:
            status = int(leaving.code or 0)
        out, err = capsys.readouterr()
        return Result(status, out, err)

    return run


def table_of(rows: list[tuple[str, str]]) -> str:
    return "text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows)


@pytest.fixture(scope="session")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "films.tsv"
    path.write_text(table_of(ROWS), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def model(reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder; whoever changes it works on a copy."""
    out = tmp_path_factory.mktemp("models") / "films"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["gyeol", "fit", "classify", str(reviews), "--out", str(out), *TINY, "-q"])
        main()
    return out


@pytest.fixture
def small_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The built-in reviews, cut to a few."""
    from gyeol.data.text import sources

    folder = tmp_path / "built-in" / "reviews"
    folder.mkdir(parents=True)
    for role, rows in (("train", ROWS), ("valid", ROWS[:10]), ("test", ROWS[10:20])):
        (folder / f"{role}.tsv").write_text(table_of(rows), encoding="utf-8")
    monkeypatch.setattr(sources, "_HERE", folder.parent)
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every estimator made without settings small ones, so that commands without --set are quick too."""
    import gyeol.tasks

    small = {"hidden_size": 8, "embedding_size": 8, "epochs": 2, "batch_size": 8, "threads": 1}
    whole = gyeol.tasks.TextClassifier.__init__
    kept = whole.__kwdefaults__
    assert kept is not None
    monkeypatch.setattr(whole, "__kwdefaults__", {**kept, **small})
