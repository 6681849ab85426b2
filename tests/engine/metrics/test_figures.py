"""The figures are scikit-learn's, also for classes that never occur."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sklearn import metrics

from gyeol.engine import agreement, captioning, classification

CLASSES = ["긍정", "부정", "중립", "없음"]
NUMBERS = st.integers(0, len(CLASSES) - 1)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=30))
@settings(max_examples=60)
def test_they_are_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, predicted = (np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True))
    figures = classification(truth, predicted, CLASSES)
    assert figures["accuracy"] == pytest.approx(metrics.accuracy_score(truth, predicted))
    expected = metrics.f1_score(truth, predicted, average="macro", zero_division=0.0)
    assert figures["macro_f1"] == pytest.approx(expected)
    assert figures["count"] == len(pairs)
    confusion = np.array(figures["confusion"])
    assert confusion.shape == (4, 4)
    assert all(confusion[i, j] == pairs.count((i, j)) for i in range(4) for j in range(4))
    report = metrics.classification_report(
        truth, predicted, labels=range(4), target_names=CLASSES, output_dict=True, zero_division=0.0
    )
    for name in CLASSES:
        own: dict[str, Any] = figures["per_class"][name]
        assert own["precision"] == pytest.approx(report[name]["precision"])
        assert own["recall"] == pytest.approx(report[name]["recall"])
        assert own["f1"] == pytest.approx(report[name]["f1-score"])
        assert own["count"] == report[name]["support"]


def test_a_class_that_nobody_met_or_named_does_not_lower_the_mean() -> None:
    truth = np.array([0, 1, 0, 1])
    assert classification(truth, truth, CLASSES)["macro_f1"] == 1.0
    assert classification(truth, truth, CLASSES)["per_class"]["없음"] == {
        "precision": 0.0,
        "recall": 0.0,
        "f1": 0.0,
        "count": 0,
    }


def test_a_class_named_where_it_was_not_does() -> None:
    figures = classification(np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1]), CLASSES)
    assert figures["macro_f1"] == pytest.approx((2 / 3 + 1 + 0) / 3)


@pytest.mark.parametrize("classes", [["a", "b"], [0, 1], [np.int64(3), np.int64(7)], [True, False]])
def test_they_are_plain_json(classes: list[Any]) -> None:
    figures = classification(np.array([0, 1, 1]), np.array([0, 1, 0]), classes)
    assert json.loads(json.dumps(figures)) == figures
    assert list(figures["per_class"]) == [str(name) for name in classes]


def test_captions_are_counted_as_the_field_does() -> None:
    references = [["A large red circle.", "one red circle"], ["The sea"]]
    figures = captioning(["a large red CIRCLE", "a green field"], references)
    assert figures["exact"] == 0.5
    # 4 of 7 words; lengths 7 and 4 + 2, so that nothing is taken for brevity
    assert figures["bleu_1"] == pytest.approx(100 * 4 / 7)
    assert figures["bleu_2"] == pytest.approx(100 * (4 / 7 * 3 / 5) ** 0.5)
    assert figures["bleu"] == figures["bleu_4"]
    perfect = captioning(["a b c d, e"], [["x", "A b c d e.", "y z"]])
    assert {name: perfect[name] for name in ("bleu", "exact")} == {"bleu": pytest.approx(100.0), "exact": 1.0}
    assert captioning([""], [["a b"]])["bleu"] == 0.0
    assert captioning(["एक हिन्दी किताब है"], [["एक हिन्दी किताब है!"]])["bleu"] == pytest.approx(100.0)
    marks_torn_off = captioning(["हिन्दा हिन्दु हिन्दे हिन्दै"], [["हिन्दी हिन्दो हिन्दौ हिन्दृ"]])
    assert marks_torn_off["bleu"] == 0.0  # no word is the same, for all that their letters are


@given(st.lists(st.tuples(st.text("abc ", min_size=1, max_size=12), st.floats(-900, 0)), min_size=1, max_size=5))
@settings(max_examples=30)
def test_agreement_is_the_bleu_to_be_expected(pairs: list[tuple[str, float]]) -> None:
    texts, logs = [" ".join(text) for text, _ in pairs], [log for _, log in pairs]
    highest = max(logs)
    total = sum(math.exp(log - highest) for log in logs)
    bleu = BLEU(effective_order=True, tokenize="none")
    for text, found in zip(texts, agreement(texts, logs), strict=True):
        plain, others = " ".join(text.split()), [" ".join(other.split()) for other in texts]
        each = [bleu.sentence_score(plain, [other]).score for other in others]
        wanted = sum(math.exp(log - highest) / total * score for log, score in zip(logs, each, strict=True))
        assert found == pytest.approx(wanted, abs=1e-6)


def test_texts_that_are_alike_bear_each_other_out() -> None:
    alike = agreement(["a red circle here", "A red ring here.", "one blue square"], [-1.0, -1.1, -0.9])
    assert alike[0] > alike[2]
    assert agreement(["a red circle"], [-2000.0]) == [pytest.approx(100.0)]
