"""Korean words as Korean analysts count them: Kiwi's nouns, and verbs and adjectives as a dictionary has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gyeol.errors import DataError, ModelError, ParameterError
from gyeol.inputs import make_tokenizer
from gyeol.inputs.tokens.tokenizers import TOKENIZERS, canonical_name, choose_tokenizer, tokenizer_rule, tokenizer_with
from gyeol.inputs.tokens.user_dictionary import checked_tags, read_dictionary

pytest.importorskip("kiwipiepy", reason="kiwipiepy is not installed: pip install 'gyeol[korean]'")

SENTENCES = {
    "어제 러시아 가서 월드컵 관람했다": "어제 러시아 가다 월드컵 관람",  # the course's own
    "친구를 도와 주었다. 음악을 들어 보았다": "친구 돕다 음악 듣다",
    "아름다웠다 예뻤어 깨끗하다 행복해요": "아름답다 예쁘다 깨끗하다 행복",
    "물이 흘러 강이 파래서": "물 흐르다 강 파랗다",
    "하고 싶다": "하다",
    "이것은 책이 아니다": "책 아니다",
    "사랑스럽다 자유롭다 반짝거리다": "사랑스럽다 자유롭다 반짝거리다",
    "비정상 사람들": "비정상 사람",
    "ChatGPT와 LG전자 2002년 ㅋㅋㅋ 😀": "ChatGPT LG 전자 2002",
    "영화가 안 좋다!!": "영화 안 좋다",
    "": "",
    " \u200b": "",
}


@pytest.mark.parametrize("text", SENTENCES)
def test_content_words(text: str) -> None:
    tokenizer = make_tokenizer("content")
    assert tokenizer.tokenize(text) == SENTENCES[text].split()
    assert [token.text for token in tokenizer.tokens(text)] == SENTENCES[text].split()


def test_where_they_stand() -> None:
    text = "가서 관람\u200b했다 깨끗하다"
    shown = [(token.text, text[token.start : token.end]) for token in make_tokenizer("content").tokens(text)]
    assert shown == [("가다", "가"), ("관람", "관람\u200b"), ("깨끗하다", "깨끗하")]


def test_parts_of_speech_are_chosen() -> None:
    text = "나는 어제 영화를 보고 싶었다"
    assert make_tokenizer("content", stop_tags="MAG, V").tokenize(text) == ["영화"]
    assert make_tokenizer("content", keep_tags=["N"]).tokenize(text) == ["나", "영화"]
    assert make_tokenizer("content", keep_tags=["VV", "VX"]).tokenize(text) == ["보다", "싶다"]
    assert make_tokenizer("morpheme", stop_tags=["J", "E"]).tokenize(text) == ["나", "어제", "영화", "보", "싶"]
    assert "는" in make_tokenizer("morpheme").tokenize(text)


def test_a_user_dictionary_is_kept_with_the_state(tmp_path: Path) -> None:
    file = tmp_path / "words.tsv"
    file.write_text("\ufeff# my words\n아들램\tNNG\n덕질하다\tVV\t1.5\n\n갤럭시 워치\n단짠 NNG\n", "utf-8")
    text = "우리 아들램은 덕질하다 단짠 좋아한다"
    tokenizer = make_tokenizer("content", user_dictionary=file)
    assert tokenizer.tokenize(text) == ["아들램", "덕질하다", "단짠", "좋아하다"]
    assert tokenizer.entries == (
        ("아들램", "NNG", 0.0), ("덕질하", "VV", 1.5), ("갤럭시 워치", "NNP", 0.0), ("단짠", "NNG", 0.0)
    )  # fmt: skip
    state = json.loads(json.dumps(tokenizer.state()))
    file.unlink()
    again = make_tokenizer("content").restore(state)
    assert again.tokenize(text) == tokenizer.tokenize(text)
    assert "아들램" not in make_tokenizer("content").tokenize(text)  # others do not know it
    assert list(again.tokenize_many([text, ""])) == [tokenizer.tokenize(text), []]


def test_an_nfd_dictionary(tmp_path: Path) -> None:
    import unicodedata

    file = tmp_path / "words.txt"
    file.write_text(unicodedata.normalize("NFD", "아들램\tNNG\n"), "utf-8")
    assert read_dictionary(file) == (("아들램", "NNG", 0.0),)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("아들램\tNOUN\n", "line 1: 'NOUN' is no part of speech"),
        ("가\n아들램\tNNG\tmuch\n", "line 2"),
        ("아들램\tNNG\t1\t2\n", "line 1"),
        ("# nothing\n\n", "holds no word"),
        ("가" * 200 + "\n", "at most 100 letters"),
        ("아들램\tNNG\tnan\n", "finite score"),
    ],
)
def test_dictionaries_that_are_none(lines: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "words.tsv").write_text(lines, "utf-8")
    with pytest.raises(DataError, match=message):
        read_dictionary(tmp_path / "words.tsv")


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        make_tokenizer("content", user_dictionary=tmp_path / "none.tsv")
    with pytest.raises(ParameterError, match=r"user_dictionary is int"):
        make_tokenizer("content", user_dictionary=3)
    with pytest.raises(ParameterError, match=r"stop_tags: tokenizer='word' knows no parts of speech; take 'content'"):
        make_tokenizer("word", stop_tags="N")
    with pytest.raises(ParameterError, match=r"keep_tags: 'NOUN' is no part of speech"):
        checked_tags("keep_tags", "NOUN")
    for state in ({"dictionary": 3}, {"dictionary": [["a"]]}, {"keep_tags": ["?"]}, {"stop_tags": 5}):
        with pytest.raises(ModelError, match=r"tokenizer\.json"):
            make_tokenizer("content").restore(state)


@pytest.mark.parametrize("alias", ["character", "char"])
def test_other_names(alias: str) -> None:
    assert make_tokenizer(alias).name == canonical_name(alias) == "syllable"
    assert tokenizer_rule()(alias) == tokenizer_rule(auto=False)(alias) == ""
    assert "did you mean 'character'" in tokenizer_rule()("charakter")
    assert tokenizer_rule(auto=False)("auto")
    assert choose_tokenizer(["가"]) in TOKENIZERS


def test_settings_only_where_there_are_some() -> None:
    assert tokenizer_with("word", user_dictionary=None) == "word"
    assert tokenizer_with("content", stop_tags="N").name == "content"


@pytest.mark.parametrize("features", [None, "tfidf"])
def test_in_a_classifier(features: str | None, tmp_path: Path) -> None:
    from gyeol import TextClassifier, load

    file = tmp_path / "words.tsv"
    file.write_text("아들램\tNNG\n", "utf-8")
    texts, labels = ["아들램이 왔다", "영화를 봤다"] * 6, ["a", "b"] * 6
    small: dict[str, Any] = {"hidden_size": 4, "embedding_size": 4, "epochs": 1, "threads": 1, "min_count": 1}
    chosen: dict[str, Any] = {"tokenizer": "content", "user_dictionary": str(file), "stop_tags": ["V"]}
    model = TextClassifier(**small, features=features, **chosen).fit(texts, labels)
    assert model.inputs_.tokenizer.tokenize(texts[0]) == ["아들램"]
    model.save(tmp_path / "m")
    file.unlink()
    loaded = load(tmp_path / "m")
    assert loaded.inputs_.tokenizer.tokenize(texts[0]) == ["아들램"]
    assert loaded.predict_proba(texts).tolist() == model.predict_proba(texts).tolist()
    assert loaded.describe_data()["user dictionary"] == "1 word"


def test_an_object_is_loaded_by_its_name(tmp_path: Path) -> None:
    from gyeol import TextClassifier, load

    own = make_tokenizer("content", user_dictionary=[("아들램", "NNG")])
    texts, labels = ["아들램이 왔다", "영화를 봤다"] * 6, ["a", "b"] * 6
    model = TextClassifier(hidden_size=4, embedding_size=4, epochs=1, threads=1, tokenizer=own).fit(texts, labels)
    model.save(tmp_path / "m")
    assert load(tmp_path / "m").inputs_.tokenizer.tokenize("아들램이") == ["아들램"]


def test_a_model_names_its_tokenizer_by_the_name_of_the_table(tmp_path: Path) -> None:
    from gyeol import TextClassifier, load

    texts, labels = ["왔다", "봤다"] * 6, ["a", "b"] * 6
    model = TextClassifier(hidden_size=4, embedding_size=4, epochs=1, threads=1, tokenizer="char").fit(texts, labels)
    assert model.get_params()["tokenizer"] == "char"
    model.save(tmp_path / "m")
    assert json.loads((tmp_path / "m" / "config.json").read_text("utf-8"))["settings"]["tokenizer"] == "syllable"
    assert load(tmp_path / "m").tokenizer == "syllable"


@pytest.mark.parametrize("line", ["아들램,NNG", "아들램, NNG , 0.0", "아들램 NNG", "아들램\tNNG"])
def test_a_dictionary_without_tabs(tmp_path: Path, line: str) -> None:
    file = tmp_path / "words.csv"
    file.write_text(line + "\n", "utf-8")
    assert read_dictionary(file) == (("아들램", "NNG", 0.0),)
