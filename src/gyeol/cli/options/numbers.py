"""The options that say how the numbers of a file are written, and what a model remembers of its training's file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from gyeol.data.series.wide_table import RowNumbers

__all__ = ["DAY_FIRST", "DECIMAL", "MISSING", "Written"]

DECIMAL: Any = typer.Option(
    None, "--decimal", metavar="MARK", help="The decimal mark of numbers, . or ,; judged over each column by default."
)
MISSING: Any = typer.Option(
    [], "--missing", metavar="TEXT", help="A cell that means a missing value, such as -999 or *; may be repeated."
)
DAY_FIRST: Any = typer.Option(
    None, "--day-first/--month-first", help="Whether 01/02/2026 is in February; judged over the column by default."
)


@dataclass(frozen=True, slots=True)
class Written:
    """How the numbers of a file are written: what the user says, and what a model remembers of its training's file."""

    decimal: str | None = None
    missing: Sequence[str] = ()
    remembered: str | None = None

    @classmethod
    def of(cls, about: dict[str, Any], decimal: str | None, missing: Sequence[str]) -> Written:
        """Take what the model remembers (``about_``) where the user says nothing."""
        mark, own = about.get("decimal_mark"), about.get("missing")
        kept = [str(text) for text in own] if isinstance(own, list) else []
        return cls(decimal, missing or kept, mark if mark in (".", ",") else None)

    def how(self) -> dict[str, Any]:
        """Give it as arguments of the readers."""
        from gyeol.data.tables.number_cells import NumberFormat

        return {"numbers": NumberFormat(self.decimal, self.missing), "remembered": self.remembered}

    def rows(self) -> RowNumbers:
        """Say how numbers are written that come a row at a time: as in training, where the user does not say."""
        from gyeol.data.series.wide_table import RowNumbers
        from gyeol.data.tables.number_cells import NumberFormat

        return RowNumbers(NumberFormat(self.decimal, self.missing), self.decimal or self.remembered or ".")
