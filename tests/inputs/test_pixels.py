"""Images on their way into a network: changed only in the ways that were asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gyeol.inputs.pixels import AUGMENTATIONS, changed, colours_to_numbers, enlarged

CHANCE = np.random.default_rng(0)
ONE = CHANCE.integers(0, 256, (32, 32, 3), dtype=np.uint8)


def around(image: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return np.pad(image, ((2, 2), (2, 2), (0, 0)), mode="reflect")


def kinds(kind: str | None) -> set[str]:
    """Which ways an image came out: turned, in a mirror, moved."""
    found = set()
    wide = around(ONE)
    moves = [(d, a, wide[d : d + 32, a : a + 32]) for d in range(5) for a in range(5)]
    for image in changed(np.repeat(ONE[None], 60, axis=0), kind):
        for down, across, moved in moves:
            for mirror in (False, True):
                for turns in range(4):
                    if np.array_equal(np.rot90(moved[:, ::-1] if mirror else moved, turns), image):
                        found.add(f"{'mirror ' * mirror}{turns} {'moved' if (down, across) != (2, 2) else ''}".strip())
    return found


def test_each_kind_does_what_it_says_and_no_more() -> None:
    assert kinds(None) == {"0"}
    assert kinds("shift") == {"0", "0 moved"}
    assert {"0 moved", "mirror 0 moved"} <= kinds("flip") <= {"0", "0 moved", "mirror 0", "mirror 0 moved"}
    turned = {f"{m}{t} moved" for m in ("", "mirror ") for t in range(4)}
    assert turned <= kinds("turn") <= turned | {f"{m}{t}" for m in ("", "mirror ") for t in range(4)}


@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_the_generator_decides(kind: str | None) -> None:
    images = CHANCE.integers(0, 256, (6, 24, 24, 3), dtype=np.uint8)
    torch.manual_seed(1)
    first = changed(images, kind)
    torch.manual_seed(1)
    assert np.array_equal(changed(images, kind), first)
    assert first.shape == images.shape


def test_tiny_images_do_not_move() -> None:
    tiny = CHANCE.integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    assert np.array_equal(changed(tiny, "shift"), tiny)


def test_numbers_are_about_zero() -> None:
    grey = np.full((2, 4, 4, 3), 116, np.uint8)
    x = colours_to_numbers(grey)
    assert (x.shape, x.dtype) == ((2, 3, 4, 4), torch.float32)
    assert float(x.abs().max()) < 0.3
    black, white = (colours_to_numbers(np.full((1, 2, 2, 3), value, np.uint8)) for value in (0, 255))
    assert -2.2 < float(black.min()) < float(white.max()) < 2.7
    half = np.concatenate([np.zeros((4, 2, 4, 3), np.uint8), np.full((4, 2, 4, 3), 255, np.uint8)], axis=1)
    varied = colours_to_numbers(half, vary=True)
    assert len({round(float(v), 3) for v in varied[:, 0, 3, 3]}) == 4
    assert ((varied[:, 0, 3, 3] - varied[:, 0, 0, 0]) > 2.2).all()  # light stays light


def test_a_part_is_shown_as_large_as_the_whole() -> None:
    """On an image whose colours say where they are, a part's colours say where it lies."""
    torch.manual_seed(0)
    at = (torch.arange(32) + 0.5) / 32
    images = torch.stack([at.expand(32, 32), at[:, None].expand(32, 32), torch.ones(32, 32)]).expand(50, 3, 32, 32)
    found = enlarged(images, 0.5)
    torch.testing.assert_close(found[:, 2], images[:, 2], rtol=0, atol=1e-5)
    across, down = (found[:, 0, 16, 1:] - found[:, 0, 16, :-1], found[:, 1, 1:, 16] - found[:, 1, :-1, 16])
    sides = 32 * across[:, 8:24].mean(1)
    torch.testing.assert_close(sides, 32 * down[:, 8:24].mean(1), rtol=0, atol=1e-5)
    assert 0.5 <= float(sides.min()) < 0.6 < 0.9 < float(sides.max()) <= 1.0
    middles = (found[:, :2, 15, 15] + found[:, :2, 16, 16]) / 2
    assert (middles >= sides[:, None] / 2 - 1e-5).all()
    assert (middles <= 1 - sides[:, None] / 2 + 1e-5).all()
    assert float(middles.std(0).min()) > 0.05
    torch.testing.assert_close(enlarged(images, 0.0), images, rtol=0, atol=1e-5)
