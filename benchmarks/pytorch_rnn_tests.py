"""Run PyTorch's own tests of its recurrent layers with gyeol's in their place, and with torch.nn's beside.

    python benchmarks/pytorch_rnn_tests.py CHECKOUT [--only REGEX] [--json FILE]

CHECKOUT is a copy of github.com/pytorch/pytorch at about the commit that the installed torch was built from; its files
``test/test_modules.py`` and ``test/test_nn.py`` are read there, and nothing of them is part of this repository. They
need the package ``expecttest``. Each file runs in two processes: one as it is, one in which `torch.nn.RNN`, `LSTM` and
`GRU` are `gyeol.layers`'. Every test prints a line: its name, what became of it with either, and why it failed or was
left out. The exit status is 1 where a test passes with torch.nn and not with gyeol.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import subprocess
import sys
import unittest
import warnings
from pathlib import Path

FILES = {
    "test_modules.py": r"nn_(RNN|LSTM|GRU)_",
    "test_nn.py": r"(?i)(rnn|lstm|gru(_|$)|variable_sequence|partial_flat_weights|pack_sequence_batch)",
}
CELLS = r"(?i)(RNN|LSTM|GRU)_?Cell"  # one step without a layer, which gyeol calls otherwise: `Recurrent.step`


class Record(unittest.TestResult):  # its methods' names are unittest's
    """What became of each test: passed, failed or skipped, and why."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, tuple[str, str]] = {}

    def note(self, test: unittest.TestCase, outcome: str, reason: object = "") -> None:
        """Keep the first outcome of a test."""
        self.found.setdefault(test.id().rpartition(".")[2], (outcome, " ".join(str(reason).split())[:200]))

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
        """Note a success."""
        self.note(test, "passed")

    def addFailure(self, test: unittest.TestCase, err: tuple) -> None:  # noqa: N802
        """Note a failure, or an error."""
        self.note(test, "failed", f"{err[0].__name__}: {err[1]}")

    addError = addFailure  # noqa: N815

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802
        """Note a test that this machine cannot run."""
        self.note(test, "skipped", reason)

    def addExpectedFailure(self, test: unittest.TestCase, err: tuple) -> None:  # noqa: N802
        """Note a failure that PyTorch expects."""
        self.note(test, "passed", "fails as expected")

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
        """Note a success that PyTorch does not expect."""
        self.note(test, "failed", "passes unexpectedly")


def put_in_place() -> None:
    """Let torch.nn's names of the recurrent layers mean gyeol's."""
    import torch

    import gyeol.layers

    for name in ("RNN", "LSTM", "GRU"):
        for module in (torch.nn, torch.nn.modules, torch.nn.modules.rnn):
            setattr(module, name, getattr(gyeol.layers, name))


def tests_in(suite: unittest.TestSuite) -> list[unittest.TestCase]:
    """List the tests of a suite of suites."""
    return [t for part in suite for t in (tests_in(part) if isinstance(part, unittest.TestSuite) else [part])]


def run_file(path: Path, pattern: str, which: str) -> dict[str, tuple[str, str]]:
    """Run the tests of a file whose names match, in this process."""
    if which == "gyeol":
        put_in_place()
    sys.argv = [str(path)]
    warnings.simplefilter("ignore")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    record = Record()
    for test in tests_in(unittest.defaultTestLoader.loadTestsFromModule(module)):
        name = test.id().rpartition(".")[2]
        if re.search(pattern, name) and not re.search(CELLS, name):
            test(record)
    return record.found


def both(path: Path, pattern: str) -> dict[str, dict[str, tuple[str, str]]]:
    """Run a file in a process each, with either's layers."""
    found = {}
    for which in ("torch.nn", "gyeol"):
        command = [sys.executable, __file__, str(path), "--one", which, "--only", pattern]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            sys.exit(f"{path} does not run with {which}:\n{result.stderr[-2000:]}")
        found[which] = json.loads(result.stdout.rpartition("\n@@")[2])
    return found


def main() -> None:
    """Run the files of a checkout."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("checkout", type=Path, help="a copy of PyTorch's repository")
    parser.add_argument("--only", help="a regular expression that the tests' names match")
    parser.add_argument("--json", type=Path, help="write everything there")
    parser.add_argument("--one", choices=("torch.nn", "gyeol"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print("\n@@" + json.dumps(run_file(given.checkout, given.only, given.one)))
        return
    everything, worse = {}, 0
    for name, pattern in FILES.items():
        path = given.checkout / "test" / name
        if not path.exists():
            print(f"{name}: not in {given.checkout}")
            continue
        found = both(path, given.only or pattern)
        everything[name] = found
        for test, (peer, peer_reason) in found["torch.nn"].items():
            ours, reason = found["gyeol"].get(test, ("missing", ""))
            worse += peer == "passed" != ours
            print(f"{name}:{test}: torch.nn {peer}, gyeol {ours} {reason or peer_reason}".rstrip())
        for which, results in found.items():
            counts = {k: sum(o == k for o, _ in results.values()) for k in ("passed", "failed", "skipped")}
            print(f"{name} with {which}: {counts}")
    if given.json:
        given.json.write_text(json.dumps(everything, indent=1), encoding="utf-8")
    print(f"pass with torch.nn and not with gyeol: {worse}")
    sys.exit(worse > 0)


if __name__ == "__main__":
    main()
