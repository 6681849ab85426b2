"""Continuations of known runs: against a dictionary of all runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import ParameterError
from gyeol.layers import Continuations

V = 6


def key(run: tuple[int, ...]) -> int:
    return int(np.polyval(run, V))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_every_run_that_ends_in_a_word_adds_its_number_once(data: Any) -> None:
    token = st.integers(2, V - 1)
    runs = {n: data.draw(st.sets(st.tuples(*[token] * n), max_size=9)) for n in (3, 4)}
    runs[2] = {run[-2:] for longer in (runs[3], runs[4]) for run in longer} | data.draw(
        st.sets(st.tuples(token, token), max_size=9)
    )
    layer = Continuations(V, [len(runs[n]) for n in (2, 3, 4)], 2)
    ordered = {n: sorted(runs[n], key=key) for n in (2, 3, 4)}
    layer.set_keys([torch.tensor([key(run) for run in ordered[n]], dtype=torch.int64) for n in (2, 3, 4)])
    torch.nn.init.normal_(layer.weight)
    numbers = dict(zip([run for n in (2, 3, 4) for run in ordered[n]], layer.weight.detach(), strict=True))
    text = data.draw(st.lists(st.integers(1, V - 1), min_size=1, max_size=7))
    step, word, added = layer(layer.contexts(torch.tensor([text]))[0])
    found = {(s, w): a for s, w, a in zip(step.tolist(), word.tolist(), added.detach(), strict=True)}
    assert len(found) == len(step)
    for at in range(len(text)):
        for v in range(V):
            past = (*text[: at + 1], v)
            expected = sum(numbers[past[-n:]] for n in (2, 3, 4) if len(past) >= n and past[-n:] in numbers)
            if isinstance(expected, int):
                assert (at, v) not in found
            else:
                torch.testing.assert_close(found[at, v], expected)


def test_no_runs_and_runs_too_long() -> None:
    layer = Continuations(V, [], 3)
    step, word, added = layer(layer.contexts(torch.tensor([[2, 3]]))[0])
    assert (len(step), len(word), tuple(added.shape)) == (0, 0, (0, 3))
    with pytest.raises(ParameterError, match="do not fit into 63 bits"):
        Continuations(10_000, [1] * 4, 2)
