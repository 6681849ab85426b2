"""Texts in a file behave as a list of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gyeol import DataError, LanguageModel
from gyeol.data import mapped_texts
from gyeol.data.mapped_texts import MappedTexts


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]))), pending=st.integers(0, 20), data=st.data())
def test_they_are_a_list(texts: list[str], pending: int, data: st.DataObject) -> None:
    before, mapped_texts._PENDING = mapped_texts._PENDING, pending
    try:
        kept = MappedTexts.write(iter(texts))
    finally:
        mapped_texts._PENDING = before
    assert len(kept) == len(texts)
    assert list(kept) == texts
    if texts:
        rows = data.draw(st.lists(st.integers(0, len(texts) - 1)))
        assert list(kept.take(np.array(rows, dtype=np.int64))) == [texts[row] for row in rows]
        assert [kept[row] for row in rows] == [texts[row] for row in rows]
        assert kept[-1] == texts[-1]
        assert list(kept[1:]) == texts[1:]


def test_half_a_character_is_refused() -> None:
    with pytest.raises(DataError, match="text 1 holds half a character"):
        MappedTexts.write(["a", "\ud800"])


def test_a_language_model_learns_the_same_from_them() -> None:
    texts = ["나는 학교에 간다", "나는 집에 간다", "너는 집에 온다"] * 12
    small = {"tokenizer": "whitespace", "hidden_size": 8, "embedding_size": 8, "epochs": 2, "threads": 1}
    one, two = (LanguageModel(**small).fit(given) for given in (texts, MappedTexts.write(texts)))  # type: ignore[arg-type]
    assert one.evaluate(texts) == two.evaluate(MappedTexts.write(texts))
    with pytest.raises(DataError, match="the list is empty"):
        LanguageModel(**small).fit(MappedTexts.write([]))  # type: ignore[arg-type]
