"""A stream of answers, a chunk at a time: as a table, as CSV, as JSON lines, as one JSON object."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gyeol.cli.label_sets import gives_sets, set_answer, set_fields
from gyeol.cli.output import note, one_line
from gyeol.errors import ParameterError, closest

if TYPE_CHECKING:
    from gyeol.data.files import BadRow, Example
    from gyeol.tasks import AuthorClassifier, TextClassifier

    Classifier = TextClassifier | AuthorClassifier

__all__ = ["FORMATS", "Answers", "answer", "format_of", "gives_numbers", "outputs_of", "separated", "shown", "written"]

#: Endings of files that answers can be written to.
FORMATS = {".tsv": "tsv", ".txt": "tsv", ".csv": "csv", ".jsonl": "lines", ".ndjson": "lines", ".json": "object"}


def format_of(out: Path) -> str:
    """Tell by a file's ending how to write answers there; a name without an ending gets the table.

    Raises
    ------
    ParameterError
        For an ending that says another format.
    """
    ending = out.suffix.lower()
    if ending and ending not in FORMATS:
        raise ParameterError(f"--out {out}: answers are not written as {ending!r}{closest(ending, FORMATS)}")
    return FORMATS.get(ending, "tsv")


def answer(made: Classifier, row: Any, top: int | None) -> dict[str, Any]:
    """Name the best class of a row of probabilities, and all of them or the ``top`` best, best first.

    Of several labels a text, name those that are given; of a model of numbers, the number.
    """
    if gives_numbers(made):
        return {"value": float(row)}
    if gives_sets(made):
        return set_answer(made, row, top)
    order = (-row).argsort(kind="stable")
    names = [str(c) for c in made.classes_]
    shown = order[:top] if top else order
    return {
        "label": names[order[0]],
        "probability": float(row[order[0]]),
        "probabilities": {names[i]: float(row[i]) for i in shown},
    }


@dataclass(slots=True)
class Answers:
    """Rows of a file or a pipe, answered chunk by chunk; iterate once, then ask for ``count`` and ``left_out``."""

    made: Classifier
    chunks: Iterable[list[Example | BadRow]]
    top: int | None
    name: str
    count: int = 0
    bad: int = 0
    first: list[BadRow] = field(default_factory=list)

    def __iter__(self) -> Iterator[list[dict[str, Any]]]:
        from gyeol.data.files import Example

        for chunk in self.chunks:
            texts = [row.input for row in chunk if isinstance(row, Example)]
            found = iter(outputs_of(self.made, texts)) if texts else iter(())
            answers: list[dict[str, Any]] = []
            for row in chunk:
                if isinstance(row, Example):
                    answers.append({"line": row.line, **answer(self.made, next(found), self.top), "text": row.input})
                    continue
                self.bad += 1
                self.first += [row] if len(self.first) < 5 else []
                none = dict.fromkeys(("value",) if gives_numbers(self.made) else ("label", "probability"))
                answers.append({"line": row.line, **none, "error": row.reason, "text": ""})
            self.count += len(texts)
            yield answers

    def left_out(self) -> str:
        """One line on the rows without an answer, or nothing."""
        if not self.bad:
            return ""
        lines = ", ".join(str(row.line) for row in self.first) + (", ..." if self.bad > len(self.first) else "")
        return f"{self.name}: {self.bad:,} row(s) got no answer, line {lines}: {self.first[0].reason}"


def written(answers: Answers, form: str, about: dict[str, Any]) -> Iterator[str]:
    """Write answers as ``"tsv"``, ``"csv"``, ``"lines"`` (of JSON) or ``"object"``; one piece a chunk.

    Nothing is given before the first chunk is answered, so that a file that cannot be read leaves no half an output.
    """
    chunks = iter(answers)
    ahead = next(chunks, [])
    if form == "object":
        yield json.dumps(about, ensure_ascii=False)[:-1] + ', "predictions": ['
    elif form != "lines":
        yield separated([_names(answers)], form)
    begun = False
    while ahead:
        if form in ("object", "lines"):
            rows = [json.dumps(one, ensure_ascii=False, allow_nan=False) for one in ahead]
            start = ("," if begun else "") + "\n"
            yield start + ",\n".join(rows) if form == "object" else "\n".join(rows) + "\n"
        else:
            yield separated([_fields(one, answers) for one in ahead], form)
        begun = True
        ahead = next(chunks, [])
    if form == "object":
        yield f'\n], "count": {answers.count}, "without_answer": {answers.bad}}}\n'
    note(answers.left_out())


def gives_numbers(model: Any) -> bool:
    """Whether a model answers with a number a text."""
    return not hasattr(model, "predict_proba")


def outputs_of(made: Any, texts: list[str]) -> Any:
    """Let a model answer: a row of probabilities a text, or a number."""
    return made.predict(texts) if gives_numbers(made) else made.predict_proba(texts)


def shown(one: dict[str, Any], top: int | None) -> str:
    """Write an answer for people: the best class, or classes, with their probabilities; the labels; the number."""
    if "value" in one:
        return f"{one['value']:.6g}"
    best = list(one["probabilities"].items())[: top or 1]
    if top is None and "labels" in one:
        best = list(zip(one["labels"], one["probability"], strict=True))
    return "  ".join(f"{label} {p:.3f}" for label, p in best) or "(no label)"


def _shown(answers: Answers) -> int:
    return min(answers.top or 1, len(answers.made.classes_))


def _names(answers: Answers) -> list[str]:
    if gives_numbers(answers.made):
        return ["line", "value", "text"]
    if gives_sets(answers.made):
        best = range(1, 1 + _shown(answers)) if answers.top else ()
        more = [name for n in best for name in (f"label_{n}", f"probability_{n}")]
        return ["line", "label", "probability", *more, "text"]
    more = [name for n in range(2, _shown(answers) + 1) for name in (f"label_{n}", f"probability_{n}")]
    return ["line", "label", "probability", *more, "text"]


def _fields(one: dict[str, Any], answers: Answers) -> list[str]:
    if gives_numbers(answers.made):
        return [str(one["line"]), "" if one["value"] is None else repr(one["value"]), one["text"]]
    count = _shown(answers)
    if gives_sets(answers.made):
        return [str(one["line"]), *set_fields(one, count if answers.top else 0), one["text"]]
    best = list(one.get("probabilities", {}).items())[:count]
    fields = [field for label, p in best for field in (one_line(label), f"{p:.4f}")] or [""] * (2 * count)
    return [str(one["line"]), *fields, one["text"]]


def separated(rows: list[list[str]], form: str) -> str:
    """Write rows as lines of ``"tsv"`` or ``"csv"``."""
    if form == "tsv":
        return "".join("\t".join([*row[:-1], one_line(" ".join(row[-1].split()))]) + "\n" for row in rows)
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()
