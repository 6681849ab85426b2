"""The error channel and the word index: what is learned, what is near."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.inputs.spelling.edit_reasons import reason
from gyeol.inputs.spelling.error_channel import ErrorChannel, from_units, to_units
from gyeol.inputs.spelling.word_index import WordIndex

PAIRS = [
    ("recieve", "receive"),
    ("beleive", "believe"),
    ("acheive", "achieve"),
    ("wierd", "weird"),
    ("becuase", "because"),
]
letters = st.text("abcde", max_size=7)


@given(word=st.text("가각괎힣abA", max_size=8))
def test_units_are_put_together_again(word: str) -> None:
    assert from_units(to_units(word)) == word.lower()


def test_an_error_that_was_seen_is_likelier_than_one_that_was_not() -> None:
    channel = ErrorChannel.learn(PAIRS * 4)
    assert channel.score("decieve", "deceive") > channel.score("deceibe", "deceive")
    assert channel.score("abc", "abcdefghijklm") == -math.inf


def test_it_is_saved_and_restored() -> None:
    channel = ErrorChannel.learn(PAIRS)
    again = ErrorChannel.restored(json.loads(json.dumps(channel.state())))
    for typed, meant in PAIRS:
        assert again.score(typed, meant) == channel.score(typed, meant)
    with pytest.raises(ValueError, match="log probability"):
        ErrorChannel.restored({"a": {"b": 1.0}})


@given(typed=letters, meant=letters)
@settings(max_examples=80)
def test_a_score_is_a_log_probability(typed: str, meant: str) -> None:
    assert ErrorChannel.learn(PAIRS).score(typed, meant) <= 0.0


def distance(one: str, other: str) -> int:
    """Damerau and Levenshtein, by the book."""
    rows = [[i + j if 0 in (i, j) else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            same = one[i - 1] == other[j - 1]
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (not same))
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@given(words=st.lists(letters.filter(bool), unique=True, max_size=12), query=letters, most=st.integers(1, 2))
@settings(max_examples=150)
def test_nothing_near_is_missed(words: list[str], query: str, most: int) -> None:
    found = {words[n] for n, _ in WordIndex(words, most).near(query)}
    if query:
        assert {word for word in words if distance(query, word) <= most} <= found
    assert all(distance(query, words[n]) <= 2 * most for n, _ in WordIndex(words, most).near(query))


def test_long_words_and_none_are_not_near() -> None:
    assert WordIndex(["x" * 100], 2).near("x" * 100) == []
    assert WordIndex([], 2).near("x") == []


@pytest.mark.parametrize(
    ("typed", "meant", "why"),
    [
        ("영하", "영화", "one key of two: ㅏ for ㅘ"),
        ("영회", "영화", "keyboard neighbour ㅚ for ㅘ"),
        ("재미이다", "재미있다", "받침 ㅆ missing"),
        ("영활", "영화", "받침 ㄹ too many"),
        ("갓다", "갔다", "keyboard neighbour ㅅ for ㅆ"),
        ("너무좋다", "너무 좋다", "space missing"),
        ("너 무", "너무", "space too many"),
        ("wrod", "word", "letters swapped: ro for or"),
        ("begining", "beginning", "letter n missing"),
        ("untill", "until", "letter l doubled"),
    ],
)
def test_reasons(typed: str, meant: str, why: str) -> None:
    assert reason(typed, meant) == why
