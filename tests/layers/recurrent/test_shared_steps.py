"""Threads that share the units of a walk's steps give the bits of one thread, and wait for none that is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from gyeol.kernels import native
from gyeol.kernels.cells import rnn
from gyeol.layers import CELLS, Recurrent

pytestmark = pytest.mark.skipif(not native.native_available(), reason=f"kernels: {native.describe()}")
WALKED = {
    name: cell
    for name, cell in {**CELLS, "relu": rnn.RELU}.items()
    if cell.native in native.CELLS and not cell.has_norm  # whose steps are not shared
}


@pytest.fixture(params=native.instruction_sets() or [""])
def each_set(request: pytest.FixtureRequest) -> Iterator[None]:
    before = native.use_instruction_set(request.param) if request.param else ""
    yield
    if before:
        native.use_instruction_set(before)


def walk(layer: Recurrent, x: Tensor, lengths: Tensor, threads: int) -> tuple[list[Tensor], list[Tensor]]:
    """Outputs and gradients by the input, each one thread's sum; and those by the weights, which threads add up."""
    torch.set_num_threads(threads)
    layer.zero_grad()
    x = x.clone().requires_grad_()
    y, state = layer(x, lengths=lengths)
    parts = state if isinstance(state, tuple) else (state,)
    (sum(part.square().sum() for part in parts) + y.sin().sum()).backward()
    assert x.grad is not None
    weights = [w.grad for w in layer.parameters() if w.grad is not None]
    return [y.detach(), *(part.detach() for part in parts), x.grad], [w.clone() for w in weights]


@pytest.mark.usefixtures("each_set")
@pytest.mark.parametrize(("lengths", "bidirectional", "threads"), [([5], False, 3), ([4], True, 4), ([4, 2], False, 4)])
@pytest.mark.parametrize("cell", WALKED)
def test_the_split_changes_no_bit(cell: str, lengths: list[int], bidirectional: bool, threads: int) -> None:
    H = 270 if WALKED[cell].native in ("rnn_tanh", "rnn_relu") else 150  # enough for a step to be shared
    layer = Recurrent(WALKED[cell], 40, H, bidirectional=bidirectional, batch_first=True)
    x = torch.randn(len(lengths), lengths[0], 40)
    outputs, weights = walk(layer, x, torch.tensor(lengths), 1)
    shared, added = walk(layer, x, torch.tensor(lengths), threads)
    assert all(torch.equal(a, b) for a, b in zip(shared, outputs, strict=True))
    for a, b in zip(added, weights, strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


#: A walk of several threads beside that of one.
SCRIPT = """
import os, sys, torch
from gyeol.layers import LSTM
torch.manual_seed(0)
layer, x = LSTM(40, 150), torch.randn(12, 1, 40)
def walk(threads):
    torch.set_num_threads(threads)
    with torch.no_grad():
        return layer(x)[0]
expected = walk(1)
assert torch.equal(walk(4), expected)
if sys.argv[1] == "fork":
    child = os.fork()
    if child == 0:
        os._exit(0 if torch.equal(walk(4), expected) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert torch.equal(walk(4), expected)
"""


@pytest.mark.parametrize(
    ("way", "environment"), [("fork", {}), ("fewer", {"OMP_THREAD_LIMIT": "2"}), ("one", {"OMP_THREAD_LIMIT": "1"})]
)
def test_nobody_waits_for_a_thread_that_never_comes(way: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", SCRIPT, way],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("each_set")
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "high"])
@pytest.mark.parametrize("cell", WALKED)
def test_the_gradients_of_short_rows_are_those_of_one_thread(cell: str, precision: str) -> None:
    if precision != "float32" and not native.bfloat16_available():
        pytest.skip(f"{native.in_force()[0]} does not multiply bfloat16")
    lengths = torch.tensor([5, 5, 4, 2, 1])
    H = 150 if WALKED[cell].native in ("rnn_tanh", "rnn_relu") else 75  # no whole number of registers; worth 3 threads
    layer = Recurrent(WALKED[cell], 41, H, batch_first=True, precision=precision)
    x = torch.randn(len(lengths), 5, 41)
    outputs, weights = walk(layer, x, lengths, 1)
    spread, summed = walk(layer, x, lengths, 3)
    for a, b in zip([*spread, *summed], [*outputs, *weights], strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


#: A stepper of two threads where the system has no memory left for a second thread's stack.
REFUSED = """
import resource, sys, torch
from gyeol.layers import LSTM, Stepper
torch.manual_seed(0)
torch.set_num_threads(2)
layer, x = LSTM(40, 150), torch.randn(5, 1, 40)
alone, both = Stepper(layer, threads=1), Stepper(layer, threads=2)
with open("/proc/self/statm") as file:
    size = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + 1_000_000, resource.RLIM_INFINITY))
for x_t in x:
    assert torch.equal(both(x_t), alone(x_t))
"""


@pytest.mark.skipif(sys.platform != "linux" or "LD_PRELOAD" in os.environ, reason="memory is limited as on Linux")
def test_a_refused_thread_is_done_without() -> None:
    done = subprocess.run([sys.executable, "-c", REFUSED], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
