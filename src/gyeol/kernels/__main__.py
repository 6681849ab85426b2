"""``python -m gyeol.kernels``: say which kernels this installation has."""

import sys

from gyeol.kernels import describe

sys.stdout.write(f"gyeol kernels: {describe()}\n")
