"""Adam or plain descent, row-wise for embeddings, one clipping over all, one schedule."""

from __future__ import annotations

import math
import re
from typing import Any

import torch
from torch import Tensor, nn

from gyeol.engine.average import Average
from gyeol.engine.sparse_parameters import sparse_parameters
from gyeol.kernels.words.lookup import coalesced
from gyeol.kernels.words.update import Update, length, one_pass, update

__all__ = ["OPTIMIZERS", "Optimizer", "decay"]

#: The ways to update: Adam; stochastic gradient descent; the same at a constant rate, its weights averaged from the
#: epoch on that no longer makes them better (`gyeol.engine.fit`).
OPTIMIZERS = ("adam", "sgd", "asgd")


def decay(progress: float, *, warmup: float = 0.0) -> float:
    """Scale the learning rate at a share of the training: up over the warm-up, then along a half cosine to zero.

    Loshchilov and Hutter 2017, equation 5, one cycle.

    Examples
    --------
    >>> decay(0.0), round(decay(0.5), 3), decay(1.0)
    (1.0, 0.5, 0.0)
    """
    if progress < warmup:
        return progress / warmup
    along = min(1.0, (progress - warmup) / max(1e-9, 1.0 - warmup))
    return 0.5 * (1.0 + math.cos(math.pi * along))


class Optimizer:
    """Adam (Kingma and Ba 2015) or descent over a network, embeddings updated only in the rows a batch touched.

    Dense Adam over a large vocabulary costs more than the recurrent network itself; rows whose gradient is sparse get
    PyTorch's SparseAdam. Weight decay is decoupled (AdamW); with descent it is part of the gradient, as SGD's is. It
    spares biases and sparse embeddings.

    Parameters
    ----------
    net : nn.Module
        Its parameters with ``requires_grad``. Those of modules with a true ``sparse`` attribute are the sparse ones; of
        these, modules with a ``descent`` go by plain descent, at so many times the learning rate.
    learning_rate : float
    weight_decay : float
    clip_norm : float
        The largest length of the gradient of all parameters together; 0 switches clipping off.
    kind : str
        One of `OPTIMIZERS`.
    """

    def __init__(
        self,
        net: nn.Module,
        *,
        learning_rate: float,
        weight_decay: float = 0.0,
        clip_norm: float = 0.0,
        kind: str = "adam",
    ) -> None:
        sparse = sparse_parameters(net)
        plain: list[tuple[nn.Parameter, float]] = []
        for module in net.modules():
            times: Any = getattr(module, "descent", None)
            if times is not None:
                plain += [(sparse.pop(id(p)), times) for p in module.parameters(recurse=False) if id(p) in sparse]
        own = {id(p) for p, _ in plain}
        dense = [p for p in net.parameters() if p.requires_grad and id(p) not in sparse.keys() | own]
        weights = [p for p in dense if p.ndim > 1]
        others = [p for p in dense if p.ndim <= 1]
        self.learning_rate = learning_rate
        self.clip_norm = clip_norm
        self._parts: list[torch.optim.Optimizer] = []
        if dense:
            groups = [{"params": weights, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
            way: Any = torch.optim.AdamW if kind == "adam" else torch.optim.SGD
            self._parts.append(way([g for g in groups if g["params"]], lr=learning_rate, fused=True))
        if sparse:
            way = torch.optim.SparseAdam if kind == "adam" else torch.optim.SGD
            self._parts.append(way(list(sparse.values()), lr=learning_rate))
        if plain:
            linear = [{"params": [p], "times": times} for p, times in plain]
            self._parts.append(torch.optim.SGD(linear, lr=learning_rate))
        self._parameters = [*dense, *sparse.values(), *(p for p, _ in plain)]

    def step(self, *, scale: float, average: Average | None = None, number: int = 0) -> float:
        """Clip, update with ``scale`` times the learning rate, forget the gradients; returns the gradient's length.

        Where that is no finite number, nothing is updated.

        Parameters
        ----------
        scale : float
        average : Average, optional
            Of the weights, which takes the step as its step ``number`` (from 0).
        """
        gradients = []
        for parameter in self._parameters:
            if parameter.grad is not None and parameter.grad.is_sparse:
                parameter.grad = coalesced(parameter.grad)
                gradients.append(parameter.grad._values())
            elif parameter.grad is not None:
                gradients.append(parameter.grad)
        norm = length(gradients)
        clip = self.clip_norm / (norm + 1e-6) if self.clip_norm and norm > self.clip_norm else 1.0
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = self.learning_rate * scale * group.get("times", 1.0)
        if not math.isfinite(norm):
            pass
        elif one_pass(self._parameters):
            self._update(clip, average, number)
        else:
            self._update_reference(gradients, clip, average, number)
        for parameter in self._parameters:
            parameter.grad = None
        return norm

    def _update_reference(self, gradients: list[Tensor], clip: float, average: Average | None, number: int) -> None:
        """Do what `_update` does, readably: it is tested against this, which serves where there are no kernels."""
        if average:
            average.before_step()
        if clip != 1.0:
            torch._foreach_mul_(gradients, clip)
        for part in self._parts:
            part.step()
        if average:
            average.after_step(number)

    def _update(self, clip: float, average: Average | None, number: int) -> None:
        """Update each parameter with its moments and its average in one pass; the moments are PyTorch's."""
        done = set()
        for part in self._parts:
            for group in part.param_groups:
                for p in group["params"]:
                    if p.grad is None:
                        continue
                    behind = average.beside(p) if average else None
                    follow = average.follow(p, number) if average else 0.0
                    moments, numbers = _adam(part, group, p) if "betas" in group else (None, _descent(group))
                    update(p, p.grad, moments, behind, numbers._replace(clip=clip, follow=follow))
                    done.add(id(p))
        if average:
            average.advance(number, done)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return the moments as named tensors and the rest as JSON values."""
        tensors: dict[str, Tensor] = {}
        numbers: dict[str, Any] = {}
        for p, part in enumerate(self._parts):
            for index, entry in part.state_dict()["state"].items():
                for name, value in entry.items():
                    key = f"{p}.{index}.{name}"
                    if isinstance(value, Tensor):
                        tensors[key] = value
                    else:
                        numbers[key] = value
        return tensors, numbers

    def restore(self, tensors: dict[str, Tensor], numbers: dict[str, Any]) -> None:
        """Take over what `state` returned.

        Raises
        ------
        ValueError
            Where it is of other parameters, or damaged; nothing is changed then.
        """
        states: list[dict[int, dict[str, Any]]] = [{} for _ in self._parts]
        for key, value in [*tensors.items(), *numbers.items()]:
            place = re.fullmatch(r"(\d{1,9})\.(\d{1,9})\.(\w+)", key, re.ASCII)
            if place is None or int(place[1]) >= len(states):
                raise ValueError(f"the optimizer has no place for {key!r}")
            states[int(place[1])].setdefault(int(place[2]), {})[place[3]] = value
        for part, state in zip(self._parts, states, strict=True):
            _check_moments(part, state)
        for part, state in zip(self._parts, states, strict=True):
            part.load_state_dict({"state": state, "param_groups": part.state_dict()["param_groups"]})


def _check_moments(part: torch.optim.Optimizer, state: dict[int, dict[str, Any]]) -> None:
    """Hold moments to their parameters: PyTorch would find out only while updating, if at all."""
    parameters = [p for group in part.param_groups for p in group["params"]]
    if state and isinstance(part, torch.optim.SGD):
        raise ValueError("plain gradient descent has no state, but this checkpoint contains some")
    for index, entry in state.items():
        if index >= len(parameters) or set(entry) != {"step", "exp_avg", "exp_avg_sq"}:
            raise ValueError(f"the optimizer's state of parameter {index} is not one of Adam's")
        step = entry["step"]
        if isinstance(part, torch.optim.SparseAdam):  # counts in Python's numbers, AdamW in tensors
            counts = type(step) is int
        else:
            counts = isinstance(step, Tensor) and step.ndim == 0
        own = parameters[index].shape, parameters[index].dtype
        kinds = [(m.shape, m.dtype) for m in (entry["exp_avg"], entry["exp_avg_sq"]) if isinstance(m, Tensor)]
        if kinds != [own, own] or not counts or not step >= 1:
            raise ValueError(f"the optimizer's state does not fit parameter {index}")


def _adam(part: torch.optim.Optimizer, group: dict[str, Any], p: nn.Parameter) -> tuple[tuple[Tensor, Tensor], Update]:
    """Count a step of Adam: the moments of a parameter, and the numbers of PyTorch's AdamW or SparseAdam."""
    sparse, state = isinstance(part, torch.optim.SparseAdam), part.state[p]
    if not state:
        state["step"] = 0 if sparse else torch.zeros((), dtype=torch.float32)
        state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(p), torch.zeros_like(p)
    state["step"] += 1
    (beta1, beta2), step, rate = group["betas"], float(state["step"]), group["lr"]
    bias, root = 1.0 - beta1**step, math.sqrt(1.0 - beta2**step)
    numbers = Update(
        clip=1.0, first=1.0 - beta1, second=1.0 - beta2, epsilon=group["eps"], follow=0.0,
        # SparseAdam's epsilon is not corrected for the bias.
        rate=rate * root / bias if sparse else rate / bias, root=1.0 if sparse else 1.0 / root,
        decay=0.0 if sparse else group["weight_decay"] * bias,
    )  # fmt: skip
    return (state["exp_avg"], state["exp_avg_sq"]), numbers


def _descent(group: dict[str, Any]) -> Update:
    return Update(1.0, 0.0, 0.0, group["lr"], 0.0, 0.0, group["weight_decay"], 0.0)
