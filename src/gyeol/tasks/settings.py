"""What each setting of an estimator means, what it may be, and what it is by default.

The meaning is taken from the estimator's docstring; of what all have in common, from `SHARED`. The range is what the
setting's rule says.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gyeol.parameters import range_of
from gyeol.tasks.base import TRAINING_RULES

if TYPE_CHECKING:
    from gyeol.tasks.base import Estimator

__all__ = ["SHARED", "Setting", "settings_of"]

#: What settings mean that several estimators have; an estimator whose docstring has an entry of its own for one name
#: says it better.
SHARED = {
    "cell": "The recurrent cell.",
    "tokenizer": "What texts are cut into.",
    "hidden_size": "Units of a recurrent layer, in each direction.",
    "num_layers": "Recurrent layers, one on the other.",
    "bidirectional": "Whether sequences are read in both directions.",
    "embedding_size": "Numbers of a token's vector.",
    "lowercase": "Whether texts are lower-cased.",
    "min_count": "Tokens seen less often are unknown.",
    "dropout": "Share of values dropped in training.",
    "batch_size": "Examples of a batch.",
    "epochs": "Passes over the training examples, at most.",
    "learning_rate": "At its highest; it falls to zero along a half cosine.",
    "weight_decay": "How fast weights shrink by themselves (decoupled from the gradient, as in AdamW).",
    "clip_norm": "A longer gradient is shortened to this length; 0: it is left as it is.",
    "patience": "Stop after so many epochs that are not better.",
    "validation_fraction": "Share of the examples held back, on which the best epoch is chosen.",
    "averaging": "Decay of the moving average of the weights, which is what is kept; 0: none.",
    "time_limit": "Seconds, with preparation and saving; on the command line --time-limit 10m.",
    "precision": "Of the arithmetic in training; auto: recurrent products in bfloat16 where the processor has it.",
    "threads": "Cores to use; all by default.",
    "random_state": "The seed: the same seed, machine and threads give the same weights.",
    "verbose": "Whether Python shows a progress bar; the command line does without --quiet.",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: ``group`` is "model" or "training"."""

    name: str
    default: Any
    range: str
    meaning: str
    group: str


def settings_of(kind: type[Estimator]) -> list[Setting]:
    """List the settings of an estimator: first those of the model, then those that say how it is trained."""
    meanings = _meanings(inspect.getdoc(kind) or "")
    parameters = [p for name, p in inspect.signature(kind.__init__).parameters.items() if name != "self"]
    found = [
        Setting(
            p.name,
            p.default,
            range_of(kind.rules[p.name]),
            meanings.get(p.name, SHARED.get(p.name, "")),
            "training" if p.name in TRAINING_RULES else "model",
        )
        for p in parameters
    ]
    return sorted(found, key=lambda setting: setting.group == "training")


def _meanings(doc: str) -> dict[str, str]:
    r"""Read the section of the parameters.

    Examples
    --------
    >>> _meanings("Parameters\n----------\na, b : int\n    Units; layers.\nc\n    ``x`` or\n    y.")
    {'a': 'Units.', 'b': 'Layers.', 'c': 'x or y.'}
    """
    section = re.search(r"^Parameters\n-+\n(.*?)(?=\n\w[^\n]*\n-+\n|\Z)", doc, re.DOTALL | re.MULTILINE)
    entries = re.findall(r"^(\w[^\n]*)\n((?:(?:[ \t]+[^\n]*)?\n?)*)", section[1] if section else "", re.MULTILINE)
    found: dict[str, str] = {}
    for head, body in entries:
        names = [name.strip() for name in head.partition(" : ")[0].split(",")]
        text = re.sub(r"`+([^`]*)`+", r"\1", " ".join(body.split()))
        found |= {name: own for name, own in zip(names, _parted(names, text), strict=True) if own}
    return found


def _parted(names: list[str], text: str) -> list[str]:
    """Give each of several names its part of a text; nothing where `SHARED` says it better."""
    if len(names) == 1:
        return [f"{SHARED[names[0]]} {text}" if text.startswith('"') and names[0] in SHARED else text]
    clauses = [clause.strip().rstrip(".") for clause in text.split(";")]
    if len(clauses) == len(names):
        own = [f"{clause[:1].upper()}{clause[1:]}." for clause in clauses]
    else:
        own = [text for _ in names]
    own = ["" if name in SHARED else part for name, part in zip(names, own, strict=True)]
    if names[0] == "batch_size" and not clauses[0].startswith("Adam"):  # what an example of this task is
        own[0] = f"{clauses[0]}."
    return own
