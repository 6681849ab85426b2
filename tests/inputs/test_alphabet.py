"""Models say how much of a text they never saw, read DNA in either case, and notice aligned sequences."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol import SequenceTagger, TextClassifier, TextRegressor, load

TINY: dict[str, Any] = {
    "hidden_size": 8, "embedding_size": 8, "epochs": 4, "batch_size": 16, "learning_rate": 0.02, "threads": 1,
}  # fmt: skip


def sequences(count: int = 120) -> tuple[list[str], list[str]]:
    """Sequences of 30 bases; half of them with GT in the middle, the others with it a place further on."""
    draw = random.Random(0)
    texts, labels = [], []
    for number in range(count):
        letters = draw.choices("AC", k=30)
        at = 14 + number % 2
        letters[at : at + 2] = "GT"
        texts.append("".join(letters))
        labels.append("even" if number % 2 else "odd")
    return texts, labels


@pytest.fixture(scope="module")
def model() -> TextClassifier:
    return TextClassifier(**TINY).fit(*sequences())


def test_aligned_sequences_are_noticed(model: TextClassifier, tmp_path: Path) -> None:
    texts, labels = sequences(300)
    assert (model.reading_.length, model.reading_.positions, model.reading_.direct) == (30, 30, True)
    assert model.get_params()["positions"] is None
    assert model.score(texts[120:], labels[120:]) > 0.9  # only the place tells
    assert model.about_["aligned"].startswith("all sequences have 30 letters")
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert isinstance(again, TextClassifier)
    assert again.reading_ == model.reading_
    np.testing.assert_array_equal(again.predict_proba(texts), model.predict_proba(texts))


def test_what_is_said_goes(model: TextClassifier) -> None:
    texts, labels = sequences()
    other = TextClassifier(**{**TINY, "epochs": 1}, positions=0, direct=False).fit(texts, labels)
    assert (other.reading_.length, other.reading_.positions, other.reading_.direct) == (0, 0, False)
    assert other.net_.places is None  # type: ignore[union-attr]
    longer = TextClassifier(**{**TINY, "epochs": 1}).fit([*texts, texts[0] + "A"], [*labels, labels[0]])
    assert longer.reading_.length == 0
    baseline = TextClassifier(**{**TINY, "epochs": 1}, features="bow").fit(texts, labels)
    assert (baseline.reading_.length, baseline.reading_.nucleotides) == (0, True)


def test_case_and_u_make_no_difference(model: TextClassifier) -> None:
    texts, labels = sequences()
    rna = [text.lower().replace("t", "u") for text in texts]
    np.testing.assert_array_equal(model.predict_proba(rna), model.predict_proba(texts))
    mixed = [text if n % 3 else low for n, (text, low) in enumerate(zip(texts, rna, strict=True))]
    same = TextClassifier(**TINY).fit(mixed, labels)
    np.testing.assert_array_equal(same.predict_proba(texts), model.predict_proba(texts))
    apart = TextClassifier(**{**TINY, "epochs": 1}, nucleotides=False).fit(mixed, labels)
    assert not apart.reading_.nucleotides
    assert (apart.predict_proba(rna) != apart.predict_proba(texts)).any()


def test_a_model_from_before(model: TextClassifier) -> None:
    """One that was saved without a word on sequences reads them as its settings say."""
    texts, labels = sequences()
    older = TextClassifier(**{**TINY, "epochs": 1}, positions=30, direct=True, nucleotides=False).fit(texts, labels)
    learned, inputs = older._state()
    del learned["reading"]
    before = older.predict_proba(texts)
    older._restore(learned, inputs)
    assert (older.reading_.positions, older.reading_.direct, older.reading_.nucleotides) == (30, True, False)
    np.testing.assert_array_equal(older.predict_proba(texts), before)


def test_an_alphabet_that_was_never_seen(model: TextClassifier) -> None:
    protein = "MKVLAAGIVGLLLAMKVLAAGIV"
    shares = model.unknown([sequences()[0][0], protein, "N" * 30, "acgu"])
    assert shares == [0.0, pytest.approx(15 / 23), 1.0, 0.0]
    korean = TextClassifier(**{**TINY, "epochs": 1}).fit(["정말 좋다", "아주 싫다"] * 10, ["a", "b"] * 10)
    assert korean.unknown(["좋다", "good film", "정말 good"]) == [0.0, 1.0, pytest.approx(4 / 6)]
    words = TextClassifier(**{**TINY, "epochs": 1}, tokenizer="whitespace").fit(
        ["ab ba", "ba cc"] * 10, ["a", "b"] * 10
    )
    assert words.unknown(["ab ba", "abba ab", "xx ba"]) == [0.0, 0.5, 0.5]
    for features in ("bow", "onehot"):
        bow = TextClassifier(**{**TINY, "epochs": 1}, features=features).fit(
            ["정말 좋다", "아주 싫다"] * 10, ["a", "b"] * 10
        )
        assert bow.unknown(["good"]) == [1.0]


def test_numbers_from_sequences() -> None:
    texts, labels = sequences()
    model = TextRegressor(**{**TINY, "epochs": 1}).fit(texts, [float(label == "odd") for label in labels])
    assert model.reading_.length == 30
    np.testing.assert_array_equal(model.predict([texts[0].lower()]), model.predict([texts[0]]))


def test_taggers(tmp_path: Path) -> None:
    texts = ["ACGTACGTTA", "ccgauuagca", "TTAGACCATG"] * 8
    tags = [["x" if letter in "ACac" else "y" for letter in text] for text in texts]
    model = SequenceTagger(**TINY, characters=None).fit(texts, tags)
    assert model.reading_.nucleotides
    assert model.predict(["acgu"]) == model.predict(["ACGT"])
    assert model.unknown(["ACGT", "MKVLMKVL", "NNNN"]) == [0.0, 1.0, 1.0]
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert isinstance(again, SequenceTagger)
    assert again.reading_.nucleotides
    names = SequenceTagger(**TINY, character_size=6).fit([["서울", "에"], ["부산", "은"]] * 10, [["A", "B"]] * 20)
    assert not names.reading_.nucleotides
    assert names.unknown([["부산", "에"], ["Rome", "is"], ["서울", "Paris"]]) == [0.0, 1.0, 0.5]
    alone = SequenceTagger(**TINY, characters=None).fit([["서울", "에"], ["부산", "은"]] * 10, [["A", "B"]] * 20)
    assert alone.unknown([["서울", "간다"]]) == [0.5]
