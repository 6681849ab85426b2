"""An expert's PyTorch: batches of similar length, padded, oneDNN's LSTM, fused Adam, clipping, a cosine schedule.

With ``--autocast`` the net and its loss run forwards under ``torch.autocast("cpu", torch.bfloat16)``; with
``--without-onednn`` PyTorch's own LSTM serves.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from nsmc import BATCH, CLIP, LEARNING_RATE, WARM, Documents, Trained, measure, number, options, read
from pytorch_net import Net
from torch import Tensor

POOL = 100  # batches within which texts are sorted by length
WIDTH = 8  # batches are a multiple of it wide: oneDNN compiles for every width it meets


def batches(rows: list[list[int]], order: list[int], size: int) -> list[tuple[Tensor, Tensor, list[int]]]:
    """Cut rows in this order into padded batches: tokens, lengths, which."""
    found = []
    for start in range(0, len(order), size):
        which = order[start : start + size]
        lengths = [len(rows[i]) for i in which]
        width = -(-max(lengths) // WIDTH) * WIDTH
        tokens = torch.tensor([rows[i] + [0] * (width - len(rows[i])) for i in which])
        found.append((tokens, torch.tensor(lengths), which))
    return found


def shuffled(rows: list[list[int]], chance: random.Random) -> Iterator[tuple[Tensor, Tensor, list[int]]]:
    """Shuffle, sort by length within pools, cut, and shuffle the batches of each pool."""
    order = list(range(len(rows)))
    chance.shuffle(order)
    for start in range(0, len(order), BATCH * POOL):
        pool = sorted(order[start : start + BATCH * POOL], key=lambda i: -len(rows[i]))
        found = batches(rows, pool, BATCH)
        chance.shuffle(found)
        yield from found


def train(documents: Documents, epochs: int, seed: int, *, autocast: bool = False) -> Trained:
    torch.manual_seed(seed)
    chance = random.Random(seed)
    data = number(documents)
    net = Net(data.words, data.classes, packed=False)
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, fused=True)
    steps = epochs * math.ceil(len(data.rows) / BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    targets = torch.tensor(data.targets)
    for _ in range(epochs):
        net.train()
        total = torch.zeros(())
        for tokens, lengths, which in shuffled(data.rows, chance):
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                loss = F.cross_entropy(net(tokens, lengths), targets[which])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP, foreach=True)
            optimizer.step()
            schedule.step()
            total += loss.detach() * len(which)
        net.eval()
        order = sorted(range(len(data.valid_rows)), key=lambda i: -len(data.valid_rows[i]))
        right, truth = 0, torch.tensor(data.valid_targets)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            for tokens, lengths, which in batches(data.valid_rows, order, 256):
                right += int((net(tokens, lengths).argmax(1) == truth[which]).sum())
    accuracy = right / len(data.valid_rows)
    return Trained(float(total) / len(data.rows), accuracy, sum(p.numel() for p in net.parameters()))


def main() -> None:
    given = options("--autocast", "--without-onednn")
    torch.set_num_threads(given.threads)
    torch.backends.mkldnn.enabled = not given.without_onednn  # type: ignore[assignment]
    documents = read(given.path, given.documents)
    train(documents.first(WARM), 1, given.seed, autocast=given.autocast)
    measure(
        len(documents.texts),
        given.epochs,
        lambda: train(documents, given.epochs, given.seed, autocast=given.autocast),
    )


if __name__ == "__main__":
    main()
