"""``gyeol fit forecast``, and what ``evaluate`` and ``predict`` do with its models."""

from __future__ import annotations

import json as json_format
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.output import note, object_out, percent, pieces_out, table
from gyeol.cli.answers.stream import format_of, separated
from gyeol.cli.options.first_checks import check_first
from gyeol.cli.options.numbers import DAY_FIRST, DECIMAL, MISSING
from gyeol.cli.options.training import (
    CONFIG,
    FORCE,
    HEADER,
    JSON,
    OUT,
    QUIET,
    RESUME,
    SEED,
    SET,
    THREADS,
    TIME_LIMIT,
    settings_option,
)
from gyeol.cli.tasks.forecast_data import ForecastColumns, ForecastData, no_input, read_forecast, title
from gyeol.cli.training import begun, ended, measured, stop_where_interrupted
from gyeol.data.number_format import exact, rounded
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
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
    time: list[str] = typer.Option(
        [],
        "--time",
        metavar="COL",
        help="The column of the times; may be repeated: dates and hours, or year and month.",
    ),
    covariate: list[str] = typer.Option(
        [], "--covariate", metavar="COL", help="A column known beforehand, of numbers or words; may be repeated."
    ),
    calendar: bool = typer.Option(False, "--calendar", help="Let the hour, the day of the week and the season count."),
    series: str = typer.Option(None, "--series", metavar="COL", help="The column that names each row's series."),
    day_first: bool = DAY_FIRST,
    zone: str = typer.Option(
        None, "--zone", metavar="ZONE", help="Bring times to a zone, or say of which they are: Asia/Seoul, +09:00."
    ),
    decimal: str = DECIMAL,
    missing: list[str] = MISSING,
    header: bool = HEADER,
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

    A linear model and the last season once more are measured beside it, always. How often steps are (hours, business
    days, the end of each month) is found from the times; dates, decimal marks and zones are judged over a whole column.

    Examples: gyeol fit forecast load --out m

    gyeol fit forecast ETTh1.csv --target OT --time date --horizon 24 --out m

    gyeol fit forecast shops.csv --series shop --target sales --covariate holiday --calendar --out m
    """
    check_first(("forecast",), out, config, set, time_limit, resume, data, valid)
    from gyeol.tasks import Forecaster
    from gyeol.tasks.training.progress import Bar

    options = {
        "random_state": seed, "threads": threads, "time_limit": time_limit, "horizon": horizon, "lookback": lookback,
    }  # fmt: skip
    model, run = begun(Forecaster, config, set, options, out, resume, force)
    columns = ForecastColumns(
        time, target, covariate, series, calendar, decimal, missing, day_first, zone, header=header
    )
    train = read_forecast(data, "train", columns)
    about = columns.about(train.table)
    held = None if valid is None else read_forecast(valid, "valid", columns.as_trained(about))
    if not (quiet or json):
        note(title(train))
    model.fit(
        [one.values for one in train.table.series],
        train.known(0),
        validation=None if held is None else ([one.values for one in held.table.series], held.known(0)),
        **run.how,
        progress=None if quiet or json else Bar("windows", shares=False),
        about={**train.about, **about},
    )
    short = sum(len(one.values) < model.lookback_ + model.horizon for one in train.table.series)
    if short:
        note(f"{short:,} of {len(train.table.series):,} series are shorter than a window and taught nothing")
    answer = ended(
        model, out, run, channels=train.table.names, horizon=int(model.horizon), lookback=model.lookback_,
        season=model.season_, **({"frequency": train.table.frequency} if train.table.time is not None else {}),
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


def evaluate_series(
    made: Forecaster, model: Path, data: str, input: str | None, target: str | None, json: bool, **how: Any
) -> None:
    """Print a forecaster's figures on series, from every origin at which a window fits, baselines beside."""
    no_input(input)
    given = read_forecast(data, "test", ForecastColumns.of(made, target, **how))
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
    own_units = " and ".join(rounded([figures[name]])[0] for name in ("mse_raw", "mae_raw"))
    typer.echo(
        f"mse and mae standardised (in the series' own units {own_units}); "
        f"pinball {figures['pinball']:.4f}{inside}; {figures['windows']:,} origins of {given.about['data']}"
    )
    if len(figures["per_channel"]) > 1:
        head = ["channel", "mse", "mae", "linear mse", "seasonal naive mse"]
        keys = ("mse", "mae", "linear_mse", "seasonal_naive_mse")
        some = figures["per_channel"][:_SHOWN]
        typer.echo(
            table([head, *([own["channel"], *(f"{own[k]:.4f}" for k in keys)] for own in some)], right=range(1, 5))
        )


def predict_series(
    made: Forecaster, model: Path, others: Any, file: str | None, out: Path | None, json: bool, *,
    strict: bool = False, skip: bool = False, **how: Any,
) -> None:  # fmt: skip
    """Continue the series of a file: as a table, as JSON, as a file of either, or drawn; ``others`` are no help.

    A series that is too short does not stop the others: ``strict`` has it so; with ``skip`` its empty answer is left
    out of the JSON object. ``how`` says how the file is written, as `ForecastColumns` has it.
    """
    if others or file is None:
        raise ParameterError(
            f"a forecaster continues a file, and takes no more: gyeol predict {model} --file RECENT.csv"
        )
    drawn = out is not None and out.suffix.lower() == ".png"
    form = "object" if json and out is None else "tsv" if out is None or drawn else format_of(out)
    given = read_forecast(file, "test", ForecastColumns.of(made, **how))
    given, short = _long_enough(made, given, strict=strict)
    found = made.predict_quantiles([one.values for one in given.table.series], given.known(int(made.horizon)))
    if drawn and out is not None:
        _draw(made, given, found, out)
    else:
        answers = [_answer(made, given, number, one) for number, one in enumerate(found)]
        answers += [] if skip or form not in ("object", "lines") else short
        pieces_out(_written(made, model, given, answers, form, out is None), out)
    if out is not None and json:
        object_out({"model": str(model), "out": str(out), "horizon": int(made.horizon), "series": len(found)})
    elif out is not None:
        note(f"wrote {out}: {int(made.horizon):,} steps{f' of {len(found):,} series' if len(found) > 1 else ''}")


def _long_enough(made: Forecaster, given: ForecastData, *, strict: bool) -> tuple[ForecastData, list[dict[str, Any]]]:
    """Take the series that are as long as the model reads; of the others say why they get no answer."""
    kept, short = [], []
    for one in given.table.series:
        if len(one.values) >= made.lookback_:
            kept.append(one)
            continue
        whose = f"the series {one.name!r:.60}" if one.name else "the history"
        reason = f"{whose} has {len(one.values):,} steps, and this model reads {made.lookback_:,}: give more rows"
        short.append({"series": one.name, "times": [], "channels": {}, "error": reason})
    if short and (strict or not kept):
        raise DataError(f"{given.table.path}: {short[0]['error']}")
    if short:
        note(f"{given.about['data']}: {len(short):,} series got no forecast: {short[0]['error']}")
    return replace(given, table=replace(given.table, series=kept)), short


def _written(
    made: Forecaster, model: Path, given: ForecastData, answers: list[dict[str, Any]], form: str, shown: bool
) -> list[str]:
    if form in ("object", "lines"):
        about = {"model": str(model), "data": given.about["data"], "horizon": int(made.horizon)}
        whole = {**about, "quantiles": [float(q) for q in made.quantiles], "forecasts": answers}
        lines = [whole] if form == "object" else answers
        return [json_format.dumps(line, ensure_ascii=False, allow_nan=False) + "\n" for line in lines]
    rows = _rows(made, given, answers, shown)
    return [table(rows, right=range(1, len(rows[0]))) + "\n" if shown else separated(rows, form)]


def _answer(made: Forecaster, given: ForecastData, number: int, found: Any) -> dict[str, Any]:
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


def _texts(quantiles: dict[str, list[float]], shown: bool) -> dict[str, list[str]]:
    """Write the numbers of a channel: with every digit for a file, with those that say something on a screen."""
    if not shown:
        return {name: [exact(number) for number in numbers] for name, numbers in quantiles.items()}
    texts = iter(rounded(number for numbers in quantiles.values() for number in numbers))
    return {name: [next(texts) for _ in numbers] for name, numbers in quantiles.items()}


def _rows(made: Forecaster, given: ForecastData, answers: list[dict[str, Any]], shown: bool) -> list[list[str]]:
    """Lay out forecasts as rows: the time, and of every channel its median and its other quantiles."""
    several = any("series" in one for one in answers)
    others = [f"{q:g}" for q in made.quantiles if q != 0.5]
    texts = [
        {**one, "channels": [_texts(own["quantiles"], shown) for own in one["channels"].values()]} for one in answers
    ]
    first = given.table.time or "step"
    head = [*([given.table.ids or "series"] if several else []), first]
    head += [title for name in given.table.names for title in (name, *(f"{name} {q}" for q in others))]
    rows = [head]
    keys = ["0.5", *others]
    for one in texts:
        for step, time in enumerate(one["times"]):
            row = [one.get("series", ""), time] if several else [time]
            for own in one["channels"]:
                row += [own[key][step] for key in keys]
            rows.append(row)
    return rows


def _draw(made: Forecaster, given: ForecastData, found: Any, out: Path) -> None:
    from gyeol.explain import save_forecast

    if len(given.table.series) > 1:
        raise DataError(f"{out} shows one series, and the file has {len(given.table.series)}: take one of them")
    one = given.table.series[0]
    levels = [float(q) for q in made.quantiles]
    label = None if one.clock is None else one.clock.label
    save_forecast(out, one.values, found[0], levels, names=given.table.names, label=label)
