"""The file that keeps what was measured, one for each processor, so that the next process chooses the same."""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from gyeol.cache_place import cache_folder

__all__ = ["MeasurementFile", "file_here", "processor"]

_VARIABLE = "GYEOL_CACHE"
_FORMAT = 1
_BYTES = 1 << 20  # of a file that is read
_ENTRIES, _CONTESTANTS, _KEY = 2048, 16, 200  # of a file; of an entry; characters of a name
_FILES = 32  # of other processors and versions that may stand beside


class MeasurementFile:
    """Seconds by contestant, by the subject of the race.

    What cannot be read or is damaged counts as empty, and what cannot be written is not kept: then it is measured
    again. Nothing of a file is trusted but numbers by the names that were asked for.

    Parameters
    ----------
    path : Path or None
        The file; None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._known: dict[str, dict[str, float]] | None = None

    def find(self, subject: str) -> dict[str, float] | None:
        """Find what was measured for a subject; the file is read once."""
        if self._known is None:
            self._known = self._read()
        return self._known.get(subject)

    def keep(self, subject: str, seconds: Mapping[str, float]) -> dict[str, float]:
        """Write what was measured, beside what other processes have written meanwhile.

        Returns
        -------
        dict
            What holds from now on: where another process was first, its measurement.
        """
        known = self._read()
        current = known.get(subject)
        if current is None or set(current) != set(seconds):
            current = dict(seconds)
            known[subject] = current
            self._write(dict(list(known.items())[-_ENTRIES:]))
        self._known = known
        return current

    def entries(self) -> dict[str, dict[str, float]]:
        """Return all that the file has now."""
        return self._read()

    def _read(self) -> dict[str, dict[str, float]]:
        if self.path is None:
            return {}
        try:
            # A pipe with nobody at its other end would be waited for.
            handle = os.open(self.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
            with open(handle, "rb") as file:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    return {}
                content = file.read(_BYTES + 1)
            raw = json.loads(content) if len(content) <= _BYTES else None
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(raw, dict) or raw.get("format") != _FORMAT or not isinstance(raw.get("seconds"), dict):
            return {}
        entries = list(raw["seconds"].items())[:_ENTRIES]
        return {subject: dict(seconds) for subject, seconds in entries if _sound(subject, seconds)}

    def _write(self, known: Mapping[str, Any]) -> None:
        if self.path is None:
            return
        text = json.dumps({"format": _FORMAT, "processor": processor(), "seconds": known}, indent=1)
        with suppress(OSError):
            folder = self.path.parent
            folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{self.path.stem}.", suffix=".part", dir=folder)
            try:
                with open(handle, "w", encoding="utf-8") as file:
                    file.write(text)
                os.replace(name, self.path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(name)
                raise
            self._remove_old()

    def _remove_old(self) -> None:
        """Keep the folder small: of files of other processors and versions, the newest."""
        assert self.path is not None
        others = sorted(self.path.parent.glob("precision-*.json"), key=lambda file: file.stat().st_mtime)
        for file in others[:-_FILES]:
            file.unlink(missing_ok=True)


def _sound(subject: str, seconds: Any) -> bool:
    """Whether an entry of a file is what one should be."""
    return (
        len(subject) <= _KEY
        and isinstance(seconds, dict)
        and 1 <= len(seconds) <= _CONTESTANTS
        and all(
            len(name) <= _KEY and isinstance(value, float) and math.isfinite(value) and value > 0
            for name, value in seconds.items()
        )
    )


def file_here() -> MeasurementFile:
    """Return the file of this processor, in ``$GYEOL_CACHE`` or the user's cache folder."""
    given = os.environ.get(_VARIABLE, "")
    try:
        folder = Path(given) if given else cache_folder()
    except RuntimeError:  # no home
        return MeasurementFile(None)
    return MeasurementFile(folder / f"precision-{_fingerprint()}.json")


@cache
def processor() -> str:
    """Name the processor."""
    return _facts().get("model name") or platform.processor() or platform.machine() or "unknown processor"


@cache
def _facts() -> dict[str, str]:
    """What the system says of the first processor."""
    facts: dict[str, str] = {}
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        for line in file:
            name, separator, value = line.partition(":")
            if not separator:
                break
            facts[name.strip()] = value.strip()
    return facts


@cache
def _fingerprint() -> str:
    """Tell processors and builds of the kernels apart: times of one say nothing of another."""
    facts = _facts()
    flags = " ".join(sorted(facts.get("flags", facts.get("Features", "")).split()))
    numbers = [facts.get(name, "") for name in ("cpu family", "model", "stepping")]
    parts = [processor(), *numbers, flags, version("gyeol"), torch.__version__, _build()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _build() -> str:
    """Tell one build of the kernels from another."""
    spec = find_spec("gyeol.kernels._native")
    if spec is None or spec.origin is None:
        return ""
    facts = os.stat(spec.origin)
    return f"{facts.st_size} {facts.st_mtime_ns}"
