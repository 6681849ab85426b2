"""Where PyTorch follows a layer's operations, or compiles them, the numbers are those of the plain call."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import forward_ad
from torch.func import functional_call, grad, jacfwd, jacrev, vmap
from torch.fx.experimental.proxy_tensor import make_fx

from gyeol.kernels import native_available
from gyeol.layers import CELLS, GRU, LSTM, RNN, Recurrent

# PyTorch itself, when its decompositions for forward-mode differentiation are first loaded, and for the compiler's.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
every_cell = pytest.mark.parametrize("cell", CELLS)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)


def close(found: Any, expected: Any) -> None:
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


class Net(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer, self.out = layer, nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Any:
        h, _ = self.layer(x)
        return self.out(h)


@every_cell
def test_without_storage(cell: str) -> None:
    layer = Recurrent(cell, 4, 6, num_layers=2, bidirectional=True, device="meta")
    output, _ = layer(torch.zeros(5, 3, 4, device="meta"))
    assert (output.shape, output.device.type) == ((5, 3, 12), "meta")
    with FakeTensorMode():
        output, _ = Recurrent(cell, 4, 6, num_layers=2, bidirectional=True)(torch.randn(5, 3, 4))
        assert output.shape == (5, 3, 12)
        output.sum().backward()


@every_cell
def test_a_trace_holds_operations_and_no_numbers(cell: str) -> None:
    layer, x, other = Recurrent(cell, 4, 6), torch.randn(5, 3, 4), torch.randn(5, 3, 4)
    close(make_fx(lambda x: layer(x)[0])(x)(other), layer(other)[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes that a trace takes for constants
        traced = torch.jit.trace(layer, (x,))
    close(traced(other)[0], layer(other)[0])


def test_a_symbolic_trace_has_the_layer_as_a_leaf() -> None:
    for layer in (LSTM(4, 6), GRU(4, 6), RNN(4, 6)):
        net, x = Net(layer), torch.randn(5, 3, 4)
        graph = torch.fx.symbolic_trace(net)
        assert [node.target for node in graph.graph.nodes if node.op == "call_module"] == ["layer", "out"]
        assert torch.equal(graph(x), net(x))


@every_cell
def test_function_transforms(cell: str) -> None:
    layer, rows, x = Recurrent(cell, 4, 6, batch_first=True), torch.randn(3, 5, 4), torch.randn(2, 3, 4)
    expected = torch.autograd.functional.jacobian(lambda x: layer(x)[0], x)
    close(jacrev(lambda x: layer(x)[0])(x), expected)
    close(jacfwd(lambda x: layer(x)[0])(x), expected)
    with forward_ad.dual_level():
        found = forward_ad.unpack_dual(layer(forward_ad.make_dual(x, torch.ones_like(x)))[0]).tangent
    close(found, expected.sum((-3, -2, -1)))
    close(vmap(lambda row: layer(row)[0])(rows), layer(rows)[0])
    weights = {name: p.detach() for name, p in layer.named_parameters()}

    def loss(weights: dict[str, Tensor], row: Tensor) -> Tensor:
        return functional_call(layer, weights, (row,))[0].square().sum()  # type: ignore[no-any-return]

    by_row = vmap(grad(loss), in_dims=(None, 0))(weights, rows)
    layer(rows)[0].square().sum().backward()
    for name, p in layer.named_parameters():
        close(by_row[name].sum(0), p.grad)


@every_cell
def test_an_export_has_none_but_pytorch_s_operations(cell: str) -> None:
    net, x = Net(Recurrent(cell, 4, 6)).eval(), torch.randn(5, 3, 4)
    program = torch.export.export(net, (x,))
    assert not [node for node in program.graph.nodes if "gyeol" in str(node.target)]
    close(program.module()(x), net(x))


@pytest.mark.skipif(not native_available(), reason="no native kernels here")
@pytest.mark.parametrize("cell", [name for name, cell in CELLS.items() if cell.native and not cell.has_norm])
def test_compiled_into_one_graph(cell: str) -> None:
    layer = Recurrent(cell, 4, 6, num_layers=2, bidirectional=True, batch_first=True)
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    x = torch.randn(3, 5, 4, requires_grad=True)
    results = []
    for call in (layer, compiled):
        output, state = call(x)
        last = state[-1] if isinstance(state, tuple) else state
        results.append(
            [output, last, *torch.autograd.grad(output.square().sum() + last.sum(), [x, *layer.parameters()])]
        )
    for found, expected in zip(*results, strict=True):
        assert torch.equal(found, expected)


@torch.no_grad()  # with gradients the compiler warns of its own look at one
def test_compiled_with_lengths_it_runs_between_graphs() -> None:
    layer, x = LSTM(4, 6, batch_first=True), torch.randn(3, 5, 4)
    compiled = torch.compile(lambda x: torch.relu(layer(x.sin(), lengths=[5, 2, 4])[0]), backend="aot_eager")
    assert torch.equal(compiled(x), torch.relu(layer(x.sin(), lengths=[5, 2, 4])[0]))
