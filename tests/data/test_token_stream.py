"""Streams of tokens: every token once, in order, in windows of any length."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gyeol.data import token_stream
from gyeol.data.token_stream import TokenStream

TEXTS = st.lists(st.lists(st.integers(3, 9), max_size=6), min_size=1, max_size=9)


@given(texts=TEXTS, rows=st.integers(1, 4), length=st.integers(1, 9), seed=st.none() | st.integers(0, 9))
def test_every_token_once(texts: list[list[int]], rows: int, length: int, seed: int | None) -> None:
    before, token_stream._PENDING = token_stream._PENDING, 3
    try:
        stream = TokenStream.write((np.array(text, dtype=np.int32) for text in texts), rows, end=2)
    finally:
        token_stream._PENDING = before
    whole = [2, *(token for text in texts for token in [*text, 2])]
    assert stream.tokens.tolist() == whole
    assert stream.rows * stream.steps == len(stream)
    assert len(whole) - 1 - len(stream) < stream.rows
    windows = stream.windows(length, seed=None if seed is None else [seed, 1])
    assert sum(map(len, windows)) == len(stream)
    inputs, targets = [], []
    for window in windows:
        x, y = stream.window(window.start // stream.rows, window.stop // stream.rows)
        assert x.shape == y.shape == (stream.rows, len(window) // stream.rows)
        inputs.append(x)
        targets.append(y)
    steps = stream.steps
    for row in range(stream.rows):
        assert np.concatenate(inputs, axis=1)[row].tolist() == whole[row * steps : (row + 1) * steps]
        assert np.concatenate(targets, axis=1)[row].tolist() == whole[row * steps + 1 : (row + 1) * steps + 1]


def test_lengths_differ_with_the_epoch() -> None:
    stream = TokenStream(np.arange(10_001, dtype=np.int32), 10)
    first, second = (stream.windows(35, seed=[0, epoch]) for epoch in range(2))
    assert first == stream.windows(35, seed=[0, 0])
    assert first != second
    lengths = [len(w) // 10 for w in first]
    assert min(lengths[:-1]) >= 3
    assert max(lengths) <= 70


def test_targets_are_counted() -> None:
    stream = TokenStream.write([np.array([4, 3, 4], dtype=np.int32), np.array([3], dtype=np.int32)], 2, end=2)
    targets = np.concatenate([stream.window(0, stream.steps)[1][row] for row in range(2)])
    assert len(targets) == len(stream)
    assert stream.counts(6).tolist() == np.bincount(targets, minlength=6).tolist()
    assert stream.counts(6).sum() == len(stream)
