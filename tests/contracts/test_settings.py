"""Every setting of every estimator has a meaning, a range and a default, and its name is known without PyTorch."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sklearn.base import clone

from gyeol import ParameterError, SaveError, TextClassifier, load, tasks
from gyeol.cli.options.setting_names import completions, setting_names, setting_values
from gyeol.layers import CELLS, SCORES
from gyeol.parameters import Rule, range_of, whole
from gyeol.tasks import TASKS
from gyeol.tasks.hyperparameters import estimator, hyperparameter, hyperparameters_of
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


def test_completion_knows_every_cell_and_score() -> None:
    for task in ("classify", "translate", "caption"):
        assert completions([task], "cell=") == [f"cell={name}" for name in CELLS]
    for task in ("translate", "caption"):
        assert completions([task], "attention_score=") == [f"attention_score={name}" for name in SCORES]


@pytest.mark.parametrize("task", TASKS)
def test_what_fit_sets_is_no_field(task: str) -> None:
    model = TASKS[task]()
    assert set(asdict(model)) == set(model.get_params())
    assert replace(model, epochs=3).epochs == 3


def documented(kind: type) -> dict[str, str]:
    """The section of parameters in a docstring: each name, and what stands behind its colon and below it."""
    doc = inspect.cleandoc(kind.__doc__ or "")
    section = re.split(r"\n\w[\w ]*\n-{3,}\n", doc.partition("\nParameters\n----------\n")[2])[0]
    entries = re.split(r"^(?=\w)", section, flags=re.MULTILINE)[1:]
    return {name: rest for name, _, rest in (entry.partition(" : ") for entry in entries)}


@pytest.mark.parametrize("task", TASKS)
def test_the_docstring_names_every_parameter_with_its_rule_and_default(task: str) -> None:
    kind = TASKS[task]
    found, signature = documented(kind), inspect.signature(kind)
    assert list(found) == list(signature.parameters) == list(kind.rules)  # in the constructor's order
    for name, (default, rule, meaning) in hyperparameters_of(kind).items():
        kinds, _, below = found[name].partition("\n")
        assert kinds == f"{range_of(rule)}; default {default!r}", name
        assert " ".join(below.split()) == " ".join(meaning.split()), name
        assert signature.parameters[name].default is default
        assert kind.rules[name] is rule


@pytest.mark.parametrize("task", TASKS)
def test_every_default_is_allowed_by_its_rule(task: str) -> None:
    for name, (default, rule, _) in hyperparameters_of(TASKS[task]).items():
        assert rule(default) == "", name


def test_helpers_call_no_private_names_of_estimators_and_networks_read_none() -> None:
    found = []
    for file in Path(tasks.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Attribute(value=ast.Name(id="model" | "owner" | "estimator"), attr=name):
                    wrong = name.startswith("_") and not name.startswith("__")
                case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id="model" | "owner" | "estimator"), *_]):
                    wrong = file.name.startswith("net")
                case ast.arg(arg="model" | "owner" | "estimator"):
                    wrong = file.name.startswith("net")
                case _:
                    continue
            if wrong:
                found.append(f"{file}:{node.lineno} {ast.unparse(node)}")
    assert not found


@estimator
@dataclass(kw_only=True, eq=False, repr=False)
class Decayed(TextClassifier):
    """A classifier with a further setting.

    Attributes
    ----------
    net_ : nn.Module
    """

    halving: int = hyperparameter(4, whole(1, 99), "Epochs after which the rate is halved.")
    epochs: int = 2


def test_a_subclass_with_a_further_field() -> None:
    model = Decayed(halving=7)
    assert (model.get_params()["halving"], model.epochs, model.hidden_size) == (7, 2, 128)
    assert clone(model).get_params() == model.get_params()
    assert model.set_params(halving=8).halving == 8
    with pytest.raises(ValueError, match="halvin"):
        model.set_params(halvin=8)
    with pytest.raises(TypeError, match="halvin"):
        Decayed(halvin=8)
    with pytest.raises(ParameterError, match="halving=100 must be a whole number, from 1 to 99"):
        Decayed(halving=100).fit(["좋다", "싫다"] * 9, ["a", "b"] * 9)
    assert documented(Decayed)["halving"].startswith("a whole number, from 1 to 99; default 4\n")
    assert "; default 2\n" in documented(Decayed)["epochs"]  # the rule and the meaning are inherited
    assert "Passes over the training examples" in documented(Decayed)["epochs"]
    assert "halving" not in TextClassifier.rules
    assert settings_of(Decayed)[-1].group == "training"


def test_a_model_with_a_further_setting_is_not_saved_for_it_could_not_be_loaded(tmp_path: Path) -> None:
    tiny: dict[str, Any] = {"hidden_size": 4, "embedding_size": 4, "ngrams": 1, "threads": 1, "epochs": 1}
    model = Decayed(**tiny, halving=3).fit(["좋다", "싫다"] * 9, ["a", "b"] * 9)
    with pytest.raises(SaveError, match=r"Decayed has settings that TextClassifier has not \(halving\)"):
        model.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()

    class Plain(TextClassifier):
        """A classifier without any."""

    plain = Plain(**tiny).fit(["좋다", "싫다"] * 9, ["a", "b"] * 9)
    plain.save(tmp_path / "model")
    assert type(load(tmp_path / "model")) is TextClassifier


def test_a_field_without_a_rule_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Bare\.speed has no rule: declare it by hyperparameter"):

        @estimator
        @dataclass(kw_only=True, eq=False, repr=False)
        class Bare(TextClassifier):
            """A classifier with a field that nobody checks."""

            speed: int = 3
