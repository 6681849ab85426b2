"""The native kernels against the twin, for every instruction set that this processor can run."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import gyeol.kernels
from gyeol.kernels import native, reference
from gyeol.kernels.reference import State, Weights

pytestmark = pytest.mark.skipif(not native.native_available(), reason=f"kernels: {native.describe()}")
EVERY = native.instruction_sets()


def draw(
    lengths: list[int], D: int, H: int, seed: int, *, bias: bool = True, scale: float = 0.5
) -> tuple[torch.Tensor, torch.Tensor, State, Weights]:
    g = torch.Generator().manual_seed(seed)
    B, T = len(lengths), max(lengths)
    shapes = [(4 * H, D), (4 * H, H)] + [(4 * H,)] * (2 if bias else 0)
    weights = Weights(*(torch.randn(shape, generator=g) * scale for shape in shapes))
    state = tuple(torch.randn(B, H, generator=g) for _ in range(2))
    return torch.randn(B, T, D, generator=g), torch.tensor(lengths), state, weights


def assert_equal_to_twin(
    x: torch.Tensor, lengths: torch.Tensor, state: State, weights: Weights, reverse: bool, isa: str
) -> None:
    got, got_state = native.lstm(x, lengths, state, weights, reverse=reverse, instruction_set=isa)
    expected, expected_state = reference.walk(reference.lstm_step, x, lengths, state, weights, reverse=reverse)
    for a, b in [(got, expected), *zip(got_state, expected_state, strict=True)]:
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)
    for row, length in zip(got, lengths.tolist(), strict=True):
        assert torch.equal(row[length:], torch.zeros_like(row[length:]))


@pytest.mark.parametrize("isa", EVERY)
@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=20),
    D=st.integers(1, 40),
    H=st.integers(1, 40),
    bias=st.booleans(),
    reverse=st.booleans(),
    threads=st.integers(1, 4),
    seed=st.integers(0, 2**31),
)
@settings(deadline=None, max_examples=60)
def test_equals_the_twin_over_drawn_shapes(
    isa: str, lengths: list[int], D: int, H: int, bias: bool, reverse: bool, threads: int, seed: int
) -> None:
    torch.set_num_threads(threads)
    assert_equal_to_twin(*draw(lengths, D, H, seed, bias=bias), reverse, isa)


@pytest.mark.parametrize("isa", EVERY)
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_equals_the_twin_where_the_batch_is_split_over_threads(isa: str, threads: int) -> None:
    torch.set_num_threads(threads)
    lengths = [1 + (7 * b) % 30 for b in range(53)]  # enough work that bind.cpp does split it
    assert_equal_to_twin(*draw(lengths, 65, 70, 1, scale=0.1), True, isa)


@pytest.mark.parametrize("isa", EVERY)
def test_one_row_is_the_same_alone_and_in_any_company(isa: str) -> None:
    x, lengths, state, weights = draw([5, 9, 2, 7, 9, 1, 3], 6, 18, 2)
    together, (h, c) = native.lstm(x, lengths, state, weights, instruction_set=isa)
    for b, n in enumerate(lengths.tolist()):
        own = tuple(part[b : b + 1] for part in state)
        alone, (h_1, c_1) = native.lstm(x[b : b + 1, :n], lengths[b : b + 1], own, weights, instruction_set=isa)
        assert torch.equal(alone[0], together[b, :n])
        assert torch.equal(h_1[0], h[b])
        assert torch.equal(c_1[0], c[b])


@pytest.mark.parametrize("isa", EVERY)
def test_gates_stay_accurate_at_both_ends(isa: str) -> None:
    x, lengths, state, weights = draw([6, 6, 3], 5, 20, 3, scale=40.0)
    assert_equal_to_twin(x, lengths, state, weights, False, isa)


@pytest.mark.parametrize("isa", EVERY)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e38])
def test_a_strange_number_stays_in_its_row(isa: str, value: float) -> None:
    x, lengths, state, weights = draw([4] * 9, 6, 18, 4)
    clean, _ = native.lstm(x, lengths, state, weights, instruction_set=isa)
    x[3, 1, 2] = value
    dirty, (h, c) = native.lstm(x, lengths, state, weights, instruction_set=isa)
    others = [b for b in range(9) if b != 3]
    assert torch.equal(dirty[others], clean[others])
    assert torch.equal(dirty[3, :1], clean[3, :1])
    if math.isnan(value):
        assert dirty[3, 1:].isnan().all()
        assert h[3].isnan().all()
        assert c[3].isnan().all()
    else:
        expected, _ = reference.walk(reference.lstm_step, x, lengths, state, weights)
        torch.testing.assert_close(dirty, expected, atol=1e-5, rtol=1e-5, equal_nan=True)


def test_padding_is_never_read() -> None:
    x, lengths, state, weights = draw([2, 5, 4], 3, 17, 5)
    clean, final = native.lstm(x, lengths, state, weights)
    x[0, 2:] = math.nan
    x[2, 4:] = math.inf
    dirty, final_dirty = native.lstm(x, lengths, state, weights)
    assert torch.equal(clean, dirty)
    assert all(torch.equal(a, b) for a, b in zip(final, final_dirty, strict=True))


@pytest.mark.parametrize("isa", EVERY)
@pytest.mark.parametrize("H", [5, 16, 33])
def test_projections_may_come_ready_made(isa: str, H: int) -> None:
    x, lengths, state, weights = draw([3, 7, 7, 2], 6, H, 6)
    expected, expected_state = native.lstm(x, lengths, state, weights, instruction_set=isa)
    _, order = lengths.sort(descending=True, stable=True)
    u = torch.nn.functional.linear(x, weights.w_ih, weights.b_ih + weights.b_hh).reshape(-1, 4 * H)
    y, h_n, c_n = torch.zeros(4 * 7, H), torch.empty(4, H), torch.empty(4, H)
    native._native.lstm_forward(
        u, lengths[order], order * 7, torch.arange(7), False, None, weights.w_hh, None, None,
        state[0][order], state[1][order], y, h_n, c_n, 1, isa,
    )  # fmt: skip
    torch.testing.assert_close(y.view(4, 7, H), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(c_n, expected_state[1][order], atol=1e-5, rtol=1e-5)


def call(**changes: object) -> None:
    """Call the C++ function itself on a batch of two rows (3 and 2 steps of 3), with something changed."""
    x, lengths, (h, c), weights = draw([3, 2], 3, 4, 7)
    arguments: dict[str, object] = {
        "x": x.reshape(6, 3), "lengths": lengths, "row_offset": torch.tensor([0, 3]), "time_offset": torch.arange(3),
        "reverse": False, **weights._asdict(), "h_0": h, "c_0": c, "y": torch.zeros(6, 4), "h_n": torch.zeros(2, 4),
        "c_n": torch.zeros(2, 4), "threads": 1, "instruction_set": "portable",
    }  # fmt: skip
    native._native.lstm_forward(**(arguments | changes))


def test_the_call_that_the_refusals_change_is_itself_accepted() -> None:
    call()


@pytest.mark.parametrize(
    "changes",
    [
        {"x": torch.zeros(6, 2)},
        {"x": torch.zeros(6, 3, dtype=torch.float64)},
        {"x": torch.zeros(3, 6).T},
        {"x": torch.zeros(5, 3)},
        {"w_ih": torch.zeros(12, 3)},
        {"w_hh": torch.zeros(16, 5)},
        {"w_ih": None},
        {"b_ih": torch.zeros(15)},
        {"h_0": torch.zeros(1, 4)},
        {"c_0": torch.zeros(2, 5)},
        {"y": torch.zeros(6, 5)},
        {"h_n": torch.zeros(3, 4)},
        {"lengths": torch.tensor([2, 3])},
        {"lengths": torch.tensor([4, 2])},
        {"lengths": torch.tensor([3, 0])},
        {"lengths": torch.tensor([3, -1])},
        {"lengths": torch.tensor([3, 2], dtype=torch.int32)},
        {"lengths": torch.tensor([], dtype=torch.int64)},
        {"row_offset": torch.tensor([0, 5])},
        {"row_offset": torch.tensor([0, -1])},
        {"row_offset": torch.tensor([0, 2**62])},
        {"row_offset": torch.tensor([0])},
        {"time_offset": torch.tensor([0, 1, 6])},
        {"time_offset": torch.tensor([-1, 0, 1])},
        {"threads": 0},
        {"instruction_set": "sse9"},
    ],
    ids=repr,
)
def test_what_does_not_fit_is_refused_before_memory_is_touched(changes: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        call(**changes)


def test_python_threads_may_call_at_once() -> None:
    inputs = draw([9, 4, 7, 7], 30, 40, 8)
    expected, _ = native.lstm(*inputs)
    wrong: list[int] = []

    def work(n: int) -> None:
        for _ in range(20):
            if not torch.equal(native.lstm(*inputs)[0], expected):
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


def test_describe_names_the_best_instruction_set() -> None:
    assert (
        gyeol.kernels.describe() == "native, " + {"avx512": "AVX-512", "avx2": "AVX2", "portable": "portable"}[EVERY[0]]
    )
