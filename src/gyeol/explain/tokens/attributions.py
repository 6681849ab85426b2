"""What each token of a text adds to a model's verdict: as numbers, for a terminal, as a page."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gyeol.data.atomic import write_bytes
from gyeol.errors import DataError
from gyeol.explain.tokens.page import render_tokens
from gyeol.explain.tokens.words import add_by_word, marked, one_line, word_values

__all__ = ["TokenExplanation"]


@dataclass(frozen=True, slots=True)
class TokenExplanation:
    """A verdict on a text, and what each of its tokens adds to it.

    Parameters
    ----------
    text : str
    prediction : str
        The class that was named.
    probabilities : dict of str to float
        Of every class.
    spans : list of (int, int)
        The span of each token: ``text[start:end]``.
    tokens : list of str
        The tokens as the model reads them.
    attributions : list of float
        What each adds for the prediction, below 0 against it.
    start : float
        The score with a blank input.
    unit : str
        What the numbers are.

    Raises
    ------
    DataError
        There are not as many spans, tokens and attributions, or a number is not finite.

    Examples
    --------
    >>> seen = TokenExplanation("a b", "x", {"x": 0.9, "y": 0.1}, [(0, 1), (2, 3)], ["a", "b"], [2.0, -0.5], 0.25)
    >>> seen.total, seen.words(top=1)
    (1.75, [('a', 2.0)])
    """

    text: str
    prediction: str
    probabilities: dict[str, float]
    spans: list[tuple[int, int]]
    tokens: list[str]
    attributions: list[float]
    start: float = 0.0
    unit: str = "log-odds"

    def __post_init__(self) -> None:
        counts = len(self.spans), len(self.tokens), len(self.attributions)
        if len(set(counts)) > 1:
            raise DataError(f"came {counts} spans, tokens and attributions; expected as many of each")
        if not all(map(math.isfinite, [*self.attributions, self.start, *self.probabilities.values()])):
            raise DataError("an attribution or a probability is not a finite number")

    @property
    def total(self) -> float:
        """The start and all attributions together."""
        return math.fsum([self.start, *self.attributions])

    def runs(self) -> list[tuple[str, float]]:
        """Cut the text into words and what lies between, in order, each with what its tokens add.

        A token counts for the word where it ends; one that represents a space, for the word that the space ends.
        """
        return add_by_word(self.text, self.spans, self.attributions)

    def words(self, top: int | None = None) -> list[tuple[str, float]]:
        """Return each word once with the sum of its contributions, the strongest for the prediction first."""
        return word_values(self.runs())[:top]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values; what this kind of explanation does not have is None."""
        return {
            "text": self.text,
            "prediction": self.prediction,
            "probabilities": self.probabilities,
            "tokens": self.tokens,
            "spans": [list(span) for span in self.spans],
            "attributions": self.attributions,
            "start": self.start,
            "total": self.total,
            "unit": self.unit,
            "words": [[word, value] for word, value in self.words()],
            **dict.fromkeys(("attention", "gates", "states", "gradients")),
        }

    def to_json(self, path: Path | str) -> None:
        """Write it as one JSON object.

        Raises
        ------
        SaveError
            The file cannot be written; any previous one is unchanged.
        """
        content = json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False, indent=1) + "\n"
        write_bytes(path, content.encode("utf-8", "replace"))

    def to_html(self, path: Path | str, *, title: str | None = None) -> None:
        """Write it as one page that needs no network and no script.

        Raises
        ------
        SaveError
            The file cannot be written; any previous one is unchanged.
        """
        page = render_tokens(
            self.runs(), self.words(), self.prediction, self.probabilities, self.start, self.total, self.unit, title
        )
        write_bytes(path, page)

    def to_terminal(self, *, colour: bool = True, top: int = 10) -> str:
        """Write it as lines for a terminal: the verdict, the text with its weighty words marked, and those words.

        Words for the prediction are on blue in colour, and bracketed without; those against on orange, or in
        parentheses.
        """
        chances = "   ".join(f"{name} {p:.3f}" for name, p in sorted(self.probabilities.items(), key=lambda e: -e[1]))
        words = self.words()
        listed = [f"  {value:+8.3f}  {one_line(word)}" for word, value in words[:top] if value > 0]
        against = [f"  {value:+8.3f}  {one_line(word)}" for word, value in words[: -min(3, top) - 1 : -1] if value < 0]
        head = f"{one_line(self.prediction)}   ({one_line(chances)})"
        foot = f"{self.unit}: {self.start:+.3f} with a blank input, {self.total:+.3f} with this input"
        return "\n".join([head, "", marked(self.runs(), colour=colour), "", *listed, *against, foot])
