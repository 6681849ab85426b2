"""The reference against ONNX's definitions of RNN, LSTM and GRU: onnx's own evaluator; onnxruntime for sequence_lens.

The evaluator takes sequence_lens but ignores them, and knows no Relu: rows of different lengths go through it one by
one, and Relu is taught to it. onnxruntime has both, in float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gyeol.export import onnx_operator, onnx_weights
from gyeol.kernels import reference
from gyeol.kernels.cells import gru, gru_after, lstm, rnn
from gyeol.kernels.cells.cell import State, Weights

onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install 'gyeol[onnx]'")
STEPS: dict[str, tuple[Any, int]] = {
    "rnn_tanh": (rnn.step, 1),
    "rnn_relu": (rnn.relu_step, 1),
    "lstm": (lstm.step, 4),
    "gru_before": (gru.step, 3),
    "gru_after": (gru_after.step, 3),
}
TYPES = {torch.float32: ("FLOAT", 2e-5), torch.float64: ("DOUBLE", 1e-12)}
every_cell = pytest.mark.parametrize("cell", STEPS)
drawn = given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    D=st.integers(1, 5),
    H=st.integers(1, 6),
    way=st.sampled_from(["forward", "reverse", "bidirectional"]),
    bias=st.booleans(),
    seed=st.integers(0, 2**31),
)


class Layer:
    """One layer of a cell, its input and its first state; walked by the reference, or written as an ONNX model."""

    def __init__(
        self, cell: str, lengths: list[int], D: int, H: int, way: str, bias: bool, seed: int, dtype: torch.dtype
    ) -> None:
        torch.manual_seed(seed)
        self.cell, self.lengths, self.way, self.dtype = cell, lengths, way, dtype
        self.step, gates = STEPS[cell]
        self.directions = 2 if way == "bidirectional" else 1
        shapes = [(gates * H, D), (gates * H, H)] + [(gates * H,)] * (2 if bias else 0)
        self.weights = [Weights(*(torch.randn(s, dtype=dtype) * 0.6 for s in shapes)) for _ in range(self.directions)]
        self.x = torch.randn(len(lengths), max(lengths), D, dtype=dtype)
        shape = (self.directions, len(lengths), H)
        self.state = [torch.randn(shape, dtype=dtype) for _ in range(2 if cell == "lstm" else 1)]

    def by_reference(self) -> tuple[Tensor, list[Tensor]]:
        """y (B, T, directions, H), and the final states (directions, B, H)."""
        walks: list[tuple[Tensor, State]] = [
            reference.walk(
                self.step, self.x, torch.tensor(self.lengths), tuple(s[d] for s in self.state), w,
                reverse=self.way == "reverse" or d == 1,
            )
            for d, w in enumerate(self.weights)
        ]  # fmt: skip
        return torch.stack([y for y, _ in walks], 2), [
            torch.stack(list(parts)) for parts in zip(*(final for _, final in walks), strict=True)
        ]

    def model(self) -> Any:
        """A graph of one node: X (T, B, D), the states, lengths (B); out Y (T, directions, B, H) and the states."""
        helper, kind = onnx.helper, getattr(onnx.TensorProto, TYPES[self.dtype][0])
        H = self.state[0].shape[-1]
        name, attributes = onnx_operator(
            self.cell, H, bidirectional=self.directions == 2, reverse=self.way == "reverse"
        )
        W, R, B = onnx_weights(self.cell, [[None if t is None else t.numpy() for t in w] for w in self.weights])
        constants = {"W": W, "R": R} if B is None else {"W": W, "R": R, "B": B}
        states = ["h", "c"][: len(self.state)]
        node = helper.make_node(
            name, ["X", "W", "R", "" if B is None else "B", "lengths", *states], ["Y", *(f"{s}_n" for s in states)],
            **attributes,
        )  # fmt: skip
        shapes: dict[str, list[Any]] = {"X": ["T", "B", W.shape[2]], "Y": ["T", self.directions, "B", H]}
        infos = {
            n: helper.make_tensor_value_info(n, kind, shapes.get(n, [self.directions, "B", H]))
            for n in ["X", *states, *node.output]
        }
        inputs = [infos["X"], helper.make_tensor_value_info("lengths", onnx.TensorProto.INT32, ["B"])]
        inputs += [infos[n] for n in states]
        outputs = [infos[n] for n in node.output]
        initial = [onnx.numpy_helper.from_array(array, n) for n, array in constants.items()]
        graph = helper.make_graph([node], "one", inputs, outputs, initial)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
        onnx.checker.check_model(model)
        return model

    def feed(self, b: int | None = None) -> dict[str, np.ndarray]:
        """The graph's inputs: all rows, or row b alone for its own length."""
        rows, steps = (slice(None), max(self.lengths)) if b is None else (slice(b, b + 1), self.lengths[b])
        states = dict(zip(["h", "c"], self.state, strict=False))
        return {
            "X": self.x[rows, :steps].transpose(0, 1).contiguous().numpy(),
            "lengths": np.array(self.lengths[rows], dtype=np.int32),
            **{name: part[:, rows].contiguous().numpy() for name, part in states.items()},
        }


def evaluator(model: Any) -> Any:
    from onnx.reference import ReferenceEvaluator
    from onnx.reference.ops.op_rnn import RNN_14

    class RNN(RNN_14):
        def choose_act(self, name: str, alpha: Any, beta: Any) -> Any:
            return (lambda a: np.maximum(0, a)) if name == "Relu" else super().choose_act(name, alpha, beta)

    return ReferenceEvaluator(model, new_ops=[RNN])


@every_cell
@pytest.mark.parametrize("dtype", TYPES)
@drawn
@settings(max_examples=20)
def test_the_reference_is_what_onnx_defines(
    cell: str, dtype: torch.dtype, lengths: list[int], D: int, H: int, way: str, bias: bool, seed: int
) -> None:
    layer, within = Layer(cell, lengths, D, H, way, bias, seed, dtype), TYPES[dtype][1]
    y, final = layer.by_reference()
    run = evaluator(layer.model())
    for b, n in enumerate(lengths):
        theirs, *last = (torch.from_numpy(np.ascontiguousarray(part)) for part in run.run(None, layer.feed(b)))
        assert theirs.dtype == dtype
        torch.testing.assert_close(y[b, :n], theirs[:, :, 0], atol=within, rtol=within)
        for ours, part in zip(final, last, strict=True):
            torch.testing.assert_close(ours[:, b], part[:, 0], atol=within, rtol=within)


@every_cell
@drawn
@settings(max_examples=30)
def test_onnxruntime_gives_the_same_with_sequence_lens(
    cell: str, lengths: list[int], D: int, H: int, way: str, bias: bool, seed: int
) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install 'gyeol[onnx]'")
    layer, within = Layer(cell, lengths, D, H, way, bias, seed, torch.float32), 2e-5
    y, final = layer.by_reference()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(layer.model().SerializeToString(), options, providers=["CPUExecutionProvider"])
    theirs, *last = (torch.from_numpy(part) for part in session.run(None, layer.feed()))
    torch.testing.assert_close(y, theirs.permute(2, 0, 1, 3), atol=within, rtol=within)
    for ours, part in zip(final, last, strict=True):
        torch.testing.assert_close(ours, part, atol=within, rtol=within)
