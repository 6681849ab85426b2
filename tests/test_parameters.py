from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import ParameterError, TextClassifier
from gyeol.inputs import TOKENIZERS, Tokenizer
from gyeol.parameters import check, choice, fraction, parse, plain, positive, switch, whole

ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.binary(max_size=4),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.none(), max_size=2),
    st.just(10**400),
    st.just(Decimal("NaN")),
    st.just(Fraction(1, 3)),
    st.just(np.float32(0.5)),
    st.just(int),
    st.just(object()),
)


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (whole(1), 1),
        (whole(1), np.int64(3)),
        (whole(1, none=True), None),
        (whole(1, 100), 100),
        (positive(), 1e-300),
        (positive(), np.float32(2)),
        (positive(), Fraction(1, 3)),
        (positive(zero=True), 0),
        (positive(none=True), None),
        (fraction(), 0),
        (fraction(), 0.999),
        (switch, True),
        (switch, 0),
        (switch, np.bool_(True)),
        (choice(("global", None)), None),
        (choice({"lstm": 1, "gru": 2}), "gru"),
        (choice(TOKENIZERS, own=Tokenizer), TOKENIZERS["word"]),
        (choice(TOKENIZERS, own=Tokenizer), TOKENIZERS["word"]()),
    ],
)
def test_rule_accepts(rule: Any, value: Any) -> None:
    assert rule(value) == ""


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        (whole(1), 0, "must be a whole number, 1 or more"),
        (whole(1), True, "whole number"),
        (whole(1), 2.0, "whole number"),
        (whole(1), "8", "whole number"),
        (whole(1), None, "whole number"),
        (whole(1), 2**53 + 1, "whole number"),
        (whole(1, 100), 101, "from 1 to 100"),
        (whole(1, none=True), 0, "or None"),
        (positive(), 0, "above 0"),
        (positive(), math.nan, "above 0"),
        (positive(), math.inf, "above 0"),
        (positive(), 10**400, "above 0"),
        (positive(), True, "above 0"),
        (positive(zero=True), -1e-9, "0 or more"),
        (fraction(), 1, "not including, 1"),
        (fraction(), -0.1, "from 0"),
        (switch, "yes", "true or false"),
        (switch, 2, "true or false"),
        (choice(("global", None)), "local", "Possible: global, None"),
        (choice({"lstm": 1, "gru": 2}), "lstn", "did you mean 'lstm'?"),
        (choice({"lstm": 1}), int, "is not known"),
        (choice(TOKENIZERS, own=Tokenizer), int, "is not known"),
        (choice(TOKENIZERS, own=Tokenizer), ["word"], "is not known"),
        (choice(TOKENIZERS, own=Tokenizer), 3, "is not known"),
    ],
)
def test_rule_refuses(rule: Any, value: Any, expected: str) -> None:
    assert expected in rule(value)


@given(ANYTHING)
@settings(max_examples=200, deadline=None)
def test_rules_answer_any_value_with_a_sentence(value: Any) -> None:
    for name, rule in TextClassifier.rules.items():
        assert isinstance(rule(value), str), name


def test_every_setting_of_the_classifier_has_a_rule_that_its_default_keeps() -> None:
    model = TextClassifier()
    assert set(model.rules) == set(model.get_params(deep=False))
    check(model.get_params(deep=False), model.rules)


def test_check_names_all_mistakes_at_once() -> None:
    rules = {"cell": choice({"lstm": 1}), "hidden_size": whole(1), "dropout": fraction()}
    with pytest.raises(ParameterError) as caught:
        check({"cell": "lstn", "hidden_size": -1, "dropout": 0.5}, rules)
    assert str(caught.value).split("; ") == [
        "cell='lstn' is not known",
        "did you mean 'lstm'?",
        "hidden_size=-1 must be a whole number, 1 or more",
    ]


def test_check_shortens_a_value_of_any_length() -> None:
    with pytest.raises(ParameterError) as caught:
        check({"cell": "x" * 10**6}, {"cell": whole(1)})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("hidden_size=256", 256),
        (" hidden_size = 256 ", 256),
        ("hidden_size=0.5", 0.5),
        ("hidden_size=1e-3", 1e-3),
        ("hidden_size=gru", "gru"),
        ('hidden_size="gru"', "gru"),
        ("hidden_size=True", True),
        ("hidden_size=false", False),
        ("hidden_size=None", None),
        ("hidden_size=null", None),
        ("hidden_size=", ""),
        ("hidden_size=a=b", "a=b"),
        ('hidden_size={"긍정" = 2.0}', {"긍정": 2.0}),
        ("hidden_size=" + "[" * 5000, "[" * 5000),
    ],
)
def test_parse_reads_values_as_toml_else_as_text(setting: str, value: Any) -> None:
    assert parse(setting, {"hidden_size": 128}) == ("hidden_size", value)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("hidden_size", "has no '='"),
        ("hiden_size=1", "did you mean 'hidden_size'?"),
        ("=1", "no setting of this task"),
        ("", "has no '='"),
    ],
)
def test_parse_says_what_is_wrong(setting: str, expected: str) -> None:
    with pytest.raises(ParameterError, match=expected):
        parse(setting, {"hidden_size": 128})


@given(st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_parse_raises_nothing_but_its_own_error(setting: str) -> None:
    if setting.partition("=")[0].strip() != "a" or "=" not in setting:
        with pytest.raises(ParameterError):
            parse(setting, {"a": 1})
    assert parse(f"a={setting}", {"a": 1})[0] == "a"


def test_plain_writes_what_json_can_hold() -> None:
    assert plain(np.int64(3)) == 3
    assert type(plain(np.int64(3))) is int
    assert plain(np.float32(0.5)) == 0.5
    assert plain(np.bool_(True)) is True
    assert plain({np.int64(1): np.float64(2), "a": 1}) == {"pairs": [[1, 2.0], ["a", 1]]}
    assert plain(TOKENIZERS["word"]) == "own:Word"
    assert plain(TOKENIZERS["word"]()) == "own:word"
    assert plain(None) is None
