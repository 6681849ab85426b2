"""What `torch.nn`'s recurrent layers take, give and raise, the drop-ins take, give and raise."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils._pytree import tree_flatten

from gyeol.errors import DataError, GyeolError, ParameterError
from gyeol.layers import CELLS, GRU, LSTM, RNN, Recurrent

KINDS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "rnn": (RNN, nn.RNN, {}),
    "relu": (RNN, nn.RNN, {"nonlinearity": "relu"}),
    "lstm": (LSTM, nn.LSTM, {}),
    "projected": (LSTM, nn.LSTM, {"proj_size": 3}),
    "gru": (GRU, nn.GRU, {}),
}
# PyTorch says once that its own operation, which walks there, is not oneDNN's.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN:UserWarning")
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)


def pair(kind: str, **settings: Any) -> tuple[Any, Any]:
    ours, theirs, extra = KINDS[kind]
    mine, other = ours(4, 6, **extra, **settings), theirs(4, 6, **extra, **settings)
    other.load_state_dict(mine.state_dict())
    return mine, other


def tensors(result: Any) -> list[Tensor]:
    return [t for t in tree_flatten(result)[0] if isinstance(t, Tensor)]


def alike(found: Any, expected: Any, within: float = 1e-5) -> None:
    for a, b in zip(tensors(found), tensors(expected), strict=True):
        assert a.dtype == b.dtype
        torch.testing.assert_close(a, b, atol=within, rtol=within)


def state_for(layer: Any, *rows: int) -> Any:
    L = layer.num_layers * (2 if layer.bidirectional else 1)
    h = torch.randn(L, *rows, layer.proj_size or layer.hidden_size)
    return (h, torch.randn(L, *rows, layer.hidden_size)) if layer.mode == "LSTM" else h


@pytest.mark.parametrize("batch_first", [True, False])
@every_kind
def test_one_row_without_a_batch(kind: str, batch_first: bool) -> None:
    mine, other = pair(kind, num_layers=2, bidirectional=True, batch_first=batch_first)
    x = torch.randn(5, 4)
    alike(mine(x), other(x))
    hx = state_for(other)
    alike(mine(input=x, hx=hx), other(input=x, hx=hx))
    with pytest.raises(RuntimeError, match=r"one row without a batch, and the state's h as"):
        mine(x, state_for(other, 1))


@every_kind
def test_no_rows(kind: str) -> None:
    mine, other = pair(kind, num_layers=2, bidirectional=True)
    x = torch.zeros(5, 0, 4, requires_grad=True)
    found, expected = mine(x), other(x)
    assert [t.shape for t in tensors(found)] == [t.shape for t in tensors(expected)]
    found[0].sum().backward()
    assert all(p.grad is not None and not p.grad.any() for p in mine.parameters())
    with pytest.raises(RuntimeError, match="3 rows of 0 steps"):
        mine(torch.zeros(0, 3, 4))


@every_kind
def test_packed_rows_in_any_order(kind: str) -> None:
    mine, other = pair(kind, num_layers=2, bidirectional=True)
    packed = pack_padded_sequence(torch.randn(5, 3, 4), torch.tensor([2, 5, 3]), enforce_sorted=False)
    hx = state_for(other, 3)
    alike(mine(packed, hx), other(packed, hx))


@every_kind
def test_names_and_attributes(kind: str) -> None:
    mine, other = pair(kind, num_layers=2, bidirectional=True, batch_first=True, bias=False, dropout=0.5)
    assert repr(mine) == repr(other)
    assert (mine.mode, mine.proj_size, mine.dropout) == (other.mode, other.proj_size, other.dropout)
    assert [n for n, _ in mine.named_parameters()] == [n for n, _ in other.named_parameters()]
    assert mine._flat_weights_names == other._flat_weights_names
    alike(mine.all_weights, other.all_weights)
    alike(mine._flat_weights, other._flat_weights)
    mine.flatten_parameters()


def test_initial_values_with_a_projection_are_torch_s() -> None:
    torch.manual_seed(3)
    mine = LSTM(4, 6, 2, proj_size=2, bidirectional=True)
    torch.manual_seed(3)
    alike(list(mine.parameters()), list(nn.LSTM(4, 6, 2, proj_size=2, bidirectional=True).parameters()))


@every_kind
def test_gradients(kind: str) -> None:
    mine, other = pair(kind, num_layers=2, bidirectional=True)
    x = torch.randn(5, 3, 4).transpose(0, 1).contiguous().transpose(0, 1)
    for layer in (mine, other):
        output, state = layer(x)
        (output.square().sum() + sum(t.sum() for t in tensors(state))).backward()
    alike([p.grad for p in mine.parameters()], [p.grad for p in other.parameters()])
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    for layer, leaf in ((mine, ours), (other, theirs)):
        layer.requires_grad_(False)(leaf)[0].square().sum().backward()
    alike(ours.grad, theirs.grad)


@every_kind
def test_gradients_of_gradients_in_float64(kind: str) -> None:
    layer = pair(kind)[0].double()
    inputs = (torch.randn(2, 2, 4, dtype=torch.float64, requires_grad=True), *layer.parameters())
    assert torch.autograd.gradcheck(lambda x, *_: layer(x)[0], inputs, fast_mode=True)
    assert torch.autograd.gradgradcheck(lambda x, *_: layer(x)[0], inputs, fast_mode=True)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
@every_kind
def test_other_types(kind: str, dtype: torch.dtype) -> None:
    mine, other = (layer.to(dtype) for layer in pair(kind))
    x = torch.randn(5, 3, 4).to(dtype)
    alike(mine(x), other(x), within=0.02 if dtype != torch.float64 else 1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("cell", CELLS)
def test_under_autocast_results_are_of_its_type(cell: str, dtype: torch.dtype) -> None:
    layer, x = Recurrent(cell, 4, 6, num_layers=2), torch.randn(5, 3, 4)
    expected = layer(x)
    for given in (x, x.to(dtype)):
        with torch.autocast("cpu", dtype):
            found = layer(given)
        assert {t.dtype for t in tensors(found)} == {dtype}
        assert float((found[0].float() - expected[0]).detach().abs().max()) < 0.1
        found[0].float().sum().backward()
    exact = copy.deepcopy(layer).double()
    with torch.autocast("cpu", dtype):
        assert exact(x.double())[0].dtype == torch.float64


@every_kind
def test_copies(kind: str) -> None:
    mine, _ = pair(kind, num_layers=2)
    file, x = io.BytesIO(), torch.randn(5, 3, 4)
    torch.save(mine, file)
    file.seek(0)
    others = [copy.deepcopy(mine), pickle.loads(pickle.dumps(mine)), torch.load(file, weights_only=False)]
    for other in others:
        assert torch.equal(other(x)[0], mine(x)[0])


@every_kind
def test_weights_that_are_computed(kind: str) -> None:
    mine, other = pair(kind)
    x = torch.randn(5, 3, 4)
    normed = nn.utils.parametrizations.weight_norm(mine, "weight_hh_l0")
    alike(normed(x), other(x))
    normed(x)[0].sum().backward()
    assert all(p.grad is not None for p in normed.parameters())


def test_dropout_before_the_only_layer_is_warned_of() -> None:
    with pytest.warns(UserWarning, match=r"dropout=0\.5 stands between layers, and there is one"):
        GRU(4, 6, dropout=0.5)


def test_a_step_at_a_time_with_a_projection() -> None:
    layer, x = LSTM(4, 6, 2, proj_size=3), torch.randn(5, 3, 4)
    stepper = layer.stepper(3)
    with torch.no_grad():
        alike(torch.stack([stepper(x_t).clone() for x_t in x]), layer(x)[0])


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: LSTM(0, 5), ValueError, "input_size must be greater than zero"),
        (lambda: GRU(3, 5.0), TypeError, "hidden_size should be of type int, got: float"),  # type: ignore[arg-type]
        (lambda: RNN(3, 5, bias=0), TypeError, "bias should be of type bool, got: int"),  # type: ignore[arg-type]
        (lambda: GRU(3, 5, proj_size=2), ValueError, "proj_size argument is only supported for LSTM, not RNN or GRU"),
        (lambda: LSTM(3, 5, proj_size=5), ValueError, "proj_size has to be smaller than hidden_size"),
        (lambda: LSTM(3, 5, proj_size=-1), ValueError, "proj_size should be a positive integer or zero"),
        (lambda: LSTM(3, 5, proj_size="2"), TypeError, "proj_size should be of type int"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_setting_is_torch_s_error_too(build: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        build()
    assert isinstance(caught.value, ParameterError)


@every_kind
def test_a_wrong_call_is_torch_s_error_too(kind: str) -> None:
    mine, other = pair(kind)
    for x, hx in [
        (torch.randn(5, 3, 7), None),
        (torch.randn(3, 5, 4, 1), None),
        (torch.randn(5, 3, 4), state_for(other, 2)),
        (torch.randn(5, 3, 4).double(), None),
    ]:
        for layer in (other, mine):
            with pytest.raises((RuntimeError, ValueError)) as caught:
                layer(x, hx)
            if layer is other:
                error = type(caught.value)
            else:
                assert isinstance(caught.value, error)
                assert isinstance(caught.value, DataError)
                assert isinstance(caught.value, GyeolError)
