"""Taggers: they learn, letters tell of words never seen, tags are chosen together, and what is wrong is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import DataError, ModelError, ParameterError, SequenceTagger, load
from gyeol.engine.metrics.spans import Span
from gyeol.inputs.token_rows import TokenInput
from gyeol.tasks.tagging.net import TaggerNets

PLACES, PEOPLE, VERBS = ["서울", "부산", "대전", "광주"], ["민수", "영희", "철수"], ["갔다", "왔다", "산다"]
SENTENCES = [[f"{p}는", f"{c}시", "옛집에", v] for p in PEOPLE for c in PLACES for v in VERBS]
TAGS = [["B-PS", "B-LC", "I-LC", "O"]] * len(SENTENCES)
SENTENCES += [[f"{c}에", v] for c in PLACES for v in VERBS]
TAGS += [["B-LC", "O"]] * (len(SENTENCES) - len(TAGS))
TINY: dict[str, Any] = {
    "hidden_size": 16, "embedding_size": 8, "character_size": 6, "epochs": 8, "batch_size": 6, "learning_rate": 0.03,
    "threads": 1, "dropout": 0.1,
}  # fmt: skip


def fitted(**settings: Any) -> SequenceTagger:
    return SequenceTagger(**{**TINY, **settings}).fit(SENTENCES, TAGS, validation=(SENTENCES[::5], TAGS[::5]))


@pytest.fixture(scope="module")
def model() -> SequenceTagger:
    return fitted()


def test_it_learns(model: SequenceTagger) -> None:
    assert model.score(SENTENCES, TAGS) > 0.95
    assert model.predict([["영희는", "대전시", "옛집에", "왔다"]]) == [["B-PS", "B-LC", "I-LC", "O"]]
    assert model.spans([["영희는", "대전시", "옛집에", "왔다"]]) == [[Span(0, 1, "PS"), Span(1, 3, "LC")]]
    figures = model.evaluate(SENTENCES, TAGS)
    assert set(figures["per_kind"]) == {"PS", "LC"}
    assert (figures["count"], figures["tokens"]) == (len(SENTENCES), sum(map(len, TAGS)))


def test_letters_tell_of_words_never_seen(model: SequenceTagger) -> None:
    assert model.predict([["순이는", "제주시", "옛집에", "갔다"]])[0][3] == "O"


def test_probabilities_are_those_of_the_tags(model: SequenceTagger) -> None:
    some = [SENTENCES[0], SENTENCES[-1]]
    shares = model.predict_proba(some)
    for row, tokens in zip(shares, some, strict=True):
        assert row.shape == (len(tokens), len(model.classes_))
        np.testing.assert_allclose(row.sum(1), 1.0, atol=1e-6)


def test_what_stands_beside_in_a_batch_does_not_matter(model: SequenceTagger) -> None:
    alone = [model.predict_proba([sentence])[0] for sentence in SENTENCES[:6]]
    for one, other in zip(alone, model.predict_proba(SENTENCES)[:6], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"head": "linear"}, {"cell": "gru", "characters": "letters", "num_layers": 2}, {"characters": None},
        {"bidirectional": False, "lowercase": True, "precision": "float64"}, {"cell": "lstm_norm"},
        {"members": 2},
    ],
    ids=str,
)  # fmt: skip
def test_every_setting_trains_saves_and_loads(settings: dict[str, Any], tmp_path: Path) -> None:
    made = fitted(**{"epochs": 2, **settings})
    made.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert isinstance(again, SequenceTagger)
    assert again.predict(SENTENCES) == made.predict(SENTENCES)
    np.testing.assert_array_equal(again.predict_proba(SENTENCES)[0], made.predict_proba(SENTENCES)[0])


def test_texts_are_tagged_by_the_letter() -> None:
    texts, tags = ["ACGT" * 3, "CCGA" * 2] * 8, ["HHCC" * 3, "HHCH" * 2] * 8
    made = SequenceTagger(**{**TINY, "head": "linear"}).fit(texts, tags)
    assert made.letters_
    assert not made.spans_
    assert [len(row) for row in made.predict(["ACG", "T"])] == [3, 1]
    assert set(made.evaluate(texts, tags)["per_tag"]) == {"H", "C"}
    with pytest.raises(DataError, match="these tags mark no spans: C, H"):
        made.spans(["ACG"])


def test_columns_beside_the_tokens(tmp_path: Path) -> None:
    sentences = [[("집", "N"), ("간다", "V")], [("집", "V"), ("간다", "N")]] * 10
    tags = [["X", "Y"], ["Y", "X"]] * 10  # what stands beside alone tells
    made = SequenceTagger(**TINY).fit(sentences, tags)
    assert made.score(sentences, tags) == 1.0
    made.save(tmp_path / "m")
    assert load(tmp_path / "m").predict(sentences[:2]) == tags[:2]
    with pytest.raises(DataError, match="1 column\\(s\\) beside each token, and token 0 of sentence 0 has 0"):
        made.predict([["집", "간다"]])


@pytest.mark.parametrize("head", ["crf", "linear"])
def test_members_answer_with_the_mean_of_their_scores(head: str) -> None:
    made = fitted(members=3, head=head, epochs=3)
    assert isinstance(made.net_, TaggerNets)
    some = SENTENCES[:3]
    batch, _ = made._encode(some, None).batch(np.arange(3))
    with torch.inference_mode():
        each = [net(batch)[0] for net in made.net_.members]
        assert not torch.equal(each[0], each[1])
        torch.testing.assert_close(made.net_(batch)[0], (each[0] + each[1] + each[2]) / 3)
    assert made.score(SENTENCES, TAGS) > 0.5


@pytest.mark.parametrize("head", ["crf", "linear"])
def test_members_learn_each_by_itself(head: str) -> None:
    made = fitted(members=2, head=head, epochs=1, dropout=0.0)
    net = made.net_.train()
    assert isinstance(net, TaggerNets)
    batch = made._encode(SENTENCES[:4], TAGS[:4]).batch(np.arange(4))
    together = made._loss(net, batch).loss
    for member in net.members:
        member.crf = net.crf  # which they share
    alone = [made._loss(member, batch).loss for member in net.members]
    assert not torch.equal(*alone)
    torch.testing.assert_close(together, (alone[0] + alone[1]) / 2)
    weight = net.members[0].head.weight
    both, own = (torch.autograd.grad(loss, weight)[0] for loss in (together, alone[0]))
    torch.testing.assert_close(both, own / 2)


def test_a_tag_never_seen_counts_as_wrong(model: SequenceTagger) -> None:
    figures = model.evaluate([SENTENCES[0]], [["B-PS", "B-XX", "O", "O"]])
    assert figures["accuracy"] <= 0.75
    assert figures["loss"] == 0.0


@given(
    st.lists(
        st.lists(st.text(min_size=1, max_size=60).filter(str.strip), min_size=1, max_size=4), min_size=1, max_size=3
    )
)
@settings(max_examples=40, deadline=None)
def test_any_tokens_get_tags(model: SequenceTagger, sentences: list[list[str]]) -> None:
    assert [len(row) for row in model.predict(sentences)] == [len(sentence) for sentence in sentences]


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (["ab"], [["X"]], "sentence 0 has 2 tokens and 1 tags"),
        ([["a"], []], [["X"], []], r"sentence 1 is \[\]"),
        ([["a", " "]], [["X", "Y"]], "sentence 0 holds ' ', which is no token"),
        ([["a", 3]], [["X", "Y"]], "sentence 0 holds 3, which is no token"),
        ([["a"]], [["X"], ["Y"]], "got 1 sentences and 2 lists of tags"),
        ([["a"]], [[3]], r"the tags of sentence 0 are \[3\]"),
        ([["a"]], None, "the target y must be a list"),
        ("ab", ["XY"], "got str where a list of sentences"),
        ([], [], "the list is empty"),
        ([["a", "b"]] * 20, [["X", "X"]] * 20, "every token has the tag 'X'"),
        ([[("a", "N"), "b"]] * 20, [["X", "Y"]] * 20, "some tokens have columns beside them"),
        ([["\ud800"]], [["X"]], "half a character"),
    ],
)
def test_what_is_wrong_is_named(X: Any, y: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        SequenceTagger(**TINY).fit(X, y)


def test_mistakes_in_settings() -> None:
    with pytest.raises(ParameterError, match="head='crff' is not known"):
        SequenceTagger(head="crff").fit(SENTENCES, TAGS)


@pytest.mark.parametrize(
    "change",
    [{"characters": "runes"}, {"vocabulary": [1]}, {"letters": None}, {"beside": 3}, {"vocabulary": ["a", "a"]}],
    ids=str,
)
def test_damaged_words_are_refused(model: SequenceTagger, change: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        TokenInput.restored({**model.inputs_.state(), **change})


def named(rows: list[list[str]], scheme: str) -> list[list[str]]:
    """Write tags that are in BIO in another scheme; in these rows two names of a kind never touch."""
    found = []
    for tags in rows:
        ends = [n + 1 == len(tags) or not tags[n + 1].startswith("I") for n in range(len(tags))]
        own = []
        for tag, last in zip(tags, ends, strict=True):
            mark, kind = tag[0], tag[2:]
            if scheme == "IOB1":
                mark = mark.replace("B", "I")
            elif scheme == "BILOU" and last:
                mark = {"B": "U", "I": "L"}.get(mark, mark)
            own.append(f"{mark}-{kind}" if kind else mark)
        found.append(own)
    return found


@pytest.mark.parametrize("scheme", ["IOB1", "BILOU"])
def test_a_scheme_makes_no_difference(model: SequenceTagger, scheme: str, tmp_path: Path) -> None:
    tags = named(TAGS, scheme)
    assert tags != TAGS
    made = SequenceTagger(**TINY).fit(SENTENCES, tags, validation=(SENTENCES[::5], TAGS[::5]))
    assert (made.scheme_, model.scheme_) == (scheme, "BIO")
    assert made.classes_ == model.classes_
    for name, weight in made.net_.state_dict().items():
        assert torch.equal(weight, model.net_.state_dict()[name])
    assert made.evaluate(SENTENCES, tags) == made.evaluate(SENTENCES, TAGS)
    made.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert (again.scheme_, again.spans_) == (scheme, True)  # type: ignore[attr-defined]
    assert again.evaluate(SENTENCES, tags) == model.evaluate(SENTENCES, TAGS)  # type: ignore[attr-defined]


def test_a_model_from_before_schemes_were_known(model: SequenceTagger, tmp_path: Path) -> None:
    """It knows B_PS and I, as they stood in its file, and is measured on BIO all the same."""
    made = SequenceTagger(**TINY).fit(SENTENCES, TAGS, validation=(SENTENCES[::5], TAGS[::5]))
    made.classes_ = [tag.replace("-", "_") for tag in made.classes_]
    learned, inputs = made._state()
    del learned["scheme"]
    made._restore(learned, inputs)
    assert made.scheme_ is None
    assert made.spans_
    assert made.predict(SENTENCES[:1])[0][0] == "B_PS"
    assert made.evaluate(SENTENCES, TAGS) == model.evaluate(SENTENCES, TAGS)


def test_a_token_that_is_a_no_break_space() -> None:
    made = SequenceTagger(**TINY).fit([["\u00a0", "a"], ["a", "\u00a0"]] * 10, [["X", "Y"], ["Y", "X"]] * 10)
    assert made.predict([["\u00a0", "a"]]) == [["X", "Y"]]
