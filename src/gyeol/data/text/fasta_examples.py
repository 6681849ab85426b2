"""The records of FASTA as examples: of a file, or of lines as they come from a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from gyeol.data.tables.lines import open_text
from gyeol.data.tables.rows import BadRow
from gyeol.data.text.example import Example
from gyeol.data.text.fasta import looks_like_fasta, read_records
from gyeol.errors import DataError

__all__ = ["fasta_examples", "piped_fasta", "record_examples"]

Line = tuple[int, str] | BadRow


def fasta_examples(path: Path) -> Iterator[Example | BadRow]:
    """Read a file's sequences, with their names beside them; a record that cannot be used comes as a `BadRow`.

    Raises
    ------
    DataError
        For a file without any.
    """
    some = False
    for row in record_examples(open_text(path)):
        some = True
        yield row
    if not some:
        raise DataError(f"{path} holds no sequence: expected a line '>name' and lines of letters under it")


def record_examples(lines: Iterable[Line]) -> Iterator[Example | BadRow]:
    """Make an example of each record: its letters, and its header as the column ``name``.

    Examples
    --------
    >>> [(row.input, row.others, row.line) for row in record_examples([(1, ">a"), (2, "AC"), (3, "GT")])]
    [('ACGT', (('name', 'a'),), 1)]
    """
    for record in read_records(lines):
        if isinstance(record, BadRow):
            yield record
        else:
            yield Example(record.letters, None, record.line, (("name", record.name),))


def piped_fasta(batches: Iterable[list[Line]]) -> tuple[Iterator[list[Line]], bool]:
    """Detect whether lines from a pipe are FASTA, reading no more than necessary; returns all lines again.

    A pipe that does not start with ``>`` is decided at once; otherwise the next line decides.

    Parameters
    ----------
    batches : iterable of lists of lines
        As `gyeol.data.tables.pipe.read_pipe` gives them.
    """
    batches = iter(batches)
    ahead: list[list[Line]] = []
    filled: list[str] = []
    for batch in batches:
        ahead.append(batch)
        filled += [row[1] for row in batch if not isinstance(row, BadRow) and row[1].strip()]
        if len(filled) > 1 or (filled and not filled[0].lstrip().startswith(">")):
            break
    return chain(ahead, batches), looks_like_fasta(filled[:50])
