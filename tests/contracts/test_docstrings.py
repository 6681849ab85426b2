"""Every example in every docstring does what it says. A new module is found by itself."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import pkgutil

import pytest

import gyeol

NEEDS = {"gyeol.inputs.tokens.morphemes": "kiwipiepy"}
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(gyeol.__path__, "gyeol.")
    if not module.name.endswith(("__main__", "._native"))
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed")
    results = doctest.testmod(importlib.import_module(name))
    assert results.failed == 0, f"{results.failed} of {results.attempted} examples in {name}, printed above"


def test_the_walk_finds_the_modules() -> None:
    assert {
        "gyeol.errors",
        "gyeol.tasks.text.classifier",
        "gyeol.kernels.cells.table",
        "gyeol.kernels.cells.cell",
        "gyeol.kernels.scan",
        "gyeol.inputs.tokens.jamo",
    } <= set(MODULES)
