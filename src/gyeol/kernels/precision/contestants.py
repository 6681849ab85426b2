"""Who takes part in a race of a layer: every element that it may be multiplied in, by every set that has it."""

from __future__ import annotations

from functools import cache

from gyeol.kernels import native

__all__ = ["contestants"]

_TILES = "amx"


def contestants(cell: str, elements: tuple[str, ...]) -> tuple[str, ...]:
    """List the ways to multiply that may serve a cell here: ``"float32"``, ``"bfloat16@avx512bf16"``.

    Every element but float32 may come by several instruction sets, unless one is fixed (``GYEOL_ISA``,
    `native.use_instruction_set`). An emulation is listed only where it is that one. "high" is listed by tiles alone:
    three products of bfloat16 can only be faster than one of float32 where bfloat16 is several times as fast.

    Parameters
    ----------
    cell : str
        A name of `native.CELLS`.
    elements : tuple of str
        The elements to consider besides float32.
    """
    return _listed(cell, elements, *native.in_force())


@cache
def _listed(cell: str, elements: tuple[str, ...], first: str, fixed: bool) -> tuple[str, ...]:
    sets = [first] if fixed else [name for name in native.instruction_sets() if "emulated" not in name]
    pairs = [(element, name) for element in elements for name in sets if element != "high" or name == _TILES]
    return ("float32", *(f"{element}@{name}" for element, name in pairs if element in native.elements_of(name)[cell]))
