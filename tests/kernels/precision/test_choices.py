"""One choice for a subject: in a process, from process to process, and from a training's first run to its last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from gyeol.kernels.precision import choices as module
from gyeol.kernels.precision.choices import Choices, Choosing, Seen, Subject, choose, in_training, using
from gyeol.kernels.precision.measurements import MeasurementFile

SUBJECT = Subject("lstm 128 to 128", "32 rows of 16 steps, forward", 1)
NAMES = ("float32", "bfloat16@avx512bf16", "bfloat16@amx")
Calls = Mapping[str, Callable[[], object]]


@pytest.fixture
def races(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Races that another contestant wins each time; the list holds the winners."""
    held: list[str] = []
    turns = cycle(NAMES[::-1])

    def race(calls: Calls, clock: Any) -> dict[str, float]:
        held.append(next(turns))
        return {name: 1.0 if name == held[-1] else 3.0 for name in calls}

    monkeypatch.setattr(module, "race", race)
    return held


def calls() -> Calls:
    return dict.fromkeys(NAMES, lambda: None)


def unwanted() -> Calls:
    raise AssertionError("this needs no race")


def test_a_process_chooses_once(races: list[str], tmp_path: Path) -> None:
    here = Choices(MeasurementFile(None))
    assert [here.choose(SUBJECT, NAMES, calls) for _ in range(3)] == ["bfloat16@amx"] * 3
    assert here.choose(SUBJECT._replace(threads=2), NAMES, calls) == "bfloat16@avx512bf16"
    assert len(races) == 2


def test_the_next_process_chooses_the_same(races: list[str], tmp_path: Path) -> None:
    path = tmp_path / "precision-0.json"
    assert Choices(MeasurementFile(path)).choose(SUBJECT, NAMES, calls) == "bfloat16@amx"
    assert Choices(MeasurementFile(path)).choose(SUBJECT, NAMES, unwanted) == "bfloat16@amx"
    assert [seen.choice for seen in Choices(MeasurementFile(path)).entries().values()] == ["bfloat16@amx"]


def test_two_processes_at_once_choose_the_same(races: list[str], tmp_path: Path) -> None:
    first, second = (Choices(MeasurementFile(tmp_path / "precision-0.json")) for _ in range(2))
    second._file.find("")  # it has looked already, and found nothing
    assert first.choose(SUBJECT, NAMES, calls) == second.choose(SUBJECT, NAMES, calls) == "bfloat16@amx"
    assert len(races) == 2


def test_other_instruction_sets_are_raced_anew(races: list[str]) -> None:
    here = Choices(MeasurementFile(None))
    here.choose(SUBJECT, NAMES, calls)
    assert here.choose(SUBJECT, NAMES[:2], calls) == "bfloat16@avx512bf16"
    assert here.choose(SUBJECT, NAMES[:1], unwanted) == "float32"
    assert here.choose(SUBJECT, NAMES, calls) == "bfloat16@amx"


def test_a_file_with_names_of_nobody_breaks_nothing(tmp_path: Path) -> None:
    file = MeasurementFile(tmp_path / "precision-0.json")
    file.keep("x", {"float8@abacus": 1.0})
    file.keep("y", {"float32": 1.0})
    assert [*Choices(file).entries()] == ["y"]


def test_a_training_that_resumes_keeps_what_its_first_run_chose(races: list[str]) -> None:
    with using(Choices(MeasurementFile(None))), in_training() as first:
        assert choose(SUBJECT, NAMES, calls) == "bfloat16@amx"
    with using(Choices(MeasurementFile(None))):
        with in_training() as resumed:
            resumed.restore(first.state())
            assert choose(SUBJECT, NAMES, unwanted) == "bfloat16@amx"
            assert choose(SUBJECT._replace(threads=8), NAMES, unwanted) == "bfloat16@amx"
        assert resumed.state() == first.state()
        assert choose(SUBJECT, NAMES, calls) == "bfloat16@avx512bf16", "outside of it everything is free"


def test_on_another_machine_the_precision_stays(races: list[str]) -> None:
    with using(Choices(MeasurementFile(None))), in_training() as training:
        training.restore({SUBJECT.name: "bfloat16@amx"})
        assert choose(SUBJECT, NAMES[:2], unwanted) == "bfloat16@avx512bf16"
    with using(Choices(MeasurementFile(None))), in_training() as training:
        training.restore({SUBJECT.name: "float32"})
        assert choose(SUBJECT, NAMES, unwanted) == "float32"


def test_where_it_cannot_stay_that_is_said_once(races: list[str]) -> None:
    others = [SUBJECT._replace(extent=f"{n} rows") for n in range(3)]
    with using(Choices(MeasurementFile(None))), in_training() as training:
        training.restore({other.name: "bfloat16@amx" for other in others})
        with pytest.warns(UserWarning, match="computed in bfloat16, which is not available here") as told:
            assert {choose(other, ("float32",), unwanted) for other in others} == {"float32"}
    assert len(told) == 1


@pytest.mark.parametrize(
    "state",
    [None, [], "float32", {"a": 1}, {1: "float32"}, {"a": None}, {"a" * 300: "b"}, {str(n): "a" for n in range(5000)}],
    ids=range(8),
)
def test_what_is_no_state_is_refused(state: Any) -> None:
    with pytest.raises(ValueError, match="names by name"):
        Choosing().restore(state)


def test_in_words() -> None:
    training = Choosing()
    assert training.describe() == ""
    training.restore({"gru 8 to 8: 3 rows": "high@amx"})
    for rows, choice, seconds in ((1, "float32", 1.25), (8, "bfloat16", 0.5), (32, "bfloat16", 0.4)):
        subject = SUBJECT._replace(extent=f"{rows} rows")
        training.made[subject] = Seen(choice, {"float32": 1.0, "bfloat16": seconds})
    assert training.describe() == (
        "gru 8 to 8: high by amx; lstm 128 to 128: bfloat16 (2.00 to 2.50 times as fast as float32) and "
        "float32 (the others 0.80 times as fast as float32)"
    )
