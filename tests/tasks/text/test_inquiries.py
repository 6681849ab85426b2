"""Why a text has its class or its number: every attribution equals what is computed beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from gyeol import DataError, ParameterError, TextClassifier, TextRegressor
from gyeol.explain.attribution.path import adds_up
from gyeol.explain.explanation import Explanation
from gyeol.tasks.base import Estimator

TEXTS = [f"{text} {i}" for i in range(6) for text in ("정말 좋다", "참 좋네", "정말 싫다", "참 나쁘다")]
LABELS = ["긍정", "긍정", "부정", "부정"] * 6
QUICK: dict[str, Any] = {
    "hidden_size": 6, "embedding_size": 5, "tokenizer": "whitespace", "min_count": 1, "epochs": 4, "threads": 1,
    "learning_rate": 0.05, "batch_size": 8,
}  # fmt: skip


def fitted(kind: type[Estimator] = TextClassifier, y: Any = LABELS, **settings: Any) -> Any:
    return kind(**{**QUICK, **settings}).fit(TEXTS, y)


def by_method(found: Explanation) -> dict[str, np.ndarray]:
    return {one.method: one.values for one in found.attributions}


@pytest.fixture(scope="module")
def model() -> TextClassifier:
    return fitted(cell="lstm", bidirectional=True)


def beside(model: TextClassifier, text: str, scales: torch.Tensor) -> torch.Tensor:
    """Compute the log-odds of the second class against the first, with PyTorch's own LSTM, in float64."""
    net: Any = model.net_
    walk = nn.LSTM(5, 6, bidirectional=True, batch_first=True).double()
    walk.load_state_dict({name: weight.double() for name, weight in net.recurrent.state_dict().items()})
    ids = torch.as_tensor(model.inputs_.encode([text])[0].astype(np.int64))[None]
    x = (net.embedding.weight[ids] + net.grams(ids)).double() * scales.unsqueeze(2)
    states, _ = walk(x)
    both = torch.cat([states, x], 2)
    attention = net.summary.attention
    weights = torch.softmax(torch.tanh(attention.project.double()(both)) @ attention.query.double(), 1)
    attention.project.float()
    views = [(weights.unsqueeze(2) * part).sum(1) for part in (states, x)]
    logits = views_to_logits(net, views, states, x)
    return logits[:, 1] - logits[:, 0]


def views_to_logits(net: Any, views: list[torch.Tensor], states: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    assert net.summary.poolings == []
    return torch.cat(views, 1) @ net.head.weight.double().T + net.head.bias.double()


def test_attributions_of_a_bilstm_equal_those_of_pytorch_s_own(model: TextClassifier) -> None:
    own = fitted(cell="lstm", bidirectional=True, pooling=None)
    text, T = "정말 좋다 참 싫다", 4
    found = own.explain(text, target="부정" if own.classes_[1] == "부정" else "긍정")
    alphas = ((torch.arange(400) + 0.5) / 400).double()
    scales = alphas[:, None].repeat(1, T).requires_grad_()
    beside(own, text, scales).sum().backward()
    assert scales.grad is not None
    expected = scales.grad.mean(0).numpy()
    values = by_method(found)
    # The path is integrated until it adds up to half a percent.
    np.testing.assert_allclose(values["integrated gradients"], expected, atol=0.005 * np.abs(expected).sum())
    with torch.no_grad():
        without = torch.cat([1 - torch.eye(T), torch.ones(1, T), torch.zeros(1, T)]).double()
        scores = beside(own, text, without).numpy()
    np.testing.assert_allclose(values["occlusion"], scores[T] - scores[:T], atol=1e-4)
    assert found.attributions[0].total == pytest.approx(scores[T], abs=1e-4)
    assert found.attributions[0].start == pytest.approx(scores[T + 1], abs=1e-4)


def test_a_net_with_hand_set_weights_is_explained_by_hand() -> None:
    """Without recurrence and attention a mean of vectors is linear: a token adds its vector's share, times the head."""
    model = fitted(cell="rnn", bidirectional=False, attention=None, pooling="mean", ngrams=1)
    net: Any = model.net_
    with torch.no_grad():
        for weight in net.recurrent.parameters():
            weight.zero_()
        net.embedding.weight.zero_()
        ids = model.inputs_.encode(["정말 좋다"])[0]
        net.embedding.weight[int(ids[0]), 0] = 4.0
        net.embedding.weight[int(ids[1]), 0] = -2.0
        net.head.weight.zero_()
        net.head.weight[0, 6] = 0.5  # of the first number of the mean vector, after the six of the states
        net.head.bias.copy_(torch.tensor([0.25, 0.0]))
    found = model.explain("정말 좋다", target="긍정")
    for values in by_method(found).values():
        np.testing.assert_allclose(values, [4 * 0.5 / 2, -2 * 0.5 / 2], atol=1e-6)
    assert found.attributions[0].start == pytest.approx(0.25)
    assert found.attributions[0].total == pytest.approx(0.75)
    assert found.attributions[0].target == "log-odds of 긍정"
    assert found.reading is not None
    # After the first token alone its mean is 4, after both 1.
    shares = 1 / (1 + np.exp(-np.array([2.25, 0.75])))
    np.testing.assert_allclose(found.reading.probabilities[:, 0], shares, rtol=1e-6)
    assert list(found.reading.names) == ["긍정", "부정"]
    assert list(found.reading.steps) == [1, 2]


@pytest.mark.parametrize(
    "settings",
    [
        {"pooling": "mean+max+last"},
        {"direct": True, "positions": 3, "tokenizer": "syllable"},
        {"num_layers": 2, "cell": "gru", "precision": "high"},
        {"cell": "min_gru", "precision": "bfloat16"},
        {"cell": "s_lstm", "bidirectional": False},
        {"precision": "float64"},
        {"features": "bow"},
        {"features": "tfidf"},
        {"features": "onehot"},
        {"features": "vectors"},
    ],
    ids=str,
)
def test_attributions_add_up_in_every_net(settings: dict[str, Any]) -> None:
    model = fitted(**settings)
    found = model.explain("정말 좋다 참 나쁘다")
    assert adds_up(found.attributions[0])
    shares = model.predict_proba(["정말 좋다 참 나쁘다"])[0]
    np.testing.assert_array_equal(list(found.probabilities.values()), shares)
    assert found.attributions[0].total == pytest.approx(np.log(shares.max() / shares.min()), abs=1e-3)
    assert found.reading is not None
    np.testing.assert_allclose(found.reading.probabilities[-1], shares, atol=1e-6)


def test_a_counted_term_is_shared_by_the_tokens_that_it_is_made_of() -> None:
    model = fitted(features="bow")
    net: Any = model.net_
    terms = model.inputs_.terms
    with torch.no_grad():
        net.first.weight.zero_()
        net.bias.fill_(1.0)  # no unit is cut off on the way
        net.first.weight[terms.index("정말"), 0] = 3.0
        net.first.weight[terms.index("정말 좋다"), 0] = 2.0
        net.head.weight.zero_()
        net.head.weight[0, 0] = 1.0
        net.head.bias.zero_()
    found = model.explain("정말 좋다 정말 모름", target="긍정")
    # The term "정말" stands twice, and counts once; its 2-gram is half of either token's.
    for values in by_method(found).values():
        np.testing.assert_allclose(values, [1.5 + 1.0, 1.0, 1.5, 0.0], atol=1e-6)
    assert list(found.tokens) == ["정말", "좋다", "정말", "모름"]


def test_a_number_is_explained_in_its_own_unit() -> None:
    model = fitted(TextRegressor, [9.0, 8.0, 1.0, 2.0] * 6)
    found = model.explain("정말 좋다")
    assert found.prediction == model.predict(["정말 좋다"])[0]
    assert adds_up(found.attributions[0])
    assert found.attributions[0].target == "the predicted value"
    assert found.attributions[0].total == pytest.approx(found.prediction)
    assert found.probabilities == {}
    with pytest.raises(ParameterError, match="a number is predicted"):
        model.explain("정말 좋다", target="긍정")


def test_the_class_and_the_other_class_add_up_to_nothing(model: TextClassifier) -> None:
    one, other = (model.explain("정말 좋다", target=name) for name in ("긍정", "부정"))
    for name, values in by_method(one).items():
        np.testing.assert_allclose(values, -by_method(other)[name], atol=1e-6)
    assert one.prediction == other.prediction


def test_attention_is_that_of_the_prediction(model: TextClassifier) -> None:
    found = model.explain("정말 좋다 참")
    (attention,) = found.attention
    rows = model.inputs_.encode(["정말 좋다 참"])
    with torch.no_grad():
        weights = model.net_(model.inputs_.batch(rows, np.array([0])))[1]
    np.testing.assert_allclose(attention.weights, weights[:, :3].numpy())
    assert attention.weights.sum() == pytest.approx(1, abs=1e-6)
    assert list(attention.rows) == ["prediction"]


def test_tokens_lie_where_they_stand_in_the_text(model: TextClassifier) -> None:
    found = model.explain("  정말   좋다")
    assert [found.text[start:end] for start, end in found.spans] == list(found.tokens) == ["정말", "좋다"]


def test_nucleotides_are_read_as_the_model_reads_them() -> None:
    texts = ["ACGTAC", "ACGUAC", "ttgtca", "ttgaca"] * 6
    model = TextClassifier(**{**QUICK, "tokenizer": "syllable"}).fit(texts, ["a", "a", "b", "b"] * 6)
    assert model.reading_.nucleotides
    found, same = model.explain("acguac"), model.explain("ACGTAC")
    assert found.text == "acguac"
    assert found.tokens == same.tokens == tuple("ACGTAC")
    assert np.array_equal(found.attributions[0].values, same.attributions[0].values)


def test_what_is_cut_and_what_is_not_known_is_noted() -> None:
    model = fitted(max_length=4)
    found = model.explain("정말 좋다 가 나 다 참 싫다")
    assert list(found.tokens) == ["정말", "좋다", "참", "싫다"]
    assert list(found.notes) == ["the text has 7 tokens, and 4 are read: its middle is left out"]
    unknown = model.explain("가나 다라")
    assert list(unknown.notes) == ["no token of this text is known to the model"]
    assert adds_up(unknown.attributions[0])
    assert fitted(features="bow").explain("가나 다라").notes == (
        "the model knows no term of this text: it goes by its bias alone",
    )


def test_what_cannot_be_explained_is_refused_in_one_line(model: TextClassifier) -> None:
    for text in ("", " \n"):
        with pytest.raises(DataError, match="the text is empty"):
            model.explain(text)
    with pytest.raises(DataError, match="got list where one text was expected"):
        model.explain(["정말"])
    with pytest.raises(ParameterError, match=r"'중립' is no class of this model.*부정"):
        model.explain("정말", target="중립")
    with pytest.raises(ParameterError, match="the answer is no sequence"):
        model.explain("정말", position=1)
    endless = fitted(max_length=1_000_000)
    with pytest.raises(DataError, match="has 100,000 tokens, and 10,000 at most are explained"):
        endless.explain("정말 " * 100_000)


def test_several_labels_a_text_are_explained_one_at_a_time() -> None:
    sets = [["긍정", "짧다"], ["긍정"], ["부정"], ["부정", "짧다"]] * 6
    model = fitted(y=sets)
    found = model.explain("정말 좋다", target="짧다")
    assert found.prediction == model.predict(["정말 좋다"])[0]
    share = found.probabilities["짧다"]
    assert found.attributions[0].total == pytest.approx(np.log(share / (1 - share)), abs=1e-4)
    assert adds_up(found.attributions[0])
