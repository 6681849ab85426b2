"""The command line: one file for each family of verbs, all heavy imports inside the commands."""

from __future__ import annotations

from gyeol.cli.app import main

__all__ = ["main"]
