"""A file is found by its name in whatever Unicode form."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from gyeol.data.paths import check_file, find_path
from gyeol.data.text.sources import find_source
from gyeol.errors import DataError


@pytest.mark.parametrize(("there", "asked"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_the_other_form_of_a_name(tmp_path: Path, there: str, asked: str) -> None:
    folder = tmp_path / unicodedata.normalize(there, "폴더 각")
    folder.mkdir()
    file = folder / unicodedata.normalize(there, "감상.tsv")
    file.write_text("text\tlabel\na\t1\n")
    wanted = tmp_path / unicodedata.normalize(asked, "폴더 각") / unicodedata.normalize(asked, "감상.tsv")
    assert check_file(wanted).read_text() == file.read_text()
    assert find_source(str(wanted), "train").path.is_file()


def test_where_there_is_none(tmp_path: Path) -> None:
    wanted = tmp_path / "없다.tsv"
    assert find_path(wanted) == wanted
    with pytest.raises(DataError, match="there is no file"):
        check_file(wanted)


def test_a_file_that_is_there_goes_first(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        (tmp_path / unicodedata.normalize(form, "각.txt")).write_text(form)
    for form in ("NFC", "NFD"):
        assert check_file(tmp_path / unicodedata.normalize(form, "각.txt")).read_text() in {"NFC", "NFD"}
