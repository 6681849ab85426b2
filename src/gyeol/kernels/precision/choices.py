"""The choice of ``precision="auto"``: measured once for a subject, then the same in every process of this machine."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from gyeol.kernels.precision.measurements import MeasurementFile, file_here
from gyeol.kernels.precision.race import clock_of, fastest, race

__all__ = ["Choices", "Choosing", "Seen", "Subject", "choose", "in_training", "known_here", "using"]

_MOST = 4096  # choices of one training


class Subject(NamedTuple):
    """What a choice is about: what is computed (``"lstm 128 to 128"``), of how much, and on how many threads."""

    what: str
    extent: str
    threads: int

    def __str__(self) -> str:
        return f"{self.name}, {self.threads} {'thread' if self.threads == 1 else 'threads'}"

    @property
    def name(self) -> str:
        """What a training knows it by: threads may differ where it resumes."""
        return f"{self.what}: {self.extent}"


class Seen(NamedTuple):
    """A choice, and the seconds of every contestant; none where there was but one."""

    choice: str
    seconds: Mapping[str, float]

    @property
    def ratio(self) -> float | None:
        """How many times as fast as float32 the best of the others is; None where there is no other."""
        others = [value for name, value in self.seconds.items() if name != "float32"]
        return self.seconds["float32"] / min(others) if others and "float32" in self.seconds else None


Calls = Callable[[], Mapping[str, Callable[[], object]]]


class Choosing:
    """The choices of one training: those of its first run hold, and all that it made are known in the end."""

    def __init__(self) -> None:
        self.made: dict[Subject, Seen] = {}
        self._first: dict[str, str] = {}
        self._lacking: set[str] = set()

    def state(self) -> dict[str, str]:
        """Return the choices as JSON values, for a checkpoint."""
        return {**self._first, **{subject.name: seen.choice for subject, seen in self.made.items()}}

    def restore(self, state: Any) -> None:
        """Take over what `state` returned in the first run.

        Raises
        ------
        ValueError
            It is not that.
        """
        sound = isinstance(state, dict) and len(state) <= _MOST
        if not sound or not all(isinstance(name, str) and len(name) < 200 for pair in state.items() for name in pair):
            raise ValueError("its choices of precision are not names by name")
        self._first = dict(state)

    def describe(self) -> str:
        """Say in one line what was chosen, of everything computed, and what was seen; "" where nothing was to choose.

        Examples
        --------
        >>> choosing = Choosing()
        >>> for rows, seconds in ((32, 0.5), (64, 0.4)):
        ...     subject = Subject("lstm 128 to 128", f"{rows} rows", 1)
        ...     choosing.made[subject] = Seen("bfloat16@amx", {"float32": 1.0, "bfloat16@amx": seconds})
        >>> choosing.describe()
        'lstm 128 to 128: bfloat16 by amx (2.00 to 2.50 times as fast as float32)'
        """
        groups: dict[str, dict[str, list[float]]] = {}
        for name, choice in self.state().items():  # what the first run computed, too
            groups.setdefault(name.partition(":")[0], {}).setdefault(choice, [])
        for subject, seen in self.made.items():
            groups[subject.what][seen.choice] += [ratio] if (ratio := seen.ratio) else []
        return "; ".join(
            f"{what}: {' and '.join(_in_words(choice, ratios) for choice, ratios in sorted(choices.items()))}"
            for what, choices in sorted(groups.items())
        )

    def hold(self, subject: Subject, names: Sequence[str]) -> str | None:
        """Return what the first run chose, or the same arithmetic by what this machine has; None where it is free."""
        first = self._first.get(subject.name)
        if first is None or first in names:
            return first
        element = first.partition("@")[0]
        found = next((name for name in names if name.partition("@")[0] == element), None)
        if found is None and element not in self._lacking:
            self._lacking.add(element)
            warnings.warn(
                f"the first run of this training computed in {element:.20}, which is not available here: it goes on in "
                "what is, and its result will differ in rounding",
                stacklevel=2,
            )
        return found


def _in_words(choice: str, ratios: Sequence[float]) -> str:
    """Say what was chosen, and how many times as fast as float32 the best of the others is."""
    words = choice.replace("@", " by ")
    if not ratios:
        return words
    low, high = f"{min(ratios):.2f}", f"{max(ratios):.2f}"
    span = low if low == high else f"{low} to {high}"
    return f"{words} ({'the others ' if choice == 'float32' else ''}{span} times as fast as float32)"


_training: ContextVar[Choosing | None] = ContextVar("_training", default=None)


@contextmanager
def in_training() -> Iterator[Choosing]:
    """Collect the choices of one training, and let those of its first run hold."""
    choosing = Choosing()
    token = _training.set(choosing)
    try:
        yield choosing
    finally:
        _training.reset(token)


class Choices:
    """What was chosen in this process.

    Parameters
    ----------
    file : MeasurementFile, optional
        Where measurements are kept; by default that of this processor.
    clock : callable, optional
        Seconds; by default what `race.clock_of` says.
    """

    def __init__(self, file: MeasurementFile | None = None, clock: Callable[[], float] | None = None) -> None:
        self._file = file_here() if file is None else file
        self._clock = clock
        self._seen: dict[tuple[Subject, tuple[str, ...]], Seen] = {}
        self._lock = threading.RLock()

    def choose(self, subject: Subject, names: tuple[str, ...], calls: Calls) -> str:
        """Choose among contestants, ``"float32"`` and others: ``"bfloat16"``, ``"bfloat16@amx"``.

        Parameters
        ----------
        subject : Subject
        names : tuple of str
            Of the contestants that are possible here.
        calls : callable
            Returns, by name, what each contestant does; called if nothing is known of the subject.
        """
        training = _training.get()
        if training is not None and (held := training.hold(subject, names)) is not None:
            if subject not in training.made:
                training.made[subject] = Seen(held, self._file.find(str(subject)) or {})
            return held
        key = subject, names
        seen = self._seen.get(key)
        if seen is None:
            with self._lock:
                seen = self._seen.get(key) or self._measured(subject, names, calls)
                self._seen[key] = seen
        if training is not None:
            training.made[subject] = seen
        return seen.choice

    def _measured(self, subject: Subject, names: tuple[str, ...], calls: Calls) -> Seen:
        if len(names) == 1:
            return Seen(names[0], {})
        seconds = self._file.find(str(subject))
        if seconds is None or set(seconds) != set(names):
            contestants = calls()
            measured = race({name: contestants[name] for name in names}, self._clock or clock_of(subject.threads))
            seconds = self._file.keep(str(subject), measured)
        ordered = {name: seconds[name] for name in names}
        return Seen(fastest(ordered), ordered)

    def entries(self) -> dict[str, Seen]:
        """Return what is known of this processor, by subject."""
        return {subject: Seen(fastest(s), s) for subject, s in self._file.entries().items() if _comparable(s)}


def _comparable(seconds: Mapping[str, float]) -> bool:
    try:
        return bool(fastest(seconds))
    except ValueError:  # a name that no gyeol wrote
        return False


_here: list[Choices] = []  # those of this process


def choose(subject: Subject, names: tuple[str, ...], calls: Calls) -> str:
    """Choose among contestants by what is known of them here; see `Choices.choose`."""
    return known_here().choose(subject, names, calls)


def known_here() -> Choices:
    """Return the choices of this process."""
    if not _here:
        _here.append(Choices())
    return _here[0]


@contextmanager
def using(choices: Choices) -> Iterator[Choices]:
    """Let other choices hold for a while: a test brings its own clock."""
    before, _here[:] = list(_here), [choices]
    try:
        yield choices
    finally:
        _here[:] = before
