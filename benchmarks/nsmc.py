"""What the peers' scripts share besides the net: their options, the documents as numbers, and the line they print.

Nothing of gyeol is used here. The numbering is that of TextClassifier with ``tokenizer="syllable"``: composed, white
space as one space, a token a character, those seen once unknown.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

BATCH, LEARNING_RATE, CLIP = 64, 0.002, 5.0
WARM = 640  # documents of the warm-up


@dataclass
class Documents:
    """Texts and labels to train on and to validate with; the latter follow the former in the file."""

    texts: list[str]
    labels: list[str]
    valid_texts: list[str]
    valid_labels: list[str]

    def first(self, count: int) -> Documents:
        """Take the first so many, and a batch to validate with."""
        return Documents(self.texts[:count], self.labels[:count], self.valid_texts[:BATCH], self.valid_labels[:BATCH])


@dataclass
class Numbered:
    """The same as numbers: 0 is padding, 1 what is not known."""

    rows: list[list[int]]
    targets: list[int]
    valid_rows: list[list[int]]
    valid_targets: list[int]
    words: int
    classes: int


@dataclass
class Trained:
    """What a training came to."""

    train_loss: float
    valid_accuracy: float
    parameters: int


def options(*flags: str) -> argparse.Namespace:
    """Read the command line: what all scripts take, and the flags of this one."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("path", type=Path, help="a .tsv file with a header; columns 'document' or 'text', and 'label'")
    parser.add_argument("--documents", type=int, default=20_000, help="train on so many, from the first on")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    for flag in flags:
        parser.add_argument(flag, action="store_true")
    return parser.parse_args()


def read(path: Path, count: int) -> Documents:
    """Read the first `count` documents, and a tenth as many after them; empty ones are passed over."""
    with path.open(encoding="utf-8", newline="\n") as lines:
        header = next(lines).rstrip("\r\n").split("\t")
        text = header.index("document" if "document" in header else "text")
        label = header.index("label")
        cells = (line.rstrip("\r\n").split("\t") for line in lines)
        rows = [(row[text], row[label]) for row in islice((r for r in cells if r[text].strip()), count + count // 10)]
    count = min(count, len(rows) * 10 // 11)
    texts, labels = [row[0] for row in rows], [row[1] for row in rows]
    return Documents(texts[:count], labels[:count], texts[count:], labels[count:])


def number(documents: Documents) -> Numbered:
    """Learn the vocabulary from the training part, and number both."""
    train, valid = ([cut(text) for text in texts] for texts in (documents.texts, documents.valid_texts))
    fewest = 2 if len(train) >= 1000 else 1
    counts = Counter(token for tokens in train for token in tokens)
    known = sorted((t for t, n in counts.items() if n >= fewest), key=lambda t: (-counts[t], t))
    place = {token: i for i, token in enumerate(known, start=2)}
    classes = {label: i for i, label in enumerate(sorted(set(documents.labels)))}
    return Numbered(
        [[place.get(t, 1) for t in tokens] for tokens in train],
        [classes[label] for label in documents.labels],
        [[place.get(t, 1) for t in tokens] for tokens in valid],
        [classes[label] for label in documents.valid_labels],
        len(known) + 2,
        len(classes),
    )


def cut(text: str) -> list[str]:
    return list(" ".join(unicodedata.normalize("NFC", text).split()))


def peak_rss_mb() -> float:
    """The most memory this process ever had, from the system; ru_maxrss would count what its parent had, too."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20) if sys.platform == "darwin" else peak / 1024


def measure(documents: int, epochs: int, train: Callable[[], Trained]) -> None:
    """Time a training, texts in memory to a validated net, and print the line."""
    begun = time.perf_counter()
    trained = train()
    seconds = time.perf_counter() - begun
    line = {
        "documents_per_second": documents * epochs / seconds,
        "seconds": seconds,
        "peak_rss_mb": peak_rss_mb(),
        "train_loss": trained.train_loss,
        "valid_accuracy": trained.valid_accuracy,
        "parameters": trained.parameters,
        "documents": documents,
    }
    print(json.dumps(line))
