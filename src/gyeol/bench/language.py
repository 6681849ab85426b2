"""A language model of Penn Treebank's size, trained beside PyTorch's word_language_model, writing beside runtimes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gyeol import engine
from gyeol.bench.figures import figure
from gyeol.bench.peers import AUTOCAST, FLOAT32, ONEDNN, Autocast, automatic, fastest, precisions, setting
from gyeol.bench.timing import Contestant, Timing, sgemm_rate, take_turns
from gyeol.export.onnx_weights import onnx_operator, onnx_weights
from gyeol.kernels import native
from gyeol.tasks.language.model import LanguageModel
from gyeol.tasks.language.net import LanguageNet
from gyeol.tasks.language.reader import Reader

__all__ = ["PEERS", "run"]

#: PyTorch's example in each of its ways, whose names are those of torch.nn's; it writes in float32.
PEERS = (*ONEDNN, "onnxruntime")

BPTT, STREAMS, UNITS, WORDS = 35, 20, 200, 10_000


class WordModel(nn.Module):
    """The network of ``word_language_model`` (pytorch/examples): torch.nn throughout, all logits at once."""

    def __init__(self, net: LanguageNet) -> None:
        super().__init__()
        V, H = net.embedding.weight.shape
        self.encoder, self.rnn, self.decoder = nn.Embedding(V, H), nn.LSTM(H, H, 2), nn.Linear(H, V)
        self.decoder.weight = self.encoder.weight
        with torch.no_grad():
            self.encoder.weight.copy_(net.embedding.weight)
            self.decoder.bias.copy_(net.bias if net.bias is not None else torch.zeros(V))
            for n, layer in enumerate(net.walks):
                for name, value in layer.named_parameters():
                    getattr(self.rnn, name.replace("_l0", f"_l{n}")).copy_(value)

    def forward(self, tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Tokens (T, B) to log probabilities (T * B, V)."""
        states, state = self.rnn(self.encoder(tokens), state)
        return F.log_softmax(self.decoder(states).flatten(0, 1), dim=1), state


def run(
    *, quick: bool = False, note: Callable[[str], None] = lambda line: None, peers: Collection[str] = PEERS
) -> dict[str, Any]:
    """Time training and writing; see `gyeol.bench.run`."""
    words, steps = (300, 4) if quick else (WORDS, 20)
    draw = np.random.default_rng(0)
    shares = 1 / (np.arange(words) + 10)
    numbers = draw.choice(words, size=STREAMS * (BPTT * steps + 1) + words, p=shares / shares.sum())
    numbers[:words] = np.arange(words)
    texts = [" ".join(f"w{n}" for n in row) for row in np.array_split(numbers, 50)]
    settings: dict[str, Any] = {"hidden_size": UNITS, "embedding_size": UNITS, "dropout": 0.0, "epochs": 1}
    settings |= {"tokenizer": "whitespace", "min_count": 1, "batch_size": STREAMS, "bptt": BPTT}
    train = _train(texts, settings, steps, quick, note, peers)
    write = _write(texts, settings, quick, note, peers)
    absent = {} if find_spec("onnxruntime") and find_spec("onnx") else {"onnxruntime": "pip install 'gyeol[onnx]'"}
    ratios = write.pop("ratios")
    return {
        "precisions": precisions([*train["seconds"], *write["seconds"]]) | train.pop("precisions"),
        "rows": [train, write],
        "absent": absent,
        "summary": {
            "training over word_language_model": figure(train["ratio"], at_least=2.0),
            "training over word_language_model, float32": figure(train["float32 ratio"]),
            "training over word_language_model in float32 or under autocast, the best": figure(
                train["ratio to the best"]
            ),
            **{
                f"writing, {ours}, over {theirs}": figure(ratios.get((ours, theirs)), at_least=least)
                for ours, theirs, least in (
                    ("float32", "torch", 3.0),
                    ("float32", "onnxruntime", 1.0),
                    ("int8", "torch", 3.0),
                    ("int8", "onnxruntime", 1.5),
                )
            },
        },
    }


def _made(texts: list[str], settings: dict[str, Any], precision: str) -> tuple[LanguageModel, LanguageNet]:
    torch.manual_seed(0)
    model = LanguageModel(**settings, precision=precision)
    model._fit_inputs(texts, None)
    net = model._build()
    assert isinstance(net, LanguageNet)
    return model, net


def _train(
    texts: list[str],
    settings: dict[str, Any],
    steps: int,
    quick: bool,
    note: Callable[[str], None],
    peers: Collection[str],
) -> dict[str, Any]:
    contestants, losses = [], {}
    for precision in ("auto", "float32"):
        model, net = _made(texts, settings, precision)
        data = model._encode_training(texts, None)
        optimizer = engine.Optimizer(net, learning_rate=20.0, clip_norm=0.25, kind="sgd")
        assert data.order is not None
        span = BPTT * STREAMS
        windows = [range(n * span, (n + 1) * span) for n in range(steps)]
        losses[precision] = float(model._loss(net, data.batch(windows[0])).loss.detach())
        contestants.append(Contestant(precision, partial(_learn, model, net, data, optimizer, windows)))
        if precision == "float32":
            peer = WordModel(net)
            blocks = [data.batch(window)[0] for window in windows]
            pairs = [(b.tokens.T.contiguous(), b.targets.T.flatten()) for b in blocks]
            log_shares, _ = peer(pairs[0][0], None)
            losses["word_language_model"] = float(F.nll_loss(log_shares, pairs[0][1]).detach())
            ways = [name for name in ONEDNN if name in peers and (name in FLOAT32 or native.bfloat16_available())]
            for name in ways:
                net_of = copy.deepcopy(peer)
                call = partial(_learn_as_the_example, Autocast(net_of) if name in AUTOCAST else net_of, pairs)
                contestants.append(Contestant(name, call, partial(setting, onednn=ONEDNN[name])))
    np.testing.assert_allclose(losses["float32"], losses["word_language_model"], rtol=1e-5)
    np.testing.assert_allclose(losses["auto"], losses["word_language_model"], rtol=5e-3)
    times = take_turns(contestants, seconds=0.0 if quick else 40.0, least=1 if quick else 3, most=12)
    tokens = steps * BPTT * STREAMS
    rates = {name: tokens / timing.median for name, timing in times.items()}
    # Each token: two layers of 4H x 2H and a softmax of V x H, forwards and two products of their size backwards.
    work = 6 * (2 * 8 * UNITS**2 + len(model.inputs_.vocabulary) * UNITS)
    rate = sgemm_rate(256 if quick else 2048)
    note(", ".join(f"{name}: {value:,.0f} tokens/s" for name, value in rates.items()) + f"; SGEMM {rate:.0f} GFLOP/s")
    best, any_best = (rates.get(fastest(times, names) or "") for names in (FLOAT32, ONEDNN))
    return {
        "case": "training",
        "tokens per second": rates,
        "ratio": rates["auto"] / best if best else None,
        "float32 ratio": rates["float32"] / best if best else None,
        "ratio to the best": rates["auto"] / any_best if any_best else None,
        "precisions": {"auto": automatic()},
        "share of SGEMM": {name: value * work / 1e9 / rate for name, value in rates.items()},
        "seconds": {name: timing.as_dict() for name, timing in times.items()},
    }


def _learn(
    model: LanguageModel, net: LanguageNet, data: Any, optimizer: engine.Optimizer, windows: list[range]
) -> None:
    net.train()
    for window in windows:
        torch.autograd.backward(model._loss(net, data.batch(window)).loss)
        optimizer.step(scale=0.01)


def _learn_as_the_example(net: nn.Module, pairs: list[tuple[Tensor, Tensor]]) -> None:
    net.train()
    state: Any = None
    for tokens, targets in pairs:
        net.zero_grad()
        state = state if state is None else tuple(part.detach() for part in state)
        log_shares, state = net(tokens, state)
        torch.autograd.backward(F.nll_loss(log_shares, targets))
        nn.utils.clip_grad_norm_(net.parameters(), 0.25)
        with torch.no_grad():
            for p in net.parameters():
                if p.grad is not None:
                    p.add_(p.grad, alpha=-0.2)


Scores = Callable[[int], np.ndarray[Any, Any]]


def _write(
    texts: list[str], settings: dict[str, Any], quick: bool, note: Callable[[str], None], peers: Collection[str]
) -> dict[str, Any]:
    model, net = _made(texts, settings, "float32")
    net.eval()
    model.net_ = net
    tokens = 20 if quick else 300
    exact = model.reader()
    contestants: dict[str, Callable[[], list[int]]] = {"float32": partial(_by_gyeol, exact, exact.state, tokens)}
    if native.int8_available():
        rounded = model.reader(weights="int8")
        contestants["int8"] = partial(_by_gyeol, rounded, rounded.state, tokens)
    if "torch" in peers:
        contestants["torch"] = partial(_by_torch, WordModel(net).eval(), tokens)
    steps = {"torch": partial(_by_torch, WordModel(net).eval(), 5, best=True)}
    if "onnxruntime" in peers and find_spec("onnxruntime") and find_spec("onnx"):
        for threads in sorted({1, torch.get_num_threads()}):
            session = _session(net, threads)
            contestants[f"onnxruntime, {threads} threads"] = partial(_by_onnxruntime, session, UNITS, tokens)
            steps[f"onnxruntime, {threads} threads"] = partial(_by_onnxruntime, session, UNITS, 5, best=True)
    expected = _by_gyeol(exact, exact.state, 5, best=True)
    for name, step_of in steps.items():
        assert step_of() == expected, f"{name} writes other words than gyeol"
    times = take_turns(
        [Contestant(name, call) for name, call in contestants.items()],
        seconds=0.01 if quick else 12.0,
        least=1 if quick else 5,
    )
    return _written_row(times, tokens, note)


def _written_row(times: dict[str, Timing], tokens: int, note: Callable[[str], None]) -> dict[str, Any]:
    each = {name: timing.median / tokens * 1e6 for name, timing in times.items()}
    note("writing, microseconds a token: " + ", ".join(f"{name} {value:.0f}" for name, value in each.items()))
    runtimes = [value for name, value in each.items() if name.startswith("onnxruntime")]
    others = {name: each[name] for name in ("torch",) if name in each}
    others |= {"onnxruntime": min(runtimes)} if runtimes else {}
    ours = [name for name in ("float32", "int8") if name in each]
    return {
        "case": "writing",
        "microseconds": each,
        "ratios": {(own, other): time / each[own] for own in ours for other, time in others.items()},
        "seconds": {name: timing.as_dict() for name, timing in times.items()},
    }


def _by_gyeol(reader: Reader, initial_state: dict[str, Any], count: int, *, best: bool = False) -> list[int]:
    reader.state = initial_state
    draw, tokens = np.random.default_rng(0), []
    for _ in range(count):
        tokens.append(reader.sample(draw, temperature=0.8, top_k=1 if best else None))
        reader.feed(tokens[-1:])
    return tokens


@torch.inference_mode()
def _by_torch(net: WordModel, count: int, *, best: bool = False) -> list[int]:
    """Write as the example's generate.py does."""
    state: Any = None
    token, tokens = torch.full((1, 1), 2), []
    for _ in range(count):
        states, state = net.rnn(net.encoder(token), state)
        logits = net.decoder(states).flatten()
        shares = logits.div(0.8).exp()
        chosen = logits.argmax() if best else torch.multinomial(shares, 1)[0]
        token.fill_(chosen)
        tokens.append(int(chosen))
    return tokens


def _by_onnxruntime(session: Any, size: int, count: int, *, best: bool = False) -> list[int]:
    state = {name: np.zeros((1, 1, size), np.float32) for name in ("h0", "c0", "h1", "c1")}
    draw, tokens = np.random.default_rng(0), [2]
    for _ in range(count):
        logits, *parts = session.run(None, {"token": np.array([tokens[-1]]), **state})
        state = dict(zip(state, parts, strict=True))
        if best:
            tokens.append(int(logits[0].argmax()))
            continue
        shares = np.exp((logits[0] - logits[0].max()) / 0.8)
        reached = np.cumsum(shares)
        tokens.append(min(int(np.searchsorted(reached, draw.random() * reached[-1])), len(reached) - 1))
    return tokens[1:]


def _session(net: LanguageNet, threads: int) -> Any:
    """Make one graph of a step: the token's vector, two LSTM nodes, the product with all words."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    H, V = UNITS, len(net.embedding.weight)
    bias = np.zeros(V, np.float32) if net.bias is None else net.bias.detach().numpy()
    arrays = {"words": net.embedding.weight.detach().numpy(), "bias": bias, "shape": np.array([1, 1, H])}
    nodes = [
        helper.make_node("Gather", ["words", "token"], ["vector"]),
        helper.make_node("Reshape", ["vector", "shape"], ["x0"]),
    ]
    for n, layer in enumerate(net.walks):
        name, attributes = onnx_operator("lstm", H)
        parts = [[None if w is None else w.detach().numpy() for w in layer.weights_of(0)[0][:4]]]
        arrays |= {f"{k}{n}": a for k, a in zip("WRB", onnx_weights("lstm", parts), strict=True) if a is not None}
        inputs = [f"x{n}", f"W{n}", f"R{n}", f"B{n}", "", f"h{n}", f"c{n}"]
        nodes.append(helper.make_node(name, inputs, ["", f"H{n}", f"C{n}"], **attributes))
        nodes.append(helper.make_node("Identity", [f"H{n}"], [f"x{n + 1}"]))
    nodes.append(helper.make_node("Reshape", ["x2", "flat"], ["last"]))
    nodes.append(helper.make_node("Gemm", ["last", "words", "bias"], ["logits"], transB=1))
    arrays["flat"] = np.array([1, H])
    value = partial(helper.make_tensor_value_info, elem_type=TensorProto.FLOAT)
    state = [f"{part}{n}" for n in range(2) for part in "hc"]
    graph = helper.make_graph(
        nodes,
        "step",
        [helper.make_tensor_value_info("token", TensorProto.INT64, [1])] + [value(s, shape=[1, 1, H]) for s in state],
        [value("logits", shape=[1, V])] + [value(s.upper(), shape=[1, 1, H]) for s in state],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
