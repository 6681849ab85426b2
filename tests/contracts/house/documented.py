"""What the pages say that can be checked: their commands, their Python, their links."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

__all__ = ["PAGES", "ROOT", "code_blocks", "commands", "gyeol_calls", "links"]

ROOT = Path(__file__).parents[3]
PAGES = [
    *(ROOT / name for name in ("README.md", "README.ko.md", "CONTRIBUTING.md", "benchmarks/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "tasks").glob("*.md")),
]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"\s+#\s.*$")
_SIGNS = {"&&", "||", "|", ";", ">", ">>", "<", "&"}


def code_blocks(text: str, language: str) -> list[str]:
    """Give the fenced blocks of a language, ``""`` for those that name none."""
    return [body for name, body in _FENCE.findall(text) if name == language]


def commands(text: str) -> list[str]:
    """Give the lines of a page that a shell takes, in order, without their comments.

    Examples
    --------
    >>> commands("    make demo   # try it\\n```\\n$ gyeol info m  # what it is\\nan answer\\n```")
    ['make demo', 'gyeol info m']
    """
    lines = re.findall(r"^(?:\$ |    (?=make ))(.*)$", text, re.MULTILINE)
    return [_COMMENT.sub("", line).strip() for line in lines]


def gyeol_calls(text: str) -> list[list[str]]:
    """Give the arguments of every call of gyeol in a page, in blocks and within its sentences.

    Examples
    --------
    >>> gyeol_calls("Run `gyeol info m`.\\n$ tail -f a | gyeol predict m --file 'a b' > c")
    [['predict', 'm', '--file', 'a b'], ['info', 'm']]
    """
    inline = re.findall(r"`((?:[\w. -]+\\?\| )?gyeol [^`]+)`", _FENCE.sub("", text))
    blocks = [*commands(text), *re.findall(r"^    (gyeol .*?)(?:\s+#\s.*)?$", text, re.MULTILINE)]
    calls = []
    for line in [*blocks, *(line.replace("\\|", "|") for line in inline)]:
        words = list(shlex.shlex(line, posix=True, punctuation_chars=True))
        while words:
            end = next((n for n, word in enumerate(words) if word in _SIGNS), len(words))
            if words[:1] == ["gyeol"]:
                calls.append(words[1:end])
            words = words[end + 1 :]
    return calls


def links(text: str) -> list[str]:
    """Give the targets of links and pictures, those on the web apart."""
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target for target in found if not target.startswith(("http:", "https:", "mailto:"))]
