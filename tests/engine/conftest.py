"""A problem small enough to train in milliseconds, and someone who watches."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gyeol.data.batches import bucket
from gyeol.engine import BeamSettings, StepLoss


class Net(nn.Module):
    """Words to two logits: an embedding of which a batch touches some rows, dropout, and two layers."""

    def __init__(self, seed: int = 0, dropout: float = 0.3, sparse: bool = True) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.embedding = nn.Embedding(40, 5, sparse=sparse)
            self.hidden = nn.Linear(5, 6)
            self.dropout = nn.Dropout(dropout)
            self.head = nn.Linear(6, 2)

    def forward(self, words: Tensor) -> Tensor:
        return self.head(self.dropout(torch.tanh(self.hidden(self.embedding(words).sum(1)))))


class Words:
    """A plan: 24 texts of three words, one class if they hold a word below 5.

    ``before_step`` holds what to do before the step of that number; ``figures`` are told instead of real ones;
    ``validated`` keeps the weights that every validation saw.
    """

    def __init__(self, net: nn.Module, *, batch_size: int = 7, figures: list[dict[str, float]] | None = None) -> None:
        random = np.random.default_rng(3)
        self.words = torch.from_numpy(random.integers(0, 30, (24, 3)))
        self.classes = (self.words < 5).any(1).long()
        self.net, self.batch_size, self.figures = net, batch_size, figures
        self.before_step: dict[int, Callable[[], object]] = {}
        self.steps = 0
        self.validated: list[dict[str, Tensor]] = []
        self.modes: list[bool] = []

    def batches(self, epoch: int) -> list[Any]:
        return bucket(np.full(len(self.words), 3), self.batch_size, seed=1, epoch=epoch)

    def loss(self, rows: Any) -> StepLoss:
        self.before_step.get(self.steps, lambda: None)()
        self.steps += 1
        self.modes.append(self.net.training)
        logits = self.net(self.words[rows])
        right = int((logits.detach().argmax(1) == self.classes[rows]).sum())
        return StepLoss(F.cross_entropy(logits, self.classes[rows]), right)

    def validate(self) -> dict[str, float]:
        self.validated.append({k: v.clone() for k, v in self.net.state_dict().items()})
        assert not self.net.training
        if self.figures is not None:
            return dict(self.figures[len(self.validated) - 1])
        logits = self.net(self.words)
        return {
            "loss": float(F.cross_entropy(logits, self.classes)),
            "accuracy": float((logits.argmax(1) == self.classes).double().mean()),
        }


class Watcher:
    """Keeps what it is told; ``after_step`` holds what to do after the step of that number."""

    def __init__(self) -> None:
        self.epochs: list[tuple[int, int, int, int]] = []
        self.steps: list[tuple[int, float, float]] = []
        self.records: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.after_step: dict[int, Callable[[], object]] = {}

    def epoch(self, number: int, epochs: int, examples: int, done: int) -> None:
        self.epochs.append((number, epochs, examples, done))

    def step(self, examples: int, loss: float, right: float) -> None:
        self.steps.append((examples, loss, right))
        self.after_step.get(len(self.steps), lambda: None)()

    def record(self, record: dict[str, Any]) -> None:
        self.records.append(record)

    def note(self, message: str) -> None:
        self.notes.append(message)


@pytest.fixture
def make_net() -> type[Net]:
    return Net


@pytest.fixture
def make_plan() -> type[Words]:
    return Words


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flushing to the disk takes longer than all the rest here."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


#: Of the toy language.
BEGIN, END = 0, 1


class Table:
    """A toy language: the next token depends on the two before, differently in each of B sequences."""

    def __init__(self, count: int, words: int, seed: int, source: int = 3) -> None:
        g = torch.Generator().manual_seed(seed)
        self.logs = (2 * torch.randn(count, words, words, words, generator=g)).log_softmax(3).double()
        self.looks = torch.randn(count, words, source, generator=g).softmax(2).double()
        self.rows = torch.arange(count)
        self.before: Tensor | None = None

    def __call__(self, tokens: Tensor, parents: Tensor | None) -> tuple[Tensor, Tensor]:
        last = torch.full_like(tokens, BEGIN) if parents is None else self.before.gather(1, parents)  # type: ignore[union-attr]
        self.before = tokens
        row = self.rows[:, None]
        return self.logs[row, last, tokens], self.looks[row, tokens]

    def keep(self, rows: Tensor) -> None:
        self.rows = self.rows[rows]
        assert self.before is not None
        self.before = self.before[rows]

    def worth(self, row: int, tokens: tuple[int, ...], how: BeamSettings) -> tuple[float, float]:
        total, last, now, got = 0.0, BEGIN, BEGIN, torch.zeros(self.looks.shape[2], dtype=torch.float64)
        for token in (*tokens, END):
            total += float(self.logs[row, last, now, token])
            got += self.looks[row, now]
            last, now = now, token
        covered = how.coverage_penalty * float(got.clamp(max=1.0).log().sum())
        return how.score(len(tokens), total) + covered, total


def every(words: int, longest: int, shortest: int = 0) -> list[tuple[int, ...]]:
    inner = [w for w in range(words) if w not in (BEGIN, END)]
    return [tokens for n in range(shortest, longest + 1) for tokens in product(inner, repeat=n)]
