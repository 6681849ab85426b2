"""The moving average: of embeddings it is found from the rows a step touched, and is the same."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from gyeol.engine.average import Average
from gyeol.engine.optimizer import Optimizer
from gyeol.layers import Embedding


def make_net() -> nn.ModuleDict:
    return nn.ModuleDict({"words": Embedding(30, 4), "line": nn.Linear(4, 2)})


def take_step(net: nn.ModuleDict, optimizer: Optimizer, average: Average, words: Tensor, step: int) -> None:
    net["line"](net["words"](words)).square().sum().backward()
    average.before_step()
    optimizer.step(scale=1.0)
    average.after_step(step)


@given(
    words=st.lists(st.lists(st.integers(1, 29), min_size=1, max_size=9), min_size=2, max_size=25),
    decay=st.none() | st.floats(0.0, 0.999),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=60)
def test_it_is_the_average_of_all_weights(words: list[list[int]], decay: float, seed: int) -> None:
    torch.manual_seed(seed)
    net = make_net()
    optimizer, average = Optimizer(net, learning_rate=0.1), Average(net, decay)
    assert average.weights() == {}
    expected: dict[str, Tensor] = {}
    for step, batch in enumerate(words):
        take_step(net, optimizer, average, torch.tensor(batch), step)
        keep = step / (1 + step) if decay is None else min(decay, (1 + step) / (10 + step))
        for name, p in net.named_parameters():
            now = p.detach().double()
            expected[name] = now if step == 0 else keep * expected[name] + (1 - keep) * now
        got = average.weights()
        assert got.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(got[name].double(), value, atol=1e-5, rtol=1e-5)


def test_taken_up_again_it_goes_on_to_the_same_bits() -> None:
    net = make_net()
    optimizer, average = Optimizer(net, learning_rate=0.1), Average(net, 0.9)
    for step in range(5):
        take_step(net, optimizer, average, torch.tensor([step, 7]), step)
    other = copy.deepcopy(net)
    again = Average(other, 0.9)
    again.restore({name: tensor.clone() for name, tensor in average.state().items()})
    assert all(torch.equal(a, again.weights()[name]) for name, a in average.weights().items())


@pytest.mark.parametrize("damage", ["scale", "mean.line.bias", "behind.words.weight"])
def test_another_network_s_average_is_refused(damage: str) -> None:
    net = make_net()
    optimizer, average = Optimizer(net, learning_rate=0.1), Average(net, 0.9)
    take_step(net, optimizer, average, torch.tensor([1]), 0)
    for wrong in (None, torch.zeros(3), torch.tensor(2.0, dtype=torch.float64)):
        state = average.state()
        state.pop(damage)
        if wrong is not None:
            state[damage] = wrong
        with pytest.raises(ValueError, match="not those of this network"):
            Average(net, 0.9).restore(state)
