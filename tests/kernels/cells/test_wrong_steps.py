"""A custom cell whose step is wrong is named in one line that says what came and what was expected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from gyeol.errors import ParameterError
from gyeol.layers import LSTM, Cell, Recurrent, Stepper


def raises_type(u: Tensor) -> Any:  # takes too few arguments
    return (u,)


def wrong_product(u: Tensor, state: Any, weights: Any) -> Any:
    return (u @ torch.zeros(7, 7),)


def one_tensor(u: Tensor, state: Any, weights: Any) -> Any:
    return u


def a_number(u: Tensor, state: Any, weights: Any) -> Any:
    return (u, 1.0)


def too_wide(u: Tensor, state: Any, weights: Any) -> Any:
    return (torch.cat([u, u], 1),)


def two_parts(u: Tensor, state: Any, weights: Any) -> Any:
    return (u, u)


WRONG: list[tuple[Callable[..., Any], str]] = [
    (raises_type, r"the cell raises_type failed on u \(2, 4\), a state of \(2, 4\), and the weights: TypeError: "),
    (
        wrong_product,
        r"the cell wrong_product failed on u \(2, 4\), a state of \(2, 4\), and the weights: RuntimeError: ",
    ),
    (one_tensor, "the cell one_tensor returned a Tensor, expected a tuple of 1 tensors"),
    (a_number, "the cell a_number returned a tuple of Tensor, float, expected a tuple of 1 tensors"),
    (too_wide, r"the cell too_wide returned a state of \(2, 8\), expected \(2, 4\)"),
    (two_parts, r"the cell two_parts returned a state of \(2, 4\), \(2, 4\), expected \(2, 4\)"),
]


@pytest.mark.parametrize(("step", "message"), WRONG, ids=[step.__name__ for step, _ in WRONG])
def test_a_wrong_step(step: Any, message: str) -> None:
    layer = Recurrent(Cell("mine", 1, step), 3, 4, batch_first=True)
    calls: list[Callable[[], Any]] = [
        lambda: layer(torch.zeros(2, 5, 3)),
        lambda: layer(torch.zeros(2, 5, 3), lengths=[5, 2]),
        lambda: Stepper(layer, 2)(torch.zeros(2, 3)),
    ]
    for call in calls:
        with pytest.raises(ParameterError, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("linear", "message"),
    [
        (lambda u: u, "returned a Tensor, expected a and b"),
        (lambda u: (u[..., :2], u), r"returned \(5, 2, 2\) and \(5, 2, 4\), expected twice \(5, 2, 4\)"),
        (lambda u: u.no_such_thing, r"failed on u \(5, 2, 4\): AttributeError: "),
    ],
)
def test_a_wrong_linear_form(linear: Any, message: str) -> None:
    cell = Cell("mine", 1, lambda u, state, weights: (u,), hidden_product=False, linear=linear)
    with pytest.raises(ParameterError, match=message):
        Recurrent(cell, 3, 4)(torch.zeros(5, 2, 3))


def test_what_a_cell_of_the_table_raises_stays_what_it_is() -> None:
    layer, x = LSTM(3, 4, dtype=torch.float64), torch.zeros(5, 2, 3, dtype=torch.float64)
    layer.weight_hh_l0 = torch.nn.Parameter(torch.zeros(3, 3, dtype=torch.float64))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied") as caught:
        layer(x)
    assert not isinstance(caught.value, ParameterError)


def test_a_list_is_a_state_too() -> None:
    cell = Cell("mine", 1, lambda u, state, weights: [u + state[0]])
    assert Recurrent(cell, 3, 4)(torch.zeros(5, 2, 3))[0].shape == (5, 2, 4)
