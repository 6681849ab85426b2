"""A replica shares weights and nothing else."""

from __future__ import annotations

import torch
from torch import nn

from gyeol.explain.attribution.replica import replica
from gyeol.layers import Embedding, StepScale, scaled_steps


class Twofold(nn.Module):
    """One table of vectors in two places, and a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.words = Embedding(5, 3)
        self.same = self.words
        self.steps = StepScale()
        self.register_buffer("seen", torch.ones(2))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.steps(self.words(ids)) + self.same(ids)


def test_what_is_set_on_a_replica_does_not_reach_the_network() -> None:
    net = Twofold().train()
    ids = torch.tensor([[1, 2]])
    before = net(ids).detach()
    other = replica(net)
    calls: list[int] = []
    other.register_forward_hook(lambda *_: calls.append(1))
    other.note = "mine"  # type: ignore[assignment]
    with scaled_steps(other, torch.zeros(1, 2)):
        assert torch.equal(other(ids), other.same(ids))
        assert torch.equal(net(ids), before)
    assert calls == [1]
    assert net.training
    assert net.words.training
    assert not any(part.training for part in other.modules())
    assert not hasattr(net, "note")


def test_weights_are_shared_and_ask_for_no_gradient() -> None:
    net = Twofold()
    other = replica(net)
    assert other.words is other.same
    assert other.words is not net.words
    assert other.words.weight.data_ptr() == net.words.weight.data_ptr()
    assert other.seen.data_ptr() == net.seen.data_ptr()  # type: ignore[operator, union-attr]
    assert net.words.weight.requires_grad
    assert not any(weight.requires_grad for weight in other.parameters())
    with torch.no_grad():
        net.words.weight[1] = 7.0
    assert bool((other.words.weight[1] == 7.0).all())
