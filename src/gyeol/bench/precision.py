"""What ``precision="auto"`` chooses for a layer, beside every precision that it might have chosen."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import torch

from gyeol.bench.figures import geometric_mean, lowest
from gyeol.bench.peers import automatic
from gyeol.bench.timing import Contestant, take_turns
from gyeol.kernels.native import bfloat16_available
from gyeol.kernels.precision.choices import in_training
from gyeol.kernels.precision.race import clock_of
from gyeol.layers import Recurrent

__all__ = ["run"]

CELLS = ("rnn", "lstm", "gru")
BATCHES, SIZES = (1, 8, 32, 128), (64, 128, 256, 512)
TOKENS, STEPS = 4096, 100  # a case; the most steps of a single row


def run(
    *,
    quick: bool = False,
    note: Callable[[str], None] = lambda line: None,
    peers: Collection[str] = (),
    seconds: float = 1.0,
) -> dict[str, Any]:
    """Time every case, forward and backward; see `gyeol.bench.layers.run`.

    What is measured for a choice is kept from then on, as in a training. Times are the shortest of their rounds: this
    compares arithmetic, and whatever else runs makes a call longer.

    Returns
    -------
    dict
        ``rows``, ``summary`` and ``precisions``.
    """
    batches, sizes, tokens = ((1, 8), (32,), 64) if quick else (BATCHES, SIZES, TOKENS)
    rows: list[dict[str, Any]] = []
    for cell in CELLS:
        for size in sizes:
            for batch in batches:
                rows.append(_case(cell, size, batch, tokens, seconds=0.01 if quick else seconds))
                row = rows[-1]
                note(f"{cell}, batch {batch}, hidden {size}: {row['choice']}, {row['of_best']:.3f} of the best")
    names = [name for name in rows[0]["seconds"] if name != "auto"]
    return {
        "rows": rows,
        "summary": summarise(rows),
        "precisions": {"auto": automatic()} | dict(zip(names, names, strict=True)),
    }


def _case(cell: str, size: int, batch: int, tokens: int, *, seconds: float) -> dict[str, Any]:
    torch.manual_seed(0)
    auto = Recurrent(cell, size, size, precision="auto")
    steps = max(1, min(tokens // batch, STEPS if batch == 1 else tokens))
    x = torch.randn(steps, batch, size, requires_grad=True)
    gradient = torch.randn(steps, batch, size)

    def there_and_back(layer: Recurrent) -> None:
        torch.autograd.grad(layer(x)[0], [x, *layer.parameters()], gradient)

    with in_training() as choices:
        there_and_back(auto)
    fixed = ["float32", *(["bfloat16"] if bfloat16_available() else [])]
    contestants = [Contestant("auto", partial(there_and_back, auto))]
    for precision in fixed:
        layer = copy.deepcopy(auto)
        layer.precision = precision
        contestants.append(Contestant(precision, partial(there_and_back, layer)))
    times = take_turns(contestants, seconds=seconds, least=5, clock=clock_of(torch.get_num_threads()))
    best = min(fixed, key=lambda name: times[name].min)
    seen = next(iter(choices.made.values()), None)
    return {
        "cell": cell,
        "batch": batch,
        "hidden": size,
        "steps": steps,
        "choice": seen.choice.replace("@", " by ") if seen else "float32, too small to measure",
        "seen_ratio": seen.ratio if seen else None,
        "best": best,
        "milliseconds": times["auto"].min * 1e3,
        "bfloat16_ratio": times["float32"].min / times["bfloat16"].min if "bfloat16" in times else None,
        "of_best": times[best].min / times["auto"].min,
        "chosen_of_best": times[best].min / times[_fixed(seen.choice if seen else "float32")].min,
        "seconds": {name: timing.as_dict() for name, timing in times.items()},
    }


def _fixed(choice: str) -> str:
    return choice.partition("@")[0]


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Draw the figures out of the rows: 1 where ``"auto"`` is as fast as the best of the fixed precisions."""

    def cases(name: str) -> list[tuple[float, str]]:
        return [(r[name], f"{r['cell']}, batch {r['batch']}, hidden {r['hidden']}") for r in rows]

    return {
        "worst speed of auto over the best fixed precision's": lowest(cases("of_best"), at_least=0.97),
        "the same of the precision that auto chose, timed by itself": lowest(cases("chosen_of_best"), at_least=0.97),
        "geometric mean of auto's": geometric_mean(cases("of_best")),
    }
