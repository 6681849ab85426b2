"""Beam search over many sequences at once, with any model that scores the next token."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from gyeol.errors import ParameterError

__all__ = ["BeamSettings", "Hypothesis", "Steps", "allowed", "beam_search", "ensemble"]


class Steps(Protocol):
    """The model that is searched: B sequences, with K continuations of each side by side."""

    def __call__(self, tokens: Tensor, parents: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Take a step.

        Parameters
        ----------
        tokens : int64 tensor, shape (B, K)
            The last token of each continuation.
        parents : int64 tensor of shape (B, K), or None
            The continuation of the previous step that each extends; None at the first step.

        Returns
        -------
        scores : Tensor, shape (B, K, V)
            Log probabilities of the next token.
        attention : Tensor of shape (B, K, T), or None
            Where the step looked.
        """

    def keep(self, rows: Tensor) -> None:
        """Continue with these of the B sequences only, (B',) int64."""


@dataclass(frozen=True, slots=True)
class BeamSettings:
    """Settings of a beam search.

    ``size`` continuations are kept; the score of a finished one is ``log p / lp``, where ``lp`` is
    ``((5 + length) / 6) ** length_penalty``, plus ``coverage_penalty`` times the sum over source steps of
    ``log min(1, attention it received)`` (Wu et al. 2016, equation 14); the best ``n_best`` are returned. No n-gram of
    ``block_ngrams`` tokens occurs twice (0: any may). Lengths count the tokens before the end.
    """

    size: int = 5
    length_penalty: float = 1.0
    coverage_penalty: float = 0.0
    n_best: int = 1
    min_length: int = 0
    max_length: int = 200
    block_ngrams: int = 0

    def __post_init__(self) -> None:
        wrong = []
        if self.size < 1:
            wrong.append(f"beam_size={self.size}: must be 1 or more")
        if not 1 <= self.n_best <= self.size:
            wrong.append(f"n_best={self.n_best}: must be from 1 to beam_size={self.size}")
        if not 0 <= self.length_penalty < math.inf:
            wrong.append(f"length_penalty={self.length_penalty}: must be 0 or more")
        if not 0 <= self.coverage_penalty < math.inf:
            wrong.append(f"coverage_penalty={self.coverage_penalty}: must be 0 or more")
        if not 0 <= self.min_length <= self.max_length:
            wrong.append(f"min_length={self.min_length}: must be from 0 to max_length={self.max_length}")
        if self.max_length < 1:
            wrong.append(f"max_length={self.max_length}: must be 1 or more")
        if self.block_ngrams < 0:
            wrong.append(f"block_ngrams={self.block_ngrams}: must be 0 (none) or more")
        if wrong:
            raise ParameterError("; ".join(wrong))

    def score(self, length: int, log_probability: float) -> float:
        """Normalise a log probability by length, so that sequences of different lengths are comparable."""
        return log_probability / float(((5 + length) / 6) ** self.length_penalty)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A finished sequence.

    ``tokens`` before the end; ``score``, as in `BeamSettings`; ``log_probability``; ``attention`` (tokens and end, T),
    if the model has any.
    """

    tokens: list[int]
    score: float
    log_probability: float
    attention: Tensor | None = None


@torch.inference_mode()
def beam_search(
    steps: Steps,
    count: int,
    settings: BeamSettings,
    *,
    start: int,
    end: int,
    never: Sequence[int] = (),
    limits: Sequence[int] | None = None,
) -> list[list[Hypothesis]]:
    """Find the most probable sequences.

    A beam as wide as the number of sequences finds the best one; a beam of size 1 is greedy.

    Parameters
    ----------
    steps : Steps
    count : int
        B.
    settings : BeamSettings
    start, end : int
        The token before the first, and the one that ends a sequence.
    never : sequence of int
        Tokens that are never chosen.
    limits : sequence of int, optional
        The maximum number of tokens of each sequence; ``max_length`` still applies.

    Returns
    -------
    list of lists of Hypothesis
        For each sequence the ``n_best``, best first.
    """
    most = [min(settings.max_length, limit) for limit in limits or [settings.max_length] * count]
    rows = [_Row(settings, limit) for limit in most]
    alive = list(range(count))
    tokens = torch.full((count, 1), start)
    scores = torch.zeros(count, 1)
    history = torch.zeros(count, 1, 0, dtype=torch.int64)
    looked: list[Tensor] = []
    parents: Tensor | None = None
    for t in range(max(most, default=0) + 1):
        logs, attention = steps(tokens, parents)
        B, K, V = logs.shape
        logs = allowed(logs, history, settings, [most[i] for i in alive], end=end, never=never)
        # Up to K of the best may be ends: the best 2 K always contain K continuations that go on.
        best, flat = (scores.unsqueeze(2) + logs).view(B, K * V).topk(min(2 * settings.size, K * V), dim=1)
        from_, token = flat // V, flat % V
        if attention is not None:
            if parents is not None and looked[0].shape[1] * K > 1:
                looked = [a.gather(1, parents[:, :, None].expand(-1, -1, a.shape[2])) for a in looked]
            looked.append(attention)
        ends = token == end
        ends[:, settings.size :] = False  # an end outside the beam does not count: with size 1 the search is greedy
        for row in ends.any(1).nonzero().flatten().tolist():
            rows[alive[row]].end(best[row], from_[row], ends[row], history[row], [a[row] for a in looked], t)
        going = best.masked_fill(token == end, -math.inf)
        scores, chosen = going.topk(min(settings.size, going.shape[1]), dim=1)
        parents, tokens = from_.gather(1, chosen), token.gather(1, chosen)
        history = torch.cat([history.gather(1, parents[:, :, None].expand(-1, -1, t)), tokens[:, :, None]], dim=2)
        left = [row for row, i in enumerate(alive) if not rows[i].finished(float(scores[row, 0]))]
        if len(left) < len(alive):
            alive = [alive[row] for row in left]
            if not alive:
                break
            which = torch.tensor(left)
            steps.keep(which)
            scores, parents, tokens, history = scores[which], parents[which], tokens[which], history[which]
            looked = [a[which] for a in looked]
    return [row.best() for row in rows]


class _Row:
    """The finished continuations of one sequence."""

    def __init__(self, settings: BeamSettings, limit: int) -> None:
        self.settings = settings
        self.limit = limit
        self.found: list[Hypothesis] = []

    def end(
        self, best: Tensor, parents: Tensor, ends: Tensor, history: Tensor, looked: list[Tensor], length: int
    ) -> None:
        for at in ends.nonzero().flatten().tolist():
            log_probability = float(best[at])
            if log_probability == -math.inf:
                continue
            parent = int(parents[at])
            attention = torch.stack([step[parent] for step in looked]) if looked else None
            score = self.settings.score(length, log_probability)
            if self.settings.coverage_penalty and attention is not None:
                got = attention.sum(0)
                score += self.settings.coverage_penalty * float(got[got > 0].clamp(max=1.0).log().sum())
            self.found.append(Hypothesis(history[parent].tolist(), score, log_probability, attention))
        self.found.sort(key=lambda h: -h.score)
        del self.found[self.settings.size :]

    def finished(self, alive: float) -> bool:
        """Whether no unfinished continuation can still be among the best: only its length can raise its score."""
        if alive == -math.inf:
            return True
        n_best = self.settings.n_best
        return len(self.found) >= n_best and self.found[n_best - 1].score >= self.settings.score(self.limit, alive)

    def best(self) -> list[Hypothesis]:
        return self.found[: self.settings.n_best]


def allowed(
    logs: Tensor, history: Tensor, settings: BeamSettings, limits: Sequence[int], *, end: int, never: Sequence[int]
) -> Tensor:
    """Return log probabilities (B, K, V), -inf for tokens that may not follow ``history`` (B, K, t)."""
    logs, t = logs.clone(), history.shape[2]
    for token in never:
        logs[:, :, token] = -math.inf
    if t < settings.min_length:
        logs[:, :, end] = -math.inf
    for row, limit in enumerate(limits):
        if t >= limit:  # only the end may follow
            ends = logs[row, :, end].clone()
            logs[row] = -math.inf
            logs[row, :, end] = ends
    if settings.block_ngrams:
        _block(logs, history, settings.block_ngrams, end)
    return logs


def _block(logs: Tensor, history: Tensor, n: int, end: int) -> None:
    """Exclude tokens that would complete an n-gram that has occurred before."""
    for row, continuations in enumerate(history.tolist()):
        for k, tokens in enumerate(continuations):
            last = tokens[len(tokens) - n + 1 :] if n > 1 else []
            if len(tokens) < n - 1:
                continue
            for at in range(len(tokens) - n + 1):
                if tokens[at : at + n - 1] == last and tokens[at + n - 1] != end:
                    logs[row, k, tokens[at + n - 1]] = -math.inf


class _Ensemble:
    def __init__(self, parts: Sequence[Steps]) -> None:
        self.parts = parts

    def __call__(self, tokens: Tensor, parents: Tensor | None) -> tuple[Tensor, Tensor | None]:
        outputs = [part(tokens, parents) for part in self.parts]
        scores = torch.stack([scores for scores, _ in outputs]).logsumexp(0) - math.log(len(outputs))
        attentions = [attention for _, attention in outputs if attention is not None]
        return scores, torch.stack(attentions).mean(0) if attentions else None

    def keep(self, rows: Tensor) -> None:
        for part in self.parts:
            part.keep(rows)


def ensemble(parts: Sequence[Steps]) -> Steps:
    """Combine several models: the mean of their probabilities, and of their attention."""
    return parts[0] if len(parts) == 1 else _Ensemble(parts)
