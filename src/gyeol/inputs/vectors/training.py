"""Word vectors from texts of any amount: word2vec by our own kernels or Gensim's, fastText by Gensim's.

The texts are read once: a stream does. Words may be spelled in jamo while training
(`gyeol.inputs.vectors.subword_vectors`).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gyeol import parameters
from gyeol.errors import ParameterError
from gyeol.inputs.tokens.state import settings_of
from gyeol.inputs.tokens.tokenizers import MORPHEME_RULES, tokenizer_rule, tokenizer_with
from gyeol.inputs.vectors.subword_vectors import SPELLINGS
from gyeol.inputs.vectors.word_table import WordTable
from gyeol.parameters import Rule, choice, fraction, positive, switch, whole

__all__ = ["ALGORITHMS", "ENGINES", "train_vectors"]

#: What predicts what: the word its neighbours, or they the word (Mikolov et al. 2013).
ALGORITHMS = ("skipgram", "cbow")

#: What trains.
ENGINES = ("gyeol", "gensim")

#: Receives the share of a long computation that is done, from 0 to 1.
Progress = Callable[[float], None]

_RULES: dict[str, Rule] = {
    "algorithm": choice(ALGORITHMS),
    "engine": choice((None, *ENGINES)),
    "size": whole(1, 1 << 16),
    "window": whole(1, 1 << 16),
    "min_count": whole(1),
    "negative": whole(1, 1 << 16),
    "epochs": whole(1),
    "learning_rate": positive(),
    "sample": fraction(),
    "subwords": choice((None, *SPELLINGS)),
    "shortest": whole(1, 100),
    "longest": whole(1, 100),
    "buckets": whole(1, 1 << 31),
    "tokenizer": tokenizer_rule(),
    "lowercase": switch,
    "threads": whole(1, 1024, none=True),
    "random_state": whole(0),
    **MORPHEME_RULES,
}


def train_vectors(
    texts: Iterable[str],
    *,
    algorithm: str = "skipgram",
    engine: str | None = None,
    size: int = 100,
    window: int = 5,
    min_count: int = 5,
    negative: int = 5,
    epochs: int = 5,
    learning_rate: float = 0.025,
    sample: float = 1e-3,
    subwords: str | None = None,
    shortest: int = 3,
    longest: int = 6,
    buckets: int = 200_000,
    tokenizer: Any = "word",
    lowercase: bool = False,
    threads: int | None = None,
    random_state: int = 0,
    user_dictionary: Any = None,
    keep_tags: Any = None,
    stop_tags: Any = None,
    progress: Progress | None = None,
    speed: Progress | None = None,
) -> WordTable:
    """Train word vectors with negative sampling.

    Parameters
    ----------
    texts : iterable of str
        A sentence, a review, a paragraph each; read once, so that a stream does.
    algorithm : {"skipgram", "cbow"}
        The word predicts its neighbours, or they the word.
    engine : {None, "gyeol", "gensim"}
        What trains: our own kernels, or Gensim. By default ours, and Gensim for subwords, which only it trains.
    size, window : int
        Numbers of a vector; words looked at on either side.
    min_count : int
        Rarer words are left out.
    negative, sample : int, float
        Noise words a word; above this share of the corpus words are thinned out.
    epochs, learning_rate : int, float
        Passes; the rate falls from here to a tenth, by Gensim to 0.0001.
    subwords : {None, "letters", "jamo"}
        None is word2vec; else fastText: a word is the sum of its n-grams of letters, or of jamo.
    shortest, longest, buckets : int
        Letters of an n-gram; the number of buckets that n-grams share, each with a vector.
    tokenizer, lowercase
        As in `TextVectorizer`; ``"morpheme"`` takes Korean particles off, ``"content"`` endings, too.
    threads : int, optional
        Cores to use, all by default. With one, the same seed gives the same bits; several update one table without
        locks (Recht et al. 2011), and give other vectors each time.
    random_state : int
        The seed.
    user_dictionary, keep_tags, stop_tags
        Of ``"content"`` and ``"morpheme"``: see `gyeol.inputs.tokens.morphemes.Content`.
    progress : callable, optional
        Called with the share that is done, from 0 to 1.
    speed : callable, optional
        Called with the words trained on per second; by our own kernels only.

    Returns
    -------
    WordTable
        The most frequent word first.

    Raises
    ------
    MissingExtraError, ParameterError, DataError
        Gensim is asked for and not installed; a setting cannot be; no word is frequent enough, or the learning rate is
        too high.
    """
    settings = {name: value for name, value in locals().items() if name in _RULES}
    parameters.check(settings, _RULES)
    if shortest > longest:
        raise ParameterError(
            f"shortest={shortest} is more than longest={longest}: n-grams have from one to the other letters"
        )
    if engine == "gyeol" and subwords is not None:
        raise ParameterError("engine='gyeol' trains whole words only; for subwords leave engine out, or give 'gensim'")
    cores = threads or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    which = tokenizer_with(tokenizer, user_dictionary=user_dictionary, keep_tags=keep_tags, stop_tags=stop_tags)
    settings["engine"] = engine or ("gyeol" if subwords is None else "gensim")
    with tempfile.TemporaryDirectory(prefix="gyeol.") as folder:
        corpus = Path(folder)
        if settings["engine"] == "gyeol":
            from gyeol.inputs.vectors.own_training import train

            trained = train(texts, corpus, {**settings, "tokenizer": which}, cores, progress=progress, speed=speed)
        else:
            from gyeol.inputs.vectors.gensim_training import train as train_by_gensim

            trained = train_by_gensim(texts, corpus, {**settings, "tokenizer": which}, cores, progress=progress)
    cut = trained.tokenizer
    about = {
        **settings,
        **settings_of(cut),
        "tokenizer": cut.name,
        "texts": trained.texts,
        "words": trained.total,
    }
    return WordTable(trained.words, trained.vectors, trained.subwords, about)
