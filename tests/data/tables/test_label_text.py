"""A label is one text, whatever the format it stands in."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from gyeol.data.tables.label_text import LabelTexts, as_written, label_key, label_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"), ("0.0", "0"), (0, "0"), (0.0, "0"), ("-0.0", "0"), ("1.", "1"), ("12.000", "12"), ("-3.0", "-3"),
        ("0.5", "0.5"), (0.5, "0.5"), ("1.50", "1.50"), ("007", "007"), ("1e3", "1e3"), ("v1.0", "v1.0"),
        (True, "true"), ("True", "True"), (" 긍정\u3000", "긍정"),
        ("nan", "nan"), ("NaN", "NaN"), ("None", "None"), ("null", "null"), ("NA", "NA"),
        ("", None), ("  ", None), (None, None), (float("nan"), None),
        (["0"], "0"), ([1.0], "1"), (["b", "a"], "b|a"), ([], None), ('["0"]', "0"), ("[1, 2]", "1|2"),
        ("['긍정', '액션']", "긍정|액션"), ("['a' 'b']", "a|b"), ("[0. 2.]", "0|2"), ("['it\\'s']", "it's"),
        ("[기타]", "[기타]"), ("['a', ['b']]", "['a', ['b']]"), ("긍정|액션", "긍정|액션"),
    ],
)  # fmt: skip
def test_one_reading(value: Any, text: str | None) -> None:
    assert label_text(value) == text


@pytest.mark.parametrize(
    ("value", "word"),
    [(["a|b"], "separates labels"), (["a", "b|c"], "separates labels"), (["a", None], "not a label"),
     ([""], "not a label"), ([["a"]], "not a label"), ({"a": 1}, "dict")],
)  # fmt: skip
def test_what_is_no_label(value: Any, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        label_text(value)


def test_the_forms_of_unicode_are_one() -> None:
    for label in ("긍정", "café", "각도"):
        assert label_text(unicodedata.normalize("NFD", label)) == label
        assert label_text([unicodedata.normalize("NFD", label)]) == label
    assert LabelTexts()(unicodedata.normalize("NFD", "긍정")) == "긍정"


def test_labels_of_two_files_are_compared() -> None:
    assert label_key("True") == label_key(True) == label_key("TRUE") == "true"
    assert label_key(1) == label_key("1.0") == label_key("1")
    assert label_key("A") != label_key("a")
    assert label_key({"a": 1}) == "{'a': 1}"


def test_texts_stay_as_they_are_written() -> None:
    decomposed = unicodedata.normalize("NFD", "긍정")
    assert as_written(f" {decomposed} ") == decomposed
    assert as_written("1.0") == "1.0"
    assert as_written('["a"]') == '["a"]'
    assert as_written(None) is as_written(" ") is as_written(float("nan")) is None
    with pytest.raises(ValueError, match="list"):
        as_written(["a"])


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("['b', 'a']", "b|a"),
        ("['a' 'b']", "a|b"),
        ("[\"it's\", 'b']", "it's|b"),
        ("['긍정']", "긍정"),
        ("[sic]", "[sic]"),
        ("['a', b]", "['a', b]"),
        ("\u200bneg\ufeff ", "neg"),
        ("\u200b", None),
    ],
)
def test_lists_as_python_prints_them_and_unseen_characters(cell: str, expected: str | None) -> None:
    assert label_text(cell) == expected
