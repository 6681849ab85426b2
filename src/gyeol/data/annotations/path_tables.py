"""Tables with a column of paths and one of texts: which columns those are, and the file that each row names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from gyeol.data.paths import check_file
from gyeol.data.tables.header import folded
from gyeol.data.tables.rows import BadRow
from gyeol.data.text.example import Example
from gyeol.data.text.example_files import TEXT_FORMATS, columns_of, format_of, read_examples
from gyeol.data.text.table_examples import open_checked
from gyeol.errors import DataError

__all__ = ["column_names", "find_column", "read_path_rows"]


def column_names(path: Path, known: Collection[str]) -> tuple[list[str], list[str]]:
    """List a table's columns, and the cells of its first row if it is a table of text.

    The first row is a header if one of its cells, folded, is a known name; otherwise the columns are numbered from 1.

    Raises
    ------
    DataError
        The file cannot be read.
    """
    if format_of(check_file(path)) not in TEXT_FORMATS:
        return columns_of(path), []
    cells = [cell.strip() for cell in open_checked(path).sample[0][1]]
    named = any(folded(cell) in known for cell in cells)
    return list(cells) if named else [str(n) for n in range(1, len(cells) + 1)], cells


def find_column(names: Sequence[str], known: Sequence[str], *, other: str | None = None) -> str | None:
    """Find the first known name among a table's columns, but not the column ``other``.

    Examples
    --------
    >>> find_column(["id", "File_Name", "text"], ("file", "file_name"))
    'File_Name'
    """
    by_key = {folded(name): name for name in reversed(names)}
    return next((by_key[key] for key in known if key in by_key and by_key[key] != other), None)


def read_path_rows(
    path: Path,
    input: str | None,
    target: str | None,
    *,
    need_target: bool,
    bad: list[BadRow],
    locate: Callable[[str], Path],
    reasons: Mapping[str, str],
) -> Iterator[tuple[Example, Path]]:
    """Read the rows of a table and the file that each names.

    Parameters
    ----------
    path : Path
        The table.
    input, target : str or None
        The columns of the paths and of the texts.
    need_target : bool
        Whether each row must have a text. If so, a bad row is an error.
    bad : list of BadRow
        Receives the rows that cannot be used.
    locate : callable
        Returns the file of a cell, or raises a DataError with the reason why there is none.
    reasons : mapping of str to str
        What to say of a bad row, by its kind; by default its own reason.

    Raises
    ------
    DataError
        A row cannot be used, or none can: names the line.
    """
    some = False
    rows = read_examples(
        path, input=input, target=target, need_target=need_target, target_text=True, on_bad_row=bad.append, others=True
    )
    for row in rows:
        if bad and need_target:
            break
        try:
            file = locate(row.input)
        except DataError as error:
            if need_target:
                raise DataError(f"{path}, line {row.line}: {error}") from None
            bad.append(BadRow(row.line, str(error), "value"))
            continue
        some = True
        yield row, file
    if bad and (need_target or not some):
        raise DataError(f"{path}, line {bad[0].line}: {reasons.get(bad[0].kind, bad[0].reason)}; fix the row")
