"""Attributions of scores of which every one is known by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from gyeol.explain.attribution.path import clenshaw_curtis, groups_of, integrated_gradients, occlusion

WEIGHTS = torch.tensor([2.0, -1.0, 0.5], dtype=torch.float64)


def linear(scales: Tensor) -> Tensor:
    return 3.0 + scales @ WEIGHTS


def product(scales: Tensor) -> Tensor:
    return 6.0 * scales[:, 0] * scales[:, 1]


def test_a_linear_score_has_its_weights_for_attributions_by_either_method() -> None:
    for method in (integrated_gradients, occlusion):
        found = method(linear, 3, "it", rows=2)
        np.testing.assert_allclose(found.values, WEIGHTS.numpy(), atol=1e-12)
        assert (found.start, found.total, found.target) == (3.0, 4.5, "it")
        assert found.error < 1e-12


def test_a_product_is_shared_by_integrated_gradients_and_given_whole_to_each_by_occlusion() -> None:
    np.testing.assert_allclose(integrated_gradients(product, 2, "", rows=9).values, [3.0, 3.0], atol=1e-12)
    np.testing.assert_allclose(occlusion(product, 2, "", rows=9).values, [6.0, 6.0], atol=1e-12)


def counted(asked: list[int], score: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    def counting(scales: Tensor) -> Tensor:
        asked.append(len(scales))
        return score(scales)

    return counting


def test_a_steep_score_is_followed_more_closely_where_it_is_steep() -> None:
    asked: list[int] = []
    steep = counted(asked, lambda scales: torch.sigmoid(60 * (scales.sum(1) / 2 - 0.3)))
    found = integrated_gradients(steep, 2, "", rows=1000)
    assert found.error <= 0.005
    np.testing.assert_allclose(found.values[0], found.values[1])
    assert asked[:2] == [7, 10]  # the ends of the halves are known
    assert sum(asked) < 60


def test_a_kink_is_found() -> None:
    asked: list[int] = []

    def most(scales: Tensor) -> Tensor:  # below alpha = 1/3 the second is larger
        return torch.maximum(3 * scales[:, 0] - 0.5, 1.5 * scales[:, 1])

    found = integrated_gradients(counted(asked, most), 2, "", rows=1000)
    np.testing.assert_allclose(found.values, [2.0, 0.5], atol=0.02)
    assert found.error <= 0.005
    assert sum(asked) < 100


def test_a_jump_in_the_path_is_reported_as_what_it_is() -> None:
    def step(scales: Tensor) -> Tensor:  # its derivative is 0 wherever it has one
        return (scales.sum(1) > 0.4).double() + 0 * scales.sum(1)

    found = integrated_gradients(step, 1, "", rows=1000)
    assert found.error == pytest.approx(1.0)


def test_shares_that_cancel_out_do_not_ask_for_ever_finer_steps() -> None:
    asked: list[int] = []
    against = counted(asked, lambda scales: torch.tanh(scales[:, 0]) - torch.tanh(scales[:, 1]))
    found = integrated_gradients(against, 2, "", rows=1000)
    assert sum(asked) < 40
    np.testing.assert_allclose(found.values, [math.tanh(1), -math.tanh(1)], rtol=1e-4)


def test_any_number_of_copies_at_once_gives_the_same() -> None:
    whole, parts = (integrated_gradients(product, 2, "", rows=rows) for rows in (100, 2))
    assert np.array_equal(whole.values, parts.values)
    assert np.array_equal(*(occlusion(product, 2, "", rows=rows).values for rows in (100, 1)))


@pytest.mark.parametrize("intervals", [2, 8, 64])
def test_the_quadrature_is_exact_for_polynomials(intervals: int) -> None:
    nodes = (1 - np.cos(np.pi * np.arange(intervals + 1) / intervals)) / 2
    for power in range(intervals + 1):
        assert clenshaw_curtis(intervals) @ nodes**power == pytest.approx(1 / (power + 1), abs=1e-12)


def test_neighbours_of_a_long_input_are_left_out_together_and_share_evenly() -> None:
    T = 500
    groups = groups_of(T)
    assert len(groups) == 65
    assert np.array_equal(np.concatenate(groups), np.arange(T))
    weights = torch.arange(T, dtype=torch.float64)
    found = occlusion(lambda scales: scales @ weights, T, "", rows=10)
    expected = np.concatenate([np.full(len(group), group.mean()) for group in groups])
    np.testing.assert_allclose(found.values, expected, atol=1e-6)
    assert len(groups_of(181)) == 181
    assert len(groups_of(10_000)) == 16
