"""Every example runs, on less than it was written for."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

import gyeol
from gyeol.data.text import sources

FOLDER = Path(__file__).parents[2] / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_example_is_tested() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    for path in FOLDER.glob("*.py"):
        assert f'example("{path.stem}")' in here, f"{path.name} is not run by any test"
        assert path.read_text(encoding="utf-8").startswith('"""'), f"{path.name} does not say what it shows"


def test_classify_reviews(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "reviews").mkdir()
    for role, count in (("train", 120), ("test", 30)):
        with (sources._HERE / "reviews" / f"{role}.tsv").open(encoding="utf-8") as whole:
            lines = [next(whole) for _ in range(count + 1)]
        (tmp_path / "reviews" / f"{role}.tsv").write_text("".join(lines), encoding="utf-8")
    monkeypatch.setattr(sources, "_HERE", tmp_path)
    example("classify_reviews").main(str(tmp_path / "m"), epochs=1)
    out = capsys.readouterr().out
    assert out.startswith("recurrent 0.")
    assert "baseline  0." in out
    assert "환불해 주세요 제발" in out
    assert set(gyeol.load(tmp_path / "m").classes_) == {"긍정", "부정"}
