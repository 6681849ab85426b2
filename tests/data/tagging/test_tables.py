"""Tagged sentences in JSON, parquet and CSV."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from gyeol.data.tagging.sentences import read_tagged
from gyeol.errors import DataError

KAGGLE = (
    'Sentence #,Word,POS,Tag\nSentence: 1,Thousands,NNS,O\n,of,IN,O\n,London,NNP,B-geo\n,"5,000",CD,O\n'
    "Sentence: 2,Iran,NNP,B-gpe\n,.,.,O\n"
)


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_csv_file_with_a_token_a_row(tmp_path: Path) -> None:
    found = read_tagged(put(tmp_path, "ner.csv", KAGGLE))
    assert found.tokens == [["Thousands", "of", "London", "5,000"], ["Iran", "."]]
    assert found.tags == [["O", "O", "B-geo", "O"], ["B-gpe", "O"]]
    assert read_tagged(tmp_path / "ner.csv", target="POS", beside=["Tag"]).tags[1] == ["NNP", "."]
    with pytest.raises(DataError, match="line 2: --target 'tga' is no column; did you mean 'tag'"):
        read_tagged(tmp_path / "ner.csv", target="tga")


def test_a_csv_file_with_empty_rows_between(tmp_path: Path) -> None:
    found = read_tagged(put(tmp_path, "ner.csv", "word,label\nParis,B-LOC\nsleeps,O\n,\nIt,O\n\nRome,B-LOC\n"))
    assert found.tokens == [["Paris", "sleeps"], ["It"], ["Rome"]]


def test_a_csv_file_with_a_number_of_the_sentence(tmp_path: Path) -> None:
    found = read_tagged(put(tmp_path, "ner.csv", "sentence_id,words,labels\n7,Paris,I-LOC\n7,sleeps,O\n8,It,O\n"))
    assert (found.tokens, found.tags) == ([["Paris", "sleeps"], ["It"]], [["B-LOC", "O"], ["O"]])


def test_a_csv_file_with_a_sentence_a_row(tmp_path: Path) -> None:
    found = read_tagged(put(tmp_path, "a.csv", "text,tags\nthe cat,D N\nit,P\n"), input="text", target="tags")
    assert found.tokens[0] == ["the", "cat"]


def test_a_tsv_file_with_a_sentence_a_row(tmp_path: Path) -> None:
    found = read_tagged(put(tmp_path, "a.tsv", "text\ttags\nthe cat\tB-A O\nit\tO\n"))
    assert (found.tokens, found.tags) == ([["the", "cat"], ["it"]], [["B-A", "O"], ["O"]])
    tokens = read_tagged(put(tmp_path, "b.tsv", "word\ttag\nthe cat\tB-A\nis\tO\n"))
    assert tokens.tokens == [["the cat", "is"]]


ROWS = [{"tokens": ["김", "간다"], "ner_tags": [1, 0]}, {"tokens": ["그", "는"], "ner_tags": [0, 0]}]


def test_numbers_of_tags(tmp_path: Path) -> None:
    path = put(tmp_path, "a.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS))
    plain = read_tagged(path)
    assert plain.tags == [["1", "0"], ["0", "0"]]
    assert "a.jsonl: the tags are numbers" in plain.notes[0]
    assert "--names" in plain.notes[0]
    found = read_tagged(path, names="O,B-PER")
    assert (found.tags, found.notes) == ([["B-PER", "O"], ["O", "O"]], [])
    with pytest.raises(DataError, match="line 1: the tag 1, and --names has 1 names: 0 to 0"):
        read_tagged(path, names=["O"])
    columns = put(tmp_path, "a.conll", "김 1\n간다 0\n\n그 0\n")
    assert read_tagged(columns, names="O,B-PER").tags == [["B-PER", "O"], ["O"]]


def test_one_json_list(tmp_path: Path) -> None:
    found = read_tagged(put(tmp_path, "a.json", json.dumps(ROWS, indent=1)), names="O,B-PER")
    assert (found.tokens[0], found.tags[0]) == (["김", "간다"], ["B-PER", "O"])
    lines = put(tmp_path, "b.json", "".join(json.dumps(row) + "\n" for row in ROWS))
    assert read_tagged(lines).tokens == found.tokens
    with pytest.raises(DataError, match="line 1: not JSON"):
        read_tagged(put(tmp_path, "c.json", "[1,"))


def test_words_and_tags_as_texts(tmp_path: Path) -> None:
    found = read_tagged(put(tmp_path, "a.jsonl", '{"text": "서울 에 간다", "tags": "B-LOC O O"}\n'))
    assert (found.tokens, found.tags) == ([["서울", "에", "간다"]], [["B-LOC", "O", "O"]])


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "train.parquet"
    pl.DataFrame(ROWS).write_parquet(path)
    assert read_tagged(path, names="O,B-PER").tags == [["B-PER", "O"], ["O", "O"]]
    features = {"info": {"features": {"ner_tags": {"feature": {"names": ["O", "B-PS"], "_type": "ClassLabel"}}}}}
    pl.DataFrame(ROWS).write_parquet(path, metadata={"huggingface": json.dumps(features)})
    found = read_tagged(path)
    assert (found.tags, found.notes) == ([["B-PS", "O"], ["O", "O"]], [])


@pytest.mark.parametrize("mark", [";", "\t"])
def test_a_csv_file_of_another_separator(tmp_path: Path, mark: str) -> None:
    rows = ["Sentence #,Word,Tag", "1,Paris,B-LOC", "1,sleeps,O", "1,;,O", "2,It,O", "2,is,O", "2,Rome,B-LOC"]
    text = "\r\n".join(row.replace(",;,", ',";",').replace(",", mark) for row in rows) + "\r\n"
    found = read_tagged(put(tmp_path, "ner.csv", text))
    assert found.tokens == [["Paris", "sleeps", ";"], ["It", "is", "Rome"]]


PYTHON = """tokens,ner_tags\n"['Kim', 'naps']","['B-PER', 'O']"\n"['It', ""isn't""]","['O', 'O']"\n"""
NUMPY = PYTHON.replace("', ", "' ")


@pytest.mark.parametrize(
    "text", [PYTHON, NUMPY, PYTHON.replace('""', "'").replace("'", '""').replace('isn""t', "isn't")]
)
def test_a_csv_file_of_lists(tmp_path: Path, text: str) -> None:
    found = read_tagged(put(tmp_path, "ner.csv", text))
    assert found.tokens == [["Kim", "naps"], ["It", "isn't"]]
    assert found.tags == [["B-PER", "O"], ["O", "O"]]


def test_a_csv_file_of_lists_of_numbers(tmp_path: Path) -> None:
    path = put(tmp_path, "ner.csv", "tokens,ner_tags\n\"['Kim' 'naps']\",[1 0]\n\"['It']\",[0]\n")
    assert read_tagged(path, names="O,B-PER").tags == [["B-PER", "O"], ["O"]]
    put(tmp_path, "ner.csv", "tokens,ner_tags\n" + "\"['a']\",[0]\n" * 300 + "It is,O O\n")
    with pytest.raises(DataError, match="line 302: 'It is' is not a list; lists were expected"):
        read_tagged(path)


CONLLU = (
    "# sent_id = 1\n1\tKim\tkim\tPROPN\t_\t_\t2\tnsubj\t_\tSpaceAfter=No\n2\tnaps\tnap\tVERB\t_\t_\t0\troot\t_\t_\n\n"
)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        (CONLLU * 2, ["PROPN", "VERB"]),
        ("Kim\tB-PER\nnaps\tO\n\n" * 2, ["B-PER", "O"]),
        ("Kim NNP B-PER\nnaps VBZ O\n\n" * 2, ["B-PER", "O"]),
        ("Kim,B-PER\nnaps,O\n\n" * 2, ["B-PER", "O"]),
        ("Kim,NOUN\nnaps,VERB\n\n" * 2, ["NOUN", "VERB"]),
    ],
)
def test_columns_that_are_called_csv(tmp_path: Path, text: str, tags: list[str]) -> None:
    found = read_tagged(put(tmp_path, "a.csv", text))
    assert found.tokens == [["Kim", "naps"]] * 2
    assert found.tags == [tags] * 2
    assert read_tagged(tmp_path / "a.csv", need_tags=False).tokens == found.tokens
