"""Tables of paths: their columns, the file that each row names, and rows that name none."""

from __future__ import annotations

from pathlib import Path

import pytest

from gyeol.data.annotations.path_tables import column_names, find_column, read_path_rows
from gyeol.data.tables.rows import BadRow
from gyeol.errors import DataError


def saved(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def located(name: str) -> Path:
    if name.startswith("no"):
        raise DataError(f"there is no file {name!r}")
    return Path(name)


def test_a_known_name_makes_a_header(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.csv", "Path,Text\na.wav,one\n")
    assert column_names(path, {"path"}) == (["Path", "Text"], ["Path", "Text"])
    assert column_names(path, {"audio"}) == (["1", "2"], ["Path", "Text"])
    lines = saved(tmp_path / "a.jsonl", '{"path": "a.wav", "text": "one"}\n')
    assert column_names(lines, {"audio"}) == (["path", "text"], [])


def test_columns_are_found_in_the_order_of_the_known_names() -> None:
    names = ["text", "file_name", "path"]
    assert find_column(names, ("path", "file_name")) == "path"
    assert find_column(names, ("path", "file_name"), other="path") == "file_name"
    assert find_column(names, ("audio",)) is None


@pytest.mark.parametrize("need", [True, False])
def test_rows_with_their_files(tmp_path: Path, need: bool) -> None:
    path = saved(tmp_path / "a.csv", "path,text\na.wav,one\nb.wav,two\n")
    bad: list[BadRow] = []
    rows = read_path_rows(path, "path", "text", need_target=need, bad=bad, locate=located, reasons={})
    assert [(row.line, row.target, file) for row, file in rows] == [
        (2, "one", Path("a.wav")),
        (3, "two", Path("b.wav")),
    ]
    assert bad == []


def test_a_row_that_names_no_file(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.csv", "path,text\na.wav,one\nnone.wav,two\nb.wav,three\n")
    bad: list[BadRow] = []
    rows = read_path_rows(path, "path", "text", need_target=False, bad=bad, locate=located, reasons={})
    assert [file.name for _, file in rows] == ["a.wav", "b.wav"]
    assert [(row.line, row.reason) for row in bad] == [(3, "there is no file 'none.wav'")]
    with pytest.raises(DataError, match=r"a\.csv, line 3: there is no file 'none\.wav'"):
        list(read_path_rows(path, "path", "text", need_target=True, bad=[], locate=located, reasons={}))


def test_a_table_without_one_usable_row(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.csv", "path,text\nno.wav,one\nnone.wav,two\n")
    with pytest.raises(DataError, match="line 2: it went missing; "):
        list(
            read_path_rows(
                path, "path", "text", need_target=False, bad=[], locate=located, reasons={"value": "it went missing"}
            )
        )
