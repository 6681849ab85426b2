"""What a layer's precision means here: in training and in prediction, for small calls and by other instruction sets."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from gyeol.kernels import native
from gyeol.kernels.cells.table import CELLS
from gyeol.kernels.precision.choices import Choices, in_training, using
from gyeol.kernels.precision.contestants import _listed, contestants
from gyeol.kernels.precision.layer import _class_of
from gyeol.kernels.precision.measurements import MeasurementFile
from gyeol.layers import Recurrent

pytestmark = pytest.mark.skipif(not native.native_available(), reason=f"kernels: {native.describe()}")
bfloat16 = pytest.mark.skipif(not native.bfloat16_available(), reason="this processor multiplies no bfloat16")

SIZES = (24, 32)  # D, H
Won = Callable[[str], list[str]]


def made(cell: str, precision: str, **more: Any) -> tuple[Recurrent, Tensor]:
    torch.manual_seed(3)
    return Recurrent(cell, *SIZES, precision=precision, batch_first=True, **more), torch.randn(32, 30, SIZES[0])


def gradients(layer: Recurrent, x: Tensor) -> list[Tensor]:
    y, _ = layer(x, lengths=[30] * 16 + [7] * 16)
    return [y.detach(), *torch.autograd.grad(y.square().sum(), list(layer.parameters()))]


@bfloat16
@pytest.mark.parametrize(
    "cell", [name for name, cell in CELLS.items() if cell.native is not None and not cell.has_norm]
)
@pytest.mark.parametrize("element", ["float32", "bfloat16"])
def test_the_winner_is_what_is_computed_in(cell: str, element: str, won: Won) -> None:
    races = won(element)
    layer, x = made(cell, "auto", num_layers=2, bidirectional=True)
    fixed, _ = made(cell, element, num_layers=2, bidirectional=True)
    for _ in range(2):
        for one, other in zip(gradients(layer, x), gradients(fixed, x), strict=True):
            assert torch.equal(one, other)
    with torch.no_grad():
        assert torch.equal(layer(x)[0], fixed(x)[0])
    assert len(races) == 4, "two layers, with gradients and without"
    assert all(parameter.grad is None for parameter in layer.parameters())


def test_predictions_are_in_float32(won: Won) -> None:
    races = won("bfloat16")
    plain, x = made("lstm", "float32")
    for precision in ("auto", "bfloat16-train"):
        layer, _ = made("lstm", precision)
        assert torch.equal(layer.eval()(x)[0], plain(x)[0])
    assert not races


@bfloat16
def test_training_may_be_in_bfloat16_alone(won: Won) -> None:
    layer, x = made("gru", "bfloat16-train")
    fixed, _ = made("gru", "bfloat16")
    assert torch.equal(layer(x)[0], fixed(x)[0])


def test_what_is_small_is_not_raced(won: Won) -> None:
    races = won("bfloat16")
    layer, x = made("lstm", "auto")
    plain, _ = made("lstm", "float32")
    with in_training() as training:
        assert torch.equal(layer(x[:2, :3])[0], plain(x[:2, :3])[0])
    assert not races
    assert training.describe() == ""


@bfloat16
def test_a_race_leaves_no_trace(won: Won) -> None:
    won("float32")
    layer, x = made("lstm", "auto")
    expected = copy.deepcopy(layer)(x)[0]
    with using(Choices(MeasurementFile(None))):
        before = torch.get_rng_state()
        with torch.inference_mode():
            assert torch.equal(layer(x)[0], expected)
        with torch.no_grad():
            torch.set_default_dtype(torch.float64)
            try:
                assert torch.equal(layer(x)[0], expected)
            finally:
                torch.set_default_dtype(torch.float32)
        assert torch.equal(torch.get_rng_state(), before)


def test_a_fixed_instruction_set_is_the_only_one(won: Won) -> None:
    races = won("bfloat16")
    layer, x = made("lstm", "auto")
    for name in native.instruction_sets():
        before = native.use_instruction_set(name)
        try:
            names = contestants("lstm", ("bfloat16",))
            assert {n.partition("@")[2] for n in names} <= {"", name}
            layer(x)
        finally:
            native.use_instruction_set(before)
    assert all(" " in race for race in races), "one contestant alone is no race"


def test_an_emulation_serves_only_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = {
        "amx": ("float32", "bfloat16"), "avx512bf16": ("float32", "bfloat16"), "avx2": ("float32",),
        "amx-emulated": ("float32", "bfloat16"),
    }  # fmt: skip
    monkeypatch.setattr(native, "instruction_sets", lambda: list(sets))
    monkeypatch.setattr(native, "elements_of", lambda name: {"lstm": sets[name]})
    listed = _listed.__wrapped__
    assert listed("lstm", ("bfloat16",), "amx", False) == ("float32", "bfloat16@amx", "bfloat16@avx512bf16")
    assert listed("lstm", ("bfloat16",), "amx-emulated", True) == ("float32", "bfloat16@amx-emulated")
    assert listed("lstm", ("bfloat16",), "avx2", True) == ("float32",)


def test_three_products_are_raced_by_tiles_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = dict.fromkeys(("amx", "avx512bf16", "amx-emulated"), ("float32", "bfloat16", "high"))
    monkeypatch.setattr(native, "instruction_sets", lambda: list(sets))
    monkeypatch.setattr(native, "elements_of", lambda name: {"lstm": sets[name]})
    listed = _listed.__wrapped__
    bfloat16 = ("bfloat16@amx", "bfloat16@avx512bf16")
    assert listed("lstm", ("high", "bfloat16"), "amx", False) == ("float32", "high@amx", *bfloat16)
    assert listed("lstm", ("high", "bfloat16"), "amx", True) == ("float32", "high@amx", "bfloat16@amx")
    assert (
        listed("lstm", ("high",), "avx512bf16", True) == listed("lstm", ("high",), "amx-emulated", True) == ("float32",)
    )


def test_batches_of_a_training_fall_into_few_classes() -> None:
    H = 128
    classes = {
        _class_of("lstm", rows * steps, H, 4 * H, 2, rows, True) for rows in range(1, 65) for steps in range(10, 100)
    }
    assert 1 < len(classes) <= 20
    assert all(found is not None and found.rows * found.steps <= 512 for found in classes)
