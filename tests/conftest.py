"""What holds for every test: one thread, fixed seeds, and the same examples from hypothesis on every run."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import settings

settings.register_profile("gyeol", deadline=None, derandomize=True)
settings.load_profile("gyeol")


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
