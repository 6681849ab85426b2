"""Classifiers trained again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.engine import Progress
from gyeol.reproduce.entry import Published, Reproduction, check_complete

__all__ = ["CLASSIFIERS", "EXPLAINED", "NSMC", "changed_shares"]

#: The setting of `nsmc`, written out in full so that nothing hides in a default.
NSMC: dict[str, Any] = {
    "cell": "lstm",
    "hidden_size": 128,
    "num_layers": 1,
    "bidirectional": True,
    "attention": "global",
    "pooling": "mean+max",
    "tokenizer": "syllable",
    "ngrams": 3,
    "min_count": 2,
    "embedding_size": 128,
    "dropout": 0.4,
    "batch_size": 64,
    "epochs": 3,
    "learning_rate": 0.002,
    "clip_norm": 5.0,
    "averaging": 0.999,
    "precision": "bfloat16",
}


def _nsmc(seed: int, threads: int | None, out: Path | None, progress: Progress | None) -> dict[str, Any]:
    from gyeol.data.text.sources import find_source, read_labelled
    from gyeol.tasks import TextClassifier

    train = read_labelled(find_source("nsmc", "train"))
    test = read_labelled(find_source("nsmc", "test"))
    model = TextClassifier(**NSMC, random_state=seed, threads=threads)
    model.fit(train.texts, train.labels, progress=progress, about=train.about())
    check_complete(model)
    if out is not None:
        model.save(out)
    figures = model.evaluate(test.texts, test.labels)
    return {"figure": figures["accuracy"], "macro_f1": figures["macro_f1"], "count": figures["count"]}


#: The setting of `faithfulness`: a smaller training, whose explanations are asked of.
EXPLAINED: dict[str, Any] = {**NSMC, "epochs": 2, "precision": "float32"}
_LEARNED, _ASKED = 20_000, 500  # reviews
_SHARE = 0.2  # of a review's tokens
_DRAWS = 5  # of random tokens, a review


def _faithfulness(seed: int, threads: int | None, out: Path | None, progress: Progress | None) -> dict[str, Any]:
    from gyeol.data.text.sources import find_source, read_labelled
    from gyeol.tasks import TextClassifier

    train = read_labelled(find_source("nsmc", "train"))
    test = read_labelled(find_source("nsmc", "test"))
    model = TextClassifier(**EXPLAINED, random_state=seed, threads=threads)
    model.fit(train.texts[:_LEARNED], train.labels[:_LEARNED], progress=progress, about=train.about())
    check_complete(model)
    if out is not None:
        model.save(out)
    shares = changed_shares(model, test.texts, _ASKED, seed)
    rows = [{"deleted": name, "changed predictions": f"{share:.1%}"} for name, share in shares.items()]
    return {"figure": shares["integrated gradients"], "beside": shares["random"], "parts": rows, "count": _ASKED}


def changed_shares(model: Any, texts: Sequence[str], count: int, seed: int) -> dict[str, float]:
    """Delete a fifth of the tokens of texts, by what explanations say of them, and count changed predictions.

    Deleted are those that speak most for the prediction, or that attention weighs most (DeYoung et al. 2020,
    "ERASER", section 4.2: comprehensiveness), and five times as many by chance.

    Parameters
    ----------
    model : TextClassifier
    texts : sequence of str
    count : int
        How many of them; those of fewer than 5 tokens are passed over.
    seed : int

    Returns
    -------
    dict of str to float
        The share of predictions that change, by what was deleted.
    """
    draw = np.random.default_rng(seed)
    changed: dict[str, list[float]] = {}
    asked = 0
    for text in texts:
        if asked == count:
            break
        if len(model.inputs_.tokens(text)) < 5:
            continue
        seen = model.explain(text)
        asked += 1
        ways = [(one.method, one.values) for one in seen.attributions]
        ways += [("attention", one.weights[0]) for one in seen.attention]
        ways += [("random", draw.random(len(seen.tokens))) for _ in range(_DRAWS)]
        left = [_without(seen.text, seen.spans, values) for _, values in ways]
        for (name, _), answer in zip(ways, model.predict(left), strict=True):
            changed.setdefault(name, []).append(float(answer != seen.prediction))
    return {name: float(np.mean(found)) for name, found in changed.items()}


def _without(text: str, spans: Sequence[tuple[int, int]], values: npt.NDArray[Any]) -> str:
    """Delete the tokens of the largest values; a text of which nothing is left becomes a full stop."""
    most = np.argsort(-values, kind="stable")[: max(1, round(_SHARE * len(values)))]
    gone = {place for token in most.tolist() for place in range(*spans[token])}
    return "".join(character for place, character in enumerate(text) if place not in gone) or "."


CLASSIFIERS: dict[str, Reproduction] = {
    "faithfulness": Reproduction(
        title="Explanations of film reviews: how often a prediction changes without the tokens that speak most for it",
        metric="share of changed predictions, integrated gradients",
        setting="a fifth of the tokens deleted; BiLSTM 128/128 on syllables; 20,000 reviews, 2 epochs; 500 of the test",
        data="official test; rebuilt train",
        published=(),
        run=_faithfulness,
        beside="as many tokens deleted by chance, 5 times a review",
    ),
    "nsmc": Reproduction(
        title="Naver film reviews, positive or negative: test accuracy of one recurrent model",
        metric="accuracy",
        setting="BiLSTM 128/128 on syllables and their runs of 2 and 3, attention, mean and max; 3 epochs",
        data="official test, first quarter (12,500 rows), where the local copy is used; rebuilt train",
        published=(
            Published(0.8624, "LSTM, official files (KimHS0915/pytorch-nsmc)"),
            Published(0.8652, "BiLSTM with word2vec (KIISE 46(1), 2019)"),
            Published(0.8895, "an ensemble of stacked BiLSTMs (KIISE 46(1), 2019)"),
        ),
        run=_nsmc,
    ),
}
