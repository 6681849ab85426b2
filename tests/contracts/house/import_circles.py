"""No module imports itself by way of others; imports inside functions count. Run by `make check` and by test_house.py.

Imports for type checkers alone do not count. import-linter's `acyclic_siblings` compares whole packages, and it can
leave out type checking only for all contracts at once, floors included; therefore this walks the graph of grimp, on
which import-linter is built.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from itertools import count

import grimp

#: Circles that are known, each by its modules in alphabetical order; empty but while one is being removed.
KNOWN: frozenset[tuple[str, ...]] = frozenset()


def import_graph(package: str) -> grimp.ImportGraph:
    """Read every import of a package's modules but those for type checkers."""
    return grimp.build_graph(package, exclude_type_checking_imports=True, cache_dir=None)


def circles(graph: grimp.ImportGraph) -> list[tuple[str, ...]]:
    """Find the strongly connected components of more than one module (Tarjan 1972), each in alphabetical order."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: list[tuple[str, ...]] = []
    numbers = count()

    def visit(module: str) -> None:
        number[module] = lowest[module] = next(numbers)
        path.append(module)
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            if imported not in number:
                visit(imported)
                lowest[module] = min(lowest[module], lowest[imported])
            elif imported in path:
                lowest[module] = min(lowest[module], number[imported])
        if lowest[module] == number[module]:
            component = path[path.index(module) :]
            del path[path.index(module) :]
            if len(component) > 1:
                found.append(tuple(sorted(component)))

    for module in sorted(graph.modules):
        if module not in number:
            visit(module)
    return sorted(found)


def complaints(found: Collection[tuple[str, ...]], known: Collection[tuple[str, ...]] = KNOWN) -> list[str]:
    """Say which circles are new, and which known ones are gone and must leave the list."""
    return [
        *(f"import circle: {' <-> '.join(circle)}" for circle in sorted(set(found) - set(known))),
        *(f"no longer a circle, remove it from KNOWN: {' <-> '.join(c)}" for c in sorted(set(known) - set(found))),
    ]


if __name__ == "__main__":
    lines = complaints(circles(import_graph("gyeol")))
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.exit(bool(lines))
