"""The arithmetic of the cells: `reference` is the readable twin in Python, `native` the same in C++ where it was built.

The native kernels serve the LSTM, forward, float32, on the CPU, without gradients; the twin serves everything.
"""

from __future__ import annotations

from gyeol.kernels.native import describe, native_available

__all__ = ["describe", "native_available"]
