"""`gyeol fit transcribe`, `evaluate`, `predict` of recognizers."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from ..conftest import Run

pytest.importorskip("jiwer", reason="jiwer is not installed: pip install 'gyeol[audio]'")
soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed: pip install 'gyeol[audio]'")

RATE = 8000
SMALL = [
    *("--set", "hidden_size=24"), *("--set", "num_layers=1"), *("--set", "mels=12"), *("--set", "epochs=15"),
    *("--set", "learning_rate=0.01"), *("--set", "batch_size=4"), *("--set", "augment=false"), *("--threads", "1"),
    *("--set", "dropout=0"), *("--set", "averaging=0"), "--json",
]  # fmt: skip


def tone(path: Path, frequency: int, seconds: float = 0.3, rate: int = RATE) -> Path:
    t = np.arange(round(seconds * rate)) / rate
    samples = 0.5 * np.sin(2 * np.pi * frequency * t) + np.random.default_rng(frequency).normal(0, 0.01, len(t))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((samples * 20000).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Low tones are 가, high ones 나."""
    folder = tmp_path_factory.mktemp("sounds")
    rows = ["path\ttext"]
    for n in range(24):
        low = n % 2 == 0
        tone(folder / f"{n}.wav", (300 if low else 2000) + 10 * n, 0.25 + 0.01 * n)
        rows.append(f"{n}.wav\t{'가' if low else '나'}")
    (folder / "all.tsv").write_text("\n".join(rows) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="session")
def model(sounds: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import sys

    from gyeol.cli.app import main

    out = tmp_path_factory.mktemp("models") / "live"
    with pytest.MonkeyPatch.context() as patch:
        given = [
            "fit",
            "transcribe",
            str(sounds / "all.tsv"),
            "--out",
            str(out),
            "--set",
            "bidirectional=false",
            *SMALL,
        ]
        patch.setattr(sys, "argv", ["gyeol", *given])
        main()
    return out


def test_from_recordings_to_texts(gyeol: Run, model: Path, sounds: Path, tmp_path: Path) -> None:
    low, high = tone(tmp_path / "low.wav", 333), tone(tmp_path / "high.wav", 2222)
    assert gyeol("predict", model, low).out == "가\n"
    assert gyeol("predict", model, low, high, "--beam", 4).out == f"{low}\t가\n{high}\t나\n"
    assert gyeol("predict", model, high, "--json").object["predictions"] == [{"file": str(high), "text": "나"}]
    assert gyeol("predict", model, "--file", sounds / "all.tsv").out.count("\t가\n") == 12
    assert gyeol("predict", model, "--file", sounds, "--out", tmp_path / "o.tsv").status == 0
    assert (tmp_path / "o.tsv").read_text("utf-8").count("\t나\t") == 12
    figures = gyeol("evaluate", model, sounds / "all.tsv", "--json").object
    assert (figures["cer"], figures["wer"], figures["count"]) == (0.0, 0.0, 24)
    assert gyeol("evaluate", model, sounds / "all.tsv", "--beam", 4).out.startswith("CER 0.00 %   WER")
    info = gyeol("info", model, "--json").object
    assert (info["task"], info["tokenizer"]) == ("transcribe", "syllable")


def test_when_it_was_said(gyeol: Run, model: Path, tmp_path: Path) -> None:
    path = tone(tmp_path / "low.wav", 333, 0.5)
    told = gyeol("explain", model, path, "--json").object
    assert told["text"] == "가"
    (letter,) = told["letters"]
    assert letter["letter"] == "가"
    assert 0 <= letter["start"] < letter["end"] <= 0.51
    assert 0 < letter["probability"] <= 1
    assert gyeol("explain", model, path).out.splitlines()[1].startswith("가")
    assert told["prediction"] == "가"
    assert "".join(told["output"]) == "가"
    gyeol("explain", model, path, "--out", tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text("utf-8").startswith("<!doctype html>")
    assert "loudness" in gyeol("explain", model, path, "--position", 0).out
    assert "expected 0 to 0" in gyeol("explain", model, path, "--position", 1).mistake
    assert "there is no file" in gyeol("explain", model, "no.wav", "--out", tmp_path / "b.html").mistake


def test_a_stream(gyeol: Run, model: Path, tmp_path: Path) -> None:
    path = tone(tmp_path / "long.wav", 300, 20.0)
    (whole,) = gyeol("predict", model, path, "--json").object["predictions"]
    assert gyeol("predict", model, path, "--stream").out == whole["text"] + "\n"
    assert gyeol("predict", model, path, "--stream", "--json").object["predictions"] == [whole]
    assert gyeol("predict", model, path, "--stream", "--beam", 4).status == 0
    assert "--stream takes one recording, but 2 were given" in gyeol("predict", model, path, path, "--stream").mistake


def spelled(path: Path, text: str) -> Path:
    """Tones with pauses of half a second between."""
    parts = []
    for letter in text:
        t = np.arange(RATE // 3) / RATE
        parts += [0.5 * np.sin(2 * np.pi * {"가": 350, "나": 2150}[letter] * t), np.zeros(RATE // 2)]
    samples = np.concatenate(parts)
    samples += np.random.default_rng(0).normal(0, 0.002, len(samples))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((samples * 20000).astype("<i2").tobytes())
    return path


def test_what_is_far_longer_than_the_training_is_told_and_cut(gyeol: Run, model: Path, tmp_path: Path) -> None:
    path = spelled(tmp_path / "long.wav", "가나나가가나")
    for given in ((), ("--stream",)):
        result = gyeol("predict", model, path, *given)
        assert result.err == (
            "long.wav lasts 5.0 s, but the longest recording of the training 0.5 s: split at pauses of 0.3 s, and "
            "each part transcribed by itself\n"
        )
        assert len(result.out.split()) == 6
    assert gyeol("predict", model, tone(tmp_path / "a.wav", 333)).err == ""


@pytest.mark.parametrize("kind", ["empty", "cut", "text", "missing"])
def test_one_bad_file_among_many(gyeol: Run, model: Path, tmp_path: Path, kind: str) -> None:
    good = [tone(tmp_path / f"{n}.wav", 333 if n % 2 else 2222) for n in range(5)]
    bad = tmp_path / "2.wav"
    data = {"empty": b"", "cut": bad.read_bytes()[:-2000], "text": b"no sound at all", "missing": None}[kind]
    bad.unlink() if data is None else bad.write_bytes(data)
    result = gyeol("predict", model, *good)
    assert result.status == 0
    assert result.out == "".join(f"{f}\t{'' if n == 2 else '가' if n % 2 else '나'}\n" for n, f in enumerate(good))
    assert result.err.startswith("1 without an answer, ")
    assert str(bad) in result.err
    assert gyeol("predict", model, *good, "--strict").status == 2
    (tmp_path / "all.csv").write_text("path\n" + "".join(f"{n}.wav\n" for n in range(5)), "utf-8")
    told = gyeol("predict", model, "--file", tmp_path / "all.csv", "--json").object["predictions"]
    assert [bool(one["text"]) for one in told] == [True, True, False, True, True]
    assert [n for n, one in enumerate(told) if "error" in one] == [2]
    assert str(bad) in gyeol("predict", model, bad).mistake
    result = gyeol("predict", model, bad, bad, "--json")
    assert (result.status, result.out) == (2, "")
    assert str(bad) in result.err


def test_another_rate_is_noted(gyeol: Run, model: Path, tmp_path: Path) -> None:
    result = gyeol("predict", model, tone(tmp_path / "a.wav", 333, rate=16000))
    assert result.out == "가\n"
    assert result.err == "a.wav (16,000 Hz) resampled to the model's 8,000 Hz\n"


def test_a_language_model(gyeol: Run, model: Path, sounds: Path, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("나\n" * 60, "utf-8")
    small = ("--set", "hidden_size=8", "--set", "embedding_size=8", "--set", "epochs=6", "--set", "documents=line")
    letters = ("--set", "tokenizer=syllable", "--set", "learning_rate=0.03", "--set", "batch_size=4", "--threads", "1")
    assert gyeol("fit", "language", tmp_path / "t.txt", "--out", tmp_path / "lm", *small, *letters, "-q").status == 0
    low = tone(tmp_path / "low.wav", 333)
    heavy = gyeol("predict", model, low, "--lm", tmp_path / "lm", "--lm-weight", 50, "--beam", 4)
    assert heavy.out.strip() in ("", "가", "나")
    assert gyeol("predict", model, low, "--lm", tmp_path / "lm", "--lm-weight", 0).out == "가\n"
    figures = gyeol("evaluate", model, sounds / "all.tsv", "--lm", tmp_path / "lm", "--lm-weight", 0, "--json").object
    assert figures["wer"] == 0.0
    other = gyeol("predict", model, low, "--lm", model).mistake
    assert "is a model of 'fit transcribe'; expected one of 'fit language'" in other


def test_a_lexicon(gyeol: Run, model: Path, sounds: Path, tmp_path: Path) -> None:
    low = tone(tmp_path / "low.wav", 333)
    (tmp_path / "one.txt").write_text("나\n", "utf-8")
    (tmp_path / "two.txt").write_text("\ufeff나 가\n\n가\n", "utf-8")
    assert gyeol("predict", model, low, "--lexicon", tmp_path / "one.txt").out.strip() in ("", "나")
    assert gyeol("predict", model, low, "--lexicon", tmp_path / "two.txt", "--beam", 1).out == "가\n"
    assert gyeol("predict", model, low, "--lexicon", tmp_path / "two.txt", "--stream").out == "가\n"
    figures = gyeol("evaluate", model, sounds / "all.tsv", "--lexicon", tmp_path / "two.txt", "--json").object
    assert (figures["cer"], figures["wer"]) == (0.0, 0.0)
    (tmp_path / "other.txt").write_text("나 다\n", "utf-8")
    assert (
        "the lexicon's word '다' cannot be written: the model has no letter '다'"
        in gyeol("evaluate", model, sounds / "all.tsv", "--lexicon", tmp_path / "other.txt").mistake
    )
    (tmp_path / "blank.txt").write_text(" \n", "utf-8")
    assert "blank.txt holds no words" in gyeol("predict", model, low, "--lexicon", tmp_path / "blank.txt").mistake
    assert "there is no file" in gyeol("predict", model, low, "--lexicon", tmp_path / "none.txt").mistake


def test_made_digits_are_learned_from(gyeol: Run, tmp_path: Path) -> None:
    made = gyeol("data", "make", "digits-ko", "--out", tmp_path / "d", "--count", 12, "--json").object
    assert (made["name"], made["count"]) == ("digits-ko", 12)
    answer = gyeol("fit", "transcribe", tmp_path / "d", "--out", tmp_path / "m", *SMALL, "--set",
                   "epochs=1").object  # fmt: skip
    assert answer["sample_rate"] == 8000
    assert {"cer", "wer", "left_out", "weights"} <= set(answer)
    again = gyeol("data", "make", "digits-ko", "--out", tmp_path / "d")
    assert "already exists" in again.mistake
    assert "digits-ko" in gyeol("data", "list", "--json").object["made"]


def test_mistakes(gyeol: Run, model: Path, sounds: Path, tmp_path: Path, reviews: Path) -> None:
    fit = ("fit", "transcribe", "--out", tmp_path / "n")
    assert "there is no file" in gyeol(*fit, "nothing.tsv").mistake
    assert "which column holds the paths of sound files" in gyeol(*fit, reviews).mistake
    assert "is for the task 'classify', not for 'transcribe'" in gyeol(*fit, "nsmc").mistake
    assert "holds no sound files" in gyeol(*fit, tmp_path).mistake
    assert "its transcript is missing" in gyeol(*fit, sounds).mistake
    (tmp_path / "bad.wav").write_bytes(b"RIFF....WAVE")
    assert "is not a readable sound file" in gyeol("predict", model, tmp_path / "bad.wav").mistake
    assert "there is no file" in gyeol("predict", model, "none.wav").mistake
    assert "no recording given" in gyeol("predict", model, stdin=b"x").mistake
    assert "--top is for models of 'fit classify', " in gyeol("predict", model, "a.wav", "--top", 2).mistake
    assert "--lm-weight is the weight of a language model" in gyeol("predict", model, "a.wav", "--lm-weight", 1).mistake
    assert "too short for its text" in gyeol(*fit, _short(tmp_path), *SMALL).mistake
    assert not (tmp_path / "n").exists()


def _short(folder: Path) -> Path:
    tone(folder / "s.wav", 300, 0.1)
    (folder / "s.tsv").write_text("path\ttext\n" + f"s.wav\t{'가나다' * 9}\n" * 20, "utf-8")
    return folder / "s.tsv"


def test_options_of_speech_are_refused_elsewhere(gyeol: Run, reviews: Path, tmp_path: Path) -> None:
    from ..conftest import TINY

    out = tmp_path / "films"
    assert gyeol("fit", "classify", reviews, "--out", out, *TINY, "--set", "epochs=1", "-q").status == 0
    assert (
        "--stream is for models of 'fit transcribe'; this is a model of 'fit classify'"
        in gyeol("predict", out, "x", "--stream").mistake
    )
    assert "--beam is for models of 'fit transcribe'" in gyeol("evaluate", out, reviews, "--beam", 2).mistake
    assert (
        "--lexicon is for models of 'fit transcribe'" in gyeol("evaluate", out, reviews, "--lexicon", reviews).mistake
    )


def test_a_recording_that_cannot_be_heard_costs_itself_only(
    gyeol: Run, model: Path, sounds: Path, tmp_path: Path
) -> None:
    tone(tmp_path / "a.wav", 333)
    (tmp_path / "bad.wav").write_bytes(b"RIFF no sound")
    tone(tmp_path / "b.wav", 2222)
    rows = ["id,path,speaker", "x1,a.wav,anna", "x2,none.wav,ben", "x3,bad.wav,cleo", "x4,b.wav,dan"]
    (tmp_path / "t.csv").write_text("\n".join(rows) + "\n", "utf-8")
    asked = gyeol("predict", model, "--file", tmp_path / "t.csv", "--json")
    assert asked.status == 0
    told = asked.object["predictions"]
    assert [(one["line"], one["id"], one["text"]) for one in told if "id" in one] == [
        (2, "x1", "가"), (4, "x3", None), (5, "x4", "나"),
    ]  # fmt: skip
    assert [one["line"] for one in told] == [2, 3, 4, 5]
    assert "t.csv: 2 row(s) without an answer, line 3, 4: there is no file" in asked.err
    assert gyeol("predict", model, "--file", tmp_path / "t.csv", "--strict").status == 2
    several = gyeol("predict", model, tmp_path / "a.wav", tmp_path / "bad.wav", tmp_path / "b.wav")
    assert several.status == 0
    assert [line.rpartition("\t")[2] for line in several.out.splitlines()] == ["가", "", "나"]


def test_the_columns_of_a_table_are_remembered(gyeol: Run, sounds: Path, tmp_path: Path) -> None:
    rows = (sounds / "all.tsv").read_text("utf-8").splitlines()[1:]
    lines = [f"{n}\t{sounds / path}\t{said}" for n, (path, said) in enumerate(row.split("\t") for row in rows)]
    (tmp_path / "a.tsv").write_text("\n".join(["번호\t어디\t무엇", *lines]) + "\n", "utf-8")
    named = ["--input", "어디", "--target", "무엇"]
    assert gyeol("fit", "transcribe", tmp_path / "a.tsv", *named, "--out", tmp_path / "m", *SMALL).status == 0
    assert gyeol("info", tmp_path / "m", "--json").object["columns"]["input"] == "어디"
    assert gyeol("evaluate", tmp_path / "m", tmp_path / "a.tsv", "--json").object["count"] == 24
    told = gyeol("predict", tmp_path / "m", "--file", tmp_path / "a.tsv", "--json").object["predictions"]
    assert [one["번호"] for one in told] == [str(n) for n in range(24)]
