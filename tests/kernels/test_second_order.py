"""Gradients of gradients: those of the reference implementation in float64, or an error; never a silent zero."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn

from gyeol import ParameterError
from gyeol.kernels import native_available
from gyeol.kernels.additive import additive_scores, additive_scores_reference
from gyeol.kernels.packing import Packing
from gyeol.kernels.pooling import pool, pool_reference
from gyeol.layers import CELLS, GRU, LSTM, RNN, Recurrent, linear_cross_entropy


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)


def second(
    function: Callable[..., Tensor], inputs: Sequence[Tensor], parameters: Sequence[Tensor] = ()
) -> list[Tensor]:
    """Differentiate the squared norm of the gradients (a gradient penalty)."""
    inputs = [t.detach().clone().requires_grad_() for t in inputs]
    y = function(*inputs)
    first = torch.autograd.grad((y.pow(2) + y.sin()).sum(), [*inputs, *parameters], create_graph=True)
    return list(torch.autograd.grad(sum(g.pow(2).sum() for g in first), [*inputs, *parameters]))  # type: ignore[arg-type]


def assert_close(found: Sequence[Tensor], expected: Sequence[Tensor]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert float(other.abs().max()) > 0
        assert float((one - other).abs().max()) < 1e-4 * float(other.abs().max())


@pytest.mark.parametrize("options", [{}, {"bidirectional": True}, {"num_layers": 2, "bias": False}])
@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_drop_ins_have_the_second_derivatives_of_torch_nn(name: str, options: dict[str, int | bool]) -> None:
    layer = {"LSTM": LSTM, "GRU": GRU, "RNN": RNN}[name](3, 5, batch_first=True, **options)
    peer = getattr(nn, name)(3, 5, batch_first=True, **options)
    peer.load_state_dict(layer.state_dict())
    x = torch.randn(4, 6, 3)
    found = second(lambda x: layer(x)[0], [x], list(layer.parameters()))
    assert_close(found, second(lambda x: peer(x)[0], [x], list(peer.parameters())))


@pytest.mark.parametrize("cell", [name for name, cell in CELLS.items() if not cell.has_norm])
def test_every_cell_over_rows_of_unequal_length(cell: str) -> None:
    layer = Recurrent(cell, 3, 5, bidirectional=True, batch_first=True)
    exact = Recurrent(cell, 3, 5, bidirectional=True, batch_first=True).double()
    exact.load_state_dict(layer.state_dict())
    lengths, x = torch.tensor([2, 6, 1, 6]), torch.randn(4, 6, 3)
    found = second(lambda x: layer(x, lengths=lengths)[0], [x], list(layer.parameters()))
    expected = second(lambda x: exact(x, lengths=lengths)[0], [x.double()], list(exact.parameters()))
    assert_close(found, [t.float() for t in expected])


def test_first_derivatives_with_a_graph_are_those_without() -> None:
    layer, x = LSTM(3, 5, batch_first=True), torch.randn(2, 4, 3, requires_grad=True)
    inputs = [x, *layer.parameters()]
    plain, graph = (torch.autograd.grad(layer(x)[0].sum(), inputs, create_graph=create) for create in (False, True))
    assert_close([g.detach() for g in graph], plain)


def test_of_inputs_that_are_not_contiguous() -> None:
    layer, peer = LSTM(3, 5), nn.LSTM(3, 5)
    peer.load_state_dict(layer.state_dict())
    x = torch.randn(4, 3, 6)
    found = second(lambda x: layer(x.permute(2, 0, 1))[0], [x])
    assert_close(found, second(lambda x: peer(x.permute(2, 0, 1))[0], [x]))


def test_of_a_normalised_cell_they_are_refused() -> None:
    layer, x = Recurrent("lstm_norm", 3, 5, batch_first=True), torch.randn(2, 4, 3, requires_grad=True)
    if not native_available():
        assert torch.autograd.grad(layer(x)[0].sum(), x, create_graph=True)[0].requires_grad
        return
    with pytest.raises(ParameterError, match="second derivatives of lstm_norm are not available"):
        torch.autograd.grad(layer(x)[0].sum(), x, create_graph=True)


def test_additive_scores() -> None:
    parts, lengths = [torch.randn(2, 3, 4), torch.randn(2, 5, 4), torch.randn(4)], torch.tensor([5, 2])
    found = second(lambda q, k, v: additive_scores(q, k, v, lengths), parts)
    expected = second(lambda q, k, v: additive_scores_reference(q, k, v, lengths), [t.double() for t in parts])
    assert_close(found, [t.float() for t in expected])


def test_pooling() -> None:
    packing = Packing.of(torch.tensor([2, 5, 1]), 5)
    x, weights = torch.randn(8, 4), torch.rand(8)
    options = {"mean": True, "most": True}
    found = second(lambda x, w: pool(x, packing, weights=w, **options), [x, weights])
    expected = second(lambda x, w: pool_reference(x, packing, weights=w, **options), [x.double(), weights.double()])
    assert_close(found, [t.float() for t in expected])


def test_of_the_large_cross_entropy_they_are_refused() -> None:
    hidden, weight = torch.randn(3, 4, requires_grad=True), torch.randn(9, 4, requires_grad=True)
    loss = linear_cross_entropy(hidden, weight, None, torch.tensor([1, 2, 3]))
    with pytest.raises(ParameterError, match="no second derivatives"):
        torch.autograd.grad(loss, hidden, create_graph=True)


@pytest.mark.parametrize("layer", [LSTM(3, 4, batch_first=True), GRU(3, 4, batch_first=True)])
def test_an_input_computed_from_another_counts_once(layer: LSTM | GRU) -> None:
    """The state before the first step is a function of x: that path belongs to PyTorch, not to the kernel."""
    exact, packing = copy.deepcopy(layer).double(), Packing.even_rows(2, 5)
    x = torch.randn(10, 3)

    def walked(recurrent: LSTM | GRU, x: Tensor) -> Tensor:
        first = x.view(5, 2, 3).mean(0).tanh().sum(1, keepdim=True).expand(-1, 4).unsqueeze(0)
        state = (first, first.sin()) if isinstance(recurrent, LSTM) else first
        return recurrent.run_packed(x, packing, state)[0]

    found = second(lambda x: walked(layer, x), [x], list(layer.parameters()))
    expected = second(lambda x: walked(exact, x), [x.double()], list(exact.parameters()))
    assert_close(found, [t.float() for t in expected])


def test_weights_computed_from_what_they_weigh_count_once() -> None:
    packing = Packing.of(torch.tensor([4, 2]), 4)
    x = torch.randn(6, 3)

    def pooled(x: Tensor) -> Tensor:
        return pool(x, packing, weights=x.sum(1).sigmoid(), mean=True)

    (found,), (expected,) = second(pooled, [x]), second(pooled, [x.double()])
    assert_close([found], [expected.float()])
