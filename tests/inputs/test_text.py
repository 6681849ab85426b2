"""Texts on their way into a rectangle."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.errors import DataError, ModelError, ParameterError
from gyeol.inputs import FeatureInput, TextInput, Token, Tokenizer, make_tokenizer
from gyeol.inputs.text import WIDTH, Cut
from gyeol.inputs.text_pairs import with_ends

TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1, max_size=6)
LESSON = ["다시 보고 싶은 영화", "다시 본 영화", "Good film, GOOD film"] * 3


def made(**settings: Any) -> TextInput:
    return TextInput(**{"tokenizer": "syllable", "min_count": 1, **settings}).fit(LESSON)


@given(texts=TEXTS, draw=st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_a_batch_holds_the_tokens_and_nothing_else(texts: list[str], draw: Any) -> None:
    text = made()
    rows = text.encode(texts)
    which = np.array(draw.sample(range(len(texts)), draw.randint(1, len(texts))))
    batch = text.batch(rows, which)
    assert len(batch) == len(which)
    assert batch.tokens.dtype == batch.lengths.dtype == torch.int64
    assert batch.tokens.shape[1] % WIDTH == 0
    assert batch.tokens.shape[1] - int(batch.lengths.max()) < WIDTH
    assert batch.lengths.tolist() == text.lengths(rows)[which].tolist()
    for row, length, i in zip(batch.tokens.tolist(), batch.lengths.tolist(), which, strict=True):
        tokens = text.tokenizer.tokenize(texts[i])
        assert row[:length] == (text.vocabulary.encode(tokens).tolist() or [1])
        assert not any(row[length:])
        assert [token.text for token in text.tokens(texts[i])] == tokens


@given(tokens=st.lists(st.integers(), max_size=30), longest=st.integers(1, 12))
@settings(max_examples=100)
def test_the_middle_of_a_long_text_is_left_out(tokens: list[int], longest: int) -> None:
    short = made(max_length=longest).shorten(tokens)
    assert len(short) == min(len(tokens), longest)
    if len(tokens) > longest:
        head = longest - longest // 2
        assert short == tokens[:head] + tokens[len(tokens) - (longest - head) :]
    else:
        assert short == tokens


def test_a_long_text_keeps_the_offsets_of_what_is_left() -> None:
    text = made(max_length=4)
    assert text.tokens("가나 다라마바") == [Token("가", 0, 1), Token("나", 1, 2), Token("마", 5, 6), Token("바", 6, 7)]
    assert text.encode(["가나 다라마바"]).lengths.tolist() == [4]


def test_white_space_alone_is_one_unknown_token() -> None:
    for text in (made(), made(tokenizer="word"), made(tokenizer="bpe")):
        rows = text.encode(["", " \t\n", "다시"])
        assert rows[0].tolist() == rows[1].tolist() == [1]
        assert rows[2].tolist() != [1]


def test_rare_tokens_are_unknown_and_lower_case_is_optional() -> None:
    text = TextInput(tokenizer="word", min_count=6, lowercase=True).fit(LESSON)
    assert text.vocabulary.tokens[2:] == ["film", "good", "다시", "영화"]
    assert "Good" in made(tokenizer="word").vocabulary
    assert TextInput(min_count=1).fit(LESSON).tokenizer.name == "syllable"
    assert TextInput(min_count=1).fit(["a film to see again"]).tokenizer.name == "bpe"


def test_nothing_to_learn_from() -> None:
    for texts in ([], ["", " "]):
        with pytest.raises(DataError, match="no token to learn from"):
            TextInput(tokenizer="syllable").fit(texts)
    with pytest.raises(ParameterError, match="did you mean 'syllable'"):
        TextInput(tokenizer="sylable").fit(LESSON)


class Halves(Tokenizer):
    """A tokenizer of the user's own."""

    name = "halves"

    def cut(self, text: str) -> list[Token]:
        middle = len(text) // 2
        return [Token(text[:middle], 0, middle), Token(text[middle:], middle, len(text))]


@pytest.mark.parametrize("which", ["auto", "syllable", "jamo", "whitespace", "word", "bpe"])
@given(texts=TEXTS)
@settings(max_examples=30)
def test_state_through_json(which: str, texts: list[str]) -> None:
    text = _made.setdefault(which, made(tokenizer=which, lowercase=True, max_length=9))
    state = json.loads(json.dumps(text.state()))
    again = TextInput.restored(state)
    assert again.state() == state
    rows, others = text.encode(texts), again.encode(texts)
    assert np.array_equal(rows.values, others.values)
    assert np.array_equal(rows.starts, others.starts)


_made: dict[str, TextInput] = {}


def test_numbers_of_numpy_are_written_as_numbers() -> None:
    assert json.loads(json.dumps(made(max_length=np.int64(7)).state()))["max_length"] == 7


def test_a_tokenizer_of_ones_own_is_copied_and_must_be_handed_over() -> None:
    own = make_tokenizer("bpe")
    text = made(tokenizer=own)
    assert text.tokenizer is not own
    with pytest.raises(ParameterError, match="has not learned"):
        own.state()
    halves = made(tokenizer=Halves, lowercase=True)
    with pytest.raises(ModelError, match="a custom tokenizer, 'halves': load it with tokenizer="):
        TextInput.restored(halves.state())
    for given_own in (Halves, Halves(), Halves(lowercase=True)):
        again = TextInput.restored(halves.state(), tokenizer=given_own)
        assert again.encode(["Good Film"]).values.tolist() == halves.encode(["good film"]).values.tolist()
        assert again.tokenizer is not given_own
    loud = TextInput.restored(made(tokenizer=Halves()).state(), tokenizer=Halves(lowercase=True))
    assert not loud.tokenizer.lowercase  # as it was in training


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.pop("tokenizer"),
        lambda s: s.pop("vocabulary"),
        lambda s: s.pop("learned"),
        lambda s: s.update(tokenizer=["bpe"]),
        lambda s: s.update(tokenizer="bpe"),
        lambda s: s.update(vocabulary="가나"),
        lambda s: s.update(vocabulary={"가": 1}),
        lambda s: s.update(vocabulary=["가", 1]),
        lambda s: s.update(vocabulary=["가", "가"]),
        lambda s: s.update(max_length=0),
        lambda s: s.update(max_length="9"),
        lambda s: s.update(max_length=9.5),
    ],
)
def test_a_state_that_was_never_written(change: Any) -> None:
    state = made().state()
    change(state)
    with pytest.raises(ModelError):
        TextInput.restored(state)


@pytest.mark.parametrize("state", [None, [], "x", 3, {}])
def test_what_is_no_state(state: Any) -> None:
    with pytest.raises(ModelError, match=r"tokenizer\.json does not describe a tokenizer"):
        TextInput.restored(state)


def test_what_is_left_out_of_long_texts_is_counted() -> None:
    text = TextInput(tokenizer="whitespace", min_count=1, max_length=4).fit(["a b c d e"])
    assert text.cut == Cut(0, 0, 0, 4)
    text.encode(["a b c d", "a b c d e", "a " * 9, "b"])
    assert text.cut == Cut(2, 4, 9, 4)
    text.encode(["a"])
    assert text.cut == Cut(0, 1, 1, 4)
    assert str(Cut(1, 3, 9, 4, "end")).startswith("1 of 3 texts (33 %) is longer than 4 tokens (the longest has 9)")


def test_captions_lose_their_ends_and_one_hot_texts_too() -> None:
    side = TextInput(tokenizer="whitespace", min_count=1).fit(["a b c"])
    side.vocabulary = side.vocabulary.with_end()
    with_ends(side, ["a b c", "a"], longest=2)
    assert side.cut == Cut(1, 2, 3, 2, "end")
    with_ends(side, ["a b c d e f"])  # no limit, nothing to count
    assert side.cut.count == 1
    hot = FeatureInput("onehot", tokenizer="whitespace", min_count=1).fit(["a"] * 99 + ["a " * 100])
    hot.encode(["a", "a " * 100])
    assert hot.cut == Cut(1, 2, 100, 1, "end")
    assert FeatureInput("bow", tokenizer="whitespace", min_count=1).fit(["a b", "b"]).cut is None
