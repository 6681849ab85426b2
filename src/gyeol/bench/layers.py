"""Recurrent layers on rows of equal length: every cell, batch and size, beside torch.nn and beside a plain product."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from gyeol.bench.figures import geometric_mean, lowest
from gyeol.bench.peers import CELLS, ONEDNN, Trio, assert_agree, build_trio, setting
from gyeol.bench.timing import Contestant, Timing, sgemm_rate, take_turns

__all__ = ["run"]

BATCHES, SIZES = (1, 8, 32, 128), (64, 128, 256, 512)
TOKENS, STEPS = 4096, 100  # a case; the most steps of a single row
COMPARED = 128  # steps: the reference implementation is slow
PASSES = {"forward": False, "forward+backward": True}


def run(
    *, quick: bool = False, note: Callable[[str], None] = lambda line: None, seconds: float = 1.0
) -> dict[str, Any]:
    """Time every case.

    Parameters
    ----------
    quick : bool
        Two batches of one small size.
    note : callable
        Told a line a case.
    seconds : float
        For the rounds of a case, all contestants together; three rounds are run anyway.

    Returns
    -------
    dict
        ``rows`` and ``summary``.
    """
    batches, sizes, tokens = ((1, 8), (32,), 64) if quick else (BATCHES, SIZES, TOKENS)
    rows: list[dict[str, Any]] = []
    for cell in CELLS:
        for size in sizes:
            trio = build_trio(cell, size)
            rate = sgemm_rate(256 if quick else 2048)
            for batch in batches:
                x = torch.randn(max(1, min(tokens // batch, STEPS if batch == 1 else tokens)), batch, size)
                gradient = torch.randn_like(x)
                what = f"{cell}, batch {batch}, hidden {size}"
                start = x[:COMPARED].clone().requires_grad_()
                assert_agree(trio, partial(_walk, start), start, gradient[:COMPARED], what)
                x.requires_grad_()
                for name, backward in PASSES.items():
                    times = take_turns(
                        _contestants(trio, x, gradient, backward=backward),
                        seconds=0.01 if quick else seconds,
                        least=2 if quick else 3,
                    )
                    rows.append(_row(trio, times, x, cell=cell, what=name, rate=rate))
                    note(f"{what}, {name}: {rows[-1]['gflops']:.0f} GFLOP/s, ratio {_text(rows[-1]['ratio'])}")
    return {"rows": rows, "summary": summarise(rows)}


def _walk(x: Tensor, layer: nn.Module) -> Any:
    """Run a layer; the stand-in for the reference implementation has float64 weights and takes such."""
    return layer(x.to(next(layer.parameters()).dtype))


def _contestants(trio: Trio, x: Tensor, gradient: Tensor, *, backward: bool) -> list[Contestant]:
    def there(layer: nn.Module) -> None:
        layer(x)

    def there_and_back(layer: nn.Module) -> None:
        torch.autograd.grad(layer(x)[0], [x, *layer.parameters()], gradient)

    walk = there_and_back if backward else there
    around = partial(setting, gradients=backward)
    found = [Contestant("gyeol", partial(walk, trio.float32), around)]
    if trio.bfloat16 is not None:
        found.append(Contestant("gyeol bfloat16", partial(walk, trio.bfloat16), around))
    if trio.torch is not None:
        found += [
            Contestant(name, partial(walk, trio.torch), partial(setting, onednn=onednn, gradients=backward))
            for name, onednn in ONEDNN.items()
        ]
    return found


def _row(trio: Trio, times: dict[str, Timing], x: Tensor, *, cell: str, what: str, rate: float) -> dict[str, Any]:
    T, B, H = x.shape
    in_float32, in_bfloat16 = times["gyeol"].median, times.get("gyeol bfloat16")
    best = min((name for name in ONEDNN if name in times), key=lambda name: times[name].median, default=None)
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
        "seconds": {name: timing.as_dict() for name, timing in times.items()},
    }


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Draw the figures that must hold out of the rows; a ratio above 1 means that gyeol is faster."""

    def cases(name: str, *, backward: bool = True, **limits: Any) -> list[tuple[float, str]]:
        kept = [r for r in rows if PASSES[r["pass"]] == backward and r[name] is not None]
        for limit, fits in limits.items():
            kept = [r for r in kept if fits(r[limit])]
        return [(r[name], f"{r['cell']}, batch {r['batch']}, hidden {r['hidden']}") for r in kept]

    gated: dict[str, Any] = {
        "cell": lambda cell: cell != "rnn",
        "batch": lambda batch: batch >= 32,
        "hidden": lambda hidden: hidden >= 128,
    }
    plain: dict[str, Any] = {"cell": lambda cell: cell != "lstm", "hidden": lambda hidden: hidden <= 256}
    large: dict[str, Any] = {"hidden": lambda hidden: hidden >= 256}
    return {
        "worst ratio to the best torch.nn, forward+backward": lowest(cases("ratio"), at_least=1.0),
        "worst ratio to it, GRU and RNN, H <= 256, forward+backward": lowest(cases("ratio", **plain), at_least=2.0),
        "geometric mean of the ratios, forward+backward": geometric_mean(cases("ratio")),
        "geometric mean of the ratios, forward": geometric_mean(cases("ratio", backward=False)),
        "worst rate over SGEMM's, LSTM and GRU, B >= 32, H >= 128, forward": lowest(
            cases("of_sgemm", backward=False, **gated), at_least=1.1
        ),
        "worst rate over SGEMM's, LSTM and GRU, B >= 32, H >= 128, forward+backward": lowest(
            cases("of_sgemm", **gated), at_least=0.95
        ),
        "worst ratio of bfloat16 to float32, H >= 256, forward+backward": lowest(
            cases("bfloat16_ratio", **large), at_least=1.6
        ),
        "worst ratio of bfloat16 to float32, H >= 256, forward": lowest(
            cases("bfloat16_ratio", backward=False, **large), at_least=1.6
        ),
    }


def _text(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"
