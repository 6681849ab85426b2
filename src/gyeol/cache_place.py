"""Where files are kept that can be made again: downloads, and what was measured of this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """Name the folder, ``$XDG_CACHE_HOME/gyeol`` or what the system uses; it may not exist yet.

    Raises
    ------
    RuntimeError
        The user has no home.
    """
    given = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given):  # the XDG specification requires to ignore a relative one
        return Path(given) / "gyeol"
    if sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"]) / "gyeol" / "cache"
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "gyeol"
