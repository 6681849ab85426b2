"""``python -m gyeol.kernels``: which kernels this installation has, and why no tiles; ``--list``: instruction sets."""

import sys

from gyeol.kernels import describe, instruction_sets, no_tiles

sys.stdout.write(
    "".join(f"{name}\n" for name in instruction_sets())
    if "--list" in sys.argv[1:]
    else f"gyeol kernels: {describe()}\n" + (f"no AMX tiles: {no_tiles()}\n" if no_tiles() else "")
)
