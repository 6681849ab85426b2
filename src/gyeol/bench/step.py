"""One step at a time, batch 1: the stepper beside onnxruntime, whose state the caller carries."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from gyeol.bench.figures import highest
from gyeol.bench.timing import Contestant, take_turns
from gyeol.export.onnx_weights import onnx_operator, onnx_weights
from gyeol.kernels import native
from gyeol.layers import LSTM

__all__ = ["PEERS", "run"]

PEERS = ("onnxruntime",)

SIZES = {128: 1 / 3, 256: 1 / 3, 512: 1 / 2}  # H, and the share of onnxruntime's time that a step may take
STEPS = 200  # a call that is timed
WITHIN = {"gyeol bfloat16": 0.02, "gyeol int8": 0.05}  # how far h may be from float32's


def run(
    *,
    quick: bool = False,
    note: Callable[[str], None] = lambda line: None,
    peers: Collection[str] = PEERS,
    seconds: float = 3.0,
) -> dict[str, Any]:
    """Time a step of an LSTM (D = H) for each size; see `gyeol.bench.run`."""
    sizes, steps = ((16,), 5) if quick else (tuple(SIZES), STEPS)
    rows: list[dict[str, Any]] = []
    absent = {} if find_spec("onnxruntime") and find_spec("onnx") else {"onnxruntime": "pip install 'gyeol[onnx]'"}
    timed: dict[str, str] = {}
    for size in sizes:
        layer = LSTM(size, size)
        x = np.random.default_rng(0).standard_normal((steps, 1, size), dtype=np.float32)
        contestants = {"gyeol": _stepper(layer, "float32")}
        if native.bfloat16_available():
            contestants["gyeol bfloat16"] = _stepper(layer, "bfloat16")
        if native.int8_available():
            contestants["gyeol int8"] = _stepper(layer, "int8")
        if not absent and "onnxruntime" in peers:
            for threads in {1, torch.get_num_threads()}:
                contestants[f"onnxruntime, {threads} threads"] = _session(layer, threads)
        expected = contestants["gyeol"](x)
        for name, walk in contestants.items():
            np.testing.assert_allclose(walk(x), expected, atol=WITHIN.get(name, 1e-4), err_msg=name)
        times = take_turns(
            [Contestant(name, partial(walk, x)) for name, walk in contestants.items()],
            seconds=0.01 if quick else seconds,
            least=2 if quick else 5,
        )
        timed |= {name: name.split()[1] if name in WITHIN else "float32" for name in times}
        others = {name: t for name, t in times.items() if name.startswith("onnx")}
        best = min(others, key=lambda name: others[name].median, default=None)
        in_float32, in_bfloat16, in_int8 = (
            times[name].median / steps if name in times else None for name in ("gyeol", "gyeol bfloat16", "gyeol int8")
        )
        assert in_float32 is not None
        row: dict[str, Any] = {
            "hidden": size,
            "microseconds": in_float32 * 1e6,
            "bfloat16 microseconds": in_bfloat16 * 1e6 if in_bfloat16 else None,
            "int8 microseconds": in_int8 * 1e6 if in_int8 else None,
            "peer": best,
            "peer microseconds": others[best].median / steps * 1e6 if best else None,
            "share": in_float32 * steps / others[best].median if best else None,
            "int8 share": in_int8 / in_bfloat16 if in_int8 and in_bfloat16 else None,
            "seconds": {name: timing.as_dict() for name, timing in times.items()},
        }
        rows.append(row)
        small = "".join(f", {kind} {t * 1e6:.1f}" for kind, t in (("bfloat16", in_bfloat16), ("int8", in_int8)) if t)
        note(f"hidden {size}: {row['microseconds']:.1f} us a step{small}")
    shares = {row["hidden"]: row["share"] for row in rows}
    int8 = [(row["int8 share"], f"hidden {row['hidden']}") for row in rows if row["int8 share"] is not None]
    return {
        "precisions": timed,
        "rows": rows,
        "absent": absent,
        "summary": {
            f"time of a step over onnxruntime's, hidden {size}": highest(
                [(shares[size], f"hidden {size}")] if shares.get(size) is not None else [], at_most=round(limit, 4)
            )
            for size, limit in SIZES.items()
        }
        | {"time of a step in int8 over bfloat16's": highest(int8, at_most=0.8)},
    }


def _stepper(layer: LSTM, weights: str) -> Callable[[Any], Any]:
    stepper = layer.stepper(weights=weights)

    def walk(x: Any) -> Any:
        stepper.reset()
        for x_t in x:
            y = stepper(x_t)
        return y.numpy().copy()

    return walk


def _session(layer: LSTM, threads: int) -> Callable[[Any], Any]:
    """Make onnxruntime's step: one LSTM node, a single element long, the state handed in and out."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    H = layer.hidden_size
    name, attributes = onnx_operator("lstm", H)
    parts = [[None if w is None else w.detach().numpy() for w in layer.weights_of(0)[0][:4]]]
    arrays = zip("WRB", onnx_weights("lstm", parts), strict=True)
    constants = [numpy_helper.from_array(array, letter) for letter, array in arrays if array is not None]
    shapes = {"X": [1, 1, H], "h": [1, 1, H], "c": [1, 1, H]}
    node = helper.make_node(name, ["X", "W", "R", "B", "", "h", "c"], ["Y", "h_n", "c_n"], **attributes)
    graph = helper.make_graph(
        [node],
        "step",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 1, H]) for n in ("h_n", "c_n")],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def walk(x: Any) -> Any:
        h = c = np.zeros((1, 1, H), np.float32)
        for x_t in x:
            h, c = session.run(["h_n", "c_n"], {"X": x_t[None], "h": h, "c": c})
        return h[0]

    return walk
