"""`gyeol fit classify`: every kind of file, every kind of mistake, Ctrl-C and going on."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ..conftest import ROWS, TINY, Run, table_of


def digest(model: Path) -> str:
    return hashlib.sha256((model / "model.safetensors").read_bytes()).hexdigest()


def left(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def as_csv(rows: list[tuple[str, str]]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([("review", "label"), *rows])
    return stream.getvalue()


# What people have.


@pytest.mark.parametrize(
    ("name", "content", "encoding"),
    [
        ("a.csv", as_csv(ROWS), "utf-8"),
        ("a.csv", as_csv(ROWS), "utf-8-sig"),
        ("a.csv", as_csv(ROWS), "cp949"),
        ("a.tsv", table_of(ROWS), "utf-16"),
        ("a.txt", "".join(f"{i}\t{t}\t{y}\n" for i, (t, y) in enumerate([("document", "label"), *ROWS])), "utf-8"),
        ("a.jsonl", "".join(json.dumps({"id": 1, "text": t, "class": y}) + "\n" for t, y in ROWS), "utf-8"),
        ("a.parquet", "", ""),
    ],
)
def test_the_same_texts_in_any_file_give_the_same_weights(
    gyeol: Run, tmp_path: Path, model: Path, name: str, content: str, encoding: str
) -> None:
    if encoding:
        (tmp_path / name).write_bytes(content.encode(encoding))
    else:
        pl.DataFrame(ROWS, schema=["text", "label"], orient="row").write_parquet(tmp_path / name)
    done = gyeol("fit", "classify", tmp_path / name, "--out", tmp_path / "m", *TINY)
    assert done.status == 0, done.err
    assert "saved: " in done.out
    assert f"{name}: 40 texts, 2 classes" in done.err
    assert done.err.count("epoch ") == 8
    assert digest(tmp_path / "m") == digest(model)
    assert left(tmp_path) == sorted([name, "m"])


def test_english_and_json(gyeol: Run, tmp_path: Path) -> None:
    rows = [(f"a {word} film, number {i}", word) for i in range(12) for word in ("good", "bad")]
    (tmp_path / "en.tsv").write_text(table_of(rows))
    answer = gyeol("fit", "classify", tmp_path / "en.tsv", "-o", tmp_path / "m", *TINY, "--json").object
    assert answer["classes"] == ["bad", "good"]
    assert {"model", "task", "accuracy", "epoch", "epochs", "stopped", "seconds", "weights"} < set(answer)
    assert gyeol("info", tmp_path / "m", "--json").object["tokenizer"] == "bpe"


def test_a_set_by_name_brings_its_validation_part(gyeol: Run, tmp_path: Path, small_set: Path) -> None:
    done = gyeol("fit", "classify", "reviews", "--out", tmp_path / "m", *TINY)
    assert done.status == 0, done.err
    assert "reviews (train): 40 texts" in done.err
    assert gyeol("info", tmp_path / "m", "--json").object["about"]["validation"] == "given"


def test_compare_and_features(gyeol: Run, tmp_path: Path, reviews: Path) -> None:
    answer = gyeol("fit", "classify", reviews, "-o", tmp_path / "m", *TINY, "--compare", "--json").object
    assert answer["baseline"]["features"] == "tfidf"
    shown = gyeol("fit", "classify", reviews, "-o", tmp_path / "m", *TINY, "--compare", "-q").out
    assert "tfidf baseline" in shown
    bag = gyeol("fit", "classify", reviews, "-o", tmp_path / "b", *TINY, "--features", "bow", "-q").out
    assert bag.splitlines()[1].startswith("bow")


def test_a_seed_decides_the_weights(gyeol: Run, tmp_path: Path, reviews: Path, model: Path) -> None:
    for name, seed in (("a", 0), ("b", 1), ("c", 1)):
        assert gyeol("fit", "classify", reviews, "-o", tmp_path / name, *TINY, "-q", "--seed", seed).status == 0
    assert digest(tmp_path / "a") == digest(model)
    assert digest(tmp_path / "b") == digest(tmp_path / "c") != digest(model)


def test_a_time_limit_stops(gyeol: Run, tmp_path: Path, reviews: Path) -> None:
    given = ["fit", "classify", reviews, "-o", tmp_path / "m", *TINY, "--set", "epochs=9999", "--set", "patience=9999"]
    answer = gyeol(*given, "--time-limit", "0.3s", "--json").object
    assert answer["stopped"] == "time limit"
    assert answer["seconds"] < 20
    assert "stopped by the time limit" in gyeol(*given, "--time-limit", "0.2", "-q").out


def test_settings_from_a_file_go_under_those_of_the_line(gyeol: Run, tmp_path: Path, reviews: Path) -> None:
    (tmp_path / "run.toml").write_text('cell = "gru"\nhidden_size = 4\n')
    gyeol("fit", "classify", reviews, "-o", tmp_path / "m", "--config", tmp_path / "run.toml", *TINY, "--seed", 7)
    settings = gyeol("info", tmp_path / "m", "--json").object["settings"]
    assert (settings["cell"], settings["hidden_size"], settings["random_state"]) == ("gru", 8, 7)


def test_settings_are_listed(gyeol: Run) -> None:
    listed = gyeol("fit", "classify", "--settings")
    assert listed.status == 0
    assert "hidden_size          128" in listed.out


# Mistakes: one line, status 2, nothing left behind.

OK = table_of(ROWS)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.tsv", "", "is empty"),
        ("a.tsv", " \n\n", "nothing but white space"),
        ("a.tsv", table_of([(t, "긍정") for t, _ in ROWS]), "one class only, '긍정'"),
        ("a.tsv", table_of([(t, t) for t, _ in ROWS]), "is this the column of the labels?"),
        ("a.tsv", OK + "모름\t \n", "a.tsv, line 42: the label is missing; fix it, or pass --skip-bad-rows"),
        ("a.tsv", OK + "모름\n", "a.tsv, line 42: 1 field where 2 were expected (text, label)"),
        ("a.tsv", OK + "모\t름\t긍정\n", "a.tsv, line 42: 3 fields where 2 were expected"),
        ("a.tsv", OK + "\t긍정\n", "a.tsv, line 42: the text is empty, as in 1 of 41 rows"),
        ("a.tsv", bytes(range(256)) * 20, "not a text file"),
        ("a.csv", b"\x89PNG\r\n\x1a\n\0\0", "PNG picture"),
        ("a.csv", b"PK\x03\x04\x14\x00", "zip or Excel"),
        ("a.tsv", OK.encode() + "좋다\t긍정\n".encode("cp949"), "line 42: not UTF-8"),
        ("a.jsonl", '{"text":"a","label":"1"}\n{"text":\n', "line 2: not JSON"),
        ("a.txt", "하나\n둘\n", "plain lines of text"),
        ("a.xlsx", "x", "the ending '.xlsx'"),
        ("a.tsv", "a\tb\tc\nx y\tz w\tv\n", "say --input COL --target COL"),
    ],
)
def test_files_that_do_not_serve(gyeol: Run, tmp_path: Path, name: str, content: str | bytes, expected: str) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    assert expected in gyeol("fit", "classify", path, "--out", tmp_path / "m", *TINY, "-q").mistake
    assert left(tmp_path) == [name]


def test_bad_rows_are_left_out_on_request(gyeol: Run, tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text(OK + "모름\nx\t\n \t긍정\n", encoding="utf-8")
    done = gyeol("fit", "classify", tmp_path / "a.tsv", "--out", tmp_path / "m", *TINY, "-q", "--skip-bad-rows")
    assert done.status == 0
    told = done.err.partition("a.tsv: 3 row(s) left out, ")[2].splitlines()[0].split("; ")
    assert told[0].startswith("line 42: 1 field where 2 were expected")
    assert told[1:] == ["line 43: the label is missing", "line 44: the text is empty"]


def test_what_is_odd_but_serves(gyeol: Run, tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text(OK + "가" * 50_000 + "\t중립\n", encoding="utf-8")
    done = gyeol("fit", "classify", tmp_path / "a.tsv", "--out", tmp_path / "m", *TINY)
    assert done.status == 0
    assert "a.tsv: only one example of '중립' (line 42); is the label correct?" in done.err


def test_names_that_are_not_there(gyeol: Run, tmp_path: Path, reviews: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def mistake(*given: object) -> str:
        return gyeol("fit", "classify", *given, "--out", "m", "-q").mistake

    assert "there is no file" in mistake(tmp_path / "film.tsv")
    assert "did you mean 'films.tsv'" in mistake(reviews.parent / "film.tsv")
    assert "is a folder" in mistake(reviews.parent)
    assert "did you mean 'nsmc'?" in mistake("nsnc")
    assert "for the task 'language', not for 'classify'; suitable ones: reviews, nsmc" in mistake("ptb")
    assert "no column 'txt'; did you mean 'text'? Possible: text, label" in mistake(reviews, "--input", "txt")
    assert "no column 'y'. Possible: text, label" in mistake(reviews, "--target", "y")
    assert "text and the label at once" in mistake(reviews, "--input", "text", "--target", "text")
    (tmp_path / "v.tsv").write_text(table_of([("그냥", "중립")]), encoding="utf-8")
    assert "v.tsv, line 2: the label '중립' does not occur" in mistake(reviews, "--valid", tmp_path / "v.tsv")
    assert "there is no file" in mistake(reviews, "--valid", "w.tsv")
    assert left(tmp_path) == ["v.tsv"]


def test_all_wrong_settings_are_told_at_once(gyeol: Run, tmp_path: Path, reviews: Path) -> None:
    (tmp_path / "run.toml").write_text("dropuot = 1\n")
    command = ["fit", "classify", reviews, "-o", tmp_path / "m"]
    names = ["--set", "hiden_size=3", "--set", "cell=lstn", "--set", "foo", "--config", tmp_path / "run.toml"]
    message = gyeol(*command, *names, "--time-limit", "soon").mistake  # what can be told without PyTorch
    for part in (
        "--set hiden_size is not a setting of this task; did you mean 'hidden_size'?",
        "run.toml: dropuot is not a setting of this task; did you mean 'dropout'?",
        "--set 'foo' has no '='",
        "--time-limit 'soon' is not a duration; write 90 (seconds), 10m or 1h30m",
        "'gyeol fit classify --settings' lists the settings",
    ):
        assert part in message
    values = ["--set", "cell=lstn", "--set", "dropout=2", "--set", "epochs=x", "--features", "bows"]
    message = gyeol(*command, *values).mistake
    for part in (
        "cell='lstn' is not known; did you mean 'lstm'?",
        "dropout=2 must be a number",
        "epochs='x' must be a whole number",
        "features='bows' is not known; did you mean 'bow'?",
    ):
        assert part in message


@pytest.mark.parametrize("toml", ["hidden_size =", b"\xff", None])
def test_settings_files_that_do_not_serve(gyeol: Run, tmp_path: Path, reviews: Path, toml: Any) -> None:
    if toml is not None:
        (tmp_path / "run.toml").write_bytes(toml.encode() if isinstance(toml, str) else toml)
    given = ["--config", tmp_path / "run.toml"]
    assert "run.toml" in gyeol("fit", "classify", reviews, "-o", tmp_path / "m", *given).mistake


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("0.5h", 1800), ("1m30", 90)]
)
def test_times(text: str, seconds: float) -> None:
    from gyeol.cli.options.settings import seconds as read

    assert read(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "s", "1.2.3", "5 minutes", "9" * 400])
def test_no_times(text: str) -> None:
    from gyeol import ParameterError
    from gyeol.cli.options.settings import seconds

    with pytest.raises(ParameterError, match="is not a duration; write 90 "):
        seconds(text)


# Places.


def test_places_for_a_model(gyeol: Run, tmp_path: Path, reviews: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("precious")
    (tmp_path / "things").mkdir()
    (tmp_path / "things" / "a").write_text("precious")
    (tmp_path / "m.checkpoint").mkdir()
    (tmp_path / "m.checkpoint" / "a").write_text("precious")
    for out, expected in {
        "file": "is a file; a model is a folder",
        "things": "folder with other things in it",
        "file/m": "a part of this path is a file",
        "m": "holds other files",
        ".": "is not the name of a folder",
        "": "is not the name of a folder",
    }.items():
        assert expected in gyeol("fit", "classify", reviews, "--out", out, *TINY, "-q").mistake
    assert {(tmp_path / p).read_text() for p in ("file", "things/a", "m.checkpoint/a")} == {"precious"}
    assert left(tmp_path) == ["file", "m.checkpoint", "things"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind the superuser")
def test_a_place_that_may_not_be_written_to(gyeol: Run, tmp_path: Path, reviews: Path) -> None:
    tmp_path.chmod(0o500)
    assert "may not be written to" in gyeol("fit", "classify", reviews, "--out", tmp_path / "m", *TINY).mistake


def test_a_full_disk_loses_nothing(
    gyeol: Run, tmp_path: Path, reviews: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gyeol.tasks import storage

    def full(path: Path, tensors: Any) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    command = ["fit", "classify", reviews, "--out", tmp_path / "m", *TINY, "-q"]
    assert gyeol(*command, "--seed", 5).status == 0
    before = digest(tmp_path / "m")
    with monkeypatch.context() as patch:
        patch.setattr(storage, "write_tensors", full)
        message = gyeol(*command).mistake
    assert "the disk is full" in message
    assert "the same command with --resume" in message
    assert digest(tmp_path / "m") == before
    assert left(tmp_path) == ["m", "m.checkpoint"]
    done = gyeol(*command, "--resume")
    assert done.status == 0
    assert f"was renamed to {tmp_path / 'm.1'}" in done.err
    assert digest(tmp_path / "m") == digest(model)
    assert digest(tmp_path / "m.1") == before
    assert left(tmp_path) == ["m", "m.1"]
    assert "nothing to resume" in gyeol(*command, "--resume").mistake


# Ctrl-C, in a real process.


def process(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from gyeol.cli.app import main; main()", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.exact_start
def test_interrupted_and_taken_up_again_to_the_same_bits(gyeol: Run, tmp_path: Path, reviews: Path) -> None:
    given = ["fit", "classify", reviews, *TINY, "--set", "epochs=60", "--set", "patience=999"]
    with process(*given, "--out", tmp_path / "a") as running:
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith("epoch  3"):
                break
        running.send_signal(signal.SIGINT)
        rest = running.stderr.read()
        assert running.wait(60) == 130, rest
    assert "interrupted; the best model so far is saved" in rest
    assert "Traceback" not in rest
    assert left(tmp_path) == ["a", "a.checkpoint"]
    assert gyeol("predict", tmp_path / "a", "정말 좋아요").status == 0
    other = gyeol(*given, "--set", "dropout=0.1", "--out", tmp_path / "a", "--resume", "-q").mistake
    assert "belongs to another training: dropout (was 0.4, is 0.1)" in other
    resumed = gyeol(*given, "--out", tmp_path / "a", "--resume", "--json", "-q").object
    whole = gyeol(*given, "--out", tmp_path / "b", "--json", "-q").object
    assert resumed["epochs"] == whole["epochs"] == 60
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert left(tmp_path) == ["a", "b"]


def test_training_anew_says_what_it_replaces(gyeol: Run, tmp_path: Path, reviews: Path) -> None:
    (tmp_path / "m.checkpoint").mkdir()
    (tmp_path / "m.checkpoint" / "state.json").write_text("{}")
    command = ["fit", "classify", reviews, "--out", tmp_path / "m", *TINY, "-q"]
    assert "the checkpoint" in gyeol(*command, "--resume").mistake
    assert "--resume continues it" in gyeol(*command).err
    assert left(tmp_path) == ["m"]


def test_the_header_is_judged_or_said(gyeol: Run, tmp_path: Path) -> None:
    rows = [f"{n}번째로 본 이 영화는 참 {w},{y}" for n in range(20) for w, y in (("좋다", "긍정"), ("나쁘다", "부정"))]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["그저 그런 영화였다고 생각한다,중립", *rows]), "utf-8")
    command = ["fit", "classify", path, "--out", tmp_path / "m", *TINY, "-q", "--json"]
    assert gyeol(*command).object["classes"] == ["긍정", "부정", "중립"]
    assert gyeol(*command, "--header").object["classes"] == ["긍정", "부정"]
    path.write_text("\n".join(["한줄평,만족도", *rows]), "utf-16")
    done = gyeol(*command)
    assert done.object["classes"] == ["긍정", "부정"]
    assert "a.csv: first row taken as the header (한줄평, 만족도); --no-header reads it as data" in done.err
    assert gyeol(*command, "--no-header").object["classes"] == ["긍정", "만족도", "부정"]


def test_labels_and_columns_in_either_form(gyeol: Run, tmp_path: Path) -> None:
    """Half of a file's labels, its header and its name are decomposed, as macOS writes them."""
    path = tmp_path / unicodedata.normalize("NFD", "감상.csv")
    forms = ("NFC", "NFD")
    both = (("좋다", "긍정"), ("나쁘다", "부정"))
    rows = [f"{w} {n},{unicodedata.normalize(forms[n % 2], y)}" for n in range(20) for w, y in both]
    path.write_text("\n".join([unicodedata.normalize("NFD", "감상,판정"), *rows]), "utf-8")
    given = [tmp_path / "감상.csv", "--input", "감상", "--target", "판정"]
    done = gyeol("fit", "classify", *given, "--valid", path, "--out", tmp_path / "m", *TINY, "-q", "--json")
    assert done.object["classes"] == ["긍정", "부정"]
    assert gyeol("evaluate", tmp_path / "m", *given, "--json").object["count"] == 40


def test_a_stray_quote_is_told_and_costs_one_row(gyeol: Run, tmp_path: Path) -> None:
    rows = [f"{w} {n},{y}" for n in range(20) for w, y in (("좋다", 1), ("나쁘다", 0))]
    rows[9], rows[13] = '"최고의 영화라는 말밖에,1', '별로다" 라고 하더라,0'
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["text,label", *rows]), "utf-8")
    command = ["fit", "classify", path, "--out", tmp_path / "m", *TINY, "-q", "--json"]
    assert "a.csv, line 11: a quote opened here is closed in line 15 with text after it" in gyeol(*command).mistake
    done = gyeol(*command, "--skip-bad-rows")
    assert "a.csv: 1 row(s) left out, line 11: a quote opened here" in done.err
