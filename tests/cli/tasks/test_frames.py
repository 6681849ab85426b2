"""`gyeol fit frames`, and `predict` and `evaluate` on its models."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gyeol.cli.tasks.frames import _clock

from ..conftest import Run

SMALL = [
    *("--set", "hidden_size=12", "--set", "epochs=12", "--set", "batch_size=4", "--set", "learning_rate=0.03"),
    *("--set", "bidirectional=false", "--threads", "1"),
]


def table(path: Path, sequences: int = 20) -> Path:
    random = np.random.default_rng(0)
    rows = ["run,time,x,state"]
    for number in range(sequences):
        now = "쉼"
        for step, mark in enumerate(np.where(random.random(10) < 0.3, random.choice([-1, 1], 10), 0)):
            now = now if mark == 0 else "감" if mark > 0 else "쉼"
            rows.append(f"r{number},{step},{mark},{now}")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return table(tmp_path_factory.mktemp("frames") / "steps.csv")


@pytest.fixture
def model(gyeol: Run, file: Path, tmp_path: Path) -> Path:
    done = gyeol("fit", "frames", file, "--input", "run", "--target", "state", "--out", tmp_path / "m", *SMALL, "-q")
    assert done.status == 0, done.err
    return tmp_path / "m"


def test_numbers(gyeol: Run, model: Path, file: Path, tmp_path: Path) -> None:
    figures = gyeol("evaluate", model, file, "--json").object
    assert (figures["count"], figures["sequences"]) == (200, 20)
    assert figures["accuracy"] > 0.95
    assert gyeol("evaluate", model, file).out.startswith("accuracy ")
    lines = gyeol("predict", model, "--file", file).out.splitlines()
    assert lines[0].split("\t") == ["clip", "start", "end", "label", "probability"]
    first = [line.split("\t") for line in lines[1:] if line.startswith("r0\t")]
    assert [int(row[1]) for row in first[1:]] == [int(row[2]) for row in first[:-1]]
    assert (first[0][1], first[-1][2]) == ("0", "10")
    steps = gyeol("predict", model, "--file", file, "--json").object["predictions"]
    assert len(steps) == 200
    assert steps[0].keys() == {"clip", "frame", "label", "probability"}
    assert sum(int(row.split("\t")[2]) - int(row.split("\t")[1]) for row in lines[1:]) == 200
    done = gyeol("predict", model, "--file", file, "--out", tmp_path / "a.jsonl")
    assert (done.out, done.status) == ("", 0)
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()]
    assert rows == steps
    assert gyeol("info", model, "--json").object["tokenizer"] == "none: steps are given"


def test_standard_input_is_answered_step_by_step(gyeol: Run, model: Path) -> None:
    lines = gyeol("predict", model, stdin=b"1\n0\n\n-1\n0\n").out.splitlines()
    assert [line.split("\t")[1:4] for line in lines[1:]] == [
        ["0", "1", "감"], ["1", "2", "감"], ["2", "3", "쉼"], ["3", "4", "쉼"],
    ]  # fmt: skip


def test_predictions_are_labels_again(gyeol: Run, model: Path, file: Path, tmp_path: Path) -> None:
    from gyeol.data.annotations.frame_labels import read_frame_labels

    assert gyeol("predict", model, "--file", file, "--out", tmp_path / "labels.csv").status == 0
    found = read_frame_labels(tmp_path / "labels.csv")
    assert len(found) == 20
    assert all(len(own.labels) == 10 for own in found.values())


def test_clips_without_video_files(gyeol: Run, tmp_path: Path) -> None:
    assert "clips" in gyeol("data", "list", "--json").object["built_in"]
    done = gyeol("data", "make", "clips", "--out", tmp_path / "c.npz", "--count", 6, "--length", 10, "--json")
    assert done.object == {"name": "clips", "out": str(tmp_path / "c.npz"), "count": 6, "seed": 0}
    quick = [*SMALL, "--set", "epochs=1", "--set", "image_size=16", "--set", "channels=4"]
    answer = gyeol("fit", "frames", tmp_path / "c.npz", "--out", tmp_path / "m", *quick, "--json").object
    assert answer["task"] == "frames"
    assert "gone" in answer["classes"]
    assert len(gyeol("predict", tmp_path / "m", "--file", tmp_path / "c.npz").out.splitlines()) > 6


def test_video_files(gyeol: Run, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="PyAV is not installed: pip install 'gyeol[video]'")
    assert (
        "6 clips with a label a frame"
        in gyeol("data", "make", "clips", "--out", tmp_path / "c", "--count", 6, "--length", 10).out
    )
    quick = [*SMALL, "--set", "epochs=1", "--set", "image_size=16", "--set", "channels=4"]
    assert gyeol("fit", "frames", tmp_path / "c", "--out", tmp_path / "m", *quick, "-q").status == 0
    lines = gyeol("predict", tmp_path / "m", tmp_path / "c" / "00001.mp4").out.splitlines()
    assert lines[0].split("\t") == ["clip", "start", "end", "from", "to", "label", "probability"]
    assert lines[1].split("\t")[:4] == ["00001.mp4", "0", lines[1].split("\t")[2], "0:00.00"]
    steps = gyeol("predict", tmp_path / "m", "--file", tmp_path / "c" / "00001.mp4", "--json").object["predictions"]
    assert [step["time"] for step in steps] == [round(number / 12, 4) for number in range(len(steps))]
    labels = (tmp_path / "c" / "labels.csv").read_text(encoding="utf-8").splitlines()
    longer = labels[-1].split(",")
    longer[2] = str(int(longer[2]) + 1)
    (tmp_path / "c" / "labels.csv").write_text("\n".join([*labels[:-1], ",".join(longer)]), encoding="utf-8")
    mistake = gyeol("fit", "frames", tmp_path / "c", "--out", tmp_path / "n", *quick, "-q").mistake
    assert (
        f"labels.csv, line {len(labels)}: 00006.mp4 has {int(longer[2]) - 1} frames and {longer[2]} labels" in mistake
    )


def test_labels_in_seconds_are_told(gyeol: Run, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="PyAV is not installed: pip install 'gyeol[video]'")
    gyeol("data", "make", "clips", "--out", tmp_path / "c", "--count", 4, "--length", 12)
    rows = [line.split(",") for line in (tmp_path / "c" / "labels.csv").read_text("utf-8").splitlines()]
    header, *rows = rows
    at = [header.index(name) for name in ("start", "end")]
    for row in rows:
        for column in at:
            row[column] = f"{int(row[column]) / 12:.3f}"
    quick = [*SMALL, "--set", "epochs=1", "--set", "image_size=16", "--set", "channels=4"]
    answers = []
    for number in range(2):
        result = gyeol("fit", "frames", tmp_path / "c", "--out", tmp_path / f"m{number}", *quick, "--json")
        told = "labels.csv: start and end are seconds, at 12 frames a second\n"
        assert (told in result.err) is bool(number)
        answers.append({k: v for k, v in result.object.items() if k in ("loss", "accuracy", "classes")})
        (tmp_path / "c" / "labels.csv").write_text("\n".join(map(",".join, [header, *rows])), "utf-8")
    assert answers[0] == answers[1]


def test_mistakes(gyeol: Run, model: Path, file: Path, tmp_path: Path) -> None:
    assert "--top is for models of 'fit classify', " in gyeol("predict", model, "--file", file, "--top", 2).mistake
    assert "there is no file" in gyeol("fit", "frames", "none.mp4", "--out", tmp_path / "n").mistake
    (tmp_path / "e.mp4").write_bytes(b"")
    assert "e.mp4 is empty; a video was expected" in gyeol("predict", model, tmp_path / "e.mp4").mistake
    (tmp_path / "a.mp4").write_bytes(b"a")
    assert "a.mp4 has no labels" in gyeol("fit", "frames", tmp_path / "a.mp4", "--out", tmp_path / "n").mistake
    rows = file.read_text(encoding="utf-8").splitlines()
    rows[11] = "r1,0,x,감"
    (tmp_path / "b.csv").write_text("\n".join(rows), encoding="utf-8")
    assert "line 12: 'x' in column 'x' is not a number" in gyeol("predict", model, "--file", tmp_path / "b.csv").mistake
    (tmp_path / "c.csv").write_text("run,time,x,state\na,0,1,감\na,1,1,없음\n", encoding="utf-8")
    assert "c.csv, line 3: the label '없음' did not occur" in gyeol("evaluate", model, tmp_path / "c.csv").mistake
    assert not (tmp_path / "n").exists()


def test_times() -> None:
    assert [_clock(seconds) for seconds in (0, 59.999, 61.5, 3600)] == ["0:00.00", "1:00.00", "1:01.50", "60:00.00"]


@pytest.mark.parametrize("line", ["아", "1 2 3", "nan"])
def test_a_pipe_of_steps_survives_a_bad_line(gyeol: Run, model: Path, line: str) -> None:
    whole = gyeol("predict", model, stdin=b"1\n0\n-1\n").out.splitlines()
    asked = gyeol("predict", model, stdin=f"1\n{line}\n0\n-1\n".encode())
    assert asked.status == 0
    lines = asked.out.splitlines()
    assert lines[2] == "\t\t\t\t"
    assert [*lines[:2], *lines[3:]] == whole  # it has changed nothing for those after it
    assert "standard input, line 2: " in asked.err
    told = gyeol("predict", model, "--json", stdin=f"1\n{line}\n0\n".encode()).object
    assert [one["label"] is None for one in told["predictions"]] == [False, True, False]


def test_one_clip_of_several_that_cannot_be_read(gyeol: Run, model: Path, file: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("run,time,x,state\na,0,x,감\n", encoding="utf-8")
    asked = gyeol("predict", model, file, tmp_path / "bad.csv", file, "--json")
    assert asked.status == 0
    assert sum(one["label"] != "" for one in asked.object["predictions"]) == 400
    assert "bad.csv, line 2: 'x' in column 'x' is not a number" in asked.err
    assert gyeol("predict", model, file, tmp_path / "bad.csv", "--strict").status == 2
