"""Sampling of many sequences at once, from any model that scores the next token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from gyeol.engine.search.beam import BeamSettings, Hypothesis, Steps, allowed
from gyeol.engine.search.token_sampling import check_sampling, choose_token

__all__ = ["SamplingSettings", "sample_sequences"]


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """Settings of sampling: see `gyeol.engine.sample_token`.

    Raises
    ------
    ParameterError
        A value cannot be.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        check_sampling(temperature=self.temperature, top_k=self.top_k, top_p=self.top_p, repetition_penalty=1.0)


@torch.inference_mode()
def sample_sequences(
    steps: Steps,
    draws: Sequence[np.random.Generator],
    settings: BeamSettings,
    sampling: SamplingSettings,
    *,
    start: int,
    end: int,
    never: Sequence[int] = (),
    limits: Sequence[int] | None = None,
) -> list[list[Hypothesis]]:
    """Draw sequences.

    Parameters
    ----------
    steps : Steps
    draws : sequence of Generator
        One for each of the B sequences: a sequence does not depend on the others.
    settings : BeamSettings
        ``n_best`` sequences are drawn for each; its lengths and n-grams apply, its beam is not used.
    sampling : Sampling
    start, end, never, limits
        As in `gyeol.engine.beam_search`.

    Returns
    -------
    list of lists of Hypothesis
        For each sequence ``n_best``, the most probable first; two may be the same.
    """
    K, count = settings.n_best, len(draws)
    most = [min(settings.max_length, limit) for limit in limits or [settings.max_length] * count]
    alive = list(range(count))
    tokens, parents = torch.full((count, 1), start), None
    history = torch.zeros(count, K, 0, dtype=torch.int64)
    totals = np.zeros((count, K))
    lengths = np.full((count, K), -1)  # of what has ended
    looked: list[Tensor] = []
    found: list[list[Hypothesis]] = [[] for _ in draws]
    for t in range(max(most, default=0) + 1):
        logs, attention = steps(tokens, parents)
        if parents is None:  # all continue from the start
            logs = logs.expand(-1, K, -1)
            attention = None if attention is None else attention.expand(-1, K, -1)
        logs = allowed(logs, history, settings, [most[i] for i in alive], end=end, never=never)
        if attention is not None:
            looked.append(attention)
        scores = logs.numpy()
        drawn = np.full((len(alive), K), end)
        for row, i in enumerate(alive):
            for k in np.flatnonzero(lengths[i] < 0).tolist():
                drawn[row, k] = choose_token(scores[row, k], draws[i], **asdict(sampling))
                totals[i, k] += float(scores[row, k, drawn[row, k]])
                if drawn[row, k] == end:
                    lengths[i, k] = t
        tokens = torch.from_numpy(drawn)
        parents = torch.zeros_like(tokens) if t == 0 else torch.arange(K).expand(len(alive), -1)
        history = torch.cat([history, tokens[:, :, None]], dim=2)
        left = []
        for row, i in enumerate(alive):
            if (lengths[i] < 0).any():
                left.append(row)
                continue
            for k, length in enumerate(lengths[i].tolist()):
                seen = torch.stack([step[row, k] for step in looked[: length + 1]]) if looked else None
                total = float(totals[i, k])
                drawn_tokens = history[row, k, :length].tolist()
                found[i].append(Hypothesis(drawn_tokens, settings.score(length, total), total, seen))
            found[i].sort(key=lambda h: -h.score)
        if len(left) < len(alive):
            alive = [alive[row] for row in left]
            if not alive:
                break
            which = torch.tensor(left)
            steps.keep(which)
            tokens, parents, history = tokens[which], parents[which], history[which]
            looked = [a[which] for a in looked]
    return found
