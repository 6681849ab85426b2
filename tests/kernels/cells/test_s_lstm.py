"""sLSTM's exponential gates, where they would overflow without a stabiliser."""

from __future__ import annotations

import pytest
import torch

from gyeol.layers import Recurrent


@pytest.mark.parametrize("size", [1.0, 100.0, 1e4])
def test_large_sums_overflow_nowhere(size: float) -> None:
    """exp(100) is no float32: with the stabiliser h stays within -1 to 1, and gradients are finite."""
    torch.manual_seed(0)
    layer = Recurrent("s_lstm", 3, 8, bidirectional=True, batch_first=True)
    x = (size * torch.randn(4, 30, 3)).requires_grad_()
    output, state = layer(x, lengths=[30, 1, 7, 30])
    assert output.isfinite().all()
    assert output.abs().max() <= 1
    assert all(part.isfinite().all() for part in state)
    grads = torch.autograd.grad(output.sum(), [x, *layer.parameters()])
    assert all(grad.isfinite().all() for grad in grads)


def test_a_first_step_forgets_that_nothing_was_read() -> None:
    """However small the input gate, of the first step alone h = o * g: there is nothing else in the memory."""
    layer = Recurrent("s_lstm", 1, 2, batch_first=True)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.bias_ih_l0[:2] = torch.tensor([-200.0, 200.0])  # i
        layer.bias_ih_l0[4:6] = 0.5  # g
        output, _ = layer(torch.zeros(1, 1, 1))
    torch.testing.assert_close(output[0, 0], torch.full((2,), 0.5 * torch.tanh(torch.tensor(0.5)).item()))


def test_what_is_read_with_a_larger_gate_replaces_what_was_kept() -> None:
    """Exponential gates revise a memory: after a step whose log i is 20 higher, little of the steps before is left."""
    layer = Recurrent("s_lstm", 2, 1, batch_first=True)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.weight_ih_l0[0, 0] = 20.0  # log i
        layer.weight_ih_l0[2, 1] = 1.0  # g
        layer.bias_ih_l0[1] = 10.0  # f: all is kept
        x = torch.tensor([[[0.0, 1.0], [0.0, 1.0], [1.0, -1.0]]])
        output, _ = layer(x)
    torch.testing.assert_close(output[0, 2], -output[0, 0], atol=1e-6, rtol=1e-6)
