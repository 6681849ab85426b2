"""Artificial typing errors: neighbouring keys, 받침 dropped, doubled or replaced, spaces dropped or added.

The original text is known, so that a corrector can be trained and evaluated without a collection of real errors.
The rules are those of typing, none is learned: for Hangul slips between neighbours of the 두벌식 layout and of the
shift key, the final consonants that sound alike (ㅅ ㅆ ㄷ ㅈ ㅊ ㅌ; ㄱ ㄲ ㅋ; ㅐ ㅔ), for Latin letters slips, letters
lost, doubled and swapped.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from gyeol.data.atomic import replace_file
from gyeol.errors import DataError, ParameterError
from gyeol.inputs.spelling.keyboard import COMPATIBILITY, neighbours
from gyeol.inputs.tokens.jamo import FINALS, INITIALS, MEDIALS, compose, parts
from gyeol.inputs.tokens.segmentation import letter_words

__all__ = ["Typist", "write_typos"]

_ALIKE = ("ㄱㄲㅋㄳㄺ", "ㄷㅅㅆㅈㅊㅌㅎ", "ㅂㅍㅄ", "ㄴㄵㄶ", "ㄹㅀㄼㄾ", "ㅁㄻ")
_VOWELS = ("ㅐㅔ", "ㅒㅖ", "ㅙㅚㅞ", "ㅗㅜ", "ㅓㅏ")
_DOUBLED = {"ㄱ": "ㄲ", "ㅅ": "ㅆ", "ㄴ": "ㄶ", "ㄹ": "ㅀ", "ㅂ": "ㅄ"}


class Typist:
    """Inserts typing errors into texts; the same seed gives the same errors.

    Parameters
    ----------
    rate : float
        Share of words that get an error, above 0 and up to 1. Each gets one.
    spacing : float
        Share of the errors that are spaces lost or added.
    seed : int

    Examples
    --------
    >>> Typist(rate=1.0, spacing=0.0, seed=3).type("다시 보고 싶은 영화") != "다시 보고 싶은 영화"
    True
    >>> Typist(seed=1).type("정말 재미있는 영화") == Typist(seed=1).type("정말 재미있는 영화")
    True
    """

    def __init__(self, *, rate: float = 0.1, spacing: float = 0.25, seed: int = 0) -> None:
        if not 0 < rate <= 1 or not 0 <= spacing <= 1:
            raise ParameterError(f"rate={rate}, spacing={spacing}: expected shares from 0 to 1, the rate above 0")
        self.rate = rate
        self.spacing = spacing
        # random() is the one method of which Python promises the same numbers in every version.
        self._draw = random.Random(seed).random  # noqa: S311 -- no secret

    def type(self, text: str) -> str:
        """Type a text; what is no word of letters or syllables stays."""
        out, at = [], 0
        spans = letter_words(text, apostrophes=False)
        lost = -1
        for number, (start, end) in enumerate(spans):
            word = text[start:end]
            out.append(text[at:start] if lost != start else "")
            at = end
            if self._draw() >= self.rate:
                out.append(word)
                continue
            following = spans[number + 1][0] if number + 1 < len(spans) else -1
            if self._draw() < self.spacing:
                # A space can be lost where one stands, and added within two characters and more.
                if text[end:following] == " " and self._draw() < 0.5:
                    out.append(word)
                    lost = following
                    continue
                if len(word) > 1:
                    cut = 1 + self._below(len(word) - 1)
                    out.append(f"{word[:cut]} {word[cut:]}")
                    continue
            out.append(self.slip(word))
        return "".join(out) + text[at:]

    def slip(self, word: str) -> str:
        """Type a word with one error, which is no space; one in which nothing can go wrong stays."""
        for _ in range(8):
            place = self._below(len(word))
            numbers = parts(word[place])
            changed = self._letter(word, place) if numbers is None else self._syllable(word, place, numbers)
            if changed != word:
                return changed
        return word

    def _syllable(self, word: str, place: int, numbers: tuple[int, int, int]) -> str:
        initial, medial, final = INITIALS[numbers[0]], MEDIALS[numbers[1]], FINALS[numbers[2]]
        kind = self._draw()
        if kind < 0.5:  # a slip of the finger, in any of the parts
            which = self._below(3 if final else 2)
            part = (initial, medial, final)[which]
            near = neighbours(part)
            if near:
                part = near[self._below(len(near))]
            initial, medial, final = (part if n == which else old for n, old in enumerate((initial, medial, final)))
        elif kind < 0.65 and final:  # lost
            final = ""
        elif kind < 0.75:  # doubled, or the next syllable's begun too early
            wider = _DOUBLED.get(COMPATIBILITY.get(final, ""))
            follows = parts(word[place + 1]) if place + 1 < len(word) else None
            if wider:
                final = _final(wider)
            elif not final and follows is not None:
                final = _final(COMPATIBILITY[INITIALS[follows[0]]])
        elif kind < 0.9 and final:  # one that sounds alike
            final = _final(self._other(COMPATIBILITY[final], _ALIKE))
        else:
            medial = _medial(self._other(COMPATIBILITY[medial], _VOWELS))
        return word[:place] + compose(initial + medial + final) + word[place + 1 :]

    def _letter(self, word: str, place: int) -> str:
        letter, kind = word[place], self._draw()
        if kind < 0.4:
            near = neighbours(letter)
            if near:
                other = near[self._below(len(near))]
                return word[:place] + (other.upper() if letter.isupper() else other) + word[place + 1 :]
        if kind < 0.6 and len(word) > 1:
            return word[:place] + word[place + 1 :]
        if kind < 0.8:
            return word[:place] + letter + word[place:]
        return word[:place] + word[place + 1 : place + 2] + letter + word[place + 2 :]

    def _other(self, jamo: str, groups: tuple[str, ...]) -> str:
        others = [other for group in groups if jamo in group for other in group if other != jamo]
        return others[self._below(len(others))] if others else jamo

    def _below(self, stop: int) -> int:
        return int(self._draw() * stop)


def _final(jamo: str) -> str:
    """Return the conjoining final of a compatibility jamo; nothing for ㄸ ㅃ ㅉ, which are no finals."""
    return next((part for part in FINALS[1:] if COMPATIBILITY[part] == jamo), "")


def _medial(jamo: str) -> str:
    return next(part for part in MEDIALS if COMPATIBILITY[part] == jamo)


def write_typos(
    texts: Iterable[str], out: Path, *, count: int = 1000, rate: float = 0.1, spacing: float = 0.25, seed: int = 0
) -> int:
    """Write texts with artificial typing errors (keys, final consonants, spaces) beside the originals.

    Parameters
    ----------
    texts : iterable of str
        Empty ones are left out.
    out : path
        A .tsv file with the columns ``typed`` and ``meant``.
    count : int
        The most lines.
    rate, spacing, seed
        As `Typist` takes them; the same seed gives the same bytes.

    Returns
    -------
    int
        The lines written.

    Raises
    ------
    ParameterError, DataError, SaveError
        For a rate or an ending that cannot be; where there is no text; where the file cannot be written.
    """
    if out.suffix.lower() != ".tsv":
        raise ParameterError(f"{out} ends in {out.suffix!r}; name a .tsv file")
    typist = Typist(rate=rate, spacing=spacing, seed=seed)
    lines = [" ".join(text.split()) for text in islice((text for text in texts if text.strip()), count)]
    if not lines:
        raise DataError("there is no text to make typing errors of: every line is empty")

    def write(beside: Path) -> None:
        with beside.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write("typed\tmeant\n")
            stream.writelines(f"{typist.type(line)}\t{line}\n" for line in lines)

    replace_file(out, write)
    return len(lines)
