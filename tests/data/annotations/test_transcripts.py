"""Recordings by table, folder and name; what is wrong is named with its line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gyeol.data.annotations.transcripts import find_recordings, fsdd, read_folder, read_manifest
from gyeol.data.catalogue import lookup
from gyeol.errors import DataError

DATA = os.environ.get("GYEOL_DATA", "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.wav", "b.flac", "c d.ogg"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


TABLES = {
    "m.tsv": "path\ttext\na.wav\t하나 둘\nb.flac\t셋\nc d.ogg\t넷\n",
    "m.csv": 'text,speaker,audio\n"하나 둘",x,a.wav\n셋,y,b.flac\n넷,z,c d.ogg\n',
    "n.tsv": "a.wav\t하나 둘\nb.flac\t셋\nc d.ogg\t넷\n",
    "n.csv": "하나 둘,a.wav\n셋,b.flac\n넷,c d.ogg\n",
    "m.jsonl": "\n".join(
        json.dumps({"audio_filepath": path, "duration": 1.5, "text": text})
        for path, text in (("a.wav", "하나 둘"), ("b.flac", "셋"), ("c d.ogg", "넷"))
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables(folder: Path, name: str) -> None:
    (folder / name).write_text(TABLES[name], "utf-8")
    found = find_recordings(str(folder / name), "train")
    assert [path.name for path in found.files] == ["a.wav", "b.flac", "c d.ogg"]
    assert found.texts == ["하나 둘", "셋", "넷"]
    assert found.about()["data"] == name
    without = find_recordings(str(folder / name), "test", need_texts=False)
    assert without.files == found.files
    assert without.texts == []


def test_columns_that_the_user_names(folder: Path) -> None:
    (folder / "m.tsv").write_text("where\twhat\twho\na.wav\t하나\t김\nb.flac\t둘\t이\n", "utf-8")
    assert read_manifest(folder / "m.tsv", input="where", target="what").texts == ["하나", "둘"]
    (folder / "n.tsv").write_text("a.wav\t하나\t김\nb.flac\t둘\t이\n", "utf-8")
    assert read_manifest(folder / "n.tsv", input="1", target="3").texts == ["김", "이"]
    (folder / "p.txt").write_text("a.wav\nb.flac\n")
    assert len(read_manifest(folder / "p.txt", need_texts=False).files) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("path\ttext\na.wav\t하나\nnone.wav\t둘\n", r"m\.tsv, line 3: there is no file '.*none\.wav'"),
        ("path\ttext\na.wav\t하나\nb.flac\t \n", r"m\.tsv, line 3: the text is missing; fix the row"),
        ("path\ttext\na.wav\t하나\n \t둘\nb.flac\t셋\n", r"m\.tsv, line 3: the path is missing"),
        ("path\ttext\na.wav\t" + "가" * 10_001 + "\n", r"m\.tsv, line 2: the text has 10,001 letters"),
        ("path\ttext\n", "no row|no text|names no recordings"),
        ("a\tb\tc\n1\t2\t3\n", "which column holds the paths of sound files"),
        ("path\tx\ty\na.wav\tp\tq\n", "which column holds the texts"),
        ("path\ttext\n" + "a" * 3000 + ".wav\t하나\n", "there is no file"),
    ],
)
def test_what_is_wrong_in_a_table(folder: Path, content: str, message: str) -> None:
    (folder / "m.tsv").write_text(content, "utf-8")
    with pytest.raises(DataError, match=message) as caught:
        read_manifest(folder / "m.tsv")
    assert "\n" not in str(caught.value)


def test_folders(folder: Path) -> None:
    for name, text in (("a", "하나\n둘\n"), ("b", "셋"), ("c d", " 넷 ")):
        (folder / f"{name}.txt").write_text(text, "utf-8")
    assert read_folder(folder).texts == ["하나 둘", "셋", "넷"]
    (folder / "b.txt").unlink()
    with pytest.raises(DataError, match=r"b\.flac has no transcript beside it, b\.txt, and other files have"):
        read_folder(folder)
    with pytest.raises(DataError, match="is a folder, which has no columns"):
        find_recordings(str(folder), "train", input="x")


def test_names_that_begin_with_what_is_said(tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    for name in ("영_김_1.wav", "two/일_이_2.WAV", "notes.md"):
        (tmp_path / name).write_bytes(b"x")
    found = read_folder(tmp_path)
    assert sorted(found.texts) == ["영", "일"]
    (tmp_path / "what.wav").write_bytes(b"x")
    with pytest.raises(DataError, match=r"what\.wav: its transcript is missing\. Write what\.txt beside it"):
        read_folder(tmp_path)
    assert len(read_folder(tmp_path, need_texts=False).files) == 3
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no sound files"):
        read_folder(tmp_path / "empty")


def test_digits_by_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("7_theo_3.wav", "0_lucas_12.wav", "1_lucas_4.wav", "README.md", "x_y_z.wav"):
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.setattr("gyeol.data.annotations.transcripts.resolve_file", lambda name, role: tmp_path)
    assert [(d.word, d.speaker, d.number) for d in fsdd()] == [
        ("zero", "lucas", 12), ("one", "lucas", 4), ("seven", "theo", 3),
    ]  # fmt: skip
    assert find_recordings("fsdd", "train").texts == ["zero"]
    assert find_recordings("fsdd", "test").texts == ["one", "seven"]
    with pytest.raises(DataError, match=r"is for the task 'classify', not for 'transcribe'; suitable ones: .*fsdd"):
        find_recordings("nsmc", "train")
    with pytest.raises(DataError, match="there is no file 'fsd', and no data set of that name; did you mean 'fsdd'"):
        find_recordings("fsd", "train")


@pytest.mark.skipif(not DATA, reason="GYEOL_DATA is not set")
def test_the_split_is_the_official_one() -> None:
    if lookup._place(lookup.CATALOG["fsdd"], lookup.CATALOG["fsdd"].files["all"]) != "data":
        pytest.skip("GYEOL_DATA has no fsdd")
    train, test = find_recordings("fsdd", "train"), find_recordings("fsdd", "test")
    assert (len(train.files), len(test.files)) == (2700, 300)
    assert not set(train.files) & set(test.files)
    assert len({digit.speaker for digit in fsdd()}) == 6


@pytest.mark.parametrize("separator", [";", "|", "\t"])
def test_a_table_with_another_separator(tmp_path: Path, separator: str) -> None:
    for n in range(3):
        (tmp_path / f"{n}.wav").write_bytes(b"x")
    rows = [["파일", "전사"], *([f"{n}.wav", f"하나, 둘{n}"] for n in range(3))]
    path = tmp_path / "list.csv"
    path.write_text("\r".join(separator.join(row) for row in rows), "utf-16")
    found = read_manifest(path)
    assert [file.name for file in found.files] == ["0.wav", "1.wav", "2.wav"]
    assert found.texts == ["하나, 둘0", "하나, 둘1", "하나, 둘2"]
