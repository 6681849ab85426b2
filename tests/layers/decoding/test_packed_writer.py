"""A decoder's step in one native call is the decoder's step and a softmax, under every instruction set."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gyeol.kernels import native
from gyeol.layers import Alignment, Decoder, Embedding, PackedLinear, Writer
from gyeol.layers.attention.alignment import Source
from gyeol.layers.decoding.decoder import DecoderState
from gyeol.layers.decoding.packed_writer import PackedWriter, WriterState

pytestmark = pytest.mark.skipif(not native.native_available(), reason=f"kernels: {native.describe()}")
E, H, OUT, V, WORDS = 4, 21, 5, 7, 37
#: How far log probabilities may be from float32's: three times what was seen, ten times in float32.
WITHIN = {"float32": 5e-6, "bfloat16": 0.01, "int8": 0.02}
ELEMENTS = ["float32", "int8", *(["bfloat16"] if native.steps_in("bfloat16") else [])]


class Small(Writer):
    def __init__(self, cell: str, layers: int, score: str | None, feeding: bool, scope: str = "global") -> None:
        super().__init__()
        alignment = None if score is None else Alignment(H, V, score=score, scope=scope)
        self.words = Embedding(WORDS, E)
        self.decoder = Decoder(
            cell, E, H, OUT, V, num_layers=layers, alignment=alignment, input_feeding=feeding, dropout=0.3
        )
        self.out = nn.Linear(OUT, WORDS)
        self.bias = self.out.bias

    def logits(self, vectors: Tensor) -> Tensor:
        logits: Tensor = self.out(vectors)
        return logits


def make(cell: str, layers: int, score: str | None, feeding: bool, weights: str = "float32") -> tuple[Any, Any]:
    torch.manual_seed(1)
    net = Small(cell, layers, score, feeding).eval().requires_grad_(False)
    assert PackedWriter.fits(net)
    return net, PackedWriter(net, weights, PackedLinear(net.out.weight, net.out.bias, weights=weights), 8)


def begin(cell: str, layers: int, rows: int) -> DecoderState:
    return [tuple(torch.randn(1, rows, H) for _ in range(2 if cell == "lstm" else 1)) for _ in range(layers)]


def source_of(net: Small, lengths: list[int]) -> Source:
    values, sizes = torch.randn(len(lengths), max(lengths), V), torch.tensor(lengths)
    if net.decoder.alignment is None:  # one vector for all
        return Source(values[:, :1], values[:, :1], torch.ones_like(sizes))
    return net.decoder.alignment.prepare(values, sizes)


@pytest.mark.usefixtures("instructions")
@pytest.mark.parametrize("weights", ELEMENTS)
@pytest.mark.parametrize(
    ("cell", "layers", "score", "feeding"),
    [
        ("lstm", 2, "additive", False), ("lstm", 3, "general", True), ("gru", 2, "dot", True),
        ("gru_after", 3, "scaled_dot", False), ("rnn", 1, "additive", True), ("rnn", 2, None, False),
    ],
)  # fmt: skip
def test_it_steps_as_the_decoder_does(cell: str, layers: int, score: str | None, feeding: bool, weights: str) -> None:
    if weights == "bfloat16" and not native.steps_in("bfloat16"):
        pytest.skip("this instruction set does not multiply bfloat16")
    net, packed = make(cell, layers, score, feeding, weights)
    source, state = source_of(net, [4, 1, 6]), begin(cell, layers, 6)
    prepared, kept = packed.prepare(source), WriterState(state, OUT)
    tokens, fed = torch.randint(WORDS, (4, 3, 2)), None
    for t in range(4):
        fed, weights_of, state = net.decoder.step(net.words(tokens[t]), state, source, t, fed)
        logs, looked = packed.step(tokens[t], kept, prepared)
        torch.testing.assert_close(logs, torch.log_softmax(net.logits(fed), 2), atol=WITHIN[weights], rtol=0.0)
        torch.testing.assert_close(looked, weights_of, atol=WITHIN[weights], rtol=0.0)
        assert np.allclose(np.exp(logs.numpy()).sum(2), 1.0, atol=1e-5)


def test_rows_go_on_where_they_are_taken_from() -> None:
    net, packed = make("lstm", 2, "additive", True)
    source = packed.prepare(source_of(net, [3, 2]))
    kept, tokens = WriterState(begin("lstm", 2, 4), OUT), torch.tensor([[1, 2], [3, 4]])
    packed.step(tokens, kept, source)
    kept.take(torch.tensor([3, 2]))  # the second source's, the other way round
    one = source.take(torch.tensor([1]))
    again, _ = packed.step(torch.tensor([[5, 5]]), kept, one)
    kept.take(torch.tensor([1]))
    single, _ = packed.step(torch.tensor([[6]]), kept, one)
    assert not torch.equal(again[0, 0], again[0, 1])
    assert single.shape == (1, 1, WORDS)


def test_threads_do_not_disturb_each_other() -> None:
    net, packed = make("gru", 2, "general", False)
    sources = [packed.prepare(source_of(net, [5])) for _ in range(4)]
    states = [begin("gru", 2, 1) for _ in sources]

    def write(n: int) -> Tensor:
        kept = WriterState(states[n], OUT)
        return torch.cat([packed.step(torch.tensor([[n]]), kept, sources[n])[0] for _ in range(30)])

    alone = [write(n) for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert all(torch.equal(a, b) for a, b in zip(alone, pool.map(write, range(4)), strict=True))


@pytest.mark.parametrize(
    "net",
    [
        Small("lstm_norm", 1, "additive", False), Small("lstm", 1, "location", False),
        Small("lstm", 1, "dot", False, scope="local-m"), Small("lstm", 1, "dot", False).double(),
    ],
    ids=["a cell without a stepper", "a score without a kernel", "a local scope", "float64"],
)  # fmt: skip
def test_what_has_no_kernel_does_not_fit(net: Small) -> None:
    assert not PackedWriter.fits(net)


def test_the_native_call_checks_what_it_is_given() -> None:
    net, packed = make("lstm", 2, "additive", False)
    source, kept = packed.prepare(source_of(net, [3])), WriterState(begin("lstm", 2, 1), OUT)
    for tokens in ([[WORDS]], [[-1]], [[1, 2]]):
        with pytest.raises(ValueError, match=r"none of the words|h is"):
            packed.step(torch.tensor(tokens), kept, source)
    with pytest.raises(ValueError, match="a length is not"):
        packed.step(torch.tensor([[1]]), kept, Source(source.keys, source.values, torch.tensor([4])))
    with pytest.raises(ValueError, match="values is"):
        packed.step(
            torch.tensor([[1]]), kept, Source(source.keys, source.values[:, :, 1:].contiguous(), source.lengths)
        )
    with pytest.raises(ValueError, match="too many"):
        packed.step(torch.ones(1, 9, dtype=torch.int64), WriterState(begin("lstm", 2, 9), OUT), source)
    packed.step(torch.tensor([[1]]), kept, source)
