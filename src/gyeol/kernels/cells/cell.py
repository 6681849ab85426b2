"""What a recurrent layer must know of a cell; shapes, weights and state of all of them.

Shapes: B rows, T steps, D inputs, H units, G gates. Weights have PyTorch's shapes and names, with the gates one after
another in PyTorch's order (LSTM i, f, g, o; GRU r, z, n)::

    w_ih (G*H, D)    w_hh (G*H, H) or None    b_ih, b_hh (G*H) or None

A step takes the projection ``u = W x_t + b_ih`` (B, G*H), which needs no past and is computed for all steps at once,
and the state after the last step; it returns the new state, whose first part is h_t, the output. Steps are pure
functions, differentiable, in float32 or float64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from gyeol.errors import GyeolError, ParameterError

__all__ = [
    "Activations", "Cell", "Coefficients", "State", "Step", "Weights", "checked_activations", "checked_coefficients",
    "checked_step", "project",
]  # fmt: skip

State = tuple[Tensor, ...]

#: Takes u (..., G*H); returns a and b (..., H) of ``h_t = a * h_{t-1} + b``, with a from 0 to 1.
Coefficients = Callable[[Tensor], tuple[Tensor, Tensor]]


class Weights(NamedTuple):
    """The weights of one layer in one direction: shapes in the module's docstring.

    `w_hh` and `b_hh` are None where the cell has no hidden product. `norm` (10, H) is the normalised LSTM's, `w_hr`
    (P, H) the projected one's, whose `w_hh` is (G*H, P).
    """

    w_ih: Tensor
    w_hh: Tensor | None
    b_ih: Tensor | None = None
    b_hh: Tensor | None = None
    norm: Tensor | None = None
    w_hr: Tensor | None = None

    def hidden(self, h: Tensor) -> Tensor:
        """Return the hidden product ``U h + b_hh`` (B, G*H) of h (B, H)."""
        return F.linear(h, self.w_hh, self.b_hh)  # type: ignore[arg-type]


#: Takes u (..., G*H), the state before the step and the weights; returns the gates (..., H) by name.
Activations = Callable[[Tensor, State, Weights], dict[str, Tensor]]


class Step(Protocol):
    """One step of a cell: ``(u (B, G*H), state, weights) -> state``."""

    def __call__(self, u: Tensor, state: State, weights: Weights, /) -> State:
        """Take one step."""
        ...


@dataclass(frozen=True)
class Cell:
    """What a recurrent layer knows of a cell: an object with these fields, or a class derived from it that names them.

    Parameters
    ----------
    name : str
        The name in messages; of a class, by default the class's.
    gates : int
        G: the weights have G * hidden_size rows.
    step : Step
        One step, as the equations.
    has_memory : bool
        The state is (h, c), not h alone: short for ``states=("h", "c")``.
    has_norm : bool
        Its weights have a `norm` (10, H), whose rows begin at 1 but for the last, a shift, which begins at 0.
    fused : str, optional
        The operation of ``torch._VF`` that equals this cell, if PyTorch has one.
    native : str, optional
        The C++ kernel that equals this cell, if there is one: a name in `gyeol.kernels.native.CELLS`.
    keeping : tuple of (int, float)
        Its gates that decide how long a state lasts, by their place among the weights' rows, each with the sign that
        its bias has for a state to last long.
    states : tuple of str
        The names of the state's parts, each (B, H); the first is h, the output.
    hidden_product : bool
        The step uses ``U h_{t-1} + b_hh``; without it a layer has no `weight_hh` and no `bias_hh`.
    linear : callable, optional
        Where ``h_t = a * h_{t-1} + b`` with a and b of u alone: returns them, and a layer walks by a parallel scan.
    free_states : int
        How many parts, from the first on, may begin with any numbers; the others begin with zeros. 0 stands for all.
    projects : bool
        Its weights have a `w_hr` (P, H): h has P numbers, the other parts of its state H.
    activations : callable, optional
        Takes what a step takes and returns its gates by name, each (B, H), for whoever looks inside
        (`gyeol.layers.recording`); without it only states are seen.

    Examples
    --------
    >>> class Leaky(Cell):  # h_t = h_{t-1} / 2 + W x_t
    ...     gates, hidden_product = 1, False
    ...
    ...     @staticmethod
    ...     def step(u, state, weights):
    ...         return (state[0] / 2 + u,)
    >>> Leaky.as_cell().name, Leaky.as_cell().states
    ('Leaky', ('h',))
    """

    name: str
    gates: int
    step: Step
    has_memory: bool = False
    has_norm: bool = False
    fused: Literal["rnn_tanh", "rnn_relu", "lstm", "gru"] | None = None
    native: str | None = None
    keeping: tuple[tuple[int, float], ...] = ()
    states: tuple[str, ...] = ()
    hidden_product: bool = True
    linear: Coefficients | None = None
    free_states: int = 0
    projects: bool = False
    activations: Activations | None = None

    def __post_init__(self) -> None:
        if not callable(self.step) or not isinstance(self.gates, int) or self.gates < 1:
            raise ParameterError(
                f"the cell {self.name!r:.40} needs gates, 1 or more, and a step: see gyeol.layers.Cell"
            )
        states = tuple(self.states) or (("h", "c") if self.has_memory else ("h",))
        if self.linear is not None and (len(states) > 1 or self.hidden_product or self.has_norm):
            raise ParameterError(f"the cell {self.name!r:.40} cannot be linear: its h depends on more than h and x")
        object.__setattr__(self, "states", states)
        object.__setattr__(self, "has_memory", len(states) > 1)
        if not self.free_states:
            object.__setattr__(self, "free_states", len(states))

    @classmethod
    def as_cell(cls) -> Cell:
        """Return the cell that a class derived from `Cell` describes by its attributes.

        Raises
        ------
        ParameterError
            An attribute is missing or is not what a cell needs.
        """
        named = {field.name: getattr(cls, field.name) for field in fields(Cell) if hasattr(cls, field.name)}
        if missing := [name for name in ("gates", "step") if name not in named]:
            raise ParameterError(f"the class {cls.__name__!r:.40} has no {' and no '.join(missing)}: a cell needs both")
        return Cell(**{"name": cls.__name__, **named})


def project(x: Tensor, weights: Weights) -> Tensor:
    """Return what a step takes of x (N, D): ``W x + b``, or where there is a `norm` ``gain * norm(W x) + b``."""
    if weights.norm is None:
        return F.linear(x, weights.w_ih, weights.b_ih)
    return F.layer_norm(F.linear(x, weights.w_ih), weights.w_ih.shape[:1], weights.norm[:4].flatten(), weights.b_ih)


def checked_step(step: Step, u: Tensor, state: State, weights: Weights) -> State:
    """Take a step and check what it returns: a new state like the one it was given.

    Raises
    ------
    ParameterError
        A custom step fails, or returns something else.
    """
    came = f"u {tuple(u.shape)}, a state of {', '.join(str(tuple(part.shape)) for part in state)}, and the weights"
    after = _called(step, came, u, state, weights)
    shapes = [tuple(part.shape) for part in state]
    after = tuple(after) if isinstance(after, list) else after
    if not isinstance(after, tuple) or not all(isinstance(part, Tensor) for part in after):
        found = f"a {type(after).__name__}" + (f" of {_kinds(after)}" if isinstance(after, tuple) else "")
        raise ParameterError(f"{_name(step)} returned {found}, expected a tuple of {len(state)} tensors")
    if [tuple(part.shape) for part in after] != shapes:
        found = ", ".join(str(tuple(part.shape)) for part in after) or "nothing"
        expected = ", ".join(map(str, shapes))
        raise ParameterError(f"{_name(step)} returned a state of {found}, expected {expected}")
    return after


def checked_coefficients(linear: Coefficients, u: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    """Return a and b of a linear cell for u (..., G*H), checked: both are (..., H), with the H of h.

    Raises
    ------
    ParameterError
        A custom cell's function fails, or returns something else.
    """
    expected = (*u.shape[:-1], h.shape[-1])
    found = _called(linear, f"u {tuple(u.shape)}", u)
    if not isinstance(found, tuple) or len(found) != 2 or not all(isinstance(part, Tensor) for part in found):
        raise ParameterError(f"{_name(linear)} returned a {type(found).__name__}, expected a and b")
    a, b = found
    if a.shape != expected or b.shape != expected:
        came = f"{tuple(a.shape)} and {tuple(b.shape)}"
        raise ParameterError(f"{_name(linear)} returned {came}, expected twice {tuple(expected)}")
    return a, b


def checked_activations(cell: Cell, u: Tensor, state: State, weights: Weights) -> dict[str, Tensor]:
    """Return the gates (B, H) of a step by name, checked; nothing where the cell does not name them.

    Raises
    ------
    ParameterError
        A custom cell's function fails, or returns something else.
    """
    if cell.activations is None:
        return {}
    found = _called(cell.activations, f"u {tuple(u.shape)}, a state and the weights", u, state, weights)
    if not isinstance(found, dict) or not all(
        isinstance(name, str) and isinstance(gate, Tensor) and gate.dim() == 2 and len(gate) == len(u)
        for name, gate in found.items()
    ):
        came = f"a {type(found).__name__}"
        raise ParameterError(f"{_name(cell.activations)} returned {came}, expected a dict of names to tensors (B, H)")
    return found


def _called(function: Callable[..., Any], given: str, *arguments: Any) -> Any:
    """Call a function of a cell; what a custom one raises becomes one line that names it."""
    if str(getattr(function, "__module__", "")).startswith("gyeol."):
        return function(*arguments)
    try:
        return function(*arguments)
    except (GyeolError, torch.OutOfMemoryError):
        raise
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ParameterError(
            f"{_name(function)} failed on {given}: {type(error).__name__}: {reason:.160}; see gyeol.layers.Cell"
        ) from error


def _name(function: Callable[..., Any]) -> str:
    return f"the cell {getattr(function, '__qualname__', type(function).__name__)}"


def _kinds(values: Sequence[Any]) -> str:
    return ", ".join(type(value).__name__ for value in values) or "nothing"
