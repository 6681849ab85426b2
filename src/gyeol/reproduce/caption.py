"""Captioners trained and measured: drawn scenes, aerial photographs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gyeol.data.synthetic.scenes import SCENES as SETS
from gyeol.engine import Progress
from gyeol.reproduce.entry import Published, Reproduction, check_complete

if TYPE_CHECKING:
    from gyeol.tasks import Captioner

__all__ = ["AERIAL", "CAPTIONERS", "SCENES", "most_frequent"]

#: Coloured shapes: what each is called, and where it is.
SCENES: dict[str, Any] = {
    "cell": "lstm",
    "hidden_size": 256,
    "attention": "global",
    "tokenizer": "word",
    "embedding_size": 128,
    "dropout": 0.0,
    "batch_size": 16,
    "epochs": 24,
    "patience": 24,
    "learning_rate": 0.001,
    "encoder": "residual",
    "image_size": 64,
    "channels": 32,
    "augmentation": "shift",
    "balance": 0.0,
    "naming": 1.0,
    "precision": "auto",
}

#: Photographs from above, of which there are few: they are turned, and parts of them are enlarged. Five people said of
#: each what is to be seen, so that the caption is written that others would bear out.
AERIAL: dict[str, Any] = {
    **SCENES,
    "min_count": 3,
    "dropout": 0.3,
    "epochs": 60,
    "patience": 60,
    "augmentation": "turn",
    "zoom": 0.35,
    "consensus": 20,
}


def _captioner(
    settings: dict[str, Any],
    data: str,
    metric: str,
    seed: int,
    threads: int | None,
    out: Path | None,
    progress: Progress | None,
) -> dict[str, Any]:
    from gyeol.data.annotations.captions import read_captions
    from gyeol.tasks import Captioner

    train, watched, test = (read_captions(data, role) for role in ("train", "valid", "test"))
    model = Captioner(**settings, random_state=seed, threads=threads)
    model.fit(
        train.images, train.captions, validation=(watched.images, watched.captions), progress=progress,
        about=train.about(),
    )  # fmt: skip
    check_complete(model)
    if out is not None:
        model.save(out)
    figures = model.evaluate(test.images, test.captions)
    usual = most_frequent(train.captions, test.captions)
    names = ("bleu_1", "bleu_2", "bleu_3", "bleu_4", "chrf", "exact", "perplexity")
    return {
        "figure": figures[metric],
        **{name: figures[name] for name in names},
        "valid": model.metrics_[f"valid_{metric}"],
        **({"novel": _novel(model, data)} if data in SETS else {}),
        "count": figures["count"],
        "beside": usual[metric],
    }


def _novel(model: Captioner, data: str) -> float:
    """Measure how many captions are right of scenes with a shape in a colour that training never has."""
    from gyeol.data.annotations.captions import read_captions

    novel = read_captions(data, "novel")
    return float(model.evaluate(novel.images, novel.captions)["exact"])


def most_frequent(train: Sequence[Sequence[str]], test: Sequence[Sequence[str]]) -> dict[str, float]:
    """Measure the most frequent caption of the training, for every image."""
    from gyeol.engine import captioning

    usual = Counter(text for some in train for text in some).most_common(1)[0][0]
    return captioning([usual] * len(test), test)


CAPTIONERS: dict[str, Reproduction] = {
    "captions": Reproduction(
        title="Drawn scenes, Korean captions that training never has: the share that is right word for word",
        metric="exact",
        examples="images",
        setting="residual net 32-64-128, LSTM 256 with attention; 24 epochs",
        data="scenes-ko: 3,200 drawn scenes, 400 watched, 400 of test; novel: 400 with a shape in a colour never seen",
        published=(),
        run=partial(_captioner, SCENES, "scenes-ko", "exact"),
        beside="measured here: the most frequent caption of the training, for every image",
    ),
    "captions-aerial": Reproduction(
        title="Aerial photographs (UCM-Captions): BLEU-4, nothing pretrained",
        metric="bleu",
        examples="images",
        setting="residual net 32-64-128 from scratch, LSTM 256 with attention; 60 epochs; the consensus of 20 captions",
        data="UCM-Captions as it is split: 1,680, 210 and 210 photographs, here of 64 x 64 pixels",
        published=(
            Published(52.5, "soft attention, VGG-16 trained on ImageNet, 224 x 224 (Lu et al. 2017), from memory"),
        ),
        run=partial(_captioner, AERIAL, "ucm_captions", "bleu"),
        beside="measured here: the most frequent caption of the training, for every image",
    ),
}
