"""TextClassifier.fit in a process of its own, measured as the peers' scripts in ``benchmarks/`` measure themselves."""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from gyeol.tasks import TextClassifier

__all__ = ["SETTINGS", "Documents", "main", "peak_rss_mb", "read"]

#: The net that all scripts train.
SETTINGS: dict[str, Any] = {
    "cell": "lstm",
    "hidden_size": 128,
    "num_layers": 1,
    "bidirectional": True,
    "attention": "global",
    "tokenizer": "syllable",
    "embedding_size": 128,
    "dropout": 0.4,
    "batch_size": 64,
    "learning_rate": 0.002,
    "pooling": None,
    "ngrams": 1,
}
_WARM = 640  # documents

#: Texts and labels.
Documents = tuple[list[str], list[str]]


def main() -> None:
    """Train on the file named on the command line; print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path, help="a .tsv file with a header; columns 'document' or 'text', and 'label'")
    parser.add_argument("--documents", type=int, default=20_000, help="train on so many, from the first on")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    given = parser.parse_args()
    shared = {"threads": given.threads, "random_state": given.seed, "precision": given.precision}
    (texts, labels), valid = read(given.path, given.documents)
    few = (valid[0][:64], valid[1][:64])
    TextClassifier(**SETTINGS, **shared, epochs=1).fit(texts[:_WARM], labels[:_WARM], validation=few)
    started = time.perf_counter()
    model = TextClassifier(**SETTINGS, **shared, epochs=given.epochs, patience=given.epochs)
    model.fit(texts, labels, validation=valid)
    seconds = time.perf_counter() - started
    last = model.history_.records[-1]
    line = {
        "documents_per_second": len(texts) * given.epochs / seconds,
        "seconds": seconds,
        "peak_rss_mb": peak_rss_mb(),
        "train_loss": last["train_loss"],
        "valid_accuracy": last["valid_accuracy"],
        "parameters": sum(p.numel() for p in model.net_.parameters()),
        "documents": len(texts),
    }
    sys.stdout.write(json.dumps(line) + "\n")


def read(path: Path, count: int) -> tuple[Documents, Documents]:
    """Read the first `count` documents, and a tenth as many after them to validate with; empty ones are passed over.

    Read as the peers' scripts read, by tab and line only, so that all get the same texts.
    """
    with path.open(encoding="utf-8", newline="\n") as lines:
        header = next(lines).rstrip("\r\n").split("\t")
        text = header.index("document" if "document" in header else "text")
        label = header.index("label")
        cells = (line.rstrip("\r\n").split("\t") for line in lines)
        rows = [(row[text], row[label]) for row in islice((r for r in cells if r[text].strip()), count + count // 10)]
    count = min(count, len(rows) * 10 // 11)
    texts, labels = [row[0] for row in rows], [row[1] for row in rows]
    return (texts[:count], labels[:count]), (texts[count:], labels[count:])


def peak_rss_mb() -> float:
    """Return the most memory this process ever had; ru_maxrss, which counts what its parent had, only at need.

    Examples
    --------
    >>> peak_rss_mb() > 1
    True
    """
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20) if sys.platform == "darwin" else peak / 1024


if __name__ == "__main__":
    main()
