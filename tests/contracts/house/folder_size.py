"""No folder holds more files than one can know. Run by `make check` and by test_house.py."""

from __future__ import annotations

import sys
from pathlib import Path

LIMIT = 16
ROOT = Path(__file__).parents[3]
SUFFIXES = {".py", ".pyi", ".cpp", ".hpp"}
TREES = ("src", "tests", "cpp", "benchmarks", "examples", "docs")
#: Folders over the limit, and how many files each holds now: to be divided, never to be filled further.
CROWDED: dict[str, int] = {}


def too_crowded(root: Path = ROOT, limit: int = LIMIT) -> list[str]:
    """Name the folders with more source files than the limit; folders in them count on their own."""
    folders = {file.parent for tree in TREES for file in (root / tree).rglob("*") if file.suffix in SUFFIXES}
    counts = {
        folder.relative_to(root).as_posix(): sum(file.suffix in SUFFIXES for file in folder.iterdir())
        for folder in folders
    }
    return [
        f"{name}: {count} source files, at most {CROWDED.get(name, limit)}; divide it by subject"
        for name, count in sorted(counts.items())
        if count > CROWDED.get(name, limit)
    ]


if __name__ == "__main__":
    found = too_crowded()
    sys.stderr.write("".join(f"{line}\n" for line in found))
    sys.exit(bool(found))
