"""Spans: found as conlleval finds them; tags that may not follow each other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gyeol.engine.metrics.spans import Span, follows, marks_spans, span_figures, spans_of

SCHEMES = {
    "BIO": ["O", "B-A", "I-A", "B-B", "I-B"],
    "BIOES": ["O", "B-A", "I-A", "E-A", "S-A", "B-B", "I-B", "E-B", "S-B"],
    "BILOU": ["O", "B-A", "I-A", "L-A", "U-A"],
    "KLP": ["O", "B_PS", "B_LC", "I"],
    "no kind": ["O", "B", "I"],
}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["B-A", "B-A", "I-A"], [Span(0, 1, "A"), Span(1, 3, "A")]),
        (["I-A", "I-A", "I-B"], [Span(0, 2, "A"), Span(2, 3, "B")]),
        (["S-A", "B-A", "E-A", "E-A"], [Span(0, 1, "A"), Span(1, 3, "A"), Span(3, 4, "A")]),
        (["B_PS", "I", "O", "I"], [Span(0, 2, "PS"), Span(3, 4, "")]),
        (["U-A", "L-A", "O"], [Span(0, 1, "A"), Span(1, 2, "A")]),
        ([], []),
    ],
)
def test_spans(tags: list[str], expected: list[Span]) -> None:
    assert spans_of(tags) == expected


@given(st.lists(st.sampled_from(["A", "B", ""]), max_size=8), st.data())
def test_spans_that_were_written_are_found(kinds: list[str], data: st.DataObject) -> None:
    tags: list[str] = []
    expected = []
    for kind in kinds:
        size = data.draw(st.integers(1, 3))
        if kind:
            expected.append(Span(len(tags), len(tags) + size, kind))
            tags += [f"B-{kind}", *[f"I-{kind}"] * (size - 1)]
        else:
            tags += ["O"] * size
    assert spans_of(tags) == expected


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_may_follow_makes_spans_as_they_are_written(scheme: str) -> None:
    tags = SCHEMES[scheme]
    assert marks_spans(tags)
    allowed = follows(tags)
    assert allowed[-1].any()
    draw = np.random.default_rng(0)
    for _ in range(50):
        row = [int(draw.choice(np.flatnonzero(allowed[-1])))]
        while len(row) < 12:
            row.append(int(draw.choice(np.flatnonzero(allowed[row[-1]]))))
        named = [tags[n] for n in row]
        for before, after in pairwise(["O", *named]):
            if after[0] in "IEL":
                assert before[0] in "BI"
                assert after[2:] in ("", before[2:]) or not before[2:]


def test_other_tags_may_stand_in_any_order() -> None:
    for tags in (["NOUN", "VERB"], ["H", "E", "C"], ["I-A", "I-B"]):
        assert not marks_spans(tags)
        assert follows(tags).all()


def test_a_kind_that_nothing_begins_may_stand_anywhere() -> None:
    tags = ["B-A", "I-A", "I-B", "O"]  # of a model that learned IOB1 as it stood
    allowed = follows(tags)
    assert allowed[-1, 2]
    assert allowed[3, 2]
    assert not allowed[3, 1]


def test_figures() -> None:
    right = [["B-A", "I-A", "O", "B-B"], ["O", "B-A"]]
    found = [["B-A", "I-A", "O", "O"], ["B-B", "B-A"]]
    figures = span_figures(found, right)
    assert figures["precision"] == pytest.approx(2 / 3)
    assert figures["recall"] == pytest.approx(2 / 3)
    assert figures["per_kind"]["A"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "spans": 2}  # type: ignore[index]
    assert span_figures([["O"]], [["O"]])["f1"] == 0.0


def conlleval(tags: list[str]) -> list[Span]:
    """Find chunks by the rules of conlleval (Tjong Kim Sang 2004), as its functions endOfChunk and startOfChunk say."""
    ends = {("B", "B"), ("B", "O"), ("I", "B"), ("I", "O"), ("E", "E"), ("E", "I"), ("E", "O")}
    starts = {("B", "B"), ("I", "B"), ("O", "B"), ("O", "I"), ("E", "E"), ("E", "I"), ("O", "E")}
    found: list[Span] = []
    begun = -1
    before, kind = "O", ""
    for place, tag in enumerate([*tags, "O"]):
        mark, own = tag[0], tag[2:]
        if begun >= 0 and ((before, mark) in ends or (before != "O" and kind != own)):
            found.append(Span(begun, place, kind))
            begun = -1
        if (before, mark) in starts or (mark != "O" and kind != own):
            begun = place
        before, kind = mark, own
    return found


@pytest.mark.parametrize("marks", ["BI", "IE"])
@given(data=st.data())
def test_spans_are_those_of_conlleval(marks: str, data: st.DataObject) -> None:
    """Whatever the order of the marks, right or wrong by their scheme."""
    tags = data.draw(
        st.lists(st.sampled_from(["O", *[f"{mark}-{kind}" for mark in marks for kind in "XY"]]), max_size=12)
    )
    assert spans_of(tags) == conlleval(tags)
