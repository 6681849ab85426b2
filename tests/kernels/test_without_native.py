"""What a machine without a compiler gets: the same names, the reference implementation, and a word about it."""

from __future__ import annotations

import os
import subprocess
import sys

CODE = """
import importlib, sys, builtins
import importlib.abc

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "gyeol.kernels._native":
            raise {error}
        return None

sys.meta_path.insert(0, Absent())
import torch, gyeol.kernels
from gyeol.layers import LSTM
assert not gyeol.kernels.native_available()
assert gyeol.kernels.describe() == {message!r}, gyeol.kernels.describe()
with torch.no_grad():
    output, (h, c) = LSTM(2, 3, batch_first=True)(torch.ones(2, 4, 2), lengths=[4, 1])
assert output.shape == (2, 4, 3) and not output[1, 1:].any() and torch.equal(output[1, 0], h[0, 1])
"""


def run(error: str, message: str) -> None:
    env = {name: value for name, value in os.environ.items() if name != "GYEOL_ISA"}
    subprocess.run([sys.executable, "-c", CODE.format(error=error, message=message)], check=True, timeout=120, env=env)


def test_no_native_module_means_the_reference() -> None:
    run("ModuleNotFoundError(name, name=name)", "python (no compiler at install)")


def test_a_native_module_that_does_not_load_says_why() -> None:
    run("ImportError('undefined symbol: GOMP_parallel')",
        "python (the native kernels do not load: undefined symbol: GOMP_parallel)")  # fmt: skip
