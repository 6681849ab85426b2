"""Image encoders: our residual net, or one of timm's or torchvision's by name."""

from __future__ import annotations

import math
import re
from typing import Any

import torch
from torch import Tensor, nn

from gyeol.errors import DataError, MissingExtraError, ParameterError
from gyeol.layers.residual import ResidualNet

__all__ = ["Backbone", "grid_of", "is_encoder", "make_encoder"]

# A name of the library's own: with a colon or a slash timm would look on the Hub, or in a folder, for what a file says.
_NAME = re.compile(r"[A-Za-z0-9_.\-]+")


def is_encoder(value: Any) -> str:
    """Accept the name of an encoder: the message of a rule, or an empty one."""
    library, _, name = value.partition(":") if isinstance(value, str) else ("", "", "")
    if value in ("residual", "features") or (library in _LIBRARIES and _NAME.fullmatch(name)):
        return ""
    return "is not known. Possible: residual, features, timm:NAME, torchvision:NAME"


def make_encoder(
    name: str,
    *,
    size: int,
    channels: int,
    pretrained: bool = False,
    precision: str = "float32",
    standardize: bool = True,
) -> ResidualNet | Backbone:
    """Create an image encoder.

    Parameters
    ----------
    name : str
        ``"residual"``, ``"timm:NAME"`` or ``"torchvision:NAME"``.
    size : int
        Pixels of an image either way: the residual net has so many stages that about 8 by 8 places are left.
    channels : int
        Of the residual net's first stage; the others have two and four times as many.
    pretrained : bool
        Let the library fetch its weights; nothing is fetched otherwise.
    precision, standardize
        As in `ResidualNet`.

    Raises
    ------
    MissingExtraError
        The library is not installed.
    ParameterError
        It knows no such net, or none that gives a grid; the name is an address; or our own shall be pretrained.
    """
    if wrong := is_encoder(name):
        raise ParameterError(f"encoder={name!r:.60} {wrong}")
    library, _, kind = name.partition(":")
    if library in _LIBRARIES:
        try:
            return Backbone(_LIBRARIES[library](kind, pretrained))
        except ImportError:
            raise MissingExtraError(f"encoder={name!r}", library, "backbones") from None
        except (LookupError, RuntimeError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise ParameterError(f"encoder={name!r}: {library} cannot make it ({reason:.160})") from error
    if pretrained:
        raise ParameterError("pretrained=True: there are no trained weights of encoder='residual'; it is trained here")
    stages = max(1, round(math.log2(size / 8)))
    widths = [channels * min(2**n, 4) for n in range(stages)]
    return ResidualNet(widths, precision=precision, standardize=standardize)


def grid_of(encoder: ResidualNet | Backbone, size: int) -> tuple[int, int, int]:
    """Return height, width and D of the grid for an image of ``size`` pixels either way."""
    was = encoder.training
    with torch.inference_mode():
        depth, height, width = encoder.eval().maps(torch.zeros(1, 3, size, size)).shape[1:]
    encoder.train(was)
    return int(height), int(width), int(depth)


class Backbone(nn.Module):
    """The last features of a net that somebody else wrote, as a grid.

    Parameters
    ----------
    net : nn.Module
        Images to maps (B, D, height, width), or a list of such, the last of which counts.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def maps(self, images: Tensor) -> Tensor:
        """Look at images (B, 3, S, S): (B, D, height, width)."""
        found = self.net(images)
        maps: Tensor = found[-1] if isinstance(found, (list, tuple)) else found
        if maps.dim() != 4:
            raise DataError(f"the encoder gives {tuple(maps.shape)}, and a grid (B, D, height, width) was expected")
        return maps

    def forward(self, images: Tensor) -> Tensor:
        """Look at images: (B, P, D), row by row."""
        return self.maps(images).flatten(2).transpose(1, 2)


def _timm(name: str, pretrained: bool) -> nn.Module:
    import timm

    net: nn.Module = timm.create_model(name, pretrained=pretrained, features_only=True, out_indices=(-1,))
    return net


def _torchvision(name: str, pretrained: bool) -> nn.Module:
    from torchvision.models import get_model

    net: nn.Module = get_model(name, weights="DEFAULT" if pretrained else None)
    if isinstance(features := getattr(net, "features", None), nn.Module):
        return features
    parts = list(net.named_children())
    if [part for part, _ in parts[-2:]] != ["avgpool", "fc"]:
        raise ValueError("it gives no grid of features that is known here")
    return nn.Sequential(*(part for _, part in parts[:-2]))


_LIBRARIES = {"timm": _timm, "torchvision": _torchvision}
