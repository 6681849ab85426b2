"""Threads that share a step give the bits that one gives, and nobody waits for a thread that never comes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from gyeol.kernels import native
from gyeol.layers import CELLS, LSTM, Recurrent, Stepper

pytestmark = pytest.mark.skipif(not native.native_available(), reason=f"kernels: {native.describe()}")
ELEMENTS = ["float32", "int8", *(["bfloat16"] if native.steps_in("bfloat16") else [])]
STEPPED = [name for name, cell in CELLS.items() if cell.native in native.CELLS and native.CELLS[cell.native].steps]


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("weights", ELEMENTS)
@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize(("D", "H"), [(5, 3), (40, 150)])
@pytest.mark.parametrize("cell", STEPPED)
def test_the_split_changes_no_bit(cell: str, D: int, H: int, batch_size: int, weights: str) -> None:
    layer, x = Recurrent(cell, D, H, num_layers=2), torch.randn(3, batch_size, D)
    seen = []
    for threads in (1, 3):
        stepper = Stepper(layer, batch_size, weights=weights, threads=threads)
        assert stepper.threads == threads
        steps = torch.stack([stepper(x_t).clone() for x_t in x])
        state = stepper.state if isinstance(stepper.state, tuple) else (stepper.state,)
        seen.append((steps, *(part.clone() for part in state)))
    assert all(torch.equal(a, b) for a, b in zip(*seen, strict=True))


def test_the_trial_leaves_no_trace() -> None:
    layer, x = LSTM(160, 160), torch.randn(1, 160)  # large enough to be tried
    stepper = Stepper(layer)
    assert 1 <= stepper.threads <= 3
    assert not any(part.any() for part in stepper.state)
    assert torch.equal(stepper(x), Stepper(layer, threads=1)(x))


def test_trying_again_changes_no_bit() -> None:
    layer, x = LSTM(32, 160), torch.randn(1, 32)
    tried, alone = Stepper(layer), Stepper(layer, threads=1)
    for _ in range(4100):  # past the second trial
        assert torch.equal(tried(x), alone(x))


def test_steppers_on_threads_of_their_own() -> None:
    layer, x = LSTM(64, 160), torch.randn(10, 1, 64)

    def walk(threads: int) -> torch.Tensor:
        stepper = Stepper(layer, threads=threads)
        return torch.stack([stepper(x_t).clone() for x_t in x])

    with ThreadPoolExecutor(3) as pool:
        walks = list(pool.map(walk, [1, 3, 2]))
    assert all(torch.equal(steps, walks[0]) for steps in walks)


#: Steps of several threads, in the way that the argument names, beside those of one.
SCRIPT = """
import os, sys, torch
from gyeol.layers import LSTM, Stepper
torch.manual_seed(0)
torch.set_num_threads(4)
layer, x = LSTM(40, 200), torch.randn(5, 1, 40)
alone, shared = Stepper(layer, threads=1), Stepper(layer, threads=4)
expected = torch.stack([alone(x_t).clone() for x_t in x])
same = lambda: torch.equal(torch.stack([shared(x_t).clone() for x_t in x]), expected)
assert same()
if sys.argv[1] == "fork":
    shared.reset()
    child = os.fork()
    if child == 0:
        os._exit(0 if same() else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert same()
"""


@pytest.mark.parametrize(
    ("way", "environment"),
    [
        ("fork", {}),
        ("fewer than asked for", {"OMP_THREAD_LIMIT": "2"}),
        ("one", {"OMP_THREAD_LIMIT": "1"}),
        ("as many as the system likes", {"OMP_DYNAMIC": "true"}),
        ("waiting without spinning", {"OMP_WAIT_POLICY": "passive"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nobody_waits_for_a_thread_that_never_comes(way: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", SCRIPT, way],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
