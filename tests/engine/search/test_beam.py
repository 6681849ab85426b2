"""Beam search: as wide as the space it is brute force; of width 1 it is greedy; and what else it promises."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.engine.search.beam import BeamSettings, Hypothesis, beam_search, ensemble
from gyeol.errors import ParameterError

from ..conftest import BEGIN, END, Table, every


def search(table: Table, how: BeamSettings, **more: Any) -> list[list[Hypothesis]]:
    return beam_search(table, len(table.logs), how, start=BEGIN, end=END, never=[BEGIN], **more)


@given(
    count=st.integers(1, 4), words=st.integers(3, 4), longest=st.integers(1, 3), shortest=st.integers(0, 1),
    penalty=st.sampled_from([0.0, 0.6, 1.0]), coverage=st.sampled_from([0.0, 0.3]), seed=st.integers(0, 9999),
)  # fmt: skip
@settings(max_examples=120, deadline=None)
def test_as_wide_as_the_space_it_is_brute_force(
    count: int, words: int, longest: int, shortest: int, penalty: float, coverage: float, seed: int
) -> None:
    table = Table(count, words, seed)
    space = every(words, longest, shortest)
    how = BeamSettings(len(space), penalty, coverage, min(3, len(space)), min_length=shortest, max_length=longest)
    for row, found in enumerate(search(Table(count, words, seed), how)):
        ranked = sorted(((*table.worth(row, tokens, how), tokens) for tokens in space), reverse=True)
        assert [h.tokens for h in found] == [list(tokens) for _, _, tokens in ranked[: how.n_best]]
        for hypothesis, (score, total, tokens) in zip(found, ranked, strict=False):
            assert hypothesis.score == pytest.approx(score, abs=1e-5)
            assert hypothesis.log_probability == pytest.approx(total, abs=1e-5)
            assert hypothesis.attention is not None
            assert hypothesis.attention.shape == (len(tokens) + 1, 3)
            for step, token in enumerate((BEGIN, *tokens)):
                torch.testing.assert_close(hypothesis.attention[step], table.looks[row, token])


@given(count=st.integers(1, 5), seed=st.integers(0, 9999))
@settings(max_examples=50, deadline=None)
def test_of_size_one_it_is_greedy(count: int, seed: int) -> None:
    table = Table(count, 6, seed)
    for row, (found,) in enumerate(search(Table(count, 6, seed), BeamSettings(1, max_length=8))):
        last, now, tokens = BEGIN, BEGIN, []
        while len(tokens) < 8:
            logs = table.logs[row, last, now].clone()
            logs[BEGIN] = -math.inf
            token = int(logs.argmax())
            if token == END:
                break
            tokens.append(token)
            last, now = now, token
        assert found.tokens == tokens


@given(seed=st.integers(0, 9999), size=st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_sequences_do_not_see_each_other(seed: int, size: int) -> None:
    together = search(Table(4, 6, seed), BeamSettings(size, max_length=6))
    for row in range(4):
        alone = Table(4, 6, seed)
        alone.logs, alone.looks, alone.rows = alone.logs[row : row + 1], alone.looks[row : row + 1], torch.arange(1)
        (found,) = search(alone, BeamSettings(size, max_length=6))
        assert [h.tokens for h in found] == [h.tokens for h in together[row]]


def test_limits_of_each_sequence() -> None:
    table = Table(3, 5, 1)
    table.logs[:, :, :, END] = -50.0
    found = search(table, BeamSettings(2, max_length=9), limits=[0, 4, 100])
    assert [len(row[0].tokens) for row in found] == [0, 4, 9]


def test_no_run_comes_twice() -> None:
    table = Table(2, 5, 2)
    table.logs[:, :, :, 3] += 20.0
    plain = search(Table(2, 5, 2), BeamSettings(2, max_length=9))
    assert plain
    for n in (1, 2, 3):
        table.rows, table.before = torch.arange(2), None
        for (found,) in search(table, BeamSettings(2, max_length=9, block_ngrams=n)):
            runs = [tuple(found.tokens[i : i + n]) for i in range(len(found.tokens) - n + 1)]
            assert len(runs) == len(set(runs))


def test_an_ensemble_means_probabilities() -> None:
    one, two = Table(2, 5, 3), Table(2, 5, 4)
    both = ensemble([one, two])
    scores, looks = both(torch.zeros(2, 1, dtype=torch.int64), None)
    expected = (one.logs[:, BEGIN, BEGIN].exp() + two.logs[:, BEGIN, BEGIN].exp()) / 2
    torch.testing.assert_close(scores[:, 0].exp(), expected)
    assert looks is not None
    torch.testing.assert_close(looks.sum(2), torch.ones(2, 1, dtype=torch.float64))
    assert ensemble([one]) is one
    found = search(Table(2, 5, 3), BeamSettings(3, max_length=5))
    same = beam_search(
        ensemble([Table(2, 5, 3), Table(2, 5, 3)]), 2, BeamSettings(3, max_length=5), start=BEGIN, end=END,
        never=[BEGIN],
    )  # fmt: skip
    assert [h.tokens for row in same for h in row] == [h.tokens for row in found for h in row]


def test_settings_that_cannot_be() -> None:
    with pytest.raises(ParameterError, match="beam_size=0: must be 1 or more; n_best=1: must be from 1 to beam_size=0"):
        BeamSettings(0)
    with pytest.raises(ParameterError, match="min_length=5: must be from 0 to max_length=2"):
        BeamSettings(min_length=5, max_length=2)
    with pytest.raises(ParameterError, match="length_penalty=-1"):
        BeamSettings(length_penalty=-1)
