"""What holds for every test: one thread, fixed seeds, the same examples from hypothesis, attention that sums to 1.

``GYEOL_TEST_JITTER=N`` moves every weight that a training begins with by about a thousandth, differently for each N:
more than any two processors differ. A test that then fails asserts what only one processor's rounding decides, or it
is about the very numbers that a training begins with: such a test is marked ``exact_start``.
"""

from __future__ import annotations

import atexit
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import settings
from hypothesis.internal.conjecture import providers
from torch import Tensor, nn

from gyeol import engine
from gyeol.kernels.precision import choices
from gyeol.kernels.precision.measurements import MeasurementFile
from gyeol.layers.attention import alignment, context, score

settings.register_profile("gyeol", deadline=None, derandomize=True)
settings.load_profile("gyeol")
# hypothesis also tries constants of the modules that happen to be loaded: other examples in another order of tests.
if hasattr(providers, "_get_local_constants"):
    constants = providers._local_constants
    providers._get_local_constants = lambda: constants

os.environ["GYEOL_CACHE"] = tempfile.mkdtemp(prefix="gyeol-test-")  # for processes that a test starts, too
atexit.register(shutil.rmtree, os.environ["GYEOL_CACHE"], ignore_errors=True)

FASTEST = os.environ.get("GYEOL_TEST_FASTEST", "")
turns = count()


def decided(calls: Any, _: Any) -> dict[str, float]:
    """Let one contestant be the fastest: float32, bfloat16, or in turns the one and the other."""
    element = ("float32", "bfloat16")[next(turns) % 2] if FASTEST == "turns" else FASTEST
    return {name: 0.5 if name.startswith(element) else 1.0 for name in calls}


if FASTEST:
    choices.race = decided

JITTER = int(os.environ.get("GYEOL_TEST_JITTER", "0"))


@pytest.fixture(autouse=True)
def same_every_time() -> Iterator[None]:
    threads, states = torch.get_num_threads(), (random.getstate(), np.random.get_state(), torch.get_rng_state())
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    yield
    random.setstate(states[0])
    np.random.set_state(states[1])
    torch.set_rng_state(states[2])
    torch.set_num_threads(threads)


def checked(scores: Tensor, mask: Tensor | None = None) -> Tensor:
    weights = weigh(scores, mask)
    held = weights.detach()
    if held.dtype in (torch.float32, torch.float64):
        real = torch.ones_like(held, dtype=torch.bool) if mask is None else mask & (scores.detach() != -torch.inf)
        real = real.expand_as(held)
        sound = (scores.detach().isfinite() | ~real).all(-1)  # a score that is no number is another test's matter
        assert not held[sound][~real[sound]].any(), "padding got weight"
        sums = held[sound].double().sum(-1)
        assert not len(sums) or float((sums - 1).abs().max()) <= 1e-6, "a row of attention does not sum to 1"
    return weights


weigh = score.weigh


@pytest.fixture(autouse=True)
def attention_sums_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at every row of attention of every batch of every test."""
    monkeypatch.setattr(context, "weigh", checked)
    monkeypatch.setattr(alignment, "weigh", checked)


@pytest.fixture
def won(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], list[str]]]:
    """Run all contestants of a race, which those of an element win; returns a list of the races' names."""

    def decide(element: str) -> list[str]:
        races: list[str] = []

        def race(calls: dict[str, Callable[[], object]], clock: Any) -> dict[str, float]:
            races.append(" ".join(calls))
            for call in calls.values():
                call()
            return {name: 0.5 if name.startswith(element) else 1.0 for name in calls}

        monkeypatch.setattr(choices, "race", race)
        return races

    with choices.using(choices.Choices(MeasurementFile(None))):
        yield decide


exact: list[str] = []  # the test under way, where it is marked


@pytest.fixture(autouse=True)
def whether_the_start_is_exact(request: pytest.FixtureRequest) -> Iterator[None]:
    exact[:] = [request.node.name] if request.node.get_closest_marker("exact_start") else []
    yield
    exact.clear()


def jittered(net: nn.Module, *others: Any, **more: Any) -> engine.History:
    noise = torch.Generator().manual_seed(JITTER)
    with torch.no_grad():
        for p in () if exact else net.parameters():
            if p.requires_grad and p.is_floating_point():
                p.mul_(1 + 1e-3 * torch.randn(p.shape, generator=noise).to(p.dtype))
    return fit(net, *others, **more)


fit = engine.fit
if JITTER:
    engine.fit = jittered  # for models that fixtures train, too
