"""The built-in pairs: enough of them, no two alike, a split that is fixed and fair."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import pytest

import gyeol.data.text
from gyeol import DataError
from gyeol.data.text.parallel import read_parallel
from gyeol.data.text.sources import find_source

FOLDER = Path(gyeol.data.text.__file__).parent / "pairs_ko_en"
PARTS = ("train", "valid", "test")
DOMAINS = {"everyday", "travel", "clinic", "lab", "software"}


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, str, str, str]]:
    """Every pair: part, Korean, English, domain."""
    found = []
    for part in PARTS:
        lines = (FOLDER / f"{part}.tsv").read_text(encoding="utf-8").splitlines()
        assert lines[0] == "ko\ten\tdomain"
        found += [(part, *line.split("\t")) for line in lines[1:]]
    return found  # type: ignore[return-value]


def test_there_are_enough_and_each_is_well_formed(rows: list[tuple[str, str, str, str]]) -> None:
    assert len(rows) >= 3000
    for _, ko, en, domain in rows:
        assert domain in DOMAINS
        for text in (ko, en):
            assert text == unicodedata.normalize("NFC", " ".join(text.split()))
        assert re.search("[가-힣]", ko)
        assert not re.search("[가-힣ㄱ-ㅎㅏ-ㅣ]", en)
        assert re.search("[A-Za-z]", en)


def test_no_two_are_alike(rows: list[tuple[str, str, str, str]]) -> None:
    for side in (1, 2):
        bare = Counter(re.sub(r"\W", "", row[side].lower()) for row in rows)
        assert [text for text, count in bare.items() if count > 1] == []
    # No template: no two Korean sentences share more than six in ten of their runs of three letters.
    seen: dict[str, list[int]] = defaultdict(list)
    runs = [
        {solid[i : i + 3] for i in range(len(solid) - 2)} or {solid} for solid in (r[1].replace(" ", "") for r in rows)
    ]
    alike = []
    for i, own in enumerate(runs):
        shared = Counter(j for run in own for j in seen[run])
        alike += [(rows[j][1], rows[i][1]) for j, n in shared.items() if n / len(own | runs[j]) > 0.6]
        for run in own:
            seen[run].append(i)
    assert alike == []


def test_the_split_is_fair(rows: list[tuple[str, str, str, str]]) -> None:
    for domain in DOMAINS:
        counts = Counter(part for part, _, _, own in rows if own == domain)
        assert abs(counts["test"] - counts["valid"]) <= 1
        assert 0.07 < counts["test"] / sum(counts.values()) < 0.09


def test_they_are_read_by_name() -> None:
    pairs = read_parallel("pairs-ko-en", "test")
    assert pairs.name == "pairs-ko-en (test)"
    assert len(pairs.sources) == len(pairs.targets) > 200
    back = read_parallel("pairs-ko-en", "test", input="en", target="ko")
    assert (back.sources, back.targets) == (pairs.targets, pairs.sources)
    with pytest.raises(DataError, match="suitable ones: reviews"):
        find_source("pairs-ko-en", "train")
    with pytest.raises(DataError, match="suitable ones: pairs-ko-en"):
        read_parallel("reviews", "train")
