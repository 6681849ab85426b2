"""Vectors for frequent runs of tokens: exact keys, nothing across the edges, only touched rows move."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.data.ragged import Ragged
from gyeol.errors import ParameterError
from gyeol.inputs.tokens.ngrams import frequent_ngrams
from gyeol.layers import NGramEmbedding

TEXTS = st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=9), min_size=1, max_size=6)


def runs_by_hand(text: list[int], n: int) -> list[tuple[int, ...]]:
    return [tuple(text[i : i + n]) for i in range(len(text) - n + 1)]


@settings(max_examples=60, deadline=None)
@given(texts=TEXTS, longest=st.integers(2, 4), min_count=st.integers(1, 3))
def test_runs_are_those_a_loop_counts(texts: list[list[int]], longest: int, min_count: int) -> None:
    rows = Ragged.gather([np.array(t, dtype=np.int32) for t in texts])
    found = frequent_ngrams(rows, 7, longest=longest, min_count=min_count, at_most=1000)
    for n, keys in enumerate(found, start=2):
        counts: dict[tuple[int, ...], int] = {}
        for text in texts:
            for run in runs_by_hand(text, n):
                counts[run] = counts.get(run, 0) + 1
        # 1 is the unknown token: a run with it says nothing
        expected = sorted(
            sum(token * 7 ** (n - 1 - i) for i, token in enumerate(run))
            for run, count in counts.items()
            if count >= min_count and 1 not in run
        )
        assert keys.tolist() == expected


@settings(max_examples=60, deadline=None)
@given(texts=TEXTS)
def test_each_step_gets_the_sum_of_the_runs_that_end_there(texts: list[list[int]]) -> None:
    rows = Ragged.gather([np.array(t, dtype=np.int32) for t in texts])
    keys = frequent_ngrams(rows, 7, longest=3, min_count=1, at_most=1000)
    layer = NGramEmbedding(7, [len(k) for k in keys], 3)
    layer.set_keys([torch.as_tensor(k) for k in keys])
    rectangle, _ = rows.pad(np.arange(len(rows)), multiple=4)
    out = layer(torch.as_tensor(rectangle.astype(np.int64)))
    for b, text in enumerate(texts):
        for t in range(out.shape[1]):
            expected = torch.zeros(3)
            for n in (2, 3):
                run = text[max(0, t - n + 1) : t + 1] if t < len(text) else []
                if len(run) == n and 1 not in run:
                    key = sum(token * 7 ** (n - 1 - i) for i, token in enumerate(run))
                    place = int(np.searchsorted(keys[n - 2], key))
                    expected = expected + layer.weight[1 + (len(keys[0]) if n == 3 else 0) + place].detach()
            torch.testing.assert_close(out[b, t].detach(), expected)


def test_the_most_frequent_are_kept() -> None:
    rows = Ragged.gather([np.array([2, 3, 2, 3, 4], dtype=np.int32)])
    (keys,) = frequent_ngrams(rows, 5, longest=2, min_count=1, at_most=1)
    assert keys.tolist() == [2 * 5 + 3]


def test_unknown_runs_and_padding_give_nothing_and_get_no_gradient() -> None:
    layer = NGramEmbedding(5, [1], 4)
    layer.set_keys([torch.tensor([13])])
    out = layer(torch.tensor([[2, 3, 3, 0], [3, 2, 0, 0]]))
    assert out.detach().abs().sum(-1).gt(0).tolist() == [[False, True, False, False], [False] * 4]
    out.sum().backward()
    assert layer.weight.grad is not None
    gradient = layer.weight.grad.to_dense()
    assert gradient[0].abs().sum() == 0
    assert gradient[1].tolist() == [1.0] * 4


def test_no_runs_at_all() -> None:
    assert NGramEmbedding(5, [0, 0], 4)(torch.tensor([[2, 3]])).abs().sum() == 0


def test_keys_that_do_not_fit() -> None:
    with pytest.raises(ParameterError, match="63 bits"):
        NGramEmbedding(1 << 20, [1, 1, 1, 1], 4)


def test_dropout_overlooks_runs_in_training_only() -> None:
    layer = NGramEmbedding(5, [1], 4, dropout=0.5)
    layer.set_keys([torch.tensor([13])])
    ids = torch.tensor([[2, 3]]).repeat(400, 1)
    whole = layer.eval()(ids)[:, 1]
    out = layer.train()(ids)[:, 1]
    kept = out.abs().sum(-1) > 0
    assert 120 < int(kept.sum()) < 280
    torch.testing.assert_close(out[kept], 2 * whole[kept])
    with pytest.raises(ParameterError, match="dropout=1"):
        NGramEmbedding(5, [1], 4, dropout=1)
