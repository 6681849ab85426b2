"""The table of what each task answers covers every task, and options that a task does not know are refused."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gyeol.cli.tasks.table import _OPTIONS, ASKED, Question, asked
from gyeol.errors import ModelError, ParameterError
from gyeol.tasks import TASKS


def test_every_task_has_an_entry() -> None:
    assert set(ASKED) == set(TASKS)


@pytest.mark.parametrize("task", ASKED)
def test_options_that_a_task_does_not_know(task: str) -> None:
    entry = ASKED[task]()
    assert set(entry.options) <= set(_OPTIONS)
    given: dict[str, Any] = {
        "top": 3,
        "ensemble": [Path("other")],
        "cache": "file",
        "beam": 3,
        "lm": "book",
        "lm_weight": 0.0,
    }
    for name in set(_OPTIONS) - set(entry.options):
        question = Question(Path("m"), **{name: given.get(name, True)})
        with pytest.raises(ParameterError) as told:
            asked(SimpleNamespace(task=task), "evaluate", question)
        assert str(told.value).startswith(f"{_OPTIONS[name][0]} is for ")
        assert str(told.value).endswith(f"this is a model of 'fit {task}'")
    if isinstance(entry.predict, str):
        with pytest.raises(ModelError, match=f"ask it with gyeol {entry.predict}"):
            asked(SimpleNamespace(task=task), "predict", Question(Path("m")))
