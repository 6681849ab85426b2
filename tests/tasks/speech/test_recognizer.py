"""Recognizers: they learn tones, a stream writes what the whole writes, a language model decides, errors have names."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gyeol import DataError, LanguageModel, ModelError, ParameterError, SpeechRecognizer, load
from gyeol.engine.search.ctc import CTCSettings, PrefixSearch
from gyeol.tasks.language.data import END
from gyeol.tasks.speech.language import LanguageScorer
from gyeol.tasks.speech.letters import text_of

pytest.importorskip("jiwer", reason="jiwer is not installed: pip install 'gyeol[audio]'")
soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed: pip install 'gyeol[audio]'")

RATE = 8000
PITCH = {"가": 300, "나": 1000, "다": 2600}
TINY: dict[str, Any] = {
    "sample_rate": RATE, "hidden_size": 32, "num_layers": 1, "mels": 16, "epochs": 20, "batch_size": 6, "patience": 99,
    "learning_rate": 0.01, "augment": False, "threads": 1, "dropout": 0.0, "averaging": 0.0,
}  # fmt: skip


def sung(text: str, seed: int) -> np.ndarray:
    """Each letter is a tone, a space a pause."""
    draw = np.random.default_rng(seed)
    parts = [draw.normal(0, 0.01, 400)]
    for letter in text:
        n = int(draw.integers(900, 1300))
        tone = np.sin(2 * np.pi * PITCH.get(letter, 0) * np.arange(n) / RATE) * draw.uniform(0.3, 0.9)
        parts += [tone + draw.normal(0, 0.01, n), draw.normal(0, 0.01, 500)]
    return np.concatenate(parts).astype(np.float32)


TEXTS = ["가나", "나다가", "다", "가", "다나", "나 가", "가 다", "나나"] * 6
SOUNDS = [sung(text, seed) for seed, text in enumerate(TEXTS)]


def fitted(**settings: Any) -> SpeechRecognizer:
    return SpeechRecognizer(**{**TINY, **settings}).fit(SOUNDS, TEXTS, validation=(SOUNDS[:8], TEXTS[:8]))


@pytest.fixture(scope="module")
def model() -> SpeechRecognizer:
    return fitted()


@pytest.fixture(scope="module")
def live() -> SpeechRecognizer:
    return fitted(bidirectional=False, epochs=25)


def test_it_learns(model: SpeechRecognizer) -> None:
    assert model.score(SOUNDS, TEXTS) > 0.95
    figures = model.evaluate(SOUNDS, TEXTS)
    assert figures["cer"] < 0.05
    assert (figures["count"], figures["seconds"]) == (48, round(sum(map(len, SOUNDS)) / RATE, 2))
    assert model.predict([sung("나가", 99)]) == ["나가"]
    assert model.left_out_ == 0


def test_what_stands_beside_in_a_batch_does_not_matter(model: SpeechRecognizer) -> None:
    encoded = model._encode(model._known(SOUNDS[:8]), None)
    with torch.inference_mode():
        together = encoded.batch(np.arange(8))
        log_probs, steps = model.net_(together.frames, together.lengths)
        for row in range(8):
            alone = encoded.batch(np.array([row]))
            own, T = model.net_(alone.frames, alone.lengths)
            assert int(T[0]) == int(steps[row])
            torch.testing.assert_close(own[0], log_probs[row, : int(T[0])], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("size", [1, 8])
def test_a_stream_writes_what_the_whole_writes(live: SpeechRecognizer, size: int) -> None:
    sound = np.concatenate([sung(text, seed) for seed, text in enumerate(("가나", "다 나", "나나", "다"))])
    (whole,) = live.transcribe([sound], beam_size=size)
    assert len(whole) >= 5
    for block in (37, 800, len(sound)):
        listener = live.listen(beam_size=size)
        settled = ""
        for first in range(0, len(sound), block):
            heard = listener.feed(sound[first : first + block])
            assert listener.text.startswith(settled)
            assert heard.startswith(listener.text)
            settled = listener.text
        assert listener.finish() == whole
        assert listener.finish() == whole
    with pytest.raises(DataError, match="came after finish"):
        listener.feed(sound)
    assert live.predict([sound]) == live.transcribe([sound], beam_size=1)


def test_a_stream_gives_the_probabilities_of_the_whole(live: SpeechRecognizer) -> None:
    from gyeol.tasks.speech.net import SpeechStream

    for cell in ("lstm", "gru", "lstm_norm"):
        made = live if cell == "lstm" else fitted(bidirectional=False, epochs=1, cell=cell, num_layers=2)
        frames = made.inputs_.frames(SOUNDS[1])
        with torch.inference_mode():
            whole = made.net_(torch.from_numpy(frames)[None], torch.tensor([len(frames)]))[0][0].numpy()
        stream = SpeechStream(made.net_)
        parts = [stream.feed(part) for part in np.split(frames, [1, 2, 9, 20])]
        np.testing.assert_allclose(np.concatenate([*parts, stream.finish()]), whole, atol=1e-4)


def test_memory_of_a_stream_does_not_grow(live: SpeechRecognizer) -> None:
    listener = live.listen(beam_size=4)
    for seed in range(30):
        listener.feed(sung("가 나", seed))
    assert len(listener._stream._pending) < 20
    assert len(listener._frames._held) < 2 * RATE
    assert len(listener._word) < 20


def test_only_a_model_of_one_direction_listens(model: SpeechRecognizer) -> None:
    with pytest.raises(ParameterError, match="for a stream train one with bidirectional=false"):
        model.listen()
    made = fitted(bidirectional=False, normalize="utterance", epochs=1)
    with pytest.raises(ParameterError, match="normalize 'auto' or 'corpus'"):
        made.listen()


def test_files_and_arrays_are_the_same(model: SpeechRecognizer, tmp_path: Path) -> None:
    for rate in (RATE, 16000):
        from gyeol.data.media.resampling import resampled

        soundfile.write(tmp_path / f"{rate}.wav", resampled(SOUNDS[1], RATE, rate), rate, subtype="FLOAT")
    assert model.predict([SOUNDS[1], str(tmp_path / "8000.wav"), tmp_path / "16000.wav"]) == ["나다가"] * 3
    made = SpeechRecognizer(**{**TINY, "sample_rate": None, "epochs": 1}).fit([tmp_path / "8000.wav"] * 12, ["가"] * 12)
    assert made.inputs_.mel.rate == RATE


@pytest.mark.parametrize(
    "settings",
    [
        {"cell": "gru", "num_layers": 2, "dropout": 0.2, "averaging": 0.9}, {"tokenizer": "jamo", "stack": 2},
        {"bidirectional": False, "precision": "float64"}, {"cell": "lstm_norm", "normalize": "corpus", "mels": 3},
        {"speed": 0.15, "warp": 0.2, "augment": True, "lowercase": True}, {"normalize": "utterance"},
    ],
    ids=str,
)  # fmt: skip
def test_every_setting_trains_saves_and_loads(settings: dict[str, Any], tmp_path: Path) -> None:
    made = fitted(**{"epochs": 2, **settings})
    made.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert isinstance(again, SpeechRecognizer)
    assert again.predict(SOUNDS) == made.predict(SOUNDS)
    assert again.evaluate(SOUNDS, TEXTS) == made.evaluate(SOUNDS, TEXTS)
    assert "8,000 Hz" in (tmp_path / "m" / "README.md").read_text("utf-8")


def test_letters_are_said_when_their_tones_sound(model: SpeechRecognizer) -> None:
    first, second = model.align(sung("가다", 1), "가다")  # the second tone begins after 0.22 s at the earliest
    assert (first.letter, second.letter) == ("가", "다")
    assert 0 <= first.start < 0.2
    assert first.start < first.end <= second.start < second.end
    assert second.end > 0.22
    assert [s.letter for s in model.align(SOUNDS[0])] == list(model.predict([SOUNDS[0]])[0])
    with pytest.raises(DataError, match="the recording is too short for the text"):
        model.align(SOUNDS[0], "가나" * 30)


def test_jamo_are_written_as_syllables() -> None:
    made = fitted(tokenizer="jamo", stack=2)
    assert made.score(SOUNDS, TEXTS) > 0.9
    assert set("".join(made.predict(SOUNDS))) <= set("가나다 ")


def test_an_interrupted_training_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    class Stop:
        def epoch(self, number: int, *_: Any) -> None:
            if number == 3:
                raise KeyboardInterrupt

        def step(self, *_: Any) -> None: ...

        def record(self, *_: Any) -> None: ...

        def note(self, *_: Any) -> None: ...

    settings = {**TINY, "epochs": 4, "dropout": 0.2, "augment": True}
    whole = SpeechRecognizer(**settings).fit(SOUNDS, TEXTS)
    made = SpeechRecognizer(**settings)
    with pytest.raises(KeyboardInterrupt):
        made.fit(SOUNDS, TEXTS, checkpoint=tmp_path / "c", progress=Stop())
    made.fit(SOUNDS, TEXTS, checkpoint=tmp_path / "c", resume=True)
    for a, b in zip(whole.net_.parameters(), made.net_.parameters(), strict=True):
        assert torch.equal(a, b)


# A language model beside what is heard.


@pytest.fixture(scope="module")
def letters() -> LanguageModel:
    return LanguageModel(
        tokenizer="syllable", hidden_size=16, num_layers=1, embedding_size=16, epochs=12, batch_size=4,
        learning_rate=0.03, dropout=0.0, averaging=0.0, documents="line", threads=1,
    ).fit(["나 가", "나 다"] * 30)  # fmt: skip


@pytest.fixture(scope="module")
def words() -> LanguageModel:
    return LanguageModel(
        tokenizer="whitespace", hidden_size=8, num_layers=1, embedding_size=8, epochs=8, batch_size=4,
        learning_rate=0.03, dropout=0.0, averaging=0.0, documents="line", threads=1,
    ).fit(["나 가", "나 다", "나나 가"] * 20)  # fmt: skip


def spelled(scorer: LanguageScorer, numbers: list[int]) -> float:
    state, total = scorer.initial_state(), 0.0
    for number in numbers:
        state, log = scorer.extend(state, number)
        total += log
    return total + scorer.end(state)


@pytest.mark.parametrize("which", ["letters", "words"])
@pytest.mark.parametrize("tokenizer", ["syllable", "jamo"])
def test_a_scorer_says_what_the_language_model_says(
    model: SpeechRecognizer, request: pytest.FixtureRequest, which: str, tokenizer: str
) -> None:
    language: LanguageModel = request.getfixturevalue(which)
    made = model if tokenizer == "syllable" else fitted(tokenizer="jamo", epochs=1)
    scorer = LanguageScorer(language, made.inputs_)
    for text in ("나 가", "나 다", "나나 가", "가가", "나"):
        reader = language.reader()
        expected = 0.0
        for number in [*next(language._numbers([text])).tolist(), END]:
            expected += reader.scores()[number]
            reader.feed([number])
        assert spelled(scorer, made.inputs_.encode([text])[0].tolist()) == pytest.approx(expected, abs=1e-6)


def test_a_language_model_decides_where_the_sound_does_not(model: SpeechRecognizer, letters: LanguageModel) -> None:
    number = {letter: n for n, letter in enumerate(model.inputs_.text.vocabulary.tokens)}
    heard = np.full((5, len(number)), 0.02)
    for step, said in enumerate(["가나", "-", "  ", "-", "가다"]):  # 가 a little more than 나; 가 as much as 다
        for letter, share in zip(said, (0.5, 0.4) if len(said) > 1 else (0.9,), strict=True):
            heard[step, number.get(letter, 0)] += share
    log_probs = np.log(heard / heard.sum(1, keepdims=True))

    def text(scorer: LanguageScorer | None, weight: float) -> str:
        search = PrefixSearch(CTCSettings(200, weight, threshold=-np.inf), scorer)
        return text_of(model.inputs_, [*search.feed(log_probs), *search.finish()])

    scorer = LanguageScorer(letters, model.inputs_)
    assert text(None, 0.0) == text(scorer, 0.0) == "가 가"
    assert text(scorer, 2.0) in ("나 가", "나 다")
    sound = SOUNDS[TEXTS.index("가 다")]
    assert model.transcribe([sound], language_model=letters, lm_weight=0.1) == ["가 다"]
    with pytest.raises(ParameterError, match="language_model is SpeechRecognizer; expected a LanguageModel"):
        model.transcribe([sound], language_model=model)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="beam_size=0: must be 1 or more"):
        model.transcribe([sound], beam_size=0)


# A lexicon.


def test_with_a_lexicon_nothing_but_its_words_is_written(model: SpeechRecognizer, letters: LanguageModel) -> None:
    words = ["가나", "다", "나"]
    found = model.transcribe(SOUNDS[:8], lexicon=words, beam_size=100)
    assert {word for text in found for word in text.split()} <= set(words)
    assert [found[TEXTS.index(text)] for text in ("가나", "다")] == ["가나", "다"]
    assert model.transcribe(SOUNDS[:8], lexicon=iter(["나 가", "다나 나다가", "가나 다 나나 가"])) == TEXTS[:8]
    both = model.transcribe(SOUNDS[:8], lexicon=["나", "다"], language_model=letters, lm_weight=0.1)
    assert {word for text in both for word in text.split()} <= {"나", "다"}


def test_with_a_lexicon_the_text_is_found_whose_loss_is_least(model: SpeechRecognizer) -> None:
    words = ["가나", "가", "다나"]
    texts = [" ".join(text) for count in (1, 2, 3) for text in product(words, repeat=count)]
    for sound in SOUNDS[:8]:
        losses = model._outputs(model._encode(model._known([sound] * len(texts)), texts))[:, 0].astype(float)
        losses[losses == 0] = np.inf  # texts that need more steps than there are
        (found,) = model.transcribe([sound], lexicon=words, beam_size=1000)
        assert losses[texts.index(found)] == losses.min()


def test_a_stream_with_a_lexicon_writes_what_the_whole_writes(live: SpeechRecognizer) -> None:
    sound = np.concatenate([sung(text, seed) for seed, text in enumerate(("가나", "다 나", "나나", "다"))])
    words = ["가나다", "나", "나나다"]
    (whole,) = live.transcribe([sound], lexicon=words, beam_size=8)
    assert whole
    listener = live.listen(lexicon=words, beam_size=8)
    for first in range(0, len(sound), 800):
        listener.feed(sound[first : first + 800])
        assert set(listener.text.split()) <= set(words)
        assert listener.text in ("", whole) or whole.startswith(listener.text.rstrip() + " ")
    assert listener.finish() == whole


def test_a_lexicon_of_jamo_is_spelled() -> None:
    made = fitted(tokenizer="jamo", stack=2, epochs=1, lowercase=True)
    assert set(made.transcribe(SOUNDS[:4], lexicon=["간", "나"][1:])) <= {"", "나", "나 나", "나 나 나"}
    with pytest.raises(DataError, match="the lexicon's word '간' cannot be written: the model has no letter 'ᆫ'"):
        made.transcribe(SOUNDS[:1], lexicon=["간", "나"])


@pytest.mark.parametrize(
    ("lexicon", "message"),
    [
        ([], "the lexicon holds no words"),
        (["", " "], "the lexicon holds no words"),
        (
            ["가", "라가", "라"],
            r"the lexicon's word '라가' \(nor 1 more of its words\) cannot be written: .* no letter '라'",
        ),
        (["가", 3], "the lexicon holds 3; expected words"),
        (["가" * 2_000_000], "the lexicon is too large"),
    ],
    ids=["empty", "blank", "strange", "number", "large"],
)
def test_a_lexicon_that_cannot_be_used(model: SpeechRecognizer, lexicon: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        model.transcribe(SOUNDS[:1], lexicon=lexicon)


# Mistakes.


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ("a.wav", ["가"], "got str where a list of recordings was expected"),
        ([], [], "the list is empty"),
        ([3], ["가"], "recording 0 is int; expected a path"),
        ([np.zeros((2, 2))], ["가"], r"recording 0 is an array of float64 of shape \(2, 2\)"),
        ([np.zeros(0)], ["가"], "recording 0 is an array of float64 of shape"),
        ([np.zeros(9, dtype=np.int16)], ["가"], "holds whole numbers; expected numbers from -1 to 1"),
        ([np.full(900, np.nan)], ["가"], "holds numbers that are no samples"),
        ([np.zeros(900)] * 2, ["가"], "got 2 recordings and 1 texts"),
        ([np.zeros(900)], None, "the target y is None"),
        ([np.zeros(900)], [" "], "text 0 is empty"),
        (["none.wav"], ["가"], "there is no file none.wav"),
        ([np.zeros(900)] * 20, ["가" * 50] * 20, "every recording is too short for its text"),
        ([np.zeros(RATE * 3601, dtype=np.float32)], ["가"], "is 3,601 s long, and 3,600 s is the most"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(X: Any, y: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        SpeechRecognizer(**TINY).fit(X, y)


def test_arrays_need_a_rate() -> None:
    with pytest.raises(DataError, match="is an array: name its samples a second, sample_rate=16000"):
        SpeechRecognizer().fit([np.zeros(900)], ["가"])


def test_too_short_recordings_are_left_out_and_counted() -> None:
    X, y = [*SOUNDS, np.zeros(800, dtype=np.float32)], [*TEXTS, "가나다가나다가나다가나다"]
    made = SpeechRecognizer(**{**TINY, "epochs": 1}).fit(X, y, validation=(SOUNDS[:8], TEXTS[:8]))
    assert made.left_out_ == 1
    assert made.describe_data()["too short for their text, left out"] == "1"


def test_mistakes_in_settings() -> None:
    with pytest.raises(ParameterError, match="tokenizer='bpe' is not known"):
        SpeechRecognizer(tokenizer="bpe").fit(SOUNDS, TEXTS)
    with pytest.raises(ParameterError, match="mels=500: a window of 25 ms at 8,000 Hz has room for 128"):
        SpeechRecognizer(**{**TINY, "mels": 500}).fit(SOUNDS, TEXTS)


def test_a_letter_never_seen_is_an_error_in_the_text_and_no_failure(model: SpeechRecognizer) -> None:
    figures = model.evaluate([SOUNDS[0]], ["가라"])
    assert 0 < figures["cer"] <= 1


@pytest.mark.parametrize("change", [{"mels": 8}, {"rate": None}, {"text": {}}, {"spread": [0.0] * 16}], ids=str)
def test_a_damaged_folder_is_refused(model: SpeechRecognizer, change: dict[str, Any], tmp_path: Path) -> None:
    import hashlib
    import json

    model.save(tmp_path / "m")
    file, config = tmp_path / "m" / "tokenizer.json", tmp_path / "m" / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **change}), "utf-8")
    told = json.loads(config.read_text("utf-8"))
    told["files"]["tokenizer.json"] = hashlib.sha256(file.read_bytes()).hexdigest()
    config.write_text(json.dumps(told), "utf-8")
    with pytest.raises(ModelError):
        load(tmp_path / "m")
