"""`gyeol predict`, `evaluate` and `info`: answers in every form, in bounded memory, and one line for a mistake."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol.kernels.precision.choices import Choices, Subject, using

from ..conftest import ROWS, Result, Run, table_of

# Texts.


def test_texts_are_answered_in_their_order(gyeol: Run, model: Path) -> None:
    asked = gyeol("predict", model, "정말 싫어요", "정말 좋아요")
    assert [line.split()[0] for line in asked.out.splitlines()] == ["부정", "긍정"]
    assert asked.err == ""
    both = gyeol("predict", model, "정말 좋아요", "--top", 2).out
    assert both.startswith("긍정 0.")
    assert "부정 0." in both


def test_texts_as_json(gyeol: Run, model: Path) -> None:
    answer = gyeol("predict", model, "정말 좋아요", "돈이 아깝다", "--json").object
    assert [p["label"] for p in answer["predictions"]] == ["긍정", "부정"]
    first = answer["predictions"][0]
    assert first["text"] == "정말 좋아요"
    assert sum(first["probabilities"].values()) == pytest.approx(1)
    assert first["probability"] == first["probabilities"]["긍정"] == max(first["probabilities"].values())
    one = gyeol("predict", model, "정말 좋아요", "--json", "--top", 1).object["predictions"][0]
    assert list(one["probabilities"]) == ["긍정"]


def test_a_text_of_50_000_characters_is_cut_and_said_so(gyeol: Run, model: Path) -> None:
    asked = gyeol("predict", model, "정말 좋아요 " * 8000)
    assert asked.status == 0
    assert "text 1 has " in asked.err
    assert "shortened in the middle to 1,000 (max_length)" in asked.err
    assert len(asked.out) < 400


def test_texts_that_do_not_serve(gyeol: Run, model: Path) -> None:
    assert "text 1 is empty" in gyeol("predict", model, "").mistake
    assert "text 2 is empty" in gyeol("predict", model, "a", " \n").mistake
    assert "text 1 is not in the encoding of the terminal" in gyeol("predict", model, "\udcff").mistake
    assert "not both" in gyeol("predict", model, "a", "--file", "b.tsv").mistake
    assert "--out needs --file" in gyeol("predict", model, "a", "--out", "b.tsv").mistake
    assert "--input needs --file" in gyeol("predict", model, "a", "--input", "text").mistake
    assert "Invalid value for '--threads'" in gyeol("predict", model, "a", "--threads", 0).mistake
    assert "--top" in gyeol("predict", model, "a", "--top", 0).mistake


# Standard input.


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_piped_lines_in_any_encoding(gyeol: Run, model: Path, encoding: str) -> None:
    text = "정말 좋아요\r\n\n돈이 아깝다"
    asked = gyeol("predict", model, stdin=text.encode(encoding))
    rows = [line.split("\t") for line in asked.out.splitlines()]
    assert rows[0] == ["line", "label", "probability", "text"]
    assert [(r[0], r[1], r[-1]) for r in rows[1:]] == [
        ("1", "긍정", "정말 좋아요"),
        ("2", "", ""),
        ("3", "부정", "돈이 아깝다"),
    ]
    assert "standard input: 1 row(s) without an answer, line 2: the text is empty" in asked.err
    answer = gyeol("predict", model, "--json", stdin=text.encode(encoding)).object
    assert [p["label"] for p in answer["predictions"]] == ["긍정", None, "부정"]
    assert (answer["count"], answer["without_answer"]) == (2, 1)


def test_what_is_piped_and_no_text(gyeol: Run, model: Path) -> None:
    assert "standard input holds no text" in gyeol("predict", model).mistake
    assert "--input needs --file" in gyeol("predict", model, "--input", "text", stdin=b"a").mistake


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("싫다".encode("cp949"), "not UTF-8 (mixed encodings?)"),
        (b"a\0b", "a NUL byte"),
        (b"x" * 1_000_001, "the text has 1,000,001 characters"),
    ],
)
def test_a_live_pipe_survives_a_bad_line(gyeol: Run, model: Path, line: bytes, reason: str) -> None:
    piped = "정말 좋아요\n".encode() + line + "\n돈이 아깝다\n".encode()
    asked = gyeol("predict", model, stdin=piped)
    assert asked.status == 0
    assert [row.split("\t")[:2] for row in asked.out.splitlines()[1:]] == [["1", "긍정"], ["2", ""], ["3", "부정"]]
    assert f"standard input, line 2: {reason}" in asked.err.splitlines()[0]
    told = gyeol("predict", model, "--json", stdin=piped).object
    assert [one["label"] for one in told["predictions"]] == ["긍정", None, "부정"]
    assert told["predictions"][1]["error"].startswith(reason)
    left = gyeol("predict", model, "--skip-bad-rows", stdin=piped)
    assert (left.status, len(left.out.splitlines())) == (0, 3)
    assert "1 row(s) skipped" in left.err
    stopped = gyeol("predict", model, "--strict", stdin=piped)
    assert stopped.status == 2
    assert f"standard input, line 2: {reason}" in stopped.err


# Files.


def predictions(result: Result) -> list[tuple[int, str]]:
    return [(p["line"], p["label"]) for p in result.object["predictions"]]


def test_a_file_in_every_form(gyeol: Run, model: Path, reviews: Path, tmp_path: Path) -> None:
    expected = [(i, label) for i, (_, label) in enumerate(ROWS, start=2)]
    assert predictions(gyeol("predict", model, "--file", reviews, "--json")) == expected
    printed = gyeol("predict", model, "--file", reviews).out.splitlines()
    assert printed[0] == "line\tlabel\tprobability\tfile_label\ttext"
    assert [(int(r[0]), r[1]) for r in (line.split("\t") for line in printed[1:])] == expected
    for name in ("a.tsv", "a.csv", "a.jsonl", "a.json", "a"):
        done = gyeol("predict", model, "--file", reviews, "--out", tmp_path / "new" / name)
        assert (done.status, done.out) == (0, "")
        assert "40 answers" in done.err
    folder = tmp_path / "new"
    assert (
        (folder / "a.tsv").read_text("utf-8").splitlines() == printed == (folder / "a").read_text("utf-8").splitlines()
    )
    with (folder / "a.csv").open(encoding="utf-8", newline="") as file:
        assert [(int(r["line"]), r["label"]) for r in csv.DictReader(file)] == expected
    lines = [json.loads(line) for line in (folder / "a.jsonl").read_text("utf-8").splitlines()]
    assert [(r["line"], r["label"]) for r in lines] == expected
    whole = json.loads((folder / "a.json").read_text("utf-8"))
    assert whole["predictions"] == lines
    summary = gyeol("predict", model, "-f", reviews, "-o", folder / "a.csv", "--json").object
    assert summary == {"model": str(model), "file": "films.tsv", "out": str(folder / "a.csv")} | {
        "count": 40,
        "without_answer": 0,
    }


def test_top_and_texts_that_would_break_a_table(gyeol: Run, model: Path, tmp_path: Path) -> None:
    rows = [["review"], ["정말\t좋아요\n그래요"], ["\x1b[31m돈이, 아깝다"]]
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows(rows)
    (tmp_path / "a.csv").write_text(stream.getvalue(), encoding="utf-8")
    lines = gyeol("predict", model, "--file", tmp_path / "a.csv", "--top", 9).out.splitlines()
    assert lines[0].split("\t") == ["line", "label", "probability", "label_2", "probability_2", "text"]
    assert [line.split("\t")[-1] for line in lines[1:]] == ["정말 좋아요 그래요", " [31m돈이, 아깝다"]
    gyeol("predict", model, "--file", tmp_path / "a.csv", "--out", tmp_path / "b.csv")
    with (tmp_path / "b.csv").open(encoding="utf-8", newline="") as file:
        assert [r["text"] for r in csv.DictReader(file)] == [r[0] for r in rows[1:]]


def test_rows_without_a_text_keep_their_place(gyeol: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text":"정말 좋아요"}\n{"text":" "}\n[]\n{"text":"돈이 아깝다"}\n', "utf-8")
    asked = gyeol("predict", model, "--file", tmp_path / "a.jsonl", "--json")
    assert predictions(asked) == [(1, "긍정"), (2, None), (3, None), (4, "부정")]
    assert [p.get("error") for p in asked.object["predictions"]][1:3] == [
        "the text is empty",
        "a JSON list, not an object",
    ]
    assert "a.jsonl: 2 row(s) without an answer, line 2, 3: the text is empty" in asked.err


def test_files_that_do_not_serve_leave_no_half_an_answer(gyeol: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.tsv").write_bytes(b"text\nabc\0def\n")
    (tmp_path / "abc.tsv").write_text("a\tb\tc\nx y\tz w\tv\n")
    (tmp_path / "old.tsv").write_text("precious")
    for form in ([], ["--json"], ["--out", tmp_path / "old.tsv"]):
        assert "NUL byte" in gyeol("predict", model, "--file", tmp_path / "bad.tsv", *form).mistake
        assert "there is no file" in gyeol("predict", model, "--file", tmp_path / "no.tsv", *form).mistake
    question = gyeol("predict", model, "--file", tmp_path / "abc.tsv").mistake
    assert "which column is the text?" in question
    assert question.endswith("say --input COL")
    assert (
        "no column 'z'. Possible: 1, 2, 3"
        in gyeol("predict", model, "-f", tmp_path / "abc.tsv", "--input", "z").mistake
    )
    assert (tmp_path / "old.tsv").read_text() == "precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["abc.tsv", "bad.tsv", "old.tsv"]


def test_places_for_answers(gyeol: Run, model: Path, reviews: Path, tmp_path: Path) -> None:
    asked = ["predict", model, "--file", reviews, "--out"]
    assert "it is a folder; name a file" in gyeol(*asked, tmp_path).mistake
    assert "unknown file type '.parquet'" in gyeol(*asked, tmp_path / "a.parquet").mistake
    (tmp_path / "file").write_text("precious")
    assert "a part of this path is a file" in gyeol(*asked, tmp_path / "file" / "a.tsv").mistake
    assert (tmp_path / "file").read_text() == "precious"


def test_a_device_or_pipe_stays_what_it_is(gyeol: Run, model: Path, reviews: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    assert gyeol("predict", model, "--file", reviews, "--out", pipe).status == 0
    reader.join(20)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert read[0].count("\n") == 41


class Swift:
    """Stands for a model, so that memory is that of reading and writing."""

    task = "classify"
    classes_ = np.array(["긍정", "부정"])

    def predict_proba(self, texts: list[str]) -> Any:
        return np.tile([0.25, 0.75], (len(texts), 1))


def test_memory_stays_bounded(gyeol: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gyeol.cli.verbs import answer

    monkeypatch.setattr(answer, "load_model", lambda path, threads: Swift())
    count = 30_000
    (tmp_path / "a.txt").write_text("어떤 문장이 여기에 있고 조금 더 이어진다 " * 4 + "\n", encoding="utf-8")
    (tmp_path / "a.txt").write_text((tmp_path / "a.txt").read_text(encoding="utf-8") * count, encoding="utf-8")
    assert (tmp_path / "a.txt").stat().st_size > 6_000_000
    peaks = []
    for form in ("a.tsv", "a.json"):
        tracemalloc.start()
        try:
            assert gyeol("predict", "m", "--file", tmp_path / "a.txt", "--out", tmp_path / form).status == 0
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert max(peaks) < 35_000_000
    assert len(json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["predictions"]) == count


# Ends of pipes, in real processes.

GYEOL = [sys.executable, "-c", "from gyeol.cli.app import main; main()"]


def test_a_reader_that_leaves_is_no_failure(model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("정말 좋아요\n" * 20_000, encoding="utf-8")
    command = [*GYEOL, "predict", str(model), "--file", str(tmp_path / "a.txt")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == b"line\tlabel\tprobability\ttext\n"
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(60) == 0


def test_piped_lines_are_answered_as_they_come(model: Path) -> None:
    with subprocess.Popen(
        [*GYEOL, "predict", str(model)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        for n, text in enumerate(("정말 좋아요", "돈이 아깝다"), 1):
            running.stdin.write(f"{text}\n".encode())
            running.stdin.flush()
            if n == 1:
                running.stdout.readline()
            assert running.stdout.readline().decode().split("\t")[0] == str(n)
        running.stdin.close()
        assert running.wait(60) == 0


# Evaluation.


def test_evaluation(gyeol: Run, model: Path, reviews: Path, small_set: Path) -> None:
    answer = gyeol("evaluate", model, reviews, "--json").object
    assert {"accuracy", "macro_f1", "loss", "count", "confusion", "per_class", "data", "sha256"} < set(answer)
    assert answer["accuracy"] > 0.9
    assert gyeol("evaluate", model, "reviews", "--json").object["data"] == "reviews (test)"
    shown = gyeol("evaluate", model, reviews).out
    assert "on 40 texts of films.tsv" in shown
    assert "true \\ predicted" in shown


def test_data_that_does_not_serve_for_evaluation(gyeol: Run, model: Path, reviews: Path, tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text(table_of([*ROWS, ("그냥", "중립")]), encoding="utf-8")
    message = gyeol("evaluate", model, tmp_path / "a.tsv").mistake
    assert message.endswith("a.tsv, line 42: the label '중립' did not occur in training; known labels: 긍정, 부정")
    assert "did you mean 'label'?" in gyeol("evaluate", model, reviews, "--target", "lable").mistake
    assert "for the task 'forecast'" in gyeol("evaluate", model, "ett").mistake
    (tmp_path / "b.tsv").write_text(table_of(ROWS) + "모름\n", encoding="utf-8")
    assert "line 42: 1 field" in gyeol("evaluate", model, tmp_path / "b.tsv").mistake
    assert gyeol("evaluate", model, tmp_path / "b.tsv", "--skip-bad-rows", "--json").object["left_out"] == 1


# Models.


def test_info(gyeol: Run, model: Path) -> None:
    answer = gyeol("info", model, "--json").object
    assert answer["classes"] == ["긍정", "부정"]
    assert answer["settings"]["hidden_size"] == 8
    assert answer["about"]["data"] == "films.tsv"
    shown = gyeol("info", model).out
    for part in ("classify", "긍정, 부정", "hidden_size=8", "valid accuracy", "kernels here", "arithmetic"):
        assert part in shown


def test_info_without_a_model_is_about_the_machine(gyeol: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GYEOL_CACHE", str(tmp_path))
    with using(Choices()) as choices:
        assert gyeol("info", "--json").object["measured"] == []
        assert "has measured nothing here yet" in gyeol("info").out
        subject = Subject("lstm 8 to 16", "32 rows of 4 steps, forward", 2)
        assert choices._file.keep(str(subject), {"float32": 1.0, "bfloat16@amx": 0.5})
        answer = gyeol("info", "--json").object
        assert [found["choice"] for found in answer["measured"]] == ["bfloat16@amx"]
        assert Path(answer["measured_in"]).parent == tmp_path
        shown = gyeol("info").out
    for part in ("processor", "kernels", "instruction sets", f"{subject}  bfloat16 by amx", "2.00"):
        assert part in shown


def test_no_model(gyeol: Run, model: Path, tmp_path: Path) -> None:
    for verb in (["predict", "MODEL", "a"], ["info", "MODEL"], ["evaluate", "MODEL", "reviews"]):

        def mistake(path: Path, verb: list[str] = verb) -> str:
            return gyeol(*[path if part == "MODEL" else part for part in verb]).mistake

        assert "there is no model" in mistake(tmp_path / "m")
        assert "did you mean 'films'?" in mistake(model.parent / "film")
        (tmp_path / "file").write_text("")
        assert "is a file; a gyeol model is a folder" in mistake(tmp_path / "file")
        assert "config.json is missing" in mistake(tmp_path)


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json", "metrics.json", "history.jsonl"]
)
def test_a_model_with_a_file_missing_cut_or_foreign(gyeol: Run, model: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "m"
    shutil.copytree(model, copy)
    whole = (copy / name).read_bytes()
    (copy / name).unlink()
    assert f"{name} is missing" in gyeol("predict", copy, "a").mistake
    for content in (whole[:30], b"", b"{}", b"\x80\x04\x95cposix\nsystem\n"):
        (copy / name).write_bytes(content)
        assert name in gyeol("predict", copy, "a").mistake
    (copy / name).write_bytes(whole)
    assert gyeol("predict", copy, "a").status == 0


def test_models_of_another_time(gyeol: Run, model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "m"
    shutil.copytree(model, copy)
    config = json.loads((copy / "config.json").read_text(encoding="utf-8"))

    def mistake(**changed: Any) -> str:
        (copy / "config.json").write_text(json.dumps({**config, **changed}))
        return gyeol("info", copy).mistake

    assert "pip install -U gyeol" in mistake(format=2, gyeol="9.9")
    assert "'telepathy'" in mistake(task="telepathy")
    assert "unknown settings" in mistake(settings={**config["settings"], "magic": 1})
    assert "damaged" in mistake(extra=1)
