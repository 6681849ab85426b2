"""A language model in a search for speech: the probability of each letter, or each whole word, after those before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gyeol.errors import ParameterError
from gyeol.tasks.language.data import END

if TYPE_CHECKING:
    from gyeol.inputs.sound.recordings import SpeechInput
    from gyeol.tasks.language.model import LanguageModel

__all__ = ["LanguageScorer"]

_MEMORY = 1 << 26  # bytes of states that are kept


class _Reading(NamedTuple):
    """What was read: a state of the reader, the tokens since then, all tokens, the letters of an unfinished word."""

    read: Any
    pending: tuple[int, ...]
    tokens: tuple[int, ...]
    word: tuple[str, ...]


class LanguageScorer:
    """Scores texts that grow by letters with a `LanguageModel`.

    A model of letters or jamo scores every letter; one of words or subwords, and any where the recognizer writes jamo,
    every whole word.

    Parameters
    ----------
    model : LanguageModel
    inputs : SpeechInput
        The recognizer's letters.
    """

    def __init__(self, model: LanguageModel, inputs: SpeechInput) -> None:
        from gyeol.tasks.language.model import LanguageModel

        if not isinstance(model, LanguageModel):
            raise ParameterError(f"language_model is {type(model).__name__}; expected a LanguageModel")
        self._reader = model.reader()
        self._text = model.inputs_
        self._letters = inputs.text.vocabulary.tokens
        self._join = inputs.tokenizer.join
        self._by_letter = inputs.tokenizer.name == "syllable" and self._text.tokenizer.name in ("syllable", "jamo")
        self._first = self._reader.state
        self._known: dict[tuple[int, ...], Any] = {}  # states by what was read: texts share prefixes
        size = sum(part.nbytes for layer in self._first["layers"] for part in layer) + self._first["scores"].nbytes
        self._capacity = max(16, _MEMORY // size)

    def initial_state(self) -> _Reading:
        """Return the state before the first letter."""
        return _Reading(self._first, (), (), ())

    def extend(self, state: _Reading, token: int) -> tuple[_Reading, float]:
        """Return the state after a letter, and the log probability that it adds."""
        letter = self._letters[token]
        if self._by_letter:
            tokens = [" "] if letter == " " else self._text.tokenizer.tokenize(letter)
            return self._read(state, self._text.vocabulary.encode(tokens).tolist())
        if letter != " ":
            return state._replace(word=(*state.word, letter)), 0.0
        return self._whole(state) if state.word else (state, 0.0)

    def end(self, state: _Reading) -> float:
        """Return the log probability of the unfinished word, and of the end of a line after it."""
        log = 0.0
        if state.word:
            state, log = self._whole(state)
        return log + self._read(state, [END])[1]

    def _whole(self, state: _Reading) -> tuple[_Reading, float]:
        """Read the unfinished word."""
        names = self._text.tokenizer.tokenize(self._join(state.word))
        spaced = state.tokens and " " in self._text.vocabulary and self._text.tokenizer.joint == ""
        numbers = self._text.vocabulary.encode([*([" "] if spaced else []), *names]).tolist()
        after, log = self._read(state, numbers)
        return after._replace(word=()), log

    def _read(self, state: _Reading, tokens: list[int]) -> tuple[_Reading, float]:
        """Add up the log probabilities of tokens; the last one is fed when the next is scored."""
        read, pending, so_far, log = state.read, state.pending, state.tokens, 0.0
        for token in tokens:
            if pending:
                read, pending = self._after(read, pending, so_far), ()
            log += float(read["scores"][token])
            pending, so_far = (token,), (*so_far, token)
        return state._replace(read=read, pending=pending, tokens=so_far), log

    def _after(self, read: Any, pending: tuple[int, ...], tokens: tuple[int, ...]) -> Any:
        """Read the pending tokens, or find the state that all of these tokens led to before."""
        if tokens not in self._known:
            if len(self._known) >= self._capacity:
                self._known.clear()
            self._reader.state = read
            self._reader.feed(list(pending))
            self._known[tokens] = self._reader.state
        return self._known[tokens]
