"""`gyeol fit classify`, `evaluate` and `predict` where texts have several labels."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from gyeol.cli.answers.label_sets import note_doubtful
from gyeol.data.text.sources import Labelled, Source

from ..conftest import TINY, Run

WORDS = {"긍정": ["좋아요", "최고다"], "부정": ["싫어요", "별로다"], "액션": ["총격", "추격"], "멜로": ["사랑", "이별"]}
SETS = [["긍정"], ["긍정", "액션"], ["부정", "멜로"], ["부정"], ["긍정", "멜로", "액션"], ["멜로"]] * 8
TEXTS = [" ".join(WORDS[label][i % 2] for label in own) + f" {i}" for i, own in enumerate(SETS)]
ROWS = list(zip(TEXTS, SETS, strict=True))
SEVERAL = "texts have several labels, such as "
QUICK = [*TINY, "--set", "epochs=1", "-q"]


def as_table(rows: list[tuple[str, list[str]]], between: str = "\t") -> str:
    return f"text{between}label\n" + "".join(f"{text}{between}{'|'.join(own)}\n" for text, own in rows)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sets") / "films.tsv"
    path.write_text(as_table(ROWS), encoding="utf-8")
    return path


@pytest.fixture
def films(gyeol: Run, table: Path, tmp_path: Path) -> Path:
    done = gyeol("fit", "classify", table, "--out", tmp_path / "m", *TINY, "--set", "dropout=0.1", "-q")
    assert done.status == 0, done.err
    return tmp_path / "m"


def test_from_the_file_to_the_answer(gyeol: Run, table: Path, films: Path, tmp_path: Path) -> None:
    told = gyeol("evaluate", films, table)
    assert told.status == 0, told.err
    assert "micro F1 " in told.out
    assert "exact match " in told.out
    assert "threshold" in told.out
    figures = gyeol("evaluate", films, table, "--json").object
    assert {"micro_f1", "macro_f1", "subset_accuracy", "accuracy", "loss", "count", "per_class"} <= set(figures)
    assert figures["micro_f1"] > 0.8
    assert figures["per_class"]["액션"]["count"] == 16
    answer = gyeol("predict", films, TEXTS[1], "--json").object["predictions"][0]
    assert answer["label"] == "|".join(answer["labels"])
    assert len(answer["probability"]) == len(answer["labels"]) >= 1
    assert set(answer["probabilities"]) == {"긍정", "부정", "액션", "멜로"}
    lines = gyeol("predict", films, "--file", table).out.splitlines()
    assert lines[0].split("\t")[:3] == ["line", "label", "probability"]
    first = lines[1].split("\t")
    assert first[1].count("|") == first[2].count("|")
    assert any("|" in line.split("\t")[1] for line in lines[1:])
    top = gyeol("predict", films, "--file", table, "--top", 2).out.splitlines()[0].split("\t")
    assert top[3:7] == ["label_1", "probability_1", "label_2", "probability_2"]
    info = gyeol("info", films, "--json").object
    assert set(info["thresholds"]) == set(info["classes"])
    assert "several per text" in gyeol("info", films).out


def test_the_same_labels_in_any_file(gyeol: Run, tmp_path: Path) -> None:
    objects = [{"text": text, "labels": own} for text, own in ROWS]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects), "utf-8")
    (tmp_path / "a.csv").write_text(as_table(ROWS, ","), "utf-8")
    (tmp_path / "a.txt").write_text(
        "".join(" ".join(f"__label__{label}" for label in own) + f" {text}\n" for text, own in ROWS), "utf-8"
    )
    pl.DataFrame(objects).write_parquet(tmp_path / "a.parquet")
    found = []
    for name in ("a.jsonl", "a.csv", "a.txt", "a.parquet"):
        done = gyeol("fit", "classify", tmp_path / name, "--out", tmp_path / "m", *QUICK, "--json")
        assert done.status == 0, done.err
        assert f"{name}: {SEVERAL}" in done.err
        found.append({key: done.object[key] for key in ("classes", "micro_f1", "macro_f1", "loss")})
    assert found[0]["classes"] == ["긍정", "멜로", "부정", "액션"]
    assert all(one == found[0] for one in found)


def test_the_baseline_is_of_several_labels_too(gyeol: Run, table: Path, tmp_path: Path) -> None:
    answer = gyeol("fit", "classify", table, "--out", tmp_path / "m", *QUICK, "--compare", "--json").object
    assert {"accuracy", "micro_f1", "macro_f1", "features"} <= set(answer["baseline"])
    told = gyeol("fit", "classify", table, "--out", tmp_path / "m", *QUICK, "--compare").out
    assert "micro F1" in told
    assert "tfidf baseline" in told


@pytest.mark.parametrize("name", ["AC|DC", "R&B | Soul"])
def test_a_class_that_is_only_called_so(gyeol: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / "music.tsv"
    path.write_text(as_table([(text, [name if i % 2 else "Pop"]) for i, text in enumerate(TEXTS)]), "utf-8")
    done = gyeol("fit", "classify", path, "--out", tmp_path / "m", *QUICK, "--json")
    assert done.object["classes"] == ["Pop", name] if name > "Pop" else [name, "Pop"]
    assert "24 labels contain '|' but are read whole" in done.err
    assert gyeol("evaluate", tmp_path / "m", path).status == 0
    split = gyeol("fit", "classify", path, "--out", tmp_path / "m", *QUICK, "--json", "--set", "labels=several")
    assert len(split.object["classes"]) == 3
    assert "read whole" not in split.err


def test_one_label_where_that_is_said(gyeol: Run, table: Path, tmp_path: Path) -> None:
    done = gyeol("fit", "classify", table, "--out", tmp_path / "m", *QUICK, "--json", "--set", "labels=one")
    assert "긍정|액션" in done.object["classes"]
    assert SEVERAL not in done.err


def test_no_label_at_all(gyeol: Run, tmp_path: Path) -> None:
    bare = [(text, [label for label in own if label != "멜로"]) for text, own in ROWS]
    path = tmp_path / "a.tsv"
    path.write_text(as_table(bare), "utf-8")
    assert "line 7: the label is missing" in gyeol("fit", "classify", path, "--out", tmp_path / "m", *QUICK).mistake
    done = gyeol("fit", "classify", path, "--out", tmp_path / "m", *QUICK, "--set", "labels=any", "--json")
    assert done.object["classes"] == ["긍정", "부정", "액션"]
    assert gyeol("evaluate", tmp_path / "m", path, "--json").object["count"] == 48
    lists = tmp_path / "a.jsonl"
    objects = ({"text": text, "label": own} for text, own in bare)
    lists.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects), "utf-8")
    done = gyeol("fit", "classify", lists, "--out", tmp_path / "m", *QUICK, "--json")
    assert done.object["classes"] == ["긍정", "부정", "액션"]
    lists.write_text(lists.read_text("utf-8").replace("[]", "null"), "utf-8")
    assert "line 6: the label is missing" in gyeol("fit", "classify", lists, "--out", tmp_path / "m", *QUICK).mistake
    one = [
        {"text": text, "label": []} if i == 3 else {"text": text, "label": own[0]} for i, (text, own) in enumerate(ROWS)
    ]
    lists.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in one), "utf-8")
    strict = gyeol("fit", "classify", lists, "--out", tmp_path / "m", *QUICK, "--set", "labels=one").mistake
    assert "line 4: the list of labels is empty" in strict


def test_a_bar_alone_is_no_label(gyeol: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(as_table(ROWS) + "text\t |\n", "utf-8")
    assert "line 50: '|' contains no label" in gyeol("fit", "classify", path, "--out", tmp_path / "m", *QUICK).mistake


def test_labels_that_training_never_saw(gyeol: Run, films: Path, table: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.tsv"
    path.write_text(as_table([*ROWS, ("새로운 글", ["긍정", "공포"])]), "utf-8")
    assert "line 50: the label '공포' did not occur" in gyeol("evaluate", films, path).mistake
    refused = gyeol("fit", "classify", table, "--valid", path, "--out", tmp_path / "m", *QUICK)
    assert refused.status == 2
    assert "line 50: the label '공포' does not occur in the training data" in refused.err


def test_one_example_only_is_told(gyeol: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(as_table([*ROWS, ("홀로", ["긍정", "엑션"])]), "utf-8")
    done = gyeol("fit", "classify", path, "--out", tmp_path / "m", *QUICK)
    assert "only one example of '엑션' (line 50); is the label correct?" in done.err
    loud = gyeol("fit", "classify", path, "--out", tmp_path / "m", *QUICK[:-1])
    assert "a.tsv: 49 texts, 5 labels, 1.67 per text" in loud.err


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (["긍정", "부정", "부정"], ""),
        (["Pos", "neg", "Neg"], "'neg' and 'Neg' are different classes; should they be one?"),
        (["the good", "bad", "The  Good"], "'the good' and 'The  Good' are different classes; should they be one?"),
        (["긍정", "부정", "N/A"], "read as a class: 'N/A' (10); if that means a missing label, leave the cell empty"),
        (["긍정", "부정", "NULL"], "read as a class: 'NULL' (10); if that means a missing label, leave the cell empty"),
    ],
)
def test_classes_that_may_be_slips_are_told(capsys: pytest.CaptureFixture[str], labels: list[str], told: str) -> None:
    rows = Labelled(Source(Path("a.csv"), None, None, "a.csv"))
    note_doubtful(rows, labels * 10)
    assert capsys.readouterr().err == (f"a.csv: {told}\n" if told else "")


def test_lists_of_0_and_1(gyeol: Run, tmp_path: Path) -> None:
    names = list(WORDS)
    rows = [{"text": text, "labels": [int(name in own) for name in names]} for text, own in ROWS]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    done = gyeol("fit", "classify", tmp_path / "a.jsonl", "--out", tmp_path / "m", *QUICK, "--json")
    assert "labels are lists of 0 and 1, read as the positions of the ones" in done.err
    assert done.object["classes"] == ["0", "1", "2", "3"]
    figures = gyeol("evaluate", tmp_path / "m", tmp_path / "a.jsonl", "--json").object["per_class"]
    assert [own["count"] for own in figures.values()] == [sum(name in own for own in SETS) for name in names]


def test_labels_between_commas_are_told(gyeol: Run, tmp_path: Path) -> None:
    rows = "".join(f'{text},"{", ".join(own)}"\n' for text, own in ROWS)
    (tmp_path / "a.csv").write_text("text,label\n" + rows, encoding="utf-8")
    done = gyeol("fit", "classify", tmp_path / "a.csv", "--out", tmp_path / "m", *QUICK)
    assert "labels such as '긍정, 액션' are read whole; to give several labels, separate them by '|'" in done.err
