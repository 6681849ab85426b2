"""`gyeol fit tag`, `evaluate`, `predict` of taggers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ..conftest import Run

SMALL = [
    *("--set", "hidden_size=16"), *("--set", "embedding_size=8"), *("--set", "character_size=6"), *("--threads", "1"),
    *("--set", "learning_rate=0.03"), *("--set", "batch_size=6"), *("--set", "epochs=6"), "--json",
]  # fmt: skip
ROWS = [
    (f"{person}는 {city}시 {verb}", "B-PS B-LC O")
    for person in ("민수", "영희", "철수") for city in ("서울", "부산", "대전") for verb in ("갔다", "왔다")
]  # fmt: skip


def written(path: Path, rows: list[tuple[str, str]], extra: bool = False) -> Path:
    blocks = []
    for text, tags in rows:
        lines = zip(text.split(), tags.split(), strict=True)
        between = "\tP\t" if extra else "\t"
        blocks.append("\n".join(f"{word}{between}{tag}" for word, tag in lines))
    path.write_text("\n\n".join(blocks) + "\n", "utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "train.conll", ROWS * 3)


@pytest.fixture
def model(gyeol: Run, file: Path, tmp_path: Path) -> Path:
    answer = gyeol("fit", "tag", file, "--out", tmp_path / "m", *SMALL).object
    assert answer["task"] == "tag"
    assert answer["f1"] > 0.9
    return tmp_path / "m"


def test_from_a_file_to_answers(gyeol: Run, model: Path, file: Path, tmp_path: Path) -> None:
    assert gyeol("predict", model, "영희는 부산시 왔다").out == "영희는\tB-PS\n부산시\tB-LC\n왔다\tO\n\n"
    told = gyeol("predict", model, "영희는 부산시 왔다", "--json").object["predictions"][0]
    assert told["tags"] == ["B-PS", "B-LC", "O"]
    assert told["spans"][0] == {"start": 0, "end": 1, "kind": "PS", "tokens": ["영희는"]}
    assert gyeol("predict", model, stdin="민수는 서울시\n\n철수는\n".encode()).out.count("\n\n") == 2
    figures = gyeol("evaluate", model, file, "--json").object
    assert figures["f1"] > 0.9
    assert set(figures["per_kind"]) == {"PS", "LC"}
    shown = gyeol("evaluate", model, file).out
    assert shown.startswith("span F1")
    assert "LC" in shown
    assert gyeol("predict", model, "--file", file, "--out", tmp_path / "tagged.conll").status == 0
    assert (tmp_path / "tagged.conll").read_text("utf-8").count("\n\n") == len(ROWS) * 3
    again = gyeol("evaluate", model, tmp_path / "tagged.conll", "--json").object
    assert again["f1"] == 1.0  # what it wrote is what it says
    info = gyeol("info", model, "--json").object
    assert (info["task"], info["tokenizer"]) == ("tag", "none: tokens are given")


def test_words_that_tokens_are_parts_of_are_remembered(gyeol: Run, tmp_path: Path) -> None:
    file, model = tmp_path / "train.tsv", tmp_path / "m"
    rows = ["1\t가\tX\n1\t가\tY\n2\t가\tY\n2\t가\tY\n\n", "1\t가\tX\n2\t가\tX\n\n"]  # where it stands tells
    file.write_text("".join(rows) * 12, "utf-8")
    assert gyeol("fit", "tag", file, "--within", 1, "--out", model, *SMALL).status == 0
    assert gyeol("evaluate", model, file, "--json").object["tokens"] == 12 * 6
    assert gyeol("predict", model, "--file", file, "--json").status == 0
    file.write_text("가\tX\n", "utf-8")
    assert "--within '3' is no column" in gyeol("fit", "tag", file, "--within", 3, "--out", model, *SMALL).mistake


def test_columns_beside_the_tokens_are_remembered(gyeol: Run, tmp_path: Path) -> None:
    file = written(tmp_path / "train.tsv", ROWS, extra=True)
    assert gyeol("fit", "tag", file, "--beside", 2, "--out", tmp_path / "m", *SMALL).status == 0
    assert gyeol("evaluate", tmp_path / "m", file, "--json").object["tokens"] == 3 * len(ROWS)
    assert "give them in a file, with --file" in gyeol("predict", tmp_path / "m", "민수는").mistake
    assert gyeol("predict", tmp_path / "m", "--file", file, "--json").status == 0


def test_by_the_letter(gyeol: Run, tmp_path: Path) -> None:
    lines = [json.dumps({"tokens": text, "tags": text.translate({65: "H", 67: "C"})}) for text in ("ACCA", "CCA") * 9]
    (tmp_path / "p.jsonl").write_text("\n".join(lines))
    answer = gyeol("fit", "tag", tmp_path / "p.jsonl", "--out", tmp_path / "m", "--set", "head=linear", *SMALL).object
    assert "f1" not in answer
    assert gyeol("predict", tmp_path / "m", "AC").out == "A\tH\nC\tC\n\n"
    assert gyeol("evaluate", tmp_path / "m", tmp_path / "p.jsonl").out.startswith("accuracy 100.00 %")


def test_mistakes(gyeol: Run, model: Path, file: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.conll").write_text("a X\nb\n")
    fit = ("fit", "tag", "--out", tmp_path / "n")
    assert "line 2: 1 columns, and 2 in the other lines" in gyeol(*fit, tmp_path / "bad.conll").mistake
    assert "--target '9' is no column" in gyeol(*fit, file, "--target", 9).mistake
    assert "there is no file" in gyeol(*fit, "nothing.conll").mistake
    assert "--top is for models of 'fit classify', " in gyeol("predict", model, "a", "--top", 2).mistake
    assert "a text is empty" in gyeol("predict", model, " ").mistake
    assert "is a model of 'fit tag'" in gyeol("translate", model, "a").mistake
    assert "is for the task 'classify', not for 'tag'" in gyeol(*fit, "nsmc").mistake
    assert not (tmp_path / "n").exists()


def test_a_pipe_of_sentences_survives_a_bad_line(gyeol: Run, model: Path, tmp_path: Path) -> None:
    piped = "영희는 왔다\n".encode() + b"\xff\xfe\xff\n" + "민수는\n".encode()
    asked = gyeol("predict", model, stdin=piped)
    assert asked.status == 0
    assert asked.out.splitlines()[:4] == ["영희는\tB-PS", "왔다\tO", "", ""]
    assert "standard input, line 2: not UTF-8" in asked.err
    told = gyeol("predict", model, "--json", stdin=piped).object
    assert [(one["line"], len(one["tags"])) for one in told["predictions"]] == [(1, 2), (2, 0), (3, 1)]
    assert gyeol("predict", model, "--strict", stdin=piped).status == 2


def test_every_scheme_gives_the_same_model(gyeol: Run, file: Path, model: Path, tmp_path: Path) -> None:
    text = file.read_text("utf-8")
    for scheme, marks in (("IOB1", {"B-": "I-"}), ("BIOES", {"B-": "S-"}), ("BILOU", {"B-": "U-"})):
        other = text
        for mark, own in marks.items():
            other = other.replace(mark, own)
        path = tmp_path / f"{scheme}.conll"
        path.write_text(other, "utf-8")
        told = gyeol("fit", "tag", path, "--out", tmp_path / scheme, *SMALL)
        assert f"{scheme}.conll: tags are {scheme}: converted to BIO\n" in told.err
        assert (tmp_path / scheme / "model.safetensors").read_bytes() == (model / "model.safetensors").read_bytes()
        told = gyeol("evaluate", model, path, "--json")
        assert told.object["f1"] == gyeol("evaluate", model, file, "--json").object["f1"]
        assert gyeol("info", tmp_path / scheme, "--json").object["about"]["scheme"] == scheme


def test_numbered_tags_get_names(gyeol: Run, tmp_path: Path) -> None:
    numbers = {"B-PS": 1, "B-LC": 2, "O": 0}
    rows = [{"tokens": text.split(), "ner_tags": [numbers[tag] for tag in tags.split()]} for text, tags in ROWS * 3]
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    names = tmp_path / "names.txt"
    names.write_text("O\nB-PS\nB-LC\n", "utf-8")
    gyeol("fit", "tag", path, "--names", names, "--out", tmp_path / "m", *SMALL)
    assert gyeol("predict", tmp_path / "m", "영희는 부산시 왔다").out == "영희는\tB-PS\n부산시\tB-LC\n왔다\tO\n\n"
    assert gyeol("evaluate", tmp_path / "m", path, "--json").object["f1"] > 0.9  # the names are remembered
    told = gyeol("fit", "tag", path, "--out", tmp_path / "n", *SMALL)
    assert "train.jsonl: the tags are numbers and are learned as they are; --names" in told.err
    assert told.object["classes"] == ["0", "1", "2"]
    assert (
        "the tag 2, and --names has 2 names"
        in gyeol("fit", "tag", path, "--names", "O,B-PS", "--out", tmp_path / "k").mistake
    )


@pytest.mark.parametrize(
    "text", ["영희는 부산시 왔다\n철수는 서울시 갔다\n", "영희는 부산시 왔다\n\n철수는 서울시 갔다 왔다\n"]
)
def test_a_file_with_a_sentence_a_line(gyeol: Run, model: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "new.txt").write_text(text, "utf-8")
    done = gyeol("predict", model, "--file", tmp_path / "new.txt").out
    assert [line.split("\t")[0] for line in done.split()[::2]] == text.split()
    assert done.startswith("영희는\tB-PS\n부산시\tB-LC\n왔다\tO\n\n철수는\tB-PS\n서울시\tB-LC\n")
    piped = gyeol("predict", model, stdin=text.replace("\n\n", "\n").encode()).out
    assert done == piped


@pytest.mark.parametrize(
    "text", ["영희는 B-PS\n부산시 B-LC\n", "영희는 N\n왔다 V\n\n철수는 N\n갔다 V\n왔다 V\n", "영희는\n왔다\n"]
)
def test_a_text_file_of_columns(gyeol: Run, model: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "new.txt").write_text(text, "utf-8")
    done = gyeol("predict", model, "--file", tmp_path / "new.txt").out
    assert [line.split("\t")[0] for line in done.splitlines() if line] == [
        row.split()[0] for row in text.split("\n") if row
    ]


def test_sequences_a_line(gyeol: Run, tmp_path: Path) -> None:
    (tmp_path / "a.fa").write_text(">a\nACCA\n>b\nCACA\n" * 6, "utf-8")
    (tmp_path / "b.fa").write_text(">a\nHEEH\n>b\nEHEH\n" * 6, "utf-8")
    gyeol("fit", "tag", tmp_path / "a.fa", "--target", tmp_path / "b.fa", "--out", tmp_path / "m", *SMALL)
    (tmp_path / "new.txt").write_text("ACA\nCC\n", "utf-8")
    lines = gyeol("predict", tmp_path / "m", "--file", tmp_path / "new.txt").out.splitlines()
    assert [line[:1] for line in lines] == ["A", "C", "A", "", "C", "C", ""]


def test_tags_that_were_never_seen_are_told(gyeol: Run, model: Path, tmp_path: Path) -> None:
    written(tmp_path / "test.conll", [("영희는 부산시 왔다", "B-PS B-LC O"), ("철수는 엑스박스 왔다", "B-PS B-PROD O")])
    done = gyeol("evaluate", model, tmp_path / "test.conll")
    assert "1 of 6 tokens have tags that did not occur in training (B-PROD); they count as errors" in done.err
