"""Files that say of each frame of a clip what it is: a label a line, a table of frames, or of ranges of frames.

- **A label a line** (.txt), the first frame first.
- **A table** (.csv, .tsv) of frames: ``label``, and perhaps ``frame``, counted from 0.
- **A table of ranges**: ``start``, ``end`` and ``label``; ``end`` is the first frame after the range, so that it is the
  ``start`` of the next.

A table for several clips has a column ``clip`` with the names of files or folders.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gyeol.data.columns import TARGET_NAMES
from gyeol.data.rows import BadRow
from gyeol.data.series_table import open_table
from gyeol.data.video import MOST_FRAMES
from gyeol.errors import DataError, closest

__all__ = ["FrameLabels", "read_frame_labels"]

_CLIPS = ("clip", "file", "filename", "file_name", "video", "path", "name", "영상", "파일")
_FRAMES = ("frame", "index", "step", "프레임")
_STARTS, _ENDS = ("start", "begin", "first", "from", "시작"), ("end", "stop", "to", "끝")


@dataclass(slots=True)
class FrameLabels:
    """The labels of a clip's frames, in order, and the line in which each stands."""

    labels: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def add(self, label: str, count: int, line: int) -> None:
        """Add so many frames of a label."""
        self.labels += [label] * count
        self.lines += [line] * count


def read_frame_labels(path: Path, *, target: str | None = None) -> dict[str, FrameLabels]:
    """Read a file of labels.

    Parameters
    ----------
    path : path
        A .txt, .csv or .tsv file.
    target : str, optional
        The column of the labels.

    Returns
    -------
    dict
        Labels by the name of the clip; by ``""`` where no clip is named.

    Raises
    ------
    DataError
        For what cannot be used: a label that is missing, a frame left out or told twice; names the line.
    """
    if path.suffix.lower() == ".txt":
        return {"": _from_lines(path)}
    rows = open_table(path, path.suffix.lower())
    header = next(rows, None)
    if header is None or isinstance(header, BadRow):
        raise DataError(f"{path}: a header was expected, such as clip,start,end,label")
    names = [cell.strip().casefold() for cell in header[1]]
    columns = _Columns.of(path, names, target)
    found: dict[str, FrameLabels] = {}
    for row in rows:
        if isinstance(row, BadRow):
            raise DataError(f"{path}, line {row.line}: {row.reason}; mend the row or remove it")
        columns.read(path, found, row[0], [cell.strip() for cell in row[1]])
    if not found:
        raise DataError(f"{path} holds no label, only a header")
    return found


def _from_lines(path: Path) -> FrameLabels:
    from gyeol.data.lines import open_text

    found, empty = FrameLabels(), 0
    for number, line in open_text(path):
        if not line.strip():
            empty = empty or number
            continue
        if empty:
            raise DataError(f"{path}, line {empty}: the label is missing; give the frame one")
        found.add(line.strip(), 1, number)
    if not found.labels:
        raise DataError(f"{path} holds no label: one a line was expected")
    return found


@dataclass(slots=True)
class _Columns:
    """Where in a row stand the clip, the frame or the range, and the label."""

    clip: int | None
    frame: int | None
    start: int | None
    end: int | None
    label: int

    @classmethod
    def of(cls, path: Path, names: list[str], target: str | None) -> _Columns:
        def place(known: tuple[str, ...]) -> int | None:
            return next((names.index(name) for name in known if name in names), None)

        wanted = TARGET_NAMES if target is None else (target.casefold(),)
        label, start, end = place(wanted), place(_STARTS), place(_ENDS)
        if label is None:
            came = closest(target or "label", names)
            raise DataError(f"{path}: there is no column of labels{came}; the header says {', '.join(names):.100}")
        if (start is None) != (end is None):
            raise DataError(f"{path}: ranges need both start and end; the header says {', '.join(names):.100}")
        return cls(place(_CLIPS), place(_FRAMES), start, end, label)

    def read(self, path: Path, found: dict[str, FrameLabels], line: int, cells: list[str]) -> None:
        where = f"{path}, line {line}"
        if len(cells) <= max(n for n in (self.clip, self.frame, self.start, self.end, self.label) if n is not None):
            raise DataError(f"{where}: {len(cells)} cells, fewer than the header has; mend the row or remove it")
        own = found.setdefault(cells[self.clip] if self.clip is not None else "", FrameLabels())
        done = len(own.labels)
        start, end = done, done + 1
        if self.start is not None and self.end is not None:
            start, end = _whole(cells[self.start], where), _whole(cells[self.end], where)
        elif self.frame is not None and cells[self.frame].isdecimal():
            start = _whole(cells[self.frame], where)
            end = start + 1
        if end <= start:
            raise DataError(f"{where}: the range from {start} to {end} holds no frame: end is the first frame after it")
        if start != done:
            what = (
                f"frame {start} has a label already" if start < done else f"frames {done} to {start - 1} have no label"
            )
            raise DataError(f"{where}: {what}; ranges follow one another, and end is the first frame after a range")
        if not cells[self.label]:
            raise DataError(f"{where}: the label is missing; give the frame one")
        if end > MOST_FRAMES:
            raise DataError(f"{where}: more than {MOST_FRAMES:,} frames; cut the clip into parts")
        own.add(cells[self.label], end - start, line)


def _whole(cell: str, where: str) -> int:
    if not (cell.isascii() and cell.isdecimal()) or len(cell) > 9:
        raise DataError(f"{where}: {cell!r:.40} is no number of a frame; they are counted from 0")
    return int(cell)
