"""The command line: one file for each family of verbs, all heavy imports inside the commands."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Be the ``gyeol`` command: a process of its own, in which a model is asked with as few imports as that takes."""
    from gyeol import lazy
    from gyeol.cli import app

    lazy.OWN_PROCESS = True
    app.main()
