"""``python -m gyeol.kernels``: say which kernels this installation has; ``--list``: its instruction sets."""

import sys

from gyeol.kernels import describe, instruction_sets

sys.stdout.write(
    "".join(f"{name}\n" for name in instruction_sets())
    if "--list" in sys.argv[1:]
    else f"gyeol kernels: {describe()}\n"
)
