"""Recognizers of single words, asked about recordings of many: whole, and as a stream."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol import SpeechRecognizer, engine, load
from gyeol.data.media.audio_clips import AudioClip
from gyeol.tasks.speech.letters import text_of
from gyeol.tasks.speech.parts import Part, parts_of
from gyeol.tasks.speech.training import joined_share
from gyeol.tasks.storage import _digest

pytest.importorskip("jiwer", reason="jiwer is not installed: pip install 'gyeol[audio]'")
pytest.importorskip("soundfile", reason="soundfile is not installed: pip install 'gyeol[audio]'")

RATE = 8000
PITCH = {"가": 300, "나": 1000, "다": 2600}
SETTINGS: dict[str, Any] = {
    "sample_rate": RATE, "hidden_size": 24, "num_layers": 1, "mels": 16, "epochs": 12, "batch_size": 6, "patience": 99,
    "learning_rate": 0.01, "threads": 1, "dropout": 0.0, "averaging": 0.0, "augment": False,
}  # fmt: skip


def sung(word: str, draw: np.random.Generator) -> np.ndarray:
    """A tone a letter, that swells and falls, with a little silence around."""
    parts = [np.zeros(int(draw.integers(200, 600)))]
    for letter in word:
        n = int(draw.integers(1200, 1800))
        swell = np.minimum(1, np.minimum(np.arange(n), n - 1 - np.arange(n)) / 200)
        parts.append(swell * np.sin(2 * np.pi * PITCH[letter] * np.arange(n) / RATE) * draw.uniform(0.3, 0.9))
    samples = np.concatenate([*parts, np.zeros(int(draw.integers(200, 600)))])
    return (samples + draw.normal(0, 0.002, len(samples))).astype(np.float32)


def line(count: int, pause: tuple[float, float], seed: int = 5) -> tuple[np.ndarray, str]:
    """Many words, with pauses of some seconds between."""
    draw = np.random.default_rng(seed)
    words = [list(PITCH)[n] for n in draw.integers(0, 3, count)]
    parts = [part for word in words for part in (sung(word, draw), np.zeros(int(draw.uniform(*pause) * RATE)))]
    samples = np.concatenate(parts)
    return (samples + draw.normal(0, 0.002, len(samples))).astype(np.float32), " ".join(words)


def fitted(**settings: Any) -> SpeechRecognizer:
    draw = np.random.default_rng(0)
    words = ["가", "나", "다"] * 16
    sounds = [sung(word, draw) for word in words]
    return SpeechRecognizer(**{**SETTINGS, **settings}).fit(sounds, words, validation=(sounds[:6], words[:6]))


@pytest.fixture(scope="module")
def live() -> SpeechRecognizer:
    return fitted(bidirectional=False, epochs=16, batch_size=3)


@pytest.fixture(scope="module")
def both() -> SpeechRecognizer:
    return fitted()


def streamed(model: SpeechRecognizer, sound: np.ndarray, block: int = 800) -> str:
    listener = model.listen()
    settled = ""
    for first in range(0, len(sound), block):
        listener.feed(sound[first : first + block])
        assert listener.text.startswith(settled)
        settled = listener.text
    return listener.finish()


def parts_in(model: Any, clip: AudioClip) -> list[Part]:
    return parts_of(clip, model.inputs_, streams=model.streams, longest=model.longest_)


@pytest.mark.parametrize("pause", [(0.4, 0.7), (1.5, 3.0)])
def test_a_model_of_single_words_writes_forty(
    live: SpeechRecognizer, both: SpeechRecognizer, pause: tuple[float, float]
) -> None:
    sound, text = line(40, pause)
    for model in (live, both):
        (found,) = model.predict([sound])
        assert engine.transcription([found], [text])["wer"] <= 0.3  # 1.0 where one state runs over all
        assert model.transcribe([sound], beam_size=1) == [found]
        assert model.evaluate([sound], [text])["wer"] == engine.transcription([found], [text])["wer"]
    assert streamed(live, sound) == live.predict([sound])[0]
    assert streamed(live, sound, 12_345) == live.predict([sound])[0]


def test_what_is_no_longer_than_the_training_is_left_whole(live: SpeechRecognizer, both: SpeechRecognizer) -> None:
    sound = sung("가", np.random.default_rng(1))
    for model in (live, both):
        assert 0.2 < model.longest_ < 0.4
        assert model.inputs_.pause == 0.3
        clip = AudioClip(sound, RATE)
        assert parts_in(model, clip) == [(0.0, clip)]
    quiet = AudioClip(np.concatenate([sound, np.zeros(3 * RATE, np.float32)]), RATE)
    assert parts_in(both, quiet) == [(0.0, quiet)]
    ((start, part),) = parts_in(live, quiet)  # a stream leaves the silence out
    assert start == 0.0
    assert len(sound) <= part.frames < len(sound) + 0.15 * RATE


def test_parts_begin_before_their_words(both: SpeechRecognizer) -> None:
    sound, text = line(6, (0.5, 0.5))
    parts = parts_in(both, AudioClip(sound, RATE))
    assert len(parts) == 6
    starts = np.array([part.start for part in parts])
    assert (np.diff(starts) > 0.5).all()
    said = [letter for letter in both.align(sound) if letter.letter != " "]
    assert [letter.letter for letter in said] == text.split()
    for part, letter in zip(parts, said, strict=True):
        assert part.start <= letter.start < letter.end <= part.start + part.clip.seconds + 0.03


def test_recordings_are_joined_where_they_are_short_and_the_model_streams(live: SpeechRecognizer) -> None:
    clips = live._known([np.ones(n, np.float32) for n in (8000, 12_000, 80_000)])
    assert joined_share(clips, None, bidirectional=False) == 0.25
    assert joined_share(clips, 0.1, bidirectional=True) == 0.1
    assert joined_share(clips, None, bidirectional=True) == 0.0
    assert joined_share(clips, 0.0, bidirectional=False) == 0.0
    assert joined_share(clips[2:], None, bidirectional=False) == 0.0
    assert SpeechRecognizer(bidirectional=False)._changes(clips)["join"] == 0.25
    assert SpeechRecognizer(bidirectional=False, augment=False)._changes(clips) == {}


def test_texts_of_joined_recordings_have_spaces() -> None:
    from gyeol.data.media.audio_clips import AudioClips

    live = fitted(bidirectional=False, epochs=1, augment=True, batch_size=16)
    assert " " in live.inputs_.text.vocabulary
    draw = np.random.default_rng(3)
    clips = AudioClips([AudioClip(sung(word, draw), RATE) for word in "가나다가"], RATE)
    targets = live.inputs_.encode(list("가나다가"))
    batches = [
        live.inputs_.batch(clips, np.arange(4), targets, draw=np.random.default_rng(seed), join=0.999)
        for seed in range(4)
    ]
    for batch in batches:
        assert batch.targets is not None
        assert batch.target_lengths is not None
        rows = [row[:n] for row, n in zip(batch.targets.tolist(), batch.target_lengths.tolist(), strict=True)]
        texts = [text_of(live.inputs_, row).split(" ") for row in rows]
        assert sorted(word for words in texts for word in words) == sorted("가나다가")
        assert int(batch.lengths.min()) >= 12
    assert min(map(len, batches)) < 4


def test_a_model_of_before_is_asked_as_before(both: SpeechRecognizer, tmp_path: Path) -> None:
    both.save(tmp_path / "m")
    inputs = json.loads((tmp_path / "m" / "tokenizer.json").read_text("utf-8"))
    config = json.loads((tmp_path / "m" / "config.json").read_text("utf-8"))

    def without(value: Any, name: str) -> int:
        if not isinstance(value, dict):
            return 0
        return (value.pop(name, None) is not None) + sum(without(inner, name) for inner in value.values())

    assert without(inputs, "pause") == 1
    assert without(config, "longest") == 1
    without(config, "join")
    (tmp_path / "m" / "tokenizer.json").write_text(json.dumps(inputs), "utf-8")
    config["files"]["tokenizer.json"] = _digest(tmp_path / "m" / "tokenizer.json")
    (tmp_path / "m" / "config.json").write_text(json.dumps(config), "utf-8")
    old = load(tmp_path / "m")
    sound, _ = line(5, (0.5, 0.5))
    assert parts_in(old, AudioClip(sound, RATE))[0].clip.frames == len(sound)
    assert old.predict([sound]) == both._greedy([AudioClip(sound, RATE)])
    old.save(tmp_path / "again")
    assert load(tmp_path / "again").predict([sound]) == old.predict([sound])
