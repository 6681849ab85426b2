"""Sequences with one label per step: arrays, long tables, video files, folders of images, or the built-in clips."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np

from gyeol.data.annotations.frame_labels import FrameLabels, read_frame_labels
from gyeol.data.annotations.frame_times import FRAMES, SECONDS
from gyeol.data.fingerprint import fingerprint
from gyeol.data.media.video import ENDINGS, check_video, count_frames
from gyeol.data.media.video_clips import VideoClip, is_video_clip
from gyeol.data.paths import check_file
from gyeol.data.series.arrays import read_arrays
from gyeol.data.series.long_table import read_step_table
from gyeol.data.series.row import label_of
from gyeol.data.synthetic.clips import CLIPS, clips
from gyeol.data.tables.number_cells import NumberFormat
from gyeol.errors import DataError, closest

__all__ = ["LabelledFrames", "has_frames_part", "read_labelled_frames"]

_TABLES, _LABELS = (".csv", ".tsv"), (".csv", ".tsv", ".txt")


@dataclass(slots=True)
class LabelledFrames:
    """Sequences, the labels of their steps (if known), their names, the place of each label, and notes for the user."""

    name: str
    path: Path | None = None
    sequences: list[Any] = field(default_factory=list)
    labels: list[Any] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    decimal: str | None = None  # the mark of a table's numbers

    @property
    def steps(self) -> int:
        """How many labels there are."""
        return sum(map(len, self.labels))

    def about(self) -> dict[str, str]:
        """Describe the data for a model card."""
        return {"data": self.name, **({"sha256": fingerprint(self.path)} if self.path and self.path.is_file() else {})}

    def add(self, sequence: Any, labels: Any, name: str, where: str, lines: list[int]) -> None:
        """Add a sequence, with the lines of its labels."""
        self.sequences.append(sequence)
        self.names.append(name)
        self.labels.append(labels)
        for label, line in zip(labels, lines, strict=True):
            self.places.setdefault(str(label), f"{where}, line {line}")


def has_frames_part(data: str, role: str) -> bool:
    """Whether what a user names is the built-in set, which is parted."""
    return data in CLIPS and not Path(data).exists()


def read_labelled_frames(
    data: str, role: str, *, sequence: str | None = None, target: str | None = None, need_labels: bool = True,
    numbers: NumberFormat | None = None, remembered: str | None = None,
) -> LabelledFrames:  # fmt: skip
    """Read sequences and the labels of their steps.

    Parameters
    ----------
    data : str
        A .npz file: ``X`` of numbers (N, T) or (N, T, C), or of frames, uint8 (N, T, height, width, 3); ``y`` (N, T);
        perhaps ``lengths`` (N,). A .csv or .tsv file with a row a step: see `gyeol.data.series.long_table`. A video
        file, or a folder of images, with its labels beside it under the same name, or in the folder as ``labels``; a
        folder of such, with labels beside each, or in one ``labels.csv``: see `gyeol.data.annotations.frame_labels`. Or
    ``"clips"``. role : str
        Which part of the built-in set.
    sequence, target : str, optional
        The columns, of a table, that name the sequence and the label.
    need_labels : bool
    numbers, remembered
        How the numbers of a table are written: see `gyeol.data.series.long_table.read_step_table`.

    Raises
    ------
    DataError
        For what cannot be used; names file and line.
    """
    if has_frames_part(data, role):
        generated = list(clips(role))
        names = [str(number) for number in range(len(generated))]
        return LabelledFrames(
            f"{data} ({role})", None, [VideoClip(c.frames) for c in generated], [c.labels for c in generated], names
        )
    path = Path(data)
    found = LabelledFrames(path.name, path)
    if path.is_dir():
        _from_folder(found, path, target, need_labels)
    elif path.suffix.lower() in ENDINGS:
        check_video(path)
        _add_clip(found, path, _labels_beside(found, path, target, need_labels), need_labels)
    elif path.suffix.lower() == ".npz":
        _from_arrays(found, path, target, need_labels)
    elif path.suffix.lower() in _TABLES:
        how = {"numbers": numbers, "remembered": remembered}
        table = read_step_table(path, sequence=sequence, target=target, need_labels=need_labels, **how)  # type: ignore[arg-type]
        found.decimal = table.decimal
        for parts in zip(table.series, table.labels, table.names, table.lines, strict=True):
            series, own, name, lines = parts
            found.add(series, own, name, str(path), lines if own else [])
    elif not path.exists() and not path.suffix and "/" not in data:
        raise DataError(f"there is no file {data!r:.200}, and no data set of that name{closest(data, CLIPS)}")
    else:
        check_file(path)
        raise DataError(
            f"{path} ends in {path.suffix!r}; sequences with one label per step are read from .npz, .csv, .tsv, video "
            f"files ({', '.join(ENDINGS[:5])}, ...) and folders"
        )
    return found


def _from_folder(found: LabelledFrames, folder: Path, target: str | None, need: bool) -> None:
    if is_video_clip(folder):
        _add_clip(found, folder, _labels_beside(found, folder, target, need), need)
        return
    inside = sorted(path for path in folder.iterdir() if not path.name.startswith(".") and is_video_clip(path))
    if not inside:
        raise DataError(f"{folder} holds no clip: no video file ({', '.join(ENDINGS[:5])}, ...), no folder of images")
    table = next((folder / f"labels{end}" for end in _TABLES if (folder / f"labels{end}").is_file()), None)
    by_clip = read_frame_labels(table, target=target) if table is not None else None
    if by_clip is None or table is None:
        for path in inside:
            _add_clip(found, path, _labels_beside(found, path, target, need), need)
        return
    if "" in by_clip and need:
        raise DataError(f"{table}: a column 'clip' was expected that says which of the {len(inside)} clips a row is of")
    known = {normalize("NFC", name): path for path in inside for name in (path.stem, path.name)}
    for name, rows in by_clip.items():
        if need and name not in known:
            raise DataError(
                f"{table}, line {rows.line}: there is no clip {name!r:.60}{closest(name, list(known)[:20])}"
            )
    paired = {path: own for path in inside if (own := _labels_of(by_clip, path)) is not None}
    paired = _in_frames(found, table, paired) if need else paired
    for path in inside:
        if path in paired or not need:  # clips that the table does not name are no part of it
            _add_clip(found, path, (table, paired[path]) if path in paired else None, need)


def _labels_beside(
    found: LabelledFrames, path: Path, target: str | None, need: bool
) -> tuple[Path, FrameLabels] | None:
    """Find the labels of one clip: of the same name beside it, or in its folder."""
    places = [path.with_name(path.name + end) for end in _LABELS] + [path.with_suffix(end) for end in _LABELS]
    if path.is_dir():
        places = [path / f"labels{end}" for end in _LABELS] + places
    place = next((place for place in places if place.is_file()), None)
    if place is None:
        return None
    by_clip = read_frame_labels(place, target=target)
    own = by_clip.get("") or _labels_of(by_clip, path)
    if own is None:
        raise DataError(f"{place} names other clips than {path.name}: {', '.join(list(by_clip)[:3])}")
    return place, _in_frames(found, place, {path: own})[path] if need else own


def _labels_of(by_clip: dict[str, FrameLabels], path: Path) -> FrameLabels | None:
    return by_clip.get(normalize("NFC", path.name)) or by_clip.get(normalize("NFC", path.stem))


def _in_frames(found: LabelledFrames, place: Path, by_clip: dict[Path, FrameLabels]) -> dict[Path, FrameLabels]:
    """Convert labels in seconds into frames, and note it."""
    if all(own.unit == FRAMES and (own.sure or not own.spans) for own in by_clip.values()):
        return by_clip
    unit = next(iter(by_clip.values())).unit
    if unit == FRAMES:
        if not all(_means_seconds(path, own) for path, own in by_clip.items()):
            return by_clip
        unit = SECONDS
    labels, rates = {}, []
    for path, own in by_clip.items():
        rate = own.rate or VideoClip(path).rate
        if rate is None:
            raise DataError(
                f"{place}: start and end are {unit}, and {path.name} does not state its frame rate: add a column fps"
            )
        labels[path] = own.at(rate, _count(path), str(place))
        rates.append(f"{rate:.5g}")
    found.notes.append(f"{place.name}: start and end are {unit}, at {', '.join(dict.fromkeys(rates))} frames a second")
    return labels


def _means_seconds(path: Path, own: FrameLabels) -> bool:
    """Whether whole numbers, which might be frames, end where the clip does only if they are seconds."""
    rate, count = own.rate or VideoClip(path).rate, _count(path)
    if rate is None or count == len(own.labels):
        return False
    return abs(own.spans[-1].end - count / rate) <= 1.0


def _count(path: Path) -> int:
    count = VideoClip(path).count
    return count_frames(path) if count is None else count


def _add_clip(found: LabelledFrames, path: Path, by_clip: tuple[Path, FrameLabels] | None, need: bool) -> None:
    if by_clip is None or not need:
        if need:
            where = f"in {path} as labels.csv" if path.is_dir() else f"beside it as {path.stem}.csv or .txt"
            raise DataError(f"{path} has no labels: they are expected {where}")
        found.add(VideoClip(path), [], path.name, "", [])
        return
    place, own = by_clip
    count = VideoClip(path).count
    if count is not None and count != len(own.labels):
        raise DataError(
            f"{place}, line {own.lines[-1]}: {len(own.labels):,} labels end here, and {path.name} has {count:,} "
            "frames; there must be one for each"
        )
    found.add(VideoClip(path, f"{place}, line {own.lines[-1]}"), own.labels, path.name, str(place), own.lines)


def _from_arrays(found: LabelledFrames, path: Path, target: str | None, need: bool) -> None:
    arrays = read_arrays(path, ["X", "lengths", target or "y"])
    X, y, lengths = arrays.get("X"), arrays.get(target or "y"), arrays.get("lengths")
    if X is None or X.dtype.kind not in "biuf" or X.ndim not in (2, 3, 5) or (X.ndim == 5 and X.dtype != np.uint8):
        came = "there is none" if X is None else f"it is of shape {X.shape} and type {X.dtype}"
        raise DataError(
            f"{path}: an array X was expected, of numbers (N, T) or (N, T, C), or of colours, uint8 (N, T, height, "
            f"width, 3); {came}"
        )
    if y is None and need:
        raise DataError(f"{path}: an array {target or 'y'} with one label per step was expected; there is none")
    if y is not None and y.shape != X.shape[:2]:
        raise DataError(f"{path}: {target or 'y'} is of shape {y.shape}; {X.shape[:2]} was expected, one per step")
    if lengths is not None and not (
        lengths.shape == X.shape[:1]
        and lengths.dtype.kind in "iu"
        and (lengths >= 1).all()
        and (lengths <= X.shape[1]).all()
    ):
        raise DataError(f"{path}: lengths must be whole numbers from 1 to {X.shape[1]}, one per sequence")
    for number, given in enumerate(X):
        where = f"{path}, sequence {number}"
        count = _length(given, where) if lengths is None else int(lengths[number])
        labels: list[str] = []
        if y is not None:
            values = y[number, :count].tolist()
            labels = [str(label_of(value, f"{where}, step {step}", True)) for step, value in enumerate(values)]
        steps = given[:count]
        sequence: Any = VideoClip(steps) if X.ndim == 5 else steps.astype(np.float64).reshape(count, -1)
        found.sequences.append(sequence)
        found.labels.append(labels)
        found.names.append(str(number))
        for label in labels:
            found.places.setdefault(label, where)


def _length(given: Any, where: str) -> int:
    """Say where a sequence ends: before what is NaN in all channels up to the end."""
    if given.dtype.kind != "f":
        return len(given)
    known = np.flatnonzero(~np.isnan(given.reshape(len(given), -1)).all(axis=1))
    if not len(known):
        raise DataError(f"{where} holds no value, NaN only: leave it out")
    return int(known[-1]) + 1
