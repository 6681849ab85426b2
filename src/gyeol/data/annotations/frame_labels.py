"""Labels of the frames of a clip: one label per line, a table of frames, or a table of ranges.

- **A label a line** (.txt), the first frame first.
- **A table** (.csv, .tsv) of frames: ``label``, and perhaps ``frame``, counted from 0.
- **A table of ranges**, in frames or seconds (`gyeol.data.annotations.frame_times`): ``start``, ``end`` and ``label``;
  of frames ``end`` is the first one after the range, so that it is the ``start`` of the next. A table without a header
  has these three columns, as Audacity writes it (.txt).

A table for several clips has a column ``clip`` with the names of files or folders.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from gyeol.data.annotations.frame_times import CLOCK, FRAMES, edge_of, judge_unit, seconds_of, unit_of
from gyeol.data.media.video import MOST_FRAMES
from gyeol.data.series.wide_table import open_table
from gyeol.data.tables.columns import TARGET_NAMES
from gyeol.data.tables.rows import BadRow, Row
from gyeol.errors import DataError, closest

__all__ = ["FrameLabels", "Span", "read_frame_labels"]

_CLIPS = ("clip", "file", "filename", "file_name", "video", "path", "name", "영상", "파일")
_FRAMES = ("frame", "index", "step", "프레임")
_RATES = ("fps", "frame_rate", "framerate")
_SLACK = 0.25  # seconds that labels may end before or after a clip


class Span(NamedTuple):
    """A label with its start and end (seconds), and its line."""

    start: float
    end: float
    label: str
    line: int


@dataclass(slots=True)
class FrameLabels:
    """The labels of a clip's frames, in order, and the line of each.

    If they are in seconds, ``spans`` has them, and `at` converts them to labels; ``rate`` is the column's, in
    frames per second. Whole numbers without a unit are read as frames; ``spans`` has them as seconds as well.
    """

    labels: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    unit: str = FRAMES
    sure: bool = True
    rate: float | None = None

    @property
    def line(self) -> int:
        """The line of the first."""
        return self.lines[0] if self.lines else self.spans[0].line

    def add(self, label: str, count: int, line: int) -> None:
        """Add so many frames of a label."""
        self.labels += [label] * count
        self.lines += [line] * count

    def at(self, rate: float, count: int | None, where: str) -> FrameLabels:
        """Turn seconds into frames.

        Parameters
        ----------
        rate : float
            Frames a second of the clip.
        count : int, optional
            Frames of the clip; the last label ends there if it ends within 0.25 s of it.
        where : str
            The file, for errors.

        Raises
        ------
        DataError
            A stretch has no label, or two; a range is shorter than a frame; they end elsewhere than the clip: names the
            line.
        """
        found, done = FrameLabels(), 0.0
        for start, end, label, line in self.spans:
            if abs(start - done) * rate > 1.0:
                what = "has a label already" if start < done else "has none"
                first, last = sorted((start, done))
                raise DataError(
                    f"{where}, line {line}: from {first:g} s to {last:g} s the clip {what}; ranges follow one another"
                )
            frames = round(end * rate) - len(found.labels)
            if frames < 1:
                raise DataError(f"{where}, line {line}: {start:g} s to {end:g} s holds no frame, at {rate:g} a second")
            if len(found.labels) + frames > MOST_FRAMES:
                raise DataError(f"{where}, line {line}: more than {MOST_FRAMES:,} frames; cut the clip into parts")
            found.add(label, frames, line)
            done = end
        if count is None or not found.labels:
            return found
        if abs(count - len(found.labels)) > max(1.0, _SLACK * rate):
            raise DataError(
                f"{where}, line {found.lines[-1]}: the labels end at {done:g} s, and the clip lasts {count / rate:.5g} "
                f"s, {count:,} frames; there must be one for each"
            )
        found.add(found.labels[-1], max(0, count - len(found.labels)), found.lines[-1])
        del found.labels[count:], found.lines[count:]
        return found


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
        Labels by the name of the clip, composed (NFC); by ``""`` where no clip is named.

    Raises
    ------
    DataError
        For what cannot be used: a label that is missing, a frame left out or labelled twice; names the line.
    """
    if path.suffix.lower() == ".txt":
        if (spans := _audacity(path)) is None:
            return {"": _from_lines(path)}
        rows: Iterator[Row] = iter(spans)
    else:
        rows = open_table(path, path.suffix.lower())
    first = next(rows, None)
    if first is None or isinstance(first, BadRow):
        raise DataError(f"{path}: a header was expected, such as clip,start,end,label")
    cells = [cell.strip() for cell in first[1]]
    columns = _Columns.without_header(cells)
    given = [] if columns is None else [(first[0], cells)]
    columns = columns or _Columns.of(path, cells, target)
    for row in rows:
        if isinstance(row, BadRow):
            raise DataError(f"{path}, line {row.line}: {row.reason}; fix the row or remove it")
        given.append((row[0], [cell.strip() for cell in row[1]]))
    if not given:
        raise DataError(f"{path} holds no label, only a header")
    return columns.read(path, given)


def _from_lines(path: Path) -> FrameLabels:
    from gyeol.data.tables.lines import open_text

    found, empty = FrameLabels(), 0
    for number, line in open_text(path):
        if not line.strip():
            empty = empty or number
            continue
        if empty:
            raise DataError(f"{path}, line {empty}: the label is missing; give the frame one")
        found.add(line.strip(), 1, number)
    if not found.labels:
        raise DataError(f"{path} holds no label: one per line was expected")
    return found


def _audacity(path: Path) -> list[tuple[int, list[str]]] | None:
    """Read start, end and label, by tabs, as Audacity exports labels; None for another file."""
    from gyeol.data.tables.lines import open_text

    found = []
    for number, line in open_text(path):
        if not line.strip() or line.startswith("\\"):  # the frequencies of the label before
            continue
        cells = line.split("\t")
        if len(cells) != 3 or _Columns.without_header(cells) is None:
            return None
        found.append((number, cells))
    return found or None


@dataclass(slots=True)
class _Columns:
    """The columns of the clip, the frame or the range with its unit, and the label."""

    label: int
    clip: int | None = None
    frame: int | None = None
    start: int | None = None
    end: int | None = None
    unit: str | None = None
    units: int | None = None
    rate: int | None = None

    @classmethod
    def without_header(cls, cells: list[str]) -> _Columns | None:
        """Tell columns by a first row of values: start, end, label, perhaps after a clip; None if it is none."""
        for at in range(len(cells) - 2):
            try:
                seconds_of(cells[at].strip(), CLOCK, ""), seconds_of(cells[at + 1].strip(), CLOCK, "")
            except DataError:
                continue
            return cls(at + 2, clip=0 if at else None, start=at, end=at + 1) if len(cells) == at + 3 <= 4 else None
        return None

    @classmethod
    def of(cls, path: Path, header: list[str], target: str | None) -> _Columns:
        names = [name.casefold() for name in header]

        def place(known: tuple[str, ...]) -> int | None:
            return next((names.index(name) for name in known if name in names), None)

        label = place(TARGET_NAMES if target is None else (target.casefold(),))
        if label is None:
            came = closest(target or "label", names)
            raise DataError(f"{path}: there is no column of labels{came}; the header says {', '.join(names):.100}")
        edges: dict[tuple[str, str | None], int] = {}
        for at, name in enumerate(names):
            if at != label and (edge := edge_of(name)) is not None:
                edges.setdefault(edge, at)
        both = [unit for edge, unit in edges if edge == "start" and ("end", unit) in edges]
        if edges and not both:
            raise DataError(f"{path}: ranges need both start and end; the header says {', '.join(names):.100}")
        found = cls(label, place(_CLIPS), place(_FRAMES), units=place(("unit", "단위")), rate=place(_RATES))
        if both:
            found.unit = both[0]
            found.start, found.end = edges["start", both[0]], edges["end", both[0]]
        return found

    def read(self, path: Path, rows: list[tuple[int, list[str]]]) -> dict[str, FrameLabels]:
        """Read all rows; the unit is one for all."""
        used = (self.clip, self.frame, self.start, self.end, self.label, self.units, self.rate)
        least = max(at for at in used if at is not None)
        for line, cells in rows:
            if len(cells) <= least:
                where = f"{path}, line {line}"
                raise DataError(f"{where}: {len(cells)} cells, fewer than the header has; fix the row or remove it")
            if not cells[self.label]:
                raise DataError(f"{path}, line {line}: the label is missing; give the frame one")
        unit, sure = self._judged(path, rows)
        found: dict[str, FrameLabels] = {}
        for line, cells in rows:
            own = found.setdefault(normalize("NFC", cells[self.clip]) if self.clip is not None else "", FrameLabels())
            own.unit, own.sure = unit, sure
            self._add(own, cells, line, f"{path}, line {line}")
        return found

    def _judged(self, path: Path, rows: list[tuple[int, list[str]]]) -> tuple[str, bool]:
        """Return the unit, and whether it is stated."""
        if self.start is None or self.end is None:
            return FRAMES, True
        if self.units is not None:
            cells_of_units = {cells[self.units] for _, cells in rows}
            unit = unit_of(next(iter(cells_of_units))) if len(cells_of_units) == 1 else None
            if unit is None:
                came = ", ".join(sorted(cells_of_units))
                raise DataError(f"{path}: the column 'unit' says {came:.60}; expected s, ms or frame in all rows")
            return unit, True
        if self.unit is not None:
            return self.unit, True
        return judge_unit(cells[at] for _, cells in rows for at in (self.start, self.end))

    def _add(self, own: FrameLabels, cells: list[str], line: int, where: str) -> None:
        label = cells[self.label]
        if self.rate is not None:
            own.rate = seconds_of(cells[self.rate], FRAMES, where) or None
        if self.start is None or self.end is None:
            done = len(own.labels)
            has_frame = self.frame is not None and cells[self.frame].isdecimal()
            start = _whole(cells[self.frame or 0], where) if has_frame else done
            _add_frames(own, start, start + 1, label, line, where)
            return
        if own.unit == FRAMES:
            first, last = (_whole(cells[at], where) for at in (self.start, self.end))
            _add_frames(own, first, last, label, line, where)
        if own.unit != FRAMES or not own.sure:
            begin, stop = (seconds_of(cells[at], own.unit, where) for at in (self.start, self.end))
            if stop <= begin:
                raise DataError(f"{where}: the range from {begin:g} s to {stop:g} s is empty; end comes after start")
            own.spans.append(Span(begin, stop, label, line))


def _add_frames(own: FrameLabels, start: int, end: int, label: str, line: int, where: str) -> None:
    done = len(own.labels)
    if end <= start:
        raise DataError(f"{where}: the range from {start} to {end} holds no frame: end is the first frame after it")
    if start != done:
        what = f"frame {start} has a label already" if start < done else f"frames {done} to {start - 1} have no label"
        raise DataError(f"{where}: {what}; ranges follow one another, and end is the first frame after a range")
    if end > MOST_FRAMES:
        raise DataError(f"{where}: more than {MOST_FRAMES:,} frames; cut the clip into parts")
    own.add(label, end - start, line)


def _whole(cell: str, where: str) -> int:
    if not (cell.isascii() and cell.isdecimal()) or len(cell) > 9:
        raise DataError(f"{where}: {cell!r:.40} is not a frame number; they are counted from 0")
    return int(cell)
