"""Gates that keep a state from the start."""

from __future__ import annotations

import math

import pytest
import torch

from gyeol import ParameterError
from gyeol.layers import CELLS, Recurrent, chrono_init


@pytest.mark.parametrize("cell", [name for name, cell in CELLS.items() if cell.keeping])
def test_a_state_lasts_as_long_as_it_is_meant_to(cell: str) -> None:
    """With weights of zero all units forget at the rate that their gates begin with; half-lives spread to `steps`."""
    torch.manual_seed(0)
    states = CELLS[cell].states
    kept = min(1, len(states) - 1)  # c, or h where there is nothing else
    left = []
    for initialised in (True, False):
        layer = Recurrent(cell, 1, 256)
        if initialised:
            chrono_init(layer, 200)
        with torch.no_grad():
            for name, parameter in layer.named_parameters():
                if name.startswith("weight"):
                    parameter.zero_()
            ends = []
            for value in (1.0, 0.0):  # what is left of the initial state, whatever the biases of other gates add
                first = [torch.ones(1, 1, 256) if name == "n" else torch.zeros(1, 1, 256) for name in states]
                first[kept] += value
                _, last = layer(torch.zeros(100, 1, 1), tuple(first) if CELLS[cell].has_memory else first[0])
                ends.append(last[kept] if CELLS[cell].has_memory else last)
        left.append(ends[0] - ends[1])
    # Of a state that fades by u / (u + 1) a step, exp(-1.5) is left after 100 steps where u is 66, of up to 199.
    assert float((left[0] > math.exp(-1.5)).float().mean()) > 0.5
    assert float(left[1].abs().max()) < 0.3


def test_every_layer_and_direction_and_no_other_gate() -> None:
    layer, plain = (Recurrent("lstm", 2, 8, num_layers=2, bidirectional=True) for _ in range(2))
    plain.load_state_dict(layer.state_dict())
    chrono_init(layer, 50)
    for (name, new), old in zip(layer.named_parameters(), plain.parameters(), strict=True):
        assert torch.equal(new[16:], old[16:]) or not name.startswith("bias")
        assert torch.equal(new, old) == name.startswith("weight")
        if name.startswith("bias_ih"):
            new = new.detach()
            torch.testing.assert_close(new[:8], -new[8:16])
            assert 0 <= float(new[8:16].min()) <= float(new[8:16].max()) <= math.log(49)


def test_a_cell_without_gates_stays_as_it_is() -> None:
    layer = Recurrent("rnn", 2, 8)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    chrono_init(layer, 50)
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())


def test_impossible_wishes() -> None:
    with pytest.raises(ParameterError, match="steps=2, bias=True: a memory needs 3 steps or more"):
        chrono_init(Recurrent("lstm", 1, 1), 2)
    with pytest.raises(ParameterError, match="bias=False"):
        chrono_init(Recurrent("lstm", 1, 1, bias=False), 9)
