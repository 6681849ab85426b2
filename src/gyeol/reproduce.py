"""Published settings trained again: a literal table, one entry each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gyeol import reproduce_spelling
from gyeol.engine import Progress
from gyeol.errors import ParameterError, closest

__all__ = ["REPRODUCTIONS", "Published", "Reproduction", "run"]


@dataclass(frozen=True, slots=True)
class Published:
    """A figure that somebody published, and where."""

    figure: float
    source: str


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A setting to train: what it is, which figure it answers with, what others got, and how to run it.

    ``run(seed, threads, out, progress)`` returns ``figure`` and whatever else belongs to the answer.
    """

    title: str
    metric: str
    setting: str
    data: str
    published: tuple[Published, ...]
    run: Callable[..., dict[str, Any]]


def _nsmc(seed: int, threads: int | None, out: Path | None, progress: Progress | None) -> dict[str, Any]:
    from gyeol.data.sources import find_source, read_labelled
    from gyeol.tasks import TextClassifier

    train = read_labelled(find_source("nsmc", "train"))
    test = read_labelled(find_source("nsmc", "test"))
    model = TextClassifier(**NSMC, random_state=seed, threads=threads)
    model.fit(train.texts, train.labels, progress=progress, about=train.about())
    if model.history_.stopped == "interrupted":  # a figure of half a training would be taken for the whole one's
        raise KeyboardInterrupt
    if out is not None:
        model.save(out)
    figures = model.evaluate(test.texts, test.labels)
    return {"figure": figures["accuracy"], "macro_f1": figures["macro_f1"], "count": figures["count"]}


def _ptb_small(seed: int, threads: int | None, out: Path | None, progress: Progress | None) -> dict[str, Any]:
    from gyeol.data.sources import Texts, find_source
    from gyeol.tasks import LanguageModel

    train, valid, test = (
        [text.strip() for text in Texts(find_source("ptb", role))] for role in ("train", "valid", "test")
    )
    model = LanguageModel(**PTB_SMALL, random_state=seed, threads=threads)
    model.fit(train, validation=(valid, None), progress=progress, about={"data": "ptb (train)"})
    if model.history_.stopped == "interrupted":
        raise KeyboardInterrupt
    if out is not None:
        model.save(out)
    figures = model.evaluate(test)
    return {"figure": figures["perplexity"], "valid": model.metrics_["valid_perplexity"], "tokens": figures["tokens"]}


#: The setting of `ptb-small`.
PTB_SMALL: dict[str, Any] = {
    "cell": "lstm",
    "hidden_size": 200,
    "num_layers": 2,
    "embedding_size": 200,
    "tokenizer": "whitespace",
    "min_count": 1,
    "dropout": 0.0,
    "tied": True,
    "batch_size": 20,
    "bptt": 35,
    "epochs": 9,
    "learning_rate": 0.004,
    "clip_norm": 1.0,
    "averaging": 0.999,
    "precision": "auto",
}

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

#: What can be reproduced, by name.
REPRODUCTIONS: dict[str, Reproduction] = {
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
    "ptb-small": Reproduction(
        title="Penn Treebank: test perplexity of a language model of two LSTM layers of 200 units, without dropout",
        metric="perplexity",
        setting="LSTM 2 x 200, tied, 10,000 words, state carried; Adam, averaged weights; 9 epochs",
        data="Mikolov's split; 82,430 test tokens, line ends among them",
        published=(
            Published(114.5, "Zaremba, Sutskever and Vinyals 2014, table 1, non-regularized LSTM (2 x 200)"),
            Published(82.7, "the same, medium regularized LSTM (2 x 650, dropout)"),
        ),
        run=_ptb_small,
    ),
    "spelling-en": Reproduction(
        title="English spelling: words of Norvig's first test set put right, each alone",
        metric="accuracy",
        setting="edits learned from pairs, two GRUs of 192 units over letters, log-linear weights",
        data="270 pairs, none of which is trained on; Birkbeck, Aspell, Wikipedia lists; wikitext2, imdb, Bible",
        published=(Published(0.75, "Norvig, How to Write a Spelling Corrector (norvig.com), the same 270 pairs"),),
        run=reproduce_spelling.english,
    ),
    "spelling-ko": Reproduction(
        title="Korean spelling: typing errors made by rule in reviews and sentences, found and mended",
        metric="precision",
        setting="edits of jamo, two GRUs of 192 units over syllables, log-linear weights",
        data="1,500 reviews of NSMC's test part and 989 sentences of UD Korean's; a word in ten mistyped",
        published=(Published(0.9, "no publication: the aim; the errors are those of gyeol data make typos"),),
        run=reproduce_spelling.korean,
    ),
}


def run(
    name: str,
    *,
    seed: int = 0,
    threads: int | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train a published setting again.

    Returns
    -------
    dict
        ``figure`` (measured here), ``published`` and ``source`` (the nearest kin), ``others`` (all
        that was published), ``seconds``, ``metric``, ``setting``, ``data``.

    Raises
    ------
    ParameterError
        For a name that is not in the table.
    """
    if name not in REPRODUCTIONS:
        raise ParameterError(f"there is no reproduction {name!r}{closest(name, REPRODUCTIONS)}")
    entry = REPRODUCTIONS[name]
    begun = time.monotonic()
    result = entry.run(seed=seed, threads=threads, out=out, progress=progress)
    return {
        "name": name,
        "metric": entry.metric,
        **result,
        "published": entry.published[0].figure,
        "source": entry.published[0].source,
        "others": [{"figure": p.figure, "source": p.source} for p in entry.published],
        "seconds": round(time.monotonic() - begun, 1),
        "setting": entry.setting,
        "data": entry.data,
    }
