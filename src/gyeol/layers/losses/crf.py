"""Tags that depend on each other: a linear-chain conditional random field over the scores of a recurrent net."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from gyeol.errors import DataError, ParameterError

__all__ = ["CRF"]


@final
class CRF(nn.Module):
    """The probability of whole sequences of tags (Lafferty et al. 2001; Lample et al. 2016, section 2.2).

    A sequence is worth the sum of its steps' scores, of what each tag adds after the one before, and of what its first
    and its last tag add for standing there. Rows have their own lengths; what is past them is not read.

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
    >>> crf, scores = CRF(3), torch.randn(1, 4, 3)
    >>> best, worth = crf.decode(scores, torch.tensor([4]))
    >>> loss = crf(scores, best, torch.tensor([4]))
    >>> loss.shape, bool((crf.marginals(scores, torch.tensor([4])).sum(2) - 1).abs().max() < 1e-5)
    (torch.Size([1]), True)
    """

    def __init__(self, tags: int) -> None:
        super().__init__()
        if tags < 1:
            raise ParameterError(f"tags={tags}: expected 1 or more")
        self.tags = tags
        self.after = nn.Parameter(torch.empty(tags, tags).uniform_(-0.1, 0.1))
        self.first, self.last = (nn.Parameter(torch.empty(tags).uniform_(-0.1, 0.1)) for _ in range(2))

    def extra_repr(self) -> str:
        """Show the number of tags when printed."""
        return str(self.tags)

    def forward(self, scores: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Return minus the log probability of each row's tags.

        Parameters
        ----------
        scores : Tensor, shape (B, T, Y)
        tags : int64 tensor, shape (B, T)
            Past the lengths, anything from 0 to Y - 1.
        lengths : int64 tensor, shape (B,)
            From 1 to T.

        Returns
        -------
        Tensor, shape (B,)
        """
        return self.log_sum(scores, lengths) - self.worth(scores, tags, lengths)

    def worth(self, scores: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Return what each row's tags (B, T) are worth together: (B,)."""
        real = self._real(scores, lengths)
        steps = scores.gather(2, tags.unsqueeze(2)).squeeze(2).masked_fill(~real, 0.0).sum(1)
        pairs = self.after[tags[:, :-1], tags[:, 1:]].masked_fill(~real[:, 1:], 0.0).sum(1)
        ends = tags.gather(1, (lengths - 1).unsqueeze(1)).squeeze(1)
        return steps + pairs + self.first[tags[:, 0]] + self.last[ends]

    def log_sum(self, scores: Tensor, lengths: Tensor) -> Tensor:
        """Return the log of the sum of ``exp(worth)`` over all tags of each row, (B,): the forward algorithm."""
        return torch.logsumexp(self._forwards(scores, lengths)[-1] + self.last, dim=1)

    def _forwards(self, scores: Tensor, lengths: Tensor) -> list[Tensor]:
        """For each step the logs (B, Y) of the sums over all that ends in a tag there; past its end a row stays."""
        real = self._real(scores, lengths)
        sums = [self.first + scores[:, 0]]
        for t in range(1, scores.shape[1]):
            grown = torch.logsumexp(sums[-1].unsqueeze(2) + self.after, dim=1) + scores[:, t]
            sums.append(torch.where(real[:, t, None], grown, sums[-1]))
        return sums

    @torch.no_grad()
    def marginals(self, scores: Tensor, lengths: Tensor) -> Tensor:
        """Return the probability of each tag at each step, whatever the others are: (B, T, Y), 0 past the lengths."""
        real = self._real(scores, lengths)
        before = self._forwards(scores, lengths)
        total = torch.logsumexp(before[-1] + self.last, dim=1)
        rest = self.last.expand(len(scores), -1)
        found = [before[-1] + rest]
        for t in range(scores.shape[1] - 2, -1, -1):
            grown = torch.logsumexp((self.after + (scores[:, t + 1] + rest).unsqueeze(1)), dim=2)
            rest = torch.where(real[:, t + 1, None], grown, rest)
            found.append(before[t] + rest)
        shares = torch.exp(torch.stack(found[::-1], dim=1) - total[:, None, None])
        return shares.masked_fill(~real.unsqueeze(2), 0.0)

    @torch.no_grad()
    def decode(self, scores: Tensor, lengths: Tensor, allowed: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Find the best tags of each row: the algorithm of Viterbi (1967).

        Parameters
        ----------
        scores : Tensor, shape (B, T, Y)
        lengths : int64 tensor, shape (B,)
        allowed : Tensor of bool, shape (Y + 1, Y), optional
            Which tag may follow which; the last row: which may come first. There must be a way.

        Returns
        -------
        tags : int64 tensor, shape (B, T)
            0 past the lengths.
        worth : Tensor, shape (B,)
        """
        _, T, Y = scores.shape
        real = self._real(scores, lengths)
        after, first = self.after.detach(), self.first.detach()
        if allowed is not None:
            after, first = after.masked_fill(~allowed[:-1], -torch.inf), first.masked_fill(~allowed[-1], -torch.inf)
        best, came = first + scores[:, 0], []
        for t in range(1, T):
            grown, parents = (best.unsqueeze(2) + after).max(dim=1)
            best = torch.where(real[:, t, None], grown + scores[:, t], best)
            came.append(torch.where(real[:, t, None], parents, torch.arange(Y)))
        worth, tag = (best + self.last).max(dim=1)
        tags = [tag]
        for parents in reversed(came):
            tags.append(parents.gather(1, tags[-1].unsqueeze(1)).squeeze(1))
        return torch.stack(tags[::-1], dim=1).masked_fill(~real, 0), worth

    def _real(self, scores: Tensor, lengths: Tensor) -> Tensor:
        if scores.ndim != 3 or scores.shape[2] != self.tags or len(lengths) != len(scores) or not scores.shape[1]:
            raise DataError(
                f"scores and lengths have shapes {tuple(scores.shape)} and {tuple(lengths.shape)}, expected "
                f"(B, T, {self.tags}) and (B,)"
            )
        return torch.arange(scores.shape[1], device=scores.device) < lengths[:, None]
