"""The arithmetic of the cells: `reference` is readable Python, `native` the same in C++ where it was built.

The native kernels serve every cell of the table on the CPU, forwards and backwards, in float32 and, where the processor
has it or emulates it, in bfloat16; the reference serves everything.
"""

from __future__ import annotations

from gyeol.kernels.native import describe, instruction_sets, native_available, no_tiles, use_instruction_set

__all__ = ["describe", "instruction_sets", "native_available", "no_tiles", "use_instruction_set"]
