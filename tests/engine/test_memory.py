"""Memory is kept between steps where the C library can, and the training is the same where it cannot."""

from __future__ import annotations

import platform
import resource

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


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told")
def test_so_is_that_of_blocks_which_glibc_would_always_map_by_themselves() -> None:
    with kept_memory():
        faults(10_000_000, 1)
        assert faults(10_000_000, 4) < 4 * 9766 / 2
    assert faults(10_000_000, 4) > 4 * 9766 / 600  # as before: pages of 4 KB, or of 2 MB


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_tuner", lambda: None)
    with kept_memory():
        assert torch.ones(3).sum() == 3
