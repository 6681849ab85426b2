"""Sound of every kind is read alike, block by block; what is damaged, truncated or too long is one clear line."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.data.media import sound
from gyeol.data.media.resampling import Resampler, resampled
from gyeol.data.media.sound import read_header, read_sound, stream_sound
from gyeol.errors import DataError, MissingExtraError

soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed: pip install 'gyeol[audio]'")

RATE = 8000
TONE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(6000) / RATE)).astype(np.float32)


def written(path: Path, samples: np.ndarray = TONE, rate: int = RATE, **kind: str) -> Path:
    soundfile.write(path, samples, rate, **kind)
    return path


@pytest.mark.parametrize(
    ("name", "kind", "close"),
    [
        ("a.wav", "PCM_U8", 1e-2), ("a.wav", "PCM_16", 1e-4), ("a.wav", "PCM_24", 1e-6), ("a.wav", "FLOAT", 0.0),
        ("a.wav", "ULAW", 2e-2), ("a.flac", "PCM_16", 1e-4), ("a.ogg", "VORBIS", 5e-2),
    ],
)  # fmt: skip
def test_every_kind(tmp_path: Path, name: str, kind: str, close: float) -> None:
    path = written(tmp_path / name, subtype=kind)
    header = read_header(path)
    assert (header.rate, header.channels, header.frames, header.seconds) == (RATE, 1, 6000, 0.75)
    samples = read_sound(path)
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples[100:-100], TONE[100:-100], atol=close)


def test_channels_are_mixed_down(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", np.stack([TONE, -0.5 * TONE], axis=1), subtype="FLOAT")
    np.testing.assert_allclose(read_sound(path), 0.25 * TONE, atol=1e-7)


def test_another_rate(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", subtype="FLOAT")
    slow = read_sound(path, rate=16000)
    assert len(slow) == 12000
    t = np.arange(12000) / 16000
    np.testing.assert_allclose(slow[200:-200], 0.5 * np.sin(2 * np.pi * 440 * t)[200:-200], atol=1e-3)


def test_a_long_file_comes_in_blocks(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, 200_000).astype(np.float32)
    path = written(tmp_path / "a.wav", samples, 44100, subtype="FLOAT")
    blocks = list(stream_sound(path, rate=16000))
    assert len(blocks) > 3
    assert max(map(len, blocks)) < 40_000
    np.testing.assert_allclose(np.concatenate(blocks), resampled(samples, 44100, 16000), atol=1e-5)


@given(
    rates=st.sampled_from([(8000, 16000), (44100, 16000), (16000, 8000), (11025, 8000), (8000, 8001)]),
    cuts=st.lists(st.integers(0, 900), max_size=4),
    count=st.integers(1, 900),
)
@settings(max_examples=40)
def test_a_resampled_stream_is_the_whole_resampled(rates: tuple[int, int], cuts: list[int], count: int) -> None:
    whole = np.random.default_rng(count).uniform(-1, 1, count).astype(np.float32)
    stream = Resampler(*rates)
    parts = [stream.feed(part) for part in np.split(whole, sorted(min(cut, count) for cut in cuts))]
    made = np.concatenate([*parts, stream.finish()])
    np.testing.assert_allclose(made, resampled(whole, *rates), atol=1e-5)


# What is wrong.


def mistake(path: Path, **how: float) -> str:
    with pytest.raises(DataError) as caught:
        list(stream_sound(path, **how))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_not_there_or_is_no_sound(tmp_path: Path) -> None:
    assert "there is no file" in mistake(tmp_path / "none.wav")
    assert "is a folder" in mistake(tmp_path)
    for name, content in {
        "e.wav": b"",
        "t.wav": b"hello, this is a text\n" * 9,
        "r.wav": b"RIFF\x10\x00\x00\x00WAVE",
    }.items():
        (tmp_path / name).write_bytes(content)
    assert "is empty: it holds no sound" in mistake(tmp_path / "e.wav")
    assert "is not a readable sound file" in mistake(tmp_path / "t.wav")
    assert "is not a readable sound file" in mistake(tmp_path / "r.wav")


@pytest.mark.parametrize("name", ["z.wav", "z.flac"])
def test_no_samples(tmp_path: Path, name: str) -> None:
    assert "holds no sound" in mistake(written(tmp_path / name, np.zeros(0, dtype=np.float32)))


@pytest.mark.parametrize("name", ["c.wav", "c.flac", "c.ogg"])
def test_files_that_end_too_early(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name, np.random.default_rng(0).uniform(-1, 1, 60_000))
    whole = path.read_bytes()
    for share in (0.5, 0.95):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert "truncated" in mistake(path) or "not a readable sound file" in mistake(path)


@pytest.mark.parametrize("name", ["d.wav", "d.flac", "d.ogg"])
@given(places=st.lists(st.integers(0, 9999), min_size=1, max_size=20), value=st.integers(0, 255))
@settings(max_examples=25)
def test_bytes_that_were_changed_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, places: list[int], value: int
) -> None:
    path = written(tmp_path_factory.mktemp("d") / name, TONE)
    content = bytearray(path.read_bytes())
    for place in places:
        content[place % len(content)] = value
    path.write_bytes(content)
    with suppress(DataError):
        assert np.isfinite(read_sound(path)).all()


def test_what_a_pipe_wrote_has_no_length(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", subtype="PCM_16")
    content = bytearray(path.read_bytes())
    at = content.index(b"data")
    content[at + 4 : at + 8] = struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(content)
    assert len(read_sound(path)) == 6000


def test_what_is_no_number(tmp_path: Path) -> None:
    for wrong in (np.nan, np.inf, 1e30):
        samples = TONE.copy()
        samples[3] = wrong
        assert "holds numbers that are not samples" in mistake(written(tmp_path / "n.wav", samples, subtype="FLOAT"))


def test_the_header_says_that_it_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "l.flac", np.zeros(4_000_000, dtype=np.int16), 1000)  # an hour and more, in some KB
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(sound, "_BLOCK", None)  # nothing is decoded
    assert "is 4,000 s long, and 3,600 s is the most here" in mistake(path, longest=sound.LONGEST)


def test_a_rate_that_none_has(tmp_path: Path) -> None:
    assert "channels at 999,999 Hz" in mistake(written(tmp_path / "a.wav", rate=999_999))


def test_without_soundfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.wav")
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    with pytest.raises(MissingExtraError, match=r"reading sound needs soundfile.*gyeol\[audio\]"):
        read_header(path)
