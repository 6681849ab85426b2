"""The instruction set that the environment names, and those that this processor has."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gyeol import kernels

HAVE = kernels.instruction_sets()
CODE = "import torch, gyeol.kernels as k; print(k.describe()); x = k.use_instruction_set(); print(x)"


def run(requested: str, code: str = CODE) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "GYEOL_ISA": requested}
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.skipif(not HAVE, reason=f"kernels: {kernels.describe()}")
def test_the_least_one_is_everywhere() -> None:
    assert HAVE[-2:] == ["portable", "amx-emulated"]
    done = run(" Portable ")
    assert (done.returncode, done.stdout) == (0, "native, portable\nportable\n"), done.stderr


def test_python_stands_for_the_reference() -> None:
    done = run("python")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "python (GYEOL_ISA=python)"), done.stderr


def test_a_name_that_is_none_is_a_mistake_of_the_users() -> None:
    code = "import sys; sys.argv = ['gyeol', 'bench', 'layers']; from gyeol.cli import main; main()"
    done = run("sse9", code)
    assert done.returncode == 2
    assert done.stderr.startswith("gyeol: GYEOL_ISA=sse9: this installation has ")
    assert done.stderr.count("\n") == 1
