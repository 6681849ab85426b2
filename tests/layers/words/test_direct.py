from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.errors import ParameterError
from gyeol.layers import DirectScores


def by_hand(scores: DirectScores, runs: torch.Tensor) -> torch.Tensor:
    """Look every run up in a dictionary of (length, window, number)."""
    known, first = {}, 1
    for n, size in enumerate(scores.sizes):
        windows = max(1, -(-scores.positions // 2**n))
        for number in range(1, size + 1):
            for window in range(windows):
                known[n, number, window] = first + (number - 1) * windows + window
        first += size * windows
    keys = scores.keys.tolist()
    said = torch.zeros(len(runs), scores.weight.shape[1])
    for b, text in enumerate(runs.tolist()):
        count = 0
        for t, ends in enumerate(text):
            for n, number in enumerate(ends):
                window = min(t // 2**n, max(1, -(-scores.positions // 2**n)) - 1)
                key = known.get((n, number, window))
                if key in keys:
                    said[b] += scores.weight[1 + keys.index(key)].detach()
                    count += 1
        said[b] /= max(1, count) ** 0.5
    return said


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(0, 9), st.integers(1, 3), st.integers(1, 12))
def test_scores_are_those_of_a_dictionary(data, positions, lengths, steps):
    sizes = [data.draw(st.integers(1, 4)) for _ in range(lengths)]
    total = sum(size * max(1, -(-positions // 2**n)) for n, size in enumerate(sizes))
    keys = sorted(data.draw(st.sets(st.integers(1, total), max_size=total)))
    scores = DirectScores(len(keys), sizes, 3, positions=positions)
    scores.set_keys(torch.tensor(keys, dtype=torch.int64))
    torch.manual_seed(0)
    torch.nn.init.normal_(scores.weight)
    runs = torch.stack([torch.randint(0, size + 1, (2, steps)) for size in sizes], dim=2)
    assert torch.allclose(scores.eval()(runs), by_hand(scores, runs), atol=1e-5)


def test_an_id_says_run_and_window():
    scores = DirectScores(0, [2, 3], 1, positions=5)  # 2 x 5 ids of tokens, then 3 x 3 of runs
    runs = torch.tensor([[[1, 0], [2, 3], [0, 1], [1, 2], [1, 1], [2, 0], [2, 1]]])
    assert scores.ids(runs)[0].tolist() == [[1, 0], [7, 17], [0, 12], [4, 15], [5, 13], [10, 0], [10, 13]]


def test_nothing_is_said_before_training_nor_by_what_is_not_known():
    scores = DirectScores(1, [4], 2)
    scores.set_keys(torch.tensor([3]))
    assert not scores(torch.tensor([[[3], [3]]])).any()
    torch.nn.init.ones_(scores.weight)
    assert not scores(torch.tensor([[[2], [0]]])).any()  # row 0 counts for nothing, whatever it holds
    assert DirectScores(0, [4], 2)(torch.tensor([[[1], [2]]])).tolist() == [[0.0, 0.0]]


def test_dropout_keeps_the_mean():
    torch.manual_seed(0)
    scores = DirectScores(100, [100], 1, dropout=0.5)
    scores.set_keys(torch.arange(1, 101))
    torch.nn.init.ones_(scores.weight)
    runs = torch.arange(1, 101).view(1, 100, 1)
    trained = torch.stack([scores(runs) for _ in range(200)])
    assert scores.eval()(runs).item() == pytest.approx(10.0)
    assert trained.std() > 0.1
    assert trained.mean().item() == pytest.approx(10.0, abs=0.3)


def test_a_gradient_is_only_of_the_rows_that_stand_there():
    scores = DirectScores(3, [3], 2)
    scores.set_keys(torch.tensor([1, 2, 3]))
    scores(torch.tensor([[[2], [0]]])).sum().backward()
    assert scores.weight.grad is not None
    assert scores.weight.grad.is_sparse
    assert scores.weight.grad.to_dense().any(1).tolist() == [False, False, True, False]


def test_a_wrong_dropout_is_refused():
    with pytest.raises(ParameterError, match="dropout=1"):
        DirectScores(1, [1], 1, dropout=1)
