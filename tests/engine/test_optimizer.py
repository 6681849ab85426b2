"""The optimizer is PyTorch's AdamW and SparseAdam, step by step; clipping and decay are what they should be."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from gyeol.engine.average import Average
from gyeol.engine.optimizer import Optimizer, decay
from gyeol.kernels import native, native_available
from gyeol.kernels.words import calls
from gyeol.layers import DirectScores


class Net(nn.Module):
    """A table of 12 words and a layer of each shape of weight."""

    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.table = nn.Embedding(12, 4, sparse=True, dtype=dtype)
        self.middle = nn.Linear(4, 3, dtype=dtype)
        self.scale = nn.Parameter(torch.ones(3, dtype=dtype))
        self.unused = nn.Linear(2, 2, dtype=dtype)

    def forward(self, words: Tensor) -> Tensor:
        return (torch.tanh(self.middle(self.table(words).sum(1))) * self.scale).square().mean()


def twins(dtype: torch.dtype = torch.float32) -> tuple[Net, Net]:
    torch.manual_seed(0)
    net = Net(dtype)
    return net, copy.deepcopy(net)


def texts(step: int) -> Tensor:
    return torch.randint(0, 12, (5, 3), generator=torch.Generator().manual_seed(step))


def moments(optimizer: Optimizer) -> float:
    """The length of all first moments together."""
    tensors, _ = optimizer.state()
    return math.sqrt(sum(float(t.square().sum()) for name, t in tensors.items() if name.endswith(".exp_avg")))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("clip_norm", [0.0, 0.02])
def test_it_is_adamw_and_sparse_adam(dtype: torch.dtype, clip_norm: float) -> None:
    net, twin = twins(dtype)
    optimizer = Optimizer(net, learning_rate=0.1, weight_decay=0.2, clip_norm=clip_norm)
    adam = torch.optim.AdamW(
        [
            {"params": [twin.middle.weight, twin.unused.weight], "weight_decay": 0.2},
            {"params": [twin.middle.bias, twin.scale, twin.unused.bias], "weight_decay": 0.0},
        ],
        fused=True,
    )
    sparse = torch.optim.SparseAdam([twin.table.weight])
    clipped = 0
    for step in range(12):
        net(texts(step)).backward()
        twin(texts(step)).backward()
        twin.table.weight.grad = twin.table.weight.grad.coalesce()
        gradients = [p.grad for p in twin.parameters() if p.grad is not None]
        values = [g._values() if g.is_sparse else g for g in gradients]
        length = float(torch.linalg.vector_norm(torch.stack([v.norm() for v in values])))
        if clip_norm and length > clip_norm:
            clipped += 1
            for value in values:
                value.mul_(clip_norm / (length + 1e-6))
        for part in (adam, sparse):
            for group in part.param_groups:
                group["lr"] = 0.1 * decay(step / 12)
            part.step()
            part.zero_grad()
        assert optimizer.step(scale=decay(step / 12)) == pytest.approx(length)
        for own, other in zip(net.parameters(), twin.parameters(), strict=True):
            torch.testing.assert_close(own, other, rtol=1e-6, atol=1e-7)
            assert own.grad is None
    assert (clipped > 0) == bool(clip_norm)


@given(st.lists(st.lists(st.integers(0, 11), min_size=3, max_size=3), min_size=1, max_size=6), st.booleans())
@settings(max_examples=40)
def test_rows_that_are_not_in_the_batch_stay_to_the_bit(batch: list[list[int]], later: bool) -> None:
    net, _ = twins()
    optimizer = Optimizer(net, learning_rate=0.1, weight_decay=0.5, clip_norm=0.01)
    if later:  # with momentum in every row
        net(torch.arange(12).view(4, 3)).backward()
        optimizer.step(scale=1.0)
    before = net.table.weight.detach().clone()
    kept = {name: t.clone() for name, t in optimizer.state()[0].items() if t.shape == before.shape}
    net(torch.tensor(batch)).backward()
    optimizer.step(scale=1.0)
    touched = sorted({word for text in batch for word in text})
    others = [word for word in range(12) if word not in touched]
    assert torch.equal(net.table.weight[others], before[others])
    assert not (net.table.weight[touched] == before[touched]).all()
    for name, old in kept.items():
        assert torch.equal(optimizer.state()[0][name][others], old[others])


def test_weight_decay_spares_biases_scales_and_embeddings() -> None:
    net, _ = twins()
    optimizer = Optimizer(net, learning_rate=0.1, weight_decay=0.5)
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    (0.0 * (net(texts(0)) + net.unused(torch.ones(1, 2)).sum())).backward()  # gradients of zero: nothing but decay
    optimizer.step(scale=1.0)
    for name, parameter in net.named_parameters():
        factor = 1 - 0.1 * 0.5 if name in {"middle.weight", "unused.weight"} else 1.0
        torch.testing.assert_close(parameter.detach(), before[name] * factor, rtol=1e-6, atol=0)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_clipping_bounds_the_gradient_of_all_parameters_together(scale: float) -> None:
    net, _ = twins()
    optimizer = Optimizer(net, learning_rate=0.1, clip_norm=0.02)
    (scale * net(texts(0))).backward()
    length = optimizer.step(scale=1.0)
    assert moments(optimizer) == pytest.approx(0.1 * min(length, 0.02), rel=1e-3)  # 1 - beta_1 of one gradient


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_gradient_that_is_no_number_updates_nothing(value: float) -> None:
    net, twin = twins()
    optimizer = Optimizer(net, learning_rate=0.1, weight_decay=0.5, clip_norm=1.0)
    (value * net(texts(0))).backward()
    assert not math.isfinite(optimizer.step(scale=1.0))
    for own, other in zip(net.parameters(), twin.parameters(), strict=True):
        assert torch.equal(own, other)
        assert own.grad is None
    assert optimizer.state() == ({}, {})


def test_what_is_frozen_or_was_not_used_stays() -> None:
    net, twin = twins()
    net.table.weight.requires_grad_(False)
    optimizer = Optimizer(net, learning_rate=0.1, weight_decay=0.5)
    net(texts(0)).backward()
    optimizer.step(scale=1.0)
    assert torch.equal(net.table.weight, twin.table.weight)
    assert torch.equal(net.unused.weight, twin.unused.weight)
    assert not torch.equal(net.middle.weight, twin.middle.weight)


@pytest.mark.parametrize("layers", [nn.Linear(2, 2), nn.Embedding(3, 2, sparse=True)], ids=["dense", "sparse"])
def test_nets_of_one_kind(layers: nn.Module) -> None:
    optimizer = Optimizer(layers, learning_rate=0.1)
    layers(torch.ones(2, 2) if isinstance(layers, nn.Linear) else torch.tensor([0])).sum().backward()
    assert optimizer.step(scale=1.0) > 0
    optimizer.restore(*optimizer.state())


# Put down and taken up.


def trained(steps: int, net: Net) -> Optimizer:
    optimizer = Optimizer(net, learning_rate=0.1, weight_decay=0.2, clip_norm=0.5)
    for step in range(steps):
        net(texts(step)).backward()
        optimizer.step(scale=1.0)
    return optimizer


def taken(optimizer: Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """A state as it comes back from a file."""
    tensors, numbers = optimizer.state()
    return {name: t.clone() for name, t in tensors.items()}, json.loads(json.dumps(numbers))


@given(st.integers(0, 4), st.integers(1, 3))
@settings(max_examples=10)
def test_restored_it_goes_on_to_the_same_bits(first: int, then: int) -> None:
    net, _ = twins()
    optimizer = trained(first, net)
    other = copy.deepcopy(net)
    twin = Optimizer(other, learning_rate=0.1, weight_decay=0.2, clip_norm=0.5)
    twin.restore(*taken(optimizer))
    assert len(twin.state()[0]) == len(optimizer.state()[0])
    for step in range(first, first + then):
        for model, part in ((net, optimizer), (other, twin)):
            model(texts(step)).backward()
            part.step(scale=0.5)
    for own, copied in zip(net.parameters(), other.parameters(), strict=True):
        assert torch.equal(own, copied)


KEY = "1.0.exp_avg"  # the table's first moment
STEP = "1.0.step"


@pytest.mark.parametrize(
    "change",
    [
        lambda t, n: t.update({KEY: t[KEY][:-1]}),
        lambda t, n: t.update({KEY: t[KEY].double()}),
        lambda t, n: t.update({KEY: t[KEY].long()}),
        lambda t, n: t.pop(KEY),
        lambda t, n: t.update({"0.0.exp_avg": t[KEY]}),
        lambda t, n: t.update({"7.0.exp_avg": t[KEY]}),
        lambda t, n: t.update({"-1.0.exp_avg": t[KEY]}),
        lambda t, n: t.update({"1.9.exp_avg": t[KEY]}),
        lambda t, n: t.update({"1.0.other": t[KEY]}),
        lambda t, n: t.update({"1.0": t[KEY]}),
        lambda t, n: t.update({"x.y.z": t[KEY]}),
        lambda t, n: t.update({"0.0.step": torch.tensor(math.nan)}),
        lambda t, n: t.update({"0.0.step": torch.tensor([1.0, 2.0])}),
        lambda t, n: t.pop("0.0.step") is n.update({"0.0.step": 3}),
        lambda t, n: n.pop(STEP),
        lambda t, n: n.update({KEY: 1.0}),
        *[lambda t, n, wrong=wrong: n.update({STEP: wrong}) for wrong in (0, -1, math.nan, 1.5, None, [], "3", True)],
    ],
)
def test_a_state_that_cannot_be_is_refused_and_changes_nothing(change: Any) -> None:
    net, _ = twins()
    optimizer = trained(3, net)
    tensors, numbers = taken(optimizer)
    change(tensors, numbers)
    before = taken(optimizer)
    with pytest.raises(ValueError, match="optimizer"):
        optimizer.restore(tensors, numbers)
    after = taken(optimizer)
    assert after[1] == before[1]
    assert after[0].keys() == before[0].keys()
    assert all(torch.equal(after[0][name], t) for name, t in before[0].items())
    net(texts(9)).backward()
    optimizer.step(scale=1.0)


# The schedule.


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_learning_rate_stays_between_nothing_and_all(progress: float, warmup: float) -> None:
    assert 0.0 <= decay(progress, warmup=warmup) <= 1.0


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.5])
def test_up_then_down_a_half_cosine(warmup: float) -> None:
    scales = [decay(i / 200, warmup=warmup) for i in range(201)]
    peak = round(200 * warmup)
    assert scales[peak] == 1.0
    assert scales[:peak] == sorted(scales[:peak])
    assert scales[peak:] == sorted(scales[peak:], reverse=True)
    assert scales[200] == 0.0
    assert decay((1 + warmup) / 2, warmup=warmup) == pytest.approx(0.5)
    assert decay(3.0, warmup=warmup) == 0.0


@pytest.mark.parametrize("kind", ["sgd", "asgd"])
def test_descent_is_pytorch_s(kind: str) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    twin = copy.deepcopy(net)
    ours = Optimizer(net, learning_rate=2.0, weight_decay=0.01, clip_norm=0.1, kind=kind)
    matrices, others = [[p for p in twin.parameters() if (p.ndim > 1) == wide] for wide in (True, False)]
    theirs = torch.optim.SGD([{"params": matrices, "weight_decay": 0.01}, {"params": others}], lr=1.0)
    x = torch.randn(8, 3)
    for _ in range(4):
        for made in (net, twin):
            made(x).square().mean().backward()
        nn.utils.clip_grad_norm_(twin.parameters(), 0.1)
        theirs.step()
        theirs.zero_grad()
        ours.step(scale=0.5)
    for p, q in zip(net.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(p, q)
    assert ours.state() == ({}, {})
    with pytest.raises(ValueError, match="has no state"):
        ours.restore({"0.0.exp_avg": torch.zeros(4, 3)}, {})


def test_a_linear_part_goes_by_plain_descent_at_its_own_rate() -> None:
    torch.manual_seed(0)
    net = nn.ModuleList([DirectScores(3, [3], 2), nn.Linear(2, 2)])
    scores, linear = net
    scores.set_keys(torch.tensor([1, 2, 3]))
    ours = Optimizer(net, learning_rate=0.01)
    for scale in (1.0, 0.5):
        before = scores.weight.detach().clone()
        linear(scores(torch.tensor([[[2], [3]]]))).square().sum().backward()
        gradient = scores.weight.grad.to_dense()
        ours.step(scale=scale)
        assert gradient.any()
        torch.testing.assert_close(scores.weight.detach(), before - 0.01 * scale * scores.descent * gradient)
    tensors, numbers = ours.state()
    assert {key.partition(".")[0] for key in [*tensors, *numbers]} == {"0"}  # descent has no state
    Optimizer(net, learning_rate=0.01).restore(tensors, numbers)
    with pytest.raises(ValueError, match="has no state"):
        ours.restore({**tensors, "1.0.exp_avg": torch.zeros(4, 2)}, numbers)


@pytest.mark.skipif(not native_available(), reason="the kernels were not built")
@pytest.mark.parametrize("instructions", native.instruction_sets())
@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_one_pass_is_pytorch_s_optimizers_and_the_average(
    instructions: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    before = native.use_instruction_set(instructions)
    try:
        for whole in (True, False):
            net, _ = twins()
            monkeypatch.setattr("gyeol.engine.optimizer.one_pass", lambda parameters, whole=whole: whole)
            optimizer = Optimizer(net, learning_rate=0.1, weight_decay=0.2, clip_norm=0.05, kind=kind)
            average = Average(net, 0.6)
            for step in range(30):  # so many that the average's scale is reset
                loss = net(texts(step)) + (net.unused(torch.ones(1, 2)).sum() if step % 5 == 4 else 0.0)
                loss.backward()
                optimizer.step(scale=decay(step / 40), average=average, number=step)
            tensors, _ = optimizer.state()
            of_average = {f"average.{name}": value for name, value in average.weights().items()}
            found.append({**dict(net.named_parameters()), **tensors, **of_average})
    finally:
        native.use_instruction_set(before)
    assert found[0].keys() == found[1].keys()
    for name, value in found[0].items():
        torch.testing.assert_close(value, found[1][name], rtol=2e-6, atol=1e-6, msg=lambda text, n=name: f"{n}: {text}")


@pytest.mark.skipif(not native_available(), reason="the kernels were not built")
def test_an_update_refuses_what_does_not_fit() -> None:
    w, numbers = torch.zeros(4, 2), [1.0, 0.1, 0.001, 0.1, 1.0, 1e-8, 0.0, 0.0]
    with pytest.raises(ValueError, match="size"):
        calls.update(w, torch.zeros(3, 2), None, None, None, numbers)
    with pytest.raises(ValueError, match="size"):
        calls.update(w, torch.zeros(4, 2), torch.zeros(2), torch.zeros(2), None, numbers)
    with pytest.raises(ValueError, match="goes with"):
        calls.update(w, torch.zeros(4, 2), torch.zeros(4, 2), None, None, numbers)
    with pytest.raises(ValueError, match="eight"):
        calls.update(w, torch.zeros(4, 2), None, None, None, numbers[:7])
    for rows in ([1, 1], [2, 1], [0, 4], [-1, 0]):
        with pytest.raises(ValueError, match="ascend"):
            calls.update(w, torch.zeros(2, 2), None, None, None, numbers, torch.tensor(rows))
    assert not w.any()
