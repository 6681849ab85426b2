"""Texts with several labels each: how their files are read, and how models of them are measured and answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gyeol.cli.answers.output import note, one_line, percent, table
from gyeol.cli.answers.stream import Layout
from gyeol.errors import DataError

if TYPE_CHECKING:
    from gyeol.data.text.sources import Labelled

__all__ = [
    "describe_labels",
    "gives_sets",
    "known_targets",
    "note_doubtful",
    "note_rare",
    "set_answers",
    "set_figures",
    "set_layout",
    "set_table",
    "targets_of",
    "thresholds_of",
]  # fmt: skip

Targets = list[str] | list[list[str]]


def targets_of(rows: Labelled, how: str) -> Targets:
    """Return one label per text, or a list of labels where texts have several; notes the choice where it is in doubt.

    Parameters
    ----------
    rows : Labelled
    how : {"auto", "one", "several", "any"}
        The setting ``labels``.

    Raises
    ------
    DataError
        Where a text has no label but needs one.
    """
    from gyeol.data.tables.label_text import JOINT
    from gyeol.data.text.label_sets import means_several, other_separator, places_of_ones, separated

    if how != "one" and (places := places_of_ones(rows.labels)) is not None:
        note(f"{rows.source.name}: labels are lists of 0 and 1, read as the positions of the ones, from 0")
        return places
    joint = sum(JOINT in label for label in rows.labels)
    several = how in ("several", "any") or (how == "auto" and ("" in rows.labels or means_several(rows.labels)))
    if not several:
        if joint and how == "auto":
            note(
                f"{rows.source.name}: {joint:,} labels contain {JOINT!r} but are read whole, since no part of them "
                "occurs in another label; --set labels=several splits them"
            )
        elif how == "auto" and (mark := other_separator(rows.labels)) is not None:
            shown = next(label for label in rows.labels if mark in label)
            note(
                f"{rows.source.name}: labels such as {shown!r:.60} are read whole; to give several labels, separate "
                f"them by {JOINT!r} instead of {mark!r}"
            )
        _check_labelled(rows)
        return rows.labels
    sets = [separated(label) for label in rows.labels]
    for own, label, line in zip(sets, rows.labels, rows.lines, strict=True):
        if not own and label:
            raise DataError(f"{rows.source.path}, line {line}: {label!r:.40} contains no label; fix or remove the row")
    if joint and how == "auto":
        shown = next(label for label in rows.labels if JOINT in label)
        note(f"{rows.source.name}: texts have several labels, such as {shown!r:.60}; --set labels=one reads them whole")
    return sets


def _check_labelled(rows: Labelled) -> None:
    if "" in rows.labels:
        line = rows.lines[rows.labels.index("")]
        raise DataError(
            f"{rows.source.path}, line {line}: the text has no label, which is possible only where texts have several; "
            "fix it, or pass --set labels=any"
        )


def gives_sets(model: Any) -> bool:
    """Whether a model answers with several labels a text."""
    return getattr(model, "thresholds_", None) is not None


def thresholds_of(model: Any) -> dict[str, float]:
    """Return the probability threshold of each label."""
    names = [str(name) for name in model.classes_]
    return dict(zip(names, (round(float(value), 6) for value in model.thresholds_), strict=True))


def known_targets(rows: Labelled, targets: Targets, known: Targets) -> list[Any]:
    """Check the targets of a validation file against the labels of the training.

    Raises
    ------
    DataError
        For a label that does not occur in the training data.
    """
    from gyeol.data.tables.label_text import label_key

    names = {label_key(label): label for label in dict.fromkeys(_flat(known))}
    for own, line in zip(targets, rows.lines, strict=True):
        for label in [own] if isinstance(own, str) else own:
            if label_key(label) not in names:
                raise DataError(
                    f"{rows.source.path}, line {line}: the label {label!r:.60} does not occur in the training data; "
                    f"known are: {', '.join(list(names.values())[:12])}"
                )
    return [
        names[label_key(own)] if isinstance(own, str) else [names[label_key(label)] for label in own] for own in targets
    ]


def describe_labels(targets: Targets) -> str:
    """Count the classes, and the labels of a text.

    Examples
    --------
    >>> describe_labels(["a", "b", "a"]), describe_labels([["a", "b"], ["a"]])
    ('2 classes', '2 labels, 1.50 per text')
    """
    count = len(set(_flat(targets)))
    if all(isinstance(own, str) for own in targets):
        return f"{count} classes"
    return f"{count} labels, {sum(map(len, targets)) / max(1, len(targets)):.2f} per text"


def note_rare(rows: Labelled, targets: Targets) -> None:
    """Note labels that occur once: often a typing mistake, and too few to learn from."""
    counts = Counter(_flat(targets))
    rare = [label for label, count in counts.items() if count == 1]
    if not rare or len(rare) == len(counts):
        return
    places = {label: line for own, line in zip(targets, rows.lines, strict=True) for label in _flat([own])}
    lines = [f"{label!r:.40} (line {places[label]})" for label in rare[:3]]
    more = f" and {len(rare) - 3} more" if len(rare) > 3 else ""
    note(f"{rows.source.name}: only one example of {', '.join(lines)}{more}; is the label correct?")


_LIKE_MISSING = {"nan", "na", "n/a", "#n/a", "<na>", "null", "?", "결측", "결측치"}


def note_doubtful(rows: Labelled, targets: Targets) -> None:
    """Note classes that differ only in case, and classes whose name usually means a missing value."""
    counts = Counter(_flat(targets))
    alike: dict[str, list[str]] = {}
    for label in counts:
        alike.setdefault(" ".join(label.casefold().split()), []).append(label)
    same = [" and ".join(f"{label!r:.40}" for label in own[:4]) for own in alike.values() if len(own) > 1]
    if same:
        more = f", and {len(same) - 3} more" if len(same) > 3 else ""
        note(f"{rows.source.name}: {', '.join(same[:3])}{more} are different classes; should they be one?")
    missing = [
        f"{label!r:.40} ({counts[label]:,})" for key, own in alike.items() if key in _LIKE_MISSING for label in own
    ]
    if missing:
        note(
            f"{rows.source.name}: read as a class: {', '.join(missing)}; "
            "if that means a missing label, leave the cell empty"
        )


def _flat(targets: Sequence[Any]) -> list[str]:
    return [label for own in targets for label in ([own] if isinstance(own, str) else own)]


def set_answers(model: Any, texts: list[str], top: int | None) -> Iterator[dict[str, Any]]:
    """Answer each text with its labels, most probable first, and the probability of every label."""
    names = [str(name) for name in model.classes_]
    probabilities = model.predict_proba(texts)
    for row, given in zip(probabilities, model.given(probabilities), strict=True):
        order = (-row).argsort(kind="stable")
        labels = [names[i] for i in order if given[i]]
        yield {
            "label": "|".join(labels),
            "labels": labels,
            "probability": [float(row[i]) for i in order if given[i]],
            "probabilities": {names[i]: float(row[i]) for i in (order[:top] if top else order)},
        }


def set_layout(classes: Sequence[Any], top: int | None) -> Layout:
    """Lay out label sets: labels and their probabilities, then the ``top`` best labels whether assigned or not."""
    count = min(top or 0, len(classes))
    more = [name for n in range(1, count + 1) for name in (f"label_{n}", f"probability_{n}")]

    def cells(one: dict[str, Any]) -> list[str]:
        given = "|".join(one_line(label) for label in one["labels"])
        best = list(one["probabilities"].items())[:count]
        fields = [given, "|".join(f"{p:.4f}" for p in one["probability"])]
        return [*fields, *(field for label, p in best for field in (one_line(label), f"{p:.4f}"))]

    empty: dict[str, Any] = {"label": None, "labels": [], "probability": [], "probabilities": {}}
    return Layout(("label", "probability", *more), cells, lambda one: one, empty)


def set_figures(figures: Mapping[str, Any]) -> str:
    """Write the figures of label sets on a line."""
    return (
        f"micro F1 {figures['micro_f1']:.4f}   macro F1 {figures['macro_f1']:.4f}   "
        f"exact match {percent(figures['accuracy'])}   loss {figures['loss']:.4f}"
    )


def set_table(figures: Mapping[str, Any]) -> str:
    """Lay out the figures of each label: how many texts have it, how many are predicted to, and its threshold."""
    rows: list[list[Any]] = [["label", "count", "predicted", "recall", "precision", "f1", "threshold"]]
    for name, own in figures["per_class"].items():
        shares = [f"{own[key]:.3f}" for key in ("recall", "precision", "f1", "threshold")]
        rows.append([name, own["count"], own["predicted"], *shares])
    return table(rows, right=range(1, len(rows[0])))
