"""`gyeol compare`: models on the same examples, and one line for each mistake."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ...contracts.test_saved_models import FOLDER
from ..conftest import ROWS, Run, table_of

CLASSIFY, OTHER = FOLDER / "classify", FOLDER / "classify-attention"


@pytest.fixture
def test_file(tmp_path: Path) -> Path:
    path = tmp_path / "test.tsv"
    path.write_text(table_of(ROWS), encoding="utf-8")
    return path


def without_speed(answer: dict[str, object]) -> dict[str, object]:
    for model in answer["models"]:  # type: ignore[attr-defined]
        assert model.pop("examples_per_second") > 0
    return answer


def test_two_models(gyeol: Run, test_file: Path, tmp_path: Path) -> None:
    given = ["compare", CLASSIFY, OTHER, "--data", test_file, "--threads", 1]
    answer = gyeol(*given, "--json", "--out", tmp_path / "c.html").object
    (pair,) = answer["pairs"]
    accuracy = {}
    for path, own in zip((CLASSIFY, OTHER), answer["models"], strict=True):
        evaluated = gyeol("evaluate", path, test_file, "--json").object
        figures = {one["name"]: one["value"] for one in own["figures"]}
        accuracy[own["model"]] = figures["accuracy"]
        assert figures["accuracy"] == evaluated["accuracy"]
    difference = next(one for one in pair["figures"] if one["name"] == "accuracy")
    assert difference["value"] == pytest.approx(accuracy["classify-attention"] - accuracy["classify"])
    assert pair["only_other"] - pair["only_one"] == round(len(ROWS) * difference["value"])
    assert 0 <= pair["p_value"] <= 1
    for one in answer["disagreements"]:
        assert len(set(one["best"])) == 2
        assert [answer == one["truth"] for answer in one["answers"]] == one["best"]
    page = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert "McNemar" in page
    assert "classify-attention" in page
    del answer["out"]
    assert without_speed(gyeol(*given, "--json").object) == without_speed(answer)


def test_the_columns_of_a_pair_name_the_models(gyeol: Run, test_file: Path, model: Path) -> None:
    given = [CLASSIFY, OTHER, "--data", test_file]
    answer, shown = gyeol("compare", *given, "--json").object["pairs"][0], gyeol("compare", *given).out.splitlines()
    row = next(n for n, line in enumerate(shown) if line.startswith("classify-attention - classify "))
    assert "only classify-attention right  only classify right" in shown[row - 1]
    assert shown[row].split()[-3:-1] == [str(answer["only_other"]), str(answer["only_one"])]
    several = gyeol("compare", *given[:2], model, *given[2:]).out
    row = next(line for line in several.splitlines() if line.startswith("classify-attention - classify "))
    assert f"classify-attention: {answer['only_other']} classify: {answer['only_one']} " in " ".join(row.split())


def test_three_models_are_corrected_for_several_tests(gyeol: Run, test_file: Path, model: Path) -> None:
    asked = gyeol("compare", CLASSIFY, OTHER, model, "--data", test_file)
    assert "p, Holm" in asked.out
    answer = gyeol("compare", CLASSIFY, OTHER, model, "--data", test_file, "--json").object
    assert len(answer["pairs"]) == 3
    assert all(pair["p_adjusted"] >= pair["p_value"] for pair in answer["pairs"])


def test_language_models_of_other_tokens(gyeol: Run, tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("".join(f"{text}\n" for text, _ in ROWS), encoding="utf-8")
    answer = gyeol("compare", FOLDER / "language", FOLDER / "language-word", "--data", path, "--json").object
    assert answer["main"] == "bits_per_character"
    assert answer["test"] == "paired"
    assert answer["other_tokens"] is True
    assert "compare bits_per_character" in gyeol(
        "compare", FOLDER / "language", FOLDER / "language-word", "--data", path
    ).out  # fmt: skip


def test_mistakes(gyeol: Run, test_file: Path, model: Path, tmp_path: Path) -> None:
    data = ["--data", test_file]
    assert "name two or more" in gyeol("compare", model, *data).mistake
    assert "was given twice" in gyeol("compare", model, model, *data).mistake
    assert "one of 'fit series'" in gyeol("compare", CLASSIFY, FOLDER / "series", *data).mistake
    assert "the ending must be" in gyeol("compare", model, OTHER, *data, "--out", "c.doc").mistake
    several = gyeol("compare", CLASSIFY, FOLDER / "classify-several", *data).mistake
    assert "the classes of classify and classify-several differ: only classify-several knows '짧다'" in several
    copy = tmp_path / "films"
    shutil.copytree(CLASSIFY, copy)
    asked = gyeol("compare", copy, model, *data)
    assert asked.status == 0
    assert str(copy) in asked.out  # two folders of one name are called by their whole paths
