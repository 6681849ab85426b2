"""A moving average of the weights at the cost of an update: of an embedding, only the rows of the batch."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from gyeol.engine.sparse_parameters import sparse_parameters

__all__ = ["Average"]

_SMALLEST = 1e-3  # of the scale: numbers divided by it still hold four digits more than they need


@final
class Average:
    """A moving average of a network's weights (Polyak and Juditsky 1992), quick at first, then slower.

    After step t the average is ``a = d a + (1 - d) w`` with ``d = min(decay, (1 + t) / (10 + t))``, or without a decay
    ``d = t / (1 + t)``: the mean of all steps. For embeddings the distance to the average is stored instead,
    ``e = (a - w) / s``, where s is the product of all d: it does not change for a row that a step did not touch.

    Parameters
    ----------
    net : nn.Module
        Its parameters with ``requires_grad`` are averaged.
    decay : float, optional
        From 0 up to, not including, 1.
    """

    def __init__(self, net: nn.Module, decay: float | None) -> None:
        self.decay = decay
        sparse = sparse_parameters(net)
        named = {k: p for k, p in net.named_parameters() if p.requires_grad}
        self._sparse = {k: p for k, p in named.items() if id(p) in sparse}
        self._dense = {k: p for k, p in named.items() if id(p) not in sparse}
        self._names = {id(p): k for k, p in named.items()}
        self._means: dict[str, Tensor] = {}
        self._behind: dict[str, Tensor] = {}
        self._scale = 1.0
        self._before: dict[str, tuple[Tensor, Tensor]] = {}

    @torch.no_grad()
    def before_step(self) -> None:
        """Remember the rows that the optimizer is about to change."""
        self._before = {}
        for name, p in self._sparse.items():
            if p.grad is not None:
                p.grad = p.grad.coalesce()
                rows = p.grad.indices()[0]
                self._before[name] = rows, p.detach()[rows]

    @torch.no_grad()
    def after_step(self, step: int) -> None:
        """Take step number `step` (from 0) into the average."""
        if self._means:
            for name, (rows, old) in self._before.items():
                old -= self._sparse[name].detach()[rows]
                self._behind[name].index_add_(0, rows, old, alpha=1.0 / self._scale)
        self.advance(step, set())

    def beside(self, parameter: nn.Parameter) -> Tensor | None:
        """Return what belongs to a parameter: its average, or how far that is behind; None before the first step."""
        if self._means and (name := self._names.get(id(parameter))) is not None:
            return self._means[name] if name in self._means else self._behind[name]
        return None

    def follow(self, parameter: nn.Parameter, step: int) -> float:
        """Return by what share of its distance, or of its change, what is `beside` a parameter moves at a step."""
        return 1.0 - self._keep(step) if self._names[id(parameter)] in self._dense else 1.0 / self._scale

    @torch.no_grad()
    def advance(self, step: int, done: set[int]) -> None:
        """Finish step number `step`, in which the averages of the parameters `done` (by ``id``) have moved."""
        if not self._means:
            self._means = {k: p.detach().clone() for k, p in self._dense.items()}
            self._behind = {k: torch.zeros_like(p) for k, p in self._sparse.items()}
            return
        keep = self._keep(step)
        left = [(self._means[k], p.detach()) for k, p in self._dense.items() if id(p) not in done]
        if left:
            torch._foreach_lerp_([mean for mean, _ in left], [p for _, p in left], 1.0 - keep)
        self._scale *= keep
        if self._scale < _SMALLEST:
            for behind in self._behind.values():
                behind *= self._scale
            self._scale = 1.0

    def _keep(self, step: int) -> float:
        return step / (1 + step) if self.decay is None else min(self.decay, (1 + step) / (10 + step))

    @torch.no_grad()
    def weights(self) -> dict[str, Tensor]:
        """The average, by parameter; empty before the first step."""
        if not self._means:
            return {}
        apart = {k: torch.add(p, self._behind[k], alpha=self._scale) for k, p in self._sparse.items()}
        return {**self._means, **apart}

    def state(self) -> dict[str, Tensor]:
        """Return what a checkpoint stores."""
        if not self._means:
            return {}
        means = {f"mean.{k}": v for k, v in self._means.items()}
        behind = {f"behind.{k}": v for k, v in self._behind.items()}
        return {"scale": torch.tensor(self._scale, dtype=torch.float64), **means, **behind}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Restore what `state` returned.

        Raises
        ------
        ValueError
            It belongs to another network.
        """
        parameters = {f"mean.{k}": p for k, p in self._dense.items()} | {
            f"behind.{k}": p for k, p in self._sparse.items()
        }
        expected = {k: (p.shape, p.dtype) for k, p in parameters.items()} | {"scale": (torch.Size(), torch.float64)}
        if {k: (v.shape, v.dtype) for k, v in state.items()} != expected or not 0 < float(state["scale"]) <= 1:
            raise ValueError("the averaged weights are not those of this network")
        self._scale = float(state["scale"])
        self._means = {k: state[f"mean.{k}"] for k in self._dense}
        self._behind = {k: state[f"behind.{k}"] for k in self._sparse}
