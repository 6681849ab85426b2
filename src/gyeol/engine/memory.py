"""Memory that a training frees and takes again at every step."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["kept_memory"]

_TRIM, _PAD, _MAP, _MAPS = -1, -2, -3, -4  # parameters of mallopt (malloc.h)
_LARGEST = 32 << 20  # the largest block that glibc lets lie on the heap while it maps others by themselves
_MOST_MAPS = 65536  # blocks mapped by themselves: glibc's own number
_SPARE = 1 << 30  # what may lie free at the end of the heap


@contextmanager
def kept_memory() -> Iterator[None]:
    """Let glibc keep freed memory for the next step, instead of giving it back and having every page cleared anew.

    A step of a training allocates tens of megabytes that the step before has just freed. Afterwards everything is given
    back. Elsewhere than on Linux with glibc nothing happens.
    """
    tune = _tuner()
    if tune is None:
        yield
        return
    tune(_MAP, _LARGEST)
    tune(_MAPS, 0)  # or all larger blocks, the gates of a long batch, come from the system at every step
    tune(_PAD, 16 << 20)
    tune(_TRIM, _SPARE)
    try:
        yield
    finally:
        tune(_MAPS, _MOST_MAPS)
        tune(_TRIM, 2 * _LARGEST)  # where glibc's own adjustment ends
        tune(_PAD, 128 << 10)
        ctypes.CDLL(None).malloc_trim(0)


def _tuner() -> ctypes._NamedFuncPointer | None:
    if platform.libc_ver()[0] != "glibc":
        return None
    try:
        return ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another allocator stands in for it
        return None
