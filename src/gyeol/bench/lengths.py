"""Rows of different lengths: what real texts cost beside torch.nn's two ways, and what a token of a long row costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from gyeol.bench.budget import Budget
from gyeol.bench.figures import figure, geometric_mean, lowest
from gyeol.bench.peers import (
    CELLS,
    FLOAT32,
    ONEDNN,
    Trio,
    assert_agree,
    assert_close,
    build_trio,
    fastest,
    precisions,
    setting,
    tensors,
    tolerance,
)
from gyeol.bench.timing import Contestant, Timing, sgemm_rate, take_turns
from gyeol.data.batches import bucket
from gyeol.data.text.sources import find_source, read_labelled
from gyeol.engine.memory import kept_memory
from gyeol.errors import DataError
from gyeol.inputs import TOKENIZERS
from gyeol.layers import valid_steps

__all__ = ["PEERS", "run"]

#: Packed sequences have no oneDNN: PyTorch walks them itself.
PACKED = {"packed": "torch", "autocast-packed": "autocast"}
PEERS = (*ONEDNN, *PACKED)
SIZES, ROWS, BATCHES = (64, 128, 256, 512), 64, 6
LONG, LONG_ROWS, LONG_SIZE = (10, 30, 100, 300, 1000, 4000), 32, 128
LEAST, MOST = 3, 9  # rounds
COMPARED = 1000  # steps of the long rows
_TEXTS = 20_000


class Batch(NamedTuple):
    """Padded rows (T, B, D) and their lengths (B,); ``gradient`` is that of the outputs, 0 at padding."""

    x: Tensor
    lengths: Tensor
    gradient: Tensor


@kept_memory()
def run(
    *,
    quick: bool = False,
    note: Callable[[str], None] = lambda line: None,
    peers: Collection[str] = PEERS,
    seconds: float = 240.0,
) -> dict[str, Any]:
    """Time both: real lengths, and lengths from 10 to 4,000.

    For all contestants freed memory is kept, as it is while a model is fitted: otherwise the pages of a long batch come
    from the system at every step, and that is what is timed.

    Parameters
    ----------
    quick : bool
        Two small batches of one size; three lengths.
    note : callable
        Told a line a case.
    peers : collection of str
        Of `PEERS`: those timed, padded where the name does not say packed. Results are compared with all of them.
    seconds : float
        For the whole. A case takes fewer batches and rounds where its share does not allow more, and one at least.

    Returns
    -------
    dict
        ``rows``, ``summary``, ``precisions``, ``data`` (whose lengths they were) and ``reduced`` (what there was no
        time for).
    """
    name, counted = real_lengths(quick=quick)
    picked = bucket(counted, 8 if quick else ROWS, seed=0, epoch=0)[: 2 if quick else BATCHES]
    cells, sizes = [c for c, (_, theirs) in CELLS.items() if theirs is not None], (32,) if quick else SIZES
    budget = Budget(seconds, len(cells) * len(sizes) + 1)
    rows: list[dict[str, Any]] = []
    # Within a share the batches are fewer where a size is dear, so that there are rounds enough to take a median of.
    for cell in cells:
        for size in sizes:
            rows.append(_real(cell, size, [counted[which] for which in picked], peers, budget, quick))
            last = rows[-1]
            note(f"{cell}, hidden {size}: {_text(last['ratio_padded'])} padded, {_text(last['ratio_packed'])} packed")
    rows += _long((10, 20, 40) if quick else LONG, 16 if quick else LONG_SIZE, budget, note, quick)
    timed = dict.fromkeys(who for row in rows for who in row["seconds"])
    return {
        "data": name,
        "precisions": precisions(timed),
        "rows": rows,
        "summary": summarise(rows),
        "reduced": budget.reduced,
    }


def _text(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"


def real_lengths(*, quick: bool = False) -> tuple[str, npt.NDArray[np.int64]]:
    """Count the syllables of film reviews if they are on this machine, else of the built-in ones; and say which."""
    try:
        source = find_source("reviews" if quick else "nsmc", "train")
    except DataError:  # not downloaded
        source = find_source("reviews", "train")
    tokenizer = TOKENIZERS["syllable"]()
    texts = read_labelled(source).texts[:_TEXTS]
    return source.name, np.array([max(1, len(tokens)) for tokens in tokenizer.tokenize_many(texts)], dtype=np.int64)


def _batch(lengths: npt.NDArray[np.int64], size: int) -> Batch:
    rows = torch.from_numpy(lengths)
    T = int(rows.max())
    real = valid_steps(rows, T).T.unsqueeze(2)
    x, gradient = torch.randn(2, T, len(rows), size) * real
    return Batch(x.requires_grad_(), rows, gradient)


def _by_lengths(layer: nn.Module, batch: Batch) -> Any:
    return layer(batch.x, lengths=batch.lengths, need_state=False)


def _padded(layer: nn.Module, batch: Batch) -> Any:
    return layer(batch.x)


def _packed(layer: nn.Module, batch: Batch) -> Any:
    packed = pack_padded_sequence(batch.x, batch.lengths, enforce_sorted=False)
    outputs, state = layer(packed)
    return pad_packed_sequence(outputs, total_length=len(batch.x))[0], state


def _outputs(batch: Batch, layer: nn.Module) -> Any:
    return layer(batch.x)


Walk = Callable[[nn.Module, Batch], Any]


def _results(walk: Walk, layer: nn.Module, batch: Batch) -> list[Tensor]:
    """Outputs at real steps, and the gradients."""
    outputs = walk(layer, batch)[0]
    grads = torch.autograd.grad(outputs, [batch.x, *layer.parameters()], batch.gradient.to(outputs.dtype))
    real = valid_steps(batch.lengths, len(outputs)).T.unsqueeze(2)
    return [outputs.detach() * real, *grads]


def _entries(trio: Trio, names: Collection[str]) -> dict[str, tuple[Walk, nn.Module, bool]]:
    """Say how each of these peers walks, over what, and whether with oneDNN."""
    layers = trio.peers()
    found = {name: (_padded, layers[name], ONEDNN[name]) for name in names if name in layers}
    return found | {
        name: (_packed, layers[way], True) for name, way in PACKED.items() if name in names and way in layers
    }


def _assert_same(trio: Trio, batch: Batch, what: str) -> None:
    ours = _results(_by_lengths, trio.float32, batch)
    for name, (walk, layer, onednn) in _entries(trio, PEERS).items():
        with setting(onednn=onednn):
            assert_close(_results(walk, layer, batch), ours, f"{what}, {name}", tolerance=tolerance(name))
    packed = [t.detach() for t in tensors(_packed(trio.torch, batch)[1])]
    states = [t.detach() for t in tensors(trio.float32(batch.x, lengths=batch.lengths)[1])]
    assert_close(states, packed, f"{what}, final states")
    if trio.bfloat16 is not None:
        in_bfloat16 = _results(_by_lengths, trio.bfloat16, batch)
        assert_close(in_bfloat16, ours, f"{what}, bfloat16", tolerance=tolerance("bfloat16"))


def _all(walk: Walk, layer: nn.Module, batches: Sequence[Batch]) -> None:
    for batch in batches:
        outputs = walk(layer, batch)[0]
        torch.autograd.grad(outputs, [batch.x, *layer.parameters()], batch.gradient.to(outputs.dtype))


def _real(
    cell: str,
    size: int,
    lengths: Sequence[npt.NDArray[np.int64]],
    peers: Collection[str],
    budget: Budget,
    quick: bool,
) -> dict[str, Any]:
    until = time.monotonic() + budget.share()
    trio, what = build_trio(cell, size), f"{cell}, hidden {size}"
    batches = [_batch(rows, size) for rows in lengths]
    _assert_same(trio, batches[0], f"{what}, real lengths")
    rate = sgemm_rate(256 if quick else 2048)
    walks = {name: (_by_lengths, layer, True) for name, layer in trio.own().items()} | _entries(trio, peers)

    def contestants(count: int) -> list[Contestant]:
        return [
            Contestant(name, partial(_all, walk, layer, batches[:count]), partial(setting, onednn=onednn))
            for name, (walk, layer, onednn) in walks.items()
        ]

    if quick:
        times = take_turns(contestants(len(batches)), seconds=0.01, least=2)
    else:
        first = take_turns(contestants(1), seconds=0.0, least=1)
        each = sum(timing.median for timing in first.values())
        left = until - time.monotonic()
        count = budget.fitting(f"{what}, batches", left / (LEAST + 1), each, len(batches))
        batches = batches[:count]
        least = budget.fitting(f"{what}, rounds", left - each * count, each * count, LEAST)
        times = take_turns(contestants(count), seconds=left - each * count, least=least, most=MOST)
    in_float32, in_bfloat16 = times["gyeol"].median, times.get("gyeol bfloat16")
    padded, packed, any_padded = fastest(times, FLOAT32), fastest(times, ["packed"]), fastest(times, ONEDNN)
    any_packed = fastest(times, PACKED)
    tokens = sum(int(b.lengths.sum()) for b in batches)
    places = sum(b.x.shape[0] * b.x.shape[1] for b in batches)

    def ratio(peer: str | None, own: Timing | None) -> float | None:
        return times[peer].median / own.median if peer is not None and own is not None else None

    return {
        "cell": cell,
        "hidden": size,
        "tokens": tokens,
        "fill": tokens / places,
        "milliseconds": in_float32 * 1e3,
        "peer": padded,
        "ratio_padded": ratio(padded, times["gyeol"]),
        "ratio_packed": ratio(packed, times["gyeol"]),
        "of_sgemm": trio.work(tokens, backward=True) / in_float32 / rate,
        "bfloat16_ratio": in_float32 / in_bfloat16.median if in_bfloat16 else None,
        "bfloat16_peer": any_padded if in_bfloat16 else None,
        "bfloat16_over_padded": ratio(any_padded, in_bfloat16),
        "bfloat16_over_packed": ratio(any_packed, in_bfloat16),
        "seconds": {name: timing.as_dict() for name, timing in times.items()},
    }


def _long(
    lengths: Sequence[int], size: int, budget: Budget, note: Callable[[str], None], quick: bool
) -> list[dict[str, Any]]:
    """Time an LSTM over the same number of tokens in rows of each length, forward and backward."""
    until = time.monotonic() + budget.share()
    trio = build_trio("lstm", size)
    longest = max(lengths)
    contestants = []
    for length in lengths:
        batch = _batch(np.full(LONG_ROWS, length, dtype=np.int64), size)
        few = Batch(batch.x[:COMPARED].detach().requires_grad_(), batch.lengths, batch.gradient[:COMPARED])
        what = f"lstm, hidden {size}, length {length}"
        assert_agree(trio, partial(_outputs, few), few.x, few.gradient, what)
        # The whole number of batches that comes nearest; what is left over is settled by counting tokens.
        call = partial(_all, _by_lengths, trio.float32, [batch] * max(1, round(longest / length)))
        contestants.append(Contestant(str(length), call))
    if quick:
        times = take_turns(contestants, seconds=0.01, least=2)
    else:
        first = take_turns(contestants, seconds=0.0, least=1)
        each = sum(timing.median for timing in first.values())
        left = until - time.monotonic()
        least = budget.fitting("lengths 10 to 4,000, rounds", left, each, LEAST)
        times = take_turns(contestants, seconds=left, least=least, most=MOST, warm=0)
    return [_long_row(length, times[str(length)], longest, note) for length in lengths]


def _long_row(length: int, timing: Timing, longest: int, note: Callable[[str], None]) -> dict[str, Any]:
    tokens = LONG_ROWS * length * max(1, round(longest / length))
    row = {
        "length": length,
        "tokens": tokens,
        "microseconds_per_token": timing.median / tokens * 1e6,
        "seconds": {"gyeol": timing.as_dict()},
    }
    note(f"lstm, length {length}: {row['microseconds_per_token']:.2f} microseconds a token")
    return row


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Draw the figures that must hold out of the rows."""
    real = [r for r in rows if "cell" in r]
    a_token = [r["microseconds_per_token"] for r in rows if "length" in r]

    def cases(name: str) -> list[tuple[float, str]]:
        return [(r[name], f"{r['cell']}, hidden {r['hidden']}") for r in real if r[name] is not None]

    large = [
        (r["bfloat16_ratio"], f"{r['cell']}, hidden {r['hidden']}")
        for r in real
        if r["bfloat16_ratio"] is not None and r["hidden"] >= 256
    ]
    return {
        "geometric mean of the ratios to padded and bucketed": geometric_mean(cases("ratio_padded"), at_least=2.0),
        "geometric mean of the ratios to PackedSequence": geometric_mean(cases("ratio_packed"), at_least=4.0),
        "worst ratio to padded and bucketed": lowest(cases("ratio_padded")),
        "worst ratio to PackedSequence": lowest(cases("ratio_packed")),
        "worst ratio of bfloat16 to float32, H >= 256": lowest(large, at_least=1.6),
        "bfloat16 over padded and bucketed, float32 or autocast, geometric mean": geometric_mean(
            cases("bfloat16_over_padded")
        ),
        "bfloat16 over PackedSequence, float32 or autocast, geometric mean": geometric_mean(
            cases("bfloat16_over_packed")
        ),
        "time per token, dearest length over cheapest": figure(
            max(a_token) / min(a_token) if a_token else None, at_most=1.15
        ),
    }
