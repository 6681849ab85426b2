"""Figures of merit, under the names that ``evaluate`` prints. scikit-learn, sacrebleu and jiwer count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unicodedata import normalize

import numpy as np
import numpy.typing as npt
import regex

from gyeol.errors import MissingExtraError

__all__ = [
    "agreement",
    "captioning",
    "classification",
    "label_sets",
    "plain_words",
    "regression",
    "transcription",
    "translation",
    "translation_signature",
]

_WORDS = regex.compile(r"[\p{L}\p{N}\p{M}_\u200c\u200d]+(?:['’-][\p{L}\p{N}\p{M}_\u200c\u200d]+)*")


def classification(
    truth: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], classes: list[Any]
) -> dict[str, Any]:
    """Compare predicted classes with true ones.

    Parameters
    ----------
    truth, predicted : int arrays, shape (N,)
        Class numbers.
    classes : list
        Their names.

    Returns
    -------
    dict
        ``accuracy``; ``macro_f1``, the mean F1 of the classes that are true or predicted anywhere, as scikit-learn has
        it; ``majority_share``, what always answering the most frequent class would reach; ``count``; ``confusion``,
        rows true, columns predicted; ``per_class`` with precision, recall, f1 and count of each class.
    """
    count = len(classes)
    confusion = np.bincount(truth * count + predicted, minlength=count * count).reshape(count, count)
    right, support, predicted_count = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    # Written out, for it is scikit-learn's arithmetic and loading scikit-learn takes as long as loading a model.
    recall, precision = (np.where(of > 0, right / np.maximum(of, 1), 0.0) for of in (support, predicted_count))
    seen = (predicted_count > 0) | (support > 0)
    f1 = np.where(seen, 2 * right / np.maximum(support + predicted_count, 1), 0.0)
    return {
        "accuracy": float(np.mean(truth == predicted)),
        "macro_f1": float(np.mean(f1[seen])),
        "majority_share": float(support.max() / max(1, len(truth))),
        "count": len(truth),
        "confusion": confusion.tolist(),
        "per_class": {
            str(name): {"precision": float(p), "recall": float(r), "f1": float(f), "count": int(n)}
            for name, p, r, f, n in zip(classes, precision, recall, f1, support, strict=True)
        },
    }


def label_sets(truth: npt.NDArray[np.bool_], predicted: npt.NDArray[np.bool_], classes: list[Any]) -> dict[str, Any]:
    """Compare predicted sets of labels with true ones.

    Parameters
    ----------
    truth, predicted : bool arrays, shape (N, K)
        Which labels each example has, and gets.
    classes : list
        Their K names.

    Returns
    -------
    dict
        ``micro_f1``, ``micro_precision`` and ``micro_recall`` over all decisions; ``macro_f1``, the mean F1 of the
        labels that are true or predicted anywhere; ``accuracy`` and ``subset_accuracy``, both the share of examples
        whose whole set is right, as scikit-learn has it; ``count``; ``per_class`` with precision, recall, f1, count (of
        examples that have the label) and predicted (of those that get it) of each.

    Examples
    --------
    >>> truth = np.array([[1, 1, 0], [0, 1, 0]], dtype=bool)
    >>> figures = label_sets(truth, np.array([[1, 1, 0], [1, 1, 0]], dtype=bool), ["a", "b", "c"])
    >>> figures["subset_accuracy"], round(figures["micro_f1"], 4), round(figures["macro_f1"], 4)
    (0.5, 0.8571, 0.8333)
    """
    both, given, wanted = ((truth & predicted).sum(0), predicted.sum(0), truth.sum(0))

    def share(part: Any, whole: Any) -> Any:
        return part / np.maximum(whole, 1)

    f1, seen = share(2 * both, given + wanted), given + wanted > 0
    exact = float((truth == predicted).all(1).mean())
    precision, recall = share(both, given), share(both, wanted)
    return {
        "accuracy": exact,
        "subset_accuracy": exact,
        "micro_f1": float(share(2 * both.sum(), given.sum() + wanted.sum())),
        "micro_precision": float(share(both.sum(), given.sum())),
        "micro_recall": float(share(both.sum(), wanted.sum())),
        "macro_f1": float(f1[seen].mean()) if seen.any() else 0.0,
        "count": len(truth),
        "per_class": {
            str(name): {
                "precision": float(precision[k]),
                "recall": float(recall[k]),
                "f1": float(f1[k]),
                "count": int(wanted[k]),
                "predicted": int(given[k]),
            }
            for k, name in enumerate(classes)
        },
    }


def translation(written: Sequence[str], wanted: Sequence[str]) -> dict[str, float]:
    """Compare texts with what was wanted: ``bleu`` (Papineni et al. 2002) and ``chrf`` (Popović 2015), of 100.

    Both are sacrebleu's, with its own tokens (Post 2018): see `translation_signature`.

    Raises
    ------
    MissingExtraError
        sacrebleu is not installed.

    Examples
    --------
    >>> translation(["the cat sat on the mat"], ["the cat sat on the mat"])
    {'bleu': 100.0, 'chrf': 100.0}
    """
    bleu, chrf = _scorers()
    texts, truths = list(written), [list(wanted)]
    figures = {"bleu": bleu.corpus_score(texts, truths).score, "chrf": chrf.corpus_score(texts, truths).score}
    return {name: round(float(value), 10) for name, value in figures.items()}


def translation_signature() -> str:
    """Say how BLEU was counted, in sacrebleu's words."""
    bleu, _ = _scorers()
    bleu.corpus_score(["a"], [["a"]])
    return str(bleu.get_signature())


def regression(truth: npt.NDArray[np.float64], predicted: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Compare predicted numbers with true ones.

    Parameters
    ----------
    truth, predicted : float arrays, shape (N,)

    Returns
    -------
    dict
        ``mse`` and ``mae``, the mean squared and absolute error; ``r2``, the share of the variance of the truth that is
        explained; ``pearson`` and ``spearman``, the correlations of the numbers and of their ranks (ties get the mean
        of their ranks); these three are 0 where there is no variance. ``count``.

    Examples
    --------
    >>> figures = regression(np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 3, 6]))
    >>> figures["mse"], figures["mae"], round(figures["pearson"], 2), round(figures["spearman"], 2)
    (1.0, 0.5, 0.96, 1.0)
    """
    from scipy.stats import rankdata

    errors = predicted - truth
    mse, variance = float((errors**2).mean()), float(truth.var())
    return {
        "mse": mse,
        "mae": float(np.abs(errors).mean()),
        "r2": 1 - mse / variance if variance else 0.0,
        "pearson": _correlation(truth, predicted),
        "spearman": _correlation(rankdata(truth), rankdata(predicted)),
        "count": len(truth),
    }


def _correlation(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    one, other = one - one.mean(), other - other.mean()
    size = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    return min(1.0, max(-1.0, float(one @ other) / size)) if size else 0.0


def transcription(written: Sequence[str], said: Sequence[str]) -> dict[str, float]:
    """Compare what was written with what was said: ``cer`` and ``wer``, the shares of letters and words in error.

    Over all texts together: substitutions, deletions and insertions, each 1, divided by what was said; so both may
    pass 1. Texts are composed (NFC) and runs of white space count as one. jiwer counts.

    Raises
    ------
    MissingExtraError
        jiwer is not installed.

    Examples
    --------
    >>> transcription(["one too", "삼"], ["one two", "삼"])
    {'cer': 0.125, 'wer': 0.3333333333333333}
    """
    try:
        import jiwer
    except ImportError:
        raise MissingExtraError("the measuring of transcripts", "jiwer", "audio") from None
    hypotheses, references = ([" ".join(normalize("NFC", text).split()) for text in side] for side in (written, said))
    words = jiwer.process_words(references, hypotheses)
    letters = jiwer.process_characters(references, hypotheses)
    return {"cer": float(letters.cer), "wer": float(words.wer)}


def _scorers() -> tuple[Any, Any]:
    try:
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF
    except ImportError:
        raise MissingExtraError("the measuring of translations", "sacrebleu", "translate") from None
    return BLEU(), CHRF()


def captioning(written: Sequence[str], wanted: Sequence[Sequence[str]]) -> dict[str, float]:
    """Compare captions with all that people wrote of the same images.

    As the field counts (Chen et al. 2015, Microsoft COCO Captions): in small letters and without punctuation; of the
    references the nearest in length counts for the brevity penalty.

    Parameters
    ----------
    written : sequence of str
    wanted : sequence of sequences of str
        The references of each: one or more, not as many of all.

    Returns
    -------
    dict
        ``bleu_1`` to ``bleu_4``, of 100 (Papineni et al. 2002); ``bleu``, which is ``bleu_4``; ``chrf`` (Popović 2015);
        ``exact``, the share of captions that are word for word one of their references. The first five and chrF are
        sacrebleu's.

    Raises
    ------
    MissingExtraError
        sacrebleu is not installed.

    Examples
    --------
    >>> found = captioning(["A red circle."], [["a blue circle", "a red circle"]])
    >>> found["bleu_1"], found["exact"]
    (100.0, 1.0)
    """
    BLEU = _bleu()
    from sacrebleu.metrics.chrf import CHRF

    texts, truths = [plain_words(text) for text in written], [[plain_words(text) for text in some] for some in wanted]
    most = max(map(len, truths))
    streams: Any = [[some[n] if n < len(some) else None for some in truths] for n in range(most)]
    figures: dict[str, float] = {}
    for n in range(1, 5):
        scorer = BLEU(max_ngram_order=n, tokenize="none")
        figures[f"bleu_{n}"] = float(scorer.corpus_score(texts, streams).score)
    figures["bleu"] = figures["bleu_4"]
    figures["chrf"] = float(CHRF().corpus_score(texts, streams).score)
    figures["exact"] = float(np.mean([text in some for text, some in zip(texts, truths, strict=True)]))
    return {name: round(value, 10) for name, value in figures.items()}


def agreement(texts: Sequence[str], log_probabilities: Sequence[float]) -> list[float]:
    """Say of each of several texts how far all of them bear it out: the BLEU to be expected of it, of 100.

    Were the true text one of these, each with its probability, this would be the mean of the smoothed BLEU of one
    sentence; the text that has most of it errs least (Kumar and Byrne 2004, Minimum Bayes-risk decoding, equation 3).

    Parameters
    ----------
    texts : sequence of str
    log_probabilities : sequence of float
        Of each; they need not sum to 1.

    Raises
    ------
    MissingExtraError
        sacrebleu, which counts, is not installed.

    Examples
    --------
    >>> alike = agreement(["a red circle here", "a red square here", "the sea"], [-1.0, -1.1, -0.9])
    >>> max(alike) == alike[0]
    True
    """
    scorer = _bleu()(effective_order=True, tokenize="none")
    plain = [plain_words(text) for text in texts]
    weights = np.exp(np.asarray(log_probabilities) - max(log_probabilities))
    alike = [[scorer.sentence_score(text, [other]).score for other in plain] for text in plain]
    return [round(float(value), 10) for value in np.asarray(alike) @ (weights / weights.sum())]


def _bleu() -> Any:
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ImportError:
        raise MissingExtraError("the measuring of captions", "sacrebleu", "images") from None
    return BLEU


def plain_words(text: str) -> str:
    """Write words in small letters, apart by spaces, without punctuation."""
    return " ".join(_WORDS.findall(text.lower()))
