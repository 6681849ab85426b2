"""Outcomes of answers that are texts: translations, captions, transcripts, corrections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unicodedata import normalize

import numpy as np
import numpy.typing as npt

from gyeol.engine.metrics.correction import correction_counts
from gyeol.engine.metrics.figures import plain_words
from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.engine.metrics.segments import bleu_counts, chrf_counts, sentence_chrf
from gyeol.errors import MissingExtraError

__all__ = ["caption_outcomes", "correction_outcomes", "transcript_outcomes", "translation_outcomes"]

Floats = npt.NDArray[Any]
Numbers = npt.NDArray[np.integer[Any]]


def translation_outcomes(
    written: Sequence[str], wanted: Sequence[str], losses: Sequence[float], tokens: Sequence[float], lengths: Numbers
) -> Outcomes:
    """Compare translations with what was wanted; losses (nats) and tokens are those of what was wanted.

    Examples
    --------
    >>> found = translation_outcomes(["the cat"], ["the cat"], [0.0], [2.0], np.array([3]))
    >>> found.figures()["chrf"].tolist(), found.scores.tolist()
    ([100.0], [100.0])
    """
    references = [[text] for text in wanted]
    chrf = chrf_counts(written, references)
    sums = {"bleu": bleu_counts(written, references), "chrf": chrf, **_losses(losses, tokens)}
    return Outcomes("translations", sums, sentence_chrf(chrf), _whole(lengths), list(wanted), list(written))


def caption_outcomes(
    written: Sequence[str], wanted: Sequence[Sequence[str]], losses: Sequence[float], tokens: Sequence[float]
) -> Outcomes:
    """Compare captions with all references of each image, counted as `gyeol.engine.captioning` does.

    The length of an example is that of its first reference, in words.
    """
    plain = [plain_words(text) for text in written]
    references = [[plain_words(text) for text in some] for some in wanted]
    chrf = chrf_counts(plain, references)
    exact = np.array([text in some for text, some in zip(plain, references, strict=True)], dtype=np.float64)
    sums = {"bleu": bleu_counts(plain, references, tokenize="none"), "chrf": chrf, "exact": exact}
    lengths = np.array([len(some[0].split()) for some in references], dtype=np.int64)
    shown = [list(some) for some in wanted], list(written)
    return Outcomes("captions", {**sums, **_losses(losses, tokens)}, sentence_chrf(chrf), lengths, *shown)


def transcript_outcomes(
    written: Sequence[str], said: Sequence[str], losses: Sequence[float], letters: Sequence[float], lengths: Floats
) -> Outcomes:
    """Compare transcripts with what was said, counted as `gyeol.engine.transcription` does; lengths in seconds.

    Raises
    ------
    MissingExtraError
        jiwer, which counts, is not installed.
    """
    try:
        import jiwer
    except ImportError:
        raise MissingExtraError("the measuring of transcripts", "jiwer", "audio") from None
    hypotheses, references = ([" ".join(normalize("NFC", text).split()) for text in side] for side in (written, said))
    counts = []
    for truth, text in zip(references, hypotheses, strict=True):
        for found in (jiwer.process_characters(truth, text), jiwer.process_words(truth, text)):
            errors = found.substitutions + found.deletions + found.insertions
            counts += [errors, found.hits + found.substitutions + found.deletions]
    columns = np.array(counts, dtype=np.float64).reshape(-1, 4).T
    sums = dict(zip(("letter_errors", "letters", "word_errors", "words"), columns, strict=True))
    cer = sums["letter_errors"] / np.maximum(sums["letters"], 1)
    sums |= _losses(losses, letters)
    return Outcomes("transcripts", sums, cer, np.asarray(lengths), list(said), list(written))


def correction_outcomes(typed: Sequence[str], corrected: Sequence[str], meant: Sequence[str]) -> Outcomes:
    """Compare corrections with the texts that were meant, counted as `gyeol.engine.metrics.correction` does."""
    rows = [correction_counts(*three) for three in zip(typed, corrected, meant, strict=True)]
    sums: dict[str, Floats] = {name: np.array([row[name] for row in rows], dtype=np.float64) for name in rows[0]}
    lengths = np.array([len(text) for text in typed], dtype=np.int64)
    return Outcomes("corrections", sums, sums["right"], lengths, list(meant), list(corrected))


def _losses(losses: Sequence[float], tokens: Sequence[float]) -> dict[str, Floats]:
    return {"loss": np.array(losses, dtype=np.float64), "tokens": np.array(tokens, dtype=np.float64)}


def _whole(lengths: Numbers) -> npt.NDArray[np.int64]:
    return np.asarray(lengths, dtype=np.int64)
