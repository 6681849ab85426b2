"""Translators trained again."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gyeol.engine import Progress
from gyeol.reproduce.entry import Published, Reproduction, check_complete

if TYPE_CHECKING:
    from gyeol.tasks import Translator

__all__ = ["MULTI30K", "REVERSE", "TRANSLATORS", "Part", "captions", "fitted"]

Part = tuple[list[str], list[str]]

#: Captions of pictures.
MULTI30K: dict[str, Any] = {
    "cell": "lstm",
    "hidden_size": 512,
    "num_layers": 1,
    "embedding_size": 384,
    "attention": "global",
    "attention_score": "additive",
    "tokenizer": "bpe",
    "dropout": 0.4,
    "batch_size": 500,
    "epochs": 12,
    "patience": 12,
    "learning_rate": 0.0015,
    "label_smoothing": 0.1,
    "averaging": 0.998,
    "precision": "auto",
}

#: Up to twenty letters, backwards.
REVERSE: dict[str, Any] = {
    "cell": "lstm",
    "hidden_size": 128,
    "num_layers": 1,
    "embedding_size": 64,
    "tokenizer": "whitespace",
    "dropout": 0.0,
    "batch_size": 500,
    "epochs": 10,
    "learning_rate": 0.005,
    "label_smoothing": 0.0,
    "averaging": 0.99,
    "precision": "auto",
}


def _multi30k(
    source: str, target: str, seed: int, threads: int | None, out: Path | None, progress: Progress | None
) -> dict[str, Any]:
    train, valid, test = captions(source, target)
    model = fitted(MULTI30K, train, valid, seed, threads, out, progress, f"multi30k {source}-{target} (train)")
    figures = model.evaluate(*test)
    return {
        "figure": figures["bleu"], "chrf": figures["chrf"], "signature": figures["signature"],
        "valid": model.metrics_["valid_bleu"], "epochs": len(model.history_.records),
        "weights": sum(p.numel() for p in model.net_.parameters()),
    }  # fmt: skip


def _reverse(seed: int, threads: int | None, out: Path | None, progress: Progress | None) -> dict[str, Any]:
    from gyeol.data.synthetic.sequences import MAKERS

    parts = []
    for count, own in ((20_000, seed), (500, seed + 1_000_003), (1_000, seed + 2_000_003)):
        rows = list(MAKERS["reverse"](count, 20, own))
        parts.append(([text for text, _ in rows], [text for _, text in rows]))
    model = fitted(REVERSE, parts[0], parts[1], seed, threads, out, progress, "reverse (made)")
    sources, targets = parts[2]
    exact = sum(wrote == wanted for wrote, wanted in zip(model.predict(sources), targets, strict=True))
    return {"figure": exact / len(sources), "count": len(sources)}


def captions(source: str, target: str) -> list[Part]:
    """Read the captions of pictures in two languages: to train on, to watch, to test."""
    from gyeol.data.text.parallel import read_parallel

    read = (read_parallel("multi30k", role, input=source, target=target) for role in ("train", "valid", "test"))
    return [(part.sources, part.targets) for part in read]


def fitted(
    settings: dict[str, Any],
    train: Part,
    valid: Part,
    seed: int,
    threads: int | None,
    out: Path | None,
    progress: Progress | None,
    name: str,
) -> Translator:
    """Train a translator, and save it if requested."""
    from gyeol.tasks import Translator

    model = Translator(**settings, random_state=seed, threads=threads)
    model.fit(*train, validation=valid, progress=progress, about={"data": name})
    check_complete(model)
    if out is not None:
        model.save(out)
    return model


_CAPTIONS = "LSTM 1 x 512, both directions, additive attention, subwords, no outside data; 12 epochs; beam 5"
_TEST = "Multi30k, test 2016 (1,000 captions), as it is written, capitals included; sacrebleu"

TRANSLATORS: dict[str, Reproduction] = {
    "multi30k-de-en": Reproduction(
        title="Multi30k, German to English: BLEU of a recurrent translator",
        metric="bleu",
        examples="pairs",
        setting=_CAPTIONS,
        data=_TEST,
        published=(Published(33.5, "a GRU with additive attention, one run; other tokens"),),
        run=partial(_multi30k, "de", "en"),
    ),
    "multi30k-en-de": Reproduction(
        title="Multi30k, English to German: BLEU of a recurrent translator",
        metric="bleu",
        examples="pairs",
        setting=_CAPTIONS,
        data=_TEST,
        published=(Published(34.0, "no publication: the aim"),),
        run=partial(_multi30k, "en", "de"),
    ),
    "reverse": Reproduction(
        title="Up to twenty letters written backwards: share of texts without a mistake",
        metric="exact",
        examples="pairs",
        setting="LSTM of 128 units, additive attention, 20,000 texts; 10 epochs at most",
        data="gyeol data make reverse, 1,000 other texts",
        published=(Published(1.0, "no publication: the aim; JoeyNMT's tutorial task is its like"),),
        run=_reverse,
    ),
}
