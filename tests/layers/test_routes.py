"""Which way is taken, line by line of the table; and that all ways lead to the same numbers."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gyeol.kernels import native
from gyeol.kernels.reference import Weights
from gyeol.layers.cells import CELLS, RNN_RELU
from gyeol.layers.routes import choose_route, walk_by


@pytest.mark.parametrize(
    ("cell", "circumstances", "route"),
    [
        ("lstm", {}, "native"),
        ("lstm", {"fill": 0.9}, "native"),
        ("lstm", {"built": False}, "fused"),
        ("lstm", {"built": False, "fill": 0.9}, "twin"),
        ("lstm", {"built": False, "fill": 0.9, "need_state": False}, "fused"),
        ("lstm", {"grad": True}, "fused"),
        ("lstm", {"grad": True, "fill": 0.9}, "twin"),
        ("lstm", {"grad": True, "fill": 0.9, "need_state": False}, "fused"),
        ("lstm", {"dtype": torch.float64}, "fused"),
        ("lstm", {"dtype": torch.bfloat16, "fill": 0.9}, "twin"),
        ("lstm", {"device": "cuda"}, "fused"),
        ("lstm", {"autocast": True}, "fused"),
        ("rnn", {"fill": 0.9}, "fused"),
        ("rnn", {"grad": True, "fill": 0.9}, "fused"),
        ("gru_after", {"fill": 0.9}, "fused"),
        ("lstm", {"grad": True, "fill": 0.5, "need_state": False}, "fused"),
        ("lstm", {"grad": True, "fill": 0.4, "need_state": False}, "twin"),
        ("gru_after", {"fill": 0.4}, "twin"),
        ("gru_after", {"fill": 0.4, "device": "cuda"}, "fused"),
        ("gru", {}, "twin"),
        ("gru", {"grad": True, "fill": 0.9, "need_state": False}, "twin"),
    ],
)
def test_the_table(cell: str, circumstances: dict[str, Any], route: str) -> None:
    assert choose_route(CELLS[cell], **{"built": True, **circumstances}) == route


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", [[5, 5, 5], [2, 5, 1]])
@pytest.mark.parametrize("cell", [*CELLS.values(), RNN_RELU], ids=lambda cell: cell.name)
def test_every_way_gives_the_twin_s_numbers(cell: Any, lengths: list[int], reverse: bool) -> None:
    D, H, G = 4, 6, cell.gates
    x = torch.randn(3, 5, D)
    state = tuple(torch.randn(3, H) for _ in range(2 if cell.has_memory else 1))
    weights = Weights(torch.randn(G * H, D), torch.randn(G * H, H), torch.randn(G * H), torch.randn(G * H))
    expected, expected_state = walk_by(
        "twin", cell, x, torch.tensor(lengths), state=state, weights=weights, reverse=reverse
    )
    routes = [*(["fused"] if cell.fused else []), *(["native"] if cell.native and native.native_available() else [])]
    for route in routes:
        got, got_state = walk_by(route, cell, x, torch.tensor(lengths), state=state, weights=weights, reverse=reverse)  # type: ignore[arg-type]
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)
        whole = route == "native" or len(set(lengths)) == 1 or not cell.has_memory
        assert len(got_state) == (len(state) if whole else 1)
        for a, b in zip(got_state, expected_state, strict=whole):
            torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)
