"""Options for the number format of a file, and the format of the training file that a model remembers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from gyeol.data.series.wide_table import RowNumbers

__all__ = ["DAY_FIRST", "DECIMAL", "MISSING", "NumberNotation"]

DECIMAL: Any = typer.Option(
    None, "--decimal", metavar="MARK", help="Decimal mark, . or ,; detected from each column by default."
)
MISSING: Any = typer.Option(
    [], "--missing", metavar="TEXT", help="Cell that means a missing value, such as -999 or *; may be repeated."
)
DAY_FIRST: Any = typer.Option(
    None, "--day-first/--month-first", help="Whether 01/02/2026 is 1 February; detected from the column by default."
)


@dataclass(frozen=True, slots=True)
class NumberNotation:
    """The number format of a file: what the user gave, and what a model remembers of its training file."""

    decimal: str | None = None
    missing: Sequence[str] = ()
    remembered: str | None = None

    @classmethod
    def of(cls, about: dict[str, Any], decimal: str | None, missing: Sequence[str]) -> NumberNotation:
        """Fill what the user did not give from what the model remembers (``about_``)."""
        mark, own = about.get("decimal_mark"), about.get("missing")
        remembered = [str(text) for text in own] if isinstance(own, list) else []
        return cls(decimal, missing or remembered, mark if mark in (".", ",") else None)

    def reader_arguments(self) -> dict[str, Any]:
        """Return it as keyword arguments of the readers."""
        from gyeol.data.tables.number_cells import NumberFormat

        return {"numbers": NumberFormat(self.decimal, self.missing), "remembered": self.remembered}

    def rows(self) -> RowNumbers:
        """Return the format of rows that are read one at a time: that of the training file unless the user gave one."""
        from gyeol.data.series.wide_table import RowNumbers
        from gyeol.data.tables.number_cells import NumberFormat

        return RowNumbers(NumberFormat(self.decimal, self.missing), self.decimal or self.remembered or ".")
