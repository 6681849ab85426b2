"""Sequences of letters: nucleotides, alignment, letters of another alphabet."""

from __future__ import annotations

from typing import Any

import pytest

from gyeol.errors import ModelError
from gyeol.inputs.letter_sequences import Reading, are_nucleotides, find_reading, fold, shared_length, unknown_share

DNA = frozenset("ACGT")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["ACGTACGTACGTACGTACGT"], True),
        (["acguacguacguacguacgu", "ACGNNNACG"], True),  # RNA, soft-masked, unknown bases
        (["ACGTACGTAC-ACGTRACGTACGTYACGTACGTAC"], True),  # gaps and a few ambiguity codes
        (["MKVLAAGIVGLLLAMKVLAAGIV"], False),
        (["RYSWKMBDHVRYSWKMBDHVRYSWKMBDHV"], False),  # all of them IUPAC's, hardly a base among them
        (["a cat and a tag, a gnat"], False),
        (["ACGT"], False),  # too little to tell
        (["NNNNNNNNNNNNNNNNNNNNNNNNN"], False),
        (["AAAAAAAAAAAAAAAAAAAAAAAAA"], False),
        ([], False),
    ],
)
def test_what_are_nucleotides(texts: list[str], expected: bool) -> None:
    assert are_nucleotides(texts) is expected


def test_folding_keeps_places() -> None:
    assert fold("acgtuUNrY-.") == "ACGTTTNRY-."


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["ACGT" * 15] * 10 + ["acgu" * 15] * 10, 60),
        (["SLLQHLIGL"] * 30, 9),  # peptides
        ([f"  {base * 60}" for base in "ACGT"] * 10, 60),  # as UCI has its splice junctions
        (["ACGT" * 15] * 19, 0),  # so few may have one length by chance
        (["ACGT" * 15] * 29 + ["ACG"], 0),
        (["ACGT" * 76] * 30, 0),  # longer than 300
        (["abc"] * 30, 0),
        (["good text"] * 30, 0),
        ([chr(0xAC00 + n) * 5 for n in range(40)], 0),  # words of Korean
    ],
)
def test_what_is_aligned(texts: list[str], expected: int) -> None:
    assert shared_length(texts) == expected


ALIGNED = ["ACGTA", "TTTAC"] * 10


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Reading(True, 5, 5, True)),
        ({"positions": 0}, Reading(True, 0, 0, False)),
        ({"positions": 3, "direct": True}, Reading(True, 0, 3, True)),
        ({"direct": False}, Reading(True, 5, 5, False)),
        ({"nucleotides": False}, Reading(False, 5, 5, True)),
        ({"by_letters": False}, Reading(True, 0, 0, False)),
    ],
    ids=str,
)
def test_what_is_given_stays_as_it_is(given: dict[str, Any], expected: Reading) -> None:
    usual: dict[str, Any] = {"nucleotides": None, "positions": None, "direct": None, "by_letters": True}
    found = find_reading(ALIGNED, **{**usual, **given})
    assert found == expected
    assert Reading.restored(found.state()) == found
    assert ("aligned" in found.notes()) == (expected.length > 0)


@pytest.mark.parametrize(
    "state", [None, {}, {**Reading().state(), "positions": "3"}, {**Reading().state(), "length": -1.5}]
)
def test_a_damaged_state(state: Any) -> None:
    with pytest.raises(ModelError):
        Reading.restored(state)


def test_the_share_of_unknown_letters() -> None:
    dna = Reading(nucleotides=True)
    assert unknown_share("acgu ACGT", DNA, reading=dna) == 0.0
    assert unknown_share("NNNN", DNA | {"N"}, reading=dna) == 1.0  # known as a letter, and no base
    assert unknown_share("ACGN", DNA, reading=dna) == 0.25
    assert unknown_share("acgt", DNA) == 1.0
    assert unknown_share("ABC", frozenset("abc"), lowercase=True) == 0.0
    assert unknown_share("각a", frozenset("\u1100\u1161\u11a8"), jamo=True) == 0.25
    assert unknown_share("  ", DNA) == 0.0
