"""The native kernels against the reference implementation, for every instruction set that this processor can run."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

import gyeol.kernels
from gyeol.kernels import native, reference
from gyeol.kernels.autograd import run_layer
from gyeol.kernels.cells import rnn
from gyeol.kernels.cells.cell import State, Weights
from gyeol.kernels.cells.table import CELLS
from gyeol.kernels.packing import Packing

pytestmark = pytest.mark.skipif(not native.native_available(), reason=f"kernels: {native.describe()}")
EVERY = native.instruction_sets()
STEPS = {cell.native: cell.step for cell in (*CELLS.values(), rnn.RELU) if cell.native in native.CELLS}


@pytest.fixture
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    before = native.use_instruction_set(request.param)
    yield request.param
    native.use_instruction_set(before)


every_isa = pytest.mark.parametrize("isa", EVERY, indirect=True)


def multiplies(element: str) -> Any:
    """Run a test under each instruction set that multiplies so."""
    have = [name for name in EVERY if any(element in cell["elements"] for cell in native._native.cells(name))]
    return pytest.mark.parametrize("isa", have, indirect=True)


every_cell = pytest.mark.parametrize("cell", STEPS)


class Drawn:
    """One layer and its input, drawn from a seed."""

    def __init__(
        self, cell: str, lengths: list[int], D: int, H: int, *, directions: int = 1, seed: int = 0, bias: bool = True,
        scale: float = 0.7,
    ) -> None:  # fmt: skip
        g = torch.Generator().manual_seed(seed)
        facts = native.CELLS[cell]
        G, parts = facts.gates, len(facts.states)
        shapes = [(G * H, D), (G * H, H)] + [(G * H,)] * (2 if bias else 0)
        self.cell, self.lengths = cell, torch.tensor(lengths)
        B, T = len(lengths), max(lengths)
        self.weights = [
            Weights(*(torch.randn(shape, generator=g) * scale / math.sqrt(H) for shape in shapes))
            for _ in range(directions)
        ]
        if facts.norm:
            self.weights = [w._replace(norm=1 + 0.3 * torch.randn(10, H, generator=g)) for w in self.weights]
        self.state: State = tuple(torch.randn(directions, B, H, generator=g) for _ in range(parts))
        self.x = torch.randn(B, T, D, generator=g)

    def leaves(self) -> list[Tensor]:
        """Everything that has a gradient."""
        return [self.x, *self.state, *(w for ws in self.weights for w in ws if w is not None)]

    def copy(self, dtype: torch.dtype = torch.float32) -> Drawn:
        """The same numbers in new leaves."""
        other = object.__new__(Drawn)
        other.cell, other.lengths = self.cell, self.lengths

        def leaf(t: Any) -> Any:
            return None if t is None else t.to(dtype, copy=True).requires_grad_()

        other.x, other.state = leaf(self.x), tuple(map(leaf, self.state))
        other.weights = [Weights(*map(leaf, w)) for w in self.weights]
        return other

    def by_reference(self, *, reverse: bool = False) -> tuple[Tensor, State]:
        walks = [
            reference.walk(
                STEPS[self.cell], self.x, self.lengths, tuple(s[d] for s in self.state), w, reverse=reverse or d == 1
            )
            for d, w in enumerate(self.weights)
        ]
        final = tuple(torch.stack(parts) for parts in zip(*(f for _, f in walks), strict=True))
        return torch.cat([y for y, _ in walks], -1), final

    def by_kernel(self, *, reverse: bool = False, element: str = "float32") -> tuple[Tensor, State]:
        packing = Packing.of(self.lengths, self.x.shape[1])
        ranked = tuple(packing.rank(s) for s in self.state)
        tokens, final = run_layer(
            self.cell, packing.gather(self.x), packing.lengths, ranked, self.weights, reverse=reverse, element=element
        )
        return packing.scatter(tokens), tuple(packing.unrank(f) for f in final)


def assert_alike(drawn: Drawn, *, reverse: bool = False, element: str = "float32", within: float = 3e-5) -> None:
    """Outputs, final states and all gradients, each within a share of its largest number.

    Normalising divides by the spread of a few sums, which may be small: there float32 itself is that far off, and the
    kernel may be further from the exact numbers (float64) than the reference in float32 is (of bfloat16: the reference
    given numbers rounded to it), but not five times as far.
    """
    exact, plain, kernel = drawn.copy(torch.float64), drawn.copy(), drawn.copy()
    if element == "bfloat16":
        with torch.no_grad():
            for leaf in plain.leaves():
                leaf.copy_(leaf.bfloat16())
    walked = [
        exact.by_reference(reverse=reverse),
        plain.by_reference(reverse=reverse),
        kernel.by_kernel(reverse=reverse, element=element),
    ]
    for row, length in zip(walked[2][0], drawn.lengths.tolist(), strict=True):
        assert not row[length:].any()
    results = [[y, *final] for y, final in walked]
    g = torch.Generator().manual_seed(0)  # of its own, so that an example that fails fails again
    aims = [torch.randn(y.shape, generator=g) for y in results[1]]
    for outputs, one in zip(results, (exact, plain, kernel), strict=True):
        torch.autograd.backward(outputs, [aim.to(outputs[0].dtype) for aim in aims])
        outputs += [leaf.grad for leaf in one.leaves()]
    for true, near, got in zip(*results, strict=True):
        allowed = within * true.abs().max().clamp_min(1.0)
        if native.CELLS[drawn.cell].norm:
            allowed = torch.maximum(allowed, 5 * (near - true).abs().max())
        assert (got - true).abs().max() <= allowed


@every_cell
@every_isa
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=15),
    D=st.integers(1, 20),
    H=st.integers(1, 80),
    directions=st.integers(1, 2),
    reverse=st.booleans(),
    bias=st.booleans(),
    threads=st.integers(1, 3),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_equals_the_reference_over_drawn_shapes(
    isa: str, cell: str, lengths: list[int], D: int, H: int, directions: int, reverse: bool, bias: bool, threads: int,
    seed: int,
) -> None:  # fmt: skip
    torch.set_num_threads(threads)
    assert_alike(Drawn(cell, lengths, D, H, directions=directions, seed=seed, bias=bias), reverse=reverse)


@every_cell
@every_isa
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("directions", [1, 2])
def test_equals_the_reference_where_the_batch_is_split_over_threads(
    isa: str, cell: str, threads: int, directions: int
) -> None:
    torch.set_num_threads(threads)
    lengths = [1 + (7 * b) % 30 for b in range(53)]  # enough work that bind.cpp does split it
    assert_alike(Drawn(cell, lengths, 33, 70, directions=directions, seed=1))


@multiplies("bfloat16")
@pytest.mark.parametrize("cell", [cell for cell in STEPS if not native.CELLS[cell].norm and cell != "rnn_relu"])
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=15),
    D=st.integers(1, 20),
    H=st.integers(1, 40),
    directions=st.integers(1, 2),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bfloat16_stays_near(
    isa: str, cell: str, lengths: list[int], D: int, H: int, directions: int, seed: int
) -> None:
    """Eight bits of a factor: the sums differ in the third digit."""
    assert_alike(Drawn(cell, lengths, D, 2 * H, directions=directions, seed=seed), element="bfloat16", within=0.04)


@multiplies("high")
@pytest.mark.parametrize("cell", [cell for cell in STEPS if not native.CELLS[cell].norm and cell != "rnn_relu"])
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=40),
    D=st.integers(1, 40),
    H=st.integers(1, 80),
    directions=st.integers(1, 2),
    reverse=st.booleans(),
    threads=st.integers(1, 2),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_high_is_float32_to_one_in_a_hundred_thousand(
    isa: str, cell: str, lengths: list[int], D: int, H: int, directions: int, reverse: bool, threads: int, seed: int
) -> None:
    """Two halves of eight bits, and the product of the lower ones left out: some 2**-16 of each product."""
    torch.set_num_threads(threads)
    assert_alike(
        Drawn(cell, lengths, D, H, directions=directions, seed=seed), reverse=reverse, element="high", within=1e-4
    )


@pytest.mark.parametrize("element", ["bfloat16", "high"])
@pytest.mark.parametrize("cell", [cell for cell in STEPS if not native.CELLS[cell].norm and cell != "rnn_relu"])
@pytest.mark.parametrize(
    "lengths", [[400, 300, 2], [40] * 37, [700]], ids=["two chunks", "two blocks of rows", "fewer walks than threads"]
)
@multiplies("high")
def test_rounded_products_over_several_chunks(isa: str, cell: str, lengths: list[int], element: str) -> None:
    torch.set_num_threads(2)
    assert_alike(
        Drawn(cell, lengths, 24, 42, scale=0.3), element=element, within=0.04 if element == "bfloat16" else 1e-4
    )


@every_isa
@pytest.mark.parametrize("cell", [cell for cell in STEPS if not native.CELLS[cell].norm and cell != "rnn_relu"])
@pytest.mark.parametrize(
    "lengths", [[700, 640, 3], [1300]], ids=["more than a chunk a walk", "fewer walks than threads"]
)
def test_equals_the_reference_over_several_chunks(isa: str, cell: str, lengths: list[int]) -> None:
    """Of 512 tokens: see cpp/tokens.hpp."""
    torch.set_num_threads(2)
    assert_alike(Drawn(cell, lengths, 24, 40, scale=0.3))


@multiplies("bfloat16")
@pytest.mark.parametrize("tokens", [1, 2, 47, 1201])
@pytest.mark.parametrize("threads", [1, 2])
def test_bfloat16_is_multiplied_and_summed_exactly(isa: str, tokens: int, threads: int) -> None:
    """Small whole numbers are bfloat16s, and their sums float32s: of one step of a rectifier nothing may be lost."""
    torch.set_num_threads(threads)
    D, H = 37, 70

    def whole(*shape: int) -> Tensor:
        return torch.randint(-3, 4, shape).float().requires_grad_()

    x, h, w_ih, w_hh, b = whole(tokens, D), whole(1, tokens, H), whole(H, D), whole(H, H), whole(H)
    aim = torch.randint(-3, 4, (tokens, H)).float()
    weights = Weights(w_ih, w_hh, b, torch.zeros(H, requires_grad=True))
    y, _ = run_layer("rnn_relu", x, torch.ones(tokens, dtype=torch.int64), (h,), [weights], element="bfloat16")
    got = [y, *torch.autograd.grad(y, [x, h, w_ih, w_hh, b], aim)]
    exact = torch.relu(x.double() @ w_ih.double().T + h[0].double() @ w_hh.double().T + b.double())
    expected = [exact, *torch.autograd.grad(exact, [x, h, w_ih, w_hh, b], aim.double())]
    assert all(torch.equal(a.double(), e.double()) for a, e in zip(got, expected, strict=True))


@every_cell
@pytest.mark.parametrize("requested", ["x", "state", "weights"])
def test_gradients_are_the_same_where_only_some_are_requested(cell: str, requested: str) -> None:
    drawn = Drawn(cell, [5, 3, 3], 6, 10, directions=2).copy()
    pick = {
        "x": [drawn.x],
        "state": list(drawn.state),
        "weights": [w for ws in drawn.weights for w in ws if w is not None],
    }
    all_of_them = torch.autograd.grad(drawn.by_kernel()[0].sum(), pick[requested])
    for leaf in drawn.leaves():
        leaf.requires_grad_(any(leaf is one for one in pick[requested]))
    alone = torch.autograd.grad(drawn.by_kernel()[0].sum(), pick[requested])
    assert all(torch.equal(a, b) for a, b in zip(alone, all_of_them, strict=True))


@every_isa
@every_cell
def test_one_row_is_the_same_alone_and_in_any_company(isa: str, cell: str) -> None:
    lengths = [5, 9, 2, 7, 9, 1, 3]
    drawn = Drawn(cell, lengths, 6, 18)
    together, final = drawn.by_kernel()
    for b, n in enumerate(lengths):
        alone = object.__new__(Drawn)
        alone.cell, alone.weights, alone.lengths = cell, drawn.weights, torch.tensor([n])
        alone.x, alone.state = drawn.x[b : b + 1, :n], tuple(s[:, b : b + 1] for s in drawn.state)
        y, own = alone.by_kernel()
        torch.testing.assert_close(y[0], together[b, :n], atol=2e-6, rtol=2e-6)
        for whole, one in zip(final, own, strict=True):
            torch.testing.assert_close(one[:, 0], whole[:, b], atol=2e-6, rtol=2e-6)


@every_isa
@every_cell
def test_the_same_bits_every_time(isa: str, cell: str) -> None:
    torch.set_num_threads(2)
    results = []
    for _ in range(3):
        drawn = Drawn(cell, [30, 3, 17, 8] * 9, 40, 48, directions=2).copy()
        y, final = drawn.by_kernel()
        torch.autograd.backward([y, *final], [torch.ones_like(y), *map(torch.ones_like, final)])
        results.append([y, *final, *(t.grad for t in drawn.leaves())])
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


@every_isa
@pytest.mark.parametrize("cell", [cell for cell in STEPS if cell != "rnn_relu"])  # a rectifier has no ends
def test_gates_stay_accurate_at_both_ends(isa: str, cell: str) -> None:
    """At sums of hundreds float32 is only so exact: the kernel may be five times as far off as the reference.

    In the geometric mean of twelve layers: how far a single one is off is a matter of the order of its sums, which is
    another on every processor.
    """
    ratios = []
    for seed in range(12):
        drawn = Drawn(cell, [6, 6, 3], 5, 20, scale=40.0 * math.sqrt(20), seed=seed)
        with torch.no_grad():
            true, near, got = drawn.copy(torch.float64).by_reference()[0], drawn.by_reference()[0], drawn.by_kernel()[0]
        assert got.isfinite().all()
        of_reference, of_kernel = (max(1e-6, float((y - true).abs().max())) for y in (near, got))
        ratios.append(math.log(of_kernel / of_reference))
    assert math.exp(sum(ratios) / len(ratios)) <= 5


@every_isa
@every_cell
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e38])
def test_a_strange_number_stays_in_its_row(isa: str, cell: str, value: float) -> None:
    drawn = Drawn(cell, [4] * 9, 6, 18)
    clean, _ = drawn.by_kernel()
    drawn.x[3, 1, 2] = value
    dirty, final = drawn.by_kernel()
    others = [b for b in range(9) if b != 3]
    assert torch.equal(dirty[others], clean[others])
    assert torch.equal(dirty[3, :1], clean[3, :1])
    if math.isnan(value):
        assert dirty[3, 1:].isnan().all()
        assert all(part[:, 3].isnan().all() for part in final)
    elif cell not in ("rnn_relu", "lstm_norm"):  # infinities grow in a rectifier, and a norm makes them NaNs
        torch.testing.assert_close(dirty, drawn.by_reference()[0], atol=1e-5, rtol=1e-5, equal_nan=True)


@every_cell
def test_padding_is_never_read(cell: str) -> None:
    drawn = Drawn(cell, [2, 5, 4], 3, 17)
    clean, final = drawn.by_kernel()
    drawn.x[0, 2:] = math.nan
    drawn.x[2, 4:] = math.inf
    dirty, final_dirty = drawn.by_kernel()
    assert torch.equal(clean, dirty)
    assert all(torch.equal(a, b) for a, b in zip(final, final_dirty, strict=True))


def test_python_threads_may_call_at_once() -> None:
    drawn = Drawn("lstm", [9, 4, 7, 7], 30, 40)
    expected, _ = drawn.by_kernel()
    wrong: list[int] = []

    def work(n: int) -> None:
        for _ in range(20):
            if not torch.equal(drawn.by_kernel()[0], expected):
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no /proc/self/maps on this system")
def test_one_openmp_runtime_serves_torch_and_the_kernels() -> None:
    code = (
        "import torch, gyeol.kernels._native, pathlib\n"
        "lines = pathlib.Path('/proc/self/maps').read_text().splitlines()\n"
        "files = {pathlib.Path(l.split()[-1]) for l in lines if '/' in l}\n"
        "found = sorted(str(f) for f in files if f.name.startswith(('libgomp', 'libomp', 'libiomp')))\n"
        "assert len(found) == 1, found\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ, timeout=120)


def test_an_instruction_set_is_chosen_by_name() -> None:
    before = native.use_instruction_set("portable")
    try:
        assert native.use_instruction_set("portable") == "portable"
        assert not native.bfloat16_available()
        with pytest.raises(ValueError, match="has no instruction set 'sse9'; it has"):
            native.use_instruction_set("sse9")
    finally:
        native.use_instruction_set(before)
    assert gyeol.kernels.describe().startswith("native, ")
