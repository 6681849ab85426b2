"""Train on the built-in Korean reviews, compare with the feed-forward baseline, ask, save, load: two minutes."""

from __future__ import annotations

import sys
from pathlib import Path

import gyeol
from gyeol.data.text.sources import find_source, read_labelled


def main(folder: str = "reviews-model", epochs: int = 8) -> None:
    train = read_labelled(find_source("reviews", "train"))
    test = read_labelled(find_source("reviews", "test"))

    recurrent = gyeol.TextClassifier(cell="lstm", epochs=epochs, verbose=True).fit(train.texts, train.labels)
    baseline = gyeol.TextClassifier(features="tfidf", epochs=epochs).fit(train.texts, train.labels)
    print(f"recurrent {recurrent.score(test.texts, test.labels):.3f}")
    print(f"baseline  {baseline.score(test.texts, test.labels):.3f}")

    recurrent.save(folder)
    loaded = gyeol.load(folder)
    for text in ("두 번 봤는데 두 번 다 울었어요", "환불해 주세요 제발"):
        label = loaded.predict([text])[0]
        print(f"{label}  {loaded.predict_proba([text]).max():.2f}  {text}")


if __name__ == "__main__":
    main(*(str(Path(a)) for a in sys.argv[1:2]))
