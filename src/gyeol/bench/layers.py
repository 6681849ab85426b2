"""Recurrent layers on rows of equal length: every cell, batch and size, beside torch.nn and beside a plain product."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from gyeol.bench.figures import geometric_mean, lowest
from gyeol.bench.peers import (
    CELLS,
    FLOAT32,
    ONEDNN,
    Trio,
    assert_agree,
    build_trio,
    fastest,
    precisions,
    setting,
)
from gyeol.bench.timing import Contestant, Timing, sgemm_rate, take_turns
from gyeol.kernels.native import bfloat16_available

__all__ = ["PEERS", "run"]

PEERS = tuple(ONEDNN)
BATCHES, SIZES = (1, 8, 32, 128), (64, 128, 256, 512)
TOKENS, STEPS = 4096, 100  # a case; the most steps of a single row
LARGE, LARGE_BATCHES, LARGE_CELLS = 1024, (32, 128), ("lstm", "gru")  # besides, forward and backward, for bfloat16
COMPARED = 128  # steps: the reference implementation is slow
PASSES = {"forward": False, "forward+backward": True}


def run(
    *,
    quick: bool = False,
    note: Callable[[str], None] = lambda line: None,
    peers: Collection[str] = PEERS,
    seconds: float = 1.0,
) -> dict[str, Any]:
    """Time every case.

    Parameters
    ----------
    quick : bool
        Two batches of one small size.
    note : callable
        Told a line a case.
    peers : collection of str
        Of `PEERS`: those timed. Results are compared with all of them.
    seconds : float
        For the rounds of a case, all contestants together; three rounds are run anyway.

    Returns
    -------
    dict
        ``rows``, ``summary`` and ``precisions``.
    """
    batches, sizes, tokens = ((1, 8), (32,), 64) if quick else (BATCHES, SIZES, TOKENS)
    cases = [(cell, size, batches, tuple(PASSES)) for cell in CELLS for size in sizes]
    if not quick and bfloat16_available():
        cases += [(cell, LARGE, LARGE_BATCHES, ("forward+backward",)) for cell in LARGE_CELLS]
    limits: dict[str, Any] = {"seconds": 0.01, "least": 2} if quick else {"seconds": seconds, "least": 3}
    rows: list[dict[str, Any]] = []
    for cell, size, some, passes in cases:
        trio = build_trio(cell, size)
        rate = sgemm_rate(256 if quick else 2048)
        for batch in some:
            x = torch.randn(max(1, min(tokens // batch, STEPS if batch == 1 else tokens)), batch, size)
            gradient = torch.randn_like(x)
            what = f"{cell}, batch {batch}, hidden {size}"
            start = x[:COMPARED].clone().requires_grad_()
            assert_agree(trio, partial(_walk, start), start, gradient[:COMPARED], what)
            x.requires_grad_()
            for name in passes:
                contestants = _contestants(trio, x, gradient, peers, backward=PASSES[name])
                rows.append(_row(trio, take_turns(contestants, **limits), x, cell=cell, what=name, rate=rate))
                last = rows[-1]
                ratios = f"ratio {_text(last['ratio'])}, in bfloat16 {_text(last['bfloat16_over_torch'])}"
                note(f"{what}, {name}: {last['gflops']:.0f} GFLOP/s, {ratios}")
    timed = dict.fromkeys(name for row in rows for name in row["seconds"])
    return {"precisions": precisions(timed), "rows": rows, "summary": summarise(rows)}


def _walk(x: Tensor, layer: nn.Module) -> Any:
    """Run a layer; the stand-in for the reference implementation has float64 weights and takes such."""
    return layer(x.to(next(layer.parameters()).dtype))


def _contestants(
    trio: Trio, x: Tensor, gradient: Tensor, peers: Collection[str], *, backward: bool
) -> list[Contestant]:
    # The gradient comes in the outputs' own type, as from a layer above.
    types = {torch.float32: gradient, torch.bfloat16: gradient.bfloat16()}

    def there(layer: nn.Module) -> None:
        layer(x)

    def there_and_back(layer: nn.Module) -> None:
        outputs = layer(x)[0]
        torch.autograd.grad(outputs, [x, *layer.parameters()], types[outputs.dtype])

    walk = there_and_back if backward else there
    return [
        Contestant(name, partial(walk, layer), partial(setting, onednn=ONEDNN.get(name, True), gradients=backward))
        for name, layer in (trio.own() | trio.peers(peers)).items()
    ]


def _row(trio: Trio, times: dict[str, Timing], x: Tensor, *, cell: str, what: str, rate: float) -> dict[str, Any]:
    T, B, H = x.shape
    in_float32, in_bfloat16 = times["gyeol"].median, times.get("gyeol bfloat16")
    best, any_best = fastest(times, FLOAT32), fastest(times, ONEDNN)
    gflops = trio.work(T * B, backward=PASSES[what]) / in_float32
    return {
        "cell": cell,
        "batch": B,
        "hidden": H,
        "steps": T,
        "pass": what,
        "milliseconds": in_float32 * 1e3,
        "peer": best,
        "ratio": times[best].median / in_float32 if best else None,
        "gflops": gflops,
        "sgemm": rate,
        "of_sgemm": gflops / rate,
        "bfloat16_ratio": in_float32 / in_bfloat16.median if in_bfloat16 else None,
        "bfloat16_peer": any_best if in_bfloat16 else None,
        "bfloat16_over_torch": times[any_best].median / in_bfloat16.median if any_best and in_bfloat16 else None,
        "seconds": {name: timing.as_dict() for name, timing in times.items()},
    }


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Draw the figures that must hold out of the rows; a ratio above 1 means that gyeol is faster."""

    def cases(name: str, *, backward: bool = True, **limits: Any) -> list[tuple[float, str]]:
        kept = [r for r in rows if PASSES[r["pass"]] == backward and r[name] is not None]
        for limit, fits in ({"hidden": lambda hidden: hidden <= max(SIZES)} | limits).items():
            kept = [r for r in kept if fits(r[limit])]
        return [(r[name], f"{r['cell']}, batch {r['batch']}, hidden {r['hidden']}") for r in kept]

    wide: dict[str, Any] = {
        "batch": lambda batch: batch >= 32,
        "hidden": lambda hidden: 128 <= hidden <= max(SIZES),
    }
    gated: dict[str, Any] = {"cell": lambda cell: cell != "rnn", **wide}
    tiles: dict[str, Any] = {**gated, "hidden": lambda hidden: hidden >= 128}  # 1,024 units too
    plain: dict[str, Any] = {"cell": lambda cell: cell != "lstm", "hidden": lambda hidden: hidden <= 256}
    large: dict[str, Any] = {"hidden": lambda hidden: 256 <= hidden <= max(SIZES)}
    return {
        "worst ratio to the best torch.nn, forward+backward": lowest(cases("ratio"), at_least=1.0),
        "worst ratio to it, GRU and RNN, H <= 256, forward+backward": lowest(cases("ratio", **plain), at_least=2.0),
        "geometric mean of the ratios, forward+backward": geometric_mean(cases("ratio")),
        "geometric mean of the ratios, forward": geometric_mean(cases("ratio", backward=False)),
        "worst rate over SGEMM's, LSTM and GRU, B >= 32, H >= 128, forward": lowest(
            cases("of_sgemm", backward=False, **gated), at_least=1.1
        ),
        "worst rate over SGEMM's, B >= 32, H >= 128, forward+backward": lowest(cases("of_sgemm", **wide), at_least=0.9),
        "worst ratio of bfloat16 to float32, H >= 256, forward+backward": lowest(
            cases("bfloat16_ratio", **large), at_least=1.6
        ),
        "worst ratio of bfloat16 to float32, H >= 256, forward": lowest(
            cases("bfloat16_ratio", backward=False, **large), at_least=1.6
        ),
        "bfloat16 over the best torch.nn, float32 or autocast, forward+backward, geometric mean": geometric_mean(
            cases("bfloat16_over_torch")
        ),
        "the same, LSTM and GRU, B >= 32, H >= 128, geometric mean": geometric_mean(
            cases("bfloat16_over_torch", **tiles), at_least=2.0
        ),
        "the same, the worst": lowest(cases("bfloat16_over_torch", **tiles), at_least=1.2),
    }


def _text(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"
