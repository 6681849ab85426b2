"""CTC against all ways there are: the loss, its gradient, the best alignment."""

from __future__ import annotations

from itertools import groupby, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.errors import DataError
from gyeol.layers.losses.ctc import ctc_align, ctc_loss, needed_steps


def ways(T: int, V: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """All ways through T steps, each with the text it spells."""
    return [(way, tuple(token for token, _ in groupby(way) if token)) for way in product(range(V), repeat=T)]


def drawn(T: int, V: int, seed: int) -> np.ndarray:
    scores = np.random.default_rng(seed).normal(0, 2, (T, V))
    return scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)


@given(T=st.integers(1, 5), V=st.integers(2, 4), seed=st.integers(0, 1000), data=st.data())
@settings(max_examples=60)
def test_the_loss_is_the_sum_over_all_ways(T: int, V: int, seed: int, data: st.DataObject) -> None:
    log_probs = drawn(T, V, seed)
    target = tuple(data.draw(st.lists(st.integers(1, V - 1), max_size=T)))
    total = sum(np.exp(sum(log_probs[t, n] for t, n in enumerate(way))) for way, text in ways(T, V) if text == target)
    padded = torch.tensor([[*target, *[1] * (T - len(target) + 1)]])
    loss = ctc_loss(torch.from_numpy(log_probs)[None], torch.tensor([T]), padded, torch.tensor([len(target)]))
    if total == 0:
        assert needed_steps(np.array(target)) > T
        assert float(loss) == 0.0
    else:
        assert needed_steps(np.array(target)) <= T
        assert float(loss) == pytest.approx(-np.log(total), abs=1e-9)


@given(T=st.integers(1, 5), V=st.integers(2, 4), seed=st.integers(0, 1000), data=st.data())
@settings(max_examples=60)
def test_the_alignment_is_the_best_of_all_ways(T: int, V: int, seed: int, data: st.DataObject) -> None:
    log_probs = drawn(T, V, seed)
    target = tuple(data.draw(st.lists(st.integers(1, V - 1), min_size=1, max_size=T)))
    fitting = [way for way, text in ways(T, V) if text == target]
    spans, worth = ctc_align(log_probs, np.array(target))
    if not fitting:
        assert (spans, worth) == ([], -np.inf)
        return
    best = max(sum(log_probs[t, n] for t, n in enumerate(way)) for way in fitting)
    assert worth == pytest.approx(best, abs=1e-9)
    way = np.zeros(T, dtype=int)
    for token, span in zip(target, spans, strict=True):
        way[span.start : span.stop] = token
    assert tuple(way) in fitting
    assert sum(log_probs[t, n] for t, n in enumerate(way)) == pytest.approx(best, abs=1e-9)


def test_rows_of_a_batch_do_not_touch_each_other() -> None:
    scores = torch.randn(3, 6, 4, dtype=torch.float64, requires_grad=True)
    lengths, targets, sizes = (
        torch.tensor([6, 3, 1]),
        torch.tensor([[1, 2, 2], [3, 1, 1], [2, 1, 1]]),
        torch.tensor([3, 2, 1]),
    )
    together = ctc_loss(torch.log_softmax(scores, 2), lengths, targets, sizes)
    together.sum().backward()
    whole = scores.grad.clone()
    for row, (T, L) in enumerate(zip(lengths.tolist(), sizes.tolist(), strict=True)):
        one = scores.detach()[row : row + 1, :T].requires_grad_()
        loss = ctc_loss(torch.log_softmax(one, 2), torch.tensor([T]), targets[row : row + 1, :L], torch.tensor([L]))
        loss.sum().backward()
        torch.testing.assert_close(loss[0], together[row])
        torch.testing.assert_close(one.grad[0], whole[row, :T])
        assert not whole[row, T:].any()


def test_wrong_shapes() -> None:
    with pytest.raises(DataError, match=r"came as \(2, 3, 4\), \(2,\), \(3, 1\), \(2,\); expected"):
        ctc_loss(torch.zeros(2, 3, 4), torch.tensor([3, 3]), torch.ones(3, 1, dtype=torch.int64), torch.tensor([1, 1]))


@pytest.mark.parametrize("letter", [0, 5, 99, -3])
def test_letters_out_of_range_are_refused_and_padding_is_not_looked_at(letter: int) -> None:
    log_probs = torch.zeros(2, 6, 5).log_softmax(-1)
    lengths = torch.tensor([6, 6])
    with pytest.raises(DataError, match=rf"targets of row 1 hold {letter}; letters are 1..4"):
        ctc_loss(log_probs, lengths, torch.tensor([[1, 2], [3, letter]]), torch.tensor([2, 2]))
    padded, short = (
        ctc_loss(log_probs, lengths, torch.tensor([[1, 2], [3, other]]), torch.tensor([2, 1])) for other in (letter, 1)
    )
    assert torch.equal(padded, short)


@pytest.mark.parametrize(
    ("steps", "letters", "named"), [(7, 1, "lengths"), (0, 1, "lengths"), (6, 3, "target_lengths")]
)
def test_lengths_out_of_range_are_refused(steps: int, letters: int, named: str) -> None:
    with pytest.raises(DataError, match=f"^{named} are"):
        ctc_loss(torch.zeros(1, 6, 5), torch.tensor([steps]), torch.tensor([[1, 2]]), torch.tensor([letters]))
