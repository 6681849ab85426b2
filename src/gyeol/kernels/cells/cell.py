"""What a recurrent layer must know of a cell; shapes, weights and state of all of them.

Shapes: B rows, T steps, D inputs, H units, G gates. Weights have PyTorch's shapes and names, with the gates one after
another in PyTorch's order (LSTM i, f, g, o; GRU r, z, n)::

    w_ih (G*H, D)    w_hh (G*H, H) or None    b_ih, b_hh (G*H) or None

A step takes the projection ``u = W x_t + b_ih`` (B, G*H), which needs no past and is computed for all steps at once,
and the state after the last step; it returns the new state, whose first part is h_t, the output. Steps are pure
functions, differentiable, in float32 or float64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Literal, NamedTuple, Protocol

from torch import Tensor
from torch.nn import functional as F

from gyeol.errors import ParameterError

__all__ = ["Cell", "Coefficients", "State", "Step", "Weights", "project"]

State = tuple[Tensor, ...]

#: Takes u (..., G*H); returns a and b (..., H) of ``h_t = a * h_{t-1} + b``, with a from 0 to 1.
Coefficients = Callable[[Tensor], tuple[Tensor, Tensor]]


class Weights(NamedTuple):
    """The weights of one layer in one direction: shapes in the module's docstring.

    `w_hh` and `b_hh` are None where the cell has no hidden product. `norm` (10, H) is the normalised LSTM's.
    """

    w_ih: Tensor
    w_hh: Tensor | None
    b_ih: Tensor | None = None
    b_hh: Tensor | None = None
    norm: Tensor | None = None

    def hidden(self, h: Tensor) -> Tensor:
        """Return the hidden product ``U h + b_hh`` (B, G*H) of h (B, H)."""
        return F.linear(h, self.w_hh, self.b_hh)  # type: ignore[arg-type]


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
