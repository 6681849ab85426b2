"""A network to look inside: the same weights in the same memory, but everything else of its own."""

from __future__ import annotations

from typing import TypeVar, cast

from torch import nn

__all__ = ["replica"]

Net = TypeVar("Net", bound=nn.Module)


def replica(net: Net) -> Net:
    """Return a copy of a network, in evaluation mode, that shares its weights and asks no gradients of them.

    Whatever is set on it or hooked into it, even where something fails half way, reaches neither the network nor
    whoever predicts with it meanwhile.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(2, 1)).train()
    >>> other = replica(net)
    >>> other[0].weight.data_ptr() == net[0].weight.data_ptr(), other.training, net.training
    (True, False, True)
    >>> other[0].weight.requires_grad, net[0].weight.requires_grad
    (False, True)
    """
    return cast("Net", _copied(net, {}).eval())


def _copied(module: nn.Module, known: dict[int, nn.Module]) -> nn.Module:
    if id(module) in known:  # one table of vectors may have two places
        return known[id(module)]
    copy = module.__new__(type(module))
    copy.__dict__.update(module.__dict__)
    known[id(module)] = copy
    for name, value in module.__dict__.items():
        if name.endswith("_hooks") and isinstance(value, dict):
            copy.__dict__[name] = value.copy()
    copy.__dict__["_buffers"] = module._buffers.copy()
    copy.__dict__["_parameters"] = {
        name: None if own is None else nn.Parameter(own.detach(), requires_grad=False)
        for name, own in module._parameters.items()
    }
    copy.__dict__["_modules"] = {
        name: None if part is None else _copied(part, known) for name, part in module._modules.items()
    }
    return copy
