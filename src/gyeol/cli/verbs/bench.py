"""``gyeol bench``: speed compared with other libraries, measured here."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import typer

from gyeol.cli.answers.output import note, object_out, table
from gyeol.cli.options.training import JSON, THREADS

__all__ = ["bench"]


def bench(
    name: str = typer.Argument(None, metavar="NAME", help="Benchmark to run; without a name, they are listed."),
    quick: bool = typer.Option(False, "--quick", help="Run a few small cases, as a test; the times mean nothing."),
    peer: list[str] = typer.Option(
        [], "--peer", metavar="PEER", help="Time only this peer; may be repeated; none for no peer. All by default."
    ),
    threads: int = THREADS,
    json: bool = JSON,
) -> None:
    """Compare speed with other libraries, after checking results.

    Example: gyeol bench layers
    """
    from gyeol.bench import BENCHES, run

    if name is None:
        if json:
            benches = {key: {"title": entry.title, "peers": list(entry.peers)} for key, entry in BENCHES.items()}
            object_out({"benches": benches})
            return
        typer.echo(table([[key, entry.title, "peers: " + ", ".join(entry.peers)] for key, entry in BENCHES.items()]))
        return
    result = run(name, quick=quick, threads=threads, peers=peer, note=None if json else note)
    if json:
        object_out(result)
        return
    machine = result["machine"]
    versions = ", ".join(f"{package} {number}" for package, number in machine["versions"].items())
    typer.echo(f"{result['title']}{' (quick: the times mean nothing)' if quick else ''}")
    typer.echo(f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} threads; {versions}")
    typer.echo(f"kernels: {machine['kernels']}; load {machine['load']}")
    precisions = ", ".join(f"{who} {precision}" for who, precision in result["precisions"].items())
    typer.echo(f"precisions: {precisions or 'none'}")
    if machine["warning"]:
        typer.echo(machine["warning"])
    if "data" in result:
        typer.echo(f"data: {result['data']}")
    for who, why in result.get("absent", {}).items():
        typer.echo(f"not measured: {who}: {why}")
    for what in result.get("reduced", []):
        typer.echo(f"for lack of time: {what}")
    for _, alike in groupby(result["rows"], key=tuple):
        typer.echo("\n" + _laid_out(list(alike)))
    typer.echo("\n" + _targets(result["summary"]))


def _laid_out(rows: list[dict[str, Any]]) -> str:
    """Lay out the rows for people; single times are in the JSON only."""
    names = [name for name in rows[0] if not isinstance(rows[0][name], dict)]
    head = [name.replace("_", " ") for name in names]
    numbers = [i for i, name in enumerate(names) if not isinstance(rows[0][name], str)]
    return table([head, *([_shown(row[name]) for name in names] for row in rows)], right=numbers)


def _targets(summary: dict[str, Any]) -> str:
    """Show each figure beside its target."""
    verdicts = {True: "met", False: "missed", None: ""}
    rows = [[name, _shown(f["value"]), f["target"], verdicts[f["met"]], f["where"]] for name, f in summary.items()]
    return table([["", "here", "target", "", "where"], *rows], right=[1])


def _shown(value: Any) -> str:
    """Format a cell.

    Examples
    --------
    >>> _shown(None), _shown(12), _shown(0.12345), _shown(1234.5)
    ('-', '12', '0.123', '1,234')
    """
    if value is None:
        return "-"
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
