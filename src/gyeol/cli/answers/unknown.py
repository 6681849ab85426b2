"""Notes on texts in an alphabet that a model has not seen, and on sequences of another length than its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["UnknownLetters"]

_MOST = 0.5  # share of unknown letters above which a text is reported


class UnknownLetters:
    """Counts the texts that a model cannot judge, and reports them at the end.

    Parameters
    ----------
    model : TextClassifier, TextRegressor, AuthorClassifier or SequenceTagger
    what : str
        The noun for examples, in the plural.
    """

    def __init__(self, model: Any, what: str = "texts") -> None:
        self.model, self.what = model, what
        self.reading = getattr(model, "reading_", None)
        self.total = self.foreign = self.others = self.bases = 0
        self.proteins: bool | None = None  # whether the model reads proteins; None: not yet looked at
        self.worst, self.first = 0.0, ""

    def more(self, values: Sequence[Any]) -> list[dict[str, float]]:
        """Count values; returns for each what to add to its answer: ``unknown``, where that share is above a half."""
        found: list[dict[str, float]] = []
        for value, share in zip(values, self._shares(values), strict=True):
            self.total += 1
            found.append({"unknown": round(share, 4)} if share > _MOST else {})
            if share > _MOST:
                self.foreign += 1
                self.first = self.first or _shown(value)
                self.worst = max(self.worst, share)
            elif self._is_dna(value):
                self.bases += 1
            elif self.reading is not None and 0 < self.reading.length != len(value.strip()):
                self.others += 1
        return found

    def _shares(self, values: Sequence[Any]) -> list[float]:
        if hasattr(self.model, "unknown"):
            shares: list[float] = self.model.unknown(values)
            return shares
        if not hasattr(self.model, "inputs_"):
            return [0.0] * len(values)
        from gyeol.inputs.alphabet import unknown_shares

        return unknown_shares(self.model.inputs_, values)

    def _is_dna(self, value: Any) -> bool:
        """Whether a model of proteins is given DNA, whose letters it knows."""
        from gyeol.inputs.alphabet import knows_proteins, looks_like_dna

        if self.proteins is None:
            self.proteins = hasattr(self.model, "inputs_") and knows_proteins(self.model.inputs_)
        return self.proteins and looks_like_dna(_joined(value).strip())

    def report(self) -> str:
        """Return notes, a line each; nothing where there are none."""
        lines = []
        if self.foreign:
            bases = self.reading is not None and self.reading.nucleotides
            unknown = "are not A, C, G, T or U" if bases else "did not occur in training"
            lines.append(
                f"{self.foreign:,} of {self.total:,} {self.what}: most letters {unknown} (up to "
                f"{100 * self.worst:.0f} %, first {self.first!r}); their answers are unreliable"
            )
        if self.bases:
            lines.append(
                f"{self.bases:,} of {self.total:,} {self.what} look like DNA or RNA, but this model was trained on "
                "proteins; their answers are unreliable"
            )
        if self.others and self.reading is not None:
            lines.append(
                f"{self.others:,} of {self.total:,} {self.what} are not {self.reading.length} letters long like the "
                "aligned sequences that this model was trained on; their answers are unreliable"
            )
        return "\n".join(lines)


def _shown(value: Any) -> str:
    text = _joined(value[:40])
    return text if len(text) <= 24 else text[:23] + "…"


def _joined(value: Any) -> str:
    return value if isinstance(value, str) else "".join(t if isinstance(t, str) else t[0] for t in value)
