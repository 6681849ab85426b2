from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gyeol.inputs.tokens.normalization import normalize

PIECES = ["\u1100", "\u1161", "\u11a8", "\u11a7", "각", "가", "ㅋ", "e\u0301", "\u0301", "\u0323", "\u0307", "\u0958"]
PIECES += ["\u2126", "İ", "J\u030c", "Σ", "ß", " ", "\u3000", "👩\u200d👧", "हि", "\u0344", "\u1112\u1161\u11ab"]
TEXTS = st.lists(st.characters(exclude_categories=["Cs"]) | st.sampled_from(PIECES), max_size=20).map("".join)


@given(TEXTS)
@settings(max_examples=300)
def test_gives_nfc_and_nothing_moved_only_where_it_was_nfc(text: str) -> None:
    composed, origins = normalize(text)
    assert composed == unicodedata.normalize("NFC", text)
    assert (origins is None) == unicodedata.is_normalized("NFC", text)


@given(TEXTS)
@example("q\u0307\u0323")
@example("\u0958")
@settings(max_examples=300)
def test_origins_cut_the_text_into_what_each_character_was_composed_from(text: str) -> None:
    composed, origins = normalize(text)
    if origins is None:
        return
    assert len(origins) == len(composed) + 1
    assert origins == sorted(origins)
    assert origins[0] == 0
    assert origins[-1] == len(text)
    cuts = sorted(set(origins))
    whole = [unicodedata.normalize("NFC", text[a:b]) for a, b in itertools.pairwise(cuts)]
    assert "".join(whole) == composed
    assert [len(piece) for piece in whole] == [origins.count(cut) for cut in cuts[:-1]]


def test_what_composition_leaves_alone_keeps_its_own_places() -> None:
    composed, origins = normalize("हिe\u0301")  # a consonant and its vowel sign: two characters of one cluster
    assert (composed, origins) == ("हिé", [0, 1, 2, 4])


def test_every_composition_that_unicode_knows() -> None:
    """No composition reaches across two clusters, whatever the pair: all code points are tried."""
    for point in range(0x110000):
        parts = unicodedata.decomposition(chr(point))
        if parts and not parts.startswith("<"):
            text = "".join(chr(int(part, 16)) for part in parts.split()) + "a"
            assert normalize("가" + text)[0] == unicodedata.normalize("NFC", "가" + text), hex(point)


@given(TEXTS)
@settings(max_examples=300)
def test_lower_case_is_nfc_and_the_same_from_either_form(text: str) -> None:
    small, origins = normalize(text, lowercase=True)
    assert unicodedata.is_normalized("NFC", small)
    assert small == normalize(unicodedata.normalize("NFD", text), lowercase=True)[0]
    assert origins is None or (len(origins) == len(small) + 1 and origins == sorted(origins))
    assert origins is not None or len(small) == len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ÀB", ("àb", None)),
        ("A\u0300B", ("àb", [0, 2, 3])),
        ("J\u030cX", ("ǰx", [0, 2, 3])),  # no capital of its own: it composes only once it is small
        ("J\u030cA\u0300", ("ǰà", [0, 2, 4])),
        ("İX", ("İx", None)),  # its small letter would be two characters long
    ],
)
def test_lower_case_keeps_places(text: str, expected: tuple[str, list[int] | None]) -> None:
    assert normalize(text, lowercase=True) == expected
