"""What the kernels are handed and cannot use is refused before anything is computed."""

from __future__ import annotations

import pytest
import torch

from gyeol.kernels import native

pytestmark = pytest.mark.skipif(not native.native_available(), reason=f"kernels: {native.describe()}")


def forward_call(kind: str = "lstm", **changes: object) -> None:
    """Call the C++ function itself on a batch of two rows (3 and 2 steps), with something changed."""
    facts = native.CELLS[kind]
    H, G, norm, c = 4, facts.gates, facts.norm, torch.zeros(1, 2, 4) if "c" in facts.states else None
    arguments: dict[str, object] = {
        "cell": kind, "element": "float32", "lengths": torch.tensor([3, 2]), "reverse": False,
        "x": None if norm else torch.zeros(5, 3), "gates": torch.zeros(1, 5, G * H), "w_hh": [torch.zeros(G * H, H)],
        "w_ih": [] if norm else [torch.zeros(G * H, 3)], "bias_in": None, "bias": None,
        "norm": torch.ones(1, 10, H) if norm else None,
        "h_0": torch.zeros(1, 2, H), "c_0": c, "y": torch.zeros(5, H), "memory": None, "extra": None,
        "h_n": torch.zeros(1, 2, H), "c_n": c, "threads": 1, "instruction_set": "portable",
    }  # fmt: skip
    native._native.forward(**(arguments | changes))


def backward_call(**changes: object) -> None:
    state, tokens, gates = torch.zeros(1, 2, 4), torch.zeros(1, 5, 4), torch.zeros(1, 5, 16)
    arguments: dict[str, object] = {
        "cell": "lstm", "element": "float32", "lengths": torch.tensor([3, 2]), "reverse": False, "x": torch.zeros(5, 3),
        "gates": gates, "w_hh": [torch.zeros(16, 4)], "w_ih": [torch.zeros(16, 3)], "norm": None,
        "h_0": state, "c_0": state, "y": torch.zeros(5, 4), "memory": tokens,
        "extra": None, "dy": torch.zeros(5, 4), "dh_n": state, "dc_n": state, "dx": torch.zeros(1, 5, 3),
        "d_ih": [torch.zeros(16, 3)], "d_hh": [torch.zeros(16, 4)], "da": torch.zeros(1, 16), "dgates": None,
        "dnorm": None, "dh_0": state.clone(), "dc_0": state.clone(), "threads": 1, "instruction_set": "portable",
    }  # fmt: skip
    native._native.backward(**(arguments | changes))


def test_the_calls_that_the_refusals_change_are_themselves_accepted() -> None:
    for cell in native.CELLS:
        forward_call(cell)
    backward_call()


WRONG = [
    {"lengths": torch.tensor([2, 3])},
    {"lengths": torch.tensor([4, 2])},
    {"lengths": torch.tensor([2, 2])},
    {"lengths": torch.tensor([3, 0])},
    {"lengths": torch.tensor([6, -1])},
    {"lengths": torch.tensor([2**62, 2**62])},
    {"lengths": torch.tensor([3, 2], dtype=torch.int32)},
    {"lengths": torch.tensor([], dtype=torch.int64)},
    {"gates": torch.zeros(1, 5, 15)},
    {"gates": torch.zeros(1, 4, 16)},
    {"gates": torch.zeros(3, 5, 16)},
    {"gates": torch.zeros(1, 5, 16, dtype=torch.float64)},
    {"gates": torch.zeros(1, 16, 5).transpose(1, 2)},
    {"x": torch.zeros(4, 3)},
    {"x": torch.zeros(5, 0)},
    {"x": None},
    {"x": torch.zeros(5, 3, dtype=torch.float64)},
    {"w_ih": []},
    {"w_ih": [torch.zeros(16, 4)]},
    {"w_hh": []},
    {"w_hh": [torch.zeros(16, 5)]},
    {"w_hh": [torch.zeros(4, 16).T]},
    {"h_0": torch.zeros(1, 1, 4)},
    {"c_0": None},
    {"c_0": torch.zeros(1, 2, 5)},
    {"y": torch.zeros(5, 5)},
    {"memory": torch.zeros(1, 4, 4)},
    {"threads": 0},
    {"instruction_set": "sse9"},
    {"cell": "lstn"},
    {"cell": "gru_after"},
    {"cell": "lstm_norm"},
    {"norm": torch.ones(1, 10, 4)},
    {"element": "bfloat16"},
]


@pytest.mark.parametrize(
    "changes",
    [*WRONG, {"bias": torch.zeros(1, 5)}, {"bias_in": torch.zeros(1, 5)}, {"h_n": torch.zeros(1, 3, 4)}],
    ids=repr,
)
def test_what_does_not_fit_is_refused_on_the_way_there(changes: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        forward_call(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        *WRONG,
        {"memory": None},
        {"extra": torch.zeros(1, 5, 4)},
        {"dx": torch.zeros(1, 5, 4)},
        {"dx": torch.zeros(5, 3)},
        {"d_ih": []},
        {"d_ih": [torch.zeros(16, 4)]},
        {"d_hh": [torch.zeros(16, 3)]},
        {"da": None},
        {"da": torch.zeros(1, 15)},
        {"dy": torch.zeros(5, 3)},
        {"dh_n": torch.zeros(1, 1, 4)},
        {"dc_n": None},
        {"dgates": torch.zeros(1, 5, 16)},
        {"dnorm": torch.zeros(1, 5, 4)},
        {"dc_0": None},
    ],
    ids=repr,
)
def test_what_does_not_fit_is_refused_on_the_way_back(changes: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        backward_call(**changes)
