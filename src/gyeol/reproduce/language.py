"""Language models trained again."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from gyeol.engine import Progress
from gyeol.reproduce.entry import Published, Reproduction, check_complete

__all__ = ["LANGUAGE_MODELS", "PTB_MEDIUM", "PTB_SMALL", "SHAKESPEARE", "WIKITEXT2"]

#: Two layers of 200 without dropout.
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
    "epochs": 13,
    "optimizer": "sgd",
    "learning_rate": 20.0,
    "clip_norm": 0.25,
    "averaging": 0.999,
    "patience": 13,
    "precision": "auto",
}

#: What one hour on two cores gives.
PTB_MEDIUM: dict[str, Any] = {
    **PTB_SMALL,
    "hidden_size": 650,
    "embedding_size": 400,
    "dropout": 0.35,
    "weight_dropout": 0.2,
    "activation_penalty": 1.0,
    "epochs": 17,
    "patience": 17,
}

#: The same for a corpus of twice as many words, 33,000 of them different: most of a step would be the softmax.
WIKITEXT2: dict[str, Any] = {
    **PTB_MEDIUM,
    "dropout": 0.25,
    "weight_dropout": 0.1,
    "epochs": 8,
    "patience": 8,
    "softmax_samples": 4096,
}

#: Characters, two layers of 512.
SHAKESPEARE: dict[str, Any] = {
    "cell": "lstm",
    "hidden_size": 512,
    "num_layers": 2,
    "embedding_size": 512,
    "tokenizer": "syllable",
    "dropout": 0.4,
    "batch_size": 50,
    "bptt": 100,
    "epochs": 16,
    "patience": 4,
    "learning_rate": 0.003,
    "clip_norm": 1.0,
    "averaging": 0.998,
    "precision": "auto",
}

Lines = list[str]


def _read(data: str) -> tuple[Lines, Lines, Lines]:
    from gyeol.data.text.sources import Texts, find_source

    train, valid, test = ([text.strip() for text in Texts(find_source(data, r))] for r in ("train", "valid", "test"))
    return train, valid, test


def _read_shakespeare() -> tuple[Lines, Lines, Lines]:
    """Hold the last twentieth of the characters back, as char-rnn does."""
    from gyeol.data.text.sources import Texts, find_source

    lines = list(Texts(find_source("tinyshakespeare", "all")))
    left, cut = sum(len(line) + 1 for line in lines) * 95 // 100, 0
    while left > 0:
        left -= len(lines[cut]) + 1
        cut += 1
    return lines[:cut], lines[cut:], lines[cut:]


def _language(
    data: str,
    settings: dict[str, Any],
    metric: str,
    seed: int,
    threads: int | None,
    out: Path | None,
    progress: Progress | None,
) -> dict[str, Any]:
    from gyeol.tasks import LanguageModel

    train, valid, test = _read_shakespeare() if data == "tinyshakespeare" else _read(data)
    model = LanguageModel(**settings, random_state=seed, threads=threads)
    model.fit(train, validation=(valid, None), progress=progress, about={"data": f"{data} (train)"})
    check_complete(model)
    if out is not None:
        model.save(out)
    figures = model.evaluate(test)
    weights = sum(p.numel() for p in model.net_.parameters())
    answer = {"figure": figures[metric], "valid": model.metrics_[f"valid_{metric}"], "tokens": figures["tokens"]}
    return {**answer, "perplexity": figures["perplexity"], "weights": weights, "epochs": len(model.history_.records)}


_ZAREMBA = "Zaremba, Sutskever and Vinyals 2014, table 1"

LANGUAGE_MODELS: dict[str, Reproduction] = {
    "ptb-small": Reproduction(
        title="Penn Treebank: test perplexity of a language model of two LSTM layers of 200 units, without dropout",
        metric="perplexity",
        examples="tokens",
        setting="LSTM 2 x 200, tied, 10,000 words, state carried; SGD, averaged weights; 13 epochs",
        data="Mikolov's split; 82,430 test tokens, line ends among them",
        published=(
            Published(114.5, f"{_ZAREMBA}, non-regularized LSTM (2 x 200)"),
            Published(82.7, "the same, medium regularized LSTM (2 x 650, dropout)"),
        ),
        run=partial(_language, "ptb", PTB_SMALL, "perplexity"),
    ),
    "ptb-medium": Reproduction(
        title="Penn Treebank: the test perplexity that an hour on two cores gives",
        metric="perplexity",
        examples="tokens",
        setting="LSTM 650 and 400, tied; dropout of words, features and recurrent weights, activation penalty; SGD, "
        "averaged weights; 17 epochs",
        data="Mikolov's split; 82,430 test tokens, line ends among them",
        published=(
            Published(82.7, f"{_ZAREMBA}, medium regularized LSTM (2 x 650)"),
            Published(58.8, "Merity, Keskar and Socher 2018, AWD-LSTM not finetuned (24M weights, a GPU)"),
        ),
        run=partial(_language, "ptb", PTB_MEDIUM, "perplexity"),
    ),
    "wikitext2-awd": Reproduction(
        title="WikiText-2: test perplexity by the recipe of AWD-LSTM, smaller",
        metric="perplexity",
        examples="tokens",
        setting="LSTM 650 and 400, tied, 33,278 words; dropout of words, features and recurrent weights, activation "
        "penalty; 4,096 words drawn for the softmax; SGD, averaged weights; 8 epochs",
        data="WikiText-2 as published, 245,569 test tokens, line ends among them",
        published=(
            Published(65.8, "Merity, Keskar and Socher 2018, AWD-LSTM (33M weights, 750 epochs on a GPU)"),
            Published(100.9, "Merity et al. 2016, variational LSTM with zoneout"),
        ),
        run=partial(_language, "wikitext2", WIKITEXT2, "perplexity"),
    ),
    "shakespeare-char": Reproduction(
        title="Tiny Shakespeare, character by character: loss on the last twentieth",
        metric="loss",
        examples="tokens",
        setting="LSTM 2 x 512 on characters, tied; Adam, averaged weights; 16 epochs at most",
        data="the last 5 % of the characters, nats a character, line ends among them; they choose the epoch, too",
        published=(Published(1.395, "char-rnn's Readme, validation loss of its checkpoint after 30 epochs (2 x 512)"),),
        run=partial(_language, "tinyshakespeare", SHAKESPEARE, "loss"),
    ),
}
