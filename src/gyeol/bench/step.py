"""One step at a time, batch 1: the stepper beside onnxruntime, whose state the caller carries."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from gyeol import kernels
from gyeol.bench.figures import highest
from gyeol.bench.timing import Contestant, Timing, take_turns
from gyeol.export.onnx_weights import onnx_operator, onnx_weights
from gyeol.kernels import native
from gyeol.layers import LSTM, Stepper

__all__ = ["PEERS", "run"]

PEERS = ("onnxruntime",)

SIZES = {128: 1 / 3, 256: 1 / 2, 512: 1 / 2}  # H, and the share of onnxruntime's time that a step may take
STEPS = 100  # a call that is timed
WITHIN = {"bfloat16": 0.02, "int8": 0.05}  # how far h may be from float32's


def run(
    *,
    quick: bool = False,
    note: Callable[[str], None] = lambda line: None,
    peers: Collection[str] = PEERS,
    seconds: float = 8.0,
) -> dict[str, Any]:
    """Time a step of an LSTM (D = H) for each size; see `gyeol.bench.run`.

    gyeol runs on one thread, on all of them, and, as it does by itself, on as many as its own trial found fastest. The
    floor is the time in which as many threads merely add up as many numbers as the weights are.
    """
    sizes, steps = ((16,), 5) if quick else (tuple(SIZES), STEPS)
    rows: list[dict[str, Any]] = []
    absent = {} if find_spec("onnxruntime") and find_spec("onnx") else {"onnxruntime": "pip install 'gyeol[onnx]'"}
    elements = ["float32", *(["bfloat16"] if native.steps_in("bfloat16") else [])]
    elements += ["int8"] if native.int8_available() else []
    available = torch.get_num_threads()
    timed: dict[str, str] = {}
    for size in sizes:
        layer = LSTM(size, size)
        x = np.random.default_rng(0).standard_normal((steps, 1, size), dtype=np.float32)
        contestants: dict[str, Callable[[Any], Any]] = {}
        steppers = {}
        for element in elements:
            steppers[element] = Stepper(layer, weights=element)
            contestants[f"gyeol {element}"] = _walk(steppers[element])
            for threads in sorted({1, available}):
                contestants[f"gyeol {element}, {threads} threads"] = _walk(
                    Stepper(layer, weights=element, threads=threads)
                )
        if not absent and "onnxruntime" in peers:
            for threads in sorted({1, available}):
                contestants[f"onnxruntime, {threads} threads"] = _session(layer, threads)
        expected = contestants["gyeol float32"](x)
        for name, walk in contestants.items():
            within = next((error for element, error in WITHIN.items() if element in name), 1e-4)
            np.testing.assert_allclose(walk(x), expected, atol=within, err_msg=name)
        if native.native_available():
            weights = np.ones(8 * size * size, np.float32)
            for threads in sorted({1, available}):
                contestants[f"floor float32, {threads} threads"] = _reading(weights, threads)
        times = take_turns(
            [Contestant(name, partial(walk, x)) for name, walk in contestants.items()],
            seconds=0.01 if quick else seconds,
            least=2 if quick else 5,
            most=200,
        )
        chosen = {element: stepper.threads for element, stepper in steppers.items()}  # tried anew on the way
        timed |= {name: next((element for element in WITHIN if element in name), "float32") for name in times}
        best_of = partial(_best, times)
        peer, floor = best_of("onnxruntime"), best_of("floor")
        micro = {element: times[f"gyeol {element}"].median / steps * 1e6 for element in elements}
        row: dict[str, Any] = {
            "hidden": size,
            "kernels": kernels.describe(),
            "microseconds": micro["float32"],
            "bfloat16 microseconds": micro.get("bfloat16"),
            "int8 microseconds": micro.get("int8"),
            "threads": chosen,
            "peer": peer,
            "peer microseconds": times[peer].median / steps * 1e6 if peer else None,
            "floor microseconds": times[floor].median / steps * 1e6 if floor else None,
            "share": times["gyeol float32"].median / times[peer].median if peer else None,
            "share of one thread": times["gyeol float32, 1 threads"].median / times[peer].median if peer else None,
            "over the floor": times["gyeol float32"].median / times[floor].median if floor else None,
            "int8 share": micro["int8"] / micro["bfloat16"] if {"int8", "bfloat16"} <= set(micro) else None,
            "seconds": {name: timing.as_dict() for name, timing in times.items()},
        }
        rows.append(row)
        listed = ", ".join(f"{element} {micro[element]:.1f} ({chosen[element]} threads)" for element in elements)
        beside = "".join(f", {name} {times[name].median / steps * 1e6:.1f}" for name in (peer, floor) if name)
        note(f"hidden {size}, us a step: {listed}{beside}")
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


def _best(times: dict[str, Timing], kind: str) -> str | None:
    """Name the fastest of a kind."""
    return min((name for name in times if name.startswith(kind)), key=lambda name: times[name].median, default=None)


def _reading(weights: Any, threads: int) -> Callable[[Any], Any]:
    def walk(x: Any) -> None:
        for _ in x:
            native.sum_of(weights, threads)

    return walk


def _walk(stepper: Stepper) -> Callable[[Any], Any]:
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
