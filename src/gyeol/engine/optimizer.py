"""Adam or plain descent, row-wise for embeddings, one clipping over all, one schedule."""

from __future__ import annotations

import math
import re
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["OPTIMIZERS", "Optimizer", "decay", "sparse_parameters"]

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


def sparse_parameters(net: nn.Module) -> dict[int, nn.Parameter]:
    """Find, by their ``id``, the parameters whose gradients hold the rows of a batch only: those of sparse modules."""
    return {
        id(p): p
        for m in net.modules()
        if getattr(m, "sparse", False)
        for p in m.parameters(recurse=False)
        if p.requires_grad
    }


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

    def step(self, *, scale: float) -> float:
        """Clip, update with ``scale`` times the learning rate, forget the gradients; returns the gradient's length.

        Where that is no finite number, nothing is updated.
        """
        gradients = []
        for parameter in self._parameters:
            if parameter.grad is None:
                continue
            if parameter.grad.is_sparse:
                parameter.grad = parameter.grad.coalesce()
                gradients.append(parameter.grad._values())
            else:
                gradients.append(parameter.grad)
        norm = _length(gradients)
        if self.clip_norm and norm > self.clip_norm:
            torch._foreach_mul_(gradients, self.clip_norm / (norm + 1e-6))
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = self.learning_rate * scale * group.get("times", 1.0)
            if math.isfinite(norm):
                part.step()
            part.zero_grad(set_to_none=True)
        return norm

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


def _length(tensors: list[Tensor]) -> float:
    if not tensors:
        return 0.0
    return float(torch.linalg.vector_norm(torch.stack(torch._foreach_norm(tensors))))
