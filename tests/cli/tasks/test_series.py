"""`gyeol fit series`, `fit regress`, `fit classify` of numbers; `evaluate` and `predict` of their models."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

from gyeol.data.synthetic.series import make_series

from ..conftest import Run

SMALL = [
    *("--set", "hidden_size=8"), *("--set", "learning_rate=0.03"), *("--set", "batch_size=8"), *("--threads", "1"),
    *("--set", "epochs=15"), *("--set", "patience=15"),
]  # fmt: skip


def rows(count: int) -> list[tuple[str, list[float]]]:
    """Slow and fast waves."""
    return [
        (("느림", "빠름")[n % 2], [round(math.sin(n + t * (0.4, 1.8)[n % 2]), 3) for t in range(8 + n % 5)])
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "waves.csv"
    path.write_text("".join(f"{label},{','.join(map(str, values))}\n" for label, values in rows(60)), "utf-8")
    return path


@pytest.fixture
def model(gyeol: Run, file: Path, tmp_path: Path) -> Path:
    answer = gyeol("fit", "classify", file, "--out", tmp_path / "m", *SMALL, "--json").object
    assert (answer["task"], answer["classes"]) == ("series", ["느림", "빠름"])
    assert answer["accuracy"] > 0.8
    return tmp_path / "m"


def test_from_a_file_to_answers(gyeol: Run, model: Path, file: Path, tmp_path: Path) -> None:
    figures = gyeol("evaluate", model, file, "--json").object
    assert figures["accuracy"] > 0.9
    assert gyeol("evaluate", model, file).out.startswith("accuracy ")
    shown = gyeol("predict", model, "--file", file).out.splitlines()
    assert shown[0] == "line\tlabel\tprobability"
    right = [line.split("\t")[1] == label for line, (label, _) in zip(shown[1:], rows(60), strict=True)]
    assert np.mean(right) == figures["accuracy"]
    one = " ".join(map(str, rows(2)[1][1]))
    told = gyeol("predict", model, one, "--json").object["predictions"]
    assert [answer["label"] for answer in told] == ["빠름"]
    piped = gyeol("predict", model, "--top", 2, stdin=f"{one}\n\n[1, null, 2]\n".encode()).out.splitlines()
    assert piped[0] == "line\tlabel\tprobability\tlabel_2\tprobability_2"
    assert [line.split("\t")[0] for line in piped[1:]] == ["1", "3"]
    for ending in ("csv", "jsonl", "json"):
        assert gyeol("predict", model, "--file", file, "--out", tmp_path / f"a.{ending}").status == 0
    assert len(list(csv.reader((tmp_path / "a.csv").read_text("utf-8").splitlines()))) == 61
    lines = (tmp_path / "a.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[0])["line"] == 1
    assert json.loads((tmp_path / "a.json").read_text("utf-8"))["predictions"] == [json.loads(line) for line in lines]
    info = gyeol("info", model, "--json").object
    assert (info["task"], info["tokenizer"]) == ("series", "none: numbers are given")


def test_numbers_from_sequences_of_two_channels(gyeol: Run, tmp_path: Path) -> None:
    path = make_series("adding", tmp_path / "a.jsonl", count=60, length=12)
    answer = gyeol("fit", "regress", path, "--out", tmp_path / "m", *SMALL, "--json").object
    assert answer["task"] == "regress"
    assert {"mse", "mae"} < set(answer)
    figures = gyeol("evaluate", tmp_path / "m", path, "--json").object
    assert {"mse", "mae", "r2"} < set(figures)
    assert gyeol("evaluate", tmp_path / "m", path).out.startswith("MSE ")
    values = [
        float(line.split("\t")[1]) for line in gyeol("predict", tmp_path / "m", "--file", path).out.splitlines()[1:]
    ]
    truth = [json.loads(line)["label"] for line in path.read_text().splitlines()]
    assert np.mean((np.array(values) - np.array(truth, dtype=float)) ** 2) == pytest.approx(figures["mse"])
    assert "--top is for models of 'fit classify', " in gyeol("predict", tmp_path / "m", "1", "--top", 2).mistake
    assert "sequence 0 has 1 channels, the model reads 2" in gyeol("predict", tmp_path / "m", "1 2 3").mistake


def test_a_table_of_equal_lengths_may_come_with_labels_or_without(gyeol: Run, tmp_path: Path) -> None:
    values = [[n % 2 + 0.5, 2.5, 3.5 - n % 2] for n in range(30)]
    labelled, plain = tmp_path / "a.txt", tmp_path / "b.txt"
    labelled.write_text("".join(f"{n % 2} {' '.join(map(str, v))}\n" for n, v in enumerate(values)))
    plain.write_text("".join(f"{' '.join(map(str, v))}\n" for v in values))
    assert gyeol("fit", "series", labelled, "--out", tmp_path / "m", *SMALL, "-q").status == 0
    answers = [gyeol("predict", tmp_path / "m", "--file", path).out for path in (labelled, plain)]
    assert answers[0] == answers[1]


def test_what_was_learned_with_a_named_target_is_asked_with_it(gyeol: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b,c,kind\n" + "".join(f"{n % 2},1,{n % 3},{'xy'[n % 2]}\n" for n in range(30)))
    given = ["fit", "classify", path, "--valid", path, "--target", "kind", "--out", tmp_path / "m", *SMALL]
    assert "on the validation part" in gyeol(*given).out
    assert gyeol("evaluate", tmp_path / "m", path, "--json").object["accuracy"] > 0.9
    assert gyeol("predict", tmp_path / "m", "--file", path).status == 0


def test_the_settings_of_both_kinds_are_listed(gyeol: Run) -> None:
    shown = gyeol("fit", "classify", "--settings").out
    assert "tokenizer" in shown.split("of 'fit series':")[0]
    assert "frame" in shown.split("of 'fit series':")[1]
    shown = gyeol("fit", "regress", "--settings").out
    assert "tokenizer" in shown.split("of 'fit regress':")[0]
    assert "frame" in shown.split("of 'fit regress':")[1]


def test_mistakes(gyeol: Run, model: Path, file: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("a,1,2,3\nb,1,2,3\na,1,x,3\nb,2,3,4\n")
    fit = ("fit", "classify", "--out", tmp_path / "n")
    assert "bad.csv, line 3: value 2 is 'x'; a number was expected" in gyeol(*fit, bad).mistake
    assert "--compare is for texts, but this file holds numbers" in gyeol(*fit, file, "--compare").mistake
    assert "--set tokenizer is not a setting of this task" in gyeol(*fit, file, "--set", "tokenizer=bpe").mistake
    assert (
        "line 1: the target is '느림'; a number was expected"
        in gyeol("fit", "regress", file, "--out", tmp_path / "n").mistake
    )
    assert "there is no file" in gyeol("fit", "series", "nothing.npz", "--out", tmp_path / "n").mistake
    assert "is for the task 'classify', not for 'series'" in gyeol("fit", "series", "nsmc", "--out", "n").mistake
    (tmp_path / "other.csv").write_text("없음,1,2,3\n")
    assert "line 1: the label '없음' did not occur" in gyeol("evaluate", model, tmp_path / "other.csv").mistake
    assert "--input is for texts" in gyeol("evaluate", model, file, "--input", 1).mistake
    assert "--input is for texts" in gyeol("predict", model, "--file", file, "--input", 1).mistake
    assert "text 1: value 1 is '좋아요'" in gyeol("predict", model, "좋아요").mistake
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04 and no more")
    assert "is not a whole .npz file" in gyeol(*fit, tmp_path / "a.npz").mistake
    np.savez(tmp_path / "b.npz", X=np.array([1, "a"], dtype=object), y=np.ones(2))
    assert "holds Python objects" in gyeol(*fit, tmp_path / "b.npz").mistake
    assert not (tmp_path / "n").exists()


def test_sets_that_are_made(gyeol: Run, tmp_path: Path) -> None:
    assert {"sines", "adding", "digits"} < set(gyeol("data", "list", "--json").object["made"])
    made = gyeol("data", "make", "sines", "--out", tmp_path / "a.csv", "--count", 40, "--length", 20)
    assert "40 examples; next: gyeol fit classify " in made.out
    assert gyeol("fit", "classify", tmp_path / "a.csv", "--out", tmp_path / "m", *SMALL, "-q").status == 0
    assert (
        "2 channels; name a .jsonl or .npz file" in gyeol("data", "make", "adding", "--out", tmp_path / "b.csv").mistake
    )


def test_a_row_that_is_no_sequence_costs_itself_only(gyeol: Run, model: Path, file: Path, tmp_path: Path) -> None:
    lines = file.read_text("utf-8").splitlines()[:6]
    lines[2] = "빠름,1.0,좋아요,2.0"
    lines[4] = "느림,nan,,"
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n", "utf-8")
    asked = gyeol("predict", model, "--file", tmp_path / "a.csv")
    assert asked.status == 0
    rows = [line.split("\t") for line in asked.out.splitlines()[1:]]
    assert [row[0] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert [row[1] == "" for row in rows] == [False, False, True, False, True, False]
    assert "a.csv: 2 row(s) without an answer, line 3, 5: value" in asked.err
    left = gyeol("predict", model, "--file", tmp_path / "a.csv", "--skip-bad-rows").out.splitlines()
    assert [line.split("\t")[0] for line in left[1:]] == ["1", "2", "4", "6"]
    assert "a.csv, line 3: value" in gyeol("predict", model, "--file", tmp_path / "a.csv", "--strict").mistake
    (tmp_path / "a.jsonl").write_text('{"series": [1, 2]}\n{"series": "x"}\n{"series": [[1, 2], [3, 4]]}\n', "utf-8")
    told = gyeol("predict", model, "--file", tmp_path / "a.jsonl", "--json").object
    assert [one["label"] is None for one in told["predictions"]] == [False, True, True]


@pytest.mark.parametrize("line", ["nan", "좋아요", "[1, [2", '{"series": 3}'])
def test_a_pipe_of_sequences_survives_a_bad_line(gyeol: Run, model: Path, line: str) -> None:
    asked = gyeol("predict", model, stdin=f"1 2 3\n{line}\n3 2 1\n".encode())
    assert asked.status == 0
    assert [row.split("\t")[1] != "" for row in asked.out.splitlines()[1:]] == [True, False, True]
    assert asked.err.startswith("standard input, line 2: ")
    assert gyeol("predict", model, "--strict", stdin=f"1 2 3\n{line}\n".encode()).status == 2
