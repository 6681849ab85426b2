"""``gyeol fit forecast``; ``evaluate`` and ``predict`` of its models."""

from __future__ import annotations

import json as json_format
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.examples import Examples
from gyeol.cli.answers.forecast_data import ForecastColumns, ForecastData, describe, read_forecast, refuse_input
from gyeol.cli.answers.output import note, object_out, percent, pieces_out, table
from gyeol.cli.answers.stream import format_of, separated
from gyeol.cli.options.answers import DATES, NUMBERS
from gyeol.cli.options.numbers import DAY_FIRST, DECIMAL, MISSING
from gyeol.cli.options.training import HEADER
from gyeol.cli.task_commands import Request, TaskCommands
from gyeol.cli.training import Training, measured
from gyeol.data.number_format import exact, rounded
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.tasks import Forecaster

__all__ = ["COMMANDS"]

_SHOWN = 12  # channels whose own figures are printed


def fit(
    data: str = typer.Argument(metavar="DATA", help="A .csv, .tsv or .parquet file, or a data set (ett, load)."),
    valid: str = typer.Option(None, "--valid", metavar="FILE", help="Validation series; default: the end of DATA."),
    target: list[str] = typer.Option(
        [], "--target", metavar="COL", help="Column to forecast; may be repeated; default: all columns of numbers."
    ),
    time: list[str] = typer.Option(
        [], "--time", metavar="COL", help="Column of times; may be repeated: date and hour, or year and month."
    ),
    covariate: list[str] = typer.Option(
        [], "--covariate", metavar="COL", help="Column known in advance, of numbers or words; may be repeated."
    ),
    calendar: bool = typer.Option(False, "--calendar", help="Use hour, day of the week and season as inputs."),
    series: str = typer.Option(None, "--series", metavar="COL", help="Column that names the series of each row."),
    day_first: bool = DAY_FIRST,
    zone: str = typer.Option(
        None,
        "--zone",
        metavar="ZONE",
        help="Time zone to convert times to, or of times without one: Asia/Seoul, +09:00.",
    ),
    decimal: str = DECIMAL,
    missing: list[str] = MISSING,
    header: bool = HEADER,
    horizon: int = typer.Option(None, "--horizon", metavar="N", help="Steps to forecast; default: 24."),
    lookback: int = typer.Option(None, "--lookback", metavar="N", help="Steps of history to read; default: up to 720."),
    *,
    training: Training,
) -> None:
    """Learn to forecast series, with quantiles.

    Every model is compared with a linear one and with repeating the last season. The frequency (hours, business days,
    ends of months) is found from the times; date formats, decimal marks and zones are detected over whole columns.

    Examples: gyeol fit forecast load --out m

    gyeol fit forecast ETTh1.csv --target OT --time date --horizon 24 --out m

    gyeol fit forecast shops.csv --series shop --target sales --covariate holiday --calendar --out m
    """
    training.check(data, valid)
    from gyeol.tasks import Forecaster

    model = training.model(Forecaster, horizon=horizon, lookback=lookback)
    columns = ForecastColumns(
        time, target, covariate, series, calendar, decimal, missing, day_first, zone, header=header
    )
    train = read_forecast(data, "train", columns)
    about = columns.about(train.table)
    part = None if valid is None else read_forecast(valid, "valid", columns.as_trained(about))
    training.note(describe(train))
    training.fit(
        model, [one.values for one in train.table.series], train.known(0),
        validation=None if part is None else ([one.values for one in part.table.series], part.known(0)),
        noun="windows", about={**train.about, **about},
    )  # fmt: skip
    short = sum(len(one.values) < model.lookback_ + model.horizon for one in train.table.series)
    if short:
        note(f"{short:,} of {len(train.table.series):,} series are shorter than a window and were not used")
    answer = training.save(
        model, channels=train.table.names, horizon=int(model.horizon), lookback=model.lookback_,
        season=model.season_, **({"frequency": train.table.frequency} if train.table.time is not None else {}),
    )  # fmt: skip
    training.close(
        answer,
        _lines(answer),
        "gyeol predict {} --file RECENT.csv --out look.png",
        "gyeol evaluate {} TEST_FILE",
        saved="{weights:,} weights; reads {lookback:,} steps",
    )


def _lines(answer: dict[str, Any]) -> list[str]:
    """Write the figures beside those of the baselines."""
    rows = [["forecast", "mse", "mae"], ["this model", f"{answer['mse']:.4f}", f"{answer['mae']:.4f}"]]
    for name, shown in _NAMES.items():
        own = [f"{answer[f'{name}_{figure}']:.4f}" for figure in ("mse", "mae")]
        rows.append([shown.format(answer["season"]), *own])
    return [
        table(rows, right=[1, 2]),
        f"on {measured(answer)}, standardised; MASE {answer['mase']:.3f}; after epoch {answer['epoch']} of "
        f"{answer['epochs']}, {answer['seconds']:.0f} s",
    ]


_NAMES = {"linear": "linear", "seasonal_naive": "seasonal naive ({})"}


def _format(request: Request) -> dict[str, Any]:
    """Return how the file is written, as far as the user says."""
    return {name: request.option(name) for name in ("decimal", "missing", "day_first")} | {"header": request.header}


def examples(model: Forecaster, request: Request) -> Examples:
    """Read series, and what is known of every step in advance."""
    given = _series(model, request)
    series = [one.values for one in given.table.series]
    return Examples(series, given.known(0), given.about["data"], "series", given.about)


def _series(model: Forecaster, request: Request) -> ForecastData:
    refuse_input(request.input)
    return read_forecast(request.data, "test", ForecastColumns.of(model, request.target, **_format(request)))


def evaluate(model: Forecaster, request: Request) -> None:
    """Print a forecaster's figures over every origin at which a window fits, beside those of baselines."""
    given = _series(model, request)
    figures = model.evaluate([one.values for one in given.table.series], given.known(0))
    for own in figures["per_channel"]:
        own["channel"] = given.table.names[own["channel"]]
    if request.json:
        object_out({"model": str(request.model_path), **given.about, **figures})
        return
    names = ("mse", "mae", "mase")
    rows = [["forecast", *names], ["this model", *(f"{figures[n]:.4f}" for n in names)]]
    for name, own in figures["baselines"].items():
        rows.append([_NAMES[name].format(figures["season"]), *(f"{own[n]:.4f}" for n in names)])
    typer.echo(table(rows, right=range(1, 4)))
    inside = ""
    if "coverage" in figures:
        inside = f"; {percent(figures['coverage'])} inside the {percent(figures['interval'])} interval"
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


def predict(model: Forecaster, request: Request) -> None:
    """Forecast the series of a file: as a table, as JSON, as a file of either, or as a picture.

    A series that is too short does not stop the others, unless ``strict``; ``skip_bad_rows`` removes its empty answer
    from JSON.
    """
    file, out, json = request.file, request.out, request.json
    if request.texts or request.input or file is None:
        raise ParameterError(f"a forecaster needs a file: gyeol predict {request.model_path} --file RECENT.csv")
    drawn = out is not None and out.suffix.lower() == ".png"
    form = "object" if json and out is None else "tsv" if out is None or drawn else format_of(out)
    given = read_forecast(file, "test", ForecastColumns.of(model, **_format(request)))
    given, short = _long_enough(model, given, strict=request.strict)
    found = model.predict_quantiles([one.values for one in given.table.series], given.known(int(model.horizon)))
    if drawn and out is not None:
        _draw(model, given, found, out)
    else:
        answers = [_answer(model, given, number, one) for number, one in enumerate(found)]
        answers += [] if request.skip_bad_rows or form not in ("object", "lines") else short
        pieces_out(_formatted(model, request.model_path, given, answers, form, out is None), out)
    if out is not None and json:
        object_out(
            {"model": str(request.model_path), "out": str(out), "horizon": int(model.horizon), "series": len(found)}
        )
    elif out is not None:
        note(f"wrote {out}: {int(model.horizon):,} steps{f' of {len(found):,} series' if len(found) > 1 else ''}")


def _long_enough(model: Forecaster, given: ForecastData, *, strict: bool) -> tuple[ForecastData, list[dict[str, Any]]]:
    """Select the series that are long enough for the model; the others are returned with the reason."""
    enough, short = [], []
    for one in given.table.series:
        if len(one.values) >= model.lookback_:
            enough.append(one)
            continue
        whose = f"the series {one.name!r:.60}" if one.name else "the history"
        reason = f"{whose} has {len(one.values):,} steps, but this model reads {model.lookback_:,}: give more rows"
        short.append({"series": one.name, "times": [], "channels": {}, "error": reason})
    if short and (strict or not enough):
        raise DataError(f"{given.table.path}: {short[0]['error']}")
    if short:
        note(f"{given.about['data']}: {len(short):,} series without a forecast: {short[0]['error']}")
    return replace(given, table=replace(given.table, series=enough)), short


def _formatted(
    model: Forecaster, model_path: Path, given: ForecastData, answers: list[dict[str, Any]], form: str, shown: bool
) -> list[str]:
    if form in ("object", "lines"):
        about = {"model": str(model_path), "data": given.about["data"], "horizon": int(model.horizon)}
        whole = {**about, "quantiles": [float(q) for q in model.quantiles], "forecasts": answers}
        lines = [whole] if form == "object" else answers
        return [json_format.dumps(line, ensure_ascii=False, allow_nan=False) + "\n" for line in lines]
    rows = _rows(model, given, answers, shown)
    return [table(rows, right=range(1, len(rows[0]))) + "\n" if shown else separated(rows, form)]


def _answer(model: Forecaster, given: ForecastData, number: int, found: Any) -> dict[str, Any]:
    """Return the forecast of a series (horizon, C, Q) by names of times and channels."""
    one = given.table.series[number]
    middle = list(model.quantiles).index(0.5)
    steps = range(1, len(found) + 1)
    times = [f"+{step}" if one.clock is None else one.clock.label(step) for step in steps]
    channels = {
        name: {
            "median": found[:, place, middle].tolist(),
            "quantiles": {f"{q:g}": found[:, place, at].tolist() for at, q in enumerate(model.quantiles)},
        }
        for place, name in enumerate(given.table.names)
    }
    return {**({"series": one.name} if one.name else {}), "times": times, "channels": channels}


def _texts(quantiles: dict[str, list[float]], shown: bool) -> dict[str, list[str]]:
    """Format the numbers of a channel: exactly for a file, rounded for a screen."""
    if not shown:
        return {name: [exact(number) for number in numbers] for name, numbers in quantiles.items()}
    texts = iter(rounded(number for numbers in quantiles.values() for number in numbers))
    return {name: [next(texts) for _ in numbers] for name, numbers in quantiles.items()}


def _rows(model: Forecaster, given: ForecastData, answers: list[dict[str, Any]], shown: bool) -> list[list[str]]:
    """Lay out forecasts as rows: the time, and of every channel its median and its other quantiles."""
    several = any("series" in one for one in answers)
    others = [f"{q:g}" for q in model.quantiles if q != 0.5]
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


def _draw(model: Forecaster, given: ForecastData, found: Any, out: Path) -> None:
    from gyeol.explain import save_forecast

    if len(given.table.series) > 1:
        raise DataError(
            f"{out}: a picture shows one series, but the file has {len(given.table.series)}; select one of them"
        )
    one = given.table.series[0]
    levels = [float(q) for q in model.quantiles]
    label = None if one.clock is None else one.clock.label
    save_forecast(out, one.values, found[0], levels, names=given.table.names, label=label)


def _read_one(model: Forecaster, given: str) -> Any:
    """Read the first series of a file."""
    found = read_forecast(given.strip(), "test", ForecastColumns.of(model))
    return _long_enough(model, found, strict=True)[0].table.series[0].values


COMMANDS = TaskCommands(fit, evaluate, predict, examples=examples, read_one=_read_one, options=(*NUMBERS, DATES))
