"""The built-in reviews: enough of them, no two alike, a split that is fixed and fair."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import pytest

import gyeol.data.text
from gyeol.data.text.sources import find_source, has_role, read_labelled

FOLDER = Path(gyeol.data.text.__file__).parent / "reviews"
PARTS = ("train", "valid", "test")


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, str, str, str]]:
    """Every review: part, text, label, domain."""
    found = []
    for part in PARTS:
        lines = (FOLDER / f"{part}.tsv").read_text(encoding="utf-8").splitlines()
        assert lines[0] == "text\tlabel\tdomain"
        found += [(part, *line.split("\t")) for line in lines[1:]]
    return found


def test_there_are_enough_and_each_is_well_formed(rows: list[tuple[str, str, str, str]]) -> None:
    assert len(rows) >= 3000
    for _, text, label, domain in rows:
        assert label in ("긍정", "부정")
        assert re.fullmatch("[a-z]+", domain)
        assert 1 <= len(text) <= 200
        assert text == unicodedata.normalize("NFC", " ".join(text.split()))
        assert re.search("[가-힣ㄱ-ㅎㅏ-ㅣ]", text)


def test_no_two_are_alike(rows: list[tuple[str, str, str, str]]) -> None:
    """Neither the same text twice, nor two that share more than half of their three-letter runs."""
    texts = [text for _, text, _, _ in rows]
    repeated = [text for text, count in Counter(re.sub(r"[\s.!?~ㅋㅎㅠㅜ]", "", t) for t in texts).items() if count > 1]
    assert repeated == []
    runs = [_runs(text) for text in texts]
    seen: dict[str, list[int]] = defaultdict(list)
    alike = []
    for i, own in enumerate(runs):
        shared = Counter(j for run in own for j in seen[run])
        alike += [(texts[j], texts[i]) for j, n in shared.items() if n / len(own | runs[j]) > 0.5]
        for run in own:
            seen[run].append(i)
    assert alike == []


def _runs(text: str) -> set[str]:
    solid = re.sub(r"\s", "", text)
    return {solid[i : i + 3] for i in range(len(solid) - 2)} or {solid}


def test_no_opening_is_worn_out(rows: list[tuple[str, str, str, str]]) -> None:
    """A template would show as an opening or an ending that many share."""
    openings = Counter(" ".join(text.split()[:2]) for _, text, _, _ in rows if len(text.split()) > 2)
    assert openings.most_common(1)[0][1] <= 0.005 * len(rows)
    endings = Counter(" ".join(text.split()[-2:]) for _, text, _, _ in rows if len(text.split()) > 2)
    assert endings.most_common(1)[0][1] <= 0.005 * len(rows)


def test_every_part_holds_the_same_share_of_each_domain_and_label(rows: list[tuple[str, str, str, str]]) -> None:
    cells = Counter((domain, label) for _, _, label, domain in rows)
    for part, share in (("valid", 0.1), ("test", 0.14)):
        held = Counter((domain, label) for p, _, label, domain in rows if p == part)
        assert held.keys() == cells.keys()
        assert all(abs(held[cell] / cells[cell] - share) < 0.02 for cell in cells)


def test_the_split_is_fixed() -> None:
    """A change of the data changes every figure made from it: say so in the changelog, and change this."""
    digest = hashlib.sha256(b"".join((FOLDER / f"{part}.tsv").read_bytes() for part in PARTS)).hexdigest()
    assert digest == DIGEST


def test_the_parts_are_found_by_name() -> None:
    for part in PARTS:
        assert has_role("reviews", part)
        data = read_labelled(find_source("reviews", part))
        assert set(data.labels) == {"긍정", "부정"}
        assert data.bad == []


DIGEST = "43b87ed20a7e6148a1d5ccc8a0a45525ff3921d921c91eb1529ebdb4e9dc152a"
