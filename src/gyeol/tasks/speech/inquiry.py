"""What explains a transcript: its CTC log-probability as a function of scaled frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.errors import ParameterError
from gyeol.explain.attribution.inquiry import Inquiry
from gyeol.explain.explanation import Explanation
from gyeol.inputs.sound.recordings import SpeechInput
from gyeol.layers.losses.ctc import ctc_align, ctc_loss, needed_steps
from gyeol.tasks.speech.parts import Part
from gyeol.tasks.verdicts import checked_position, log_odds

__all__ = ["AlignedPart", "align_part", "speech_inquiry"]


@dataclass(frozen=True, slots=True, eq=False)
class AlignedPart:
    """A part of a recording, and its text.

    ``start`` in seconds; ``mel`` (T, M), log-mel frames, and ``frames`` (T, M), what of them the network reads;
    ``letters`` (L,) by number, and ``spans``, the steps of the network where each is heard.
    """

    start: float
    mel: npt.NDArray[np.float32]
    frames: Tensor
    letters: Tensor
    spans: Sequence[range]
    log_probs: npt.NDArray[np.float64]

    def log_probability(self, net: Any, frames: Tensor, lengths: Tensor) -> Tensor:
        """Score the text for copies of the part (M, T, M'), some cut to their lengths (M,)."""
        log_probs, steps = net(frames, lengths)
        M, L = len(frames), len(self.letters)
        return -ctc_loss(log_probs.double(), steps, self.letters.expand(M, L), torch.full((M,), L))


def align_part(net: Any, inputs: SpeechInput, part: Part, text: str) -> AlignedPart:
    """Read a part, and find where each letter of a text is heard in it.

    Raises
    ------
    ParameterError
        The part is too short for the text, or the text has a letter that the model does not know.
    """
    samples = part.clip.samples(inputs.mel.rate)
    frames = torch.from_numpy(inputs.frames(samples))
    letters = inputs.encode([text])[0].astype(np.int64)
    if (letters == 1).any():
        raise ParameterError(f"target={text!r:.60} has a letter that this model cannot write")
    with torch.no_grad():
        log_probs = net(frames.unsqueeze(0), torch.tensor([len(frames)]))[0][0].double().numpy()
    spans, _ = ctc_align(log_probs, letters)
    if len(spans) < len(letters):
        raise ParameterError(
            f"target={text!r:.60} needs {needed_steps(letters)} steps, and the recording has {len(log_probs)}"
        )
    return AlignedPart(part.start, inputs.mel(samples), frames, torch.from_numpy(letters), spans, log_probs)


def speech_inquiry(
    inputs: SpeechInput, stack: int, parts: Sequence[AlignedPart], prediction: str, position: int | None, of: str
) -> Inquiry:
    """Ask for the log-probability of a text, summed over all its alignments, or for one of its letters.

    A frame without its vector is what the mean is by which frames are normalised.

    Parameters
    ----------
    inputs : SpeechInput
    stack : int
        Frames of a step of the network.
    parts : sequence of AlignedPart
        The recording, cut at pauses.
    prediction : str
        What is recognized.
    position : int, optional
        The letter of the text that is asked for, from 0; its part of the recording is all that is explained then.
    of : str
        What the text is: ``"the text"``.

    Raises
    ------
    ParameterError
        There is no such letter.
    """
    names = inputs.text.vocabulary.tokens
    notes = []
    at, letter = 0, 0
    if position is not None:
        places = [(part, n) for part in parts for n in range(len(part.letters))]
        if not places:
            raise ParameterError(f"position={position!r:.20}: nothing was recognized; leave position out")
        part, number = places[checked_position(position, len(places), "letters")]
        letter, span = int(part.letters[number]), part.spans[number]
        at = span[int(part.log_probs[list(span), letter].argmax())]
        of = f"the letter {names[letter]!r} at {part.start + at * stack * inputs.mel.hop / inputs.mel.rate:.2f} s"
        if len(parts) > 1:
            notes.append("the recording is cut at pauses: this is the part in which the letter is")
        parts = [part]
    elif len(parts) > 1:
        notes.append(f"the recording is cut at pauses into {len(parts):,} parts, each recognized by itself")
    if stack > 1:
        notes.append(f"the network reads {stack} frames at a time, which have one state")
    ends = np.cumsum([len(part.frames) for part in parts])

    def score(net: Any, scales: Tensor) -> Tensor:
        M, found = len(scales), scales.new_zeros(len(scales))
        for part, own in zip(parts, torch.tensor_split(scales, ends[:-1].tolist(), dim=1), strict=True):
            frames, lengths = part.frames * own.unsqueeze(2), torch.full((M,), len(part.frames))
            if position is not None:
                return log_odds(net(frames, lengths)[0][:, at], letter)
            found = found + part.log_probability(net, frames, lengths)
        return found

    def reading(net: Any, counts: Sequence[int]) -> npt.NDArray[Any]:
        (part,) = parts
        lengths = torch.tensor(list(counts))
        frames = part.frames * (torch.arange(len(part.frames)) < lengths[:, None]).unsqueeze(2)
        shares = part.log_probability(net, frames[:, : max(counts)], lengths).exp()
        enough = net.steps(lengths) >= needed_steps(part.letters.numpy())
        return torch.where(enough, shares, 0.0).unsqueeze(1).numpy()

    tokens, output, read_by, steps = [], [], [], 0
    for part in parts:
        T = len(part.frames)
        tokens += [f"{part.start + n * inputs.mel.hop / inputs.mel.rate:.2f} s" for n in range(T)]
        spelled = [""] * T
        for number, span in zip(part.letters.tolist(), part.spans, strict=True):
            spelled[span.start * stack] = names[number]
        output += spelled
        read_by.append(steps + np.arange(T) // stack)
        steps += -(-T // stack)
    known = Explanation(
        task="transcribe", kind="sound", prediction=prediction, tokens=tokens, output=output, notes=notes,
        values=np.concatenate([part.mel for part in parts]),
    )  # fmt: skip
    return Inquiry(
        known=known, measure="log-probability" if position is None else "log-odds", of=of, score=score,
        reading=reading if len(parts) == 1 else None, names=["probability of the text"],
        read_by=np.concatenate(read_by),
    )  # fmt: skip
