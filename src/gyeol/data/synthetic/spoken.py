"""Spoken digits generated on the fly: formants, several voices, no corpus and no connection.

A pulse train (the voice) or noise goes through a cascade of resonators, whose frequencies glide from sound to sound
(Klatt 1980, Software for a cascade/parallel formant synthesizer). It is no beautiful voice, but vowels, glides, nasals
and fricatives lie where they lie in speech.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gyeol.data.atomic import replace_folder
from gyeol.errors import ParameterError, SaveError, closest

__all__ = ["DIGITS", "RATE", "Voice", "digits", "say", "write_digits"]

Samples = npt.NDArray[np.float32]

RATE = 8000  # Hz
_FRAME = 40  # samples between two looks at the resonators: 5 ms
_MOST = 5  # digits of a recording


class _Sound(NamedTuple):
    """A target: three formants (Hz), how loud the voice and the noise are, and how long it lasts (ms)."""

    formants: tuple[int, int, int]
    voice: float = 1.0
    noise: float = 0.0
    long: int = 90


#: Frequencies of vowels are those of Peterson and Barney (1952), rounded; the others are customary ones.
_SOUNDS: dict[str, _Sound] = {
    "i": _Sound((290, 2250, 3000)),
    "ɪ": _Sound((400, 1950, 2550), long=70),
    "e": _Sound((480, 2000, 2600)),
    "ɛ": _Sound((560, 1800, 2500)),
    "a": _Sound((750, 1250, 2500), long=110),
    "ʌ": _Sound((600, 1050, 2500)),
    "o": _Sound((470, 850, 2450)),
    "u": _Sound((320, 850, 2300)),
    "j": _Sound((270, 2250, 3000), 0.8, long=45),
    "w": _Sound((300, 650, 2200), 0.8, long=50),
    "r": _Sound((360, 1150, 1600), 0.8, long=60),
    "l": _Sound((360, 1250, 2700), 0.7, long=70),
    "n": _Sound((280, 1500, 2500), 0.45, long=70),
    "m": _Sound((270, 1000, 2200), 0.45, long=80),
    "ŋ": _Sound((280, 2000, 2600), 0.45, long=100),
    "v": _Sound((280, 1100, 2300), 0.35, 0.06, 50),
    "z": _Sound((280, 1700, 3300), 0.25, 0.25, 80),
    "s": _Sound((320, 1900, 3500), 0.0, 0.5, 110),
    "f": _Sound((400, 1200, 2600), 0.0, 0.16, 90),
    "θ": _Sound((400, 1500, 2900), 0.0, 0.12, 80),
    "tɕ": _Sound((320, 2100, 3200), 0.0, 0.45, 70),
    "h": _Sound((600, 1400, 2500), 0.0, 0.2, 50),
    "k": _Sound((350, 1700, 2400), 0.0, 0.35, 30),
    "t": _Sound((350, 1900, 3000), 0.0, 0.4, 25),
    "p": _Sound((350, 900, 2300), 0.0, 0.25, 20),
    "-": _Sound((350, 1500, 2500), 0.0, 0.0, 50),  # closed lips or tongue
}

#: Languages: the ten digits as they are written, and the sounds of each.
DIGITS: dict[str, dict[str, str]] = {
    "ko": {
        "영": "j ʌ ŋ", "일": "i l", "이": "i i", "삼": "s a m", "사": "s a", "오": "o o", "육": "j u - k",
        "칠": "- tɕ h i l", "팔": "- p h a l", "구": "- k u u",
    },
    "en": {
        "zero": "z ɪ r o u", "one": "w ʌ n", "two": "- t h u u", "three": "θ r i i", "four": "f o r", "five": "f a ɪ v",
        "six": "s ɪ - k s", "seven": "s ɛ v ʌ n", "eight": "e ɪ - t", "nine": "n a ɪ n",
    },
}  # fmt: skip


class Voice(NamedTuple):
    """Somebody: pitch (Hz), how much shorter than a man's the throat is, how quick and how breathy the speech is."""

    pitch: float
    scale: float
    tempo: float
    breath: float

    @classmethod
    def drawn(cls, draw: np.random.Generator) -> Voice:
        """Draw one between a low man's and a child's."""
        height = draw.uniform()
        pitch = 95 * (280 / 95) ** height * draw.uniform(0.9, 1.1)
        scale = 0.95 + 0.25 * height + draw.uniform(-0.04, 0.04)
        return cls(pitch, scale, draw.uniform(0.8, 1.25), draw.uniform(0.0, 0.06))


def say(sounds: str, voice: Voice, draw: np.random.Generator) -> Samples:
    """Say sounds, with a space between: samples from -1 to 1 at 8 kHz.

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> bool(1500 < len(say("i l", Voice(120, 1.0, 1.0, 0.0), draw)) < 2500)
    True
    """
    targets = [_SOUNDS[name] for name in sounds.split()]
    long = [max(2, round(t.long * draw.uniform(0.85, 1.2) / voice.tempo / 5)) for t in targets]
    n = sum(long) + 8
    middles = np.cumsum([4, *long])[:-1] + np.array(long) / 2
    at = np.arange(n)

    def glide(values: list[float], sharp: float) -> npt.NDArray[np.float64]:
        """Hold each value in its middle, and move to the next one around the border."""
        edges = np.repeat(middles, 2).astype(float)
        edges[0::2] -= sharp * np.array(long) / 2
        edges[1::2] += sharp * np.array(long) / 2
        return np.asarray(np.interp(at, edges, np.repeat(values, 2)))

    formants = np.stack([glide([t.formants[k] * voice.scale for t in targets], 0.3) for k in range(3)])
    ends = np.minimum(1, np.minimum(at, n - 1 - at) / 4)
    loud = glide([t.voice for t in targets], 0.7) * ends
    noisy = glide([t.noise for t in targets], 0.7) * ends + voice.breath * loud
    source = _pulses(voice, loud, draw) + np.repeat(noisy, _FRAME) * draw.standard_normal(n * _FRAME)
    samples = _resonated(source, formants)
    return np.asarray(samples / max(1e-9, np.abs(samples).max()) * draw.uniform(0.25, 0.8), dtype=np.float32)


def _pulses(voice: Voice, loud: npt.NDArray[np.float64], draw: np.random.Generator) -> npt.NDArray[np.float64]:
    """Let the pitch fall towards the end, tremble a little, and round the pulses off by 12 dB an octave."""
    from scipy.signal import lfilter

    n = len(loud) * _FRAME
    pitch = voice.pitch * np.linspace(1.08, 0.88, n) * (1 + 0.01 * np.repeat(draw.standard_normal(len(loud)), _FRAME))
    turns = np.cumsum(pitch / RATE)
    pulses = np.diff(np.floor(turns), prepend=0.0)
    rounded: npt.NDArray[np.float64] = lfilter([1.0], [1.0, -1.6, 0.64], pulses)
    rounded = np.diff(rounded, prepend=0.0)  # as it leaves the lips
    return np.repeat(loud, _FRAME) * rounded * 2


def _resonated(source: npt.NDArray[np.float64], formants: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Send a source through resonators in a row, whose frequencies change every 5 ms (Klatt 1980, equation 2)."""
    from scipy.signal import lfilter

    samples = source
    widths = (70, 100, 160, 250)
    every = np.vstack([formants, np.full(formants.shape[1], 3600.0)])
    for row, width in zip(np.minimum(every, 0.48 * RATE), widths, strict=True):
        c = -np.exp(-2 * np.pi * width / RATE)
        blocks, state = [], np.zeros(2)
        for frame, frequency in enumerate(row):
            b = 2 * np.exp(-np.pi * width / RATE) * np.cos(2 * np.pi * frequency / RATE)
            block, state = lfilter([1 - b - c], [1.0, -b, -c], samples[frame * _FRAME : (frame + 1) * _FRAME], zi=state)
            blocks.append(block)
        samples = np.concatenate(blocks)
    return samples


def digits(
    language: str, count: int, seed: int, *, voices: int = 12, longest: int = _MOST
) -> Iterator[tuple[Samples, str, int]]:
    """Generate rows of digits spoken by several voices.

    Parameters
    ----------
    language : str
        A key of `DIGITS`.
    count, seed : int
    voices : int
        How many different ones.
    longest : int
        Digits of a recording, from 1 to this.

    Yields
    ------
    samples : float32 array, shape (N,), at 8 kHz
    text : str
        The digits, with a space between.
    voice : int
        Which one.
    """
    draw = np.random.default_rng([seed, 0xD161])
    people = [Voice.drawn(draw) for _ in range(voices)]
    words = list(DIGITS[language])
    for number in range(count):
        who = number % voices
        spoken = [words[int(draw.integers(10))] for _ in range(int(draw.integers(1, longest + 1)))]
        parts = []
        for word in spoken:
            parts += [np.zeros(int(draw.uniform(0.02, 0.12) * RATE)), say(DIGITS[language][word], people[who], draw)]
        samples = np.concatenate([*parts, np.zeros(int(draw.uniform(0.02, 0.12) * RATE))])
        hiss = 10 ** draw.uniform(-3.5, -2.0) * draw.standard_normal(len(samples))
        yield np.clip(samples + hiss, -1, 1).astype(np.float32), " ".join(spoken), who


def write_digits(language: str, out: Path, *, count: int, seed: int) -> None:
    """Write spoken digits in twelve voices: 16-bit WAV files in a new folder, and their transcripts as recordings.tsv.

    Raises
    ------
    ParameterError
        There is no such language.
    SaveError
        The folder cannot be written, or it exists already.
    """
    if language not in DIGITS:
        raise ParameterError(f"there are no digits in {language!r}{closest(language, DIGITS)}")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SaveError(f"{out} already exists and contains other things: name a new folder")

    def write(folder: Path) -> None:
        lines = ["path\ttext\tvoice\n"]
        for number, (samples, text, who) in enumerate(digits(language, count, seed)):
            name = f"{number:05}.wav"
            with wave.open(str(folder / name), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(RATE)
                file.writeframes((samples * 32767).astype("<i2").tobytes())
            lines.append(f"{name}\t{text}\t{who}\n")
        (folder / "recordings.tsv").write_text("".join(lines), encoding="utf-8")

    replace_folder(out, write)
