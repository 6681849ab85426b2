"""A softmax learned from drawn words: the same where all are drawn, right in the long run where few are."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.errors import DataError, ParameterError
from gyeol.layers import linear_cross_entropy, sampled_cross_entropy, sampling_probabilities


@given(st.integers(1, 3000), st.integers(1, 3000))
@settings(deadline=None)
def test_as_many_are_drawn_as_asked(size: int, samples: int) -> None:
    chances = sampling_probabilities(size, samples)
    assert chances.sum().item() == pytest.approx(min(size, samples), rel=1e-4)
    assert bool((chances[1:] <= chances[:-1]).all())
    assert 0 < chances.min() <= chances.max() <= 1


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_where_all_are_drawn_it_is_the_softmax(biased: bool, precision: str) -> None:
    torch.manual_seed(0)
    shared = torch.randn(40, 8), torch.randn(600, 8), torch.randn(600) if biased else None
    targets = torch.randint(0, 600, (40,))
    results = []
    for chances in (None, torch.ones(600)):
        h, w, b = (None if t is None else t.clone().requires_grad_() for t in shared)
        assert h is not None
        assert w is not None
        if chances is None:
            loss = linear_cross_entropy(h, w, b, targets, precision=precision)
        else:
            loss = sampled_cross_entropy(h, w, b, targets, chances, precision=precision)
        loss.backward()
        results.append([loss.detach(), h.grad, w.grad, torch.zeros(1) if b is None else b.grad])
    torch.testing.assert_close(results[1], results[0], atol=1e-7, rtol=1e-6)


def learned_from(truth: torch.Tensor, frequencies: torch.Tensor | None = None, steps: int = 1500) -> torch.Tensor:
    """The frequencies that a bias learns from samples of 30 of 300 words."""
    torch.manual_seed(0)
    size = len(truth)
    chances = sampling_probabilities(size, 30)
    bias = torch.zeros(size, requires_grad=True)
    adam = torch.optim.Adam([bias], lr=0.05)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    hidden, weight = torch.zeros(400, 1), torch.zeros(size, 1)
    for _ in range(steps):
        adam.zero_grad()
        targets = torch.multinomial(truth, 400, replacement=True)
        sampled_cross_entropy(hidden, weight, bias, targets, chances, frequencies=frequencies).backward()
        adam.step()
        rate.step()
    return torch.softmax(bias.detach().double(), 0)


def test_learned_from_few_words_it_gives_the_frequencies_of_all() -> None:
    truth = (1.0 / torch.arange(1, 301)).double()
    truth /= truth.sum()
    learned = learned_from(truth)
    # Without the corrections rare words would be several times too likely or too rare.
    for part in (slice(0, 30), slice(30, 100), slice(100, 300)):
        assert learned[part].sum() / truth[part].sum() == pytest.approx(1.0, abs=0.02)


def test_frequencies_as_counted_are_learned_where_they_follow_no_law() -> None:
    truth = torch.cat([torch.full((30,), 0.2 / 30), torch.full((270,), 0.8 / 270)]).double()
    learned, biased = learned_from(truth, truth.float(), 500), learned_from(truth, None, 500)
    for part in (slice(0, 30), slice(30, 100), slice(100, 300)):
        assert learned[part].sum() / truth[part].sum() == pytest.approx(1.0, abs=0.03)
    assert abs(float(biased[100:].sum() / truth[100:].sum()) - 1) > 0.06  # which the documentation says


def test_what_is_not_drawn_gets_no_gradient_and_draws_follow_the_seed() -> None:
    hidden, targets, chances = torch.ones(5, 4), torch.tensor([900, 3, 3, 950, 0]), sampling_probabilities(1000, 20)
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        weight = torch.zeros(1000, 4, requires_grad=True)
        sampled_cross_entropy(hidden, weight, None, targets, chances).backward()
        assert weight.grad is not None
        found.append(weight.grad)
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    touched = found[0].abs().sum(1) > 0
    assert touched.sum() < 60
    assert touched[targets].all()


def test_mistakes() -> None:
    with pytest.raises(ParameterError, match="samples=0"):
        sampling_probabilities(5, 0)
    for wrong in (5, -1):
        with pytest.raises(DataError, match="target of token 1 is"):
            sampled_cross_entropy(torch.ones(2, 3), torch.ones(5, 3), None, torch.tensor([0, wrong]), torch.ones(5))
    for wrong in (torch.ones(5), torch.full((4,), 0.25), torch.tensor([1.5, -0.5, 0.0, 0.0, 0.0])):
        with pytest.raises(DataError, match="frequencies have shape"):
            sampled_cross_entropy(
                torch.ones(2, 3), torch.ones(5, 3), None, torch.tensor([0, 1]), torch.ones(5), frequencies=wrong
            )
