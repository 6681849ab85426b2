"""What was said before is likelier to be said again: a cache of the last states beside a language model's softmax."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.errors import ParameterError

__all__ = ["NeuralCache", "best_cache", "cached_losses"]

_FLATNESSES = 0.03, 0.06, 0.12, 0.25, 0.5, 1.0
_SHARES = 0.02, 0.05, 0.1, 0.15, 0.2, 0.3

#: What a window of a stream gives: states (n, K), targets (n,), minus the log probability of each target (n,).
Window = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class NeuralCache:
    """A continuous cache (Grave, Joulin and Usunier 2017, equations 2 to 4).

    The next word w is predicted by ``(1 - share) softmax(w) + share cache(w)``, where cache(w) sums
    ``exp(flatness h_t . h_i)``, made to sum to 1, over the last ``size`` states h_i that w followed.
    """

    size: int = 2000
    flatness: float = 0.25
    share: float = 0.1

    def __post_init__(self) -> None:
        wrong = []
        if self.size < 1:
            wrong.append(f"size={self.size}: must be 1 or more")
        if not 0 < self.flatness < float("inf"):
            wrong.append(f"flatness={self.flatness}: must be above 0")
        if not 0 <= self.share < 1:
            wrong.append(f"share={self.share}: must be from 0 up to, not including, 1")
        if wrong:
            raise ParameterError("; ".join(wrong))


def _masses(
    windows: Iterable[Window], size: int, flatnesses: Sequence[float]
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Give each window's losses (n,), the cache's probabilities of its targets (F, n), and where it has any (n,)."""
    keys, names = torch.zeros(0), torch.zeros(0, dtype=torch.int64)
    for states, targets, losses in windows:
        keys = torch.cat([keys.view(-1, states.shape[1]), states])
        names = torch.cat([names, targets])
        here = torch.arange(len(names) - len(targets), len(names))[:, None]
        there = torch.arange(len(names))
        hidden = (there >= here) | (there < here - size)
        scores = states @ keys.T
        other = hidden | (names != targets[:, None])
        masses = []
        for flatness in flatnesses:
            heated = flatness * scores
            whole = heated.masked_fill(hidden, -torch.inf).logsumexp(1)
            masses.append((heated.masked_fill(other, -torch.inf).logsumexp(1) - whole).exp().nan_to_num(0.0))
        yield losses.double(), torch.stack(masses).double(), ~hidden.all(1)
        keys, names = keys[-size:], names[-size:]


def _mixed(losses: Tensor, mass: Tensor, filled: Tensor, share: float) -> Tensor:
    return torch.where(filled, -torch.log((1 - share) * (-losses).exp() + share * mass), losses)


def cached_losses(windows: Iterable[Window], cache: NeuralCache) -> npt.NDArray[np.float64]:
    """Return minus the log probability of every token (N,) with a cache.

    Parameters
    ----------
    windows : iterable of (states, targets, losses)
        One stream, window after window.
    cache : NeuralCache
    """
    parts = _masses(windows, cache.size, [cache.flatness])
    return torch.cat([_mixed(losses, masses[0], filled, cache.share) for losses, masses, filled in parts]).numpy()


def best_cache(windows: Iterable[Window], size: int) -> NeuralCache:
    """Choose flatness and share, among 36 pairs, by the loss on one stream."""
    sums = torch.zeros(len(_FLATNESSES), len(_SHARES), dtype=torch.float64)
    for losses, masses, filled in _masses(windows, size, _FLATNESSES):
        for f, mass in enumerate(masses):
            for s, share in enumerate(_SHARES):
                sums[f, s] += _mixed(losses, mass, filled, share).sum()
    f, s = divmod(int(sums.argmin()), len(_SHARES))
    return NeuralCache(size, _FLATNESSES[f], _SHARES[s])
