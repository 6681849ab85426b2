"""What the command line knows of one task: its ``fit``, ``evaluate``, ``predict`` and ``explain``, and its own verbs.

Each file of `gyeol.cli.tasks` holds one `TaskCommands`; everything else reads them through the table there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gyeol.cli.answers.examples import Examples

__all__ = ["Request", "TaskCommands", "TaskOption"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks of a model with ``evaluate``, ``predict``, ``explain`` or a task's own verb.

    Parameters
    ----------
    model_path : path
        The model folder.
    json : bool
        Whether the answer is one JSON object.
    data : str
        The file or data set that ``evaluate`` measures on.
    texts : list of str
        What was named on the command line.
    file : str, optional
        What ``--file`` names.
    input, target : str, optional
        Columns.
    out : path, optional
        Where to write answers.
    skip_bad_rows, strict : bool
        Leave rows that cannot be answered out; stop at the first.
    header : bool, optional
        Whether tables have a header; detected where it is None.
    options : mapping
        The values of the task's own options (see `TaskOption`) by name.
    """

    model_path: Path
    json: bool = False
    data: str = ""
    texts: list[str] = field(default_factory=list)
    file: str | None = None
    input: str | None = None
    target: str | None = None
    out: Path | None = None
    skip_bad_rows: bool = False
    strict: bool = False
    header: bool | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def option(self, name: str) -> Any:
        """Return the value of one of the task's own options; None where the command does not have it."""
        return self.options.get(name)


@dataclass(frozen=True, slots=True)
class TaskOption:
    """An option of ``evaluate`` or ``predict`` that only some tasks have; several tasks may share one.

    Parameters
    ----------
    name : str
        Its key in `Request.options`.
    kind : type
        What Typer reads it as: ``str``, ``list[str]``.
    option : object
        What ``typer.Option`` returned.
    verbs : tuple of str
        The commands that have it.
    """

    name: str
    kind: Any
    option: Any
    verbs: tuple[str, ...] = ("evaluate", "predict")

    @property
    def flag(self) -> str:
        """How it is written: ``--top``."""
        first: str = self.option.param_decls[0]
        return first.partition("/")[0]


@dataclass(frozen=True, slots=True)
class TaskCommands:
    """A task's row in the table of `gyeol.cli.tasks`.

    Parameters
    ----------
    fit : callable
        ``gyeol fit TASK``: its parameters are the command's own arguments and options, its docstring is the help; the
        last, ``training`` (`gyeol.cli.training.Training`), holds the options that all tasks share.
    evaluate : callable
        Takes a model and a `Request`, and prints its figures.
    predict : callable or str
        Takes a model and a `Request`, and prints answers; or the verbs that do so instead: ``"generate or score"``.
    explain : callable, optional
        Takes a model and a `Request` with one text or path, where ``gyeol explain`` answers in a way of its own;
        beside a `read_one`, where nothing but ``--top`` and ``--json`` is asked for.
    examples : callable, optional
        Takes a model and a `Request`, and reads what its ``evaluate`` measures on; ``report`` and ``compare`` need it.
    read_one : callable, optional
        Takes a model and what ``gyeol explain`` was given, and returns what the estimator's ``explain`` takes; the text
        itself by default.
    reads_text : bool
        Whether what ``read_one`` takes is always a text, and never the name of a file.
    verbs : mapping
        Further commands of ``gyeol`` that only this task's models have, by name.
    options : tuple of TaskOption
        The options of ``evaluate`` and ``predict`` that not every task has.
    settings_of : tuple of str
        The tasks whose settings ``fit`` takes, where it is not this task alone.
    evaluates_without_bad_rows : bool
        Whether ``evaluate`` has ``--skip-bad-rows``.
    hidden : bool
        Whether ``gyeol fit --help`` leaves it out.
    """

    fit: Callable[..., None]
    evaluate: Callable[[Any, Request], None]
    predict: Callable[[Any, Request], None] | str
    explain: Callable[[Any, Request], None] | None = None
    examples: Callable[[Any, Request], Examples] | None = None
    read_one: Callable[[Any, str], Any] | None = None
    reads_text: bool = False
    verbs: Mapping[str, Callable[..., None]] = field(default_factory=dict)
    options: tuple[TaskOption, ...] = ()
    settings_of: tuple[str, ...] = ()
    evaluates_without_bad_rows: bool = False
    hidden: bool = False
