"""The data sets that ``gyeol data make`` generates: one entry each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gyeol.errors import ParameterError

__all__ = ["MakeRequest", "Maker", "makers"]


@dataclass(frozen=True, slots=True)
class MakeRequest:
    """Where to write how many examples of which length; for typos, from which texts and with how many errors."""

    out: Path
    count: int
    length: int
    seed: int
    source: str | None
    rate: float


@dataclass(frozen=True, slots=True)
class Maker:
    """A data set: its description, the task that learns from it, the noun for its examples, and its writer.

    The writer may return how many examples it wrote.
    """

    about: str
    task: str
    noun: str
    write: Callable[[MakeRequest], Any]


def makers() -> dict[str, Maker]:
    """List all data sets that can be generated."""
    from gyeol.data.synthetic import clips, hourly_load, scenes, sequences, series, spoken
    from gyeol.inputs.spelling.typos import write_typos

    found: dict[str, Maker] = {}
    families: list[tuple[dict[str, Any], Callable[..., Any], dict[str, str], str]] = [
        (sequences.MAKERS, sequences.make, {"order": "classify"}, "translate"),
        (series.SERIES_MAKERS, series.make_series, {"adding": "regress"}, "classify"),
    ]
    for table, make, tasks, usual in families:
        for name, which in table.items():
            task = tasks.get(name, usual)
            found[name] = Maker(_first(which), task, "examples", partial(_of_length, make, name))
    for language in ("ko", "en"):
        found[f"digits-{language}"] = Maker(
            _first(spoken.write_digits),
            "transcribe",
            "recordings, and recordings.tsv, what is said in them",
            partial(_counted, partial(spoken.write_digits, language)),
        )
        found[f"scenes-{language}"] = Maker(
            _first(scenes.write_scenes),
            "caption",
            "scenes with captions",
            partial(_counted, partial(scenes.write_scenes, language=language)),
        )
    found["clips"] = Maker(
        _first(clips.write_clips), "frames", "clips with a label a frame", partial(_of_length, _clips, "clips")
    )
    found["load"] = Maker(
        _first(hourly_load.write_load), "forecast", "hours", partial(_counted, hourly_load.write_load)
    )
    found["typos"] = Maker(_first(write_typos), "", "lines, typed and meant", _typos)
    return found


def _of_length(make: Callable[..., Any], name: str, request: MakeRequest) -> None:
    make(name, request.out, count=request.count, length=request.length, seed=request.seed)


def _clips(_: str, out: Path, *, count: int, length: int, seed: int) -> None:
    from gyeol.data.synthetic.clips import write_clips

    write_clips(out, count=count, length=length, seed=seed)


def _counted(make: Callable[..., Any], request: MakeRequest) -> None:
    make(request.out, count=request.count, seed=request.seed)


def _typos(request: MakeRequest) -> int:
    from gyeol.data.text.sources import Texts, find_source
    from gyeol.inputs.spelling.typos import write_typos

    if request.source is None:
        raise ParameterError("typos need texts: add --from FILE, or --from NAME of a data set")
    texts = Texts(find_source(request.source, "test"))
    return write_typos(texts, request.out, count=request.count, rate=request.rate, seed=request.seed)


def _first(thing: object) -> str:
    return (getattr(thing, "__doc__", "") or "").strip().splitlines()[0]
