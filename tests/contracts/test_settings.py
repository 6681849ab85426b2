"""Every setting of every estimator has a meaning, a range and a default, and its name is known without PyTorch."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from gyeol.cli.options.setting_names import completions, setting_names, setting_values
from gyeol.parameters import Rule
from gyeol.tasks import TASKS
from gyeol.tasks.settings import settings_of


@pytest.mark.parametrize("task", TASKS)
def test_every_setting_is_explained(task: str) -> None:
    found = settings_of(TASKS[task])
    assert {one.name for one in found} == set(TASKS[task].rules)
    for one in found:
        assert len(one.meaning) > 12, one
        assert one.meaning[0].isupper() or one.meaning[0] in '"', one
        assert one.meaning.endswith((".", ")")), one
        assert "`" not in one.meaning
        assert one.range, one
    groups = [one.group for one in found]
    assert groups == sorted(groups)  # those of the model first
    assert set(groups) == {"model", "training"}


@pytest.mark.parametrize("task", TASKS)
def test_names_read_from_the_source_are_those_of_the_constructor(task: str) -> None:
    real = [name for name in inspect.signature(TASKS[task].__init__).parameters if name != "self"]
    assert setting_names(task) == real


@pytest.mark.parametrize("task", TASKS)
def test_what_is_offered_as_a_value_is_one(task: str) -> None:
    rules: dict[str, Rule] = TASKS[task].rules
    offered = {name: values for name, values in setting_values(task).items() if isinstance(values[0], str)}
    assert {"cell", "precision", "random_state", "verbose"} <= set(offered)
    for name in ("cell", "precision"):
        assert all(rules[name](value) == "" for value in offered[name]), name
    for name, values in offered.items():
        if rules[name](True) == "" and rules[name]("x") == "must be true or false":
            assert values == ["true", "false"]


def test_completion_needs_no_pytorch() -> None:
    code = (
        "import sys; from gyeol.cli.app import app; from gyeol.cli.options.setting_names import completions; "
        "assert completions(['translate'], 'atten') == ['attention=', 'attention_score=']; "
        "assert completions(['classify', 'series'], 'noi') == ['noise=', 'noise=0.0']; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert completions(["no such task"], "a") == []
    assert completions(["tag"], "no_setting=") == []
