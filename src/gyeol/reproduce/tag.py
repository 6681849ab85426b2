"""Taggers trained and measured: Korean names, Korean parts of speech."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gyeol.engine import Progress
from gyeol.reproduce.entry import Published, Reproduction, check_complete

if TYPE_CHECKING:
    from gyeol.data.tagging.sentences import TaggedSentences

__all__ = ["NAMES", "PARTS_OF_SPEECH", "TAGGERS"]

#: Names among morphemes, of which the part of speech and the place in the eojeol are given.
NAMES: dict[str, Any] = {
    "cell": "lstm",
    "hidden_size": 128,
    "num_layers": 1,
    "embedding_size": 100,
    "characters": "jamo",
    "character_size": 32,
    "head": "crf",
    "min_count": 2,
    "members": 4,
    "dropout": 0.5,
    "batch_size": 16,
    "epochs": 20,
    "patience": 20,
    "learning_rate": 0.004,
    "averaging": 0.995,
    "precision": "auto",
}

#: Parts of speech of eojeols, of which most were never seen: only their letters help.
PARTS_OF_SPEECH: dict[str, Any] = {**NAMES, "character_size": 64, "members": 1, "epochs": 30, "patience": 30}


def _tagger(
    settings: dict[str, Any],
    data: str,
    roles: tuple[str, str | None, str],
    columns: dict[str, Any],
    metric: str,
    seed: int,
    threads: int | None,
    out: Path | None,
    progress: Progress | None,
) -> dict[str, Any]:
    from gyeol.data.catalogue.lookup import resolve_file
    from gyeol.data.tagging.sentences import read_tagged
    from gyeol.tasks import SequenceTagger

    train, watched, test = (
        None if role is None else read_tagged(resolve_file(data, role), **columns)
        for role in (roles[0], roles[1], roles[2])
    )
    assert train is not None
    assert test is not None
    model = SequenceTagger(**settings, random_state=seed, threads=threads)
    model.fit(
        train.tokens, train.tags, validation=_pair(watched), progress=progress, about={"data": f"{data} ({roles[0]})"}
    )
    check_complete(model)
    if out is not None:
        model.save(out)
    figures = model.evaluate(test.tokens, test.tags)
    per = figures.get("per_kind") or figures["per_tag"]
    return {
        "figure": figures[metric],
        "accuracy": figures["accuracy"],
        "valid": model.metrics_[f"valid_{metric}"],
        "count": figures["count"],
        "tokens": figures["tokens"],
        "parts": [
            {"tag": name, **{key: f"{own[key]:.3f}" for key in ("precision", "recall", "f1")}}
            for name, own in per.items()
        ],
        **({"beside": most_frequent(train, test)} if metric == "accuracy" else {}),
    }


def most_frequent(train: TaggedSentences, test: TaggedSentences) -> float:
    """Accuracy of the tags that `usual_tags` gives."""
    pairs = [pair for rows in zip(usual_tags(train, test), test.tags, strict=True) for pair in zip(*rows, strict=True)]
    return sum(said == tag for said, tag in pairs) / len(pairs)


def usual_tags(train: TaggedSentences, test: TaggedSentences) -> list[list[str]]:
    """Give each token the tag that it had most often, and the most frequent one to tokens never seen."""
    counts: dict[Any, Counter[str]] = {}
    for tokens, tags in zip(train.tokens, train.tags, strict=True):
        for token, tag in zip(tokens, tags, strict=True):
            counts.setdefault(token, Counter())[tag] += 1
    usual = sum(counts.values(), Counter()).most_common(1)[0][0]
    best = {token: own.most_common(1)[0][0] for token, own in counts.items()}
    return [[best.get(token, usual) for token in tokens] for tokens in test.tokens]


def _pair(part: TaggedSentences | None) -> tuple[Any, Any] | None:
    return None if part is None else (part.tokens, part.tags)


TAGGERS: dict[str, Reproduction] = {
    "korean-names": Reproduction(
        title="Korean names (KLP 2016): F1 of spans, morphemes with parts of speech and the eojeols they are of given",
        metric="f1",
        examples="sentences",
        setting="four LSTMs 128 over words, jamo, parts of speech and places, one CRF; no other text; 20 epochs",
        data="KLP 2016 as it is split: 2,928, 366 and 366 sentences",
        published=(Published(0.85, "the least of what BiLSTM-CRFs were reported to reach, unverified"),),
        run=partial(_tagger, NAMES, "korean_ner", ("train", "valid", "test"), {"beside": ["3"], "within": "1"}, "f1"),
    ),
    "korean-pos": Reproduction(
        title="Korean parts of speech (UD GSD, UPOS): accuracy, from 950 sentences",
        metric="accuracy",
        examples="sentences",
        setting="LSTM 128 over eojeols and their jamo, CRF; 30 epochs",
        data="UD Korean GSD: trained on the development part, a tenth of it watched; 989 sentences of test",
        published=(),
        run=partial(_tagger, PARTS_OF_SPEECH, "ud_korean", ("valid", None, "test"), {}, "accuracy"),
        beside="measured here: each eojeol's most frequent tag, and the most frequent of all for those never seen",
    ),
}
