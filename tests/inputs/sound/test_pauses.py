"""Pauses: where recordings are cut, the same in a stream, and where they are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.inputs.sound.augmentation import joined
from gyeol.inputs.sound.pauses import SHORTEST, PauseCutter, Piece, silences
from gyeol.inputs.sound.spectra import Frames, LogMel

MEL = LogMel(8000, 20)


def spoken(words: int, pause: float, *, noise: float = 0.001, word: float = 0.4, seed: int = 0) -> Frames:
    """Words that swell and fall, with pauses of some seconds between, in a noisy room; a pause at either end."""
    draw = np.random.default_rng(seed)
    time = np.arange(round(word * 8000))
    parts = [np.zeros(round(pause * 8000))]
    for _ in range(words):
        swell = np.sin(np.pi * time / len(time)) ** 0.5
        parts += [0.5 * swell * np.sin(0.3 * time * draw.uniform(0.5, 2)), np.zeros(round(pause * 8000))]
    samples = np.concatenate(parts)
    return MEL((samples + noise * draw.standard_normal(len(samples))).astype(np.float32))


def cut(frames: Frames, block: int | None = None) -> list[tuple[int, int]]:
    """First and last frame of every part."""
    cutter, parts, open_ = PauseCutter(MEL, SHORTEST, before=0.1, after=0.1), [], False
    block = block or len(frames)
    for first in range(0, len(frames) + block, block):
        for piece in cutter.feed(frames[first : first + block]) if first < len(frames) else cutter.finish():
            assert isinstance(piece, Piece)
            expected = frames[piece.start : piece.start + len(piece.frames)]
            np.testing.assert_array_equal(piece.frames, expected)
            if open_:
                assert parts[-1][1] == piece.start
                parts[-1] = (parts[-1][0], piece.start + len(piece.frames))
            else:
                parts.append((piece.start, piece.start + len(piece.frames)))
            open_ = not piece.end
    return parts


@pytest.mark.parametrize("noise", [0.0, 0.0003, 0.01])
@pytest.mark.parametrize("pause", [0.45, 1.0, 5.0])
def test_every_word_is_a_part_where_pauses_are_long(pause: float, noise: float) -> None:
    parts = cut(spoken(6, pause, noise=noise))
    assert len(parts) == 6
    for number, (first, last) in enumerate(parts):
        begins = (pause + number * (0.4 + pause)) * 100
        assert first <= begins <= first + 45 or not number  # what is before the first word is kept
        assert last >= begins + 38


@pytest.mark.parametrize("pause", [0.0, 0.1, 0.2])
def test_short_pauses_part_nothing(pause: float) -> None:
    frames = spoken(6, pause)
    assert cut(frames) == [(0, len(frames))]


@pytest.mark.parametrize("sound", ["tone", "noise", "silence", "short"])
def test_what_does_not_change_is_not_cut(sound: str) -> None:
    draw = np.random.default_rng(0)
    samples = {
        "tone": np.sin(np.arange(40_000) / 3), "noise": 0.1 * draw.standard_normal(40_000), "silence": np.zeros(40_000),
        "short": np.ones(3),
    }[sound]  # fmt: skip
    frames = MEL(samples.astype(np.float32))
    kept = cut(frames)
    assert kept[0][0] == 0
    assert sound == "silence" or kept == [(0, len(frames))]


def test_a_word_that_begins_at_once_is_kept_whole() -> None:
    tone = np.sin(np.arange(8000) / 3)
    frames = MEL(np.concatenate([tone, np.zeros(8000), tone]).astype(np.float32))
    (first, second) = cut(frames)
    assert first[0] == 0
    assert first[1] >= 98
    assert second[0] <= 200


@given(st.integers(1, 300), st.integers(0, 5))
@settings(max_examples=20)
def test_a_stream_is_cut_as_the_whole(block: int, seed: int) -> None:
    pause = [0.1, 0.29, 0.35, 0.5, 0.8, 2.0][seed]
    frames = spoken(5, pause, noise=0.002, seed=seed)
    assert cut(frames, block) == cut(frames)


@pytest.mark.parametrize("pause", [0.2, 0.5])
@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_how_long_a_recording_is_silent(pause: float, noise: float) -> None:
    for words in (1, 3):
        before, between, after = silences(MEL, spoken(words, pause, noise=noise))
        assert abs(before - pause) < 0.08  # words begin and end softly
        assert abs(after - pause) < 0.08
        assert abs(between - pause) < 0.1 if words > 1 else between < 0.02
    assert silences(MEL, MEL(np.ones(8000, np.float32))) == (0.0, 0.0, 0.0)


def test_joined_recordings_are_whole_and_apart() -> None:
    one, two = (np.full(n, value, np.float32) for n, value in ((4000, 0.5), (2000, -0.25)))
    draw = np.random.default_rng(0)
    assert joined([one], draw, 8000) is one
    made = joined([one, two], draw, 8000)
    loud = np.flatnonzero(np.abs(made) > 0.2)
    assert (len(loud), made.dtype) == (6000, np.float32)
    assert (made[loud[:4000]] == 0.5).all()
    gap = loud[4000] - loud[3999] - 1
    assert gap + 1 >= 0.06 * 8000
    assert gap <= 0.6 * 8000
    assert len(made) - 6000 <= 3 * 0.6 * 8000
