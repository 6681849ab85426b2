"""Attention pooling against loops over single steps."""

from __future__ import annotations

import math

import pytest
import torch

from gyeol.errors import DataError
from gyeol.layers import AttentionPooling

D64 = torch.float64


def test_attention_pooling_equals_a_loop() -> None:
    pooling = AttentionPooling(4, 3).double()
    outputs, lengths = torch.randn(2, 5, 4, dtype=D64), [5, 2]
    outputs[1, 3] = math.nan
    context, weights = pooling(outputs, torch.arange(5) < torch.tensor(lengths)[:, None])
    W, b, u_w = pooling.project.weight, pooling.project.bias, pooling.query
    for row, n in enumerate(lengths):
        scores = torch.stack([torch.tanh(W @ outputs[row, t] + b) @ u_w for t in range(n)])
        alpha = scores.exp() / scores.exp().sum()
        torch.testing.assert_close(weights[row, :n], alpha)
        assert not weights[row, n:].any()
        torch.testing.assert_close(context[row], sum(alpha[t] * outputs[row, t] for t in range(n)))


def test_attention_pooling_learns_which_step_matters() -> None:
    pooling = AttentionPooling(4)
    optimizer = torch.optim.Adam(pooling.parameters(), 0.05)
    for _ in range(150):
        outputs = torch.randn(32, 6, 4)
        outputs[..., 0] = 0
        marked = torch.randint(6, (32,))
        outputs[torch.arange(32), marked, 0] = 2
        _, weights = pooling(outputs)
        loss = -weights[torch.arange(32), marked].log().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (weights.argmax(-1) == marked).float().mean() > 0.9


def test_pooling_refuses_outputs_of_another_size() -> None:
    with pytest.raises(DataError, match=r"expected \(B, T, 4\)"):
        AttentionPooling(4)(torch.zeros(2, 3, 5))
