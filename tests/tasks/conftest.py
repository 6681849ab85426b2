from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from gyeol import TextClassifier

#: Small, quick, and enough to learn the texts below.
SMALL: dict[str, Any] = {
    "hidden_size": 8,
    "embedding_size": 8,
    "tokenizer": "syllable",
    "epochs": 3,
    "patience": 9,
    "learning_rate": 0.02,
    "batch_size": 8,
    "threads": 1,
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    return dict(SMALL)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    good = ["정말 좋아요", "다시 보고 싶다", "진짜 재밌네 ㅋㅋ", "최고의 영화", "배우가 좋다"]
    bad = ["정말 싫어요", "돈이 아깝다", "너무 지루하네 ㅠㅠ", "최악의 영화", "별로였다"]
    return [f"{text} {i}" for i in range(4) for text in (*good, *bad)]


@pytest.fixture(scope="module")
def labels() -> list[str]:
    return (["긍정"] * 5 + ["부정"] * 5) * 4


@pytest.fixture(scope="module")
def model(texts: list[str], labels: list[str]) -> TextClassifier:
    return TextClassifier(**SMALL).fit(texts, labels, about={"data": "films.tsv", "sha256": "ab" * 32})


@pytest.fixture
def folder(model: TextClassifier, tmp_path: Path) -> Path:
    model.save(tmp_path / "films")
    return tmp_path / "films"
