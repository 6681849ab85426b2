"""Correctors: what is right stays, what is wrong is mended and explained, in Korean and English; hostile input."""

from __future__ import annotations

import json
import math
import random
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import DataError, ModelError, SpellingCorrector, load
from gyeol.inputs.spelling.candidates import FEATURES, Candidate, Lexicon, Place, cased, words_of
from gyeol.inputs.spelling.error_channel import ErrorChannel
from gyeol.inputs.spelling.weights import fitted_weights, log_shares
from gyeol.tasks.spelling.net import Query, numbered

SUBJECTS = ["이 영화", "그 배우", "어제 본 드라마", "새로운 음악", "우리 동네 식당"]
WORDS = ["정말", "너무", "진짜", "아주", "조금"]
ENDS = ["재미있다", "좋았습니다", "지루했어요", "훌륭합니다", "별로였다"]
KOREAN = [f"{s} {w} {e}" for s in SUBJECTS for w in WORDS for e in ENDS] * 2
ENGLISH = [
    f"{who} {did} the {what}" for who in ("they", "people", "children") for did in ("received", "believed", "watched")
    for what in ("letter", "beginning", "government", "business")
] * 6  # fmt: skip
PAIRS = [
    ("recieved", "received"), ("beleived", "believed"), ("begining", "beginning"), ("goverment", "government"),
    ("buisness", "business"), ("wached", "watched"), ("childern", "children"), ("peopel", "people"),
    ("leter", "letter"),
] * 4  # fmt: skip
TINY: dict[str, Any] = {
    "hidden_size": 24, "embedding_size": 12, "epochs": 4, "batch_size": 8, "learning_rate": 0.02, "threads": 1,
    "averaging": 0.0, "dropout": 0.0,
}  # fmt: skip


def shuffled(texts: list[str]) -> list[str]:
    texts = list(texts)
    random.Random(0).shuffle(texts)
    return texts


@pytest.fixture(scope="module")
def korean() -> SpellingCorrector:
    return SpellingCorrector(**TINY).fit(shuffled(KOREAN))


@pytest.fixture(scope="module")
def english() -> SpellingCorrector:
    return SpellingCorrector(**TINY).fit(shuffled(ENGLISH), PAIRS)


@given(which=st.lists(st.sampled_from(KOREAN), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_korean_that_is_right_stays(korean: SpellingCorrector, which: list[str]) -> None:
    assert korean.correct_many(which) == [(text, []) for text in which]


@given(text=st.sampled_from(ENGLISH))
@settings(max_examples=25, deadline=None)
def test_english_that_is_right_stays(english: SpellingCorrector, text: str) -> None:
    assert english.correct(text) == (text, [])


@pytest.mark.parametrize("word", sorted({w for text in ENGLISH for w in text.split()} - {"the"}))
def test_a_known_word_alone_stays(english: SpellingCorrector, word: str) -> None:
    assert english.correct(word) == (word, [])


@pytest.mark.parametrize(
    ("typed", "meant", "why"),
    [
        ("이 영화 정말 재미이다", "이 영화 정말 재미있다", "받침 ㅆ missing"),
        ("그 배우 아쥬 훌륭합니다", "그 배우 아주 훌륭합니다", "keyboard neighbour ㅠ for ㅜ"),
        ("어제 본 드라마 진짜지루했어요", "어제 본 드라마 진짜 지루했어요", "space missing"),
        ("새로운 음 악 너무 좋았습니다", "새로운 음악 너무 좋았습니다", "space too many"),
    ],
)
def test_korean_is_mended_and_explained(korean: SpellingCorrector, typed: str, meant: str, why: str) -> None:
    text, changes = korean.correct(typed, threshold=0.3)
    assert text == meant
    assert [change.why for change in changes] == [why]
    for change in changes:
        assert typed[change.start : change.end] == change.typed
        assert 0.3 <= change.probability <= 1.0


def test_english_is_mended_in_its_case(english: SpellingCorrector) -> None:
    assert english.correct("They like the LETER.", threshold=0.3)[0] == "They like the LETTER."
    assert english.correct("goverment", threshold=0.3)[0] == "government"


def test_the_threshold_decides(korean: SpellingCorrector) -> None:
    typed = "이 영화 정말 재미이다"
    assert korean.correct(typed, threshold=1.0) == (typed, [])


def test_what_is_no_word_of_the_language_stays(korean: SpellingCorrector, english: SpellingCorrector) -> None:
    for text in (
        "  이 영화\t정말  재미있다 \n",
        "http://영하.kr",
        "OST recieved 좋았습니다",
        "12 34",
        "ㅋㅋㅋㅋ",
        "!?…",
        "",
    ):
        assert korean.correct(text) == (text, [])
    for text in ("www.recieved.com", "me@recieved.org", "recieved2", "foo_recieved", "x" * 1_000_000):
        assert english.correct(text) == (text, [])


def test_decomposed_hangul_is_found_and_the_rest_left_decomposed(korean: SpellingCorrector) -> None:
    typed = unicodedata.normalize("NFD", "이 영화 정말 재미이다")
    text, changes = korean.correct(typed, threshold=0.3)
    assert unicodedata.normalize("NFC", text) == "이 영화 정말 재미있다"
    assert typed[changes[0].start : changes[0].end] == unicodedata.normalize("NFD", "재미이다")
    assert text.startswith(typed[: changes[0].start])


def test_figures(korean: SpellingCorrector) -> None:
    figures = korean.evaluate(["이 영화 정말 재미이다", KOREAN[0]], ["이 영화 정말 재미있다", KOREAN[0]])
    assert (figures["errors"], figures["count"], figures["spoiled"]) == (1, 2, 0.0)
    with pytest.raises(DataError, match="2 texts and 1 corrections"):
        korean.evaluate(KOREAN[:2], KOREAN[:1])


def test_it_is_saved_and_loaded(english: SpellingCorrector, tmp_path: Path) -> None:
    english.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert isinstance(again, SpellingCorrector)
    for text in ("They recieved the leter", "goverment"):
        assert again.correct(text, 0.2)[0] == english.correct(text, 0.2)[0]
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    config["learned"]["weights"]["alone"] = [1.0]
    (tmp_path / "m" / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="weights of the witnesses"):
        load(tmp_path / "m")


def test_the_readers_say_what_the_whole_text_says(korean: SpellingCorrector) -> None:
    """Both log probabilities, step by step, whatever else is asked along with them."""
    text, vocabulary = KOREAN[3], korean.inputs_.vocabulary
    start, end = 2, 4
    questions = [Query(0, 2, 4, ["영화", "영하고"]), Query(0, 0, 1, ["이"]), Query(1, 0, 2, ["그"])]
    answers = korean.net_.log_probabilities(vocabulary, [text, "그 배우"], questions)
    for side, net in enumerate(korean.net_.readers):
        line = text if side == 0 else text[::-1]
        first, last = (start, end) if side == 0 else (len(text) - end, len(text) - start)
        stream = [2, *numbered(vocabulary, line).tolist(), 2]
        with torch.inference_mode():
            x = net.embedding.weight[torch.tensor(stream)][:, None]
            for layer in net.walks:
                x, _ = layer(x)
            logs = torch.log_softmax(x[:, 0] @ net.softmax.T + net.bias, 1)
        expected = sum(float(logs[n, stream[n + 1]]) for n in range(first, last + 1))
        assert answers[0][0, side] == pytest.approx(expected, abs=1e-3)


def test_hostile_corpora_and_pairs() -> None:
    made = SpellingCorrector(**TINY)
    for corpus in (["", "  "], ["!!! ???", "123"]):
        with pytest.raises(DataError, match="no word"):
            made.fit(corpus)
    with pytest.raises(DataError, match="lone surrogate"):
        made.fit(["\ud800 a"])
    for pairs, message in (
        ([("a",)], "pair 0"), ([("a", " ")], "empty"), ([("a", "\udc00")], "surrogate"), ("ab", "pairs came as str"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=message):
            made.fit(KOREAN, pairs)
    assert not hasattr(made, "net_")


def test_one_word_and_a_word_of_a_million_letters_can_be_learned_from() -> None:
    made = SpellingCorrector(**{**TINY, "epochs": 1}).fit(["word"] * 3 + ["y" * 50_000])
    assert made.correct("word") == ("word", [])


def test_the_log_linear_model_prefers_what_was_right() -> None:
    draw = np.random.default_rng(0)
    features = [draw.normal(size=(4, 3)) for _ in range(200)]
    right = [int((f @ [1.0, -2.0, 0.0]).argmax()) for f in features]
    weights = fitted_weights(features, right, [0.0, 0.0, 0.0])
    assert np.mean([log_shares(f, weights).argmax() == r for f, r in zip(features, right, strict=True)]) > 0.95
    assert np.exp(log_shares(features[0], weights)).sum() == pytest.approx(1.0)
    assert len(FEATURES) == len(SpellingCorrector(**TINY).fit(KOREAN[:20]).weights_["alone"])


def test_near_words_of_a_lexicon() -> None:
    lexicon = Lexicon({"영화": 9, "영화를": 3, "there": 5, "their": 2}, 2)
    assert {word for word, _ in lexicon.near("영하")} == {"영화"} or "영화" not in dict(lexicon.near("영하"))
    assert {word for word, _ in lexicon.near("thier")} == {"their", "there"}
    assert cased("their", "Thier") == "Their"


def test_what_was_seen_seldom_or_is_made_by_a_common_ending_speaks_for_a_word() -> None:
    counts = {f"stem{n}": 9 for n in range(25)} | {f"stem{n}ing": 9 for n in range(25)} | {"walk": 9, "영화": 9}
    lexicon = Lexicon(counts, 2, {"seldom": 3})
    assert lexicon.derived("walking") == pytest.approx(math.log(25))
    assert lexicon.derived("walkign") == 0.0
    assert lexicon.derived("영화를") == 0.0  # an ending of one word is none
    channel = ErrorChannel.learn([("wlaking", "walking"), ("sledom", "seldom")])
    seen, derived = FEATURES.index("stays seen"), FEATURES.index("stays derived")
    for word, expected in (("walking", (0.0, math.log(25))), ("seldom", (math.log(4), 0.0)), ("walk", (0.0, 0.0))):
        stays = Candidate(word, channel.score(word, word), "stays")
        place = Place(0, 0, len(word), [stays, Candidate("walk", -5.0, "word")], True)
        rows = lexicon.describe(place, np.zeros((2, 2)))
        assert tuple(rows[0, [seen, derived]]) == pytest.approx(expected)
        assert not rows[1, [seen, derived]].any()
    assert "seldom" not in [word for word, _ in lexicon.near("seldum")]  # and nothing is corrected to it


def test_words_with_marks_are_words() -> None:
    text = "हिन्दी don't मानक3 ไทย"
    assert [text[a:b] for a, b in words_of(text)] == ["हिन्दी", "don't", "मानक", "ไทย"]
    counts = {"हिन्दी": 9, "किताब": 9, "मानक": 9}
    channel = ErrorChannel.learn([("हिन्दि", "हिन्दी")])
    places = Lexicon(counts, 2).places("मेरी हिन्दि किताब", 0, channel)
    assert "हिन्दी" in [candidate.text for place in places for candidate in place.candidates]


def test_the_readers_go_by_code_points(korean: SpellingCorrector) -> None:
    assert korean.inputs_.tokenizer.version == 1  # the net numbers a mark apart from its letter
    assert korean.inputs_.tokenizer.lowercase
