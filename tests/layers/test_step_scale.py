"""Numbers by which the steps of an input are multiplied, in every layout, and only while they are set."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gyeol.kernels.packing import Packing
from gyeol.layers import DirectScores, StepScale, scaled_steps


def test_nothing_is_done_where_nothing_is_set() -> None:
    x = torch.ones(2, 3, 4)
    assert StepScale()(x) is x


def test_padded_and_packed_steps_get_the_same_numbers() -> None:
    torch.manual_seed(0)
    x, lengths = torch.randn(3, 5, 2), torch.tensor([2, 5, 4])
    packing, steps = Packing.of(lengths, 5), StepScale()
    scales = torch.rand(3, 4, dtype=torch.float64)  # the fifth step has none
    with scaled_steps(steps, scales):
        padded, packed = steps(x), steps(packing.gather(x), packing)
    assert padded.dtype == packed.dtype == torch.float32
    assert torch.equal(packed, packing.gather(padded))
    assert torch.equal(padded[:, :4], x[:, :4] * scales.float().unsqueeze(2))
    assert torch.equal(padded[:, 4], x[:, 4])


def test_every_place_of_a_network_is_set_and_cleared_even_where_something_fails() -> None:
    net = nn.ModuleList([StepScale(), nn.Sequential(StepScale())])
    places = [net[0], net[1][0]]  # type: ignore[index]
    scales = torch.ones(1, 1)
    with scaled_steps(net, scales):
        assert all(place.scales is scales for place in places)
    with pytest.raises(NotImplementedError), scaled_steps(net, scales):
        net(scales)  # a list of modules cannot be called
    assert all(place.scales is None for place in places)


def test_scores_of_ngrams_are_scaled_where_they_end() -> None:
    scores = DirectScores(4, [2, 2], 1)
    scores.set_keys(torch.tensor([1, 2, 3, 4]))
    with torch.no_grad():
        scores.weight[1:, 0] = torch.tensor([1.0, 10.0, 100.0, 1000.0])
    ngrams = torch.tensor([[[1, 0], [2, 1]]])  # the tokens 1 and 2; the 2-gram 1 ends with the second
    assert scores(ngrams).item() == pytest.approx(111 / 3**0.5)
    assert scores(ngrams, torch.tensor([[1.0, 1.0]])).item() == pytest.approx(111 / 3**0.5)
    assert scores(ngrams, torch.tensor([[0.5, 2.0]])).item() == pytest.approx((0.5 + 220) / 3**0.5)
