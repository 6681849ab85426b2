"""Classifiers trained again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gyeol.engine import Progress
from gyeol.reproduce.entry import Published, Reproduction, check_complete

__all__ = ["CLASSIFIERS", "NSMC"]

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


CLASSIFIERS: dict[str, Reproduction] = {
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
