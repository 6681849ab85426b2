"""A conditional random field beside brute force: all sequences of tags, told one by one."""

from __future__ import annotations

import math
from itertools import pairwise, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gyeol.errors import DataError, ParameterError
from gyeol.layers import CRF

SHAPES = {"B": st.integers(1, 3), "T": st.integers(1, 4), "Y": st.integers(1, 4), "seed": st.integers(0, 99)}


def drawn(B: int, T: int, Y: int, seed: int) -> tuple[CRF, Tensor, Tensor]:
    torch.manual_seed(seed)
    crf = CRF(Y).double()
    for part in crf.parameters():
        torch.nn.init.normal_(part)
    return crf, torch.randn(B, T, Y, dtype=torch.float64), torch.randint(1, T + 1, (B,))


def path_scores(crf: CRF, scores: Tensor) -> dict[tuple[int, ...], float]:
    """The score of every tag sequence of one row (T, Y)."""
    found = {}
    for tags in product(range(crf.tags), repeat=len(scores)):
        total = crf.first[tags[0]] + crf.last[tags[-1]]
        for t, tag in enumerate(tags):
            total = total + scores[t, tag] + (crf.transitions[tags[t - 1], tag] if t else 0.0)
        found[tags] = float(total.detach())
    return found


@given(**SHAPES)
@settings(max_examples=60, deadline=None)
def test_it_is_brute_force(B: int, T: int, Y: int, seed: int) -> None:
    crf, scores, lengths = drawn(B, T, Y, seed)
    best, score = crf.decode(scores, lengths)
    sums, shares = crf.log_partition(scores, lengths).detach(), crf.marginals(scores, lengths)
    for row, length in enumerate(lengths.tolist()):
        every = path_scores(crf, scores[row, :length])
        total = torch.logsumexp(torch.tensor(list(every.values()), dtype=torch.float64), 0)
        assert float(sums[row]) == pytest.approx(float(total))
        assert float(score[row]) == pytest.approx(max(every.values()))
        assert every[tuple(best[row, :length].tolist())] == pytest.approx(max(every.values()))
        assert not best[row, length:].any()
        assert not shares[row, length:].any()
        for t in range(length):
            for tag in range(Y):
                share = math.fsum(math.exp(w - float(total)) for tags, w in every.items() if tags[t] == tag)
                assert float(shares[row, t, tag]) == pytest.approx(share, abs=1e-9)


@given(**SHAPES)
@settings(max_examples=40, deadline=None)
def test_the_loss_is_minus_the_log_probability_and_padding_is_not_read(B: int, T: int, Y: int, seed: int) -> None:
    crf, scores, lengths = drawn(B, T, Y, seed)
    tags = torch.randint(Y, (B, T))
    loss = crf(scores, tags, lengths).detach()
    for row, length in enumerate(lengths.tolist()):
        every = path_scores(crf, scores[row, :length])
        total = torch.logsumexp(torch.tensor(list(every.values()), dtype=torch.float64), 0)
        assert float(loss[row]) == pytest.approx(float(total) - every[tuple(tags[row, :length].tolist())])
    other = scores.clone()
    past = torch.arange(T) >= lengths[:, None]
    other[past] = torch.randn(int(past.sum()), Y, dtype=torch.float64)
    assert torch.equal(crf(other, tags, lengths).detach(), loss)


def test_gradients() -> None:
    crf, scores, lengths = drawn(3, 4, 3, 0)
    tags = torch.randint(3, (3, 4))
    torch.autograd.gradcheck(lambda s: crf(s, tags, lengths), scores.requires_grad_())


def test_what_may_not_follow_does_not() -> None:
    crf, scores, lengths = drawn(3, 4, 3, 1)
    allowed = torch.tensor([[True, False, False], [False, True, True], [True, True, False], [False, True, False]])
    best, _ = crf.decode(scores, lengths, allowed)
    for row, length in zip(best.tolist(), lengths.tolist(), strict=True):
        assert row[0] == 1
        assert all(allowed[a, b] for a, b in pairwise(row[:length]))


def test_what_does_not_fit() -> None:
    with pytest.raises(ParameterError, match="tags=0: expected 1 or more"):
        CRF(0)
    with pytest.raises(DataError, match=r"have shapes \(2, 3, 4\) and \(2,\), expected \(B, T, 5\) and \(B,\)"):
        CRF(5).log_partition(torch.zeros(2, 3, 4), torch.tensor([1, 2]))
