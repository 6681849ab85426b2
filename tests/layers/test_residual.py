"""The residual net: grids of the size it says, one image alone as in a batch, and it learns."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from gyeol.errors import DataError, MissingExtraError, ParameterError
from gyeol.kernels.native import bfloat16_available
from gyeol.layers import ResidualNet
from gyeol.layers.backbone import grid_of, is_encoder, make_encoder


@given(
    st.integers(8, 40), st.integers(8, 40), st.sampled_from([1, 2, 4]), st.integers(1, 3), st.integers(1, 2),
    st.sampled_from([1, 3]),
)  # fmt: skip
def test_the_grid_is_as_large_as_it_says(
    height: int, width: int, stem: int, stages: int, blocks: int, colours: int
) -> None:
    net = ResidualNet([8] * stages, blocks=blocks, stem=stem, input_channels=colours)
    grid = net.grid(height, width)
    found = net(torch.randn(2, colours, height, width))
    assert found.shape == (2, grid[0] * grid[1], net.size)
    assert net.maps(torch.randn(1, colours, height, width)).shape[2:] == grid


@pytest.mark.parametrize("training", [True, False])
def test_an_image_alone_is_the_same_as_in_a_batch(training: bool) -> None:
    net = ResidualNet([16, 24]).double().train(training)
    images = torch.randn(5, 3, 20, 20, dtype=torch.float64)
    together = net(images)
    for row in range(5):
        torch.testing.assert_close(net(images[row : row + 1])[0], together[row], rtol=0, atol=1e-12)


def test_standardised_weights_have_neither_size_nor_mean() -> None:
    net, other = ResidualNet([16, 24], standardize=True).double(), ResidualNet([16, 24], standardize=True).double()
    plain = ResidualNet([16, 24]).double()
    images = torch.randn(2, 3, 20, 20, dtype=torch.float64)
    state = net.state_dict()
    plain.load_state_dict(state)
    other.load_state_dict({name: 3 * w + 0.5 if w.ndim == 4 else w for name, w in state.items()})
    torch.testing.assert_close(other(images), net(images), rtol=0, atol=1e-3)
    assert float((plain(images) - net(images)).detach().abs().max()) > 0.1
    for name, w in state.items():
        if w.ndim == 4:
            rows = (w.flatten(1) - w.flatten(1).mean(1, keepdim=True)).double()
            state[name] = (rows / rows.norm(dim=1, keepdim=True)).view_as(w)
    plain.load_state_dict(state)
    torch.testing.assert_close(plain(images), net(images), rtol=0, atol=1e-3)


def test_places_lie_row_by_row() -> None:
    net = ResidualNet([8], stem=1)
    image = torch.zeros(1, 3, 6, 9)
    image[:, :, 4, 7] = 50.0
    moved = (net(image) - net(torch.zeros(1, 3, 6, 9))).abs().sum(2).view(6, 9)
    far = [(abs(n // 9 - 4), abs(n % 9 - 7)) for n in moved.flatten().topk(3).indices.tolist()]
    assert max(map(max, far)) <= 2


def test_bfloat16_is_close_and_float64_stays_exact() -> None:
    net, half = ResidualNet([16, 32]), ResidualNet([16, 32], precision="bfloat16")
    half.load_state_dict(net.state_dict())
    images = torch.randn(2, 3, 32, 32)
    assert half(images).dtype == torch.float32
    torch.testing.assert_close(half(images), net(images), rtol=0.1, atol=0.1)
    assert half.double()(images.double()).dtype == torch.float64


@pytest.mark.skipif(not bfloat16_available(), reason="this processor multiplies no bfloat16")
@pytest.mark.parametrize("element", ["float32", "bfloat16"])
def test_auto_is_what_is_faster_in_training(element: str, won: Callable[[str], list[str]]) -> None:
    races = won(element)
    nets = [ResidualNet([16, 32], precision=precision) for precision in ("auto", element, "float32")]
    for net in nets[1:]:
        net.load_state_dict(nets[0].state_dict())
    images = torch.randn(2, 3, 32, 32)
    auto, fixed, plain = (net(images) for net in nets)
    assert torch.equal(auto, fixed)
    with torch.no_grad():
        assert torch.equal(nets[0](images), nets[1](images))
    assert torch.equal(nets[0].eval()(images), plain)
    assert races == ["float32 bfloat16"] * 2, "with gradients and without"
    assert all(parameter.grad is None for parameter in nets[0].parameters())


def test_it_learns_which_way_stripes_go() -> None:
    net, head = ResidualNet([8, 16]), nn.Linear(16, 2)
    weights = [*net.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=3e-3)
    stripes = torch.arange(16) % 4 < 2
    across = torch.randint(0, 2, (64,))
    images = torch.stack([stripes.float().expand(16, 16) if a else stripes.float().expand(16, 16).T for a in across])
    images = images[:, None].expand(-1, 3, -1, -1) + 0.3 * torch.randn(64, 3, 16, 16)
    for _ in range(30):
        loss = nn.functional.cross_entropy(head(net(images).mean(1)), across)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert float(loss.detach()) < 0.05
    assert all(p.grad is None or p.grad.isfinite().all() for p in weights)


def test_wrong_calls() -> None:
    with pytest.raises(DataError, match=r"the images have shape \(2, 1, 8, 8\), expected \(B, 3, H, W\)"):
        ResidualNet([8])(torch.zeros(2, 1, 8, 8))
    with pytest.raises(ParameterError, match="one stage and one block or more"):
        ResidualNet([])
    with pytest.raises(ParameterError, match="stem=3"):
        ResidualNet([8], stem=3)


# What sees an image, by name.


@pytest.mark.parametrize(
    ("size", "grid"), [(8, (4, 4, 4)), (16, (8, 8, 4)), (64, (8, 8, 16)), (96, (6, 6, 16)), (128, (8, 8, 16))]
)
def test_of_every_size_about_eight_by_eight_places_are_left(size: int, grid: tuple[int, int, int]) -> None:
    encoder = make_encoder("residual", size=size, channels=4)
    assert grid_of(encoder, size) == grid
    assert encoder.training


def test_names() -> None:
    assert [is_encoder(name) for name in ("residual", "features", "timm:resnet18", "torchvision:resnet18")] == [""] * 4
    assert all(is_encoder(name) for name in ("resnet", "timm:", "keras:x", 3, None))
    # timm would take these for addresses, on the Hub or on the disk, even where a model's own file names them.
    addresses = ("timm:hf-hub:somebody/net", "timm:local-dir:/tmp/net", "timm:hf_hub/x", "torchvision:a/b")
    assert all(is_encoder(name) for name in addresses)
    with pytest.raises(ParameterError, match="is not known"):
        make_encoder(addresses[0], size=32, channels=1)
    with pytest.raises(ParameterError, match="there are no trained weights of encoder='residual'"):
        make_encoder("residual", size=32, channels=8, pretrained=True)


def library(monkeypatch: pytest.MonkeyPatch, name: str, make: Any) -> None:
    module = ModuleType(name)
    if name == "timm":
        module.create_model = make  # type: ignore[attr-defined]
    else:
        module.models = ModuleType("torchvision.models")  # type: ignore[attr-defined]
        module.models.get_model = make
        monkeypatch.setitem(sys.modules, "torchvision.models", module.models)
    monkeypatch.setitem(sys.modules, name, module)


class Tall(nn.Sequential):
    """A net whose last two parts make classes of what the first makes."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 6, 4, stride=4)
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(6, 9)


def test_nets_of_timm_and_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def create_model(name: str, **how: Any) -> nn.Module:
        asked.append((name, how))
        if name != "known":
            raise RuntimeError(f"Unknown model ({name})")
        return nn.Sequential(nn.Conv2d(3, 5, 8, stride=8))

    library(monkeypatch, "timm", create_model)
    encoder = make_encoder("timm:known", size=32, channels=1)
    assert grid_of(encoder, 32) == (4, 4, 5)
    assert encoder(torch.zeros(2, 3, 32, 32)).shape == (2, 16, 5)
    assert asked == [("known", {"pretrained": False, "features_only": True, "out_indices": (-1,)})]
    with pytest.raises(ParameterError, match=r"encoder='timm:other': timm cannot make it \(Unknown model"):
        make_encoder("timm:other", size=32, channels=1)
    library(monkeypatch, "torchvision", lambda name, weights: Tall())
    assert grid_of(make_encoder("torchvision:tall", size=32, channels=1), 32) == (8, 8, 6)
    library(monkeypatch, "torchvision", lambda name, weights: nn.Sequential(nn.Linear(2, 2)))
    with pytest.raises(ParameterError, match="it gives no grid"):
        make_encoder("torchvision:flat", size=32, channels=1)
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingExtraError, match="encoder='timm:known' needs timm"):
        make_encoder("timm:known", size=32, channels=1)
