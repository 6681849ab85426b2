"""Video clips as network input: unpacked once into arrays that may be larger than memory, cut into batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.data.large_arrays import allocate
from gyeol.data.media.video_clips import VideoClip
from gyeol.data.ragged import Ragged
from gyeol.errors import DataError, ModelError

__all__ = ["FrameInput", "StepBatch", "pieces", "steps_of"]


@dataclass(frozen=True, slots=True)
class StepBatch:
    """Sequences end to end: ``steps`` (N, D), or frames (N, S, S, 3) of uint8; ``lengths`` (B,), whose sum is N."""

    steps: Tensor
    lengths: Tensor

    def __len__(self) -> int:
        return len(self.lengths)

    def places(self) -> Tensor:
        """Return the index in ``steps`` of each step of each sequence: (B, T, 1), arbitrary past the lengths."""
        starts = self.lengths.cumsum(0) - self.lengths
        places = starts[:, None] + torch.arange(int(self.lengths.max()))
        return places.clamp(max=len(self.steps) - 1).unsqueeze(2)


class FrameInput:
    """Turns clips into square RGB frames.

    Parameters
    ----------
    image_size : int
        Pixels of a frame either way.
    """

    def __init__(self, *, image_size: int) -> None:
        self.image_size = image_size

    def encode(self, clips: Sequence[VideoClip], counts: Sequence[int | None]) -> Ragged:
        """Unpack clips, end to end: uint8 (size, size, 3) a frame.

        Parameters
        ----------
        clips : sequence of Clip
        counts : sequence of int or None
            How many frames each must have, where that is known.

        Raises
        ------
        DataError
            A clip cannot be read, or has another number of frames: names it.
        """
        size = self.image_size
        known = [_counted(clip, size) if count is None else count for clip, count in zip(clips, counts, strict=True)]
        starts = np.concatenate([[0], np.cumsum(known)]).astype(np.int64)
        frames = allocate((int(starts[-1]), size, size, 3), np.dtype(np.uint8))
        for number, clip in enumerate(clips):
            found = 0
            for block in clip.blocks(size):
                here = frames[starts[number] + found : starts[number + 1]][: len(block)]
                here[:] = block[: len(here)]
                found += len(block)
            if found != known[number]:
                what = f"{clip.labels_from}: {clip.name}" if clip.labels_from else clip.name or f"clip {number}"
                raise DataError(f"{what} has {found:,} frames and {known[number]:,} labels; there must be one to each")
        return Ragged(frames, starts)

    def state(self) -> dict[str, Any]:
        """Return the settings, as JSON values."""
        return {"image_size": self.image_size}

    @classmethod
    def restored(cls, state: dict[str, Any]) -> FrameInput:
        """Restore the input from `state`.

        Raises
        ------
        ModelError
            Where the state is not one that `state` returned.
        """
        size = state.get("image_size")
        if type(size) is not int or not 8 <= size <= 1024:
            raise ModelError(f"tokenizer.json: image_size is {size!r:.40}, expected a whole number from 8 to 1024")
        return cls(image_size=size)


def _counted(clip: VideoClip, size: int) -> int:
    """Count frames; of a video, whose header may be wrong, by reading it once."""
    return sum(map(len, clip.blocks(size))) if clip.count is None else clip.count


def pieces(rows: Ragged, longest: int) -> npt.NDArray[np.int64]:
    """Cut sequences into even pieces of at most ``longest`` steps; return the start and end of each, (M, 2).

    Examples
    --------
    >>> pieces(Ragged(np.zeros(12), np.array([0, 7, 12])), 5).tolist()
    [[0, 4], [4, 7], [7, 12]]
    """
    cut = []
    for start, end in zip(rows.starts[:-1].tolist(), rows.starts[1:].tolist(), strict=True):
        step = -(-(end - start) // -(-(end - start) // longest))
        cut += [(first, min(first + step, end)) for first in range(start, end, step)]
    return np.array(cut, dtype=np.int64)


def steps_of(rows: Ragged, ranges: npt.NDArray[np.int64]) -> StepBatch:
    """Put ranges (B, 2) of steps into a batch."""
    parts = [rows.values[start:end] for start, end in ranges.tolist()]
    taken = parts[0] if len(parts) == 1 else np.concatenate(parts)  # a single range is not copied
    return StepBatch(torch.from_numpy(taken), torch.from_numpy(ranges[:, 1] - ranges[:, 0]))
