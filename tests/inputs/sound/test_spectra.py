"""Log-mel frames against their formula, streams against the whole, and what augmentation may and may not do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.data.media.audio_clips import AudioClip, AudioClips
from gyeol.errors import ModelError, ParameterError
from gyeol.inputs.sound.augmentation import coloured, perturbed, spec_augment
from gyeol.inputs.sound.recordings import SpeechInput
from gyeol.inputs.sound.spectra import FrameStream, LogMel, check_rate, mel_filters


def tone(frequency: float, seconds: float = 1.0, rate: int = 8000, loud: float = 1.0) -> np.ndarray:
    return (loud * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.02, 2400).astype(np.float32)


def test_frames_are_those_of_the_formula() -> None:
    rate, mels = 8000, 20
    samples = np.random.default_rng(0).uniform(-1, 1, 1000).astype(np.float32)
    frames = LogMel(rate, mels)(samples)
    assert frames.shape == (1 + (1000 - 200) // 80, mels)
    n = np.arange(200)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / 200)
    cut = samples[3 * 80 : 3 * 80 + 200] * window / (window.sum() / 2)
    k = np.arange(129)
    power = np.abs((cut * np.exp(-2j * np.pi * k[:, None] * n / 256)).sum(1)) ** 2
    mel = lambda f: 2595 * np.log10(1 + f / 700)  # noqa: E731
    edges = np.linspace(mel(20), mel(4000), mels + 2)
    f = 700 * (10 ** (edges / 2595) - 1)
    for m in range(mels):
        up, down = (k * rate / 256 - f[m]) / (f[m + 1] - f[m]), (f[m + 2] - k * rate / 256) / (f[m + 2] - f[m + 1])
        energy = (power * np.clip(np.minimum(up, down), 0, None)).sum()
        assert frames[3, m] == pytest.approx(np.log(energy + 1e-6), abs=1e-4)


def test_a_tone_lies_in_its_filter_and_as_loud_as_it_is() -> None:
    filters = mel_filters(8000, 256, 40)
    for frequency in (500, 1500, 3000):
        frames = LogMel(8000, 40)(tone(frequency))
        assert frames[10].argmax() == filters[round(frequency / 8000 * 256)].argmax()
        quiet = LogMel(8000, 40)(tone(frequency, loud=0.1))
        assert (frames - quiet)[10].max() == pytest.approx(np.log(100), abs=0.05)


@given(mels=st.integers(1, 128), rate=st.sampled_from([8000, 11025, 16000, 44100]))
@settings(max_examples=30)
def test_no_filter_is_empty(mels: int, rate: int) -> None:
    size = 1 << (round(0.025 * rate) - 1).bit_length()
    filters = mel_filters(rate, size, mels)
    assert (filters.max(0) > 0).all()
    assert filters.min() >= 0


@given(
    count=st.integers(1, 3000), rate=st.sampled_from([8000, 11025]), cuts=st.lists(st.integers(0, 3000), max_size=6),
    seed=st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=60)
def test_a_stream_gives_the_frames_of_the_whole(count: int, rate: int, cuts: list[int], seed: int) -> None:
    samples = np.random.default_rng(seed).uniform(-1, 1, count).astype(np.float32)
    mel = LogMel(rate, 13)
    stream = FrameStream(mel)
    parts = [stream.feed(part) for part in np.split(samples, sorted(min(cut, count) for cut in cuts))]
    made = np.concatenate([*parts, stream.finish()])
    assert len(made) == mel.count(count)
    np.testing.assert_allclose(made, mel(samples), atol=1e-4)


def test_too_many_filters() -> None:
    with pytest.raises(ParameterError, match="mels=200: a window of 25 ms at 8,000 Hz has room for 128 at most"):
        check_rate(8000, 200)


def test_silence_is_finite_and_frames_are_normalised() -> None:
    clips = AudioClips(
        [AudioClip(tone(f, 0.3) + noise(f), 8000) for f in (300, 900, 2000)]
        + [AudioClip(np.zeros(900, np.float32), 8000)],
        8000,
    )
    for normalize in ("corpus", "utterance", "speech"):
        made = SpeechInput(rate=8000, mels=20, normalize=normalize).fit(clips, ["a", "b", "c", "d"])
        every = [made.frames(clips.samples(row)) for row in range(len(clips))]
        assert all(np.isfinite(frames).all() for frames in every)
        together = np.concatenate(every) if normalize == "corpus" else every[0]
        np.testing.assert_allclose(together.mean(None if normalize == "speech" else 0), 0, atol=1e-3)
        if normalize == "corpus":
            np.testing.assert_allclose(together.std(0), 1, atol=1e-2)


def test_neither_loudness_nor_silence_around_nor_half_of_a_colour_matter_to_speech() -> None:
    made = SpeechInput(rate=8000, mels=20, normalize="speech")
    samples = np.concatenate([tone(300, 0.15), tone(1800, 0.15)]) + 10 * noise(0)
    frames = made.frames(samples)
    np.testing.assert_allclose(made.frames(samples / 50), frames, atol=1e-3)
    np.testing.assert_allclose(made.normal(made.mel(samples) + np.float32(2)), frames, atol=1e-5)
    still = made.frames(np.pad(samples, (20 * made.mel.hop, 40 * made.mel.hop)))
    np.testing.assert_allclose(still[20 : 20 + len(frames)], frames, atol=0.3)  # some windows at the ends are loud, too
    curve = np.linspace(-1, 1, 20, dtype=np.float32)
    change = made.normal(made.mel(samples) + curve) - frames
    np.testing.assert_allclose(change, np.tile(curve / 4, (len(frames), 1)), atol=0.05)


def test_models_that_measured_otherwise_still_do() -> None:
    state = SpeechInput(rate=8000, mels=8).fit(AudioClips([AudioClip(tone(300), 8000)], 8000), ["ab"]).state()
    assert state["normalize"] == "utterance"
    assert SpeechInput.restored(state).mel.floor == 1e-6
    assert SpeechInput.restored({**state, "normalize": "speech"}).mel.floor == 1e-12


def test_a_colour_is_the_same_at_all_times() -> None:
    frames = np.random.default_rng(0).normal(size=(30, 40)).astype(np.float32)
    made = [coloured(frames, np.random.default_rng(seed)) - frames for seed in range(200)]
    assert made[0].dtype == np.float32
    np.testing.assert_allclose(made[0], np.tile(made[0][0], (30, 1)), atol=1e-5)
    assert 0.6 < np.std([curve[0] for curve in made], axis=0).mean() < 1.2
    assert np.abs(np.diff([curve[0] for curve in made], axis=1)).max() < 1  # of neighbouring bands


def test_silence_is_put_around_a_recording() -> None:
    samples = tone(440)
    made = [perturbed(samples, np.random.default_rng(seed), speed=0.0, noise=False, silence=400) for seed in range(40)]
    more = np.array([len(one) - len(samples) for one in made])
    assert 0 == more.min() < more.max() <= 800
    for one in made:
        aligned = np.correlate(one, samples, "valid")
        first = int(aligned.argmax())
        ratio = one[first : first + len(samples)][20] / samples[20]
        np.testing.assert_allclose(one[first : first + len(samples)], ratio * samples, rtol=1e-3, atol=1e-5)
        assert np.abs(np.delete(one, np.s_[first : first + len(samples)])).max(initial=0) < 0.2 * np.abs(one).max()


def test_what_is_changed_is_bounded_and_drawn_by_the_seed() -> None:
    samples = tone(440)
    made = [perturbed(samples, np.random.default_rng(seed), speed=0.15) for seed in range(30)]
    assert {round(len(samples) / len(one) * 20) for one in made} == set(range(17, 24))
    assert all(one.dtype == np.float32 and np.isfinite(one).all() for one in made)
    np.testing.assert_array_equal(made[3], perturbed(samples, np.random.default_rng(3), speed=0.15))
    still = perturbed(samples, np.random.default_rng(0), speed=0.0, noise=False)
    ratio = still[1:] / np.where(samples[1:] == 0, 1, samples[1:])
    np.testing.assert_allclose(ratio[samples[1:] != 0], ratio[5], rtol=1e-4)  # louder or softer, and nothing else


@given(T=st.integers(1, 60), M=st.integers(1, 50), seed=st.integers(0, 999))
@settings(max_examples=60)
def test_gaps_are_whole_bands_and_stretches(T: int, M: int, seed: int) -> None:
    frames = np.ones((T, M), dtype=np.float32)
    made = spec_augment(frames, np.random.default_rng(seed), bands=2, widest=0.3, gaps=2, longest=0.2)
    assert frames.all()  # not changed
    rows, columns = (made == 0).all(1), (made == 0).all(0)
    assert rows.sum() <= 2 * int(0.2 * T) or columns.all()
    assert columns.sum() <= 2 * int(0.3 * M) or rows.all()
    np.testing.assert_array_equal(made == 0, rows[:, None] | columns[None, :])


def test_damaged_states_are_refused() -> None:
    made = SpeechInput(rate=8000, mels=8).fit(AudioClips([AudioClip(tone(300), 8000)], 8000), ["ab"])
    state = made.state()
    assert SpeechInput.restored(state).state() == state
    for wrong in (
        {"rate": 0}, {"rate": "8000"}, {"mels": 9}, {"mean": [0.0]}, {"spread": [0.0] * 8}, {"normalize": "none"},
        {"mean": [float("nan")] * 8}, {"mean": None}, {"text": {}},
    ):  # fmt: skip
        with pytest.raises(ModelError):
            SpeechInput.restored({**state, **wrong})


@pytest.mark.parametrize("warp", [0.8, 0.9, 1.1, 1.25])
def test_a_shorter_throat_is_a_higher_tone(warp: float) -> None:
    mel = LogMel(8000, 40)
    for frequency in (300, 700, 1500):
        warped = mel(tone(frequency * warp), warp=warp)[10]
        assert abs(int(warped.argmax()) - int(mel(tone(frequency))[10].argmax())) <= 1
    filters = mel_filters(8000, 256, 40, warp=warp)
    assert (filters.max(0) > 0).all()
    assert filters[:, -1].argmax() > 110  # the highest stays the highest
