"""Connectionist temporal classification: letters without knowing when (Graves et al. 2006).

The network predicts at every step the probability of each letter and of the *blank* (number 0). A path through the
steps spells a text when repetitions are merged and blanks removed; the probability of a text is the sum over the paths
that spell it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from gyeol.errors import DataError

__all__ = ["BLANK", "ctc_align", "ctc_loss", "needed_steps"]

BLANK = 0


def ctc_loss(log_probs: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
    """Return minus the log probability of each row's text (Graves et al. 2006, equations 3 and 8).

    Parameters
    ----------
    log_probs : Tensor, shape (B, T, V)
        Logarithms of probabilities; those of the blank first.
    lengths : int64 tensor, shape (B,)
        Steps, from 1 to T.
    targets : int64 tensor, shape (B, L)
        Letters from 1 to V - 1; past their lengths, anything.
    target_lengths : int64 tensor, shape (B,)

    Returns
    -------
    Tensor, shape (B,)
        0, without a gradient, where there are fewer steps than the text needs (see `needed_steps`).

    Raises
    ------
    DataError
        The shapes do not fit; a length or a letter is out of range.

    Examples
    --------
    >>> import torch
    >>> even = torch.full((1, 2, 2), 0.5).log()
    >>> ctc_loss(even, torch.tensor([2]), torch.tensor([[1]]), torch.tensor([1])).exp()  # 3 of 4 paths spell it
    tensor([1.3333])
    """
    B = len(log_probs)
    if log_probs.ndim != 3 or targets.ndim != 2 or not len(lengths) == len(targets) == len(target_lengths) == B:
        shapes = ", ".join(str(tuple(part.shape)) for part in (log_probs, lengths, targets, target_lengths))
        raise DataError(
            f"log_probs, lengths, targets, lengths came as {shapes}; expected (B, T, V), (B,), (B, L), (B,)"
        )
    T, V, L = log_probs.shape[1], log_probs.shape[2], targets.shape[1]
    for name, part, least, most in (("lengths", lengths, 1, T), ("target_lengths", target_lengths, 0, L)):
        if bool(((part < least) | (part > most)).any()):
            raise DataError(f"{name} are {part.tolist()!r:.80}; expected {least}..{most}")
    # PyTorch's own loss reads past its rows for such letters.
    real = torch.arange(L, device=targets.device) < target_lengths.to(targets.device)[:, None]
    wrong = real & ((targets < 1) | (targets >= V))
    if bool(wrong.any()):
        row = int(wrong.any(1).nonzero()[0])
        raise DataError(f"targets of row {row} hold {int(targets[wrong][0])}; letters are 1..{V - 1}, 0 is the blank")
    return F.ctc_loss(
        log_probs.transpose(0, 1), targets, lengths, target_lengths, blank=BLANK, reduction="none", zero_infinity=True
    )


def needed_steps(target: npt.NDArray[np.generic]) -> int:
    """Count the steps that a text needs at least: one a letter, and a blank between two that are the same.

    Examples
    --------
    >>> needed_steps(np.array([3, 3, 5]))
    4
    """
    return len(target) + int((target[1:] == target[:-1]).sum())


def ctc_align(log_probs: npt.NDArray[np.floating], target: npt.NDArray[np.generic]) -> tuple[list[range], float]:
    """Find the most probable path that spells a text (Viterbi over the states of Graves et al. 2006, figure 3).

    Parameters
    ----------
    log_probs : array, shape (T, V)
    target : int array, shape (L,)

    Returns
    -------
    spans : list of range
        For every letter its steps.
    log_probability : float
        Of that path alone; minus infinity, with no spans, where no path spells the text.

    Examples
    --------
    >>> ctc_align(np.log([[0.8, 0.2], [0.1, 0.9], [0.3, 0.7]]), np.array([1]))[0]
    [range(1, 3)]
    """
    T, L = len(log_probs), len(target)
    states = np.full(2 * L + 1, BLANK)
    states[1::2] = target
    leap = np.zeros(len(states), dtype=bool)  # a blank may be skipped between two letters that differ
    leap[3::2] = target[1:] != target[:-1]
    emissions = log_probs[:, states]
    best = np.full(len(states), -np.inf)
    best[:2] = emissions[0, :2]
    pointers = np.zeros((T, len(states)), dtype=np.int64)
    for t in range(1, T):
        one = np.concatenate([[-np.inf], best[:-1]])
        two = np.where(leap, np.concatenate([[-np.inf, -np.inf], best[:-2]])[: len(states)], -np.inf)
        paths = np.stack([best, one, two])
        pointers[t] = paths.argmax(axis=0)
        best = paths.max(axis=0) + emissions[t]
    at = len(states) - 1 if L == 0 or best[-1] >= best[-2] else len(states) - 2
    log_probability = float(best[at])
    if log_probability == -np.inf:
        return [], log_probability
    path = [at]
    for t in range(T - 1, 0, -1):
        at -= int(pointers[t, at])
        path.append(at)
    steps = np.array(path[::-1])
    spans = [np.flatnonzero(steps == 2 * n + 1) for n in range(L)]
    return [range(int(span[0]), int(span[-1]) + 1) for span in spans], log_probability
