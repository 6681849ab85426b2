"""Memory is kept between steps where the C library can, and the training is the same where it cannot."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys

import pytest
import torch

from gyeol.engine import memory
from gyeol.engine.memory import kept_memory


def faults(numbers: int = 1_000_000, times: int = 20) -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        torch.empty(numbers).fill_(1.0)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told")
def test_memory_that_was_freed_is_taken_again_without_clearing_its_pages() -> None:
    with kept_memory():
        faults()
        assert faults() < 20 * 976 / 2  # pages of 4 KB


LARGE = """
import resource, torch
from gyeol.engine.memory import kept_memory

def faults(times):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        torch.empty(10_000_000).fill_(1.0)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

with kept_memory():
    faults(2)
    kept = faults(4)
print(kept, faults(4))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told")
def test_so_is_that_of_blocks_which_glibc_would_always_map_by_themselves() -> None:
    # In a process of its own: here, what other tests left on the heap may lie in the way.
    told = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, check=True).stdout
    kept, mapped = map(int, told.split())
    assert kept < 4 * 9766 / 2  # pages of 4 KB
    assert mapped > 4 * 9766 / 600  # as before: pages of 4 KB, or of 2 MB


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_tuner", lambda: None)
    with kept_memory():
        assert torch.ones(3).sum() == 3
