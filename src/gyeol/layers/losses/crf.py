"""Tags that depend on each other: a linear-chain conditional random field over emission scores."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from gyeol.errors import DataError, ParameterError

__all__ = ["CRF"]


@final
class CRF(nn.Module):
    """The probability of whole sequences of tags (Lafferty et al. 2001; Lample et al. 2016, section 2.2).

    The score of a sequence is the sum of its emission scores (one a step), its transition scores (one for each pair of
    neighbouring tags) and the scores of its first and its last tag. Rows have different lengths; steps past them are
    ignored.

    Parameters
    ----------
    tags : int
        Y.

    Raises
    ------
    ParameterError
        There is no tag.

    Examples
    --------
    >>> crf, emissions = CRF(3), torch.randn(1, 4, 3)
    >>> best, score = crf.decode(emissions, torch.tensor([4]))
    >>> loss = crf(emissions, best, torch.tensor([4]))
    >>> loss.shape, bool((crf.marginals(emissions, torch.tensor([4])).sum(2) - 1).abs().max() < 1e-5)
    (torch.Size([1]), True)
    """

    def __init__(self, tags: int) -> None:
        super().__init__()
        if tags < 1:
            raise ParameterError(f"tags={tags}: expected 1 or more")
        self.tags = tags
        self.after = nn.Parameter(torch.empty(tags, tags).uniform_(-0.1, 0.1))  # its name in saved models
        self.first, self.last = (nn.Parameter(torch.empty(tags).uniform_(-0.1, 0.1)) for _ in range(2))

    @property
    def transitions(self) -> Tensor:
        """The transition scores (Y, Y): from the tag of the row to the tag of the column."""
        return self.after

    def extra_repr(self) -> str:
        """Show the number of tags when printed."""
        return str(self.tags)

    def forward(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Return minus the log probability of each row's tags.

        Parameters
        ----------
        emissions : Tensor, shape (B, T, Y)
        tags : int64 tensor, shape (B, T)
            Past the lengths, anything from 0 to Y - 1.
        lengths : int64 tensor, shape (B,)
            From 1 to T.

        Returns
        -------
        Tensor, shape (B,)
        """
        return self.log_partition(emissions, lengths) - self.score(emissions, tags, lengths)

    def score(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Return the score of each row's tags (B, T): (B,)."""
        real = self._real(emissions, lengths)
        steps = emissions.gather(2, tags.unsqueeze(2)).squeeze(2).masked_fill(~real, 0.0).sum(1)
        pairs = self.transitions[tags[:, :-1], tags[:, 1:]].masked_fill(~real[:, 1:], 0.0).sum(1)
        ends = tags.gather(1, (lengths - 1).unsqueeze(1)).squeeze(1)
        return steps + pairs + self.first[tags[:, 0]] + self.last[ends]

    def log_partition(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Return the log partition (B,): ``log sum exp(score)`` over all tag sequences, by the forward algorithm."""
        return torch.logsumexp(self._alphas(emissions, lengths)[-1] + self.last, dim=1)

    def _alphas(self, emissions: Tensor, lengths: Tensor) -> list[Tensor]:
        """For each step the log sums (B, Y) over all sequences that end in a tag; constant past a row's length."""
        real = self._real(emissions, lengths)
        sums = [self.first + emissions[:, 0]]
        for t in range(1, emissions.shape[1]):
            extended = torch.logsumexp(sums[-1].unsqueeze(2) + self.transitions, dim=1) + emissions[:, t]
            sums.append(torch.where(real[:, t, None], extended, sums[-1]))
        return sums

    @torch.no_grad()
    def marginals(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Return the marginal probability of each tag at each step: (B, T, Y), 0 past the lengths."""
        probabilities = torch.exp(self.log_marginals(emissions, lengths))
        return probabilities.masked_fill(~self._real(emissions, lengths).unsqueeze(2), 0.0)

    def log_marginals(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Return their logarithms, differentiable: (B, T, Y), anything past the lengths."""
        real = self._real(emissions, lengths)
        alphas = self._alphas(emissions, lengths)
        log_partition = torch.logsumexp(alphas[-1] + self.last, dim=1)
        betas = self.last.expand(len(emissions), -1)
        found = [alphas[-1] + betas]
        for t in range(emissions.shape[1] - 2, -1, -1):
            extended = torch.logsumexp((self.transitions + (emissions[:, t + 1] + betas).unsqueeze(1)), dim=2)
            betas = torch.where(real[:, t + 1, None], extended, betas)
            found.append(alphas[t] + betas)
        return torch.stack(found[::-1], dim=1) - log_partition[:, None, None]

    @torch.no_grad()
    def decode(self, emissions: Tensor, lengths: Tensor, allowed: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Find the best tags of each row, by the algorithm of Viterbi (1967).

        Parameters
        ----------
        emissions : Tensor, shape (B, T, Y)
        lengths : int64 tensor, shape (B,)
        allowed : Tensor of bool, shape (Y + 1, Y), optional
            Which tag may follow which; the last row: which may be the first. At least one sequence must be allowed.

        Returns
        -------
        tags : int64 tensor, shape (B, T)
            0 past the lengths.
        score : Tensor, shape (B,)
        """
        _, T, Y = emissions.shape
        real = self._real(emissions, lengths)
        transitions, first = self.transitions.detach(), self.first.detach()
        if allowed is not None:
            transitions = transitions.masked_fill(~allowed[:-1], -torch.inf)
            first = first.masked_fill(~allowed[-1], -torch.inf)
        best, pointers = first + emissions[:, 0], []
        for t in range(1, T):
            extended, parents = (best.unsqueeze(2) + transitions).max(dim=1)
            best = torch.where(real[:, t, None], extended + emissions[:, t], best)
            pointers.append(torch.where(real[:, t, None], parents, torch.arange(Y)))
        score, tag = (best + self.last).max(dim=1)
        tags = [tag]
        for parents in reversed(pointers):
            tags.append(parents.gather(1, tags[-1].unsqueeze(1)).squeeze(1))
        return torch.stack(tags[::-1], dim=1).masked_fill(~real, 0), score

    def _real(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        steps = emissions.shape[1] if emissions.ndim == 3 else 0
        if not steps or emissions.shape[2] != self.tags or len(lengths) != len(emissions):
            raise DataError(
                f"emission scores and lengths have shapes {tuple(emissions.shape)} and {tuple(lengths.shape)}, "
                f"expected (B, T, {self.tags}) and (B,)"
            )
        return torch.arange(steps, device=emissions.device) < lengths[:, None]
