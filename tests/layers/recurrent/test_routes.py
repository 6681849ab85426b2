"""Which way is taken, line by line of the table; and that all ways lead to the same numbers."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gyeol.kernels import native
from gyeol.kernels.cells import rnn
from gyeol.kernels.cells.cell import Weights
from gyeol.kernels.cells.table import CELLS
from gyeol.layers import Recurrent
from gyeol.layers.recurrent.routes import choose_route, walk_by

BFLOAT16 = "native" if native.bfloat16_available() else "fused"


@pytest.mark.parametrize(
    ("cell", "circumstances", "route"),
    [
        ("lstm", {}, "native"),
        ("lstm", {"fill": 0.4}, "native"),
        ("gru", {"fill": 0.9}, "native"),
        ("rnn", {"need_state": False}, "native"),
        ("lstm", {"autocast": torch.bfloat16}, BFLOAT16),
        ("lstm", {"autocast": torch.float16}, "reference"),
        ("lstm", {"autocast": torch.float16, "device": "cuda"}, "fused"),
        ("lstm", {"built": False}, "fused"),
        ("lstm", {"built": False, "fill": 0.9}, "reference"),
        ("lstm", {"built": False, "fill": 0.9, "need_state": False}, "fused"),
        ("lstm", {"built": False, "fill": 0.4, "need_state": False}, "reference"),
        ("gru_after", {"built": False, "fill": 0.9}, "fused"),
        ("gru_after", {"built": False, "fill": 0.4}, "reference"),
        ("gru_after", {"fill": 0.4, "device": "cuda"}, "fused"),
        ("gru", {"built": False}, "reference"),
        ("gru", {"device": "cuda"}, "reference"),
        ("lstm", {"dtype": torch.float64}, "fused"),
        ("lstm", {"dtype": torch.bfloat16, "fill": 0.9}, "reference"),
        ("lstm", {"device": "cuda"}, "fused"),
        ("min_gru", {}, "scan"),
        ("min_gru", {"device": "cuda", "fill": 0.4, "dtype": torch.float64}, "scan"),
        ("s_lstm", {}, "reference"),
    ],
)
def test_the_table(cell: str, circumstances: dict[str, Any], route: str) -> None:
    assert choose_route(CELLS[cell], **{"built": True, **circumstances}) == route


def test_kernels_and_cells_agree() -> None:
    """What the library says of a kernel is what the reference says of its cell; every kernel is used."""
    used = {cell.native: cell for cell in (*CELLS.values(), rnn.RELU) if cell.native is not None}
    kernels = native.CELLS
    if native.native_available():
        assert used.keys() == kernels.keys()
    for name, facts in kernels.items():
        cell = used[name]
        said = (facts.gates, facts.states, facts.hidden_product, facts.norm)
        assert said == (cell.gates, cell.states, cell.hidden_product, cell.has_norm)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", [[5, 5, 5], [2, 5, 1]])
@pytest.mark.parametrize("cell", [c for c in (*CELLS.values(), rnn.RELU) if c.fused], ids=lambda cell: cell.name)
def test_every_way_gives_the_same_numbers(cell: Any, lengths: list[int], reverse: bool) -> None:
    D, H, G = 4, 6, cell.gates
    x = torch.randn(3, 5, D)
    state = tuple(torch.randn(3, H) for _ in cell.states)
    weights = Weights(torch.randn(G * H, D), torch.randn(G * H, H), torch.randn(G * H), torch.randn(G * H))
    rows = torch.tensor(lengths)
    expected, expected_state = walk_by("reference", cell, x, rows, state=state, weights=weights, reverse=reverse)
    got, got_state = walk_by("fused", cell, x, rows, state=state, weights=weights, reverse=reverse)
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)
    whole = len(set(lengths)) == 1 or not cell.has_memory
    assert len(got_state) == (len(state) if whole else 1)
    for a, b in zip(got_state, expected_state, strict=whole):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


@pytest.mark.skipif(not native.native_available(), reason=f"kernels: {native.describe()}")
@pytest.mark.parametrize("cell", CELLS)
def test_the_native_way_gives_what_the_layer_gives_without_it(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = Recurrent(cell, 5, 8, num_layers=2, bidirectional=True, batch_first=True)
    x, lengths = torch.randn(4, 6, 5), [6, 2, 5, 1]
    got, state = layer(x, lengths=lengths)
    monkeypatch.setattr(native, "native_available", lambda: False)
    expected, expected_state = layer(x, lengths=lengths)
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)
    pairs = zip(state, expected_state, strict=True) if isinstance(state, tuple) else [(state, expected_state)]
    for a, b in pairs:
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


@pytest.mark.skipif(not native.bfloat16_available(), reason="this processor multiplies no bfloat16")
@pytest.mark.parametrize(
    "cell", [name for name, cell in CELLS.items() if cell.native is not None and not cell.has_norm]
)
def test_bfloat16_is_used_by_precision_or_by_autocast(cell: str) -> None:
    torch.manual_seed(1)
    layer = Recurrent(cell, 6, 32, batch_first=True)
    rounded = Recurrent(cell, 6, 32, batch_first=True, precision="bfloat16")
    trained = Recurrent(cell, 6, 32, batch_first=True, precision="bfloat16-train")
    rounded.load_state_dict(layer.state_dict())
    trained.load_state_dict(layer.state_dict())
    x = torch.randn(3, 7, 6)
    plain, other = layer(x)[0], rounded(x)[0]
    assert not torch.equal(plain, other)
    torch.testing.assert_close(plain, other, atol=0.02, rtol=0.02)
    assert torch.equal(trained(x)[0], other)
    assert torch.equal(trained.eval()(x)[0], plain)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(layer(x)[0], other.bfloat16())
    assert other.dtype == torch.float32


def test_the_normalised_lstm_multiplies_in_float32() -> None:
    torch.manual_seed(1)
    layer = Recurrent("lstm_norm", 6, 32, precision="bfloat16")
    plain, x = Recurrent("lstm_norm", 6, 32), torch.randn(3, 7, 6)
    plain.load_state_dict(layer.state_dict())
    assert torch.equal(layer(x)[0], plain(x)[0])
