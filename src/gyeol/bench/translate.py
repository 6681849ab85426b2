"""A translator of 2 x 512 beside the same network in torch.nn with packed sequences; its beam beside a plain one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from gyeol import engine
from gyeol.bench.figures import figure
from gyeol.bench.peers import AUTOCAST, FLOAT32, ONEDNN, Autocast, automatic, fastest, precisions, setting
from gyeol.bench.timing import Contestant, take_turns
from gyeol.inputs.text_pairs import END, PairBatch
from gyeol.kernels import native
from gyeol.layers.attention.alignment import Source
from gyeol.tasks.translation.net import TranslatorNet
from gyeol.tasks.translation.search import Search, search
from gyeol.tasks.translation.translator import Translator

__all__ = ["PEERS", "run"]

#: The network in torch.nn in each of its ways, and the loop that searches.
PEERS = (*ONEDNN, "plain-loop")


class PackedTranslator(nn.Module):
    """`TranslatorNet` as one writes it with torch.nn: `pack_padded_sequence` around every layer, all logits at once."""

    def __init__(self, net: TranslatorNet) -> None:
        super().__init__()
        self.rest = copy.deepcopy(net)  # embeddings, bridge and linear layers are PyTorch's own there
        self.encoder = nn.ModuleList(_torch_lstm(layer) for layer in net.walks)
        self.decoder = nn.ModuleList(_torch_lstm(layer) for layer in net.decoder.walks)
        for module in (self.rest.encoder, self.rest.decoder.layers):
            module.requires_grad_(False)

    def read(self, tokens: Tensor, lengths: Tensor) -> tuple[Source, list[tuple[Tensor, Tensor]]]:
        """Encode sources (B, T)."""
        x, state = F.embedding(tokens, self.rest.source_words.weight), []
        for n, layer in enumerate(self.encoder):
            packed, finals = layer(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
            x = pad_packed_sequence(packed, batch_first=True, total_length=tokens.shape[1])[0]
            joined = [part.transpose(0, 1).flatten(1) for part in finals]
            h, c = (self.rest.bridge[2 * n + p](part).unsqueeze(0) for p, part in enumerate(joined))
            state.append((torch.tanh(h), c))
        assert self.rest.decoder.alignment is not None
        return self.rest.decoder.alignment.prepare(x, lengths), state

    def forward(self, batch: PairBatch) -> Tensor:
        """Return the loss of a batch."""
        source, state = self.read(batch.source, batch.source_lengths)
        x, context = F.embedding(batch.inputs, self.rest.words.weight), None
        for n, layer in enumerate(self.decoder):
            if n:
                assert context is not None
                x = torch.cat([x, context], dim=2)
            packed, _ = layer(
                pack_padded_sequence(x, batch.target_lengths, batch_first=True, enforce_sorted=False), state[n]
            )
            x = pad_packed_sequence(packed, batch_first=True, total_length=batch.inputs.shape[1])[0]
            if n == 0:
                context = self._look(x, source)
        assert context is not None
        vectors = torch.tanh(self.rest.decoder.combine(torch.cat([context, x], dim=2)))
        logits = self.rest.logits(vectors)
        return F.cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), ignore_index=0, label_smoothing=0.1)

    def _look(self, query: Tensor, source: Source) -> Tensor:
        """Attend as one writes it: every query with every key in one tensor (Bahdanau et al. 2015)."""
        alignment = self.rest.decoder.alignment
        assert alignment is not None
        learned = alignment.learned
        scores = torch.tanh(learned["query"](query).unsqueeze(2) + source.keys.unsqueeze(1)) @ learned["vector"]
        past = torch.arange(source.keys.shape[1]) >= source.lengths[:, None]
        return torch.softmax(scores.masked_fill(past.unsqueeze(1), -torch.inf), dim=2) @ source.values

    @torch.inference_mode()
    def beam(self, batch: PairBatch, size: int, limits: list[int]) -> list[list[int]]:
        """Search as tutorials do: one source after the other, its continuations as rows, Python lists of candidates."""
        found = []
        for row, limit in enumerate(limits):
            length = batch.source_lengths[row : row + 1]
            source, state = self.read(batch.source[row : row + 1, : int(length)], length)
            beams: list[tuple[float, list[int], Any]] = [(0.0, [], state)]
            ended: list[tuple[float, list[int]]] = []
            for t in range(limit + 1):
                grown = []
                for total, tokens, state in beams:
                    x = F.embedding(torch.tensor([[tokens[-1] if tokens else END]]), self.rest.words.weight)
                    logs, after = self._step(x, state, source)
                    values, names = logs.topk(size + 1)
                    for value, name in zip(values.tolist(), names.tolist(), strict=True):
                        if name == END:
                            ended.append(((total + value) / ((5 + len(tokens)) / 6), tokens))
                        elif name != 0 and t < limit:
                            grown.append((total + value, [*tokens, name], after))
                beams = sorted(grown, key=lambda beam: -beam[0])[:size]
                if not beams or len(ended) >= size:
                    break
            found.append(max(ended, default=(0.0, []), key=lambda pair: pair[0])[1])
        return found

    def _step(self, x: Tensor, state: Any, source: Source) -> tuple[Tensor, Any]:
        after, context = [], None
        for n, layer in enumerate(self.decoder):
            x, last = layer(x if context is None else torch.cat([x, context], dim=2), state[n])
            after.append(last)
            if n == 0:
                context = self._look(x, source)
        assert context is not None
        vector = torch.tanh(self.rest.decoder.combine(torch.cat([context, x], dim=2)))
        return torch.log_softmax(self.rest.logits(vector)[0, 0], 0), after


def _torch_lstm(layer: Any) -> nn.LSTM:
    lstm = nn.LSTM(layer.input_size, layer.hidden_size, bidirectional=layer.bidirectional, batch_first=True)
    lstm.load_state_dict(layer.state_dict())
    return lstm


def run(
    *, quick: bool = False, note: Callable[[str], None] = lambda line: None, peers: Collection[str] = PEERS
) -> dict[str, Any]:
    """Time training and searching; see `gyeol.bench.run`."""
    size, words, count = (16, 60, 20) if quick else (512, 8000, 400)
    sources, targets = _texts(words, count)
    settings: dict[str, Any] = {
        "hidden_size": size, "embedding_size": size, "dropout": 0.0, "tokenizer": "whitespace", "batch_size": 1500,
        "num_layers": 2,
    }  # fmt: skip
    rows, contestants, losses = [], [], {}
    for precision in ("auto", "float32"):
        model, net, batches = _made(sources, targets, settings, precision)
        optimizer = engine.Optimizer(net, learning_rate=1e-5, clip_norm=1.0)
        losses[precision] = float(model._loss(net, (batches[0], 1.0)).loss.detach())
        contestants.append(Contestant(precision, partial(_learn, model, net, batches, optimizer)))
    peer = PackedTranslator(net)
    losses["torch.nn packed"] = float(peer(batches[0]).detach())
    np.testing.assert_allclose(losses["float32"], losses["torch.nn packed"], rtol=1e-4)
    np.testing.assert_allclose(losses["auto"], losses["torch.nn packed"], rtol=5e-3)
    for name in (n for n in ONEDNN if n in peers and (n in FLOAT32 or native.bfloat16_available())):
        net_of = copy.deepcopy(peer)
        weights = [p for p in net_of.parameters() if p.requires_grad]
        adam = torch.optim.AdamW(weights, lr=1e-5, weight_decay=0.0, fused=True)
        call = partial(_learn_packed, Autocast(net_of) if name in AUTOCAST else net_of, weights, batches, adam)
        contestants.append(Contestant(name, call, partial(setting, onednn=ONEDNN[name])))
    times = take_turns(contestants, seconds=0.0 if quick else 45.0, least=1 if quick else 3, most=10)
    tokens = sum(int(b.target_lengths.sum()) for b in batches)
    rates = {name: tokens / timing.median for name, timing in times.items()}
    note(", ".join(f"{name}: {value:,.0f} target tokens/s" for name, value in rates.items()))
    rows.append({"case": "training", "tokens per second": rates})
    searched = _search(net, peer if "plain-loop" in peers else None, batches[0], quick)
    note(", ".join(f"{name}: {1e3 * value:.1f} ms" for name, value in searched.items()))
    rows.append({"case": "searching", "seconds": searched})
    best, any_best = (rates.get(fastest(times, names) or "") for names in (FLOAT32, ONEDNN))
    loop = searched.get("plain loop, 32 sources")
    return {
        "precisions": precisions(rates) | {"auto": automatic()},
        "rows": rows,
        "summary": {
            "training over torch.nn packed": figure(rates["auto"] / best if best else None, at_least=2.0),
            "training over torch.nn packed, float32": figure(rates["float32"] / best if best else None),
            "training over torch.nn packed in float32 or under autocast, the best": figure(
                rates["auto"] / any_best if any_best else None
            ),
            "beam of 5, 32 sources, over a plain loop": figure(
                loop / searched["beam of 5, 32 sources"] if loop else None, at_least=3.0
            ),
            **{
                f"{name}, milliseconds": figure(1e3 * seconds, at_most=15.0)
                for name, seconds in searched.items()
                if name.startswith("greedy")
            },
        },
    }


def _texts(words: int, count: int) -> tuple[list[str], list[str]]:
    """Draw sentences as long as captions are: 12 words, 5 to 25."""
    draw = np.random.default_rng(0)
    names = [f"w{n}" for n in range(words)]
    sides = []
    for _ in range(2):
        lengths = np.clip(draw.normal(12, 4, count).astype(int), 5, 25)
        sides.append([" ".join(draw.choice(names, size=n)) for n in lengths])
    return [" ".join(names), *sides[0]], [" ".join(names), *sides[1]]


def _made(
    sources: list[str], targets: list[str], settings: dict[str, Any], precision: str
) -> tuple[Translator, TranslatorNet, list[PairBatch]]:
    torch.manual_seed(0)
    model = Translator(**settings, precision=precision)
    model._fit_inputs(sources, targets)
    net = model._build()
    assert isinstance(net, TranslatorNet)
    data = model._encode_training(sources[1:], targets[1:])
    assert data.order is not None
    return model, net, [data.batch(which)[0] for which in data.order(0)][:4]


def _learn(model: Translator, net: TranslatorNet, batches: list[PairBatch], optimizer: engine.Optimizer) -> None:
    net.train()
    for batch in batches:
        torch.autograd.backward(model._loss(net, (batch, 1.0)).loss)
        optimizer.step(scale=1.0)


def _learn_packed(net: nn.Module, weights: list[Any], batches: list[PairBatch], adam: Any) -> None:
    net.train()
    for batch in batches:
        adam.zero_grad()
        torch.autograd.backward(net(batch))
        nn.utils.clip_grad_norm_(weights, 1.0)
        adam.step()


def _search(net: TranslatorNet, peer: PackedTranslator | None, batch: PairBatch, quick: bool) -> dict[str, float]:
    """Time beams whose every continuation is 12 tokens long: an untrained network would not end by itself."""
    net.eval()
    count, length = (4, 3) if quick else (32, 12)
    parts = batch.source, batch.source_lengths, batch.inputs, batch.targets, batch.target_lengths
    some = PairBatch(*(part[:count] for part in parts))
    like_a_caption = int((batch.source_lengths - 13).abs().argmin())  # its words and its end
    single = [part[like_a_caption : like_a_caption + 1] for part in parts]
    one = PairBatch(single[0][:, : int(single[1])], *single[1:])
    wide = engine.BeamSettings(5, min_length=length, max_length=length)
    narrow = engine.BeamSettings(1, min_length=length, max_length=length)
    contestants = {"beam of 5, 32 sources": partial(_found, net, some, wide)}
    if peer is not None:
        contestants["plain loop, 32 sources"] = partial(peer.eval().beam, some, 5, [length] * count)
    contestants["greedy, one source"] = partial(_found, net, one, narrow)
    contestants["32 sources, greedy"] = partial(_found, net, some, narrow)
    if native.int8_available():
        contestants["greedy, one source, int8"] = partial(_found, net, one, narrow, "int8")
    times = take_turns(
        [Contestant(name, call) for name, call in contestants.items()], seconds=0.0 if quick else 15.0,
        least=1 if quick else 3, most=8,
    )  # fmt: skip
    return {name: timing.median for name, timing in times.items()}


@torch.inference_mode()
def _found(net: TranslatorNet, batch: PairBatch, settings: engine.BeamSettings, weights: str = "float32") -> Any:
    return search([net], batch, Search(settings, weights=weights))
