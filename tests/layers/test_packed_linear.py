"""A layer of packed weights is the layer, to rounding; of rounded weights, nearly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import DataError, ParameterError
from gyeol.kernels import native
from gyeol.layers import PackedLinear

built = pytest.mark.skipif(not native.native_available(), reason="the native kernels were not built")


def drawn(V: int, D: int, R: int, bias: bool, seed: int) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    weight, shift, x = (torch.randn(*shape, generator=g) for shape in ((V, D), (V,), (R, D)))
    return weight, shift if bias else None, x


@built
@pytest.mark.usefixtures("instructions")
@pytest.mark.parametrize("threads", [1, 3])
@settings(max_examples=30)
@given(V=st.integers(1, 200), D=st.integers(1, 70), R=st.integers(1, 9), bias=st.booleans(), seed=st.integers(0, 99))
def test_every_instruction_set_multiplies_as_pytorch(
    threads: int, V: int, D: int, R: int, bias: bool, seed: int
) -> None:
    weight, shift, x = drawn(V, D, R, bias, seed)
    torch.set_num_threads(threads)
    got = PackedLinear(weight, shift)(x)
    expected = torch.nn.functional.linear(x, weight, shift)
    np.testing.assert_allclose(got, expected, atol=2e-6 * D)


@built
@pytest.mark.usefixtures("instructions")
def test_no_bit_depends_on_the_threads() -> None:
    weight, shift, x = drawn(5000, 130, 2, True, 0)
    layer, answers = PackedLinear(weight, shift), []
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        answers += [layer(x) for _ in range(20)]
    assert all(torch.equal(answer, answers[0]) for answer in answers)
    np.testing.assert_allclose(answers[0], torch.nn.functional.linear(x, weight, shift), atol=2e-4)


@built
@pytest.mark.usefixtures("instructions")
@settings(max_examples=30)
@given(V=st.integers(1, 70), D=st.integers(1, 70), R=st.integers(1, 7), bias=st.booleans(), seed=st.integers(0, 99))
def test_no_weight_in_int8_is_off_by_more_than_half_a_step(V: int, D: int, R: int, bias: bool, seed: int) -> None:
    if not native.int8_available():
        return
    weight, shift, x = drawn(V, D, R, bias, seed)
    got = PackedLinear(weight, shift, weights="int8")(x)
    exact = torch.nn.functional.linear(x, weight, shift)
    steps = weight.abs().amax(1) / 254, (x.abs().amax(1) / 254)[:, None]
    # |q p - w x| <= |w| dp + |p| dq, summed over k, with p off from x by half a step at most.
    allowed = steps[1] * weight.abs().sum(1) + steps[0] * (x.abs().sum(1, keepdim=True) + D * steps[1])
    assert bool(((got - exact).abs() <= allowed + 1e-4).all())


@built
@pytest.mark.usefixtures("instructions")
def test_bfloat16_has_eight_bits() -> None:
    if not native.steps_in("bfloat16"):
        return
    weight, shift, x = drawn(90, 64, 3, True, 1)
    got = PackedLinear(weight, shift, weights="bfloat16")(x)
    expected = torch.nn.functional.linear(x.bfloat16().float(), weight.bfloat16().float(), shift)
    np.testing.assert_allclose(got, expected, atol=1e-4)


@built
@pytest.mark.usefixtures("instructions")
@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_a_row_of_zeros_gives_the_bias(weights: str) -> None:
    if weights == "int8" and not native.int8_available():
        return
    layer = PackedLinear(torch.zeros(2, 3), torch.tensor([1.0, 2.0]), weights=weights)
    assert layer(torch.ones(3)).tolist() == [1.0, 2.0]


def test_later_training_does_not_reach_it_and_shapes_are_kept() -> None:
    weight = torch.ones(2, 3)
    layer = PackedLinear(weight, None)
    weight.zero_()
    assert layer(torch.ones(4, 5, 3)).shape == (4, 5, 2)
    assert layer(torch.ones(0, 3)).shape == (0, 2)
    assert layer(torch.ones(3)).tolist() == [3.0, 3.0]


def test_a_layer_of_float64_stays_one() -> None:
    weight, x = torch.randn(4, 3, dtype=torch.float64), torch.randn(2, 3, dtype=torch.float64)
    assert torch.equal(PackedLinear(weight, None)(x), x @ weight.T)


def test_without_kernels_it_is_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "_native", None)
    weight, x = torch.randn(4, 3), torch.randn(2, 3)
    assert torch.equal(PackedLinear(weight, None)(x), x @ weight.T)
    with pytest.raises(ParameterError, match="does not multiply int8"):
        PackedLinear(weight, None, weights="int8")


def test_wrong_calls() -> None:
    with pytest.raises(ParameterError, match=r"weights='int7' is not one.*int8"):
        PackedLinear(torch.zeros(2, 3), None, weights="int7")
    with pytest.raises(DataError, match=r"\(2, 4\), expected \(\.\.\., 3\)"):
        PackedLinear(torch.zeros(2, 3), None)(torch.zeros(2, 4))


@built
def test_the_native_layer_checks_what_it_is_given() -> None:
    of = native.linear(torch.zeros(2, 3), None, "float32")
    x, y = np.zeros((1, 3), np.float32), np.zeros((1, 2), np.float32)
    for wrong in ((x[:, :2].copy(), y, 1), (x, y[:, :1].copy(), 1), (x[:0], y[:0], 1), (x, y, 0)):
        with pytest.raises(ValueError, match=r"expected|no rows"):
            of.multiply(*wrong)
    with pytest.raises(ValueError, match="bias"):
        native.linear(torch.zeros(2, 3), torch.zeros(3), "float32")
    with pytest.raises(ValueError, match="without units"):
        native.linear(torch.zeros(0, 3), None, "float32")
