"""Skip-gram and CBOW: the kernel beside its reference under every instruction set; what is drawn; what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.kernels import native, native_available
from gyeol.kernels.words import word2vec
from gyeol.kernels.words.word2vec import Noise, Pass, noise_table, train_words

built = pytest.mark.skipif(not native_available(), reason="the kernels were not built")

Tables = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


def tables(words: int, size: int, *, seed: int = 0, scale: float = 0.5) -> Tables:
    draw = np.random.default_rng(seed)
    made = np.zeros((2, words, -(-size // 16) * 16), dtype=np.float32)
    made[:, :, :size] = draw.standard_normal((2, words, size)) * scale
    return made[0], made[1]


def arguments(words: int, how: Pass) -> tuple[Any, ...]:
    return (how.keep, how.noise.chance, how.noise.other, how.window, how.negative, how.cbow)


def a_pass(words: int, *, window: int = 5, negative: int = 5, cbow: bool = False, seed: int = 0) -> Pass:
    draw = np.random.default_rng(seed)
    keep = np.where(draw.random(words) < 0.5, 0xFFFFFFFF, draw.integers(1 << 31, 1 << 32, words)).astype(np.uint32)
    return Pass(keep, noise_table(draw.random(words) + 0.1), window, negative, cbow)


@built
@pytest.mark.parametrize("cbow", [False, True])
@pytest.mark.parametrize("instructions", native.instruction_sets())
def test_one_step(instructions: str, cbow: bool) -> None:
    """Two words, both of which stay: each is a centre once, with the other around it."""
    how = Pass(np.full(9, 0xFFFFFFFF, dtype=np.uint32), noise_table(np.ones(9)), 5, 5, cbow)
    tokens = np.array([3, 7, -1], dtype=np.int32)
    mine, expected = tables(9, 40), tables(9, 40)
    untouched = tables(9, 40)
    native._native.train_words(*mine, tokens, *arguments(9, how), 0.1, 0.1, 5, 1, instructions)
    word2vec.reference(*expected, tokens, *arguments(9, how), 0.1, 0.1, 5, 1)
    for table, right, before in zip(mine, expected, untouched, strict=True):
        assert np.abs(right - before).max() > 1e-3
        np.testing.assert_allclose(table, right, rtol=1e-6, atol=1e-6)
    moved = np.flatnonzero((mine[0] != untouched[0]).any(axis=1))
    assert moved.tolist() == [3, 7]


@built
@pytest.mark.parametrize("instructions", native.instruction_sets())
@given(
    seed=st.integers(0, 999),
    words=st.integers(1, 40),
    size=st.integers(1, 70),
    count=st.integers(0, 60),
    window=st.sampled_from([1, 2, 5, 30]),
    negative=st.sampled_from([1, 5, 7, 20]),
    cbow=st.booleans(),
    threads=st.integers(1, 3),
)
@settings(max_examples=60, deadline=None)
def test_the_kernel_is_its_reference(
    instructions: str, seed: int, words: int, size: int, count: int, window: int, negative: int, cbow: bool,
    threads: int,
) -> None:  # fmt: skip
    """One thread takes the parts in the reference's order; several take them at once, so that is not compared."""
    draw = np.random.default_rng(seed)
    tokens = draw.integers(-1, words, count).astype(np.int32)
    how = a_pass(words, window=window, negative=negative, cbow=cbow, seed=seed)
    mine, expected = tables(words, size, seed=seed), tables(words, size, seed=seed)
    given = (*arguments(words, how), 0.05, 0.01, seed)
    word2vec.reference(*expected, tokens, *given, 1)
    native._native.train_words(*mine, tokens, *given, 1, instructions)
    for table, right in zip(mine, expected, strict=True):
        np.testing.assert_allclose(table, right, rtol=1e-4, atol=1e-5)
        assert not table[:, size:].any()
    native._native.train_words(*mine, tokens, *given, threads, instructions)
    assert all(np.isfinite(table).all() and not table[:, size:].any() for table in mine)


@built
def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    tokens = np.random.default_rng(0).integers(-1, 50, 500).astype(np.int32)
    how, seen = a_pass(50), []
    for seed in (1, 1, 2):
        mine = tables(50, 20)
        train_words(*mine, tokens, how, rate=0.1, last_rate=0.0, seed=seed, threads=1)
        seen.append(mine[0])
    assert np.array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[2])


@built
@pytest.mark.parametrize("cbow", [False, True])
@pytest.mark.parametrize("rate", [1e3, 1e9])
def test_a_high_rate_leaves_no_nan(cbow: bool, rate: float) -> None:
    tokens = np.random.default_rng(0).integers(-1, 30, 3000).astype(np.int32)
    mine = tables(30, 20)
    for seed in range(5):
        train_words(*mine, tokens, a_pass(30, cbow=cbow), rate=rate, last_rate=rate, seed=seed, threads=1)
    assert not any(np.isnan(table).any() for table in mine)


@given(weights=st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=40))
def test_noise_is_drawn_in_proportion(weights: list[float]) -> None:
    table = noise_table(weights)
    chance = table.chance / 2.0**32
    shares = chance.copy()
    np.add.at(shares, table.other, 1.0 - chance)
    np.testing.assert_allclose(shares / len(weights), np.array(weights) / np.sum(weights), atol=1e-6)


def test_a_long_sentence_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(word2vec._sentences([1, 2, -1, -1, 3])) == [(0, [1, 2]), (3, []), (4, [3])]
    monkeypatch.setattr(word2vec, "LONGEST_SENTENCE", 2)
    assert list(word2vec._sentences([1, 2, 3, -1])) == [(0, [1, 2]), (2, [3])]


@built
def test_threads_share_the_sentences() -> None:
    """Parts meet at the ends of sentences: with rows of their own, which no other part reads, they do what one does."""
    sentences = [[2 * i, 2 * i + 1, -1] for i in range(20)]
    tokens = np.array(sentences, dtype=np.int32).reshape(-1)
    nothing = Noise(np.full(40, 0xFFFFFFFF, dtype=np.uint32), np.arange(40, dtype=np.int32))
    how = Pass(np.full(40, 0xFFFFFFFF, dtype=np.uint32), nothing, 1, 1, False)
    for threads in (2, 3, 50):
        mine, before = tables(40, 16), tables(40, 16)
        train_words(*mine, tokens, how, rate=0.5, last_rate=0.5, seed=0, threads=threads)
        assert (mine[0] != before[0]).any(axis=1).all()


@built
@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("outputs", np.zeros((4, 32), np.float32), "output is"),
        ("inputs", np.zeros((5, 17), np.float32), "multiple of 16"),
        ("inputs", np.zeros((0, 16), np.float32), "no words"),
        ("inputs", np.zeros((5, 16), np.float64), "incompatible"),
        ("tokens", np.array([5, -1], np.int32), "neither a word nor -1"),
        ("tokens", np.array([-2], np.int32), "neither a word nor -1"),
        ("tokens", np.array([1], np.int64), "incompatible"),
        ("keep", np.ones(4, np.uint32), "keep is"),
        ("chance", np.ones(4, np.uint32), "chance is"),
        ("other", np.full(5, 5, np.int32), "no word"),
        ("other", np.full(5, -1, np.int32), "no word"),
        ("window", 0, "window"),
        ("window", 1 << 20, "window"),
        ("negative", 0, "negative"),
        ("rate", float("nan"), "not finite"),
        ("last_rate", float("inf"), "not finite"),
        ("threads", 0, "threads"),
        ("instruction_set", "sse9", "no instruction set"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, wrong: object, message: str) -> None:
    all_ones, zeros = np.full(5, 0xFFFFFFFF, np.uint32), np.zeros((5, 16), np.float32)
    call: dict[str, Any] = {
        "inputs": zeros, "outputs": zeros.copy(), "tokens": np.array([0, 4, -1], np.int32), "keep": all_ones,
        "chance": all_ones, "other": np.zeros(5, np.int32), "window": 5, "negative": 5, "cbow": False, "rate": 0.1,
        "last_rate": 0.1, "seed": 0, "threads": 1, "instruction_set": "portable",
    }  # fmt: skip
    native._native.train_words(*call.values())
    with pytest.raises((ValueError, TypeError), match=message):
        native._native.train_words(*(call | {name: wrong}).values())
