"""Attention by one native call is the attention, under every instruction set."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.kernels import native
from gyeol.layers import SCOPES, SCORES, Alignment
from gyeol.layers.attention.packed import PackedAlignment

built = pytest.mark.skipif(not native.native_available(), reason="the native kernels were not built")


@pytest.mark.usefixtures("instructions")
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("scope", SCOPES)
@settings(max_examples=5)
@given(lengths=st.lists(st.integers(1, 21), min_size=1, max_size=4), K=st.integers(1, 3), big=st.booleans())
def test_it_finds_what_the_alignment_finds(score: str, scope: str, lengths: list[int], K: int, big: bool) -> None:
    torch.manual_seed(K)
    B, T = len(lengths), max(lengths)
    alignment = Alignment(20, 27, score=score, scope=scope, window=2)
    query = torch.randn(B, K, 20) * (30 if big else 1)
    with torch.no_grad():
        source = alignment.prepare(torch.randn(B, T, 27), torch.tensor(lengths))
        steps = torch.full((K,), 1)
        context, weights = alignment(query, source, steps)
        packed = PackedAlignment(alignment)
        found, where = packed(query, source, steps)
    np.testing.assert_allclose(where, weights, atol=2e-5)
    np.testing.assert_allclose(found, context, atol=2e-4)
    np.testing.assert_allclose(where.sum(2), 1.0, atol=1e-6)
    past = torch.arange(T) >= torch.tensor(lengths)[:, None]
    assert not where.transpose(1, 2)[past].any()


@built
def test_a_source_that_is_no_number_beyond_its_length_is_not_read() -> None:
    alignment = Alignment(4, 4, score="dot")
    values = torch.randn(2, 3, 4)
    values[0, 2] = torch.nan
    source = alignment.prepare(values, torch.tensor([2, 3]))
    found, where = PackedAlignment(alignment)(torch.randn(2, 1, 4), source, torch.zeros(1))
    assert bool(found.isfinite().all())
    assert where[0, 0, 2] == 0


@built
def test_the_native_call_checks_what_it_is_given() -> None:
    q, k, x = (np.zeros(shape, np.float32) for shape in ((1, 2, 3), (1, 4, 3), (1, 4, 5)))
    w, c = np.zeros((1, 2, 4), np.float32), np.zeros((1, 2, 5), np.float32)
    right: list[Any] = [q, k, x, None, 1.0, np.array([4]), w, c]
    native.attend(*right)
    for place, wrong in (
        (0, q[:, :, :2].copy()), (1, k[:, :3].copy()), (2, x[:, :3].copy()), (3, np.zeros(2, np.float32)),
        (5, np.array([5])), (5, np.array([0])), (5, np.array([4, 4])), (6, c), (7, w),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"expected|length"):
            native.attend(*right[:place], wrong, *right[place + 1 :])
