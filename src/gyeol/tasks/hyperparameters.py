"""Hyperparameters as fields of a data class: each with its default, its rule and its meaning in one place.

An estimator is a data class with the decorator `estimator` above. Its constructor, its ``rules``, the section of
parameters in its docstring and what ``gyeol fit TASK --settings`` prints all come from its fields. What several
estimators share is in the classes below; an estimator with another default writes ``epochs: int = 20`` and inherits
rule and meaning.
"""

from __future__ import annotations

import re
from collections.abc import Sized
from dataclasses import dataclass, field, fields
from pathlib import Path
from textwrap import fill
from typing import Any, TypeVar

from gyeol.inputs import WordVectors
from gyeol.inputs.tokens.tokenizers import tokenizer_rule
from gyeol.layers import CELLS, POOLINGS, Cell
from gyeol.parameters import Rule, choice, fraction, joined, positive, range_of, switch, whole

__all__ = [
    "DirectionParameters", "RecurrentParameters", "SummaryParameters", "TextParameters", "TrainingParameters",
    "VectorParameters", "VocabularyParameters", "estimator", "hyperparameter", "hyperparameters_of",
]  # fmt: skip

Kind = TypeVar("Kind", bound=type)


def hyperparameter(default: Any, rule: Rule, meaning: str) -> Any:
    """Declare a constructor argument of an estimator.

    Parameters
    ----------
    default : object
        Its value where the user gives none.
    rule : Rule
        Says what is wrong with a value (`gyeol.parameters`).
    meaning : str
        One or a few sentences, with units. Values are named as ``"value"``.
    """
    return field(default=default, metadata={"rule": rule, "meaning": meaning})


def hyperparameters_of(kind: type) -> dict[str, tuple[Any, Rule, str]]:
    """Return the default, the rule and the meaning of every constructor argument, in the constructor's order."""
    found: dict[str, tuple[Any, Rule, str]] = {}
    for one in fields(kind):
        if not one.init:
            continue
        known = next(
            (
                declared.metadata
                for base in kind.__mro__
                if (declared := base.__dict__.get("__dataclass_fields__", {}).get(one.name)) is not None
                and "rule" in declared.metadata
            ),
            None,
        )
        if known is None:
            raise TypeError(f"{kind.__name__}.{one.name} has no rule: declare it by hyperparameter(default, rule, ...)")
        found[one.name] = (one.default, known["rule"], known["meaning"])
    return found


def estimator(kind: Kind) -> Kind:
    """Complete a data class of hyperparameters: its ``rules``, and the section of parameters in its docstring."""
    for base in kind.__mro__:  # what fit sets is no field: for asdict, replace, and repr and == of a subclass
        declared = base.__dict__.get("__dataclass_fields__", {})
        for name in [name for name, one in declared.items() if not one.init]:
            del declared[name]
    found = hyperparameters_of(kind)
    kind.rules = {name: rule for name, (_, rule, _) in found.items()}  # type: ignore[attr-defined]
    kind.__doc__ = _documented(kind.__doc__ or "", found)
    return kind


def _documented(doc: str, found: dict[str, tuple[Any, Rule, str]]) -> str:
    """Write the section of parameters before the first section that a docstring has."""
    lines = ["    Parameters", "    ----------"]
    for name, (default, rule, meaning) in found.items():
        lines.append(f"    {name} : {range_of(rule)}; default {default!r}")
        lines.append(fill(meaning, 120, initial_indent=" " * 8, subsequent_indent=" " * 8, break_on_hyphens=False))
    section = "\n".join(lines)
    first = re.search(r"^    \w[\w ]*\n    -{3,}\n", doc, re.MULTILINE)
    if first is None:
        return f"{doc.rstrip()}\n\n{section}\n    "
    return f"{doc[: first.start()]}{section}\n\n{doc[first.start() :]}"


@dataclass(kw_only=True, eq=False, repr=False)
class RecurrentParameters:
    """What every estimator has: its recurrent layers."""

    cell: Any = hyperparameter(
        "lstm",
        choice(CELLS, own=Cell),
        '``"rnn"``, ``"lstm"``, ``"gru"`` (the course\'s: reset before the product), ``"gru_after"`` (PyTorch\'s), any '
        "other name in `gyeol.layers.CELLS`, or a custom cell.",
    )
    hidden_size: int = hyperparameter(128, whole(1, 1 << 16), "Units of a recurrent layer, in each direction.")
    num_layers: int = hyperparameter(1, whole(1, 100), "Recurrent layers, one on the other.")


@dataclass(kw_only=True, eq=False, repr=False)
class DirectionParameters:
    """What the estimators have whose layers may read backwards, too."""

    bidirectional: bool = hyperparameter(True, switch, "Read sequences in both directions, or forwards only.")


@dataclass(kw_only=True, eq=False, repr=False)
class SummaryParameters:
    """What the estimators have that summarize a sequence in one vector."""

    attention: str | None = hyperparameter(
        "global",
        choice(("global", None)),
        "Weigh the states of all steps by a learned query; None for ``pooling`` alone.",
    )
    pooling: str | None = hyperparameter(
        "mean+max",
        joined(POOLINGS),
        'Beside the attention\'s view: ``"last"``, ``"mean"``, ``"max"``, or several joined by ``+``.',
    )


@dataclass(kw_only=True, eq=False, repr=False)
class TrainingParameters:
    """What every estimator has: how it is trained."""

    dropout: float = hyperparameter(0.3, fraction(), "Share of values dropped in training.")
    batch_size: int = hyperparameter(32, whole(1), "Examples of a batch.")
    epochs: int = hyperparameter(20, whole(1), "Passes over the training examples, at most.")
    learning_rate: float = hyperparameter(
        0.002, positive(), "Of Adam, at its highest; it falls to zero along a half cosine."
    )
    weight_decay: float = hyperparameter(
        0.0, positive(zero=True), "How fast weights shrink (decoupled from the gradient, as in AdamW)."
    )
    clip_norm: float = hyperparameter(
        5.0, positive(zero=True), "A longer gradient is clipped to this norm; 0: no clipping."
    )
    patience: int = hyperparameter(3, whole(1), "Stop after so many epochs without a better validation figure.")
    validation_fraction: float = hyperparameter(
        0.1, fraction(), "Share of the examples held back, on which the best epoch is chosen."
    )
    averaging: float = hyperparameter(
        0.99, fraction(), "Decay of the moving average of the weights, which is what is kept; 0: none."
    )
    time_limit: float | None = hyperparameter(
        None, positive(none=True), "Seconds, with preparation and saving; on the command line --time-limit 10m."
    )
    precision: str = hyperparameter(
        "auto",
        choice(("auto", "float32", "float64", "bfloat16", "high")),
        'Of the arithmetic in training. ``"bfloat16"`` computes the large products in bfloat16 where the processor '
        'has it; ``"auto"`` does where that is faster here, by a measurement. ``"high"`` computes recurrent products '
        "as the sums of three such, which is float32 to some 1e-5 and pays on AMX.",
    )
    watch_gradients: bool = hyperparameter(
        False,
        switch,
        "Whether to record, in every epoch, how much of the loss's gradient reaches the states 1, 2, 4, ... steps "
        "before the end, for a tenth of the time at most. What is learned stays the same.",
    )
    threads: int | None = hyperparameter(None, whole(1, 1024, none=True), "Cores to use; all by default.")
    random_state: int | None = hyperparameter(
        0, whole(0, none=True), "The seed: the same seed, machine and threads give the same weights."
    )
    verbose: bool = hyperparameter(
        False, switch, "Whether Python shows a progress bar; the command line does without --quiet."
    )


@dataclass(kw_only=True, eq=False, repr=False)
class VocabularyParameters:
    """What the estimators that learn a vocabulary have."""

    min_count: int = hyperparameter(2, whole(1), "Tokens and n-grams seen less often are unknown.")
    embedding_size: int = hyperparameter(128, whole(1, 1 << 16), "Length of a token's vector.")

    def _least_count(self, X: Sized, few: int = 1000) -> int:
        """How often a token must be seen to be known; of few examples all are."""
        return int(self.min_count) if len(X) >= few else 1


@dataclass(kw_only=True, eq=False, repr=False)
class TextParameters(VocabularyParameters):
    """What the estimators that read texts have."""

    tokenizer: Any = hyperparameter(
        "auto",
        tokenizer_rule(),
        'What texts are cut into: a name, a class or a Tokenizer. ``"auto"``: syllables for Korean, subwords for '
        'spaced scripts. ``"syllable"``, ``"jamo"``, ``"whitespace"``, ``"word"``, ``"morpheme"``, ``"content"`` '
        '(Korean nouns, verbs and adjectives), ``"bpe"``.',
    )
    lowercase: bool = hyperparameter(False, switch, "Whether texts are lower-cased.")

    @property
    def _custom_tokenizer(self) -> Any:
        """The tokenizer where it is the user's class or object, which no model folder holds; else None."""
        return None if isinstance(self.tokenizer, str) else self.tokenizer


@dataclass(kw_only=True, eq=False, repr=False)
class VectorParameters:
    """What the estimators have whose tokens' vectors may start from word vectors."""

    vectors: Any = hyperparameter(
        None,
        lambda v: "" if v is None or isinstance(v, (str, Path, WordVectors)) else "must be a path, WordVectors or None",
        'Word vectors that the tokens\' vectors start from. ``tokenizer="auto"`` then is one whose tokens they know.',
    )
