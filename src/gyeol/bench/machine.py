"""What the figures were measured on: processor, cores, threads, versions, and whether it was busy with other things."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from gyeol import kernels

__all__ = ["describe_machine"]

_BUSY = 0.5  # programs that want a core besides this one


def describe_machine() -> dict[str, Any]:
    """Describe this machine as it is now; call it before anything is timed.

    Returns
    -------
    dict
        ``processor``, ``cores``, ``threads``, ``versions``, ``kernels``, ``load`` (of the last 1, 5 and 15 minutes;
        None where the system does not say) and ``warning`` (one line, or nothing).
    """
    load = [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None
    cores = _cores()
    return {
        "processor": _processor(),
        "cores": cores,
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version(), **{n: version(n) for n in ("gyeol", "torch", "numpy")}},
        "kernels": kernels.describe(),
        "load": load,
        "warning": _warning(load, cores),
    }


def _warning(load: list[float] | None, cores: int) -> str:
    """Say that others are at work, from a load average.

    Examples
    --------
    >>> _warning([0.1, 3.0, 3.0], 2)
    ''
    >>> _warning([1.9, 0.1, 0.1], 2)
    'the machine is busy (load 1.9 on 2 cores): the times of this run mean little'
    """
    if load is None or load[0] <= _BUSY:
        return ""
    return f"the machine is busy (load {load[0]} on {cores} cores): the times of this run mean little"


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
