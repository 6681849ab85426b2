"""The network of frame classifiers: where features are, and that a frame is seen the same in any company."""

from __future__ import annotations

import pytest
import torch

from gyeol.inputs.frames import StepBatch
from gyeol.tasks.frames.net import FeaturePoints, FrameNet


def net_of(image_size: int) -> FrameNet:
    sizes = {"image_size": image_size, "channels": 2, "hidden_size": 4, "num_layers": 1}
    return FrameNet(None, 3, cell="lstm", bidirectional=True, dropout=0.1, **sizes).eval()


@pytest.mark.parametrize(("down", "across"), [(0, 0), (2, 3), (1, 4)])
def test_a_feature_is_where_it_stands_out(down: int, across: int) -> None:
    grid = torch.zeros(1, 3, 5, 2)
    grid[0, down, across, 1] = 10.0
    found = FeaturePoints(2, 3, 5)(grid.view(1, 15, 2)).view(2, 2)
    torch.testing.assert_close(found[0], torch.zeros(2), atol=1e-6, rtol=0)  # nowhere: the middle
    torch.testing.assert_close(found[1], torch.tensor([down - 1.0, across / 2 - 1.0]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [8, 24, 32, 50])
def test_frames_of_any_size(size: int) -> None:
    net = net_of(size)
    frames = torch.randint(0, 256, (7, size, size, 3), dtype=torch.uint8)
    with torch.inference_mode():
        scores, _ = net(StepBatch(frames, torch.tensor([2, 5])))
        first, _ = net(StepBatch(frames[:2], torch.tensor([2])))
        last, _ = net(StepBatch(frames[2:], torch.tensor([5])))
    assert scores.shape == (7, 3)
    torch.testing.assert_close(scores, torch.cat([first, last]), atol=1e-6, rtol=1e-6)


def test_many_frames_are_seen_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    net = net_of(8)
    seen: list[int] = []
    look = FrameNet._seen
    monkeypatch.setattr(FrameNet, "_seen", lambda self, frames: (seen.append(len(frames)), look(self, frames))[1])
    with torch.inference_mode():
        net(StepBatch(torch.zeros(600, 8, 8, 3, dtype=torch.uint8), torch.tensor([600])))
    assert seen == [256, 256, 88]
