"""The columns that a model was trained on, and where they are in another file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gyeol.data.tables.columns import Columns, same_name
from gyeol.errors import DataError

__all__ = ["TrainedColumns", "about_columns", "named_columns"]

_MOST = 100  # columns whose names are kept


def about_columns(columns: Columns | None) -> dict[str, Any]:
    """Return which columns were read, as a model stores it: ``{"columns": {...}}``; nothing where there are none.

    Examples
    --------
    >>> about_columns(Columns(("번호", "리뷰", "평가"), True, 1, 2))
    {'columns': {'header': True, 'input': '리뷰', 'target': '평가', 'names': ['번호', '리뷰', '평가']}}
    """
    if columns is None:
        return {}
    target = {} if columns.target is None else {"target": columns.names[columns.target]}
    header = columns.header or not _numbered(columns.names)  # objects bring their names, and have no header
    stored_columns: dict[str, Any] = {"header": header, "input": columns.names[columns.input], **target}
    return {"columns": {**stored_columns, "names": list(columns.names[:_MOST])}}


def named_columns(names: Sequence[str], input: str | None, target: str | None) -> dict[str, Any]:
    """Return the same for columns that are known by name, or by number if the file has no names."""
    stored_columns = {key: name for key, name in (("input", input), ("target", target)) if name is not None}
    header = not next(iter(stored_columns.values()), "1").isdecimal()
    return {"columns": {"header": header, **stored_columns, "names": list(names[:_MOST])}} if stored_columns else {}


@dataclass(frozen=True, slots=True)
class TrainedColumns:
    """The columns that a model was trained on.

    Parameters
    ----------
    header : bool
        Whether the columns have names, from a header or as keys of objects; else their names are numbers from 1.
    input, target : str or None
        The columns of the text and of the label.
    names : tuple of str
        All columns.
    """

    header: bool
    input: str | None
    target: str | None
    names: tuple[str, ...]

    @classmethod
    def of(cls, about: Mapping[str, Any]) -> TrainedColumns | None:
        """Read what a model stores; None if it stores no columns, as earlier models do."""
        stored_columns = about.get("columns")
        if not isinstance(stored_columns, dict):
            return None
        names = stored_columns.get("names")
        names = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []

        def name(key: str) -> str | None:
            value = stored_columns.get(key)
            return value if isinstance(value, str) else None

        header = stored_columns.get("header") is True or not _numbered(names)  # earlier models stored False for objects
        return cls(header, name("input"), name("target"), tuple(names))

    def describe(self) -> str:
        """Describe them in a line.

        Examples
        --------
        >>> TrainedColumns(True, "리뷰", "평가", ("번호", "리뷰", "평가")).describe()
        'text 리뷰, label 평가 (of 번호, 리뷰, 평가)'
        """
        parts = [f"{what} {name}" for what, name in (("text", self.input), ("label", self.target)) if name is not None]
        return f"{', '.join(parts)} (of {', '.join(self.names[:12])}{', ...' if len(self.names) > 12 else ''})"

    def find(
        self, path: Path, input: str | None, target: str | None, *, need_target: bool, header: bool | None = None
    ) -> tuple[str | None, str | None, str]:
        """Find the columns in a file.

        Parameters
        ----------
        path : Path
            The file.
        input, target : str or None
            Columns that the user names, which go first.
        need_target : bool
            Whether a label is read at all.
        header : bool, optional
            Whether the file names its columns, if the user says so.

        Returns
        -------
        input, target : str or None
            Which to read; None: to be found by names and content.
        note : str
            A note that the file lacks a column; empty if it has all.
        """
        if path.is_dir() or (input is not None and (target is not None or not need_target)):
            return input, target, ""
        from gyeol.data.text.example_files import columns_of

        try:
            names = columns_of(path, header=header)
            if header is None and self.header and _numbered(names):  # is the first row a header that nobody knows?
                first = columns_of(path, header=True)
                names = first if any(same_name(name, self.input or "") for name in first) else names
        except DataError:  # reported by whoever reads the file
            return input, target, ""
        if len(names) < 2:
            return input, target, ""
        found, lacking = [], []
        for given, own, needed in ((input, self.input, True), (target, self.target, need_target)):
            place = None if given is not None or own is None else self._place(own, names)
            if given is None and own is not None and place is None and needed:
                lacking.append(own)
            found.append(given if place is None else place)
        if found[0] is not None and found[0] == found[1]:  # one was named, and the other was that one in training
            found = [input, target]
        note = ""
        if lacking:
            listed = " and no column ".join(repr(name) for name in lacking)
            note = f"{path.name} has no column {listed}, which the model was trained on: found by names and content"
        return found[0], found[1], note

    def _place(self, own: str, names: Sequence[str]) -> str | None:
        numbered = _numbered(names)
        if (self.header or not _numbered(self.names)) and not numbered:  # keys of JSON are no header
            same = [name for name in names if same_name(name, own)]
            return same[0] if len(same) == 1 else None
        if numbered and len(names) == len(self.names):
            return str(self.names.index(own) + 1) if own in self.names else None
        return None


def _numbered(names: Sequence[str]) -> bool:
    return list(names) == [str(place) for place in range(1, len(names) + 1)]
