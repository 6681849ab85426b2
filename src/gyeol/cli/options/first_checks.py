"""What is wrong with a ``gyeol fit`` at first sight, said before PyTorch is loaded, which takes seconds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gyeol.cli.options.setting_names import setting_names
from gyeol.cli.options.settings import read_settings, seconds, unknown_settings, where_listed
from gyeol.errors import ParameterError

__all__ = ["check_first"]


def check_first(
    tasks: Sequence[str], out: Path, config: Path | None, pairs: list[str], time_limit: str | None, resume: bool,
    *files: str | None,
) -> None:  # fmt: skip
    """Check names of settings, the time limit, the place of the model, and that the files are there.

    Parameters
    ----------
    tasks : sequence of str
        Whose settings may be named.
    out, config, pairs, time_limit, resume
        As the command got them.
    *files : str, optional
        Files to read; a name without an ending and a folder may be a data set's.

    Raises
    ------
    ParameterError, SaveError, DataError
    """
    from gyeol.data.model_folder import check_place

    known = dict.fromkeys(name for task in tasks for name in setting_names(task))
    given = read_settings(config) if config is not None else {}
    wrong = unknown_settings(known, given, config, pairs)
    listed = bool(wrong)
    for pair in pairs:
        if "=" not in pair:
            wrong.append(f"--set {pair!r:.60} has no '='; write --set name=value, for example --set hidden_size=256")
    if time_limit is not None:
        try:
            seconds(time_limit)
        except ParameterError as error:
            wrong.append(str(error))
    if wrong:
        raise ParameterError("; ".join(wrong) + (where_listed(tasks[0], wrong) if listed else ""))
    from gyeol.cli.training import check_resume

    check_place(out)
    check_resume(out, resume)
    for file in files:
        if file is not None:
            _check_file(Path(file))


def _check_file(path: Path) -> None:
    """Refuse a path that leads nowhere; what may be the name of a data set is looked up later."""
    try:
        there = path.exists() or not (path.suffix or len(path.parts) > 1)
    except (OSError, ValueError):
        return
    if not there:
        from gyeol.data.paths import check_file

        check_file(path)  # says so, and what is there that is called nearly so
