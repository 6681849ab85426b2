"""What a recorder says of recurrent layers, against numbers computed by hand and against autograd on the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.func import functional_call

from gyeol.errors import ParameterError
from gyeol.kernels.cells.cell import project
from gyeol.kernels.packing import Packing
from gyeol.layers import CELLS, GRU, LSTM, RNN, Cell, Recurrent, Walk, recording

#: Hand-set weights: 1 input, 2 units, gates one after the other.
IN = np.array([0.5, -0.3, 0.8, 0.1, -0.6, 0.4, 0.2, -0.9])
HIDDEN = np.array([
    [0.1, -0.4], [0.7, 0.2], [-0.5, 0.3], [0.6, -0.1], [0.2, 0.9], [-0.8, 0.4], [0.3, -0.7], [0.5, 0.1],
])  # fmt: skip
BIAS = np.array([0.05, -0.1, 1.0, 0.9, 0.2, -0.3, 0.15, -0.25])
X = np.array([0.9, -1.2, 0.4])
#: The loss is the sum of these times the outputs.
SLOPES = np.array([[1.0, -0.5], [0.0, 2.0], [-1.5, 0.7]])


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def set_by_hand(layer: Recurrent) -> Recurrent:
    """Give a layer the first rows of the weights above; its hidden bias is a tenth of the input's."""
    rows = layer.cell.gates * 2
    for suffix in ["", "_reverse"][: layer.num_directions]:
        for name, values in (
            ("weight_ih", IN[:rows, None]),
            ("weight_hh", HIDDEN[:rows]),
            ("bias_ih", BIAS[:rows]),
            ("bias_hh", BIAS[:rows] / 10),
        ):
            layer.get_parameter(f"{name}_l0{suffix}").data = torch.tensor(values, dtype=torch.float32)
    return layer


def record(layer: Recurrent) -> Walk:
    with recording(layer) as recorder:
        outputs, _ = layer(torch.tensor(X, dtype=torch.float32).view(3, 1, 1))
        (outputs[:, 0] * torch.tensor(SLOPES)).sum().backward()
    (walk,) = recorder.walks()
    return walk


def equal(found: Any, expected: Any, tolerance: float = 1e-6) -> None:
    np.testing.assert_allclose(found, expected, atol=tolerance, rtol=tolerance)


def near(found: Any, expected: Tensor) -> None:
    """Compare within 1e-5 of the largest number."""
    scale = max(1.0, float(expected.abs().max()))
    np.testing.assert_allclose(found, expected, atol=1e-5 * scale, rtol=0)


def test_every_number_of_an_lstm_by_hand() -> None:
    walk = record(set_by_hand(LSTM(1, 2)))
    h, c = np.zeros(2), np.zeros(2)
    gates, hidden, cell = [], [], []
    for x in X:
        i, f, g, o = np.split(IN * x + BIAS + HIDDEN @ h + BIAS / 10, 4)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        gates.append((i, f, g, o))
        hidden.append(h)
        cell.append(c)
    equal(walk.states["hidden"], hidden)
    equal(walk.states["cell"], cell)
    for place, name in enumerate(("input", "forget", "candidate", "output")):
        equal(walk.gates[name], [step[place] for step in gates])
    # Backpropagation through time, from the last step to the first.
    dh_next, dc_next = np.zeros(2), np.zeros(2)
    dh, dc = [np.zeros(2)] * 3, [np.zeros(2)] * 3
    for t in (2, 1, 0):
        i, f, g, o = gates[t]
        before = cell[t - 1] if t else np.zeros(2)
        dh[t] = SLOPES[t] + dh_next
        dc[t] = dh[t] * o * (1 - np.tanh(cell[t]) ** 2) + dc_next
        da = np.concatenate(
            [
                dc[t] * g * i * (1 - i),
                dc[t] * before * f * (1 - f),
                dc[t] * i * (1 - g**2),
                dh[t] * np.tanh(cell[t]) * o * (1 - o),
            ]
        )
        dh_next, dc_next = HIDDEN.T @ da, dc[t] * f
    equal(walk.gradients["hidden"], dh)
    equal(walk.gradients["cell"], dc)


@pytest.mark.parametrize("reset", ["before", "after"])
def test_every_number_of_a_gru_by_hand(reset: str) -> None:
    walk = record(set_by_hand(GRU(1, 2, reset=reset)))
    W, U, b, extra = IN[:6], HIDDEN[:6], BIAS[:6], BIAS[:6] / 10
    h = np.zeros(2)
    steps = []
    for x in X:
        before = h
        u, v = W * x + b, U @ before + extra
        r, z = sigmoid(u[:2] + v[:2]), sigmoid(u[2:4] + v[2:4])
        n = np.tanh(u[4:] + (U[4:] @ (r * before) + extra[4:] if reset == "before" else r * v[4:]))
        h = (1 - z) * before + z * n if reset == "before" else (1 - z) * n + z * before
        steps.append((r, z, n, h, before, v[4:]))
    for place, name in enumerate(("reset", "update", "candidate")):
        equal(walk.gates[name], [step[place] for step in steps])
    equal(walk.states["hidden"], [step[3] for step in steps])
    later = np.zeros(2)
    dh = [np.zeros(2)] * 3
    for t in (2, 1, 0):
        r, z, n, _, before, v_n = steps[t]
        dh[t] = SLOPES[t] + later
        new = z if reset == "before" else 1 - z  # the candidate's share
        dn = dh[t] * new * (1 - n**2)
        dz = dh[t] * (n - before) * (1 if reset == "before" else -1) * z * (1 - z)
        if reset == "before":
            through = U[4:].T @ dn
            dr = through * before * r * (1 - r)
            later = dh[t] * (1 - new) + r * through
        else:
            dr = dn * v_n * r * (1 - r)
            later = dh[t] * (1 - new) + U[4:].T @ (dn * r)
        later = later + U[:2].T @ dr + U[2:4].T @ dz
    equal(walk.gradients["hidden"], dh)


def test_the_reverse_direction_is_in_the_order_of_the_text() -> None:
    layer = set_by_hand(LSTM(1, 2, bidirectional=True))
    x = torch.tensor(X, dtype=torch.float32).view(3, 1, 1)
    with recording(layer) as recorder:
        outputs, _ = layer(x)
        (outputs[:, 0, 2:] * torch.tensor(SLOPES)).sum().backward()
    forward, reverse = recorder.walks()
    alone = set_by_hand(LSTM(1, 2))
    with recording(alone) as turned:
        outputs, _ = alone(x.flip(0))
        (outputs[:, 0] * torch.tensor(SLOPES[::-1].copy())).sum().backward()
    (expected,) = turned.walks()
    assert (forward.direction, reverse.direction) == ("forward", "reverse")
    for kind in ("gates", "states", "gradients"):
        for name, values in getattr(expected, kind).items():
            equal(getattr(reverse, kind)[name], values[::-1])
    assert not forward.gradients["hidden"].any()  # the loss does not read that direction


def loss_of(outputs: Tensor, finals: tuple[Tensor, ...]) -> Tensor:
    """Read every output and every final state, in a way that no two steps have the same gradient."""
    slopes = torch.linspace(-1, 1, outputs.numel(), dtype=outputs.dtype).view(outputs.shape)
    return (outputs * slopes).sum() + outputs.square().sum() + sum(part.square().sum() for part in finals)


def by_reference(layer: Recurrent, x: Tensor) -> tuple[dict[tuple[int, int], list[tuple[Tensor, ...]]], Tensor]:
    """Walk one row (T, D) by the cell's step alone; states keep their gradients. Return them and the loss."""
    states: dict[tuple[int, int], list[tuple[Tensor, ...]]] = {}
    finals = []
    for number in range(layer.num_layers):
        outputs = []
        for direction, weights in enumerate(layer.weights_of(number)):
            state = tuple(x.new_zeros(1, layer.hidden_size) for _ in layer.cell.states)
            every = []
            for x_t in x.flip(0) if direction else x:
                state = layer.cell.step(project(x_t[None], weights), state, weights)
                for part in state:
                    part.retain_grad()
                every.append(state)
            finals.append(state)
            states[number, direction] = every[::-1] if direction else every
            outputs.append(torch.cat([state[0] for state in states[number, direction]]))
        x = torch.cat(outputs, 1)
    return states, loss_of(x, tuple(torch.stack(parts) for parts in zip(*finals, strict=True)))


@settings(max_examples=12)
@given(
    lengths=st.lists(st.integers(1, 7), min_size=1, max_size=4),
    sizes=st.tuples(st.integers(1, 4), st.integers(1, 5)),
    layers=st.integers(1, 2),
    bidirectional=st.booleans(),
    double=st.booleans(),
    data=st.data(),
)
@pytest.mark.parametrize("cell", CELLS)
def test_all_cells_agree_with_autograd_on_the_reference(
    cell: str, lengths: list[int], sizes: tuple[int, int], layers: int, bidirectional: bool, double: bool, data: Any
) -> None:
    row = data.draw(st.integers(0, len(lengths) - 1))
    D, H = sizes
    if cell == "lstm_norm" and not double:  # the norm of a few numbers that are nearly equal enlarges any rounding
        D, H = 6, 8
    dtype = torch.float64 if double else torch.float32  # by the reference implementation, by the kernels
    torch.manual_seed(3)
    layer = Recurrent(cell, D, H, num_layers=layers, bidirectional=bidirectional, batch_first=True, dtype=dtype)
    x = torch.randn(len(lengths), max(lengths), D, dtype=dtype)
    even = len(set(lengths)) == 1
    with recording(layer) as recorder:
        outputs, last = layer(x, lengths=None if even else lengths)
        finals = last if isinstance(last, tuple) else (last,)
        losses = [
            loss_of(outputs[n, :length], tuple(part[:, n : n + 1] for part in finals))
            for n, length in enumerate(lengths)
        ]
        torch.stack(losses).sum().backward()
    walks = recorder.walks(row)
    exact = Recurrent(cell, D, H, num_layers=layers, bidirectional=bidirectional, batch_first=True, dtype=torch.float64)
    exact.load_state_dict(layer.state_dict())
    states, loss = by_reference(exact, x[row, : lengths[row]].double())
    loss.backward()
    assert [(walk.layer, walk.direction) for walk in walks] == [
        (n, way) for n in range(layers) for way in ("forward", "reverse")[: 1 + bidirectional]
    ]
    for walk in walks:
        expected = states[walk.layer, int(walk.direction == "reverse")]
        for part, name in enumerate(walk.states):
            equal(walk.states[name], torch.cat([state[part] for state in expected]).detach(), 1e-5)
            grads = [torch.zeros_like(s[part]) if s[part].grad is None else s[part].grad for s in expected]
            near(walk.gradients[name], torch.cat(grads))
        shapes = {gate.shape for gate in walk.gates.values()}
        assert shapes <= {(lengths[row], H)}
        assert len(walk.gates) == (0 if cell == "rnn" else CELLS[cell].gates)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("cell", CELLS)
def test_a_walk_in_parts_is_the_same_walk(cell: str, dtype: torch.dtype) -> None:
    layer = Recurrent(cell, 3, 4, batch_first=True, dtype=dtype)
    x = torch.randn(2, 5, 3, dtype=dtype)
    with recording(layer) as whole:
        outputs, state = layer(x)
        loss_of(outputs, (state[0],)).backward()
    with recording(layer) as parts:
        state, pieces = None, []
        for piece in (x[:, :2], x[:, 2:3], x[:, 3:]):
            outputs, state = layer(piece, state)
            pieces.append(outputs)
        loss_of(torch.cat(pieces, 1), (state[0],)).backward()
    (one,), (other,) = whole.walks(1), parts.walks(1)
    for kind in ("gates", "states", "gradients"):
        for name, values in getattr(one, kind).items():
            near(getattr(other, kind)[name], torch.from_numpy(values))


def test_calls_that_begin_anew_are_numbered() -> None:
    layer = Recurrent("gru", 3, 4)
    with recording(layer) as recorder, torch.no_grad():
        layer(torch.randn(5, 2, 3))
        layer(torch.randn(2, 3, 3))
    first, second = recorder.walks(1)
    assert (first.call, second.call) == (0, 1)
    assert (len(first.states["hidden"]), len(second.states["hidden"])) == (5, 2)
    assert [walk.call for walk in recorder.walks(2)] == [0]  # only one call has a third row
    assert first.gradients == {}
    with pytest.raises(ParameterError, match="rows 0 to 2"):
        recorder.walks(3)
    with pytest.raises(ParameterError, match="row=-1"):
        recorder.walks(-1)


def test_dropped_inputs_and_weights_are_those_of_the_call() -> None:
    layer = Recurrent("lstm", 3, 4, num_layers=2, dropout=0.5)
    x, packing = torch.randn(9, 3), Packing.of(torch.tensor([5, 4]), 5)
    other = {"layer.weight_hh_l0": layer.get_parameter("weight_hh_l0") * 3}

    class Packed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, x: Tensor) -> Tensor:
            outputs: Tensor = self.layer.run_packed(x, packing)[0]
            return outputs

    with recording(layer) as recorder:
        outputs = functional_call(Packed(), other, (x,))
    equal(recorder.walks(1)[-1].states["hidden"], packing.scatter(outputs)[1, :4].detach())


@pytest.mark.filterwarnings("ignore:LSTM with projections")  # PyTorch announces its own implementation
@pytest.mark.parametrize("layer", [LSTM(3, 4, proj_size=2), RNN(3, 4, nonlinearity="relu")], ids=["projected", "relu"])
def test_drop_ins_are_recorded(layer: Recurrent) -> None:
    x = torch.randn(5, 2, 3)
    with recording(layer) as recorder:
        outputs, _ = layer(x)
        outputs.square().sum().backward()
    (walk,) = recorder.walks(1)
    equal(walk.states["hidden"], outputs[:, 1].detach())
    equal(walk.gradients["hidden"][-1], 2 * outputs[-1, 1].detach())


def test_inference_mode_is_recorded() -> None:
    layer = Recurrent("lstm", 3, 4)
    with recording(layer) as recorder, torch.inference_mode():
        outputs, _ = layer(torch.randn(5, 1, 3))
    (walk,) = recorder.walks()
    equal(walk.states["hidden"], outputs[:, 0])


class Leaky(Cell):
    """``h_t = h_{t-1} / 2 + W x_t``."""

    gates, hidden_product = 1, False

    @staticmethod
    def step(u: Tensor, state: Any, weights: Any) -> Any:
        return (state[0] / 2 + u,)


def test_a_custom_cell_has_states_and_gradients_and_may_name_gates() -> None:
    class Named(Leaky):
        @staticmethod
        def activations(u: Tensor, state: Any, weights: Any) -> Any:
            return {"kept": state[0] / 2}

    for cell, names in ((Leaky, []), (Named, ["kept"])):
        layer = Recurrent(cell, 3, 4)
        with recording(layer) as recorder:
            layer(torch.randn(3, 1, 3))[0].sum().backward()
        (walk,) = recorder.walks()
        equal(walk.gradients["hidden"], [[1.75] * 4, [1.5] * 4, [1.0] * 4])
        assert list(walk.gates) == names
    equal(walk.gates["kept"][1:], walk.states["hidden"][:-1] / 2)


@pytest.mark.parametrize("wrong", [lambda u, state, weights: u, lambda u, state, weights: {"a": u[0]}])
def test_wrong_gates_of_a_custom_cell_are_one_line(wrong: Any) -> None:
    class Wrong(Leaky):
        activations = staticmethod(wrong)

    layer = Recurrent(Wrong, 3, 4)
    with recording(layer) as recorder:
        layer(torch.randn(3, 1, 3))
    with pytest.raises(ParameterError, match="expected a dict of names to tensors"):
        recorder.walks()


def test_recording_ends_and_modules_are_named() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.ModuleList([Recurrent("gru", 3, 3), Recurrent("gru", 3, 3)])
            self.reader = Recurrent("lstm", 3, 3)

        def forward(self, x: Tensor) -> Tensor:
            for layer in (*self.encoder, self.reader):
                x, _ = layer(x)
            return x

    net = Net()
    recorders = []

    def fail() -> None:
        with recording(net) as recorder:
            recorders.append(recorder)
            net(torch.randn(2, 1, 3))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    (recorder,) = recorders
    assert [(walk.name, walk.layer) for walk in recorder.walks()] == [("encoder", 0), ("encoder", 1), ("reader", 0)]
    net(torch.randn(2, 1, 3))
    assert len(recorder.calls) == 3


def test_recording_changes_nothing() -> None:
    results = []
    for recorded in (False, True):
        torch.manual_seed(1)
        layer = Recurrent("lstm", 3, 8, num_layers=2, bidirectional=True, dropout=0.5, batch_first=True)
        x = torch.randn(4, 6, 3)
        if recorded:
            with recording(layer) as recorder:
                loss_of(*layer(x, lengths=[6, 2, 3, 1])).backward()
            recorder.walks(2)
        else:
            loss_of(*layer(x, lengths=[6, 2, 3, 1])).backward()
        results.append([parameter.grad for parameter in layer.parameters()])
    for one, other in zip(*results, strict=True):
        assert torch.equal(one, other)
