"""The command line. A task is a file in `tasks`, another verb one in `verbs`; heavy imports are inside the commands."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the ``gyeol`` command in a process of its own, which imports only what it needs."""
    from gyeol import lazy
    from gyeol.cli import app

    lazy.OWN_PROCESS = True
    app.main()
