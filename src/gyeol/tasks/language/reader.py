"""A language model that reads token by token: scores of the next token, next words, continuations."""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gyeol.data.atomic import replace_file
from gyeol.engine import choose_token, read_tensors, write_tensors
from gyeol.errors import ModelError
from gyeol.inputs import TextInput
from gyeol.kernels import native
from gyeol.layers import PackedLinear
from gyeol.tasks.language.net import LanguageNet

__all__ = ["Reader", "continued", "suggestions"]

PAD, UNKNOWN, END = 0, 1, 2
_RECENT = 64  # tokens that a repetition is looked for among
_BEAM = 4  # paths kept for each requested word
_LONGEST = 24  # tokens of a word


class Reader:
    """What was read so far, and what is likely next.

    Parameters
    ----------
    net : LanguageNet
        In evaluation mode; its weights are copied.
    inputs : TextInput
        Its tokenizer and vocabulary.
    anew : bool
        The end of a line ends all that was read.
    weights : {"float32", "bfloat16", "int8"}
        How weights are read, the softmax's included; see `gyeol.layers.Stepper` for what it costs.
    """

    def __init__(self, net: LanguageNet, inputs: TextInput, *, anew: bool, weights: str = "float32") -> None:
        self.net = net
        self.inputs = inputs
        self.anew = anew
        self._layers = [layer.stepper(1, weights=weights) for layer in net.walks]
        self._softmax = None if net.adaptive else PackedLinear(net.softmax, net.bias, weights=weights)
        steppers = [layer.native for layer in self._layers]
        self._chain: Any = None
        if self._softmax is not None and self._softmax.native is not None and all(steppers):
            self._chain = native.token_reader(net.embedding.weight.detach().numpy(), steppers, self._softmax.native)
        # Scores of the next token, which differ from log probabilities by a constant, and these when they are wanted.
        self._logits: npt.NDArray[np.floating] = np.zeros(net.embedding.num_embeddings, np.float32)
        self._scores: npt.NDArray[np.float64] | None = None
        self.feed([END])

    @property
    def state(self) -> dict[str, Any]:
        """All that was read, as arrays: to be kept, and given back to go on from here."""
        parts = [layer.state if layer.cell.has_memory else (layer.state,) for layer in self._layers]
        return {"layers": [[part.numpy().copy() for part in layer] for layer in parts], "scores": self.scores().copy()}

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        for layer, parts in zip(self._layers, state["layers"], strict=True):
            buffers = layer.state if layer.cell.has_memory else (layer.state,)
            for to, part in zip(buffers, parts, strict=True):
                to.copy_(torch.from_numpy(part))
        self._scores = state["scores"]
        self._logits[...] = self._scores

    def _fingerprint(self) -> torch.Tensor:
        """Tell this model from others, whose states mean nothing to it."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.net.state_dict().items()):
            digest.update(name.encode() + tensor.detach().cpu().numpy().tobytes())
        return torch.frombuffer(bytearray(digest.digest()), dtype=torch.uint8)

    def save(self, path: Path) -> None:
        """Keep what was read in a file, to go on from it another day.

        Raises
        ------
        SaveError
            Where that is impossible.
        """
        state = self.state
        parts = {f"{n}.{p}": part for n, layer in enumerate(state["layers"]) for p, part in enumerate(layer)}
        tensors = {name: torch.from_numpy(part) for name, part in {**parts, "scores": state["scores"]}.items()}
        replace_file(path, lambda to: write_tensors(to, {**tensors, "model": self._fingerprint()}))

    def restore(self, path: Path) -> None:
        """Go on from what `save` kept.

        Raises
        ------
        ModelError
            The file is missing, damaged, or another model's.
        """
        tensors = read_tensors(path)
        state = self.state
        parts = {f"{n}.{p}": part for n, layer in enumerate(state["layers"]) for p, part in enumerate(layer)}
        expected = {name: part.shape for name, part in {**parts, "scores": state["scores"]}.items()} | {"model": (32,)}
        if {name: tuple(tensor.shape) for name, tensor in tensors.items()} != expected or not torch.equal(
            tensors["model"], self._fingerprint()
        ):
            raise ModelError(f"{path} holds what another model read; name a new file, or the model that wrote it")
        if any(tensors[name].dtype != torch.from_numpy(part).dtype for name, part in parts.items()):
            raise ModelError(f"{path} is damaged: its numbers are of another type; name a new file")
        layers = [[tensors[f"{n}.{p}"].numpy() for p in range(len(layer))] for n, layer in enumerate(state["layers"])]
        self.state = {"layers": layers, "scores": tensors["scores"].numpy()}

    @torch.inference_mode()
    def feed(self, tokens: list[int]) -> None:
        """Read tokens."""
        if not tokens:
            return
        self._scores = None
        if self._chain is not None:
            anew = END if self.anew else -1
            self._chain.feed(np.array(tokens, np.int64), anew, self._logits, torch.get_num_threads())
            return
        for token in tokens:
            if token == END and self.anew:
                for layer in self._layers:
                    layer.reset()
            x = self.net.embedding.weight[token : token + 1]
            for layer in self._layers:
                x = layer(x)
        x = x.to(self.net.embedding.weight.dtype)
        self._logits = (self.net.logits(x) if self._softmax is None else self._softmax(x))[0].numpy()

    def read(self, text: str) -> None:
        """Read a text; a line's end in it is one to the model, and so is the space that a beginning ends with."""
        lines = text.split("\n")
        for number, line in enumerate(lines):
            if number:
                self.feed([END])
            self.feed(self.inputs.vocabulary.encode(self.inputs.tokenizer.tokenize(line)).tolist())
        # Tokenizers drop the space at a text's end; where spaces are tokens, no other space follows one.
        if lines[-1].strip() and lines[-1][-1].isspace() and " " in self.inputs.vocabulary:
            self.feed(self.inputs.vocabulary.encode([" "]).tolist())

    def scores(self) -> npt.NDArray[np.float64]:
        """Return the log probability of every token (V,) as the next one."""
        if self._scores is None:
            self._scores = torch.log_softmax(torch.from_numpy(self._logits).double(), 0).numpy()
        return self._scores

    def sample(self, draw: np.random.Generator, **sampling: Any) -> int:
        """Sample the next token, but do not read it; arguments and errors are those of `gyeol.engine.choose_token`."""
        return choose_token(self._logits, draw, **sampling)


def continued(
    reader: Reader,
    prompt: str,
    length: int,
    draw: np.random.Generator,
    sampling: dict[str, Any],
    penalty: float,
    stop: tuple[str, ...],
) -> Iterator[str]:
    """Continue a prompt: pieces of text, whose concatenation is the whole."""
    reader.read(prompt)
    tokenizer, names = reader.inputs.tokenizer, reader.inputs.vocabulary.tokens
    joint, word_start = tokenizer.joint, tokenizer.word_start
    closed = bool(prompt) and not prompt[-1].isspace()  # a space may be due
    tokens: list[int] = []
    start = 0  # the first token of the current line
    yielded, before = 0, ""
    longest = max(map(len, stop), default=0)
    text = ""
    for _ in range(length):
        recent = tokens[-_RECENT:]
        tokens.append(reader.sample(draw, never=(PAD, UNKNOWN), repeated=recent, penalty=penalty, **sampling))
        reader.feed(tokens[-1:])
        begins = tokens[0] != END and (joint == " " or bool(word_start and names[tokens[0]].startswith(word_start)))
        if len(tokens) > 1 and tokens[-2] == END:  # lines that ended stay as they are
            start, before = len(tokens) - 1, text
        line = _joined(reader.inputs, tokens[start:])
        text = before + (" " if closed and begins and not start else "") + line
        ends = [at for mark in stop if (at := text.find(mark)) >= 0]
        if ends:
            yield text[yielded : min(ends)]
            return
        # The last characters may still change (a jamo joins a syllable), and what may begin a mark is kept back.
        safe = len(text) - max(longest - 1, tokenizer.unsettled)
        if safe > yielded:
            yield text[yielded:safe]
            yielded = safe
    yield text[yielded:]


def _joined(inputs: TextInput, tokens: list[int]) -> str:
    lines: list[list[str]] = [[]]
    for token in tokens:
        if token == END:
            lines.append([])
        else:
            lines[-1].append(inputs.vocabulary.tokens[token])
    return "\n".join(inputs.tokenizer.join(line) if line else "" for line in lines)


def suggestions(reader: Reader, prefix: str, top: int) -> list[tuple[str, float]]:
    """Find the likeliest words after a prefix, or ends of the word that it leaves open."""
    inputs = reader.inputs
    lines = prefix.split("\n")
    open_word = "" if not lines[-1] or lines[-1][-1].isspace() else lines[-1].split()[-1]
    whole = inputs.tokenizer.joint == " "  # tokens are words
    known = lines[-1][: len(lines[-1]) - len(open_word)] if whole and open_word else lines[-1]
    reader.read("\n".join([*lines[:-1], known]))
    names = inputs.vocabulary.tokens
    if whole:
        scores = reader.scores().copy()
        fits = np.array([bool(n > END and name.startswith(open_word)) for n, name in enumerate(names)])
        if open_word and open_word in names and not (fits & (np.array(names) != open_word)).any():
            fits[:] = False
        if open_word and not fits.any():  # a word nobody knows, or one that is whole: what follows it
            reader.read(open_word)
            scores, fits = reader.scores().copy(), np.arange(len(names)) > END
        scores[~fits] = -np.inf
        shares = np.exp(scores - np.logaddexp.reduce(scores[fits]))
        return [(names[n], float(shares[n])) for n in np.argsort(-shares, kind="stable")[:top] if shares[n] > 0]
    return _spelled(reader, open_word, top)


def _spelled(reader: Reader, open_word: str, top: int) -> list[tuple[str, float]]:
    """Search words that are spelled of tokens, the likeliest paths first (a beam)."""
    inputs, names = reader.inputs, reader.inputs.vocabulary.tokens
    start = inputs.tokenizer.word_start
    paths: list[tuple[float, list[int], dict[str, Any]]] = [(0.0, [], reader.state)]
    found: dict[str, float] = {}
    width = _BEAM * top
    for _ in range(_LONGEST):
        grown: list[tuple[float, list[int], dict[str, Any]]] = []
        for score, tokens, state in paths:
            reader.state = state
            scores = reader.scores()
            for n in np.argsort(-scores, kind="stable")[: width + 3].tolist():
                if n in (PAD, UNKNOWN):
                    continue
                ends = n == END or (names[n].startswith(start) if start else names[n] == " ")
                if ends and (tokens or open_word):
                    word = open_word + inputs.tokenizer.join([names[t] for t in tokens]).strip()
                    found[word] = max(found.get(word, -math.inf), score + float(scores[n]))
                    continue
                if ends and (n == END or not start):  # no word begins so; a subword's mark is a beginning, too
                    continue
                grown.append((score + float(scores[n]), [*tokens, n], state))
        best = heapq.nlargest(width, grown, key=lambda path: path[0])
        if not best or (len(found) >= top and best[0][0] < sorted(found.values())[-top]):
            break
        paths = []
        for score, tokens, state in best:
            reader.state = state
            reader.feed(tokens[-1:])
            paths.append((score, tokens, reader.state))
    ordered = sorted(found.items(), key=lambda pair: -pair[1])[:top]
    return [(word, math.exp(score)) for word, score in ordered]
