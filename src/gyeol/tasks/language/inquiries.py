"""What explains the next token of a language model: its log-probability as a function of scaled tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.errors import ParameterError
from gyeol.explain.attribution.inquiry import Inquiry, check_length
from gyeol.explain.explanation import Explanation
from gyeol.inputs import TextInput
from gyeol.inputs.tokens.base import Token
from gyeol.layers import scaled_steps
from gyeol.tasks.language.data import END
from gyeol.tasks.language.net import Carrier, LanguageNet, Pieces

__all__ = ["next_inquiry", "pieces_of", "read_tokens"]

_MOST = 10  # next tokens that are listed with their probabilities


def read_tokens(inputs: TextInput, text: str, *, anew: bool) -> tuple[list[Token], npt.NDArray[np.int64]]:
    """Return what a model reads of a text, with the mark before it, and the numbers of all that.

    Parameters
    ----------
    inputs : TextInput
    text : str
    anew : bool
        The end of a line ends all that was read: only the last line counts.
    """
    at = text.rfind("\n") + 1 if anew else 0
    found = [Token("\n", at, at)]
    for number, line in enumerate(text[at:].split("\n")):
        if number:
            found.append(Token("\n", at - 1, at))
        found += [Token(token.text, at + token.start, at + token.end) for token in inputs.tokenizer.tokens(line)]
        at += len(line) + 1
    # Tokenizers drop the space at a text's end; where spaces are tokens, no other space follows one.
    if text[-1] == " " and " " in inputs.vocabulary:
        found.append(Token(" ", len(text) - 1, len(text)))
    return found, inputs.vocabulary.encode([token.text for token in found]).astype(np.int64)


def pieces_of(tokens: npt.NDArray[np.int64], copies: int) -> Pieces:
    """Return copies of a text as the window of a language model, which begins with it."""
    each, T = torch.arange(copies), len(tokens)
    rows = torch.from_numpy(tokens).expand(copies, -1)
    return Pieces(rows, rows, torch.full((copies,), T), each, torch.ones(copies, dtype=torch.bool), each, True)


def next_inquiry(net: LanguageNet, inputs: TextInput, text: str, target: Any, *, anew: bool) -> Inquiry:
    """Ask of the log-probability of what comes next: the likeliest token, or the target.

    Raises
    ------
    ParameterError
        The target is no text, or the model does not know it.
    """
    tokens, numbers = read_tokens(inputs, text, anew=anew)
    check_length(len(tokens), "tokens")
    T, names = len(tokens), inputs.vocabulary.tokens
    with torch.inference_mode():
        shares = torch.softmax(_logits(net, numbers, 1, T - 1)[0, 0].double(), 0).numpy()
    order = [n for n in np.argsort(-shares, kind="stable")[: _MOST + 2].tolist() if n > 1][:_MOST]
    wanted = np.array(order[:1]) if target is None else _numbered(inputs, target)
    said = names[order[0]] if target is None else str(target)
    given = np.concatenate([numbers, wanted[:-1]])

    def score(net: Any, scales: Tensor) -> Tensor:
        with scaled_steps(net, scales):
            logs = torch.log_softmax(_logits(net, given, len(scales), T - 1), 2)
        at = torch.from_numpy(wanted).view(1, -1, 1).expand(len(scales), -1, 1)
        return logs.gather(2, at).squeeze(2).double().sum(1)

    @cache
    def surprises(net: Any) -> npt.NDArray[np.float64]:
        hidden, _ = net.states(pieces_of(numbers[:-1], 1), Carrier())
        losses = net.losses(hidden, torch.from_numpy(numbers[1:])).double() / math.log(2)
        return np.asarray(losses.numpy())

    def reading(net: Any, counts: Sequence[int]) -> npt.NDArray[Any]:
        return np.asarray(surprises(net)[np.asarray(counts) - 2][:, None])

    unknown = int((numbers == 1).sum())
    notes = [f"{unknown:,} of {T - 1:,} tokens are not known to the model"] if unknown else []
    if anew and "\n" in text.rstrip("\n"):
        notes.append("the model was trained to read each line alone: only the last one counts")
    notes.append(f"the {len(order)} likeliest next tokens are listed; the reading shows how surprising each token was")
    known = Explanation(
        task="language",
        kind="text",
        prediction=names[order[0]],
        tokens=[token.text for token in tokens],
        text=text,
        spans=[(token.start, token.end) for token in tokens],
        probabilities={names[n]: float(shares[n]) for n in order},
        notes=notes,
    )
    return Inquiry(
        known=known, measure="log-probability", of=_shown(said), score=score,
        width=4 * len(names) * len(wanted), reading=reading if T > 1 else None, names=["surprise (bits)"],
        reading_from=2,
    )  # fmt: skip


def _logits(net: Any, tokens: npt.NDArray[np.int64], copies: int, first: int) -> Tensor:
    """Return the logits (copies, steps, V) of what follows the steps from `first` on."""
    states, packing = net.states(pieces_of(tokens, copies), Carrier())
    kept = packing.scatter(states)[:, first:]
    logits: Tensor = net.logits(kept.flatten(0, 1))
    return logits.view(*kept.shape[:2], -1)


def _numbered(inputs: TextInput, target: Any) -> npt.NDArray[np.int64]:
    if not isinstance(target, str) or not target:
        raise ParameterError(f"target={target!r:.60}: expected the text that may come next")
    numbers = inputs.vocabulary.encode(inputs.tokenizer.tokenize(target)).astype(np.int64)
    if target == "\n":
        numbers = np.array([END])
    if not len(numbers) or (numbers == 1).any():
        raise ParameterError(f"target={target!r:.60}: the model does not know it; give a text of tokens that it knows")
    return numbers


def _shown(text: str) -> str:
    return "the end of the line" if text == "\n" else repr(text) if text.isspace() else text
