"""Sequences by chance: as often as they are probable, within what is allowed, each with its own draws."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.engine import BeamSettings, Hypothesis, SamplingSettings, sample_sequences
from gyeol.errors import ParameterError

from ..conftest import BEGIN, END, Table, every

PLAIN = SamplingSettings()


def drawn(table: Table, how: BeamSettings, seed: int, sampling: SamplingSettings = PLAIN) -> list[list[Hypothesis]]:
    draws = [np.random.default_rng([seed, i]) for i in range(len(table.logs))]
    return sample_sequences(table, draws, how, sampling, start=BEGIN, end=END, never=[BEGIN])


def test_as_often_as_probable() -> None:
    how = BeamSettings(size=4000, n_best=4000, max_length=2)
    table = Table(1, 4, 3)
    found = Counter(tuple(h.tokens) for h in drawn(table, how, 0)[0])
    shares = {tokens: 0.0 for tokens in every(4, 2)}
    for tokens in shares:  # what may not come is out of the question, and the last step may only end
        last, now, share = BEGIN, BEGIN, 1.0
        for place, token in enumerate((*tokens, END)):
            logs = table.logs[0, last, now].clone()
            logs[BEGIN] = -math.inf
            share *= 1.0 if place == 2 else float(logs.softmax(0)[token])
            last, now = now, token
        shares[tokens] = share
    assert math.fsum(shares.values()) == pytest.approx(1.0)
    for tokens, share in shares.items():
        assert abs(found[tokens] / 4000 - share) < 5 * math.sqrt(share * (1 - share) / 4000) + 1e-9


@given(seed=st.integers(0, 50), count=st.integers(1, 4), best=st.integers(1, 3), least=st.integers(0, 2))
@settings(max_examples=40)
def test_what_is_drawn_is_worth_what_it_says(seed: int, count: int, best: int, least: int) -> None:
    how = BeamSettings(size=3, n_best=best, min_length=least, max_length=4)
    table = Table(count, 5, seed)
    found = drawn(Table(count, 5, seed), how, seed)
    for row, hypotheses in enumerate(found):
        assert len(hypotheses) == best
        assert [h.score for h in hypotheses] == sorted((h.score for h in hypotheses), reverse=True)
        for h in hypotheses:
            assert least <= len(h.tokens) <= 4
            assert not {BEGIN, END} & set(h.tokens)
            assert h.attention is not None
            assert h.attention.shape == (len(h.tokens) + 1, 3)
            assert h.log_probability == pytest.approx(table.worth(row, tuple(h.tokens), how)[1])


def test_a_sequence_is_drawn_alone_as_beside_others() -> None:
    how = BeamSettings(size=3, n_best=3, max_length=6)
    together = drawn(Table(3, 5, 7), how, 1)
    for row in range(3):
        table = Table(3, 5, 7)
        table.rows = torch.tensor([row])
        draws = [np.random.default_rng([1, row])]
        (alone,) = sample_sequences(table, draws, how, SamplingSettings(), start=BEGIN, end=END, never=[BEGIN])
        assert [h.tokens for h in alone] == [h.tokens for h in together[row]]


def test_one_of_the_best_is_greedy() -> None:
    how = BeamSettings(size=2, n_best=2, max_length=5)
    for hypotheses in drawn(Table(3, 5, 2), how, 9, SamplingSettings(top_k=1)):
        assert hypotheses[0].tokens == hypotheses[1].tokens


def test_settings_that_cannot_be() -> None:
    with pytest.raises(ParameterError, match=r"temperature=0\.0: must be above 0"):
        SamplingSettings(temperature=0.0)
    with pytest.raises(ParameterError, match="top_p=2: must be a share"):
        SamplingSettings(top_p=2)
