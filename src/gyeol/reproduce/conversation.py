"""Translators of Korean: answers to what people say, and translations into English, with samples of their output."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gyeol.engine import Progress
from gyeol.inputs.tokens.base import Tokenizer
from gyeol.reproduce.entry import Reproduction
from gyeol.reproduce.translate import Part, fitted

__all__ = ["CHAT", "CONVERSATION", "KOREAN_ENGLISH", "split_by_source"]

SAMPLES = 20

#: Questions and answers.
CHAT: dict[str, Any] = {
    "cell": "lstm",
    "hidden_size": 256,
    "num_layers": 1,
    "embedding_size": 256,
    "attention": "global",
    "attention_score": "additive",
    "pieces": 4000,
    "dropout": 0.4,
    "batch_size": 400,
    "epochs": 15,
    "patience": 15,
    "learning_rate": 0.002,
    "label_smoothing": 0.1,
    "averaging": 0.998,
    "precision": "auto",
}

#: Sentences of everyday life.
KOREAN_ENGLISH: dict[str, Any] = {**CHAT, "hidden_size": 320, "embedding_size": 320, "epochs": 20, "patience": 20}

#: Verses: four times as many, three times as long.
BIBLE: dict[str, Any] = {
    **CHAT,
    "hidden_size": 400,
    "embedding_size": 300,
    "pieces": 8000,
    "dropout": 0.3,
    "epochs": 12,
}


def split_by_source(pairs: Part, seed: int, *, valid: int = 5, test: int = 10) -> list[Part]:
    """Split pairs into train, valid and test (per cent); pairs with the same source go to the same part."""
    sources = sorted(set(pairs[0]))
    draw = np.random.default_rng([seed, 0xC4A7]).permutation(len(sources)) * 100 // len(sources)
    part_of = {
        source: int(n >= valid) + int(n >= valid + test) for source, n in zip(sources, draw.tolist(), strict=True)
    }
    parts: list[Part] = [([], []), ([], []), ([], [])]
    for source, target in zip(*pairs, strict=True):
        parts[part_of[source]][0].append(source)
        parts[part_of[source]][1].append(target)
    return [parts[2], parts[0], parts[1]]


def _chat(seed: int) -> list[Part]:
    from gyeol.data.text.parallel import read_parallel

    pairs = read_parallel("korean_chatbot", "all", skip_bad_rows=True)
    return split_by_source((pairs.sources, pairs.targets), seed)


def _sentences(seed: int) -> list[Part]:
    """Tatoeba's and gyeol's own. By the English side, for many Korean sentences of Tatoeba have one English."""
    from gyeol.data.text.parallel import read_parallel

    english, korean = [], []
    for name, role, ko, en in (
        ("ko_en", "all", "2", "1"), ("pairs-ko-en", "train", "ko", "en"), ("pairs-ko-en", "valid", "ko", "en")
    ):  # fmt: skip
        pairs = read_parallel(name, role, input=ko, target=en, skip_bad_rows=True)
        korean += pairs.sources
        english += pairs.targets
    return [(sources, targets) for targets, sources in split_by_source((english, korean), seed)]


def _verses(seed: int) -> list[Part]:
    """The split that the file names, whatever the seed."""
    import polars as pl

    from gyeol.data.catalogue.lookup import resolve_file

    verses = pl.read_csv(resolve_file("ko_en", "bible"), separator="\t", quote_char=None)
    parts = []
    for role in ("train", "dev", "test"):
        rows = verses.filter(pl.col("split") == role).select("ko_okb_modern", "en_web").drop_nulls()
        pairs = [(ko, en) for ko, en in rows.rows() if ko.strip() and en.strip()]
        parts.append(([ko for ko, _ in pairs], [en for _, en in pairs]))
    return parts


def _written(
    settings: dict[str, Any],
    read: Any,
    name: str,
    seed: int,
    threads: int | None,
    out: Path | None,
    progress: Progress | None,
) -> dict[str, Any]:
    train, valid, test = read(seed)
    chosen: dict[str, Any] = {key: value for key, value in settings.items() if key != "pieces"}
    chosen["tokenizer"] = _pieces(settings["pieces"])
    model = fitted(chosen, train, valid, seed, threads, out, progress, name)
    figures = model.evaluate(*test)
    some = np.random.default_rng(seed).permutation(len(test[0]))[:SAMPLES].tolist()
    outputs = model.predict([test[0][i] for i in some])
    return {
        "figure": figures["bleu"],
        "beside": _most_frequent(train[1], test[1]),
        "chrf": figures["chrf"],
        "perplexity": figures["perplexity"],
        "count": figures["count"],
        "epochs": len(model.history_.records),
        "signature": figures["signature"],
        "parts": [
            {"given": test[0][i], "wrote": wrote, "wanted": test[1][i]} for i, wrote in zip(some, outputs, strict=True)
        ],
    }  # fmt: skip


def _pieces(size: int) -> Tokenizer:
    from gyeol.inputs.tokens.byte_pairs import BPE

    return BPE(size=size)


def _most_frequent(train: Sequence[str], references: Sequence[str]) -> float:
    """BLEU of one answer to everything: the most frequent of the training part."""
    from collections import Counter

    from gyeol import engine

    most = Counter(train).most_common(1)[0][0]
    return engine.translation([most] * len(references), references)["bleu"]


_BESIDE = "measured here: the training part's most frequent target, whatever is given"

CONVERSATION: dict[str, Reproduction] = {
    "chat-ko": Reproduction(
        title="Korean chatbot pairs: BLEU of answers, and twenty of them",
        metric="bleu",
        examples="pairs",
        setting="LSTM 1 x 256, both directions, additive attention, 4,000 pieces; 15 epochs; beam 5",
        data="songys/Chatbot_data, no official split: a tenth of the questions, by chance; eojeols are BLEU's words",
        published=(),
        run=partial(_written, CHAT, _chat, "korean_chatbot (train)"),
        beside=_BESIDE,
    ),
    "sentences-ko-en": Reproduction(
        title="Everyday Korean to English: BLEU, and twenty translations",
        metric="bleu",
        examples="pairs",
        setting="LSTM 1 x 320, both directions, additive attention, 4,000 pieces; 20 epochs; beam 5",
        data="Tatoeba's 3,798 pairs and gyeol's 3,797, a tenth of the English sentences by chance",
        published=(),
        run=partial(_written, KOREAN_ENGLISH, _sentences, "ko_en and pairs-ko-en (train)"),
        beside=_BESIDE,
    ),
    "bible-ko-en": Reproduction(
        title="The Bible, Korean (OKB) to English (WEB): BLEU, and twenty verses",
        metric="bleu",
        examples="pairs",
        setting="LSTM 1 x 400, both directions, additive attention, 8,000 pieces; 12 epochs; beam 5",
        data="split by chapters; 1,144 verses of test",
        published=(),
        run=partial(_written, BIBLE, _verses, "ko_en bible (train)"),
        beside=_BESIDE,
    ),
}  # fmt: skip
