"""What rows mean: CoNLL-U by its content, separators, headers, comments, and files without blank lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from gyeol.data.tagging.sentences import TaggedSentences, read_tagged

CONLLU = (
    "# sent_id = 1\n# text = 가나 다.\n1-2\t가나\t_\t_\t_\t_\t_\t_\t_\t_\n1\t가\t가\tNOUN\tNNG\t_\t0\troot\t_\t_\n"
    "2\t나\t나\tADP\tJX\t_\t1\tcase\t_\tSpaceAfter=No\n2.1\t없음\t_\tX\t_\t_\t_\t_\t_\t_\n"
    "3\t다\t다\tVERB\tVV\t_\t1\tdep\t_\tSpaceAfter=No\n\n# sent_id = 2\n1\t라\t라\tINTJ\tIC\t_\t0\troot\t_\t_\n\n"
)


def read(folder: Path, text: str, name: str = "a.conll", **options: object) -> TaggedSentences:
    path = folder / name
    path.write_bytes(text.encode("utf-8"))
    return read_tagged(path, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a.txt", "a.conll", "a.tsv", "a", "a.conllu"])
@pytest.mark.parametrize(
    "text", [CONLLU, CONLLU.replace("\n", "\r\n"), "\ufeff" + CONLLU, CONLLU.replace("# sent_id = 1\n", "")]
)
def test_conllu_under_any_name(tmp_path: Path, name: str, text: str) -> None:
    found = read(tmp_path, text, name)
    assert found.tokens == [["가", "나", "다"], ["라"]]
    assert found.tags == [["NOUN", "ADP", "VERB"], ["INTJ"]]
    assert read(tmp_path, text, name, target="xpos", input="lemma").tags[0] == ["NNG", "JX", "VV"]


def test_conllu_without_blank_lines(tmp_path: Path) -> None:
    found = read(tmp_path, CONLLU.replace("\n\n", "\n"), "a.txt")
    assert found.tokens == [["가", "나", "다"], ["라"]]


def test_conllu_plus_names_its_columns(tmp_path: Path) -> None:
    found = read(
        tmp_path, "# global.columns = ID FORM UPOS MY:NER\n1\t가\tNOUN\tB-X\n2\t나\tVERB\tO\n\n1\t다\tX\tI-X\n"
    )
    assert (found.tokens, found.tags) == ([["가", "나"], ["다"]], [["NOUN", "VERB"], ["X"]])
    assert read(tmp_path, (tmp_path / "a.conll").read_text("utf-8"), target="ner").tags == [["B-X", "O"], ["B-X"]]


def test_ten_columns_that_are_no_conllu(tmp_path: Path) -> None:
    found = read(tmp_path, "a\t1\t2\t3\t4\t5\t6\t7\t8\tX\nb\t1\t2\t3\t4\t5\t6\t7\t8\tY\n")
    assert (found.tokens, found.tags) == ([["a", "b"]], [["X", "Y"]])


@pytest.mark.parametrize(
    "text",
    [
        "1\u00a0000 O\n원 B\n\n다 O\n",
        "1\u00a0000\tO\n원\tB\n\n다\tO\n",
        "1\u00a0000 \t O\r\n원\t B\r\n\r\n다  O\r\n",  # tabs, blanks, both
        "1\u00a0000\tO\n원 B\n \t \n다\tO\n",
        "\ufeff1\u00a0000 O\n원 B\n\n다 O",
        "1\u00a0000 O \n원 B \n\n\n\n다 O \n\n",
    ],
)
def test_only_blanks_and_tabs_separate_cells(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text)
    assert (found.tokens, found.tags) == ([["1\u00a0000", "원"], ["다"]], [["O", "B"], ["O"]])


def test_a_token_with_a_space_between_tabs(tmp_path: Path) -> None:
    found = read(tmp_path, "New York\tB-LOC\nis\tO\n\nSan José\tB-LOC\n")
    assert found.tokens == [["New York", "is"], ["San José"]]


def test_conll_2003_as_it_is_published(tmp_path: Path) -> None:
    text = (
        "-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\nGerman JJ I-NP I-MISC\ncall NN I-NP O\n"
        ". . O O\n\n-DOCSTART- -X- -X- O\n\nPeter NNP I-NP I-PER\nBlackburn NNP I-NP I-PER\n"
        "Rome NNP I-NP I-LOC\nBonn NNP B-NP B-LOC\n"
    )
    found = read(tmp_path, text, "eng.train")
    assert found.tokens[0] == ["EU", "rejects", "German", "call", "."]
    assert found.tags == [["B-ORG", "O", "B-MISC", "O", "O"], ["B-PER", "I-PER", "B-LOC", "B-LOC"]]
    assert found.notes == ["eng.train: tags are IOB1: converted to BIO"]
    chunks = read(tmp_path, text, "eng.train", target="3", beside=["2"])
    assert chunks.tags == [["B-NP", "B-VP", "B-NP", "I-NP", "O"], ["B-NP", "I-NP", "I-NP", "B-NP"]]
    assert read(tmp_path, text, "eng.train", target="2").notes == []  # parts of speech


@pytest.mark.parametrize("header", ["Word POS Tag", "token pos ner_tag", "단어 품사 개체명"])
def test_a_row_that_names_the_columns(tmp_path: Path, header: str) -> None:
    found = read(tmp_path, f"{header}\nEU NNP B-ORG\nis VBZ O\n\nPeter NNP B-PER\n")
    assert (found.tokens, found.tags) == ([["EU", "is"], ["Peter"]], [["B-ORG", "O"], ["B-PER"]])
    parts = read(tmp_path, "Word POS Tag\nEU NNP B-ORG\nis VBZ O\n", target="pos")
    assert parts.tags == [["NNP", "VBZ"]]


def test_a_first_row_that_is_none(tmp_path: Path) -> None:
    found = read(tmp_path, "word NN\ntag NN\n\nthe DT\ntag NN\n")
    assert found.tokens == [["word", "tag"], ["the", "tag"]]


def test_a_column_that_numbers_the_sentences(tmp_path: Path) -> None:
    found = read(tmp_path, "Sentence #\tWord\tTag\n1\ta\tX\n1\tb\tY\n2\tc\tX\n", "a.tsv")
    assert (found.tokens, found.tags) == ([["a", "b"], ["c"]], [["X", "Y"], ["X"]])


def test_a_comment_with_as_many_words_as_there_are_columns(tmp_path: Path) -> None:
    found = read(tmp_path, "# id 07 domain=en\nEU _ _ B-ORG\n\n# id 08 domain=en\n# _ _ O\nit _ _ O\n")
    assert found.tokens == [["EU"], ["#", "it"]]


def test_a_hash_or_a_dollar_in_a_file_of_tokens(tmp_path: Path) -> None:
    found = read(tmp_path, "# text = two\n$\n5\n\n#tag\n", need_tags=False)
    assert found.tokens == [["$", "5"], ["#tag"]]


def test_a_last_column_that_is_empty(tmp_path: Path) -> None:
    found = read(tmp_path, "a\tX\t\nb\tY\t\n\nc\tX\t\n", "a.tsv")
    assert found.tags == [["X", "Y"], ["X"]]


def test_a_first_sentence_of_numbers(tmp_path: Path) -> None:
    assert read(tmp_path, "5 CD O\n\n6 CD O\na DT O\n").tokens == [["5"], ["6", "a"]]
    assert read(tmp_path, "5 O\n6 X\n").tokens == [["5", "6"]]


def test_no_blank_lines_but_full_stops(tmp_path: Path) -> None:
    rows = ["그 B-PER", "는 O", "갔다 O", ". O", "” O"] * 60
    found = read(tmp_path, "\n".join(rows) + "\n")
    assert len(found.tokens) == 60
    assert found.tokens[1] == ["그", "는", "갔다", ".", "”"]
    assert found.notes == ["a.conll: no blank line parts its sentences; sentences end at . ? !"]
    short = read(tmp_path, "\n".join(rows[:20]) + "\n")
    assert (len(short.tokens), short.notes) == (1, [])


def test_no_blank_lines_and_no_full_stops(tmp_path: Path) -> None:
    rows = ["그 B-PER", "길동 I-PER", "는 O", "갔다 O"] * 100
    found = read(tmp_path, "\n".join(rows) + "\n")
    assert all(8 <= len(tokens) <= 11 for tokens in found.tokens[:-1])
    assert [tag for tags in found.tags for tag in tags] == [row.split()[1] for row in rows]
    assert not any(tags[0].startswith("I") for tags in found.tags)  # no name is cut
    assert "cut into pieces of some 8 tokens" in found.notes[0]
    longer = read(tmp_path, "\n".join(rows * 10) + "\n")
    assert all(25 <= len(tokens) <= 28 for tokens in longer.tokens[:-1])
    unknown = read(tmp_path, "\n".join(row.split()[0] for row in rows) + "\n", need_tags=False)
    assert sum(map(len, unknown.tokens)) == 400


def test_letters_are_one_sequence(tmp_path: Path) -> None:
    found = read(tmp_path, "M H\nK C\n" * 150)
    assert (len(found.tokens), found.notes) == (1, [])


@pytest.mark.parametrize("text", ["B-PER\tKim\nO\tnaps\n\nO\tIt\nO\tis\n", "I-LOC Rome\nO Kim\n\nB-LOC Oslo\n"])
def test_tags_before_their_tokens(tmp_path: Path, text: str) -> None:
    path = tmp_path / ("a.tsv" if "\t" in text else "a.bio")
    path.write_text(text, encoding="utf-8")
    found = read_tagged(path)
    assert found.tokens[0][:1] == [text.split()[1]]
    assert any("the first column holds the tags" in line for line in found.notes)
    assert read_tagged(path, need_tags=False).tokens == found.tokens
    assert read_tagged(path, input="1", target="2").tags[0][0] == text.split()[1]
