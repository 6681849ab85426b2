"""``gyeol fit forecast``, and what ``evaluate`` and ``predict`` do with its models."""

from __future__ import annotations

import json as json_format
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers import format_of, separated
from gyeol.cli.first_checks import check_first
from gyeol.cli.options import CONFIG, FORCE, JSON, OUT, QUIET, RESUME, SEED, SET, THREADS, TIME_LIMIT, settings_option
from gyeol.cli.output import note, object_out, percent, pieces_out, table
from gyeol.cli.training import begun, ended, measured, stop_where_interrupted
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.data.time_table import TimeTable
    from gyeol.tasks import Forecaster

__all__ = ["evaluate_series", "forecast", "predict_series"]

_SHOWN = 12  # channels whose own figures are printed


def forecast(
    data: str = typer.Argument(metavar="DATA", help="A .csv, .tsv or .parquet file, or a named set (ett, load)."),
    out: Path = OUT,
    valid: str = typer.Option(None, "--valid", metavar="FILE", help="Series to watch; else the end of DATA."),
    target: list[str] = typer.Option(
        [], "--target", metavar="COL", help="A column to forecast; may be repeated. All columns of numbers by default."
    ),
    time: str = typer.Option(None, "--time", metavar="COL", help="The column of the times."),
    covariate: list[str] = typer.Option(
        [], "--covariate", metavar="COL", help="A column known beforehand, also of the future; may be repeated."
    ),
    calendar: bool = typer.Option(False, "--calendar", help="Let the hour, the day of the week and the season count."),
    series: str = typer.Option(None, "--series", metavar="COL", help="The column that names each row's series."),
    horizon: int = typer.Option(None, "--horizon", metavar="N", help="Steps to forecast; 24 by default."),
    lookback: int = typer.Option(None, "--lookback", metavar="N", help="Steps read before; 720 at most by default."),
    config: Path = CONFIG,
    set: list[str] = SET,
    seed: int = SEED,
    time_limit: str = TIME_LIMIT,
    threads: int = THREADS,
    resume: bool = RESUME,
    force: bool = FORCE,
    settings: bool = settings_option("forecast"),
    json: bool = JSON,
    quiet: bool = QUIET,
) -> None:
    """Learn to continue series, and how sure that is.

    A linear model and the last season once more are measured beside it, always.

    Examples: gyeol fit forecast load --out m

    gyeol fit forecast ETTh1.csv --target OT --time date --horizon 24 --out m

    gyeol fit forecast shops.csv --series shop --target sales --covariate holiday --calendar --out m
    """
    check_first(("forecast",), out, config, set, time_limit, resume, data, valid)
    from gyeol.tasks import Forecaster
    from gyeol.tasks.progress import Bar

    options = {
        "random_state": seed, "threads": threads, "time_limit": time_limit, "horizon": horizon, "lookback": lookback,
    }  # fmt: skip
    model, run = begun(Forecaster, config, set, options, out, resume, force)
    columns = _Columns(time, target, covariate, series, calendar)
    train = _read(data, "train", columns)
    columns = _Columns(train.table.time, train.table.names, train.table.known, series, calendar)
    held = None if valid is None else _read(valid, "valid", columns)
    if not (quiet or json):
        note(_title(train))
    model.fit(
        [one.values for one in train.table.series],
        train.known(0),
        validation=None if held is None else ([one.values for one in held.table.series], held.known(0)),
        **run.how,
        progress=None if quiet or json else Bar("windows", shares=False),
        about={**train.about, **columns.about()},
    )
    short = sum(len(one.values) < model.lookback_ + model.horizon for one in train.table.series)
    if short:
        note(f"{short:,} of {len(train.table.series):,} series are shorter than a window and taught nothing")
    answer = ended(
        model, out, run, channels=train.table.names, horizon=int(model.horizon), lookback=model.lookback_,
        season=model.season_,
    )  # fmt: skip
    if json:
        object_out(answer)
    else:
        rows = [["forecast", "mse", "mae"], ["this model", answer["mse"], answer["mae"]]]
        rows += [[_NAMES[name].format(model.season_), answer[f"{name}_mse"], answer[f"{name}_mae"]] for name in _NAMES]
        typer.echo(table([rows[0], *([name, f"{a:.4f}", f"{b:.4f}"] for name, a, b in rows[1:])], right=[1, 2]))
        typer.echo(
            f"on {measured(answer)}, standardised; MASE {answer['mase']:.3f}; after epoch {answer['epoch']} of "
            f"{answer['epochs']}, {answer['seconds']:.0f} s"
        )
        typer.echo(f"saved: {out} ({answer['weights']:,} weights; reads {model.lookback_:,} steps)")
        typer.echo(f"next:  gyeol predict {out} --file RECENT.csv --out look.png     gyeol evaluate {out} TEST_FILE")
    stop_where_interrupted(answer)


_NAMES = {"linear": "linear", "seasonal_naive": "seasonal naive ({})"}


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which columns of a table matter, as the user or the model names them."""

    time: str | None
    target: Sequence[str]
    covariate: Sequence[str]
    series: str | None
    calendar: bool

    def about(self) -> dict[str, Any]:
        """What a model remembers of them."""
        named = {"time": self.time, "target": list(self.target), "covariate": list(self.covariate)}
        return {**named, "series": self.series, "calendar": self.calendar}

    @classmethod
    def of(cls, made: Forecaster, target: str | None = None) -> _Columns:
        """Take the columns that the model was trained with."""

        def names(key: str) -> list[str]:
            value = made.about_.get(key)
            return [str(name) for name in value] if isinstance(value, list) else []

        def name(key: str) -> str | None:
            value = made.about_.get(key)
            return value if isinstance(value, str) else None

        targets = names("target") if target is None else [target]
        return cls(name("time"), targets, names("covariate"), name("series"), made.about_.get("calendar") is True)


@dataclass(frozen=True, slots=True)
class _Given:
    """A table, the columns that matter, and what a model card says of it."""

    table: TimeTable
    columns: _Columns
    about: dict[str, str]

    def known(self, ahead: int) -> list[Any] | None:
        """What is known beforehand of every series, or None."""
        known = [one.known(ahead, calendar=self.columns.calendar) for one in self.table.series]
        return None if any(one is None for one in known) else known


def _read(data: str, role: str, columns: _Columns) -> _Given:
    """Read a file, a named set, or the built-in series."""
    from gyeol.data.files import fingerprint
    from gyeol.data.sources import BUILT_IN_SERIES, find_source, has_role
    from gyeol.data.time_table import read_time_table

    if data in BUILT_IN_SERIES and not Path(data).is_file():
        return _made(data, role, columns)
    if not has_role(data, role):
        role = "all"
    source = find_source(data, role, task="forecast")
    targets = columns.target or ([source.target] if source.target is not None else [])
    found = read_time_table(
        source.path, time=columns.time, targets=targets, covariates=columns.covariate, series=columns.series
    )
    for line in found.notes:
        note(f"{source.name}: {line}")
    return _Given(found, columns, {"data": source.name, "sha256": fingerprint(source.path)})


def _made(data: str, role: str, columns: _Columns) -> _Given:
    """Make the built-in series: the part to test on is another of its kind."""
    import tempfile

    from gyeol.data.files import fingerprint
    from gyeol.data.hourly_load import COLUMNS, write_load
    from gyeol.data.time_table import read_time_table

    with tempfile.TemporaryDirectory() as folder:
        path = write_load(Path(folder) / f"{data}.csv", seed=0 if role == "train" else 1)
        found = read_time_table(
            path,
            time=columns.time,
            targets=columns.target or [COLUMNS[1]],
            covariates=columns.covariate,
            series=columns.series,
        )
        return _Given(found, columns, {"data": f"{data} ({role})", "sha256": fingerprint(path)})


def _title(given: _Given) -> str:
    several = len(given.table.series)
    steps = sum(len(one.values) for one in given.table.series)
    clock = given.table.series[0].clock
    every = f", one every {clock.interval()}" if clock is not None else ""
    names = ", ".join(given.table.names[:8]) + (", ..." if len(given.table.names) > 8 else "")
    return f"{given.about['data']}: {f'{several:,} series, ' if several > 1 else ''}{steps:,} steps{every}; {names}"


def evaluate_series(
    made: Forecaster, model: Path, data: str, input: str | None, target: str | None, json: bool
) -> None:
    """Print a forecaster's figures on series, from every origin at which a window fits, baselines beside."""
    if input is not None:
        raise ParameterError("--input is for texts; a forecaster reads the columns it was trained with")
    given = _read(data, "test", _Columns.of(made, target))
    figures = made.evaluate([one.values for one in given.table.series], given.known(0))
    for own in figures["per_channel"]:
        own["channel"] = given.table.names[own["channel"]]
    if json:
        object_out({"model": str(model), **given.about, **figures})
        return
    names = ("mse", "mae", "mase")
    rows = [["forecast", *names], ["this model", *(f"{figures[n]:.4f}" for n in names)]]
    for name, own in figures["baselines"].items():
        rows.append([_NAMES[name].format(figures["season"]), *(f"{own[n]:.4f}" for n in names)])
    typer.echo(table(rows, right=range(1, 4)))
    inside = ""
    if "coverage" in figures:
        inside = f"; {percent(figures['coverage'])} inside the interval of {percent(figures['interval'])}"
    typer.echo(
        f"mse and mae standardised (in the series' own units {figures['mse_raw']:.6g} and {figures['mae_raw']:.6g}); "
        f"pinball {figures['pinball']:.4f}{inside}; {figures['windows']:,} origins of {given.about['data']}"
    )
    if len(figures["per_channel"]) > 1:
        head = ["channel", "mse", "mae", "linear mse", "seasonal naive mse"]
        keys = ("mse", "mae", "linear_mse", "seasonal_naive_mse")
        some = figures["per_channel"][:_SHOWN]
        typer.echo(
            table([head, *([own["channel"], *(f"{own[k]:.4f}" for k in keys)] for own in some)], right=range(1, 5))
        )


def predict_series(made: Forecaster, model: Path, others: Any, file: str | None, out: Path | None, json: bool) -> None:
    """Continue the series of a file: as a table, as JSON, as a file of either, or drawn; ``others`` are no help."""
    if others or file is None:
        raise ParameterError(
            f"a forecaster continues a file, and takes no more: gyeol predict {model} --file RECENT.csv"
        )
    drawn = out is not None and out.suffix.lower() == ".png"
    form = "object" if json and out is None else "tsv" if out is None or drawn else format_of(out)
    given = _read(file, "test", _Columns.of(made))
    for one in given.table.series:
        if len(one.values) < made.lookback_:
            whose = f"the series {one.name!r:.60}" if one.name else "the history"
            raise DataError(
                f"{given.table.path}: {whose} has {len(one.values):,} steps, and this model reads {made.lookback_:,}: "
                "give more rows"
            )
    found = made.predict_quantiles([one.values for one in given.table.series], given.known(int(made.horizon)))
    if drawn and out is not None:
        _draw(made, given, found, out)
    else:
        answers = [_answer(made, given, number, one) for number, one in enumerate(found)]
        pieces_out(_written(made, model, given, answers, form, out is None), out)
    if out is not None and json:
        object_out({"model": str(model), "out": str(out), "horizon": int(made.horizon), "series": len(found)})
    elif out is not None:
        note(f"wrote {out}: {int(made.horizon):,} steps{f' of {len(found):,} series' if len(found) > 1 else ''}")


def _written(
    made: Forecaster, model: Path, given: _Given, answers: list[dict[str, Any]], form: str, shown: bool
) -> list[str]:
    if form in ("object", "lines"):
        about = {"model": str(model), "data": given.about["data"], "horizon": int(made.horizon)}
        whole = {**about, "quantiles": [float(q) for q in made.quantiles], "forecasts": answers}
        lines = [whole] if form == "object" else answers
        return [json_format.dumps(line, ensure_ascii=False, allow_nan=False) + "\n" for line in lines]
    rows = _rows(made, given, answers)
    return [table(rows, right=range(1, len(rows[0]))) + "\n" if shown else separated(rows, form)]


def _answer(made: Forecaster, given: _Given, number: int, found: Any) -> dict[str, Any]:
    """Tell the forecast of a series (horizon, C, Q) by the names of times and channels."""
    one = given.table.series[number]
    middle = list(made.quantiles).index(0.5)
    steps = range(1, len(found) + 1)
    times = [f"+{step}" if one.clock is None else one.clock.label(step) for step in steps]
    channels = {
        name: {
            "median": found[:, place, middle].tolist(),
            "quantiles": {f"{q:g}": found[:, place, at].tolist() for at, q in enumerate(made.quantiles)},
        }
        for place, name in enumerate(given.table.names)
    }
    return {**({"series": one.name} if one.name else {}), "times": times, "channels": channels}


def _rows(made: Forecaster, given: _Given, answers: list[dict[str, Any]]) -> list[list[str]]:
    """Lay out forecasts as rows: the time, and of every channel its median and its other quantiles."""
    several = any("series" in one for one in answers)
    others = [f"{q:g}" for q in made.quantiles if q != 0.5]
    first = given.table.time or "step"
    head = [*([given.columns.series or "series"] if several else []), first]
    head += [title for name in given.table.names for title in (name, *(f"{name} {q}" for q in others))]
    rows = [head]
    for one in answers:
        for step, time in enumerate(one["times"]):
            row = [one.get("series", ""), time] if several else [time]
            for own in one["channels"].values():
                numbers = [own["median"][step], *(own["quantiles"][q][step] for q in others)]
                row += [f"{number:.6g}" for number in numbers]
            rows.append(row)
    return rows


def _draw(made: Forecaster, given: _Given, found: Any, out: Path) -> None:
    from gyeol.explain import save_forecast

    if len(given.table.series) > 1:
        raise DataError(f"{out} shows one series, and the file has {len(given.table.series)}: take one of them")
    one = given.table.series[0]
    levels = [float(q) for q in made.quantiles]
    label = None if one.clock is None else one.clock.label
    save_forecast(out, one.values, found[0], levels, names=given.table.names, label=label)
