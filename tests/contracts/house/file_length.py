"""No source file is longer than what one reads in one sitting. Run by `make check` and by test_house.py."""

from __future__ import annotations

import sys
from pathlib import Path

LIMIT = 400
ROOT = Path(__file__).parents[3]


def too_long() -> list[str]:
    """Name the files over the limit."""
    files = [
        *ROOT.glob("src/**/*.py"),
        *ROOT.glob("cpp/**/*.?pp"),
        *ROOT.glob("tests/**/*.py"),
        *ROOT.glob("benchmarks/**/*.py"),
    ]
    counts = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    return [
        f"{file.relative_to(ROOT)}: {count} lines, at most {LIMIT}"
        for file, count in sorted(counts.items())
        if count > LIMIT
    ]


if __name__ == "__main__":
    found = too_long()
    sys.stderr.write("".join(f"{line}\n" for line in found))
    sys.exit(bool(found))
