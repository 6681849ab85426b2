from __future__ import annotations

import importlib.util
import json
import random
import re
import sys
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gyeol.errors import GyeolError, MissingExtraError, ModelError, ParameterError
from gyeol.inputs.tokens.base import Token, Tokenizer
from gyeol.inputs.tokens.normalization import INVISIBLE, visible
from gyeol.inputs.tokens.tokenizers import TOKENIZERS, choose_tokenizer, make_tokenizer

PIECES = ["\u1100", "\u1161", "\u11a8", "\u119e", "각", "ㅋ", "e\u0301", "\u0301", "\u0323", "\u0307", "\u0958", "İ"]
PIECES += [" ", "\t\n", "\u00a0", "\u3000", "\x1c", "👩\u200d👧", "🇰🇷", "हि", "<pad>", "<unk>", "▁", "don't", "값없다."]
PIECES += ["\u200d", "\u200c", "\u200b", "\ufeff", "\u094d", "\u0e44", "\u08ca", "م", "\ufe0f", "🏽", "1", "'", "."]
TEXTS = st.lists(st.characters(exclude_categories=["Cs"]) | st.sampled_from(PIECES), max_size=20).map("".join)
LESSON = ["the cat sat on the mat, and the dog sat there", "다시 보고 싶은 영화, 다시 본 영화", "good (really good)!"]
LESSON *= 4
PLAIN = ["syllable", "jamo", "whitespace", "word"]  # those that neither learn nor load anything
TYPED = ["갔다, 예뻤어 친구다", "😀 좋아요 😀끝", "  나는  학교에 갔다. ", "   ", "", "hello é", "ㅋㅋㅋ 재밌다"]

_made: dict[str, Tokenizer] = {}


@pytest.fixture(params=TOKENIZERS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    """Each tokenizer of the table, trained, once for this file: the analyser of morphemes takes seconds to load."""
    name = request.param
    if "keep_tags" in TOKENIZERS[name].settings and importlib.util.find_spec("kiwipiepy") is None:
        pytest.skip("kiwipiepy is not installed: pip install 'gyeol[korean]'")
    if name not in _made:
        _made[name] = make_tokenizer(name).fit(LESSON)
    return _made[name]


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def seen(text: str) -> str:
    """A text as tokenizers see it."""
    return nfc(visible(text)[0])


def solid(text: str) -> str:
    """A text without anything that cannot be seen, joiners included."""
    return regex.sub(INVISIBLE, "", text, flags=regex.V1)


def one_space(text: str) -> str:
    return re.sub(r"\s+", " ", text.strip())


def check_contract(tokenizer: Tokenizer, text: str) -> list[Token]:
    """Hold a tokenizer to what every one promises; returns the tokens."""
    tokens = tokenizer.tokens(text)
    starts = [token.start for token in tokens]
    assert starts == sorted(starts)
    assert all(0 <= token.start <= token.end <= len(text) for token in tokens)
    assert tokenizer.tokenize(text) == [token.text for token in tokens]
    assert list(tokenizer.tokenize_many([text])) == [tokenizer.tokenize(text)]
    assert tokenizer.tokenize(unicodedata.normalize("NFD", text)) == tokenizer.tokenize(nfc(text))
    return tokens


def check_span(token: Token, text: str) -> None:
    """The slice is the token; only where composition made several characters of one cluster is it one of them."""
    piece = nfc(solid(text[token.start : token.end]))
    if not unicodedata.is_normalized("NFC", text[token.start : token.end]) and len(piece) > len(token.text):
        assert solid(token.text) in piece
    elif token.text == " ":
        assert piece
        assert piece.isspace()
    else:
        assert solid(token.text) == piece


@pytest.mark.parametrize("text", [*TYPED, "\u1100\u1161\u11bb\u1103\u1161!", "hello\tworld  (again)"])
def test_contract_of_the_table(tokenizer: Tokenizer, text: str) -> None:
    check_contract(tokenizer, text)


def test_many_texts_are_cut_as_one_by_one(tokenizer: Tokenizer) -> None:
    texts = [*TYPED, *LESSON]
    assert list(tokenizer.tokenize_many(iter(texts))) == [tokenizer.tokenize(text) for text in texts]
    assert list(tokenizer.tokenize_many([])) == []


def test_more_texts_than_one_block(tokenizer: Tokenizer) -> None:
    if "keep_tags" in tokenizer.settings:
        pytest.skip("blocks of morphemes are the same code and take seconds")
    texts = [f"cat {i}" for i in range(4100)]
    assert list(tokenizer.tokenize_many(texts)) == [tokenizer.tokenize(text) for text in texts]


def test_state_through_json(tokenizer: Tokenizer) -> None:
    state = tokenizer.state()
    again = make_tokenizer(tokenizer.name).restore(json.loads(json.dumps(state)))
    assert again.state() == state
    for text in (*TYPED, *LESSON, "unseen zebra <unk>"):
        assert again.tokens(text) == tokenizer.tokens(text)


def test_names_are_those_of_the_table(tokenizer: Tokenizer) -> None:
    assert isinstance(tokenizer, TOKENIZERS[tokenizer.name])
    assert make_tokenizer(tokenizer.name, lowercase=True).lowercase


def test_lower_case(tokenizer: Tokenizer) -> None:
    small = make_tokenizer(tokenizer.name, lowercase=True).restore(tokenizer.state())
    assert small.tokenize("The CAT Sat") == tokenizer.tokenize("the cat sat")
    assert [t[1:] for t in small.tokens("The CAT")] == [t[1:] for t in tokenizer.tokens("the cat")]


@pytest.mark.parametrize("name", PLAIN)
@given(text=TEXTS)
@example(text="q\u0307\u0323 x")
@example(text="\u0958\u0301 \u0301\u0323a")
@settings(max_examples=150)
def test_contract_for_any_text(name: str, text: str) -> None:
    tokenizer = make_tokenizer(name)
    tokens = check_contract(tokenizer, text)
    assert all(token.start < token.end for token in tokens)
    if name != "jamo":
        for token in tokens:
            check_span(token, text)
    check_contract(make_tokenizer(name, lowercase=True), text)


@given(text=TEXTS)
@settings(max_examples=200)
def test_syllables_and_jamo_join_back_to_the_text(text: str) -> None:
    for name in ("syllable", "jamo"):
        tokenizer = make_tokenizer(name)
        assert tokenizer.join(tokenizer.tokenize(text)) == one_space(seen(text))


@given(text=TEXTS)
@settings(max_examples=100)
def test_words_leave_nothing_out(text: str) -> None:
    assert make_tokenizer("whitespace").tokenize(text) == seen(text).split()
    assert "".join(make_tokenizer("word").tokenize(text)) == "".join(seen(text).split())


def test_jamo_carry_the_span_of_their_syllable() -> None:
    tokens = make_tokenizer("jamo").tokens("\u1100\u1161\u11a8 a")  # typed apart, spelled out again
    assert tokens == [("\u1100", 0, 3), ("\u1161", 0, 3), ("\u11a8", 0, 3), (" ", 3, 4), ("a", 4, 5)]


@given(text=TEXTS)
@settings(max_examples=100)
def test_subwords_keep_the_contract_for_any_text(text: str) -> None:
    bpe = _made.setdefault("bpe", make_tokenizer("bpe").fit(LESSON))
    for token in check_contract(bpe, text):
        if token.text != "<unk>":
            assert token.text.replace("▁", "") in nfc(text[token.start : token.end])


def test_subwords_join_back_to_the_text() -> None:
    bpe = _made.setdefault("bpe", make_tokenizer("bpe").fit(LESSON))
    assert bpe.join(bpe.tokenize(" the  cat sat, 다시 보고")) == "the cat sat, 다시 보고"
    assert bpe.tokenize("the")[0].startswith("▁")


def test_subwords_are_learned_the_same_twice_even_from_more_characters_than_are_kept() -> None:
    draw = random.Random(0)
    wide = ["".join(chr(draw.randrange(0xAC00, 0xD7A4)) for _ in range(30)) for _ in range(600)]
    for texts in (LESSON, [*wide, *LESSON]):
        assert make_tokenizer("bpe").fit(iter(texts)).state() == make_tokenizer("bpe").fit(texts).state()
    crowded = make_tokenizer("bpe").fit([*wide, *LESSON])
    assert "<unk>" not in crowded.tokenize("다시 the cat")  # what is frequent is among the characters kept


def test_subwords_untrained_are_refused() -> None:
    with pytest.raises(ParameterError, match="call fit"):
        make_tokenizer("bpe").tokenize("a")
    with pytest.raises(ParameterError, match="call fit"):
        make_tokenizer("bpe").state()


def hostile(edit: Any) -> dict[str, Any]:
    state = make_tokenizer("bpe").fit(LESSON).state()
    whole = json.loads(state["model"])
    edit(whole)
    return {**state, "model": json.dumps(whole)}


@pytest.mark.parametrize(
    "edit",
    [
        lambda w: w["model"]["vocab"].update(the=4_294_967_295),
        lambda w: w["model"]["vocab"].update(the=2**70),
        lambda w: w["model"]["vocab"].update(the="5"),
        lambda w: w["model"]["vocab"].update(t=0),
        lambda w: w["model"]["vocab"].pop("<unk>"),
        lambda w: w["model"].update(vocab=[]),
        lambda w: w["model"].update(vocab=7),
        lambda w: w["model"]["merges"].append(["zz", "q"]),
        lambda w: w["model"]["merges"].append(["t", "h", "e"]),
        lambda w: w["model"]["merges"].append([1, 2]),
        lambda w: w["model"].pop("merges"),
        lambda w: w.pop("model"),
    ],
)
def test_subwords_refuse_what_they_never_wrote(edit: Any) -> None:
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        make_tokenizer("bpe").restore(hostile(edit))


@pytest.mark.parametrize("model", ["", "[]", "{}", "[" * 100_000, None, 3, "\ud800"])
def test_subwords_refuse_what_is_no_model(model: Any) -> None:
    with pytest.raises(ModelError):
        make_tokenizer("bpe").restore({"size": 100, "model": model})
    for state in ({}, {"size": float("inf"), "model": "{}"}, {"model": "{}"}):
        with pytest.raises(ModelError):
            make_tokenizer("bpe").restore(state)


def test_a_file_does_not_say_how_texts_are_split_or_padded() -> None:
    """Padding to a billion pieces, a crash of the Rust code, pieces put in: all of that a model file could ask for."""
    pad = {"strategy": {"Fixed": 10**9}, "direction": "Right", "pad_to_multiple_of": None}
    pad |= {"pad_id": 0, "pad_type_id": 0, "pad_token": "x"}
    cut = {"direction": "Right", "max_length": 1, "strategy": "LongestFirst", "stride": 5}
    state = hostile(lambda w: w.update(padding=pad, truncation=cut, normalizer={"type": "Prepend", "prepend": "ab"}))
    plain = make_tokenizer("bpe").fit(LESSON)
    assert make_tokenizer("bpe").restore(state).tokens("the cat") == plain.tokens("the cat")


def test_morphemes_that_share_a_syllable_share_its_span(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("kiwipiepy", reason="kiwipiepy is not installed: pip install 'gyeol[korean]'")
    kiwi = _made.setdefault("morpheme", make_tokenizer("morpheme"))
    assert kiwi.tokens("갔다") == [("가", 0, 1), ("었", 0, 1), ("다", 1, 2)]
    apart = unicodedata.normalize("NFD", "갔다")  # three and two code points
    assert kiwi.tokens(apart) == [("가", 0, 3), ("었", 0, 3), ("다", 3, 5)]
    assert kiwi.tokens("친구다")[1:] == [("이", 2, 2), ("다", 2, 3)]  # a morpheme without a character of its own
    assert kiwi.join(["가", "었", "다"]) == "가 었 다"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from gyeol.inputs.tokens.morphemes import _kiwi

    monkeypatch.setitem(sys.modules, "kiwipiepy", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'gyeol\[korean\]'"):
        _kiwi.__wrapped__()


class Halves(Tokenizer):
    """A tokenizer of the user's own: one class with ``cut``."""

    name = "halves"

    def cut(self, text: str) -> list[Token]:
        middle = len(text) // 2
        return [Token(text[:middle], 0, middle), Token(text[middle:], middle, len(text))]


def test_a_class_or_an_object_of_ones_own_is_taken() -> None:
    assert make_tokenizer(Halves, lowercase=True).tokenize("ABCD") == ["ab", "cd"]
    own = Halves()
    assert make_tokenizer(own) is own
    assert own.tokens("e\u0301e\u0301") == [("é", 0, 2), ("é", 2, 4)]
    assert own.fit(["x"]).restore({}) is own
    assert own.state() == {}


@pytest.mark.parametrize("name", ["silable", "", "Jamo"])
def test_unknown_names(name: str) -> None:
    with pytest.raises(ParameterError, match=r"is not known.*syllable, jamo") as caught:
        make_tokenizer(name)
    assert isinstance(caught.value, GyeolError)
    if name == "Jamo":
        assert "did you mean 'jamo'" in str(caught.value)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["다시 보고 싶은 영화"], "syllable"),
        (["我喜欢这部电影"], "syllable"),
        (["MKVLAAGIVGL", "ACGT"], "syllable"),
        (["ภาพยนตร์ที่ดี"], "syllable"),
        (["a film to see again"], "bpe"),
        (["Ещё один хороший фильм"], "bpe"),
        (["a film to see again, 영화"], "bpe"),
        ([], "syllable"),
        (["123 !?"], "syllable"),
        (["a good film "] * 2000 + ["영화" * 9000], "bpe"),
    ],
)
def test_the_choice_for_auto(texts: list[str], expected: str) -> None:
    assert choose_tokenizer(iter(texts)) == expected


def test_the_choice_does_not_read_on() -> None:
    def endless() -> Iterator[str]:
        for _ in range(2001):  # one more is drawn than looked at
            yield "a film to see again"
        raise AssertionError("read beyond the first two thousand texts")

    assert choose_tokenizer(endless()) == "bpe"
