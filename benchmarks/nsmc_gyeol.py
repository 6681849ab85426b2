"""TextClassifier.fit on the same documents, the same net: see `gyeol.bench.classifier`, which this runs."""

from __future__ import annotations

from gyeol.bench.classifier import main

if __name__ == "__main__":
    main()
