"""Authors: Bayes' rule by hand, explanations that sum, figures, saving, hostile texts."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone, is_classifier
from sklearn.model_selection import cross_val_score

from gyeol import AuthorClassifier, DataError, ParameterError, load
from gyeol.tasks.authors import net

ONE = ["나는 학교에 간다", "나는 집에 간다", "나는 산에 간다"]
TWO = ["그대는 어디로 가는가", "그대는 언제 오는가", "그대는 왜 우는가"]
THREE = ["the man went home", "the man went out", "the man ran home"]
TEXTS = [f"{text} {i}" for i in range(6) for text in (*ONE, *TWO, *THREE)]
LABELS = (["가"] * 3 + ["나"] * 3 + ["다"] * 3) * 6
TINY: dict[str, Any] = {"hidden_size": 6, "embedding_size": 6, "epochs": 3, "batch_size": 9, "threads": 1, "ngrams": 3}


@pytest.fixture(scope="module", params=[True, False], ids=["shared", "apart"])
def model(request: pytest.FixtureRequest) -> AuthorClassifier:
    return AuthorClassifier(**TINY, shared=request.param, precision="float32").fit(TEXTS, LABELS)


def by_hand(model: AuthorClassifier, text: str) -> np.ndarray:
    """The log probability (T, A) of each token by each author, a step at a time, over all words."""
    net, tokens = model.net_, model.inputs_.vocabulary.encode(model.inputs_.tokenizer.tokenize(text)).tolist()
    V, rows = len(model.inputs_.vocabulary), []
    languages = [net.language] * 3 if model.shared else list(net.languages)
    runs: dict[tuple[int, int], Any] = {}
    if model.shared:
        keys = [key for n in range(len(model.runs_)) for key in net.runs.get_buffer(f"keys{n + 2}").tolist()]
        sizes = [n + 2 for n, size in enumerate(net.runs.sizes) for _ in range(size)]
        runs = {(n, k): row for n, k, row in zip(sizes, keys, net.runs.weight.detach().double(), strict=True)}
    states: list[Any] = [None] * 3
    past = [2]
    with torch.no_grad():
        for token in tokens:
            columns = []
            for a, language in enumerate(languages):
                output, states[a] = language.walks[0](language.embedding.weight[past[-1]][None, None], states[a])
                logits = torch.addmv(language.bias, language.softmax, output[0, 0]).double()
                if model.shared:
                    logits = logits + net.words[:, a].double()
                    for v, n in itertools.product(range(V), range(2, model.ngrams + 1)):
                        run = (*past, v)[-n:]
                        if len(run) == n and (n, int(np.polyval(run, V))) in runs:
                            logits[v] += runs[n, int(np.polyval(run, V))][a]
                columns.append(float(torch.log_softmax(logits, 0)[token]) if token != 1 else 0.0)
            rows.append(columns)
            past.append(token)
    return np.array(rows)


@pytest.mark.parametrize("text", ["나는 집에 가는가", "그대는 the man", "쀍 나는 쀍", "쀍", "나"])
def test_bayes_rule_by_hand(model: AuthorClassifier, text: str) -> None:
    logs = by_hand(model, text)
    joint = logs.sum(0) + model.net_.log_prior.double().numpy()
    scores = joint / np.sqrt(len(logs)) / float(model.net_.temperature)
    expected = np.exp(scores - scores.max())
    np.testing.assert_allclose(model.predict_proba([text])[0], expected / expected.sum(), rtol=0, atol=2e-5)
    seen = model.explain(text)
    plain = np.exp(joint - np.logaddexp.reduce(joint))
    tempered = any("probabilities are tempered" in note for note in seen.notes)
    assert tempered == (np.abs(plain - list(seen.probabilities.values())).max() > 1e-4)
    best = int(joint.argmax())
    others = np.delete(joint, best)
    assert seen.prediction == model.classes_[best] == model.predict([text])[0]
    (exact, _) = seen.attributions
    assert exact.method == "exact"
    assert exact.total == pytest.approx(joint[best] - np.logaddexp.reduce(others), abs=2e-4)
    prior = np.exp(model.net_.log_prior.double().numpy())
    assert exact.start == pytest.approx(np.log(prior[best] / (prior.sum() - prior[best])), abs=1e-6)
    assert list(seen.probabilities.values()) == pytest.approx(model.predict_proba([text])[0].tolist(), abs=1e-6)


def test_the_prior_is_the_share_of_texts_and_unknown_tokens_say_nothing() -> None:
    texts, labels = TEXTS + ONE * 12, LABELS + ["가"] * 36
    model = AuthorClassifier(**TINY, validation_fraction=0.0).fit(texts, labels)
    counts = np.array([54, 18, 18]) + 1
    np.testing.assert_allclose(model.net_.log_prior.exp(), counts / counts.sum(), rtol=1e-6)
    seen = model.explain("쀍쀎쀏")
    exact = seen.attributions[0]
    assert exact.values.tolist() == [0.0, 0.0, 0.0]
    assert exact.total == exact.start == pytest.approx(np.log(55 / 38), abs=1e-6)


def test_the_tilted_distribution_sums_to_one(model: AuthorClassifier) -> None:
    from gyeol.tasks.language.net import Pieces

    V = len(model.inputs_.vocabulary)
    past = model.inputs_.vocabulary.encode("나는 학".replace(" ", "")).tolist()
    tokens = torch.tensor([[2, *past]] * V)
    targets = torch.cat([tokens[:, 1:], torch.arange(V)[:, None]], 1)
    each = torch.arange(V)
    pieces = Pieces(tokens, targets, torch.full((V,), tokens.shape[1]), each, each >= 0, each, True)
    with torch.inference_mode():
        last = model.net_(pieces)[-V:]
    torch.testing.assert_close(last.exp().sum(0), torch.ones(3), rtol=0, atol=1e-5)


def test_blocks_are_the_whole(model: AuthorClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = model.predict_proba(TEXTS[:9])

    def gradients() -> list[torch.Tensor]:
        model.net_.zero_grad()
        batch = model._encode(TEXTS[:9], np.arange(9) % 3).batch(np.arange(9))
        model._loss(model.net_, batch).loss.backward()
        return [p.grad.to_dense().clone() for p in model.net_.parameters()]

    before = gradients()
    monkeypatch.setattr(net, "_LOGITS", 1)
    np.testing.assert_allclose(model.predict_proba(TEXTS[:9]), whole, rtol=0, atol=1e-6)
    for one, other in zip(before, gradients(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    model.net_.zero_grad(set_to_none=True)


def test_a_text_s_answer_does_not_depend_on_its_company(model: AuthorClassifier) -> None:
    together = model.predict_proba(TEXTS)
    alone = np.concatenate([model.predict_proba([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-5)
    np.testing.assert_allclose(together.sum(1), 1.0, rtol=0, atol=1e-12)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(TEXTS)), together)
    model.set_params(batch_size=2)
    assert np.array_equal(model.predict_proba(TEXTS), together)
    model.set_params(batch_size=9)


def test_it_learns_and_measures(model: AuthorClassifier) -> None:
    figures = model.evaluate(TEXTS, LABELS)
    assert figures["accuracy"] == model.score(TEXTS, LABELS) > 0.9
    assert {"macro_f1", "loss", "count", "confusion", "per_class"} < set(figures)
    assert model.metrics_["valid_temperature"] == pytest.approx(float(model.net_.temperature))


def test_the_temperature_is_the_best_for_smoothed_truth(model: AuthorClassifier) -> None:
    before = model.net_.temperature.clone()
    outputs = np.array([[4.0, 0.0, 0.0, 1.0], [0.0, 4.0, 0.0, 1.0], [8.0, 0.0, 0.0, 4.0]])
    figures = model._score(outputs, np.array([0, 1, 0]))
    # Three texts and three authors: the truth is 1/2 and 1/6 of each author, 2/3, 1/6, 1/6; log(4) = 4 / temperature.
    assert figures["temperature"] == pytest.approx(4 / np.log(4), rel=1e-3)
    assert figures["accuracy"] == 1.0
    assert figures["loss"] == pytest.approx(np.log(1.5), rel=1e-3)
    model.net_.temperature.copy_(before)


def test_saved_and_loaded_to_the_bit(model: AuthorClassifier, tmp_path: Path) -> None:
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert np.array_equal(again.predict_log_proba(TEXTS), model.predict_log_proba(TEXTS))
    one, other = (each.explain(TEXTS[0]).attributions[0] for each in (again, model))
    assert np.array_equal(one.values, other.values)
    assert "authors" in (tmp_path / "m" / "README.md").read_text(encoding="utf-8")


@given(st.text(min_size=1, max_size=25).filter(lambda text: not text.isspace()))
@settings(max_examples=40, deadline=None)
def test_any_text_is_explained_and_the_sum_is_the_verdict_s(model: AuthorClassifier, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        with pytest.raises(DataError, match="half a character"):
            model.explain(text)
        return
    seen = model.explain(text)
    assert all(0 <= start <= end <= len(text) for start, end in seen.spans)
    assert seen.prediction == model.predict([text])[0]
    exact, occluded = seen.attributions
    assert exact.error < 1e-9
    assert exact.total == pytest.approx(occluded.total, abs=1e-4)
    assert exact.start == pytest.approx(occluded.start, abs=1e-6)


def test_numbers_as_labels_and_scikit_learn_s_tools() -> None:
    labels = np.array([{"가": 3, "나": 7, "다": 11}[label] for label in LABELS])
    model = AuthorClassifier(**TINY)
    assert is_classifier(model)
    assert cross_val_score(clone(model), TEXTS, labels, cv=2, error_score="raise").mean() > 0.6
    fitted = model.fit(TEXTS, labels)
    assert set(fitted.predict(TEXTS)) <= {3, 7, 11}
    assert fitted.explain(TEXTS[0]).prediction in (3, 7, 11)


def test_the_discriminative_term_is_optional_and_large_vocabularies_shorten_runs() -> None:
    AuthorClassifier(**{**TINY, "epochs": 1}, discrimination=0).fit(TEXTS, LABELS)
    model = AuthorClassifier(**{**TINY, "epochs": 1, "ngrams": 40}).fit(TEXTS, LABELS)
    assert 2 < len(model.runs_) < 39


@pytest.mark.parametrize(
    ("texts", "labels", "expected"),
    [
        (TEXTS, ["가"] * len(TEXTS), "one class only"),
        ([*TEXTS[:-1], " "], LABELS, "is empty"),
        (TEXTS, LABELS[:-1], "one label a text"),
        ("나는", ["가"], "one text where a list"),
        ([*TEXTS[:-1], "\ud800"], LABELS, "half a character"),
    ],
)
def test_data_that_cannot_be_used(texts: Any, labels: Any, expected: str) -> None:
    with pytest.raises(DataError, match=expected):
        AuthorClassifier(**TINY).fit(texts, labels)


def test_wrong_settings_and_wrong_calls(model: AuthorClassifier) -> None:
    with pytest.raises(ParameterError, match="discrimination=-1"):
        AuthorClassifier(**TINY, discrimination=-1).fit(TEXTS, LABELS)
    with pytest.raises(DataError, match="where one text was expected"):
        model.explain(["나는"])
    with pytest.raises(DataError, match="never seen in training"):
        model.evaluate(["나는"], ["라"])
