"""CONTRIBUTING: a cell is one file and one line. Four are added so, to a copy, and meet the contract tests."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import gyeol
from gyeol.kernels import native
from gyeol.layers import CELLS

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Add a cell")[1].split("\n## ")[0]
EXAMPLE = textwrap.dedent("\n".join(re.findall(r"^ {7}.*|^$", SECTION, flags=re.MULTILINE))).strip() + "\n"
FILE = re.findall(r"Write `src/gyeol/(\S+\.py)`", SECTION)[0]
TABLE = re.findall(r"to `_NAMES` in `src/gyeol/(\S+\.py)`\.", SECTION)[0]

#: By name, files as a contributor would write them.
NEWCOMERS = {
    "my_cell": EXAMPLE,  # no hidden product, no kernel
    "my_product": """
        import torch
        from gyeol.kernels.cells.cell import Cell

        def step(u, state, weights):  # a hidden product, no kernel, and a state of two parts
            h, c = state
            f, g = (u + weights.hidden(h)).chunk(2, dim=-1)
            c = torch.sigmoid(f) * c + torch.sigmoid(-f) * torch.tanh(g)
            return torch.tanh(c), c

        CELL = Cell("my_product", gates=2, step=step, states=("h", "c"))
    """,
    "my_kernel": """
        from gyeol.kernels.cells import gru
        from gyeol.kernels.cells.cell import Cell

        CELL = Cell("my_kernel", gates=3, step=gru.step, native="gru_before")  # a hidden product and a kernel
    """,
    "my_scan": """
        import torch
        from gyeol.kernels.cells.cell import Cell

        def linear(u):  # no hidden product, and all steps at once
            return torch.sigmoid(u), torch.tanh(u)

        def step(u, state, weights):
            a, b = linear(u)
            return (a * state[0] + b,)

        CELL = Cell("my_scan", gates=1, step=step, hidden_product=False, linear=linear)
    """,
}

#: Runs pytest on a copy of the package: the editable installation's import hook would find the original.
RUN = """
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if not type(finder).__module__.startswith("_gyeol")
                    and "ScikitBuild" not in type(finder).__name__]
sys.path.insert(0, {copy!r})
import gyeol
assert gyeol.__file__.startswith({copy!r}), gyeol.__file__
from gyeol.kernels import native
assert native.native_available() == {native!r}
import pytest
sys.exit(pytest.main({arguments!r}))
"""


def copied(to: Path) -> Path:
    """Copy the package by links, but for the folder that is changed."""
    package = to / "gyeol"
    changed = Path(FILE).parent
    source = Path(gyeol.__file__).parent
    shutil.copytree(source / changed, package / changed)
    for folder in changed.parents:
        for item in (source / folder).iterdir():
            if not (package / folder / item.name).exists() and item.name != "__pycache__":
                (package / folder / item.name).symlink_to(item)
    if native.native_available():
        library = Path(native._native.__file__)
        if not (package / "kernels" / library.name).exists():
            (package / "kernels" / library.name).symlink_to(library)
    return package


def test_a_cell_is_one_file_and_one_line(tmp_path: Path) -> None:
    package = copied(tmp_path)
    table = package / TABLE
    text = table.read_text(encoding="utf-8")
    for name, code in NEWCOMERS.items():
        assert name not in CELLS
        (package / FILE).with_name(f"{name}.py").write_text(textwrap.dedent(code).lstrip(), encoding="utf-8")
        text = text.replace("_NAMES = (\n", f'_NAMES = (\n    "{name}",\n')
    table.write_text(text, encoding="utf-8")
    tests = [str(Path(__file__).with_name(name)) for name in ("test_cells.py", "test_tables.py")]
    arguments = ["-q", "-k", " or ".join(NEWCOMERS), "-p", "no:cacheprovider", "-p", "no:randomly", *tests]
    code = RUN.format(copy=str(tmp_path), native=native.native_available(), arguments=arguments)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 25 * len(NEWCOMERS)  # every task, steps, suggestions, translations, rows one by one
    assert "skipped" not in done.stdout
