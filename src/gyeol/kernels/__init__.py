"""The arithmetic of the cells: `reference` is the readable twin in Python, `native` the same in C++ where it was built.

The native kernels serve every cell of the table on the CPU, forwards and backwards, in float32 and, where the processor
has it, in bfloat16; the twin serves everything.
"""

from __future__ import annotations

from gyeol.kernels.native import describe, instruction_sets, native_available, use_instruction_set

__all__ = ["describe", "instruction_sets", "native_available", "use_instruction_set"]
