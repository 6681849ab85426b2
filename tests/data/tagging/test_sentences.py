"""Files of tagged sentences as people have them, and what is wrong with some."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.data.tagging.sentences import read_tagged
from gyeol.errors import DataError

CONLL = "-DOCSTART- -X- O\n\nEU NNP B-ORG\nrejects VBZ O\n\nPeter NNP B-PER\nBlackburn NNP I-PER\n"
CONLLU = (
    "# text = 가 나\n1\t가\t가\tNOUN\tNNG\t_\t0\troot\t_\t_\n2-3\t나다\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "2\t나\t나\tVERB\tVV\t_\t1\tdep\t_\t_\n2.1\t없음\t_\tX\t_\t_\t_\t_\t_\t_\n3\t다\t다\tPART\tEF\t_\t1\tdep\t_\t_\n"
)
KLP = "; 나는 홍길동\n$나는 <홍길동:PS>\n1\t나\tNP\tO\n1\t는\tJX\tO\n2\t홍길동\tNNP\tB_PS\n\n; 그\n1\t그\tNP\tO\n"
JSONL = (
    '{"tokens": ["a", "b"], "tags": ["X", "Y"], "pos": ["1", "2"]}\n{"tokens": "ACG", "tags": "HHC", "pos": "123"}\n'
)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def test_columns(tmp_path: Path) -> None:
    found = read_tagged(write(tmp_path, "a.conll", CONLL))
    assert found.tokens == [["EU", "rejects"], ["Peter", "Blackburn"]]
    assert found.tags == [["B-ORG", "O"], ["B-PER", "I-PER"]]
    assert found.lines == [3, 6]
    parts = read_tagged(tmp_path / "a.conll", target="2")
    assert parts.tags[0] == ["NNP", "VBZ"]
    both = read_tagged(tmp_path / "a.conll", beside=["2"])
    assert both.tokens[0] == [("EU", "NNP"), ("rejects", "VBZ")]
    assert read_tagged(tmp_path / "a.conll", need_tags=False).tags == [[], []]


@pytest.mark.parametrize("name", ["a.conllu", "a.conllu.gz"])
def test_conllu(tmp_path: Path, name: str) -> None:
    found = read_tagged(write(tmp_path, name, CONLLU))
    assert (found.tokens, found.tags) == ([["가", "나", "다"]], [["NOUN", "VERB", "PART"]])
    other = read_tagged(tmp_path / name, input="lemma", target="XPOS")
    assert other.tags == [["NNG", "VV", "EF"]]
    assert set(found.about()) == {"data", "sha256"}


def test_comments_of_klp_and_its_first_column(tmp_path: Path) -> None:
    found = read_tagged(write(tmp_path, "ner.train", KLP), beside=["3"])
    assert found.tokens == [[("나", "NP"), ("는", "JX"), ("홍길동", "NNP")], [("그", "NP")]]
    assert found.tags == [["O", "O", "B-PS"], ["O"]]


def test_places_in_the_words_that_a_column_tells_of(tmp_path: Path) -> None:
    klp = read_tagged(write(tmp_path, "ner.train", KLP), beside=["3"], within="1")
    assert klp.tokens == [
        [("나", "NP", "begin"), ("는", "JX", "end"), ("홍길동", "NNP", "alone")],
        [("그", "NP", "alone")],
    ]
    rows = '{"tokens": ["가", "나", "다", "라"], "tags": "XXXX", "words": [%s]}\n'
    numbers = write(tmp_path, "a.jsonl", rows % "7, 7, 7, 8" + rows % '"b", "b", "a", "b"')
    assert read_tagged(numbers, within="words").tokens == [
        [("가", "begin"), ("나", "inside"), ("다", "end"), ("라", "alone")],
        [("가", "begin"), ("나", "end"), ("다", "alone"), ("라", "alone")],
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.tsv", "a\tX\n", "line 1: --within '9' is no column"),
        ("a.jsonl", '{"tokens": ["a"], "tags": ["X"], "9": [1, 1]}\n', "line 1: 1 tokens and 2 9; there must be one"),
        ("a.jsonl", '{"tokens": ["a"], "tags": ["X"], "9": [1.5]}\n', "line 1: '9' is .* a list of texts"),
        ("a.csv", "9,b\na,X\n", "--within is for files with one token per line"),
        ("a.fa", ">a\nMKV\n", "leave --input, --beside and --within out"),
    ],
)
def test_words_that_no_column_tells_of(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_tagged(write(tmp_path, name, text), within="9")


def test_json_lines(tmp_path: Path) -> None:
    found = read_tagged(write(tmp_path, "a.jsonl", JSONL))
    assert found.tokens == [["a", "b"], ["A", "C", "G"]]
    assert found.tags[1] == ["H", "H", "C"]
    assert read_tagged(tmp_path / "a.jsonl", beside=["pos"]).tokens[0] == [("a", "1"), ("b", "2")]
    assert read_tagged(tmp_path / "a.jsonl", target="pos").tags[0] == ["1", "2"]


@pytest.mark.parametrize(
    ("name", "text", "more", "message"),
    [
        ("a.conll", "a X\nb\n", {}, "line 2: 1 columns, and 2 in the other lines"),
        ("a.conll", "a\n\nb\n", {}, "line 1: one column, 'a'; a token and its tag"),
        ("a.tsv", "a\tX\n\tY\n", {}, "line 2: the token is missing"),
        ("a.tsv", "a\tX\nb\t\n", {}, "line 2: the tag is missing"),
        ("a.conllu", CONLLU.replace("NOUN", "_"), {}, "line 2: the tag is missing"),
        ("a.conll", "a X\n", {"target": "3"}, "line 1: --target '3' is no column"),
        ("a.conllu", CONLLU, {"target": "uppos"}, "did you mean 'upos'"),
        ("a.conllu", "\n\n# nothing\n", {}, "holds no sentence"),
        ("a.jsonl", '{"tokens": ["a"], "tags": ["X", "Y"]}\n', {}, "line 1: 1 tokens and 2 tags"),
        ("a.jsonl", '{"tokens": ["a"]}\n', {}, "line 1: there is no 'tags'"),
        ("a.jsonl", '{"tokens": ["a", 3], "tags": ["X", "Y"]}\n', {}, "line 1: 'tokens' is .* a list of texts"),
        ("a.jsonl", "[1]\n", {}, "line 1: a JSON list, not an object; one object per line"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, name: str, text: str, more: dict[str, str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_tagged(write(tmp_path, name, text), input=None, target=more.get("target"))


def test_a_hash_may_be_a_token(tmp_path: Path) -> None:
    found = read_tagged(write(tmp_path, "a.conll", "# a comment of words\n# X\n#tag Y\n\n$ Z\n; X\n"))
    assert found.tokens == [["#", "#tag"], ["$", ";"]]


@given(st.text(max_size=80), st.sampled_from(["a.conll", "a.conllu", "a.jsonl"]))
@settings(max_examples=150, deadline=None)
def test_whatever_it_holds_it_is_sentences_or_a_clear_word(
    tmp_path_factory: pytest.TempPathFactory, text: str, name: str
) -> None:
    path = tmp_path_factory.mktemp("t") / name
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    try:
        found = read_tagged(path)
    except DataError as error:
        named = str(path) in str(error)
        if not named:
            raise
        return
    assert all(len(tokens) == len(tags) > 0 for tokens, tags in zip(found.tokens, found.tags, strict=True))


def test_letters_and_tags_of_two_fasta_files(tmp_path: Path) -> None:
    chains = write(tmp_path, "chains.fa", ">a\nMKV\n>b\nAL\n")
    states = write(tmp_path, "states.ss", ">a\nCH\nH\n>b\nEE\n")
    found = read_tagged(chains, target=str(states))
    assert (found.tokens, found.tags, found.lines) == ([["M", "K", "V"], ["A", "L"]], [list("CHH"), list("EE")], [1, 3])
    assert read_tagged(chains, need_tags=False).tags == [[], []]
    with pytest.raises(DataError, match="with --target FILE"):
        read_tagged(chains)
    with pytest.raises(DataError, match="no columns"):
        read_tagged(chains, target=str(states), beside=["2"])


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (">a\nCH\n>b\nEE\n", "line 1: 'a' has 3 letters, and .*, line 1, has 2 tags for 'a'"),
        (">a\nCHH\n>c\nEE\n", "line 3: 'b' has 2 letters, .* for 'c'"),
        (">a\nCHH\n", "line 3: 'b' has no tags: .* ends before it"),
        (">a\nCHH\n>b\nEE\n>c\nE\n", "line 5: tags of 'c', which .* has not"),
    ],
)
def test_tags_that_do_not_match_letters(tmp_path: Path, tags: str, message: str) -> None:
    chains = write(tmp_path, "chains.fa", ">a\nMKV\n>b\nAL\n")
    with pytest.raises(DataError, match=message):
        read_tagged(chains, target=str(write(tmp_path, "tags.fa", tags)))


def test_a_table_of_sentences(tmp_path: Path) -> None:
    table = write(tmp_path, "a.csv", "seq,ss\nMKV,CHH\nAL,EE\n")
    found = read_tagged(table, input="seq", target="ss")
    assert (found.tokens, found.tags, found.lines) == ([["M", "K", "V"], ["A", "L"]], [list("CHH"), list("EE")], [2, 3])
    words = write(tmp_path, "b.csv", "text,tags\nthe cat,D N\n")
    assert read_tagged(words, input="text", target="tags").tokens == [["the", "cat"]]
    with pytest.raises(DataError, match="line 2: 3 tokens and 2 tags"):
        read_tagged(write(tmp_path, "c.csv", "seq,ss\nMKV,CH\n"), input="seq", target="ss")
