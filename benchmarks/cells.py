"""Training speed of every cell, in turns: tokens per second of both passes, after the results are compared.

Run ``python benchmarks/cells.py --batch 32 --steps 100 --hidden 128 --threads 1 --seconds 20``, which are the defaults.
"""

from __future__ import annotations

import argparse

import torch

from gyeol.bench.timing import Contestant, take_turns
from gyeol.kernels.reference import walk
from gyeol.layers import CELLS, Recurrent


def trained(layer: Recurrent, x: torch.Tensor) -> None:
    """Walk there and back."""
    layer.zero_grad()
    layer(x)[0].sum().backward()


def main() -> None:
    """Compare every cell with the reference, then time them all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    for name, default in (("batch", 32), ("steps", 100), ("hidden", 128), ("threads", 1), ("seconds", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    x = torch.randn(options.batch, options.steps, options.hidden)
    lengths = torch.full((options.batch,), options.steps)
    contestants = []
    for name, cell in CELLS.items():
        layer = Recurrent(name, options.hidden, options.hidden, batch_first=True)
        zeros = tuple(x.new_zeros(options.batch, options.hidden) for _ in cell.states)
        with torch.no_grad():
            expected, _ = walk(cell.step, x, lengths, zeros, layer.weights_of(0)[0])
            within = 1e-2 if cell.has_norm else 1e-4  # dividing by a small spread loses digits in float32
            torch.testing.assert_close(layer(x)[0], expected, atol=within, rtol=within)
        contestants.append(Contestant(name, lambda layer=layer: trained(layer, x)))  # type: ignore[misc]
    times = take_turns(contestants, seconds=float(options.seconds))
    tokens = options.batch * options.steps
    print(f"B {options.batch}, T {options.steps}, D = H {options.hidden}, {options.threads} thread(s), float32")
    for name, timing in times.items():
        print(f"{name:10} {tokens / timing.median:9,.0f} tokens/s (fastest turn {tokens / timing.min:9,.0f})")


if __name__ == "__main__":
    main()
