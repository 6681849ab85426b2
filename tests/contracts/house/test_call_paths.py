"""How many files of gyeol one call passes through, from a text to its answer: few, or nobody can follow it.

``python tests/contracts/house/test_call_paths.py`` prints the numbers, and the files in the order of their first call.
A limit is what was measured last; lower it with every change that shortens the path, until it is the goal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest

import gyeol

PACKAGE = str(Path(gyeol.__file__).parent)
#: For each call the files and hops that are allowed today, and the files that are the goal.
LIMITS = {"predict_proba": (26, 57, 14), "translate": (25, 104, 18)}
TEXTS = [f"{text} {i}" for i in range(5) for text in ("정말 좋아요", "진짜 재밌네", "정말 싫어요", "별로였다")]
TINY: dict[str, Any] = {"hidden_size": 8, "embedding_size": 8, "epochs": 1, "threads": 1, "random_state": 0}


class CallPath(NamedTuple):
    """The files of gyeol that a call enters, in order, and how often it steps from one into another."""

    files: list[str]
    hops: int

    def __str__(self) -> str:
        return f"{len(self.files)} files, {self.hops} hops:\n" + "".join(f"  {name}\n" for name in self.files)


def call_path(call: Callable[[], object]) -> CallPath:
    """Follow a call through gyeol's files.

    Parameters
    ----------
    call : callable
        Called twice: what is imported or prepared only the first time does not count.

    Returns
    -------
    CallPath
        A hop is a call of a function in another file than that of the nearest caller in gyeol.
    """
    call()
    files: dict[str, None] = {}
    hops = 0

    def follow(frame: FrameType, event: str, _: object) -> None:
        nonlocal hops
        if event != "call" or not frame.f_code.co_filename.startswith(PACKAGE):
            return
        files.setdefault(frame.f_code.co_filename)
        caller = frame.f_back
        while caller is not None and not caller.f_code.co_filename.startswith(PACKAGE):
            caller = caller.f_back
        hops += caller is not None and caller.f_code.co_filename != frame.f_code.co_filename

    before = sys.getprofile()
    sys.setprofile(follow)
    try:
        call()
    finally:
        sys.setprofile(before)
    return CallPath([Path(name).relative_to(PACKAGE).as_posix() for name in files], hops)


def predict_proba() -> CallPath:
    """Follow one text through a classifier with the settings that are the default, its sizes apart."""
    model = gyeol.TextClassifier(**TINY).fit(TEXTS, ["긍정", "긍정", "부정", "부정"] * 5)
    return call_path(lambda: model.predict_proba(TEXTS[:1]))


def translate() -> CallPath:
    """Follow one text through a translator with the settings that are the default, its sizes apart."""
    model = gyeol.Translator(**TINY).fit(TEXTS, [text[::-1] for text in TEXTS])
    return call_path(lambda: model.translate(TEXTS[:1]))


def check(name: str, path: CallPath) -> None:
    most_files, most_hops, goal = LIMITS[name]
    assert len(path.files) <= most_files, f"{name} may pass {most_files} files (the goal: {goal}) and passes {path}"
    assert path.hops <= most_hops, f"{name} may take {most_hops} hops and passes {path}"


def test_predict_proba() -> None:
    check("predict_proba", predict_proba())


def test_translate() -> None:
    check("translate", translate())


def test_files_and_hops_are_counted() -> None:
    from gyeol.inputs.tokens import jamo
    from gyeol.inputs.tokens.characters import Jamo

    assert call_path(lambda: jamo.compose(jamo.decompose("결"))) == CallPath(["inputs/tokens/jamo.py"], 0)
    jamo_tokenizer = Jamo()
    path = call_path(lambda: jamo_tokenizer.cut("결"))
    assert path.files[0] == "inputs/tokens/characters.py"
    assert "inputs/tokens/jamo.py" in path.files
    assert path.hops >= 1


def test_a_path_that_is_too_long_is_listed() -> None:
    path = CallPath([f"m{n}.py" for n in range(LIMITS["translate"][0] + 1)], 0)
    with pytest.raises(AssertionError, match=r"the goal: 18\) and passes \d+ files(?s:.*)m0\.py"):
        check("translate", path)
    with pytest.raises(AssertionError, match="hops and passes 1 files"):
        check("translate", CallPath(["m.py"], LIMITS["translate"][1] + 1))


if __name__ == "__main__":
    sys.stdout.write(f"predict_proba: {predict_proba()}translate: {translate()}")
