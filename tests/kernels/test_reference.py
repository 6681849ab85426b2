"""The reference against the cells' equations, written out by hand, and against numerical derivatives."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gyeol.kernels.cells import rnn
from gyeol.kernels.cells.cell import Cell, Weights
from gyeol.kernels.cells.table import CELLS
from gyeol.kernels.reference import places_by_time, walk

EVERY: dict[str, Cell] = {**CELLS, "rnn_relu": rnn.RELU}
RAGGED = st.lists(st.integers(1, 7), min_size=1, max_size=5)


def draw_weights(name: str, D: int, H: int, dtype: torch.dtype = torch.float64, *, bias: bool = True) -> Weights:
    cell = EVERY[name]
    rows, product = cell.gates * H, cell.hidden_product
    shapes: list[tuple[int, ...] | None] = [(rows, D), (rows, H) if product else None]
    shapes += [(rows,) if bias else None, (rows,) if bias and product else None]
    drawn = [None if s is None else torch.randn(s, dtype=dtype).mul_(0.5).requires_grad_() for s in shapes]
    norm = torch.rand(10, H, dtype=dtype).add_(0.5).requires_grad_() if cell.has_norm else None
    return Weights(*drawn, norm=norm)  # type: ignore[arg-type]


def draw_state(name: str, B: int, H: int) -> tuple[Tensor, ...]:
    """What may be any numbers at random, zeros elsewhere."""
    cell = EVERY[name]
    drawn = [torch.randn(B, H, dtype=torch.float64) for _ in range(cell.free_states)]
    return (*drawn, *(torch.zeros(B, H, dtype=torch.float64) for _ in cell.states[len(drawn) :]))


def sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a))


def normal(values: list[float]) -> list[float]:
    mean = sum(values) / len(values)
    spread = math.sqrt(sum((v - mean) ** 2 for v in values) / len(values) + 1e-5)
    return [(v - mean) / spread for v in values]


def by_hand(
    name: str, x: Tensor, state: list[list[float]], weights: Weights
) -> tuple[list[list[float]], list[list[float]]]:
    """One row, number by number, as DESIGN.md writes the cells: no matrix product, no gate cut out of a tensor."""
    w_ih, w_hh, b_ih, b_hh = ([] if w is None else w.tolist() for w in weights[:4])
    h, c, n, _ = [*map(list, state), [], [], []][:4]
    H, outputs = len(h), []

    def inner(gate: int, unit: int, past: list[float], x_t: list[float]) -> float:
        row = gate * H + unit
        sum_x = sum(a * b for a, b in zip(w_ih[row], x_t, strict=True))
        if not w_hh:
            return sum_x + b_ih[row]
        return sum_x + sum(a * b for a, b in zip(w_hh[row], past, strict=True)) + b_ih[row] + b_hh[row]

    for x_t in x.tolist():
        if name == "rnn":
            h = [math.tanh(inner(0, u, h, x_t)) for u in range(H)]
        elif name == "rnn_relu":
            h = [max(0.0, inner(0, u, h, x_t)) for u in range(H)]
        elif name == "lstm":
            i, f, g, o = ([inner(k, u, h, x_t) for u in range(H)] for k in range(4))
            c = [sigmoid(f[u]) * c[u] + sigmoid(i[u]) * math.tanh(g[u]) for u in range(H)]
            h = [sigmoid(o[u]) * math.tanh(c[u]) for u in range(H)]
        elif name == "gru":
            r = [sigmoid(inner(0, u, h, x_t)) for u in range(H)]
            z = [sigmoid(inner(1, u, h, x_t)) for u in range(H)]
            n = [math.tanh(inner(2, u, [r[k] * h[k] for k in range(H)], x_t)) for u in range(H)]
            h = [(1 - z[u]) * h[u] + z[u] * n[u] for u in range(H)]
        elif name == "lstm_norm":
            assert weights.norm is not None
            gains = weights.norm.tolist()
            rows = [(k, u) for k in range(4) for u in range(H)]
            by_x = normal([sum(a * b for a, b in zip(w_ih[k * H + u], x_t, strict=True)) for k, u in rows])
            by_h = normal([sum(a * b for a, b in zip(w_hh[k * H + u], h, strict=True)) for k, u in rows])
            a = {}
            for k, u in rows:
                at = k * H + u
                a[k, u] = gains[k][u] * by_x[at] + b_ih[at] + gains[4 + k][u] * by_h[at] + b_hh[at]
            c = [sigmoid(a[1, u]) * c[u] + sigmoid(a[0, u]) * math.tanh(a[2, u]) for u in range(H)]
            h = [sigmoid(a[3, u]) * math.tanh(gains[8][u] * n + gains[9][u]) for u, n in enumerate(normal(c))]
        elif name == "min_gru":
            z = [sigmoid(inner(0, u, [], x_t)) for u in range(H)]
            h = [(1 - z[u]) * h[u] + z[u] * inner(1, u, [], x_t) for u in range(H)]
        elif name == "s_lstm":  # without the stabiliser: c and n as the paper defines them
            i, f, g, o = ([inner(k, u, h, x_t) for u in range(H)] for k in range(4))
            c = [sigmoid(f[u]) * c[u] + math.exp(i[u]) * math.tanh(g[u]) for u in range(H)]
            n = [sigmoid(f[u]) * n[u] + math.exp(i[u]) for u in range(H)]
            h = [sigmoid(o[u]) * c[u] / n[u] for u in range(H)]
        else:
            assert name == "gru_after"
            r = [sigmoid(inner(0, u, h, x_t)) for u in range(H)]
            z = [sigmoid(inner(1, u, h, x_t)) for u in range(H)]
            n = []
            for u in range(H):
                row = 2 * H + u
                new = sum(a * b for a, b in zip(w_ih[row], x_t, strict=True)) + b_ih[row]
                old = sum(a * b for a, b in zip(w_hh[row], h, strict=True)) + b_hh[row]
                n.append(math.tanh(new + r[u] * old))
            h = [(1 - z[u]) * n[u] + z[u] * h[u] for u in range(H)]
        outputs.append(h)
    return outputs, [h, c][: len(state)]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", EVERY)
def test_walk_equals_the_equations_by_hand(name: str, reverse: bool) -> None:
    step = EVERY[name].step
    lengths = torch.tensor([3, 5, 1, 5])
    x = torch.randn(4, 6, 3, dtype=torch.float64)
    state = draw_state(name, 4, 2)
    weights = draw_weights(name, 3, 2)
    outputs, final = walk(step, x, lengths, state, weights, reverse=reverse)
    if name == "s_lstm":  # c is kept divided by exp(m)
        final = (final[0], final[1] * torch.exp(final[3]))
    for b, n in enumerate(lengths.tolist()):
        row = x[b, :n].flip(0) if reverse else x[b, :n]
        expected, last = by_hand(name, row, [part[b].tolist() for part in state], weights)
        expected = torch.tensor(expected, dtype=torch.float64)
        torch.testing.assert_close(outputs[b, :n], expected.flip(0) if reverse else expected)
        assert not outputs[b, n:].any()
        for part, value in zip(final, last, strict=True):
            torch.testing.assert_close(part[b], torch.tensor(value, dtype=torch.float64))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", [[2, 4, 1], [1, 1, 1]], ids=str)
@pytest.mark.parametrize("name", EVERY)
def test_gradients_are_the_numerical_ones(name: str, lengths: list[int], reverse: bool, bias: bool) -> None:
    step = EVERY[name].step
    rows, H = torch.tensor(lengths), 3
    x = torch.randn(3, 4, 2, dtype=torch.float64, requires_grad=True)
    state = draw_state(name, 3, H)
    parts = EVERY[name].free_states
    for part in state[:parts]:
        part.requires_grad_()
    weights = draw_weights(name, 2, H, bias=bias)
    if name == "rnn_relu":
        while distance_to_the_kink(x, rows, state, weights, reverse=reverse) < 0.01:
            weights = draw_weights(name, 2, H, bias=bias)
    there = [i for i, w in enumerate(weights) if w is not None]

    def run(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        given_ = {"w_hh": None, **dict(zip((Weights._fields[i] for i in there), rest[parts:], strict=True))}
        outputs, final = walk(step, x, rows, (*rest[:parts], *state[parts:]), Weights(**given_), reverse=reverse)
        return outputs, *final

    assert torch.autograd.gradcheck(run, (x, *state[:parts], *(weights[i] for i in there)))


def distance_to_the_kink(
    x: Tensor, lengths: Tensor, state: tuple[Tensor, ...], weights: Weights, *, reverse: bool
) -> float:
    """How near to 0 any sum comes whose negative part the rectifier cuts off; 0 if it cuts off nothing, or all."""
    sums: list[Tensor] = []

    def watched(u: Tensor, state: tuple[Tensor, ...], weights: Weights) -> tuple[Tensor, ...]:
        sums.append((u + weights.hidden(state[0])).detach().flatten())
        return rnn.relu_step(u, state, weights)

    walk(watched, x, lengths, state, weights, reverse=reverse)
    every = torch.cat(sums)
    both = bool((every < 0).any() and (every > 0).any())
    return float(every.abs().min()) if both else 0.0


@given(lengths=RAGGED, extra=st.integers(0, 3), reverse=st.booleans())
@settings(deadline=None, max_examples=60)
def test_places_are_each_real_step_once_in_time_order(lengths: list[int], extra: int, reverse: bool) -> None:
    T = max(lengths) + extra
    order, at, counts = places_by_time(torch.tensor(lengths), T, reverse=reverse)
    ranked = order.tolist()
    assert [lengths[b] for b in ranked] == sorted(lengths, reverse=True)
    expected = []
    for s in range(max(lengths)):
        alive = [b for b in ranked if lengths[b] > s]
        assert counts[s] == len(alive)
        expected += [b * T + (lengths[b] - 1 - s if reverse else s) for b in alive]
    assert at.tolist() == expected


@pytest.mark.parametrize("name", EVERY)
def test_padding_reaches_neither_results_nor_gradients(name: str) -> None:
    step = EVERY[name].step
    weights = draw_weights(name, 3, 4)
    lengths = torch.tensor([2, 5])
    state = tuple(torch.zeros(2, 4, dtype=torch.float64) for _ in EVERY[name].states)
    clean = torch.randn(2, 5, 3, dtype=torch.float64)
    dirty = clean.clone()
    dirty[0, 2:] = math.nan
    grads = []
    for x in (clean, dirty):
        outputs, final = walk(step, x, lengths, state, weights)
        grads.append(torch.autograd.grad(outputs.sum() + final[-1].sum(), [w for w in weights if w is not None]))
    for a, b in zip(*grads, strict=True):
        assert torch.equal(a, b)
