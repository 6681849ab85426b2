"""`gyeol reproduce chat-ko` and its like on a few toy sentences."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gyeol.reproduce import conversation
from gyeol.reproduce.conversation import split_by_source

TOY = ([f"{n} 번 질문" for n in range(200)], [f"답 {n % 7} 입니다" for n in range(200)])


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=80), st.integers(0, 9))
def test_a_source_is_in_one_part(pairs: list[tuple[int, int]], seed: int) -> None:
    given_pairs = [f"q{q}" for q, _ in pairs], [f"a{a}" for _, a in pairs]
    parts = split_by_source(given_pairs, seed)
    assert sorted(pair for part in parts for pair in zip(*part, strict=True)) == sorted(zip(*given_pairs, strict=True))
    held = [set(sources) for sources, _ in parts]
    assert not held[0] & held[1]
    assert not held[0] & held[2]
    assert not held[1] & held[2]


def test_a_tenth_is_test() -> None:
    assert [len(sources) for sources, _ in split_by_source(TOY, 0)] == [170, 10, 20]


def test_twenty_samples_and_one_answer_to_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    small: dict[str, Any] = {
        **conversation.CHAT, "hidden_size": 12, "embedding_size": 8, "pieces": 60, "epochs": 1, "batch_size": 200,
    }  # fmt: skip
    run = partial(conversation._written, small, lambda seed: split_by_source(TOY, seed), "toy")
    answer = run(0, 1, None, None)
    assert answer["count"] == 20
    assert len(answer["parts"]) == conversation.SAMPLES
    assert {row["given"] for row in answer["parts"]} <= set(TOY[0])
    assert 0 <= answer["beside"] <= 100
    assert answer["perplexity"] > 1
    assert run(0, 1, None, None) == answer
