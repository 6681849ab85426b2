from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.errors import DataError
from gyeol.layers import GRU, POOLINGS
from gyeol.layers.pooling import pool_last, pool_max, pool_mean


@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5), extra=st.integers(0, 2), seed=st.integers(0, 2**31))
@settings(deadline=None, max_examples=50)
def test_poolings_equal_a_loop_and_never_read_padding(lengths: list[int], extra: int, seed: int) -> None:
    torch.manual_seed(seed)
    outputs = torch.randn(len(lengths), max(lengths) + extra, 4)
    for b, n in enumerate(lengths):
        outputs[b, n:] = torch.nan
    rows = torch.tensor(lengths)
    for b, n in enumerate(lengths):
        real = [outputs[b, t] for t in range(n)]
        torch.testing.assert_close(pool_mean(outputs, rows)[b], sum(real) / n)
        assert torch.equal(pool_max(outputs, rows)[b], torch.stack(real).max(0).values)
        assert torch.equal(pool_last(outputs, rows)[b], real[-1])
        both = torch.cat([real[-1][:2], real[0][2:]])
        assert torch.equal(pool_last(outputs, rows, directions=2)[b], both)


def test_last_is_the_final_state_of_both_directions() -> None:
    layer = GRU(3, 4, batch_first=True, bidirectional=True)
    lengths = torch.tensor([5, 2, 1])
    outputs, state = layer(torch.randn(3, 5, 3), lengths=lengths)
    torch.testing.assert_close(pool_last(outputs, lengths, directions=2), torch.cat([state[0], state[1]], -1))


@pytest.mark.parametrize("name", POOLINGS)
def test_gradients_reach_real_steps_only(name: str) -> None:
    outputs = torch.randn(2, 4, 6, requires_grad=True)
    POOLINGS[name](outputs, torch.tensor([4, 2]), directions=2).sum().backward()
    assert outputs.grad is not None
    assert not outputs.grad[1, 2:].any()
    assert outputs.grad[1, :2].any()


@pytest.mark.parametrize("name", POOLINGS)
def test_what_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(DataError, match=r"expected \(B, T, H\) and \(B,\)"):
        POOLINGS[name](torch.zeros(2, 3), torch.tensor([1, 1]))
    with pytest.raises(DataError, match=r"lengths run from 0 to 3, expected 1\.\.3"):
        POOLINGS[name](torch.zeros(2, 3, 4), torch.tensor([0, 3]))
