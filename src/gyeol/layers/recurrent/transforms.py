"""What surrounds a layer's call: autocast, and whatever needs to see its operations, not only its results.

A native kernel gives numbers. A trace, an export, a tensor without storage and a function transform (``torch.func``)
follow PyTorch's own operations; where one of them is at work, a layer walks by those.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

__all__ = ["autocast_type", "call_as_leaf", "cast_results", "is_proxy", "is_transformed", "needs_operations"]

_modes = torch._C._len_torch_dispatch_stack
_trace = torch._C._get_tracing_state
_transform = torch._C._functorch.peek_interpreter_stack
_PLAIN = (Tensor, nn.Parameter)


def needs_operations(x: Tensor) -> bool:
    """Whether somebody follows operations: a trace, an export, a dispatch mode, or a tensor of another class.

    Examples
    --------
    >>> needs_operations(torch.zeros(1))
    False
    """
    return torch.compiler.is_exporting() or type(x) not in _PLAIN or _modes() > 0 or _trace() is not None


def is_transformed() -> bool:
    """Whether a function transform (grad, vmap, jacrev, jvp, ...) or forward-mode differentiation is at work.

    Examples
    --------
    >>> is_transformed()
    False
    """
    return _transform() is not None or forward_ad._current_level >= 0


def is_proxy(x: Any) -> bool:
    """Whether x stands for a value in a symbolic trace (``torch.fx``)."""
    return type(x).__module__ == "torch.fx.proxy"


def call_as_leaf(layer: nn.Module, x: Any, *arguments: Any) -> tuple[Any, Any]:
    """Enter a call of the whole layer into a symbolic trace, as ``torch.fx`` does with PyTorch's own layers."""
    tracer = x.tracer
    state, lengths, need_state = arguments
    named = {"need_state": False} if not need_state else {}
    given = (x,) if state is None and lengths is None else (x, state) if lengths is None else (x, state, lengths)
    called: tuple[Any, Any] = tracer.create_proxy("call_module", tracer.path_of_module(layer), given, named)
    return called  # a proxy, which stands for the pair


def autocast_type(x: Tensor) -> torch.dtype | None:
    """Return what PyTorch casts products to at the moment; None where it does not (and never float64)."""
    kind = x.device.type
    if kind == "meta" or not torch.is_autocast_enabled(kind) or x.dtype == torch.float64:
        return None
    return torch.get_autocast_dtype(kind)


def cast_results(results: tuple[Tensor, Any], dtype: torch.dtype | None) -> tuple[Tensor, Any]:
    """Under autocast, return outputs and state in its type, as PyTorch's layers do."""
    output, state = results
    if dtype is None:
        return results
    if isinstance(state, tuple):
        return output.to(dtype), tuple(part.to(dtype) for part in state)
    return output.to(dtype), None if state is None else state.to(dtype)
