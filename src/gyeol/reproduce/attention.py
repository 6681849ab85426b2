"""How much attention helps, and which kind: one translator without it and with each kind, by length of the source."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from gyeol import engine
from gyeol.engine import Progress
from gyeol.reproduce.entry import Reproduction
from gyeol.reproduce.translate import MULTI30K, captions, fitted

__all__ = ["ATTENTION", "LENGTHS", "WAYS", "by_length"]

#: The network of all of them.
SETTINGS: dict[str, Any] = {
    **MULTI30K,
    "hidden_size": 256,
    "num_layers": 1,
    "embedding_size": 256,
    "dropout": 0.3,
    "epochs": 5,
    "patience": 5,
    "learning_rate": 0.002,
    "averaging": 0.995,
}

#: Where the decoder looks, and by which score.
WAYS: dict[str, dict[str, Any]] = {
    "none": {"attention": None},
    "global, additive": {"attention": "global", "attention_score": "additive"},
    "global, general": {"attention": "global", "attention_score": "general"},
    # The dot needs states of one size on both sides: two directions would be projected, and that is the general score.
    "global, dot, one direction": {"attention": "global", "attention_score": "dot", "bidirectional": False},
    "global, location": {"attention": "global", "attention_score": "location"},
    "local-m, general": {"attention": "local-m", "attention_score": "general", "window": 4},
    "local-p, general": {"attention": "local-p", "attention_score": "general", "window": 4},
}

#: Words of a source, at most; the last is all that are longer.
LENGTHS = (10, 15, 20)


def by_length(
    sources: Sequence[str], outputs: Sequence[str], references: Sequence[str]
) -> dict[str, tuple[float, int]]:
    """Measure BLEU on sources of up to 10 words, 11 to 15, 16 to 20, and of more: the figure and how many there are."""
    groups: dict[str, list[int]] = {}
    names = [f"to {LENGTHS[0]}", *(f"{a + 1} to {b}" for a, b in pairwise(LENGTHS))]
    for place, source in enumerate(sources):
        group = sum(len(source.split()) > most for most in LENGTHS)
        groups.setdefault(names[group] if group < len(names) else f"over {LENGTHS[-1]}", []).append(place)
    ordered = [name for name in (*names, f"over {LENGTHS[-1]}") if name in groups]
    return {
        name: (
            engine.translation([outputs[i] for i in groups[name]], [references[i] for i in groups[name]])["bleu"],
            len(groups[name]),
        )
        for name in ordered
    }


def _attention(seed: int, threads: int | None, out: Path | None, progress: Progress | None) -> dict[str, Any]:
    train, valid, test = captions("de", "en")
    rows: list[dict[str, Any]] = []
    for name, way in WAYS.items():
        own = out if name == "global, additive" else None
        model = fitted(SETTINGS | way, train, valid, seed, threads, own, progress, "multi30k de-en (train)")
        sources, references = [*test[0], *valid[0]], [*test[1], *valid[1]]
        outputs = model.predict(sources)
        whole = engine.translation(outputs[: len(test[0])], test[1])
        lengths = by_length(sources, outputs, references)
        rows.append(
            {"attention": name, "test": f"{whole['bleu']:.1f}", "chrf": f"{whole['chrf']:.1f}"}
            | {f"{group} words ({count})": f"{bleu:.1f}" for group, (bleu, count) in lengths.items()}
            | {"seconds": f"{model.history_.seconds:.0f}"}
        )
        if progress is not None:
            progress.note(str(rows[-1]))
    test_bleu = {row["attention"]: float(row["test"]) for row in rows}
    return {"figure": test_bleu["global, additive"], "beside": test_bleu["none"], "parts": rows}


ATTENTION: dict[str, Reproduction] = {
    "attention": Reproduction(
        title="Multi30k, German to English: BLEU without attention and with each, by the source's length",
        metric="bleu",
        examples="pairs",
        setting="LSTM 1 x 256, both directions, additive attention; 5 epochs; beam 5; windows of 4 on either side",
        data="test 2016 (1,000 captions); by length: test and validation part (which chose the epoch), 2,014 captions",
        published=(),
        run=_attention,
        beside="the same without attention",
    ),
}
