"""Run the kernels' tests on kernels built with sanitizers: `make sanitize`, or with more arguments for pytest.

AddressSanitizer and UndefinedBehaviorSanitizer together, then ThreadSanitizer. GCC on Linux only. The tests import what
is in build/sanitize/, not the editable installation: its import hook comes by a .pth file, and those are read in an
environment's own site-packages only, not in a folder on PYTHONPATH. So the interpreter beneath the environment runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ["tests/kernels", "tests/layers/recurrent", "tests/layers/test_wrong_calls.py"]
REFERENCE_ONLY = ["tests/kernels/test_reference.py", "tests/kernels/test_onnx_definitions.py"]
#: The folder; what is watched; the runtime, which must be loaded before Python itself.
BUILDS = [("address", "address;undefined", "libasan.so"), ("thread", "thread", "libtsan.so")]


def build(folder: Path, sanitizers: str) -> None:
    """Put the package with sanitized kernels into the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    settings = {
        "build-dir": f"{folder}-objects",
        "cmake.build-type": "RelWithDebInfo",  # not Release, which is stripped of the names in reports
        "cmake.define.GYEOL_SANITIZE": sanitizers,
    }
    chosen = [f"--config-settings={name}={value}" for name, value in settings.items()]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, *chosen, ROOT], check=True
    )


def library(name: str) -> str:
    """Ask the compiler for a library's path."""
    return subprocess.check_output(["gcc", f"-print-file-name={name}"], text=True).strip()


def run(folder: Path, runtime: str, arguments: list[str]) -> int:
    """Run the tests on the kernels in the folder; a report of a sanitizer ends them, or their success."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), sysconfig.get_path("purelib")]),
        "PYTHONMALLOC": "malloc",  # each object its own block, so that the end of each is watched
        # libstdc++ too: the first looks up how exceptions are thrown when it starts, before anything in C++ is loaded.
        "LD_PRELOAD": f"{library(runtime)} {library('libstdc++.so.6')}",
        "OMP_WAIT_POLICY": "passive",  # threads that wait do not spin: five times faster here
        "ASAN_OPTIONS": "detect_leaks=0",  # Python leaves much to the end of the process
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "TSAN_OPTIONS": f"suppressions={ROOT / 'tests/kernels/tsan.supp'}",
    }
    python = [getattr(sys, "_base_executable", sys.executable), "-S"]  # -S: without packages of its own
    ours = "import gyeol.kernels._native as n, sys; sys.exit(not n.__file__.startswith(sys.argv[1]))"
    subprocess.run([*python, "-c", ours, folder], check=True, env=environment, cwd=ROOT)
    skipped = [f"--ignore={file}" for file in REFERENCE_ONLY]
    tests = [*python, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", *TESTS, *skipped, *arguments]
    return subprocess.run(tests, check=False, env=environment, cwd=ROOT).returncode  # -s: or reports would be caught


if __name__ == "__main__":
    results = {}
    for name, sanitizers, runtime in BUILDS:
        folder = ROOT / "build" / "sanitize" / name
        build(folder, sanitizers)
        results[sanitizers] = run(folder, runtime, sys.argv[1:])
    for sanitizers, status in results.items():
        sys.stderr.write(f"{sanitizers}: {f'failed, status {status}' if status else 'clean'}\n")
    sys.exit(any(results.values()))
