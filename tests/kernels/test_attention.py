"""Attention of a learned query in one pass against its reference: values, gradients, threads, mistakes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from gyeol.kernels import native
from gyeol.kernels.attention import Learned, attention_pool, attention_pool_reference
from gyeol.kernels.packing import Packing

kernels = pytest.mark.skipif(not native.native_available(), reason=f"kernels: {native.describe()}")
bfloat16 = pytest.mark.skipif(not native.bfloat16_available(), reason="this processor multiplies no bfloat16")
CASES = [
    ([1], [3], 1), ([4, 2, 5], [7, 2], 5), ([1] * 9, [16], 16), ([9, 1, 4, 4], [33, 20, 1], 18),
    ([200, 180, 3, 300], [24, 40], 8),
]  # fmt: skip


def drawn(lengths: Sequence[int], widths: Sequence[int], units: int) -> tuple[list[Tensor], Packing]:
    """W, b, q, then the parts of the vectors, all of which have gradients."""
    torch.manual_seed(0)
    sizes = [(units, sum(widths)), (units,), (units,), *((sum(lengths), width) for width in widths)]
    scale = [sum(widths) ** -0.5, 1.0, 1.0, *[1.0] * len(widths)]
    given = [(s * torch.randn(size)).requires_grad_() for size, s in zip(sizes, scale, strict=True)]
    return given, Packing.of(torch.tensor(lengths), max(lengths))


def found(given: list[Tensor], packing: Packing, *, reference: bool = False, **how: object) -> list[Tensor]:
    """Weights, what was pooled, and all gradients."""
    pool = attention_pool_reference if reference else attention_pool
    weights, pooled = pool(given[3:], packing, Learned(*given[:3]), **how)  # type: ignore[operator]
    draw = torch.Generator().manual_seed(1)
    total = sum((out * torch.randn(out.shape, generator=draw)).sum() for out in (weights, *pooled))
    return [weights.detach(), *(out.detach() for out in pooled), *torch.autograd.grad(total, given)]


@kernels
@pytest.mark.parametrize(("lengths", "widths", "units"), CASES)
@pytest.mark.parametrize("views", [{}, {"mean": True}, {"mean": True, "most": True}])
def test_it_is_its_reference(
    lengths: list[int], widths: list[int], units: int, views: dict[str, bool], instructions: None
) -> None:
    given, packing = drawn(lengths, widths, units)
    actual, expected = found(given, packing, **views), found(given, packing, reference=True, **views)
    for one, other in zip(actual, expected, strict=True):
        torch.testing.assert_close(one, other, atol=2e-5 * max(1.0, float(other.abs().max())), rtol=1e-4)


@bfloat16
@pytest.mark.parametrize(("lengths", "widths", "units"), CASES)
def test_in_bfloat16_it_is_that_to_two_digits(lengths: list[int], widths: list[int], units: int) -> None:
    given, packing = drawn(lengths, widths, units)
    rounded, exact = found(given, packing, element="bfloat16"), found(given, packing)
    for one, other in zip(rounded, exact, strict=True):
        assert float((one - other).norm()) <= 0.02 * float(other.norm()) + 1e-6
    if max(lengths) > 1:  # a single token has a weight of 1
        assert not all(torch.equal(one, other) for one, other in zip(rounded, exact, strict=True))


@bfloat16
@pytest.mark.skipif("amx-emulated" not in native.instruction_sets(), reason="no emulation was built")
def test_tiles_multiply_the_same() -> None:
    given, packing = drawn([200, 180, 3, 300], [24, 40], 8)
    results = []
    for name in (None, "amx-emulated"):
        before = native.use_instruction_set(name)
        try:
            results.append(found(given, packing, element="bfloat16"))
        finally:
            native.use_instruction_set(before)
    for one, other in zip(*results, strict=True):
        assert float((one - other).norm()) <= 0.005 * float(other.norm()) + 1e-6


@kernels
def test_the_number_of_threads_changes_nothing_but_the_order_of_sums() -> None:
    given, packing = drawn([200, 180, 3, 300], [24, 40], 64)
    torch.set_num_threads(3)
    shared, again = found(given, packing), found(given, packing)
    torch.set_num_threads(1)
    alone = found(given, packing)
    for one, twice, other in zip(shared, again, alone, strict=True):
        assert torch.equal(one, twice)
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
    assert torch.equal(shared[0], alone[0])


@kernels
def test_its_gradients_can_be_differentiated() -> None:
    given, packing = drawn([4, 2, 5], [7, 2], 5)
    exact = [t.detach().double().requires_grad_() for t in given]
    second = []
    for inputs in (given, exact):  # the reference serves in float64
        parts = [inputs[3], inputs[4] + inputs[3][:, :2]]  # one computed from another
        weights, pooled = attention_pool(parts, packing, Learned(*inputs[:3]), mean=True, most=True)
        total = weights.square().sum() + sum(out.square().sum() for out in pooled)
        first = torch.autograd.grad(total, inputs, create_graph=True)
        second.append(torch.autograd.grad(sum(g.square().sum() for g in first), inputs))
    for one, other in zip(*second, strict=True):
        assert float((one - other).abs().max()) < 1e-4 * float(other.abs().max())


@pytest.mark.parametrize("wanted", ["weights", "one part"])
def test_what_is_not_used_has_no_gradient(wanted: str) -> None:
    given, packing = drawn([4, 2], [3, 2], 2)
    results = []
    for pool in (attention_pool, attention_pool_reference):
        weights, pooled = pool(given[3:], packing, Learned(*given[:3]))
        used = weights.square().sum() if wanted == "weights" else pooled[1].square().sum()
        results.append(torch.autograd.grad(used, given))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


@kernels
def test_a_nan_stays_in_its_row() -> None:
    given, packing = drawn([4, 2, 3], [3, 2], 2)
    x = given[3].detach().clone()
    order = packing.order
    assert order is not None
    x[1] = torch.nan  # a token of the row of the second rank
    weights, pooled = attention_pool([x, given[4].detach()], packing, Learned(*given[:3]))
    wrong = packing.rows() == 1
    assert weights[wrong].isnan().all()
    assert not weights[~wrong].isnan().any()
    for out in pooled:
        assert out.isnan().any(1).tolist() == [row == int(order[1]) for row in range(3)]


@kernels
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lengths": torch.tensor([2, 2])}, "sum to more"),
        ({"element": "int8"}, "no scores in int8"),
        ({"weight": torch.zeros(2, 4)}, "as many columns"),
        ({"bias": torch.zeros(3)}, "bias is"),
        ({"x": []}, "no pieces"),
        ({"x": [torch.zeros(3, 3), torch.zeros(2, 2)]}, "x is"),
    ],
)
def test_a_wrong_call_is_refused(change: dict[str, object], message: str) -> None:
    given = {
        "element": "float32", "x": [torch.zeros(3, 3), torch.zeros(3, 2)], "lengths": torch.tensor([2, 1]),
        "weight": torch.zeros(2, 5), "bias": torch.zeros(2), "query": torch.zeros(2), "hidden": torch.zeros(3, 2),
        "weights": torch.zeros(3), "threads": 1, "instruction_set": native.in_force()[0],
    }  # fmt: skip
    native.library().attention_weights(**given)
    with pytest.raises((ValueError, TypeError), match=message):
        native.library().attention_weights(**{**given, **change})
