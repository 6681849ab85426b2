"""`gyeol report`: what a folder holds, how a model did on examples, and one line for each mistake."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ...contracts.test_saved_models import FOLDER
from ..conftest import ROWS, Run, table_of


@pytest.fixture
def test_file(tmp_path: Path) -> Path:
    """Ten reviews that the model has seen, two of them with the wrong label, one of them twice."""
    rows = [*ROWS[:9], ROWS[0], ("정말 좋아요", "부정"), ("정말 싫어요", "긍정")]
    path = tmp_path / "test.tsv"
    path.write_text(table_of(rows), encoding="utf-8")
    return path


def test_without_data_it_says_what_the_folder_holds(gyeol: Run, model: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    asked = gyeol("report", model, "--out", page, "--language", "en")
    assert asked.status == 0
    assert "TextClassifier" in asked.out
    assert re.search(r"on the validation part: valid_.* train_loss", asked.out)
    assert asked.err == f"wrote {page}\n"
    text = page.read_text(encoding="utf-8")
    assert "Learning curves" in text
    assert text.count("<polyline") >= 4  # loss and accuracy, training and validation
    assert "Confusion" not in text
    assert "<script" not in text


def test_with_data_it_says_how_good_the_model_is(gyeol: Run, model: Path, test_file: Path, tmp_path: Path) -> None:
    answer = gyeol("report", model, test_file, "--json", "--out", tmp_path / "r.html").object
    assert answer["data"]["count"] == 12
    assert answer["data"]["duplicates"] == 1
    figures = {one["name"]: one for one in answer["results"]["figures"]}
    evaluated = gyeol("evaluate", model, test_file, "--json").object
    for name in ("accuracy", "macro_f1", "loss"):
        assert figures[name]["value"] == pytest.approx(evaluated[name], rel=1e-12)
        assert figures[name]["low"] <= figures[name]["value"] <= figures[name]["high"]
    assert answer["results"]["confusion"]["rows"] == evaluated["confusion"]
    first = answer["worst"][0]
    assert (first["truth"], first["answer"]) in {("부정", "긍정"), ("긍정", "부정")}
    assert first["line"] in (12, 13)
    assert "".join(piece for piece, _ in first["pieces"]) == first["input"]
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert '<html lang="ko">' in page
    assert "혼동 행렬" in page
    assert re.search(r'<span class="[fa]\d"', page)


def test_the_worst_and_the_limit(gyeol: Run, model: Path, reviews: Path) -> None:
    answer = gyeol("report", model, reviews, "--json", "--limit", 7, "--worst", 0, "--training", reviews).object
    assert (answer["data"]["count"], answer["data"]["of"], answer["data"]["overlap"]) == (7, 40, 7)
    assert answer["worst"] == []
    again = gyeol("report", model, reviews, "--json", "--limit", 7, "--worst", 0, "--training", reviews).object
    for one in (answer, again):
        one["data"].pop("seconds")
    assert answer == again


def test_the_training_file_is_known(gyeol: Run, model: Path, reviews: Path, test_file: Path) -> None:
    assert "the file that the model was trained on" in gyeol("report", model, reviews).out
    assert "the file that the model was trained on" not in gyeol("report", model, test_file).out


def test_json_file(gyeol: Run, model: Path, test_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "report.json"
    gyeol("report", model, test_file, "--out", out)
    content = json.loads(out.read_text(encoding="utf-8"))
    assert content["task"] == "classify"
    assert content["versions"]["threads"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--out", "report.pdf"], "--out report.pdf: the ending must be .html or .json"),
        (["--out", "r.html", "--language", "fr"], "--language fr: pages are written in ko or en"),
        (["--limit", 5], "--limit is about examples: name their file"),
        (["--training", "t.tsv"], "--training is about examples"),
        (["missing.tsv"], "missing.tsv"),
    ],
)
def test_mistakes(gyeol: Run, model: Path, given: list[object], said: str) -> None:
    assert said in gyeol("report", model, *given).mistake


def test_data_that_the_model_cannot_be_measured_on(gyeol: Run, model: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("text\tlabel\n좋다\t긍정\n나쁘다\t보통\n", encoding="utf-8")
    assert "line 3: the label '보통' did not occur in training" in gyeol("report", model, path).mistake
    assert gyeol("report", model, path, "--skip-bad-rows", "--json").object["data"]["left_out"] == 1
    path.write_text("text\tscore\n좋다\t긍정\n", encoding="utf-8")
    assert "label" in gyeol("report", model, path, "--target", "label").mistake
    path.write_text("", encoding="utf-8")
    assert str(path) in gyeol("report", model, path).mistake


def test_a_model_of_another_task(gyeol: Run, test_file: Path) -> None:
    assert gyeol("report", FOLDER / "series", test_file).status == 2


def test_numbers_of_texts(gyeol: Run, tmp_path: Path) -> None:
    path = tmp_path / "ratings.tsv"
    path.write_text("text\trating\n정말 좋아요\t9\n별로였다\t2.5\n정말 싫어요\t1\n", encoding="utf-8")
    answer = gyeol("report", FOLDER / "regress-text", path, "--target", "rating", "--json").object
    assert answer["results"]["kind"] == "numbers"
    assert len(answer["results"]["points"]) == 3
    path.write_text("text\trating\n정말 좋아요\t좋음\n", encoding="utf-8")
    assert "expected a finite number" in gyeol("report", FOLDER / "regress-text", path, "--target", "rating").mistake


def test_a_folder_that_cannot_be_written(gyeol: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    asked = gyeol("report", model, "--out", tmp_path / "file" / "r.html")
    assert asked.status == 2
    assert "r.html" in asked.err.splitlines()[-1]
