"""PyTorch as its tutorials write it: a DataLoader of shuffled texts, pack_padded_sequence, plain Adam."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from nsmc import BATCH, LEARNING_RATE, WARM, Documents, Trained, measure, number, options, read
from pytorch_net import Net
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

Example = tuple[list[int], int]


def collate(examples: list[Example]) -> tuple[Tensor, Tensor, Tensor]:
    rows = [torch.tensor(row) for row, _ in examples]
    lengths = torch.tensor([len(row) for row in rows])
    return pad_sequence(rows, batch_first=True), lengths, torch.tensor([target for _, target in examples])


def train(documents: Documents, epochs: int, seed: int) -> Trained:
    torch.manual_seed(seed)
    data = number(documents)
    train_set: list[Example] = list(zip(data.rows, data.targets, strict=True))
    valid_set: list[Example] = list(zip(data.valid_rows, data.valid_targets, strict=True))
    train_loader = DataLoader(train_set, batch_size=BATCH, shuffle=True, collate_fn=collate)  # type: ignore[arg-type]
    valid_loader = DataLoader(valid_set, batch_size=BATCH, collate_fn=collate)  # type: ignore[arg-type]
    net = Net(data.words, data.classes, packed=True)
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    for _ in range(epochs):
        net.train()
        total = 0.0
        for tokens, lengths, targets in train_loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(tokens, lengths), targets)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(targets)
        net.eval()
        right = 0
        with torch.no_grad():
            for tokens, lengths, targets in valid_loader:
                right += (net(tokens, lengths).argmax(1) == targets).sum().item()
    accuracy = right / len(valid_set)
    return Trained(total / len(train_set), accuracy, sum(p.numel() for p in net.parameters()))


def main() -> None:
    given = options()
    torch.set_num_threads(given.threads)
    documents = read(given.path, given.documents)
    train(documents.first(WARM), 1, given.seed)
    measure(len(documents.texts), given.epochs, lambda: train(documents, given.epochs, given.seed))


if __name__ == "__main__":
    main()
