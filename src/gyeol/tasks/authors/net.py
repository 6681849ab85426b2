"""The networks of `AuthorClassifier`: how probable each token is when each of the authors writes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from gyeol.kernels.packing import Packing
from gyeol.layers import Continuations
from gyeol.tasks.language.net import Carrier, LanguageNet, Pieces

__all__ = ["ApartNet", "AuthorNet", "SharedNet", "places"]

UNKNOWN = 1
_LOGITS = 1 << 23  # numbers of a block of logits: 32 MB
_LEAST = 1e-30


class AuthorNet(nn.Module, ABC):
    """What both forms have: the prior, and the temperature that `AuthorClassifier` learns."""

    log_prior: Tensor
    temperature: Tensor

    def __init__(self, prior: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("log_prior", torch.log(torch.tensor(prior)))
        self.register_buffer("temperature", torch.ones(()))

    @property
    @abstractmethod
    def vocabulary_size(self) -> int:
        """V, how many tokens there are."""

    @abstractmethod
    def forward(self, pieces: Pieces) -> Tensor:
        """Texts to the log probability of each of their tokens by each author, (N, A), packed."""


class SharedNet(AuthorNet):
    """One recurrent language model for all; an author's vectors tilt what it expects.

    With P the shared model's distribution, P(v | past, a) = P(v | past) exp(t_a(v, past)) / Z_a(past), where t_a sums
    the author's number for v and those for the known n-grams that end in v. Z_a is P times exp(t_a): one product for
    all authors and all words, corrected where an n-gram adds to it. So a text is read once, however many authors.

    Parameters
    ----------
    prior : sequence of float
        The share of each author.
    size, embedding_size : int
    ngrams : sequence of int
        How many n-grams of 2, 3, ... tokens have numbers.
    **layers
        As `LanguageNet` takes them.
    """

    def __init__(
        self, prior: Sequence[float], size: int, embedding_size: int, ngrams: Sequence[int], **layers: Any
    ) -> None:
        super().__init__(prior)
        self.language = LanguageNet(size, embedding_size, **layers)
        self.words = nn.Parameter(torch.zeros(size, len(prior)))
        self.runs = Continuations(size, list(ngrams), len(prior))

    @property
    def vocabulary_size(self) -> int:
        """V, how many tokens there are."""
        return len(self.words)

    def forward(self, pieces: Pieces) -> Tensor:
        """Texts to log probabilities (N, A), packed."""
        hidden, targets = self.language(pieces, Carrier())
        packing = Packing.of(pieces.lengths, pieces.tokens.shape[1])
        contexts = packing.gather(self.runs.contexts(pieces.tokens))
        step = max(1, _LOGITS // len(self.words))
        blocks = []
        for first in range(0, len(hidden), step):
            part: tuple[Any, ...] = tuple(t[first : first + step] for t in (hidden, targets, contexts))
            # Where there are several, their logits are computed again on the way back: one block is held at a time.
            again = torch.is_grad_enabled() and len(hidden) > step
            blocks.append(checkpoint(self._block, *part, use_reentrant=False) if again else self._block(*part))
        return torch.cat(blocks)

    def _block(self, hidden: Tensor, targets: Tensor, contexts: Tensor) -> Tensor:
        logs = torch.log_softmax(self.language.logits(hidden), 1)
        shares, tilts = logs.exp(), self.words.exp()
        total = shares @ tilts
        tilted = logs.gather(1, targets.unsqueeze(1)) + self.words[targets]
        step, word, added = self.runs(contexts)
        share = shares.view(-1)[step * shares.shape[1] + word].unsqueeze(1)
        total = total.index_add(0, step, share * tilts[word] * torch.expm1(added))
        meant = word == targets[step]
        tilted = tilted.index_add(0, step[meant], added[meant])
        return tilted - total.clamp(min=_LEAST).log()


class ApartNet(AuthorNet):
    """A recurrent language model for each author, with nothing in common but the vocabulary; see `SharedNet`."""

    def __init__(self, prior: Sequence[float], size: int, embedding_size: int, **layers: Any) -> None:
        super().__init__(prior)
        self.languages = nn.ModuleList(LanguageNet(size, embedding_size, **layers) for _ in prior)

    @property
    def vocabulary_size(self) -> int:
        """V, how many tokens there are."""
        sizes = [part.embedding.num_embeddings for part in self.languages if isinstance(part, LanguageNet)]
        return sizes[0]

    def forward(self, pieces: Pieces) -> Tensor:
        """Texts to log probabilities (N, A), packed."""
        columns = []
        for language in self.languages:
            hidden, targets = language(pieces, Carrier())
            columns.append(-language.losses(hidden, targets))  # type: ignore[operator]
        return torch.stack(columns, 1)


def places(pieces: Pieces) -> tuple[Tensor, Tensor]:
    """Return of each packed token (N,) the number of its text, and whether it is known."""
    packing = Packing.of(pieces.lengths, pieces.tokens.shape[1])
    rank = packing.rows()
    text = rank if packing.order is None else packing.order[rank]
    return text, packing.gather(pieces.targets.unsqueeze(2)).squeeze(1) != UNKNOWN
