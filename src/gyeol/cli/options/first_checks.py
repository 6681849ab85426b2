"""Mistakes in a ``gyeol fit`` that are found before PyTorch is imported, which takes seconds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gyeol.cli.options.setting_names import setting_names
from gyeol.cli.options.settings import read_settings, seconds, unknown_settings, where_listed
from gyeol.errors import ParameterError, SaveError

__all__ = ["check_first", "check_resume"]


def check_first(
    task: str, settings_of: Sequence[str], out: Path, config: Path | None, pairs: list[str], time_limit: str | None,
    resume: bool, files: Sequence[str | None],
) -> None:  # fmt: skip
    """Check the names of settings, the time limit, the place of the model, and that the files exist.

    Parameters
    ----------
    task : str
        The command of ``gyeol fit``.
    settings_of : sequence of str
        The tasks whose settings may be named.
    out, config, pairs, time_limit, resume
        As the command got them.
    files : sequence of str, optional
        Files to read; a folder, or a name without an ending, may be a data set's.

    Raises
    ------
    ParameterError, SaveError, DataError
    """
    from gyeol.data.model_folder import check_place

    known = dict.fromkeys(name for one in settings_of for name in setting_names(one))
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
        raise ParameterError("; ".join(wrong) + (where_listed(task, wrong) if listed else ""))
    check_place(out)
    check_resume(out, resume)
    for file in files:
        if file is not None:
            _check_file(Path(file))


def check_resume(out: Path, resume: bool) -> Path:
    """Return where the checkpoint of a training goes, and check that it can go there, or be resumed.

    Raises
    ------
    SaveError
        Where something else is in the way.
    ParameterError
        Where there is nothing to resume.
    """
    checkpoint = out.with_name(f"{out.name}.checkpoint")
    if checkpoint.exists() and not (checkpoint / "state.json").exists():
        raise SaveError(f"{checkpoint} is needed for the checkpoint but holds other files: move it, or change --out")
    if resume and not (checkpoint / "state.json").exists():
        raise ParameterError(f"nothing to resume: there is no checkpoint {checkpoint}. Run without --resume")
    return checkpoint


def _check_file(path: Path) -> None:
    """Refuse a path that does not exist; what may be the name of a data set is looked up later."""
    try:
        there = path.exists() or not (path.suffix or len(path.parts) > 1)
    except (OSError, ValueError):
        return
    if not there:
        from gyeol.data.paths import check_file

        check_file(path)  # its error names the file that is called most alike
