"""Made-up problems: as the paper says, and the same on every machine."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.data.synthetic.sequences import MAKERS, make, order
from gyeol.data.text.example_files import read_examples
from gyeol.errors import ParameterError


@settings(max_examples=60, deadline=None)
@given(st.integers(10, 300), st.integers(0, 2**40))
def test_order_is_the_temporal_order_problem(length: int, seed: int) -> None:
    for text, label in order(5, length, seed):
        symbols = text.split(" ")
        assert length <= len(symbols) <= 1.1 * length
        assert (symbols[0], symbols[-1]) == ("E", "B")
        (first, x), (second, y) = [(i, s) for i, s in enumerate(symbols) if s in "XY"]
        assert x + y == label
        assert length // 10 <= first <= 0.2 * length
        assert length // 2 <= second <= 0.6 * length
        assert set(symbols[1:-1]) <= set("abcdXY")


def test_order_has_four_classes_of_a_size() -> None:
    counts = Counter(label for _, label in order(4000, 20, 1))
    assert sorted(counts) == ["XX", "XY", "YX", "YY"]
    assert min(counts.values()) > 900


@pytest.mark.parametrize("suffix", [".tsv", ".csv"])
@pytest.mark.parametrize("name", MAKERS)
def test_what_is_made_can_be_read(tmp_path: Path, name: str, suffix: str) -> None:
    path = make(name, tmp_path / f"made{suffix}", count=50, length=30, seed=3)
    examples = list(read_examples(path))
    assert [(e.input, e.target) for e in examples] == list(MAKERS[name](50, 30, 3))


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    path = make("order", tmp_path / "a.tsv", count=100, length=100, seed=7)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert digest == "a9db4120f55ab3de864f4ae79cd0a7a2c4290fbd973941d63cd23ac610c7977e"
    assert make("order", tmp_path / "b.tsv", count=100, length=100, seed=8).read_bytes() != path.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tsv", "b.tsv"]


@pytest.mark.parametrize(
    ("named", "word"),
    [
        ({"name": "ordr"}, "did you mean 'order'"),
        ({"out": "a.parquet"}, ".tsv or .csv"),
        ({"count": 0}, "count=0"),
        ({"length": 9}, "length=9"),
    ],
)
def test_impossible_wishes(tmp_path: Path, named: dict[str, object], word: str) -> None:
    wish: dict[str, object] = {"name": "order", "out": "a.tsv", **named}
    with pytest.raises(ParameterError, match=word.replace(".", r"\.")):
        make(wish.pop("name"), tmp_path / str(wish.pop("out")), **wish)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
