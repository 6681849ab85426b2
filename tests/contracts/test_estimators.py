"""What every estimator owes to scikit-learn, checked over `TASKS`; and TextClassifier inside scikit-learn's tools."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

from gyeol import GyeolError, ParameterError, TextClassifier
from gyeol.tasks import TASKS, Estimator

TEXTS = [f"{text} {i}" for i in range(5) for text in ("정말 좋아요", "진짜 재밌네", "정말 싫어요", "별로였다")]
LABELS = ["긍정", "긍정", "부정", "부정"] * 5
SERIES = [np.sin(np.arange(6 + i % 3) * (1 + i % 4)) for i in range(20)]
WAVES = np.sin(np.arange(240.0).reshape(120, 2, order="F") / 3)
#: For every task what it learns from, and settings that make it quick. A new task needs a line here.
EXAMPLES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "classify": (
        TEXTS,
        LABELS,
        {
            "hidden_size": 6,
            "embedding_size": 6,
            "tokenizer": "syllable",
            "epochs": 3,
            "learning_rate": 0.03,
            "batch_size": 8,
            "threads": 1,
        },
    ),
    "language": (
        TEXTS,
        None,
        {
            "hidden_size": 6,
            "embedding_size": 6,
            "tokenizer": "syllable",
            "epochs": 2,
            "batch_size": 4,
            "bptt": 8,
            "threads": 1,
        },
    ),
    "translate": (
        TEXTS,
        [text[::-1] for text in TEXTS],
        {
            "hidden_size": 6,
            "embedding_size": 6,
            "tokenizer": "syllable",
            "epochs": 2,
            "batch_size": 60,
            "threads": 1,
        },
    ),
    "author": (
        TEXTS,
        LABELS,
        {
            "hidden_size": 6,
            "embedding_size": 6,
            "tokenizer": "syllable",
            "epochs": 2,
            "batch_size": 8,
            "threads": 1,
        },
    ),
    "tag": (
        [text.split() for text in TEXTS],
        [["X" if len(word) > 2 else "Y" for word in text.split()] for text in TEXTS],
        {
            "hidden_size": 6,
            "embedding_size": 6,
            "character_size": 4,
            "epochs": 2,
            "batch_size": 8,
            "threads": 1,
        },
    ),
    "frames": (
        SERIES,
        [np.where(np.diff(one, prepend=0.0) > 0, "up", "down") for one in SERIES],
        {"hidden_size": 6, "epochs": 2, "batch_size": 8, "threads": 1},
    ),
    "series": (SERIES, LABELS, {"hidden_size": 6, "epochs": 2, "batch_size": 8, "threads": 1}),
    "regress": (
        SERIES,
        np.arange(20) % 4 / 3,
        {"hidden_size": 6, "epochs": 2, "batch_size": 8, "threads": 1},
    ),
    "regress-text": (
        TEXTS,
        [9.0, 8.5, 1.0, 2.5] * 5,
        {
            "hidden_size": 6,
            "embedding_size": 6,
            "tokenizer": "syllable",
            "epochs": 2,
            "batch_size": 8,
            "threads": 1,
        },
    ),
    "transcribe": (
        [np.sin(np.arange(900 + 40 * n) * (0.2 + 0.1 * (n % 4))).astype(np.float32) for n in range(20)],
        LABELS,
        {
            "sample_rate": 8000,
            "hidden_size": 6,
            "mels": 8,
            "epochs": 2,
            "batch_size": 8,
            "threads": 1,
        },
    ),
    "caption": (
        [np.full((16, 16, 3), 10 * n, np.uint8) for n in range(20)],
        [["어둡다", "빛이 없다"] if n < 10 else "밝다" for n in range(20)],
        {
            "hidden_size": 6,
            "embedding_size": 6,
            "channels": 4,
            "image_size": 16,
            "epochs": 2,
            "batch_size": 8,
            "threads": 1,
        },
    ),
    "forecast": (
        WAVES,
        None,
        {
            "horizon": 6,
            "lookback": 20,
            "segment": 5,
            "hidden_size": 6,
            "epochs": 2,
            "batch_size": 16,
            "threads": 1,
        },
    ),
    "spell": (
        TEXTS,
        None,
        {
            "hidden_size": 6,
            "embedding_size": 6,
            "epochs": 2,
            "batch_size": 4,
            "bptt": 8,
            "threads": 1,
        },
    ),
}


@pytest.fixture(params=TASKS)
def task(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(task: str, **settings: Any) -> Estimator:
    return TASKS[task](**{**EXAMPLES[task][2], **settings})


def arguments(kind: type[Estimator]) -> dict[str, inspect.Parameter]:
    return {name: p for name, p in inspect.signature(kind.__init__).parameters.items() if name != "self"}


def test_every_task_has_an_example_here() -> None:
    assert set(EXAMPLES) == set(TASKS)


def test_the_constructor_takes_keywords_with_defaults_and_only_stores_them(task: str) -> None:
    kind = TASKS[task]
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in arguments(kind).values())
    values = {name: object() for name in arguments(kind)}  # nothing is looked at, nothing is made of them
    stored = vars(kind(**values))
    assert stored.keys() == values.keys()
    assert all(stored[name] is values[name] for name in values)


def test_the_rules_name_exactly_the_arguments_in_their_order(task: str) -> None:
    kind = TASKS[task]
    assert list(kind.rules) == list(arguments(kind))
    assert {name: rule(arguments(kind)[name].default) for name, rule in kind.rules.items()} == dict.fromkeys(
        kind.rules, ""
    )


def test_the_docstring_names_every_argument(task: str) -> None:
    text = inspect.getdoc(TASKS[task]) or ""
    section = text.split("Parameters\n----------\n")[1].split("\n\nAttributes")[0]
    named = {name for line in re.findall(r"^(\w[\w, ]*)", section, flags=re.MULTILINE) for name in line.split(", ")}
    assert {name.strip() for name in named} == set(arguments(TASKS[task]))


def test_settings_are_given_taken_and_cloned(task: str) -> None:
    model = made(task, random_state=7)
    assert list(model.get_params()) == sorted(arguments(TASKS[task]))
    assert model.set_params(epochs=5, dropout=0.25) is model
    assert (model.epochs, model.dropout) == (5, 0.25)
    again = clone(model)
    assert again is not model
    assert again.get_params() == model.get_params()
    with pytest.raises(ValueError, match="Invalid parameter 'epoch'"):
        model.set_params(epoch=5)
    with pytest.raises(TypeError, match="epoch"):
        TASKS[task](epoch=5)
    assert "random_state=7" in repr(model)


def test_fit_returns_self_keeps_the_settings_and_adds_names_that_end_in_an_underscore(task: str) -> None:
    X, y, _ = EXAMPLES[task]
    model = made(task)
    before = dict(vars(model))
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    for ask in (name for name in ("predict", "predict_proba", "score") if hasattr(model, name)):
        with pytest.raises((NotFittedError, GyeolError)) as caught:
            getattr(model, ask)(*((X, y) if ask == "score" else (X,)))
        assert isinstance(caught.value, GyeolError)
        assert isinstance(caught.value, NotFittedError)
    assert model.fit(X, y) is model
    check_is_fitted(model)
    assert all(vars(model)[name] is value for name, value in before.items())
    added = set(vars(model)) - set(before)
    assert {"net_", "history_", "metrics_", "about_"} <= added
    assert [name for name in added if not name.startswith("_") and not name.endswith("_")] == []
    assert not hasattr(clone(model), "net_")


def test_a_setting_is_looked_at_when_fit_is_called(task: str) -> None:
    X, y, _ = EXAMPLES[task]
    with pytest.raises(ParameterError, match="epochs=0 must be a whole number, 1 or more"):
        made(task, epochs=0).fit(X, y)


def test_the_random_state_decides_and_fit_begins_anew(task: str) -> None:
    X, y, _ = EXAMPLES[task]

    def weights(seed: int) -> list[torch.Tensor]:
        return list(made(task, random_state=seed).fit(X, y).net_.state_dict().values())

    first, again, other = weights(1), weights(1), weights(2)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))
    model = made(task, random_state=2).fit(X, y).set_params(random_state=1).fit(X, y)
    assert all(torch.equal(a, b) for a, b in zip(first, model.net_.state_dict().values(), strict=True))


# Inside scikit-learn's tools.


def classifier(**settings: Any) -> TextClassifier:
    return TextClassifier(**{**EXAMPLES["classify"][2], "epochs": 6, **settings})


def test_it_is_a_classifier_that_learns() -> None:
    assert is_classifier(classifier())
    assert classifier().fit(TEXTS, LABELS).score(TEXTS, LABELS) == 1.0


@pytest.mark.parametrize("form", [list, np.array, lambda values: np.array(values, dtype=object)])
def test_grid_search(form: Any) -> None:
    grid = {"hidden_size": np.array([2, 8])}  # np.int64, as every search over an array hands it over
    search = GridSearchCV(classifier(), grid, cv=2, error_score="raise").fit(form(TEXTS), form(LABELS))
    assert search.best_params_["hidden_size"] in (2, 8)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.net_.recurrent.hidden_size == search.best_params_["hidden_size"]
    assert set(search.predict(TEXTS)) == set(LABELS)


def test_cross_validation() -> None:
    scores = cross_val_score(classifier(epochs=16), TEXTS, LABELS, cv=2, error_score="raise")
    assert scores.shape == (2,)
    assert scores.mean() > 0.5
    probabilities = cross_val_predict(classifier(), TEXTS, LABELS, cv=2, method="predict_proba")
    np.testing.assert_allclose(probabilities.sum(1), 1.0)


def strip(texts: list[str]) -> list[str]:
    return [text.strip(" !") for text in texts]


def test_pipeline() -> None:
    pipeline = Pipeline([("strip", FunctionTransformer(strip)), ("classify", classifier())]).fit(TEXTS, LABELS)
    loud = [f"  {text} !!" for text in TEXTS]
    assert np.array_equal(pipeline.predict_proba(loud), pipeline.predict_proba(TEXTS))
    assert pipeline.score(loud, LABELS) == 1.0
    assert clone(pipeline).set_params(classify__hidden_size=3).fit(TEXTS, LABELS)["classify"].hidden_size == 3
