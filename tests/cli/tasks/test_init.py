"""The table of tasks covers every task, and options that a task does not have are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gyeol.cli.task_commands import TaskOption
from gyeol.cli.tasks import FILES, commands_of
from gyeol.cli.verbs.answer import check_options, task_options
from gyeol.errors import ParameterError
from gyeol.tasks import TASKS

GIVEN: dict[str, Any] = {
    "top": 3,
    "ensemble": [Path("other")],
    "cache": "file",
    "beam": 3,
    "lm": "book",
    "lm_weight": 0.0,  # given, although it is zero
    "missing": ["-999"],
    "day_first": False,  # --month-first
}


def test_every_task_has_an_entry() -> None:
    assert list(FILES) == sorted(TASKS, key=list(FILES).index)
    assert set(FILES) == set(TASKS)


@pytest.mark.parametrize("task", FILES)
@pytest.mark.parametrize("verb", ["evaluate", "predict"])
def test_options_that_a_task_does_not_have(task: str, verb: str) -> None:
    options = task_options(verb)
    assert len(options) > 3
    for option, tasks in options.items():
        given = {option.name: GIVEN.get(option.name, True)}
        assert (option in commands_of(task).options) == (task in tasks)
        if task in tasks:
            assert check_options(verb, task, given) is commands_of(task)
            continue
        with pytest.raises(ParameterError) as error:
            check_options(verb, task, given)
        assert str(error.value).startswith(f"{option.flag} is for models of 'fit {tasks[0]}'")
        assert str(error.value).endswith(f"; this is a model of 'fit {task}'")


def test_bad_rows_are_skipped_where_a_task_evaluates_texts() -> None:
    assert check_options("evaluate", "classify", {}, skip_bad_rows=True) is commands_of("classify")
    with pytest.raises(ParameterError, match=r"--skip-bad-rows is for models of 'fit classify'.*'fit series'$"):
        check_options("evaluate", "series", {}, skip_bad_rows=True)
    check_options("predict", "series", {}, skip_bad_rows=True)  # rows of every task may be bad


def test_an_option_is_one_object_for_all_its_tasks() -> None:
    found: dict[str, TaskOption] = {}
    for task in FILES:
        for option in commands_of(task).options:
            assert found.setdefault(option.name, option) is option
            assert option.flag.removeprefix("--").replace("-", "_") == option.name
    assert {"top", "beam", "cache", "ensemble", "decimal"} <= set(found)
