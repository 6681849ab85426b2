"""Recordings and their transcripts: a table of paths and texts, a folder of sound files, or a named set."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from gyeol.data.annotations.path_tables import column_names, find_column, read_path_rows
from gyeol.data.catalogue.lookup import CATALOG, resolve_file
from gyeol.data.fingerprint import fingerprint
from gyeol.data.paths import check_file
from gyeol.data.tables.header import folded
from gyeol.data.tables.lines import open_text
from gyeol.data.tables.rows import BadRow
from gyeol.data.text.example_files import columns_of
from gyeol.data.text.sources import find_source
from gyeol.data.text.trained_columns import named_columns
from gyeol.errors import DataError

__all__ = ["SOUNDS", "Digit", "Recordings", "find_recordings", "fsdd", "read_folder", "read_manifest"]

#: Endings of sound files, as they are expected in folders.
SOUNDS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".aiff", ".aif", ".mp3")

_PATHS = (
    *("path", "file", "audio", "wav", "filename", "file_name", "filepath", "audio_filepath", "recording"),
    *("음성", "파일"),
)
_TEXTS = ("text", "sentence", "transcript", "transcription", "transcripts", "label", "문장", "텍스트", "전사")
_TABLE = "recordings.tsv"  # of a folder that `gyeol data make` wrote
_LONGEST = 10_000  # letters of a text


@dataclass(slots=True)
class Recordings:
    """Files and their transcripts, if given; ``path`` is where they were found.

    Of a table also the ``lines`` that name them, its ``others`` columns, and, where no texts are needed, the rows that
    are ``bad``.
    """

    path: Path
    name: str
    files: list[Path] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    others: list[tuple[tuple[str, str], ...]] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    columns: dict[str, Any] = field(default_factory=dict)

    def about(self) -> dict[str, Any]:
        """Describe the data for a model card: name, hash, and which columns of a table were read."""
        return {"data": self.name, "sha256": fingerprint(self.path), **self.columns}


def find_recordings(
    data: str, role: str, *, input: str | None = None, target: str | None = None, need_texts: bool = True
) -> Recordings:
    """Find what the user means: a folder, a table, or a named set.

    Parameters
    ----------
    data : str
        A path or a name of the catalogue; of a folder that holds a ``recordings.tsv``, that table is meant.
    role : str
        Which part of a named set: ``"train"`` or ``"test"``.
    input, target : str, optional
        Of a table, the column of the paths and that of the texts.
    need_texts : bool
        Whether there must be texts.

    Raises
    ------
    DataError
        For what cannot be used: names the file, and of a table the line.
    """
    if data in CATALOG and not Path(data).is_file():
        if data in _SETS:
            return _SETS[data](data, role)
        find_source(data, role, task="transcribe")  # reports the task of the set
    source = find_source(data, role)
    if (source.path / _TABLE).is_file():
        return read_manifest(source.path / _TABLE, input=input, target=target, need_texts=need_texts)
    if source.path.is_dir():
        if input is not None or target is not None:
            raise DataError(f"{source.path} is a folder, which has no columns: leave out --input and --target")
        return read_folder(source.path, need_texts=need_texts)
    return read_manifest(source.path, input=input, target=target, need_texts=need_texts)


def read_folder(path: Path, *, need_texts: bool = True) -> Recordings:
    """Find the sound files in a folder and below it.

    The transcript of ``a.wav`` is in ``a.txt`` beside it. If no file has one, its name starts with the transcript: up
    to the first ``_``.

    Raises
    ------
    DataError
        There is no sound, or some files have texts beside them and others have not.
    """
    seen = (p for p in path.rglob("*") if p.suffix.lower() in SOUNDS and not p.name.startswith("."))  # macOS: ._a.wav
    files = sorted(p for p in seen if p.is_file())
    if not files:
        raise DataError(f"{path} holds no sound files ({', '.join(SOUNDS[:3])}, ...)")
    found = Recordings(path, path.name, files)
    if not need_texts:
        return found
    with_text = [p for p in files if p.with_suffix(".txt").is_file()]
    if with_text and len(with_text) < len(files):
        lacking = next(p for p in files if not p.with_suffix(".txt").is_file())
        raise DataError(
            f"{lacking} has no transcript beside it, {lacking.with_suffix('.txt').name}, and other files have"
        )
    for file in files:
        if with_text:
            lines = [line.strip() for _, line in open_text(check_file(file.with_suffix(".txt")))]
            text = " ".join(line for line in lines if line)
        else:
            text, mark, _ = file.stem.partition("_")
            if not mark:
                raise DataError(
                    f"{file}: its transcript is missing. Write {file.stem}.txt beside it, or start its name with it: "
                    "three_anna_1.wav"
                )
        found.texts.append(_checked(text, str(file)))
    return found


def read_manifest(
    path: str | Path, *, input: str | None = None, target: str | None = None, need_texts: bool = True
) -> Recordings:
    """Read a table with a column of paths, from its own folder on, and one of texts (.csv, .tsv, .jsonl, .parquet).

    Raises
    ------
    DataError
        For a file, a column or a row that cannot be used; names file and line.
    """
    path = check_file(path)
    found = Recordings(path, path.name)
    audio, text = _columns(path, input, target, need_texts)
    found.columns = named_columns(columns_of(path), audio, text)

    def locate(cell: str) -> Path:
        file = path.parent / cell.strip()
        if os.path.isfile(file):  # unlike Path.is_file, it accepts a name that is too long for one
            return file
        raise DataError(f"there is no file {str(file)!r:.300}; paths are relative to the folder of the table")

    rows = read_path_rows(
        path, audio, text, need_target=need_texts, bad=found.bad, locate=locate,
        reasons={"empty": "the path is missing", "label": "the text is missing"},
    )  # fmt: skip
    for row, file in rows:
        found.files.append(file)
        found.lines.append(row.line)
        found.others.append(row.others)
        if need_texts:
            found.texts.append(_checked(row.target or "", f"{path}, line {row.line}"))
    if not found.files:
        raise DataError(f"{path} names no recordings")
    return found


def _columns(path: Path, input: str | None, target: str | None, need_texts: bool) -> tuple[str, str | None]:
    """Find the columns of paths and texts: by their usual names, or the column whose cells are names of sound files."""
    names, cells = column_names(path, {*_PATHS, folded(input or "")})
    audio = input or find_column(names, _PATHS)
    if audio is None:
        audio = next((n for n, cell in zip(names, cells, strict=False) if cell.lower().endswith(SOUNDS)), None)
    text = target or find_column(names, _TEXTS, other=audio)
    if text is None and len(names) == 2 and audio in names:
        text = names[1 - names.index(audio)]
    if audio is None or (text is None and need_texts):
        which = "the paths of sound files" if audio is None else "the texts"
        shown = ", ".join(f"{name:.40}" for name in names[:12])
        raise DataError(f"{path}: which column holds {which}? There are: {shown}; say --input COL --target COL")
    return audio, text if need_texts else None


def _checked(text: str, where: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise DataError(f"{where}: the text is empty")
    if len(text) > _LONGEST:
        raise DataError(f"{where}: the text has {len(text):,} letters; {_LONGEST:,} is the most for a recording")
    return text


# The Free Spoken Digit Dataset: 7_theo_12.wav is a seven by theo, his 12th; those numbered 0 to 4 are for the test.


class Digit(NamedTuple):
    """A recording of the Free Spoken Digit Dataset: a file, the word said in it, by whom, and its number."""

    file: Path
    word: str
    speaker: str
    number: int

    @property
    def test(self) -> bool:
        """Whether it belongs to the test of the official split."""
        return self.number in _TEST


_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_DIGIT = re.compile(r"([0-9])_([a-z]+)_([0-9]{1,3})\.wav")
_TEST = range(5)


def fsdd() -> list[Digit]:
    """List the recordings of the Free Spoken Digit Dataset.

    Raises
    ------
    DownloadError
        It is not on this machine.
    """
    named = [(p, _DIGIT.fullmatch(p.name)) for p in sorted(resolve_file("fsdd", "all").iterdir())]
    return [Digit(p, _WORDS[int(m[1])], m[2], int(m[3])) for p, m in named if m]


def _fsdd(name: str, role: str) -> Recordings:
    some = [digit for digit in fsdd() if digit.test == (role == "test")]
    return Recordings(resolve_file(name, "all"), f"{name} ({role})", [d.file for d in some], [d.word for d in some])


_SETS: dict[str, Callable[[str, str], Recordings]] = {"fsdd": _fsdd}
