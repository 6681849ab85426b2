"""What dropout keeps: the same to the bit on every instruction set, as often as it should, and independent."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.kernels import native, native_available
from gyeol.kernels.words import calls
from gyeol.kernels.words.chance import draw_kept, draw_kept_reference
from gyeol.layers.dropout import Dropout


@pytest.mark.skipif(not native_available(), reason="the kernels were not built")
@pytest.mark.parametrize("instructions", native.instruction_sets())
@given(count=st.integers(0, 300), share=st.floats(0.01, 1.0), seed=st.integers(0, 2**63 - 1))
@settings(max_examples=40, deadline=None)
def test_the_kernel_gives_what_its_reference_does(instructions: str, count: int, share: float, seed: int) -> None:
    before = native.use_instruction_set(instructions)
    try:
        found = draw_kept(torch.empty(count), share, seed)
    finally:
        native.use_instruction_set(before)
    assert torch.equal(found, draw_kept_reference(torch.empty(count), share, seed))


@pytest.mark.parametrize("share", [0.1, 0.6, 0.9])
def test_as_many_are_kept_as_should_be_whatever_seed_and_place(share: float) -> None:
    kept = torch.stack([draw_kept(torch.empty(400), share, seed) for seed in range(400)]) > 0
    error = (share * (1 - share)) ** 0.5  # of one draw
    assert abs(float(kept.double().mean()) - share) < 4 * error / 400
    for axis in (0, 1):
        means = kept.double().mean(axis)
        assert float((means - share).abs().max()) < 5 * error / 20
        assert 0.75 < float(means.var()) / (error**2 / 400) < 1.3
    ones = (kept.double() - share) / error
    for neighbours in (ones[1:] * ones[:-1], ones[:, 1:] * ones[:, :-1]):
        assert abs(float(neighbours.mean())) < 5 / 400


def test_the_same_for_any_number_of_threads() -> None:
    found = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append(draw_kept(torch.empty(300_001), 0.7, 5))
    assert all(torch.equal(found[0], other) for other in found[1:])


def test_pytorch_s_generator_decides_and_its_state_is_enough_to_go_on() -> None:
    dropout = Dropout(0.5)
    torch.manual_seed(3)
    first = dropout(torch.ones(50))
    state = torch.get_rng_state()
    second = dropout(torch.ones(50))
    torch.set_rng_state(state)
    assert torch.equal(dropout(torch.ones(50)), second)
    assert not torch.equal(first, second)
    assert torch.equal(dropout.eval()(torch.ones(50)), torch.ones(50))


@pytest.mark.skipif(not native_available(), reason="the kernels were not built")
def test_a_share_that_is_none_is_refused() -> None:
    for share in (0.0, -1.0, 1.5, float("nan")):
        with pytest.raises(ValueError, match="share"):
            calls.draw_kept(1, share, torch.empty(3))
