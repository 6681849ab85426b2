"""A layer of rounded weights is nearly the layer."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gyeol import ParameterError
from gyeol.kernels import native
from gyeol.layers import RoundedLinear

built = pytest.mark.skipif(not native.native_available(), reason="the native kernels were not built")


@built
@given(V=st.integers(1, 70), D=st.integers(1, 70), bias=st.booleans(), seed=st.integers(0, 99))
def test_no_weight_is_off_by_more_than_half_a_step(V: int, D: int, bias: bool, seed: int) -> None:
    g = torch.Generator().manual_seed(seed)
    weight, shift, x = torch.randn(V, D, generator=g), torch.randn(V, generator=g), torch.randn(D, generator=g)
    got = RoundedLinear(weight, shift if bias else None)(x)
    exact = weight @ x + (shift if bias else 0)
    allowed = weight.abs().amax(1) / 127 * 0.5 * x.abs().sum() + 1e-4
    assert bool(((got - exact).abs() <= allowed).all())


@built
def test_a_row_of_zeros_gives_the_bias() -> None:
    assert RoundedLinear(torch.zeros(2, 3), torch.tensor([1.0, 2.0]))(torch.ones(3)).tolist() == [1.0, 2.0]


def test_without_kernels_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "_native", None)
    with pytest.raises(ParameterError, match="needs the native kernels"):
        RoundedLinear(torch.zeros(2, 3), None)
