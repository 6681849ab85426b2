"""The parallel scan against one step after another: outputs, last states and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gyeol.kernels import scan as module
from gyeol.kernels.cells import min_gru
from gyeol.kernels.cells.cell import Weights
from gyeol.kernels.reference import walk
from gyeol.kernels.scan import scan, walk_linear


def by_loop(a: Tensor, b: Tensor, h_0: Tensor) -> Tensor:
    h, found = h_0, []
    for t in range(len(a)):
        h = a[t] * h + b[t]
        found.append(h)
    return torch.stack(found)


@pytest.mark.parametrize("width", [3, 1024])  # narrow steps are scanned, wide ones taken one by one
@pytest.mark.parametrize("T", [1, 2, 7, 16, 17, 33, 100])
def test_all_steps_at_once_are_the_steps_one_by_one(T: int, width: int) -> None:
    leaves = [torch.rand(T, 1, width), torch.randn(T, 1, width), torch.randn(1, width)]
    leaves = [leaf.double().requires_grad_() for leaf in leaves]
    aim = torch.randn(T, 1, width, dtype=torch.float64)
    results = []
    for way in (scan, by_loop):
        h = way(*leaves)
        results.append([h, *torch.autograd.grad((h * aim).sum(), leaves)])
    for got, expected in zip(*results, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-10)


def test_gradients_of_gradients() -> None:
    leaves = (torch.rand(19, 2), torch.randn(19, 2), torch.randn(2))
    assert torch.autograd.gradgradcheck(scan, tuple(leaf.double().requires_grad_() for leaf in leaves))


@pytest.mark.parametrize("a", [0.0, 1e-30, 1.0])
def test_gates_at_their_ends_overflow_nowhere(a: float) -> None:
    """A scan that divides by products of gates, or takes their logarithms, gives NaNs here."""
    gates = torch.full((2000, 2), a, requires_grad=True)
    b = torch.ones(2000, 2, requires_grad=True)
    h = scan(gates, b, torch.zeros(2))
    expected = by_loop(gates.detach(), b.detach(), torch.zeros(2))
    torch.testing.assert_close(h, expected)
    assert all(grad.isfinite().all() for grad in torch.autograd.grad(h.sum(), [gates, b]))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    "lengths", [[1], [2], [7], [100], [1, 1, 1], [7, 2, 5, 7], [100, 1, 31, 64], [3, 100, 99]], ids=str
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_walk_is_the_reference_s(lengths: list[int], reverse: bool, dtype: torch.dtype) -> None:
    """In float32 each within a share of the largest number: of sums over hundreds of steps that is what there is."""
    D, H, T = 4, 5, max(lengths) + 1
    x = torch.randn(len(lengths), T, D, dtype=dtype)
    leaves = [
        x,
        torch.randn(len(lengths), H, dtype=dtype),
        torch.randn(2 * H, D, dtype=dtype),
        torch.randn(2 * H, dtype=dtype),
    ]
    leaves = [leaf.requires_grad_() for leaf in leaves]
    rows = torch.tensor(lengths)
    aims = torch.randn(len(lengths), T, H, dtype=dtype), torch.randn(len(lengths), H, dtype=dtype)
    results = []
    for scanned in (True, False):
        x, h, w, b = leaves
        if scanned:
            out, last = walk_linear(min_gru.linear, x, rows, (h,), Weights(w, None, b), reverse=reverse)
        else:
            out, last = walk(min_gru.step, x, rows, (h,), Weights(w, None, b), reverse=reverse)
        for row, length in zip(out, lengths, strict=True):
            assert not row[length:].any()
        loss = (out * aims[0]).sum() + (last[0] * aims[1]).sum()
        results.append([out, last[0], *torch.autograd.grad(loss, leaves)])
    within = 1e-5 if dtype == torch.float32 else 1e-12
    for got, expected in zip(*results, strict=True):
        assert (got - expected).abs().max() <= within * expected.abs().max().clamp_min(1.0)


def test_padding_reaches_neither_results_nor_gradients() -> None:
    weights = Weights(torch.randn(6, 2, requires_grad=True), None, torch.randn(6, requires_grad=True))
    x, found = torch.randn(2, 40, 2), []
    for fill in (0.0, torch.nan):
        x[1, 3:] = fill
        out, (last,) = walk_linear(min_gru.linear, x, torch.tensor([40, 3]), (torch.zeros(2, 3),), weights)
        found.append([out, last, *torch.autograd.grad(out.sum() + last.sum(), [weights.w_ih, weights.b_ih])])  # type: ignore[list-item]
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_a_scan_takes_few_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand narrow steps, each level of the scan halves what is left: seven levels, not a thousand steps."""
    calls = []
    real = module._all_steps
    monkeypatch.setattr(module, "_all_steps", lambda a, b: calls.append(len(a)) or real(a, b))
    scan(torch.rand(1000, 2), torch.rand(1000, 2), torch.zeros(2))
    assert calls == [1000, 500, 250, 125, 62, 31, 15]
