"""Every scheme is recognised and read as BIO; tags that mark no spans are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gyeol.data.tagging.schemes import find_scheme, marks_spans, spans_of, split_tag, written_like

Spans = list[tuple[int, int, str]]
LETTERS = {"BIOES": "BIES", "BILOU": "BILU", "BMEWO": "BMEW", "BMES": "BMES"}


def write(length: int, spans: Spans, scheme: str) -> list[str]:
    """Write spans as the scheme's definition says."""
    tags = ["O"] * length
    for start, end, kind in spans:
        before = any(other[1] == start and other[2] == kind for other in spans)
        after = any(other[0] == end and other[2] == kind for other in spans)
        for place in range(start, end):
            first, last = place == start, place == end - 1
            if scheme in ("BIO", "IOB1"):
                mark = "B" if first and (scheme == "BIO" or before) else "I"
            elif scheme in ("IOE1", "IOE2"):
                mark = "E" if last and (scheme == "IOE2" or after) else "I"
            else:
                b, i, e, s = LETTERS[scheme]
                mark = s if first and last else b if first else e if last else i
            tags[place] = f"{mark}-{kind}"
    return tags


@st.composite
def sentences(draw: st.DrawFn) -> list[tuple[int, Spans]]:
    rows = []
    for _ in range(draw(st.integers(1, 3))):
        spans: Spans = []
        place = 0
        for _ in range(draw(st.integers(0, 5))):
            start = place + draw(st.integers(0, 2))
            place = start + draw(st.integers(1, 3))
            spans.append((start, place, draw(st.sampled_from(["PER", "LOC"]))))
        rows.append((place + draw(st.integers(0, 2)) + 1, spans))
    # One name of each kind of length, and two that touch, so that no scheme can be taken for another.
    return [*rows, (9, [(0, 1, "PER"), (1, 4, "PER"), (5, 8, "LOC")])]


SCHEMES = ["BIO", "IOB1", "IOE1", "IOE2", "BIOES", "BILOU", "BMEWO", "BMES"]


@pytest.mark.parametrize("scheme", SCHEMES)
@given(rows=sentences())
def test_a_scheme_is_named_and_read_as_bio(scheme: str, rows: list[tuple[int, Spans]]) -> None:
    written = [write(length, spans, scheme) for length, spans in rows]
    found = find_scheme(written)
    assert found is not None
    assert found.name == scheme
    assert found.changes == (scheme != "BIO")
    assert [found.converted(tags) for tags in written] == [write(length, spans, "BIO") for length, spans in rows]
    assert [[tuple(span) for span in spans_of(tags)] for tags in written] == [spans for _, spans in rows]


@pytest.mark.parametrize("form", ["{kind}-{mark}", "{mark}_{kind}", "{mark}:{kind}", "{kind}/{mark}", "{low}-{kind}"])
@pytest.mark.parametrize("scheme", ["BIO", "IOB1", "BILOU"])
def test_other_ways_of_writing_them(form: str, scheme: str) -> None:
    spans = [(0, 1, "PER"), (1, 4, "PER"), (5, 8, "loc-x")]
    plain = write(9, spans, scheme)
    tags = [t if t == "O" else form.format(mark=t[0], kind=t[2:], low=t[0].lower()) for t in plain]
    found = find_scheme([tags])
    assert found is not None
    assert found.name == scheme
    assert found.changes
    assert found.converted(tags) == write(9, spans, "BIO")
    assert f"written as {tags[0]}" in found.describe()


@pytest.mark.parametrize(
    ("tags", "name", "expected"),
    [
        (["B_PS", "I", "O", "B_LC"], "BIO", ["B-PS", "I-PS", "O", "B-LC"]),  # KLP 2016
        (["B", "I", "O"], "BIO", ["B", "I", "O"]),
        (["B", "M", "E", "S"], "BMES", ["B", "I", "I", "B"]),  # words of Chinese, by the letter
        (["I", "E", "O", "E"], "IOE2", ["B", "I", "O", "B"]),
        (["b-per", "i-per", "o"], "BIO", ["B-per", "I-per", "O"]),
        (["B-PER", "I-PER", "0"], "BIO", ["B-PER", "I-PER", "O"]),  # a zero
        (["I-A", "O", "I-B"], "IOB1", ["B-A", "O", "B-B"]),  # no two touch
        (["B-A", "I-A", "O", "I-B"], "BIO and IOB1", ["B-A", "I-A", "O", "B-B"]),
        (["E-A", "O", "I-A"], "IOE2 and IOE1", ["B-A", "O", "B-A"]),
    ],
)
def test_what_people_have(tags: list[str], name: str, expected: list[str]) -> None:
    found = find_scheme([tags])
    assert found is not None
    assert (found.name, found.converted(tags)) == (name, expected)


@pytest.mark.parametrize(
    "tags",
    [
        ["NOUN", "VERB", "X"], ["H", "E", "C"], ["H", "B", "E", "G", "I", "T", "S", "C"], ["I", "M", "O"], ["0", "1"],
        ["O"], ["I-A", "I-B"], ["N-S", "V-S"], ["S", "O", "V"], ["NN", "O", "B-PER"], ["L", "O"], [],
    ],
    ids=str,
)  # fmt: skip
def test_tags_that_are_no_spans(tags: list[str]) -> None:
    assert not marks_spans(tags)
    assert find_scheme([tags]) is None


def test_where_it_is_known_that_tags_mark_spans() -> None:
    for tags, expected in ((["O"], ["O"]), (["I-A", "I-B"], ["B-A", "B-B"]), (["L-A"], ["B-A"])):
        found = find_scheme([tags], sure=True)
        assert found is not None
        assert found.converted(tags) == expected
    assert find_scheme([["NOUN"]], sure=True) is None


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (["B_PS", "I", "O"], ["B_PS", "I", "O", "B_PS"]),
        (["B-PS", "I-PS", "E-PS", "S-PS", "O"], ["B-PS", "E-PS", "O", "S-PS"]),
        (["B-PS", "I-PS", "L-PS", "U-PS", "O"], ["B-PS", "L-PS", "O", "U-PS"]),
        (["I-PS", "O"], ["I-PS", "I-PS", "O", "I-PS"]),
        (["B-XX", "O"], ["B-PS", "I-PS", "O", "B-PS"]),
    ],
)
def test_as_an_older_model_writes_them(known: list[str], expected: list[str]) -> None:
    assert written_like(["B-PS", "I-PS", "O", "B-PS"], known) == expected


def test_parts() -> None:
    assert [split_tag(tag) for tag in ("L-A", "W_A", "M", "O", "X-A")] == [
        ("E", "A"),
        ("S", "A"),
        ("I", None),
        ("O", None),
        ("O", None),
    ]
