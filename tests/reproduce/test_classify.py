"""`gyeol reproduce faithfulness` on a few reviews: what is deleted, and what is counted."""

from __future__ import annotations

import numpy as np
import pytest

from gyeol import TextClassifier
from gyeol.reproduce.classify import changed_shares

GOOD = ["이 영화 정말 좋다 그래", "아 정말 좋다 이 노래", "그 노래 참 좋다 정말"]
BAD = ["이 영화 정말 싫다 그래", "아 정말 싫다 이 노래", "그 노래 참 싫다 정말"]


def test_what_decides_is_deleted_and_chance_deletes_less() -> None:
    model = TextClassifier(
        hidden_size=8, embedding_size=8, tokenizer="whitespace", min_count=1, epochs=12, learning_rate=0.05, threads=1,
        ngrams=1, averaging=0.0, validation_fraction=0.0,
    ).fit(GOOD * 8 + BAD * 8, ["긍정"] * 24 + ["부정"] * 24)  # fmt: skip
    shares = changed_shares(model, ["짧다", *GOOD, *BAD], 6, 0)
    assert set(shares) == {"integrated gradients", "occlusion", "attention", "random"}
    # Of five tokens one is deleted, and only one decides: without it one of the two classes is left for all.
    assert shares["occlusion"] == pytest.approx(0.5)
    assert shares["random"] < shares["occlusion"]
    assert np.array_equal(list(changed_shares(model, [*GOOD, *BAD], 6, 0).values()), list(shares.values()))
