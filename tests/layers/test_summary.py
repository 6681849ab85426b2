"""Attention pooling against loops over single steps, views of a sequence side by side, and locked dropout."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import pytest
import torch

from gyeol.errors import DataError, ParameterError
from gyeol.kernels.native import bfloat16_available
from gyeol.kernels.packing import Packing
from gyeol.layers import AttentionPooling, LockedDropout, Summary, valid_steps

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


def test_the_views_stand_side_by_side() -> None:
    states = torch.randn(2, 4, 6)
    packing = Packing.of(torch.tensor([2, 4]), 4)
    summary = Summary(6, attention=True, poolings=["last", "mean", "max"], directions=2)
    vector, weights = summary(packing.gather(states), None, packing)
    assert vector.shape == (2, summary.output_size) == (2, 24)
    assert weights is not None
    torch.testing.assert_close(weights.sum(1), torch.ones(2))
    assert weights[0, 2:].abs().sum() == 0
    seen, last, mean, most = vector.split(6, dim=1)
    torch.testing.assert_close(seen, (weights.unsqueeze(-1) * states).sum(1))
    torch.testing.assert_close(last[0], torch.cat([states[0, 1, :3], states[0, 0, 3:]]))
    torch.testing.assert_close(mean[0], states[0, :2].mean(0))
    torch.testing.assert_close(most[0], states[0, :2].amax(0))


def test_it_is_the_padded_pooling_by_attention() -> None:
    states, lengths = torch.randn(3, 5, 6), torch.tensor([5, 1, 3])
    packing = Packing.of(lengths, 5)
    summary = Summary(6)
    assert summary.attention is not None
    expected, expected_weights = summary.attention(states, valid_steps(lengths, 5))
    vector, weights = summary(packing.gather(states), None, packing)
    torch.testing.assert_close(vector, expected)
    torch.testing.assert_close(weights, expected_weights)


def test_what_stands_beside_the_states_is_summed_up_with_them() -> None:
    states, beside = torch.randn(1, 3, 4), torch.randn(1, 3, 2)
    packing = Packing.of(torch.tensor([2]), 3)
    summary = Summary(4, 2, attention=False, poolings=["mean", "last"], directions=2)
    vector, weights = summary(packing.gather(states), packing.gather(beside), packing)
    assert weights is None
    mean, last, mean_beside, last_beside = vector[0].split([4, 4, 2, 2])
    torch.testing.assert_close(mean, states[0, :2].mean(0))
    torch.testing.assert_close(mean_beside, beside[0, :2].mean(0))
    torch.testing.assert_close(last, torch.cat([states[0, 1, :2], states[0, 0, 2:]]))
    torch.testing.assert_close(last_beside, beside[0, 1])


def test_parts_are_weighed_as_the_whole() -> None:
    attention, packing = Summary(6).attention, Packing.of(torch.tensor([3, 2]), 3)
    assert attention is not None
    x = torch.randn(5, 6)
    weights, (pooled,) = attention.pool([x], packing)
    same, (left, right) = attention.pool([x[:, :4].contiguous(), x[:, 4:]], packing)
    torch.testing.assert_close(same, weights)
    torch.testing.assert_close(torch.cat([left, right], 1), pooled)


def test_weights_are_left_out_where_nobody_wants_them() -> None:
    summary, packing = Summary(4), Packing.of(torch.tensor([2]), 2)
    x = torch.randn(2, 4)
    vector, weights = summary(x, None, packing, need_weights=False)
    assert weights is None
    assert torch.equal(vector, summary(x, None, packing)[0])


def test_a_summary_of_nothing_is_refused() -> None:
    with pytest.raises(ParameterError, match="neither"):
        Summary(4, attention=False)
    with pytest.raises(ParameterError, match="did you mean 'mean'"):
        Summary(4, poolings=["meen"])


def test_locked_dropout_drops_the_same_features_at_every_step() -> None:
    layer = LockedDropout(0.4)
    x = torch.ones(64, 5, 32)
    out = layer(x)
    assert (out == out[:, :1]).all()
    assert out.unique().tolist() == pytest.approx([0.0, 1 / 0.6])
    assert abs(float((out == 0).float().mean()) - 0.4) < 0.05
    assert (out[0, 0] != out[1, 0]).any()
    assert layer.eval()(x) is x
    with pytest.raises(ParameterError, match="probability"):
        LockedDropout(1.0)


def test_locked_dropout_of_packed_tokens_is_that_of_their_rows() -> None:
    layer, packing = LockedDropout(0.5), Packing.of(torch.tensor([3, 1, 4]), 4)
    out = packing.scatter(layer(torch.ones(8, 16), packing))
    for row, length in zip(out, [3, 1, 4], strict=True):
        assert (row[:length] == row[0]).all()
    assert (out[0, 0] != out[2, 0]).any()


@pytest.mark.skipif(not bfloat16_available(), reason="this processor does not multiply bfloat16")
@pytest.mark.parametrize("lengths", [[1], [300, 5, 7]])
@pytest.mark.parametrize("precision", ["bfloat16", "bfloat16-train"])
def test_scores_in_bfloat16_are_those_in_float32_to_three_digits(lengths: list[int], precision: str) -> None:
    packing = Packing.of(torch.tensor(lengths), max(lengths))
    summary = Summary(8, 5, poolings=["mean"], precision=precision)
    parts = [torch.randn(sum(lengths), size).requires_grad_() for size in (8, 5)]
    found = []
    for chosen in (precision, "float32"):
        assert summary.attention is not None
        summary.attention.precision = chosen
        vector, weights = summary(*parts, packing)
        wanted = [*parts, *summary.attention.parameters()]
        found.append([vector, weights, *torch.autograd.grad(vector.square().sum(), wanted, allow_unused=True)])
    for rounded, exact in zip(*found, strict=True):
        assert float((rounded - exact).detach().norm()) <= 0.02 * float(exact.detach().norm()) + 1e-6
    summary.attention.precision = "bfloat16-train"
    assert torch.equal(summary.eval()(*parts, packing)[0], found[1][0])


@pytest.mark.skipif(not bfloat16_available(), reason="this processor does not multiply bfloat16")
@pytest.mark.parametrize("element", ["float32", "bfloat16"])
def test_the_scores_are_computed_in_what_won(element: str, won: Callable[[str], list[str]]) -> None:
    races = won(element)
    pooling, few = AttentionPooling(64, 64, precision="auto"), torch.randn(64, 64)
    many, fixed = torch.randn(1024, 64).requires_grad_(), copy.deepcopy(pooling)
    for x in (many, few):
        packing = Packing.even_rows(32, len(x) // 32)
        fixed.precision = element if x is many else "float32"  # what is small is not raced
        for _ in range(2):
            assert torch.equal(pooling.pool([x], packing)[0], fixed.pool([x], packing)[0])
    assert len(races) == 1
    fixed.precision, packing = "float32", Packing.even_rows(32, 32)
    assert torch.equal(pooling.eval().pool([many], packing)[0], fixed.pool([many], packing)[0])
