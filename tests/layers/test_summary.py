"""Views of a sequence side by side, and dropout that a sequence shares."""

from __future__ import annotations

import pytest
import torch

from gyeol.errors import ParameterError
from gyeol.layers import LockedDropout, Summary


def test_the_views_stand_side_by_side() -> None:
    states = torch.randn(2, 4, 6)
    lengths = torch.tensor([4, 2])
    summary = Summary(6, attention=True, poolings=["last", "mean", "max"], directions=2)
    vector, weights = summary(states, None, lengths)
    assert vector.shape == (2, summary.output_size) == (2, 24)
    assert weights is not None
    torch.testing.assert_close(weights.sum(1), torch.ones(2))
    assert weights[1, 2:].abs().sum() == 0
    seen, last, mean, most = vector.split(6, dim=1)
    torch.testing.assert_close(seen, (weights.unsqueeze(-1) * states).sum(1))
    torch.testing.assert_close(last[1], torch.cat([states[1, 1, :3], states[1, 0, 3:]]))
    torch.testing.assert_close(mean[1], states[1, :2].mean(0))
    torch.testing.assert_close(most[1], states[1, :2].amax(0))


def test_what_stands_beside_the_states_is_summed_up_with_them() -> None:
    states, beside = torch.randn(1, 3, 4), torch.randn(1, 3, 2)
    summary = Summary(4, 2, attention=False, poolings=["mean", "last"], directions=2)
    vector, weights = summary(states, beside, torch.tensor([2]))
    assert weights is None
    joined = torch.cat([states[..., :2], beside, states[..., 2:]], dim=2)
    torch.testing.assert_close(vector[0, :6], joined[0, :2].mean(0))
    # the forward half at the last step, the backward half at the first
    torch.testing.assert_close(vector[0, 6:8], states[0, 1, :2])
    torch.testing.assert_close(vector[0, 10:], states[0, 0, 2:])


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
