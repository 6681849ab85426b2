"""A trained network and recordings: their texts, and when each letter was said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from gyeol.data.media.audio_clips import AudioClip, AudioClips
from gyeol.inputs.sound.recordings import SpeechInput
from gyeol.tasks.speech.letters import text_of
from gyeol.tasks.speech.net import SpeechNet
from gyeol.tasks.speech.parts import Part, by_parts, parts_of
from gyeol.tasks.speech.search import Search
from gyeol.tasks.speech.times import LetterTime, letter_times

__all__ = ["Transcriber"]


@dataclass(frozen=True, slots=True)
class Transcriber:
    """Transcribes recordings, part by part where they are cut at pauses.

    Parameters
    ----------
    net : SpeechNet
    inputs : SpeechInput
    longest : float
        Seconds: the longest recording of the training.
    streams : bool
        Whether the model can listen to a stream.
    greedy : callable
        Returns the texts of recordings by greedy search.
    session : callable
        Returns the context in which the net is run.
    """

    net: SpeechNet
    inputs: SpeechInput
    longest: float
    streams: bool
    greedy: Callable[[list[AudioClip]], list[str]]
    session: Callable[[], AbstractContextManager[None]]

    def texts(self, clips: list[AudioClip], new_search: Callable[[], Search] | None = None) -> list[str]:
        """Transcribe recordings, each part by a search of its own; by default greedily."""

        def write(parts: list[AudioClip]) -> list[str]:
            searches = ((new_search(), scores) for scores in self._log_probs(parts)) if new_search else ()
            return [text_of(self.inputs, [*search.feed(scores), *search.finish()]) for search, scores in searches]

        return list(by_parts(clips, self.parts, self.greedy if new_search is None else write))

    def rewritten(self, clips: list[AudioClip], texts: list[str]) -> list[str]:
        """Replace the texts of whole recordings where these are to be cut."""
        cut = [row for row, clip in enumerate(clips) if len(self.parts(clip)) > 1]
        for row, text in zip(cut, self.texts([clips[row] for row in cut]), strict=True):
            texts[row] = text
        return texts

    def align(self, clip: AudioClip, text: str | None) -> list[LetterTime]:
        """Align a text with a recording; None: the text that greedy search writes, part by part."""
        found: list[LetterTime] = []
        for start, part in self.parts(clip) if text is None else [Part(0.0, clip)]:
            letters = self.greedy([part])[0] if text is None else text
            if letters.strip():
                (scores,) = self._log_probs([part])
                found += letter_times(scores, letters, self.inputs, stack=self.net.stack, start=start)
        return found

    def parts(self, clip: AudioClip) -> list[Part]:
        """Cut a recording at pauses, where it is to be cut."""
        return parts_of(clip, self.inputs, streams=self.streams, longest=self.longest)

    def _log_probs(self, clips: list[AudioClip]) -> Iterator[npt.NDArray[np.float64]]:
        """Yield the log probability of each letter at each step of recordings, (T, V) each."""
        with self.session(), torch.inference_mode():
            for clip in clips:
                batch = self.inputs.batch(AudioClips([clip], self.inputs.mel.rate), np.zeros(1, dtype=np.int64))
                log_probs, _ = self.net(batch.frames, batch.lengths)
                yield log_probs[0].double().numpy()
