"""Biological sequences: promoters distinguished from other DNA, the secondary structure of proteins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.engine import Progress
from gyeol.reproduce.entry import Published, Reproduction, check_complete
from gyeol.reproduce.tag import usual_tags

__all__ = ["BIOLOGY", "PROMOTERS", "PROTEINS"]

#: Letters, their runs, and where they stand: all pieces are aligned at the place where reading begins. The net is
#: small, for some hundred promoters teach what runs at their places say, and little more.
PROMOTERS: dict[str, Any] = {
    "cell": "lstm",
    "hidden_size": 32,
    "num_layers": 1,
    "bidirectional": True,
    "attention": "global",
    "pooling": "mean+max",
    "tokenizer": "syllable",
    "lowercase": True,
    "ngrams": 6,
    "min_count": 3,
    "positions": 251,
    "direct": True,
    "embedding_size": 32,
    "dropout": 0.5,
    "batch_size": 32,
    "epochs": 8,
    "patience": 8,
    "learning_rate": 0.003,
    "averaging": 0.99,
    "precision": "auto",
}

#: Amino acids, one vector each; distant parts of the chain matter, hence two layers.
PROTEINS: dict[str, Any] = {
    "cell": "lstm",
    "hidden_size": 192,
    "num_layers": 2,
    "embedding_size": 48,
    "characters": None,
    "head": "crf",
    "min_count": 1,
    "dropout": 0.3,
    "batch_size": 16,
    "epochs": 15,
    "patience": 15,
    "learning_rate": 0.003,
    "averaging": 0.998,
    "precision": "auto",
}

#: What Umarov and Solovyev 2017 report for their convolutional nets: correlation coefficients.
_CONVOLUTIONAL = {
    "ecoli.promoter": 0.84,
    "bacillus.promoter": 0.86,
    "arabidopsis.tata": 0.91,
    "mouse.tata": 0.93,
}
_FOLDS = 10


def _promoters(seed: int, threads: int | None, out: Path | None, progress: Progress | None) -> dict[str, Any]:
    """Measure on each fold a model trained on the nine others; ``out`` takes the last one of E. coli."""
    from gyeol.data.catalogue.lookup import resolve_file
    from gyeol.data.text.fasta import read_fasta

    rows = []
    for role, published in _CONVOLUTIONAL.items():
        parts = [resolve_file("dna_promoters", name) for name in (role, f"{role.partition('.')[0]}.other")]
        texts = [[record.letters for record in read_fasta(path)] for path in parts]
        folds = folded(texts[0], texts[1], seed, threads, out if role.startswith("ecoli") else None, progress)
        mean = {name: sum(fold[name] for fold in folds) / len(folds) for name in folds[0]}
        rows.append({"set": role, **{n: f"{v:.3f}" for n, v in mean.items()}, "published": f"{published:.2f}"})
        if progress is not None:
            progress.note(str(rows[-1]))
    return {"figure": sum(float(row["correlation"]) for row in rows) / len(rows), "folds": _FOLDS, "parts": rows}


def folded(
    promoters: Sequence[str], others: Sequence[str], seed: int, threads: int | None, out: Path | None,
    progress: Progress | None,
) -> list[dict[str, float]]:  # fmt: skip
    """Give sensitivity, specificity and the correlation coefficient (Matthews') of each of ten stratified folds."""
    from sklearn.metrics import confusion_matrix, matthews_corrcoef
    from sklearn.model_selection import StratifiedKFold

    from gyeol.tasks import TextClassifier

    texts = [*promoters, *others]
    labels = np.array(["promoter"] * len(promoters) + ["other"] * len(others))
    found = []
    for learn, test in StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(texts, labels):
        model = TextClassifier(**PROMOTERS, random_state=seed, threads=threads)
        model.fit([texts[i] for i in learn], labels[learn].tolist(), progress=progress)
        check_complete(model)
        predicted = model.predict([texts[i] for i in test])
        (tn, fp), (fn, tp) = confusion_matrix(labels[test], predicted, labels=["other", "promoter"])
        correlation = float(matthews_corrcoef(labels[test], predicted))
        found.append({"sensitivity": tp / (tp + fn), "specificity": tn / (tn + fp), "correlation": correlation})
        if out is not None:
            model.save(out)
    return found


def _proteins(seed: int, threads: int | None, out: Path | None, progress: Progress | None) -> dict[str, Any]:
    from gyeol.data.catalogue.lookup import resolve_file
    from gyeol.data.tagging.sentences import read_tagged
    from gyeol.tasks import SequenceTagger

    train = read_tagged(resolve_file("protein_ss", "sequences"), target=str(resolve_file("protein_ss", "states")))
    test = read_tagged(resolve_file("protein_ss", "test"), input="input", target="dssp3")
    copies = {"".join(map(str, chain)) for chain in test.tokens}
    unrelated = [i for i, chain in enumerate(train.tokens) if "".join(map(str, chain)) not in copies]
    left_out = len(train.tokens) - len(unrelated)
    train.tokens, train.tags = [train.tokens[i] for i in unrelated], [train.tags[i] for i in unrelated]
    model = SequenceTagger(**PROTEINS, random_state=seed, threads=threads)
    model.fit(train.tokens, train.tags, progress=progress, about={"data": f"protein_ss, {left_out} copies left out"})
    check_complete(model)
    if out is not None:
        model.save(out)
    predicted = model.predict(test.tokens)
    counted = domains(resolve_file("protein_ss", "test"))
    near = related(test.tokens, train.tokens)
    figures = model.evaluate(test.tokens, test.tags)
    return {
        "figure": share_right(predicted, test.tags, counted),
        "beside": share_right(usual_tags(train, test), test.tags, counted),
        "unrelated": share_right(
            predicted, test.tags, [mask & (not own) for mask, own in zip(counted, near, strict=True)]
        ),
        "related_chains": sum(near),
        "whole_chains": figures["accuracy"],
        "valid": model.metrics_["valid_accuracy"],
        "residues": int(sum(mask.sum() for mask in counted)),
        "left_out": left_out,
        "parts": [
            {"state": name, **{key: f"{own[key]:.3f}" for key in ("precision", "recall", "f1")}}
            for name, own in figures["per_tag"].items()
        ],
    }


def domains(path: Path) -> list[npt.NDArray[np.bool_]]:
    """Read which residues of each chain are CB513's: the chains of the file are whole, its domains are not."""
    import csv

    with path.open(encoding="utf-8", newline="") as stream:
        return [np.array(row["cb513_mask"].split(), dtype=float) > 0 for row in csv.DictReader(stream)]


def related(chains: Sequence[Sequence[Any]], others: Sequence[Sequence[Any]]) -> list[bool]:
    """Say of each chain whether it shares a run of 20 letters with any of the others."""
    runs = {piece for other in others for piece in _runs(other)}
    return [not runs.isdisjoint(_runs(chain)) for chain in chains]


def _runs(chain: Sequence[Any]) -> set[str]:
    text = "".join(map(str, chain))
    return {text[i : i + 20] for i in range(len(text) - 19)}


def share_right(
    predicted: Sequence[Sequence[str]], truth: Sequence[Sequence[str]], counted: Sequence[npt.NDArray[np.bool_]]
) -> float:
    """Give the share of the counted residues whose state is right."""
    right = total = 0
    for own, real, mask in zip(predicted, truth, counted, strict=True):
        right += int(((np.array(own) == np.array(real)) & mask).sum())
        total += int(mask.sum())
    return right / total


BIOLOGY: dict[str, Reproduction] = {
    "dna-promoters": Reproduction(
        title="Promoters distinguished from other DNA: the correlation coefficient, mean of four sets, ten folds each",
        metric="correlation",
        examples="sequences",
        setting="BiLSTM 32 on letters, their runs of up to 6 and their places, which speak directly, too; 8 epochs",
        data="Umarov and Solovyev's sets; ten stratified folds with seed 0, a tenth of the rest chooses the epoch",
        published=(Published(0.885, "the mean of Umarov and Solovyev 2017's four convolutional nets, .84 to .93"),),
        run=_promoters,
    ),
    "protein-ss": Reproduction(
        title="Proteins: Q3, the share of residues whose secondary structure is right, from the sequence alone",
        metric="accuracy",
        examples="sequences",
        setting="LSTM 2 x 192 in both directions over amino acids, CRF; 15 epochs",
        data="SCRATCH-1D without the chains that CB513 has, a tenth watched; CB513: 83,991 residues of 511 chains",
        published=(Published(0.645, "a BiLSTM trained and tested within CB513 (shahid-43), sequence alone"),),
        run=_proteins,
        beside="measured here: each amino acid's most frequent state",
    ),
}
