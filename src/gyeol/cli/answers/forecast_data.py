"""What ``gyeol fit forecast`` and its models read: the columns to use, and the table that holds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gyeol.cli.answers.output import note
from gyeol.errors import ParameterError

if TYPE_CHECKING:
    from gyeol.data.times.table import TimeTable, Trained
    from gyeol.tasks import Forecaster

__all__ = ["ForecastColumns", "ForecastData", "describe", "read_forecast", "refuse_input"]


@dataclass(frozen=True, slots=True)
class ForecastColumns:
    """The columns of a table to use and the formats of its cells, from the user or from the model."""

    time: Sequence[str] = ()
    target: Sequence[str] = ()
    covariate: Sequence[str] = ()
    series: str | None = None
    calendar: bool = False
    decimal: str | None = None
    missing: Sequence[str] = ()
    day_first: bool | None = None
    zone: str | None = None
    trained: Trained | None = None
    header: bool | None = None

    def about(self, table: TimeTable) -> dict[str, Any]:
        """Return what a model remembers of them and of its training file."""
        time: Any = table.times[0] if len(table.times) == 1 else list(table.times) or None
        found = {
            "time": time, "target": list(table.names), "covariate": list(table.known), "series": table.ids,
            "calendar": self.calendar, "missing": list(self.missing), "day_first": self.day_first,
        }  # fmt: skip
        chosen = {name: value for name, value in found.items() if name not in ("missing", "day_first") or value}
        return {**chosen, **table.remember()}

    def as_trained(self, about: dict[str, Any]) -> ForecastColumns:
        """Return those for a validation file: with the same columns, zone and frequency."""
        return replace(self._remembered(about), decimal=self.decimal, zone=self.zone, header=self.header)

    @classmethod
    def of(cls, model: Forecaster, target: str | None = None, **given: Any) -> ForecastColumns:
        """Return the columns of the training file, changed by what the user gave (None: unchanged)."""
        own = cls._remembered(model.about_)
        own = own if target is None else replace(own, target=[target])
        return replace(own, **{name: value for name, value in given.items() if value not in (None, [])})

    @classmethod
    def _remembered(cls, about: dict[str, Any]) -> ForecastColumns:
        from gyeol.data.times.table import Trained

        def names(key: str) -> list[str]:
            value = about.get(key)
            if isinstance(value, str):
                return [value]
            return [str(name) for name in value] if isinstance(value, list) else []

        series = about.get("series")
        first = about.get("day_first")
        return cls(
            names("time"), names("target"), names("covariate"),
            series if isinstance(series, str) else None, about.get("calendar") is True, None, names("missing"),
            first if isinstance(first, bool) else None, None, Trained.remembered(about),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ForecastData:
    """A table, the columns to use, and the entries of the model card."""

    table: TimeTable
    columns: ForecastColumns
    about: dict[str, str]

    def known(self, ahead: int) -> list[Any] | None:
        """Return the covariates of every series up to ``ahead`` steps from its end, or None."""
        known = [one.known(ahead, calendar=self.columns.calendar) for one in self.table.series]
        return None if any(one is None for one in known) else known


def read_forecast(data: str, role: str, columns: ForecastColumns) -> ForecastData:
    """Read a file, a data set, or the built-in series, and print the notes on how."""
    from gyeol.data.fingerprint import fingerprint
    from gyeol.data.text.sources import BUILT_IN_SERIES, find_source, has_role

    if data in BUILT_IN_SERIES and not Path(data).is_file():
        return _built_in(data, role, columns)
    if not has_role(data, role):
        role = "all"
    source = find_source(data, role, task="forecast")
    targets = columns.target or ([source.target] if source.target is not None else [])
    found = _read(source.path, replace(columns, target=targets))
    for line in found.notes:
        note(f"{source.name}: {line}")
    return ForecastData(found, columns, {"data": source.name, "sha256": fingerprint(source.path)})


def _read(path: Path, columns: ForecastColumns) -> TimeTable:
    from gyeol.data.tables.number_cells import NumberFormat
    from gyeol.data.times.table import read_time_table

    return read_time_table(
        path,
        time=columns.time,
        targets=columns.target,
        covariates=columns.covariate,
        series=columns.series,
        numbers=NumberFormat(columns.decimal, columns.missing),
        day_first=columns.day_first,
        zone=columns.zone,
        trained=columns.trained,
        header=columns.header,
    )


def _built_in(data: str, role: str, columns: ForecastColumns) -> ForecastData:
    """Make the built-in series; the test part has another seed."""
    import tempfile

    from gyeol.data.fingerprint import fingerprint
    from gyeol.data.synthetic.hourly_load import COLUMNS, write_load

    with tempfile.TemporaryDirectory() as folder:
        path = write_load(Path(folder) / f"{data}.csv", seed=0 if role == "train" else 1)
        found = _read(path, replace(columns, target=columns.target or [COLUMNS[1]]))
        return ForecastData(found, columns, {"data": f"{data} ({role})", "sha256": fingerprint(path)})


def describe(given: ForecastData) -> str:
    """Describe in two lines what was read: how much, and which column holds the times."""
    table = given.table
    steps = sum(len(one.values) for one in table.series)
    clock = table.series[0].clock
    every = f", one every {clock.interval()}" if clock is not None else ""
    names = ", ".join(table.names[:8]) + (", ..." if len(table.names) > 8 else "")
    several = f"{len(table.series):,} series, " if len(table.series) > 1 else ""
    return f"{given.about['data']}: {several}{steps:,} steps{every}; {names}\n{table.describe()}"


def refuse_input(input: str | None) -> None:
    """Refuse ``--input``, which is for texts."""
    if input is not None:
        raise ParameterError("--input is for texts; a forecaster reads the columns that it was trained on")
