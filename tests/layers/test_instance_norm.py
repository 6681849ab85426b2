"""Windows on scales of their own, and back."""

from __future__ import annotations

import pytest
import torch

from gyeol import ParameterError
from gyeol.layers import NORMALISATIONS, InstanceNorm

CHANNEL = torch.tensor([0, 1, 1, 0])


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(4, 30, dtype=torch.float64) * 7 + 100


def learned(kind: str | None) -> InstanceNorm:
    norm = InstanceNorm(kind, 2).double()
    for parameter in norm.parameters():
        torch.nn.init.uniform_(parameter, 0.5, 2.0)
    return norm


@pytest.mark.parametrize("kind", NORMALISATIONS)
def test_restoring_undoes_it(kind: str | None, x: torch.Tensor) -> None:
    norm = learned(kind)
    instance = norm(x, CHANNEL)
    torch.testing.assert_close(norm.restore(norm.apply_to(x, instance), instance), x)
    quantiles = torch.randn(4, 5, 3, dtype=torch.float64)
    torch.testing.assert_close(norm.apply_to(norm.restore(quantiles, instance), instance), quantiles)


def test_what_is_taken_off(x: torch.Tensor) -> None:
    last = InstanceNorm("last", 2)
    assert not last.apply_to(x, last(x, CHANNEL))[:, -1].any()
    revin = InstanceNorm("revin", 2).double()
    normed = revin.apply_to(x, revin(x, CHANNEL))
    torch.testing.assert_close(normed.mean(1), torch.zeros(4, dtype=torch.float64), atol=1e-12, rtol=0)
    torch.testing.assert_close(normed.std(1, correction=0), torch.ones(4, dtype=torch.float64), atol=1e-6, rtol=0)
    nothing = InstanceNorm(None, 2)
    torch.testing.assert_close(nothing.apply_to(x, nothing(x, CHANNEL)), x)


def test_a_shift_goes_through_unharmed(x: torch.Tensor) -> None:
    for kind in ("last", "revin"):
        norm = learned(kind)
        a, b = norm(x, CHANNEL), norm(x + 1000, CHANNEL)
        torch.testing.assert_close(norm.apply_to(x, a), norm.apply_to(x + 1000, b))
        torch.testing.assert_close(norm.restore(x, a) + 1000, norm.restore(x, b))


def test_constant_windows_and_vanishing_gains_stay_finite() -> None:
    norm = InstanceNorm("revin", 1)
    torch.nn.init.zeros_(norm.gain)
    x = torch.full((2, 8), 3.0)
    instance = norm(x, torch.zeros(2, dtype=torch.int64))
    back = norm.restore(norm.apply_to(x, instance), instance)
    assert bool(back.isfinite().all())


def test_the_kind_must_be_known() -> None:
    with pytest.raises(ParameterError, match="kind='lst' is no normalisation; did you mean 'last'"):
        InstanceNorm("lst", 1)
