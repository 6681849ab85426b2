"""Speech recognition of a stream: text while somebody speaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gyeol.errors import DataError
from gyeol.inputs.sound.spectra import FrameStream
from gyeol.tasks.speech.letters import joined
from gyeol.tasks.speech.net import SpeechStream

if TYPE_CHECKING:
    from gyeol.engine.search.ctc import GreedySearch, PrefixSearch
    from gyeol.inputs.sound.pauses import Piece
    from gyeol.inputs.sound.recordings import SpeechInput
    from gyeol.tasks.speech.net import SpeechNet

__all__ = ["Listener"]


class Listener:
    """Transcribe samples as they arrive; `SpeechRecognizer.listen` returns one.

    In the end the text is that of the whole recording; memory does not grow with its length. At a pause longer than
    those within the training's recordings the state is reset: a net that learned from single words knows no second one.

    Attributes
    ----------
    text : str
        The text so far that will not change; with a lexicon, whole words.
    """

    def __init__(
        self, net: SpeechNet, inputs: SpeechInput, new_search: Callable[[], GreedySearch | PrefixSearch]
    ) -> None:
        self._net, self._inputs, self._new_search = net, inputs, new_search
        self._frames, self._cutter = FrameStream(inputs.mel), inputs.cutter()
        self._search, self._stream = new_search(), SpeechStream(net)
        self._done = ""  # whole words
        self._word: list[int] = []  # letters of the unfinished one
        self._finished = False

    @property
    def rate(self) -> int:
        """Samples a second that it takes, Hz."""
        return self._inputs.mel.rate

    @property
    def text(self) -> str:
        """The text so far that will not change."""
        return self._done + joined(self._inputs, self._word)

    def feed(self, samples: Any) -> str:
        """Take samples from -1 to 1, shape (N,), any number of them.

        Returns
        -------
        str
            The text so far: ``text``, followed by what may still change.

        Raises
        ------
        DataError
            These are no samples, or they come after `finish`.
        """
        samples = np.asarray(samples)
        if samples.ndim != 1 or samples.dtype.kind != "f":
            raise DataError(f"samples came as {samples.dtype} of shape {samples.shape}; expected floats of shape (N,)")
        if self._finished:
            raise DataError("samples came after finish(): begin anew with listen()")
        if len(samples) and not np.isfinite(samples).all():
            raise DataError("the samples hold numbers that are not finite")
        self._hear(self._frames.feed(samples.astype(np.float32)))
        return self._done + joined(self._inputs, [*self._word, *self._search.open()])

    def finish(self) -> str:
        """End the stream, and return the whole text."""
        if not self._finished:
            self._finished = True
            self._hear(self._frames.finish())
            self._read(self._cutter.finish())
            self._end()
        return " ".join(self.text.split())

    def _hear(self, frames: Any) -> None:
        self._read(self._cutter.feed(frames))

    def _read(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            self._write(self._search.feed(self._stream.feed(self._inputs.normal(piece.frames))))
            if piece.end:
                self._end()
                self._done, self._word = f"{self.text.rstrip()} ".lstrip(), []
                self._search, self._stream = self._new_search(), SpeechStream(self._net)

    def _end(self) -> None:
        """Write what is left of the frames so far."""
        self._write(self._search.feed(self._stream.finish()))
        self._write(self._search.finish())

    def _write(self, tokens: Sequence[int]) -> None:
        names = self._inputs.text.vocabulary.tokens
        for token in tokens:
            self._word.append(token)
            if names[token] == " ":
                self._done += joined(self._inputs, self._word)
                self._word = []
