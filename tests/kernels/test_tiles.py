"""The operation of tiles: its emulation against NumPy, and where the processor has them, both bodies to the bit."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from gyeol import kernels
from gyeol.kernels import native

pytestmark = pytest.mark.skipif(not native.native_available(), reason=f"kernels: {native.describe()}")
HAVE = native.instruction_sets()
BODIES = [name for name in ("amx-emulated", "amx") if name in HAVE]
NO_TILES = native.no_tiles()

LEAST = 2.0**-126  # the smallest normal number of float32


def as_zero(x: np.ndarray) -> np.ndarray:
    """Denormal numbers become 0 of their sign."""
    return np.where(np.abs(x) < LEAST, np.copysign(np.float32(0), x), x).astype(np.float32)


def rounded(total: np.ndarray) -> np.ndarray:
    """A sum in float64 to 24 digits, ties to even; what is too small then becomes 0 of its sign, too large infinity."""
    with np.errstate(all="ignore"):
        mantissa, exponent = np.frexp(total)
        near = np.ldexp(np.round(mantissa * 2.0**24), exponent - 24)  # np.round: ties to even
        near = np.where(np.isfinite(total), near, total)
        return np.where(np.abs(near) < LEAST, np.copysign(0.0, total), near).astype(np.float32)


def expected(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """TDPBF16PS as Intel's manual writes it, each fused operation in float64 and then rounded: see tiles.hpp."""
    rows, pairs = len(a), len(b)
    with np.errstate(all="ignore"):
        left = as_zero((a.astype(np.uint32) << 16).view(np.float32)).astype(np.float64).reshape(rows, pairs, 2)
        right = as_zero((b.astype(np.uint32) << 16).view(np.float32)).astype(np.float64)
        total = np.zeros((rows, 16, 2), np.float32)
        for k in range(pairs):
            total = rounded(total.astype(np.float64) + left[:, k, None, :] * right[None, k])
        both = rounded(total[..., 0].astype(np.float64) + total[..., 1].astype(np.float64))
        return rounded(as_zero(c).astype(np.float64) + both.astype(np.float64))


def bits(values: object) -> np.ndarray:
    """The bits of bfloat16s, the upper halves of float32s."""
    return (np.asarray(values, np.float32).view(np.uint32) >> 16).astype(np.uint16)


def multiplied(isa: str, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    out = np.array(c, np.float32)
    native._native.dot_tiles(np.ascontiguousarray(a), np.ascontiguousarray(b), out, isa)
    return out


def assert_same_bits(got: np.ndarray, right: np.ndarray) -> None:
    """Equal to the bit, and where one is a NaN so is the other: which NaN it is nobody promises."""
    assert np.array_equal(np.isnan(got), np.isnan(right))
    there = ~np.isnan(right)
    np.testing.assert_array_equal(got[there].view(np.uint32), right[there].view(np.uint32))


def drawn(kind: str, rows: int, pairs: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)

    def numbers(*shape: int) -> np.ndarray:
        if kind == "any bits":
            return rng.integers(0, 1 << 16, shape).astype(np.uint16)
        sign, mantissa = rng.integers(0, 2, shape) << 15, rng.integers(0, 128, shape)
        low, high = {"ordinary": (117, 132), "tiny": (0, 70), "vast": (180, 255), "all": (0, 255)}[kind]
        return (sign | rng.integers(low, high, shape) << 7 | mantissa).astype(np.uint16)

    c = (numbers(rows, 16).astype(np.uint32) << 16 | rng.integers(0, 1 << 16, (rows, 16)).astype(np.uint32)).view(
        np.float32
    )
    return numbers(rows, 2 * pairs), numbers(pairs, 16, 2), c


@pytest.mark.parametrize("isa", BODIES)
@pytest.mark.parametrize("kind", ["ordinary", "tiny", "vast", "all", "any bits"])
def test_the_operation_rounds_as_the_manual_says(isa: str, kind: str) -> None:
    for seed in range(40):
        a, b, c = drawn(kind, 1 + seed % 16, 1 + (seed * 5) % 16, seed)
        assert_same_bits(multiplied(isa, a, b, c), expected(a, b, c))


@pytest.mark.parametrize("isa", BODIES)
@pytest.mark.parametrize(
    ("a", "b", "c", "right"),
    [
        ([1.0, 0.0], [2.0, 0.0], 3.0, 5.0),
        ([-0.0, -0.0], [1.0, 1.0], -0.0, 0.0),  # the two sums begin at +0
        ([2.0**-130, 0.0], [2.0**100, 0.0], 0.0, 0.0),  # a denormal factor is 0
        ([2.0**-130, 0.0], [np.inf, 0.0], 0.0, np.nan),
        ([0.0, 0.0], [1.0, 1.0], 2.0**-130, 0.0),  # and so is a denormal sum that was there
        ([2.0**-70, 0.0], [2.0**-70, 0.0], 0.0, 0.0),  # and one that comes out
        ([2.0**-70, 2.0**-70], [-(2.0**-70), -(2.0**-70)], -0.0, -0.0),
        ([2.0**-63, 0.0], [2.0**-63, 0.0], 0.0, 2.0**-126),  # the least that stays
        ([2.0**100, 2.0**100], [2.0**100, -(2.0**100)], 0.0, np.nan),  # infinity less infinity: two sums
        ([2.0**127, 0.0], [2.0, 0.0], -np.inf, np.nan),
        ([2.0**127, 2.0**127], [1.0, -1.0], 1.0, 1.0),
        ([np.nan, 0.0], [1.0, 0.0], 1.0, np.nan),
        ([1.0, 2.0**-24], [1.0, 1.0], 0.0, 1.0),  # even + odd, a tie: to even
        ([1.0, 1.5 * 2.0**-24], [1.0, 1.0], 0.0, 1.0 + 2.0**-23),
        ([2.0**-24, 2.0**-24], [1.0, 1.0], 1.0, 1.0 + 2.0**-23),  # both together before what was there
    ],
)  # fmt: skip
def test_single_numbers(isa: str, a: list[float], b: list[float], c: float, right: float) -> None:
    got = multiplied(isa, bits([a]), np.broadcast_to(bits(b), (1, 16, 2)), np.full((1, 16), c, np.float32))
    assert_same_bits(got, np.full((1, 16), right, np.float32))


@pytest.mark.parametrize("isa", BODIES)
def test_the_processors_own_flags_change_nothing(isa: str) -> None:
    given = [drawn(kind, 16, 16, seed) for kind in ("tiny", "all") for seed in range(5)]
    before = [multiplied(isa, *one) for one in given]
    try:
        torch.set_flush_denormal(True)
        after = [multiplied(isa, *one) for one in given]
    finally:
        torch.set_flush_denormal(False)
    for one, other in zip(before, after, strict=True):
        assert_same_bits(other, one)


@pytest.mark.skipif("amx" not in HAVE, reason=f"no tiles here: {NO_TILES}")
@pytest.mark.parametrize("kind", ["ordinary", "tiny", "vast", "all", "any bits"])
def test_both_bodies_agree_to_the_bit(kind: str) -> None:
    for seed in range(200):
        given = drawn(kind, 1 + seed % 16, 1 + (seed * 5) % 16, seed)
        assert_same_bits(multiplied("amx", *given), multiplied("amx-emulated", *given))


def test_a_wrong_size_is_refused() -> None:
    a, b, c = drawn("ordinary", 3, 5, 0)
    for wrong in ((a, b, c[:2]), (a[:, :8], b, c), (a, b[:, :15], c), (a, b[:0], c)):
        with pytest.raises(ValueError, match=r"expected|a tile has"):
            multiplied("amx-emulated", *wrong)
    with pytest.raises(ValueError, match="there are no tiles in 'portable'"):
        multiplied("portable", a, b, c)


def test_tiles_need_the_processor_the_system_the_permission_and_agreement() -> None:
    said = [native._native.without_tiles(holds) for holds in range(5)]
    assert said == ["processor", "system", "permission", "its tiles do not multiply as their emulation does", ""]


def test_it_is_said_why_there_are_no_tiles() -> None:
    assert (NO_TILES == "") == ("amx" in HAVE)
    done = subprocess.run(
        [sys.executable, "-m", "gyeol.kernels"], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.startswith("gyeol kernels: native, ")
    assert (f"no AMX tiles: {NO_TILES}\n" in done.stdout) == bool(NO_TILES)


def test_a_refused_permission_leaves_tiles_out() -> None:
    """On a processor without tiles the refusal is not even reached."""
    code = "from gyeol.kernels import *; print(instruction_sets(), no_tiles())"
    environment = {**os.environ, "GYEOL_TILES": "refused", "GYEOL_ISA": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    assert "'amx'" not in done.stdout
    reason = NO_TILES or "permission to use tiles was refused (GYEOL_TILES=refused)"
    assert done.stdout.endswith(f"] {reason}\n")


def test_the_emulation_is_never_chosen_unasked() -> None:
    assert HAVE[-1] == "amx-emulated"
    assert (
        kernels.use_instruction_set("amx-emulated") != "amx-emulated" or os.environ.get("GYEOL_ISA") == "amx-emulated"
    )
    assert kernels.describe() == "native, AMX tiles, emulated"
    assert native.bfloat16_available()
    assert native.high_available()
    kernels.use_instruction_set()
