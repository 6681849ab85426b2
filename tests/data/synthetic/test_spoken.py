"""Spoken digits: the same for the same seed, formants where they belong, files that are read again."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from gyeol.data.synthetic.spoken import DIGITS, Voice, digits, say, write_digits
from gyeol.errors import ParameterError, SaveError
from gyeol.inputs.sound.spectra import LogMel, mel_filters

MAN, CHILD = Voice(110, 1.0, 1.0, 0.0), Voice(280, 1.2, 1.0, 0.0)


def peak(samples: np.ndarray, low: int, high: int) -> float:
    """The strongest frequency of a smooth spectrum, in Hz, from the middle of what is said."""
    middle = len(samples) // 2
    spectrum = np.abs(np.fft.rfft(samples[middle - 400 : middle + 400] * np.hanning(800)))
    smooth = np.convolve(spectrum, np.hanning(25), mode="same")
    f = np.arange(len(smooth)) * 10
    inside = (f >= low) & (f < high)
    return float(f[inside][smooth[inside].argmax()])


def test_formants_lie_where_the_vowels_have_them() -> None:
    draw = np.random.default_rng(0)
    assert peak(say("i i i", MAN, draw), 150, 1000) < 450
    assert 550 < peak(say("a a a", MAN, draw), 150, 1000) < 950
    assert 1900 < peak(say("i i i", MAN, draw), 1500, 2700) < 2600
    assert peak(say("u u u", MAN, draw), 600, 1500) < 1100
    assert peak(say("a a a", CHILD, draw), 300, 1300) > peak(say("a a a", MAN, draw), 300, 1000)  # a shorter throat


def test_fricatives_are_high_and_have_no_voice() -> None:
    frames = LogMel(8000, 40)(say("s s s", MAN, np.random.default_rng(0)))
    middle = frames[len(frames) // 2]
    filters = mel_filters(8000, 256, 40).argmax(0) * 8000 / 256
    assert middle[filters > 2500].mean() > middle[filters < 800].mean() + 1


def test_the_seed_decides() -> None:
    first, again, other = (list(digits("ko", 6, seed)) for seed in (1, 1, 2))
    for (a, text, voice), (b, same, who) in zip(first, again, strict=True):
        assert (text, voice) == (same, who)
        np.testing.assert_array_equal(a, b)
    assert [text for _, text, _ in first] != [text for _, text, _ in other]
    assert all(np.abs(a).max() <= 1 and np.isfinite(a).all() and len(a) > 800 for a, _, _ in first)
    assert {word for _, text, _ in digits("en", 20, 0) for word in text.split()} <= set(DIGITS["en"])
    assert len(DIGITS["ko"]) == len(DIGITS["en"]) == 10


def test_files(tmp_path: Path) -> None:
    write_digits("ko", tmp_path / "d", count=3, seed=0)
    lines = (tmp_path / "d" / "recordings.tsv").read_text("utf-8").splitlines()
    assert lines[0] == "path\ttext\tvoice"
    assert len(lines) == 4
    with wave.open(str(tmp_path / "d" / "00000.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        assert file.getnframes() > 800
    with pytest.raises(SaveError, match="already exists"):
        write_digits("ko", tmp_path / "d", count=3, seed=0)
    with pytest.raises(ParameterError, match=r"no digits in 'kr'\. Possible: ko, en"):
        write_digits("kr", tmp_path / "e", count=3, seed=0)
