"""Published settings trained again: a literal table, one entry each."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from gyeol.engine import Progress
from gyeol.errors import ParameterError, closest
from gyeol.reproduce.attention import ATTENTION
from gyeol.reproduce.authors import AUTHOR_CLASSIFIERS
from gyeol.reproduce.biology import BIOLOGY
from gyeol.reproduce.caption import CAPTIONERS
from gyeol.reproduce.classify import CLASSIFIERS
from gyeol.reproduce.conversation import CONVERSATION
from gyeol.reproduce.entry import Published, Reproduction
from gyeol.reproduce.forecast import FORECASTERS
from gyeol.reproduce.frames import FRAMES
from gyeol.reproduce.language import LANGUAGE_MODELS
from gyeol.reproduce.series.sequences import SERIES
from gyeol.reproduce.series.vanishing import VANISHING
from gyeol.reproduce.speech import RECOGNIZERS
from gyeol.reproduce.spelling import SPELLING
from gyeol.reproduce.tag import TAGGERS
from gyeol.reproduce.translate import TRANSLATORS

__all__ = ["REPRODUCTIONS", "Published", "Reproduction", "run"]

#: What can be reproduced, by name.
REPRODUCTIONS: dict[str, Reproduction] = {
    **CLASSIFIERS,
    **LANGUAGE_MODELS,
    **AUTHOR_CLASSIFIERS,
    **SPELLING,
    **TRANSLATORS,
    **ATTENTION,
    **CONVERSATION,
    **TAGGERS,
    **BIOLOGY,
    **SERIES,
    **VANISHING,
    **RECOGNIZERS,
    **FORECASTERS,
    **CAPTIONERS,
    **FRAMES,
}


def run(
    name: str,
    *,
    seed: int = 0,
    threads: int | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train a published setting again.

    Returns
    -------
    dict
        ``figure`` (measured here), ``published`` and ``source`` (the nearest kin), ``others`` (all
        that was published), ``seconds``, ``metric``, ``setting``, ``data``.

    Raises
    ------
    ParameterError
        For a name that is not in the table.
    """
    if name not in REPRODUCTIONS:
        raise ParameterError(f"there is no reproduction {name!r}{closest(name, REPRODUCTIONS)}")
    entry = REPRODUCTIONS[name]
    started = time.monotonic()
    result = entry.run(seed=seed, threads=threads, out=out, progress=progress)
    others = [*entry.published, *([Published(result.pop("beside"), entry.beside)] if entry.beside else [])]
    return {
        "name": name,
        "metric": entry.metric,
        **result,
        "published": others[0].figure,
        "source": others[0].source,
        "others": [{"figure": p.figure, "source": p.source} for p in others],
        "seconds": round(time.monotonic() - started, 1),
        "setting": entry.setting,
        "data": entry.data,
    }
