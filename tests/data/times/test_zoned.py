"""Zones of times: kept, converted, and what summer time does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from gyeol import DataError, ParameterError
from gyeol.data.times.table import TimeTable, Trained, read_time_table


def table(path: Path, header: str, rows: Iterable[Iterable[Any]], separator: str = ",") -> Path:
    lines = [header, *(separator.join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def labels(found: TimeTable, *after: int) -> list[str]:
    clock = found.series[0].clock
    assert clock is not None
    return [clock.label(n) for n in after]


UTC_HOURS = [datetime(2026, 3, 28, tzinfo=UTC) + timedelta(hours=n) for n in range(80)]
BERLIN, SEOUL = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Seoul")


def test_a_zone_is_kept(tmp_path: Path) -> None:
    rows = [(time.astimezone(SEOUL).isoformat(), n) for n, time in enumerate(UTC_HOURS)]
    found = read_time_table(table(tmp_path / "a.csv", "date,y", rows))
    assert (found.zone, labels(found, 0, 1)) == ("+09:00", ["2026-03-31 16:00+09:00", "2026-03-31 17:00+09:00"])
    known = found.series[0].known(0, calendar=True)
    assert known is not None
    nine = (np.arctan2(known[0, 0], known[0, 1]) / (2 * np.pi) * 24) % 24
    assert nine == pytest.approx(9)
    utc = read_time_table(table(tmp_path / "b.csv", "date,y", [(t.isoformat(), 1.5) for t in UTC_HOURS]),
                          trained=Trained(zone="+09:00"))  # fmt: skip
    assert utc.notes == ["the times are of +00:00: converted to +09:00, the zone of the training"]
    assert labels(utc, 0) == ["2026-03-31 16:00+09:00"]
    naive = table(tmp_path / "c.csv", "date,y", [(f"{t:%Y-%m-%d %H:%M}", 1.5) for t in UTC_HOURS])
    assert "no zone: taken to be in +09:00" in read_time_table(naive, trained=Trained(zone="+09:00")).notes[0]
    assert "had no zone" in read_time_table(tmp_path / "b.csv", trained=Trained(zone="")).notes[0]
    with pytest.raises(ParameterError, match="--zone 'Mars' is not a time zone"):
        read_time_table(naive, zone="Mars")


@pytest.mark.parametrize("zone", [SEOUL, BERLIN])
def test_named_zones_of_parquet_files(tmp_path: Path, zone: ZoneInfo) -> None:
    frame = pl.DataFrame({"date": UTC_HOURS, "y": [float(n) for n in range(80)]})
    frame.with_columns(pl.col("date").dt.convert_time_zone(zone.key)).write_parquet(tmp_path / "a.parquet")
    found = read_time_table(tmp_path / "a.parquet")
    later = (UTC_HOURS[-1] + timedelta(hours=1)).astimezone(zone)
    assert (found.zone, found.frequency, found.notes) == (zone.key, "hourly", [])
    assert labels(found, 1) == [later.isoformat(" ", "minutes")]


def test_summer_time(tmp_path: Path) -> None:
    rows = [(time.astimezone(BERLIN).isoformat(), n) for n, time in enumerate(UTC_HOURS)]
    path = table(tmp_path / "a.csv", "date,y", rows)
    found = read_time_table(path)
    assert len(found.series[0].values) == 80
    assert "the times have the offsets +01:00 and +02:00, as of a zone with summer time" in found.notes[0]
    assert labels(found, 1) == ["2026-03-31 10:00+02:00"]
    assert read_time_table(path, zone="Europe/Berlin").notes == []
    autumn = [datetime(2026, 10, 24, tzinfo=UTC) + timedelta(hours=n) for n in range(80)]
    naive = table(tmp_path / "b.csv", "date,y", [(f"{t.astimezone(BERLIN):%Y-%m-%d %H:%M}", 1.5) for t in autumn])
    with pytest.raises(DataError, match=r"line 27: the time 2026-10-25 02:00 occurs twice.*name the --zone"):
        read_time_table(naive)
    found = read_time_table(naive, zone="Europe/Berlin")
    assert (len(found.series[0].values), labels(found, 1)) == (80, ["2026-10-27 09:00+01:00"])
    days = [datetime(2026, 3, 1, tzinfo=BERLIN) + timedelta(days=n) for n in range(60)]
    daily = read_time_table(table(tmp_path / "c.csv", "date,y", [(t.isoformat(), 1.5) for t in days]))
    assert (daily.frequency, labels(daily, 1)) == ("daily", ["2026-04-30 00:00+02:00"])


def test_mixed_zones(tmp_path: Path) -> None:
    rows = [((time.astimezone(SEOUL) if n % 2 else time).isoformat(), n) for n, time in enumerate(UTC_HOURS)]
    found = read_time_table(table(tmp_path / "a.csv", "date,y", rows))
    assert "the offsets +00:00 and +09:00: converted to UTC" in found.notes[0]
    assert labels(found, 1) == ["2026-03-31 08:00+00:00"]
    rows[5] = ("2026-03-28 05:00", 5)
    with pytest.raises(DataError, match=r"line 7: .* has no zone, as those before have; write all with one"):
        read_time_table(table(tmp_path / "b.csv", "date,y", rows))
