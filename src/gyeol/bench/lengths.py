"""Rows of different lengths: what real texts cost beside torch.nn's two ways, and what a token of a long row costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from gyeol.bench.figures import figure, geometric_mean, lowest
from gyeol.bench.peers import CELLS, ONEDNN, Trio, assert_agree, assert_close, build_trio, setting, tensors
from gyeol.bench.timing import Contestant, Timing, sgemm_rate, take_turns
from gyeol.data.batches import bucket
from gyeol.data.text.sources import find_source, read_labelled
from gyeol.errors import DataError
from gyeol.inputs import TOKENIZERS
from gyeol.layers import valid_steps

__all__ = ["run"]

SIZES, ROWS, BATCHES = (64, 128, 256, 512), 64, 6
LONG, LONG_ROWS, LONG_SIZE = (10, 30, 100, 300, 1000, 4000), 32, 128
_TEXTS = 20_000


class Batch(NamedTuple):
    """Padded rows (T, B, D) and their lengths (B,); ``gradient`` is that of the outputs, 0 at padding."""

    x: Tensor
    lengths: Tensor
    gradient: Tensor


def run(
    *, quick: bool = False, note: Callable[[str], None] = lambda line: None, seconds: float = 1.0
) -> dict[str, Any]:
    """Time both: real lengths, and lengths from 10 to 4,000.

    Parameters
    ----------
    quick : bool
        Two small batches of one size; three lengths.
    note : callable
        Told a line a case.
    seconds : float
        For the rounds of a case, all contestants together; three rounds are run anyway.

    Returns
    -------
    dict
        ``rows``, ``summary`` and ``data`` (whose lengths they were).
    """
    name, counted = real_lengths(quick=quick)
    picked = bucket(counted, 8 if quick else ROWS, seed=0, epoch=0)[: 2 if quick else BATCHES]
    limits: dict[str, Any] = {"seconds": 0.01, "least": 2} if quick else {"seconds": seconds}
    rows: list[dict[str, Any]] = []
    for cell in (c for c, (_, theirs) in CELLS.items() if theirs is not None):
        for size in (32,) if quick else SIZES:
            rows.append(_real(cell, size, [counted[which] for which in picked], limits, quick))
            last = rows[-1]
            note(f"{cell}, hidden {size}: {last['ratio_padded']:.2f} padded, {last['ratio_packed']:.2f} packed")
    rows += _long((10, 20, 40) if quick else LONG, 16 if quick else LONG_SIZE, limits, note)
    return {"data": name, "rows": rows, "summary": summarise(rows)}


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
    grads = torch.autograd.grad(outputs, [batch.x, *layer.parameters()], batch.gradient)
    real = valid_steps(batch.lengths, len(outputs)).T.unsqueeze(2)
    return [outputs.detach() * real, *grads]


def _assert_same(trio: Trio, batch: Batch, what: str) -> None:
    ours = _results(_by_lengths, trio.float32, batch)
    for name, onednn in ONEDNN.items():
        with setting(onednn=onednn):
            assert_close(ours, _results(_padded, trio.torch, batch), f"{what}, {name} padded")
    assert_close(ours, _results(_packed, trio.torch, batch), f"{what}, torch packed")
    packed = [t.detach() for t in tensors(_packed(trio.torch, batch)[1])]
    states = [t.detach() for t in tensors(trio.float32(batch.x, lengths=batch.lengths)[1])]
    assert_close(states, packed, f"{what}, final states")
    if trio.bfloat16 is not None:
        in_bfloat16 = _results(_by_lengths, trio.bfloat16, batch)
        assert_close(in_bfloat16, ours, f"{what}, bfloat16", tolerance=0.1)


def _all(walk: Walk, layer: nn.Module, batches: Sequence[Batch]) -> None:
    for batch in batches:
        torch.autograd.grad(walk(layer, batch)[0], [batch.x, *layer.parameters()], batch.gradient)


def _real(
    cell: str, size: int, lengths: Sequence[npt.NDArray[np.int64]], limits: dict[str, Any], quick: bool
) -> dict[str, Any]:
    trio = build_trio(cell, size)
    batches = [_batch(rows, size) for rows in lengths]
    for batch in batches[:3]:
        _assert_same(trio, batch, f"{cell}, hidden {size}, real lengths")
    rate = sgemm_rate(256 if quick else 2048)
    contestants = [Contestant("gyeol", partial(_all, _by_lengths, trio.float32, batches))]
    if trio.bfloat16 is not None:
        contestants.append(Contestant("gyeol bfloat16", partial(_all, _by_lengths, trio.bfloat16, batches)))
    padded = partial(_all, _padded, trio.torch, batches)
    contestants += [Contestant(f"{name} padded", padded, partial(setting, onednn=on)) for name, on in ONEDNN.items()]
    contestants.append(Contestant("torch packed", partial(_all, _packed, trio.torch, batches)))
    times = take_turns(contestants, **limits)
    in_float32, in_bfloat16 = times["gyeol"].median, times.get("gyeol bfloat16")
    best = min((f"{name} padded" for name in ONEDNN), key=lambda name: times[name].median)
    tokens = sum(int(rows.sum()) for rows in lengths)
    places = sum(len(rows) * int(rows.max()) for rows in lengths)
    return {
        "cell": cell,
        "hidden": size,
        "tokens": tokens,
        "fill": tokens / places,
        "milliseconds": in_float32 * 1e3,
        "peer": best,
        "ratio_padded": times[best].median / in_float32,
        "ratio_packed": times["torch packed"].median / in_float32,
        "of_sgemm": trio.work(tokens, backward=True) / in_float32 / rate,
        "bfloat16_ratio": in_float32 / in_bfloat16.median if in_bfloat16 else None,
        "seconds": {name: timing.as_dict() for name, timing in times.items()},
    }


def _long(
    lengths: Sequence[int], size: int, limits: dict[str, Any], note: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Time an LSTM over the same number of tokens in rows of each length, forward and backward."""
    trio = build_trio("lstm", size)
    longest = max(lengths)
    contestants = []
    for length in lengths:
        batch = _batch(np.full(LONG_ROWS, length, dtype=np.int64), size)
        what = f"lstm, hidden {size}, length {length}"
        assert_agree(trio, partial(_outputs, batch), batch.x, batch.gradient, what)
        # The whole number of batches that comes nearest; what is left over is settled by counting tokens.
        call = partial(_all, _by_lengths, trio.float32, [batch] * max(1, round(longest / length)))
        contestants.append(Contestant(str(length), call))
    times = take_turns(contestants, **limits)
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

    halves = [case for case, r in zip(cases("bfloat16_ratio"), real, strict=False) if r["hidden"] >= 256]
    return {
        "geometric mean of the ratios to padded and bucketed": geometric_mean(cases("ratio_padded"), at_least=2.0),
        "geometric mean of the ratios to PackedSequence": geometric_mean(cases("ratio_packed"), at_least=4.0),
        "worst ratio to padded and bucketed": lowest(cases("ratio_padded")),
        "worst ratio to PackedSequence": lowest(cases("ratio_packed")),
        "worst ratio of bfloat16 to float32, H >= 256": lowest(halves, at_least=1.6),
        "time per token, dearest length over cheapest": figure(
            max(a_token) / min(a_token) if a_token else None, at_most=1.15
        ),
    }
