"""The readable twin: every cell as its equations, and the walk over time, in plain PyTorch.

It is the oracle that the native kernels are held to, and what serves where they do not reach: float64, cells of one's
own, machines without a compiler, on a GPU the cells that cuDNN does not have. Everything here is a pure function,
differentiable, in float32 or float64.

Shapes: B rows, T steps, D inputs, H units, G gates. Weights have PyTorch's shapes and names, with the gates one after
another in PyTorch's order (LSTM i, f, g, o; GRU r, z, n)::

    w_ih (G*H, D)    w_hh (G*H, H)    b_ih, b_hh (G*H) or None

A step takes the projection ``u = W x_t + b_ih`` (B, G*H), which needs no past and is computed for all steps at once,
and the state after the last step; it returns the new state, whose first part is h_t, the output.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from gyeol.errors import ParameterError

__all__ = [
    "Places",
    "State",
    "Step",
    "Weights",
    "gru_after_step",
    "gru_before_step",
    "lstm_norm_step",
    "lstm_step",
    "places_by_time",
    "project",
    "rnn_relu_step",
    "rnn_tanh_step",
    "walk",
]

State = tuple[Tensor, ...]


class Weights(NamedTuple):
    """The weights of one layer in one direction: shapes in the module's docstring.

    `norm` (10, H) is the normalised LSTM's: see `lstm_norm_step`.
    """

    w_ih: Tensor
    w_hh: Tensor
    b_ih: Tensor | None = None
    b_hh: Tensor | None = None
    norm: Tensor | None = None


class Step(Protocol):
    """One step of a cell: ``(u (B, G*H), state, weights) -> state``."""

    def __call__(self, u: Tensor, state: State, weights: Weights, /) -> State:
        """Take one step."""
        ...


def rnn_tanh_step(u: Tensor, state: State, weights: Weights) -> State:
    """Elman's cell: ``h_t = tanh(W h_{t-1} + U x_t + b)`` (Elman 1990).

    Parameters
    ----------
    u : Tensor, shape (B, H)
    state : tuple of h, shape (B, H)
    weights : Weights
    """
    (h,) = state
    return (torch.tanh(u + F.linear(h, weights.w_hh, weights.b_hh)),)


def rnn_relu_step(u: Tensor, state: State, weights: Weights) -> State:
    """Elman's cell with a rectifier: ``h_t = max(0, W h_{t-1} + U x_t + b)`` (Le, Jaitly and Hinton 2015).

    Parameters
    ----------
    u : Tensor, shape (B, H)
    state : tuple of h, shape (B, H)
    weights : Weights
    """
    (h,) = state
    return (torch.relu(u + F.linear(h, weights.w_hh, weights.b_hh)),)


def lstm_step(u: Tensor, state: State, weights: Weights) -> State:
    """Long short-term memory, with a forget gate (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    ``i, f, o = sigmoid(W·[h_{t-1}, x_t] + b)``, ``g = tanh(W·[h_{t-1}, x_t] + b)``,
    ``c_t = f * c_{t-1} + i * g``, ``h_t = o * tanh(c_t)``.

    Parameters
    ----------
    u : Tensor, shape (B, 4H)
    state : tuple of h and c, each (B, H)
    weights : Weights
    """
    h, c = state
    i, f, g, o = (u + F.linear(h, weights.w_hh, weights.b_hh)).chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def lstm_norm_step(u: Tensor, state: State, weights: Weights) -> State:
    """LSTM with layer normalisation (Ba, Kiros and Hinton 2016, equations 20 to 22).

    ``i, f, g, o = u + gain * norm(W h_{t-1}) + b``, with u the normalised projection (see `project`);
    ``c_t = sigmoid(f) * c_{t-1} + sigmoid(i) * tanh(g)``, ``h_t = sigmoid(o) * tanh(gain_c * norm(c_t) + shift_c)``.

    Parameters
    ----------
    u : Tensor, shape (B, 4H)
    state : tuple of h and c, each (B, H)
    weights : Weights
        The rows of its `norm` (10, H): four gains of ``W x``, four of ``W h``, gain_c, shift_c.
    """
    h, c = state
    norm = _norm_of(weights)
    a = u + F.layer_norm(F.linear(h, weights.w_hh), u.shape[-1:], norm[4:8].flatten(), weights.b_hh)
    i, f, g, o = a.chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(F.layer_norm(c, c.shape[-1:], norm[8], norm[9])), c


def project(x: Tensor, weights: Weights) -> Tensor:
    """Return what a step takes of x (N, D): ``W x + b``, or where there is a `norm` ``gain * norm(W x) + b``."""
    if weights.norm is None:
        return F.linear(x, weights.w_ih, weights.b_ih)
    return F.layer_norm(F.linear(x, weights.w_ih), weights.w_ih.shape[:1], weights.norm[:4].flatten(), weights.b_ih)


def _norm_of(weights: Weights) -> Tensor:
    if weights.norm is None:
        raise ParameterError("the normalised LSTM needs the weights' norm (10, H)")
    return weights.norm


def gru_before_step(u: Tensor, state: State, weights: Weights) -> State:
    """Gated recurrent unit, the reset gate before the product, as the course writes it (Cho et al. 2014, eq. 5-8).

    ``r, z = sigmoid(W·[h_{t-1}, x_t] + b)``, ``n = tanh(W·[r * h_{t-1}, x_t] + b)``,
    ``h_t = (1 - z) * h_{t-1} + z * n``: z = 1 takes the new.

    Parameters
    ----------
    u : Tensor, shape (B, 3H)
    state : tuple of h, shape (B, H)
    weights : Weights
    """
    (h,) = state
    H = h.shape[-1]
    u_rz, u_n = u[:, : 2 * H], u[:, 2 * H :]
    w_rz, w_n = weights.w_hh[: 2 * H], weights.w_hh[2 * H :]
    b_rz, b_n = (None, None) if weights.b_hh is None else (weights.b_hh[: 2 * H], weights.b_hh[2 * H :])
    r, z = torch.sigmoid(u_rz + F.linear(h, w_rz, b_rz)).chunk(2, dim=-1)
    n = torch.tanh(u_n + F.linear(r * h, w_n, b_n))
    return ((1 - z) * h + z * n,)


def gru_after_step(u: Tensor, state: State, weights: Weights) -> State:
    """Gated recurrent unit, the reset gate after the product, as PyTorch and cuDNN compute it.

    ``r, z = sigmoid(W·[h_{t-1}, x_t] + b)``, ``n = tanh(W x_t + b + r * (W h_{t-1} + b))``,
    ``h_t = (1 - z) * n + z * h_{t-1}``: z = 1 keeps the old.

    Parameters
    ----------
    u : Tensor, shape (B, 3H)
    state : tuple of h, shape (B, H)
    weights : Weights
    """
    (h,) = state
    u_r, u_z, u_n = u.chunk(3, dim=-1)
    v_r, v_z, v_n = F.linear(h, weights.w_hh, weights.b_hh).chunk(3, dim=-1)
    r, z = torch.sigmoid(u_r + v_r), torch.sigmoid(u_z + v_z)
    n = torch.tanh(u_n + r * v_n)
    return ((1 - z) * n + z * h,)


class Places(NamedTuple):
    """Where the real steps of a padded batch lie, in the order in which a walk takes them.

    Attributes
    ----------
    order : Tensor, shape (B,)
        The rows by length, longest first, so that the rows still alive at a step are always the first ones.
    at : Tensor, shape (N,)
        The places in the batch seen as (B*T, ...): all rows' first step, then all rows' second, and so on.
    counts : list of int
        How many rows take each step; they sum to N.
    """

    order: Tensor
    at: Tensor
    counts: list[int]


def places_by_time(lengths: Tensor, steps: int, *, reverse: bool = False) -> Places:
    """Lay out a padded batch by time, without its padding.

    Parameters
    ----------
    lengths : Tensor, shape (B,)
        The rows' lengths, each in 1..T, int64.
    steps : int
        T, the padded length.
    reverse : bool
        Each row's first step is its own last element.

    Examples
    --------
    >>> places_by_time(torch.tensor([1, 3]), 4)
    Places(order=tensor([1, 0]), at=tensor([4, 0, 5, 6]), counts=[2, 1, 1])
    >>> places_by_time(torch.tensor([1, 3]), 4, reverse=True).at
    tensor([6, 0, 5, 4])
    """
    by_rank, order = lengths.sort(descending=True, stable=True)
    step = torch.arange(int(by_rank[0]), device=lengths.device)[:, None]
    alive = step < by_rank
    t = by_rank - 1 - step if reverse else step
    return Places(order, (t + order * steps)[alive], alive.sum(1).tolist())


def walk(
    step: Step,
    x: Tensor,
    lengths: Tensor,
    state: State,
    weights: Weights,
    *,
    reverse: bool = False,
) -> tuple[Tensor, State]:
    """Walk a cell over a padded batch, each row for its own length and no further.

    What stands in the padding is never read, so that it can reach neither a result nor a gradient.

    Parameters
    ----------
    step : callable
        One of the steps above, or one's own.
    x : Tensor, shape (B, T, D)
    lengths : Tensor, shape (B,)
        Each in 1..T, int64.
    state : tuple of Tensor, each (B, H)
        The state before the first step.
    weights : Weights
    reverse : bool
        Walk each row from its own last element to its first.

    Returns
    -------
    outputs : Tensor, shape (B, T, H)
        h at every step, in the order of x; zeros at padding.
    state : tuple of Tensor, each (B, H)
        The state after each row's own last step (with `reverse`, after its first element).
    """
    B, T, D = x.shape
    order, at, counts = places_by_time(lengths, T, reverse=reverse)
    u = project(x.reshape(B * T, D)[at], weights)
    state = tuple(part[order] for part in state)
    outputs: list[Tensor] = []
    ended: list[State] = []  # the rows that end first come first here, and last in `order`
    for u_t in torch.split(u, counts):
        alive = len(u_t)
        if alive < len(state[0]):
            ended.append(tuple(part[alive:] for part in state))
            state = tuple(part[:alive] for part in state)
        state = step(u_t, state, weights)
        outputs.append(state[0])
    ended.append(state)
    by_time = torch.cat(outputs)
    padded = by_time.new_zeros(B * T, by_time.shape[-1]).index_copy(0, at, by_time).view(B, T, -1)
    home = order.argsort()
    return padded, tuple(torch.cat(parts[::-1])[home] for parts in zip(*ended, strict=True))
