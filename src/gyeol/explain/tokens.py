"""What each token of a text adds to a model's verdict: for a program, a terminal, a page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenExplanation:
    text: str
    prediction: str
    probabilities: dict[str, float]
    spans: list[tuple[int, int]]
    tokens: list[str]
    attributions: list[float]
    start: float = 0.0
    unit: str = "log-odds"
