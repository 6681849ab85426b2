"""The neural cache, held to its definition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import LanguageModel, ParameterError
from gyeol.layers.decoding.neural_cache import NeuralCache, best_cache, cached_losses

TEXTS = ["나는 학교에 간다", "나는 집에 간다", "너는 집에 온다"] * 12


@given(
    N=st.integers(1, 30), size=st.integers(1, 12), window=st.integers(1, 12), seed=st.integers(0, 999),
    flatness=st.floats(0.05, 2), share=st.floats(0, 0.9),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_it_is_what_its_paper_says(N: int, size: int, window: int, seed: int, flatness: float, share: float) -> None:
    g = torch.Generator().manual_seed(seed)
    states, targets = torch.randn(N, 3, generator=g), torch.randint(4, (N,), generator=g)
    losses = torch.rand(N, generator=g)
    windows = [(states[i : i + window], targets[i : i + window], losses[i : i + window]) for i in range(0, N, window)]
    expected = []
    for t in range(N):
        p = math.exp(-float(losses[t]))
        before = range(max(0, t - size), t)
        if before:
            weights = [math.exp(flatness * float(states[t] @ states[i])) for i in before]
            said = sum(w for w, i in zip(weights, before, strict=True) if targets[i] == targets[t])
            p = (1 - share) * p + share * said / sum(weights)
        expected.append(-math.log(p))
    np.testing.assert_allclose(cached_losses(windows, NeuralCache(size, flatness, share)), expected, atol=1e-5)


def fitted(**more: Any) -> LanguageModel:
    tiny = {"tokenizer": "whitespace", "hidden_size": 8, "embedding_size": 8, "epochs": 2, "threads": 1}
    return LanguageModel(**{**tiny, **more}).fit(TEXTS)


def test_what_repeats_gets_likelier() -> None:
    model = fitted()
    texts = ["너는 학교에 온다"] * 20
    cache = model.choose_cache(texts, size=50)
    assert cache.size == 50
    plain, cached = model.evaluate(texts), model.evaluate(texts, cache=cache)
    assert cached["perplexity"] < 0.8 * plain["perplexity"]
    nothing = model.evaluate(texts, cache=NeuralCache(share=0.0))
    assert nothing["loss"] == pytest.approx(plain["loss"], abs=1e-6)


def test_the_best_of_all_pairs_is_chosen() -> None:
    g = torch.Generator().manual_seed(0)
    windows = [(torch.randn(60, 3, generator=g), torch.randint(3, (60,), generator=g), torch.full((60,), 2.0))]
    chosen = best_cache(windows, 40)
    best = cached_losses(windows, chosen).sum()
    for flatness in (0.03, 0.25, 1.0):
        for share in (0.02, 0.1, 0.3):
            assert best <= cached_losses(windows, NeuralCache(40, flatness, share)).sum() + 1e-9


def test_mistakes() -> None:
    with pytest.raises(ParameterError, match="size=0: must be 1 or more; flatness=0: must be above 0; share=1"):
        NeuralCache(0, 0, 1)
    with pytest.raises(ParameterError, match="reaches over lines"):
        fitted(documents="line").choose_cache(TEXTS)
