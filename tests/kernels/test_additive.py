"""Additive attention's scores and gradients are the reference's on every instruction set; padding is not read."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gyeol.kernels import native, native_available
from gyeol.kernels.additive import additive_scores, additive_scores_reference

pytestmark = pytest.mark.skipif(not native_available(), reason="the kernels were not built")


def drawn(seed: int, B: int, Q: int, T: int, A: int) -> tuple[list[Tensor], Tensor, Tensor]:
    g = torch.Generator().manual_seed(seed)
    parts = [torch.randn(*shape, generator=g) * 2 for shape in ((B, Q, A), (B, T, A), (A,))]
    return parts, torch.randint(0, T + 1, (B,), generator=g), torch.randn(B, Q, T, generator=g)


@pytest.mark.parametrize("instructions", native.instruction_sets())
@given(
    seed=st.integers(0, 999), B=st.integers(1, 5), Q=st.integers(1, 6), T=st.integers(1, 7), A=st.integers(1, 70),
    threads=st.integers(1, 3),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_it_is_the_twin_s(instructions: str, seed: int, B: int, Q: int, T: int, A: int, threads: int) -> None:
    parts, lengths, gradient = drawn(seed, B, Q, T, A)
    ours = [part.clone().requires_grad_() for part in parts]
    exact = [part.double().requires_grad_() for part in parts]
    before, _ = native.use_instruction_set(instructions), torch.set_num_threads(threads)
    try:
        scores = additive_scores(ours[0], ours[1], ours[2], lengths)
        scores.backward(gradient)
    finally:
        native.use_instruction_set(before)
    expected = additive_scores_reference(exact[0], exact[1], exact[2], lengths)
    expected.backward(gradient.double())
    # 3e-7 of every tanh (cpp/products/lanes.hpp), and rounding.
    torch.testing.assert_close(scores.double(), expected, atol=1e-6 * A + 1e-6, rtol=1e-5)
    for a, b in zip(ours, exact, strict=True):
        assert a.grad is not None
        assert b.grad is not None
        torch.testing.assert_close(a.grad.double(), b.grad, atol=1e-5 * Q * T, rtol=1e-5)


def test_padding_is_not_read() -> None:
    parts, _, gradient = drawn(0, 2, 3, 4, 20)
    lengths = torch.tensor([4, 2])
    parts[1][1, 2:] = math.nan
    query, keys, vector = (part.requires_grad_() for part in parts)
    scores = additive_scores(query, keys, vector, lengths)
    scores.backward(gradient)
    assert not scores[1, :, 2:].any()
    assert keys.grad is not None
    assert not keys.grad[1, 2:].any()
    assert all(bool(part.grad.isfinite().all()) for part in (query, keys, vector) if part.grad is not None)


def test_what_is_no_number_stays_none() -> None:
    parts, _, _ = drawn(0, 1, 2, 3, 20)
    parts[0][0, 1, 7] = math.nan
    scores = additive_scores(*parts)
    assert scores[0, 0].isfinite().all()
    assert scores[0, 1].isnan().all()


def test_a_large_batch_on_more_threads() -> None:
    parts, lengths, gradient = drawn(1, 9, 11, 12, 64)
    answers = []
    for threads in (1, 2, 2):
        torch.set_num_threads(threads)
        ours = [part.clone().requires_grad_() for part in parts]
        scores = additive_scores(ours[0], ours[1], ours[2], lengths)
        scores.backward(gradient)
        answers.append([scores.detach(), *(part.grad for part in ours)])
    for one, two, again in zip(*answers, strict=True):
        assert two is not None
        assert again is not None
        torch.testing.assert_close(one, two, atol=1e-4, rtol=1e-4)
        assert torch.equal(two, again)


def test_what_does_not_fit() -> None:
    (q, k, v), lengths, scores = drawn(0, 2, 3, 4, 5)
    native.additive_forward(q, k, v, lengths, scores)
    dq, dk, dv = torch.empty_like(q), torch.empty_like(k), torch.empty_like(v)
    native.additive_backward(q, k, v, lengths, scores, dq, dk, dv)
    wrong = [
        (q[:1], k, v, lengths, scores), (q, k[:, :, :4].contiguous(), v, lengths, scores),
        (q, k, v[:4], lengths, scores), (q, k, v, lengths[:1], scores), (q, k, v, lengths, scores[:, :2].contiguous()),
    ]  # fmt: skip
    for call in wrong:
        with pytest.raises(ValueError, match="expected"):
            native.additive_forward(*call)
    for bad in (torch.tensor([5, 1]), torch.tensor([-1, 1])):
        with pytest.raises(ValueError, match="a length is not from 0 to T"):
            native.additive_forward(q, k, v, bad, scores)
    with pytest.raises(ValueError, match=r"dk is \(2, 3, 5\), expected \(2, 4, 5\)"):
        native.additive_backward(q, k, v, lengths, scores, dq, dq, dv)
    with pytest.raises(TypeError):
        native.additive_forward(q.double(), k, v, lengths, scores)
