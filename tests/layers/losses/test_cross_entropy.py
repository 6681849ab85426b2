"""The cross entropy that holds no logits is PyTorch's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from gyeol.errors import DataError
from gyeol.kernels.native import bfloat16_available
from gyeol.layers import linear_cross_entropy
from gyeol.layers.losses import cross_entropy


@given(
    N=st.integers(1, 40), V=st.integers(1, 30), H=st.integers(1, 9), bias=st.booleans(), ignored=st.integers(0, 5),
    held=st.integers(1, 200), seed=st.integers(0, 2**31),
)  # fmt: skip
@settings(max_examples=120)
def test_it_is_pytorch_s_in_value_and_gradients(
    N: int, V: int, H: int, bias: bool, ignored: int, held: int, seed: int
) -> None:
    g = torch.Generator().manual_seed(seed)
    leaves = [torch.randn(N, H, generator=g), torch.randn(V, H, generator=g), torch.randn(V, generator=g)]
    targets = torch.randint(V, (N,), generator=g)
    targets[:ignored] = -100
    ours = [leaf.double().requires_grad_() for leaf in leaves]
    theirs = [leaf.double().requires_grad_() for leaf in leaves]
    before, cross_entropy._LOGITS = cross_entropy._LOGITS, held
    try:
        loss = linear_cross_entropy(ours[0], ours[1], ours[2] if bias else None, targets)
    finally:
        cross_entropy._LOGITS = before
    expected = F.cross_entropy(F.linear(theirs[0], theirs[1], theirs[2] if bias else None), targets)
    torch.testing.assert_close(loss, expected, equal_nan=True)
    if bool((targets >= 0).any()):
        (loss * 3).backward()
        (expected * 3).backward()
        for a, b in zip(ours[: 2 + bias], theirs, strict=False):
            torch.testing.assert_close(a.grad, b.grad)


@given(
    N=st.integers(1, 90), V=st.integers(512, 700), H=st.integers(1, 40), bias=st.booleans(), ignored=st.integers(0, 5),
    held=st.integers(3_000, 60_000), seed=st.integers(0, 2**31),
)  # fmt: skip
@settings(max_examples=40)
def test_in_bfloat16_it_is_nearly_that(N: int, V: int, H: int, bias: bool, ignored: int, held: int, seed: int) -> None:
    g = torch.Generator().manual_seed(seed)
    leaves = [torch.randn(N, H, generator=g), torch.randn(V, H, generator=g), torch.randn(V, generator=g)]
    targets = torch.randint(V, (N,), generator=g)
    targets[:ignored] = -100
    ours, theirs = ([leaf.clone().requires_grad_() for leaf in leaves] for _ in range(2))
    before, cross_entropy._ROUNDED = cross_entropy._ROUNDED, held
    try:
        loss = linear_cross_entropy(ours[0], ours[1], ours[2] if bias else None, targets, precision="bfloat16")
    finally:
        cross_entropy._ROUNDED = before
    expected = F.cross_entropy(F.linear(theirs[0], theirs[1], theirs[2] if bias else None), targets)
    torch.testing.assert_close(loss, expected, equal_nan=True, rtol=0.02, atol=0.02)
    if bool((targets >= 0).any()):
        (loss * 3).backward()
        (expected * 3).backward()
        for a, b in zip(ours[: 2 + bias], theirs, strict=False):
            assert a.grad is not None
            assert b.grad is not None
            assert float((a.grad - b.grad).norm()) <= 0.03 * float(b.grad.norm())


@pytest.mark.skipif(not bfloat16_available(), reason="this processor multiplies no bfloat16")
@pytest.mark.parametrize("element", ["float32", "bfloat16"])
def test_auto_is_what_is_faster(element: str, won: Callable[[str], list[str]]) -> None:
    races = won(element)
    hidden, weight, targets = torch.randn(40, 16), torch.randn(600, 16), torch.arange(40)
    found = {}
    for precision in ("auto", element):
        leaves = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
        loss = linear_cross_entropy(*leaves, None, targets, precision=precision)
        with torch.inference_mode():
            alone = linear_cross_entropy(*leaves, None, targets, precision=precision)
        found[precision] = [loss, alone, *torch.autograd.grad(loss, leaves)]
    few = linear_cross_entropy(hidden, weight[:100], None, targets, precision="auto")
    for one, other in zip(found["auto"], found[element], strict=True):
        assert torch.equal(one, other)
    assert torch.equal(few, linear_cross_entropy(hidden, weight[:100], None, targets))
    assert races == ["float32 bfloat16"] * 2, "with gradients and without; few words are no race"


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "auto"])
def test_of_no_tokens_it_is_no_number(precision: str) -> None:
    nothing = torch.zeros(0, dtype=torch.int64)
    assert linear_cross_entropy(torch.zeros(0, 3), torch.zeros(600, 3), None, nothing, precision=precision).isnan()


def test_extreme_logits_stay_finite() -> None:
    hidden = torch.tensor([[1e4], [-1e4]], requires_grad=True)
    loss = linear_cross_entropy(hidden, torch.tensor([[1.0], [-1.0]]), None, torch.tensor([1, 1]))
    loss.backward()
    assert loss.isfinite()
    assert hidden.grad is not None
    assert hidden.grad.isfinite().all()


def test_what_does_not_fit_is_refused() -> None:
    weight = torch.zeros(4, 2)
    with pytest.raises(DataError, match=r"have shapes \(3, 5\) and \(3,\), expected \(N, 2\) and \(N,\)"):
        linear_cross_entropy(torch.zeros(3, 5), weight, None, torch.zeros(3, dtype=torch.int64))
    with pytest.raises(DataError, match=r"the target of token 1 is 4, expected 0\.\.3 or -100"):
        linear_cross_entropy(torch.zeros(2, 2), weight, None, torch.tensor([0, 4]))


@pytest.mark.parametrize("bias", [True, False])
def test_smoothed_labels_are_pytorch_s(bias: bool) -> None:
    g = torch.Generator().manual_seed(0)
    leaves = [torch.randn(9, 4, generator=g), torch.randn(7, 4, generator=g), torch.randn(7, generator=g)]
    ours, theirs = ([leaf.double().requires_grad_() for leaf in leaves] for _ in range(2))
    targets = torch.randint(7, (9,), generator=g)
    targets[2] = -100
    loss = linear_cross_entropy(ours[0], ours[1], ours[2] if bias else None, targets, label_smoothing=0.1)
    logits = F.linear(theirs[0], theirs[1], theirs[2] if bias else None)
    expected = F.cross_entropy(logits, targets, label_smoothing=0.1)
    torch.testing.assert_close(loss, expected)
    loss.backward()
    expected.backward()
    for a, b in zip(ours[: 2 + bias], theirs, strict=False):
        torch.testing.assert_close(a.grad, b.grad)
