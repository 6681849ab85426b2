"""Gates, states and gradients of an explanation equal what is computed by hand, and by PyTorch's autograd."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gyeol.errors import DataError
from gyeol.explain.attribution.inquiry import LONGEST, Inquiry, check_length, explained, prefixes
from gyeol.explain.explanation import Explanation
from gyeol.layers import Recurrent, StepScale, scaled_steps


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


class Last(nn.Module):
    """Numbers to the last state of a recurrent layer of one unit."""

    def __init__(self, cell: str) -> None:
        super().__init__()
        self.steps = StepScale()
        self.recurrent = Recurrent(cell, 1, 1, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.recurrent(self.steps(x))
        return states[:, -1, 0]


def explanation(net: nn.Module, values: list[float], **more: Any) -> Explanation:
    x = torch.tensor(values).view(1, -1, 1)

    def score(net: Any, scales: Tensor) -> Tensor:
        with scaled_steps(net, scales):
            return net(x.expand(len(scales), -1, -1)).double()

    spans = [(n, n + 1) for n in range(len(values))]
    known = Explanation(
        task="own", kind="text", prediction=0.0, tokens=["x"] * len(values), text="x" * len(values), spans=spans
    )
    return explained(Inquiry(known=known, measure="value", of="the last state", score=score, **more), net)


def hand_set(net: Any, ih: list[float], hh: list[float]) -> None:
    with torch.no_grad():
        net.recurrent.weight_ih_l0.copy_(torch.tensor(ih)[:, None])
        net.recurrent.weight_hh_l0.copy_(torch.tensor(hh)[:, None])
        net.recurrent.bias_ih_l0.zero_()
        net.recurrent.bias_hh_l0.zero_()


def test_an_lstm_of_one_unit_is_explained_by_hand() -> None:
    net = Last("lstm")
    w, u = [0.5, -0.25, 1.0, 0.75], [0.2, 0.4, -0.3, 0.1]  # i, f, g, o
    hand_set(net, w, u)
    found = explanation(net, [1.0, -2.0])
    h, c, rows = 0.0, 0.0, []
    for x in (1.0, -2.0):
        i, f, o = (sigmoid(w[k] * x + u[k] * h) for k in (0, 1, 3))
        g = math.tanh(w[2] * x + u[2] * h)
        c = f * c + i * g
        h = o * math.tanh(c)
        rows.append((i, f, g, o, h, c))
    (layer,) = found.layers
    assert (layer.name, layer.layer, layer.direction, layer.cell) == ("recurrent", 0, "forward", "lstm")
    for place, name in enumerate(("input", "forget", "candidate", "output")):
        np.testing.assert_allclose(layer.gates[name][:, 0], [row[place] for row in rows], atol=1e-6)
    np.testing.assert_allclose(layer.states["hidden"][:, 0], [row[4] for row in rows], atol=1e-6)
    np.testing.assert_allclose(layer.states["cell"][:, 0], [row[5] for row in rows], atol=1e-6)
    # The last state is the score: its derivative is 1, and by its memory o (1 - tanh(c)^2).
    (*_, o1, _, c1), (i2, f2, g2, o2, _, c2) = rows
    by_c2 = o2 * (1 - math.tanh(c2) ** 2)
    by_h1 = u[3] * o2 * (1 - o2) * math.tanh(c2) + by_c2 * (
        u[1] * f2 * (1 - f2) * c1 + u[0] * i2 * (1 - i2) * g2 + u[2] * i2 * (1 - g2**2)
    )
    by_c1 = by_c2 * f2 + by_h1 * o1 * (1 - math.tanh(c1) ** 2)
    np.testing.assert_allclose(layer.gradients["hidden"], [abs(by_h1), 1.0], atol=1e-6)
    np.testing.assert_allclose(layer.gradients["cell"], [abs(by_c1), by_c2], atol=1e-6)
    assert found.loss == "the last state"
    assert found.attributions[0].total == pytest.approx(rows[1][4], abs=1e-6)
    assert found.attributions[0].error < 0.01
    # Without the first step the memory is empty before the second.
    alone = sigmoid(w[3] * -2) * math.tanh(sigmoid(w[0] * -2) * math.tanh(w[2] * -2))
    assert found.attributions[1].values[0] == pytest.approx(rows[1][4] - alone, abs=1e-6)


def test_a_gru_of_one_unit_is_explained_by_hand() -> None:
    net = Last("gru")
    w, u = [0.5, -0.25, 1.0], [0.2, 0.4, -0.3]  # r, z, n
    hand_set(net, w, u)
    (layer,) = explanation(net, [1.0, -2.0]).layers
    h, rows = 0.0, []
    for x in (1.0, -2.0):
        r, z = (sigmoid(w[k] * x + u[k] * h) for k in (0, 1))
        n = math.tanh(w[2] * x + u[2] * r * h)
        rows.append((r, z, n, h))
        h = (1 - z) * h + z * n
    for place, name in enumerate(("reset", "update", "candidate")):
        np.testing.assert_allclose(layer.gates[name][:, 0], [row[place] for row in rows], atol=1e-6)
    r, z, n, before = rows[1]
    by_n = z * (1 - n**2)
    by_h = (1 - z) + (n - before) * z * (1 - z) * u[1] + by_n * u[2] * (r + before * r * (1 - r) * u[0])
    np.testing.assert_allclose(layer.gradients["hidden"], [abs(by_h), 1.0], atol=1e-6)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gradients_of_both_directions_equal_autograd_s(cell: str) -> None:
    torch.manual_seed(1)

    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.steps = StepScale()
            self.recurrent = Recurrent(cell, 1, 4, num_layers=2, bidirectional=True, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            return self.recurrent(self.steps(x))[0].square().sum((1, 2))

    net, values = Both(), [0.3, -1.0, 0.7, 2.0, -0.4]
    layers = explanation(net, values).layers
    assert [(one.layer, one.direction) for one in layers] == [
        (0, "forward"), (0, "reverse"), (1, "forward"), (1, "reverse"),
    ]  # fmt: skip
    # PyTorch's autograd, on the step as it is written, in float64.
    walk = net.recurrent.double()
    x = torch.tensor(values).double().view(5, 1, 1)
    every: list[list[Tensor]] = []
    for number in range(2):
        outputs = []
        for way, weights in enumerate(walk.weights_of(number)):
            state = tuple(torch.zeros(1, 4).double().requires_grad_() for _ in walk.cell.states)
            order = range(5) if way == 0 else range(4, -1, -1)
            states: list[Any] = [None] * 5
            for t in order:
                state = walk.cell.step(x[t] @ weights.w_ih.T + weights.b_ih, state, weights)
                states[t] = state
            every += [[one[part] for one in states] for part in range(len(state))]
            outputs.append(torch.stack([one[0] for one in states]))
        x = torch.cat(outputs, 2)
    flat = [state for states in every for state in states]
    slopes = torch.autograd.grad(x.square().sum(), flat)
    norms = np.array([float(slope.detach().norm()) for slope in slopes]).reshape(len(every), 5)
    found = [norm for layer in layers for norm in layer.gradients.values()]
    np.testing.assert_allclose(found, norms, atol=1e-5, rtol=1e-5)


def test_what_walks_elsewhere_is_left_out() -> None:
    assert explanation(Last("rnn"), [1.0], beside=["recurrent"]).layers == ()


def test_prefixes_are_all_or_spread_evenly() -> None:
    assert prefixes(1, 64) == list(range(1, 65))
    assert prefixes(5, 5) == [5]
    many = prefixes(1, 500)
    assert (len(many), many[0], many[-1]) == (64, 1, 500)
    assert set(np.diff(many)) <= {7, 8}


def test_a_limit_is_named() -> None:
    check_length(LONGEST, "tokens")
    with pytest.raises(DataError, match="100,000 frames, and 10,000 at most"):
        check_length(100_000, "frames")
