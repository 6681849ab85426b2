"""Made-up sequences: as the papers say, and the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gyeol.data.series.series_files import read_series
from gyeol.data.synthetic.series import SERIES_MAKERS, adding, digits, make_series, sines
from gyeol.errors import ParameterError


def test_the_adding_problem() -> None:
    sums = []
    for values, label in adding(300, 40, 1):
        assert values.shape == (40, 2)
        assert ((values[:, 0] >= 0) & (values[:, 0] <= 1)).all()
        first, second = np.flatnonzero(values[:, 1]).tolist()
        assert first < 20 <= second
        assert float(label) == pytest.approx(values[first, 0] + values[second, 0], abs=1e-6)
        sums.append(float(label))
    assert np.mean((np.array(sums) - 1) ** 2) == pytest.approx(1 / 6, abs=0.03)


def test_sines_change_halfway() -> None:
    made = list(sines(400, 60, 2))
    labels = [label for _, label in made]
    assert set(labels) == {"steady", "frequency", "amplitude", "phase"}
    assert all(60 <= len(values) <= 66 for values, _ in made)
    after = {name: np.mean([np.abs(v[-20:]).max() for v, own in made if own == name]) for name in set(labels)}
    assert after["amplitude"] > 1.5 * after["steady"]


def test_digits_are_scikit_learn_s() -> None:
    made = list(digits(1797))
    assert len(made) == 1797
    assert {label for _, label in made} == set("0123456789")
    assert [label for _, label in digits(20, 10, 1)] != [label for _, label in made[:20]]
    with pytest.raises(ParameterError, match="there are 1,797 digits"):
        next(digits(1798))


@pytest.mark.parametrize("ending", [".jsonl", ".npz", ".csv", ".tsv"])
@pytest.mark.parametrize("name", SERIES_MAKERS)
def test_what_is_made_can_be_read(tmp_path: Path, name: str, ending: str) -> None:
    if name != "sines" and ending in (".csv", ".tsv"):
        with pytest.raises(ParameterError, match=r"channels; name a .jsonl or .npz file"):
            make_series(name, tmp_path / f"a{ending}", count=3)
        return
    path = make_series(name, tmp_path / f"a{ending}", count=30, length=20, seed=3)
    found = read_series(path)
    for values, label, (wanted, truth) in zip(found.series, found.labels, SERIES_MAKERS[name](30, 20, 3), strict=True):
        np.testing.assert_array_equal(values, wanted)
        assert label == truth
    if ending != ".npz":
        again = make_series(name, tmp_path / f"b{ending}", count=30, length=20, seed=3)
        assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"name": "sine"}, "did you mean 'sines'"),
        ({"out": "a.parquet"}, "name a .jsonl, .npz, .csv, .tsv file"),
        ({"count": 0}, "count=0"),
        ({"length": 9}, "length=9"),
    ],
)
def test_impossible_wishes(tmp_path: Path, named: dict[str, object], message: str) -> None:
    wish: dict[str, object] = {"name": "sines", "out": "a.csv", **named}
    with pytest.raises(ParameterError, match=message):
        make_series(wish.pop("name"), tmp_path / str(wish.pop("out")), **wish)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
