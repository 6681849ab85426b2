"""A decoder walks over given words as it would step by step."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.kernels.packing import Packing
from gyeol.layers import SCOPES, Alignment, Decoder
from gyeol.layers.attention.alignment import Source
from gyeol.layers.decoding.decoder import DecoderState

E, H, OUT, V = 4, 6, 5, 7


def make(cell: str, layers: int, scope: str | None, feeding: bool) -> Decoder:
    alignment = None if scope is None else Alignment(H, V, scope=scope, window=2)
    made = Decoder(cell, E, H, OUT, V, num_layers=layers, alignment=alignment, input_feeding=feeding, dropout=0.3)
    return made.eval()


def begin(cell: str, layers: int, rows: int) -> DecoderState:
    return [tuple(torch.randn(1, rows, H) for _ in range(2 if cell == "lstm" else 1)) for _ in range(layers)]


def prepared(decoder: Decoder, values: torch.Tensor, lengths: torch.Tensor) -> Source:
    return Source(values, values, lengths) if decoder.alignment is None else decoder.alignment.prepare(values, lengths)


@given(
    cell=st.sampled_from(["lstm", "gru", "rnn"]), layers=st.integers(1, 3), feeding=st.booleans(),
    scope=st.sampled_from([*SCOPES, None]), lengths=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    seed=st.integers(0, 999),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_a_walk_is_its_steps(
    cell: str, layers: int, feeding: bool, scope: str | None, lengths: list[int], seed: int
) -> None:
    torch.manual_seed(seed)
    decoder, B, Q = make(cell, layers, scope, feeding), len(lengths), max(lengths)
    source = prepared(decoder, torch.randn(B, 6, V), torch.randint(1, 7, (B,)))
    state, words = begin(cell, layers, B), torch.randn(B, Q, E)
    packing = Packing.of(torch.tensor(lengths), Q)
    with torch.no_grad():
        out, weights, _ = decoder(packing.gather(words), packing, state, source)
        whole, fed = packing.scatter(out), None
        for t in range(Q):
            fed, looked, state = decoder.step(words[:, t : t + 1], state, source, t, fed)
            for row, n in enumerate(lengths):
                if t < n:
                    torch.testing.assert_close(whole[row, t], fed[row, 0], atol=1e-5, rtol=1e-4)
                    torch.testing.assert_close(weights[row, t], looked[row, 0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("feeding", [False, True])
def test_all_weights_learn(feeding: bool) -> None:
    torch.manual_seed(0)
    decoder = make("lstm", 2, "local-p", feeding).train()
    source = prepared(decoder, torch.randn(2, 6, V), torch.tensor([6, 3]))
    packing = Packing.of(torch.tensor([4, 2]), 4)
    out, _, _ = decoder(torch.randn(6, E), packing, begin("lstm", 2, 2), source)
    out.square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in decoder.parameters())


def test_rows_of_a_beam_share_their_source() -> None:
    torch.manual_seed(0)
    decoder = make("gru", 2, "global", feeding=True)
    source = prepared(decoder, torch.randn(2, 6, V), torch.tensor([6, 3]))
    words, state, fed = torch.randn(2, 3, E), begin("gru", 2, 6), torch.randn(2, 3, OUT)
    with torch.no_grad():
        out, weights, after = decoder.step(words, state, source, 1, fed)
        for k in range(3):
            rows = torch.tensor([k, 3 + k])
            own: Any = [tuple(part[:, rows] for part in layer) for layer in state]
            single, looked, then = decoder.step(words[:, k : k + 1], own, source, 1, fed[:, k : k + 1])
            torch.testing.assert_close(single[:, 0], out[:, k])
            torch.testing.assert_close(looked[:, 0], weights[:, k])
            torch.testing.assert_close(then[1][0], after[1][0][:, rows])
