"""Reports and comparisons as files: a page, or their JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gyeol.data.atomic import write_bytes

__all__ = ["write_report"]


def write_report(content: dict[str, Any], out: Path, page: Callable[[], bytes]) -> None:
    """Write JSON where the file's ending says so, else the page.

    Raises
    ------
    SaveError
        The file cannot be written; any previous one is unchanged.
    """
    if out.suffix.lower() != ".json":
        write_bytes(out, page())
        return
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    write_bytes(out, text.encode("utf-8", "backslashreplace"))
