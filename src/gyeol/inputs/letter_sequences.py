"""Sequences of letters without spaces, DNA and RNA above all: case and U, alignment, letters of another alphabet.

Nucleotides are written in either case (small letters mark repeats, "soft masking") and with T or U: `fold` maps them
to one form. The ambiguity codes of IUPAC-IUB (1984; N for any base, R, Y, ...) remain separate letters, which a model
knows if they occurred in training; in the share of a text that is known they count as unknown, for they carry little.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gyeol.errors import ModelError
from gyeol.inputs.tokens.jamo import decompose
from gyeol.inputs.tokens.normalization import normalize

__all__ = ["LONGEST_ALIGNED", "Reading", "are_nucleotides", "find_reading", "fold", "shared_length", "unknown_share"]

LONGEST_ALIGNED = 300  #: letters of sequences that are taken to be aligned, at most
_SHORTEST_ALIGNED = 4
_FEW = 20  # sequences whose lengths are the same by chance
_ALPHABET = 30  # letters that sequences are written with, at most: 20 amino acids, X, B, Z, gaps
_BASES = frozenset("ACGT")
_NUCLEOTIDES = frozenset("ACGTUNRYSWKMBDHVacgtunryswkmbdhv-.*?")
_FOLDED = str.maketrans({**{chr(c): chr(c - 32) for c in range(97, 123)}, "u": "T", "U": "T"})


@dataclass(frozen=True, slots=True)
class Reading:
    """How a model reads sequences.

    Parameters
    ----------
    nucleotides : bool
        Whether they are DNA or RNA, of which case and U are folded.
    length : int
        The length of all of them, where they are aligned; else 0.
    positions : int
        How many positions are distinguished.
    direct : bool
        Whether the model has direct connections from letters and n-grams to the classes.
    """

    nucleotides: bool = False
    length: int = 0
    positions: int = 0
    direct: bool = False

    def folded(self, texts: Sequence[str]) -> Sequence[str]:
        """Fold case and U, if these are nucleotides."""
        return [fold(text) for text in texts] if self.nucleotides else texts

    def notes(self) -> dict[str, str]:
        """Return what the user should know, by name."""
        found = {}
        if self.nucleotides:
            found["nucleotides"] = "small letters are read as capitals, U as T (nucleotides=false turns this off)"
        if self.length:
            found["aligned"] = (
                f"all sequences have {self.length} letters and are read as aligned: positions={self.positions}, "
                f"direct={str(self.direct).lower()} (positions=0 turns this off)"
            )
        return found

    def state(self) -> dict[str, Any]:
        """Return all of it, as JSON values."""
        return {
            "nucleotides": self.nucleotides,
            "length": self.length,
            "positions": self.positions,
            "direct": self.direct,
        }

    @classmethod
    def restored(cls, state: Any) -> Reading:
        """Make one again from `state`.

        Raises
        ------
        ModelError
            Where the state is not one that `state` returned.
        """
        try:
            length, positions = state["length"], state["positions"]
            if type(length) is not int or type(positions) is not int or not 0 <= positions <= 1 << 16:
                raise TypeError(f"{length!r:.40}, {positions!r:.40}")
            return cls(bool(state["nucleotides"]), length, positions, bool(state["direct"]))
        except (KeyError, TypeError) as error:
            raise ModelError(f"config.json does not say how sequences are read: {error!r}") from error


def find_reading(
    texts: Sequence[str], *, nucleotides: bool | None, positions: int | None, direct: bool | None, by_letters: bool
) -> Reading:
    """Choose how to read sequences like these; what is given stays as it is.

    Parameters
    ----------
    texts : sequence of str
        Those of the training.
    nucleotides, positions, direct
        What the user wants; None: what fits the texts.
    by_letters : bool
        Whether a token is a letter, and a recurrent net reads them.
    """
    folds = are_nucleotides(texts) if nucleotides is None else bool(nucleotides)
    length = shared_length(texts) if positions is None and by_letters else 0
    own = direct is not False if length else bool(direct)
    return Reading(folds, length, length if positions is None else int(positions), own)


def fold(text: str) -> str:
    """Write nucleotides in capitals, and T for U.

    Examples
    --------
    >>> fold("acguN")
    'ACGTN'
    """
    return text.translate(_FOLDED)


def are_nucleotides(texts: Iterable[str]) -> bool:
    """Whether all texts are DNA or RNA: IUPAC's letters, nine of ten of them A, C, G, T, U or N.

    Examples
    --------
    >>> are_nucleotides(["ACGTTGCAACGTTNNA", "acguu"]), are_nucleotides(["MKVLAAGIVGTC", "ACGT"])
    (True, False)
    """
    letters = plain = 0
    different: set[str] = set()
    for text in texts:
        text = text.strip()
        found = set(text)
        if not found <= _NUCLEOTIDES:
            return False
        different |= found
        letters += len(text)
        plain += sum(text.count(letter) for letter in "ACGTUNacgtun")
    return letters >= _FEW and plain >= 0.9 * letters and len({fold(letter) for letter in different} & _BASES) > 1


def shared_length(texts: Sequence[str]) -> int:
    """Return the length of aligned sequences (of one length, short, of few different letters); 0 where they are not.

    Examples
    --------
    >>> shared_length(["ACGTA", "TTTAC"] * 10), shared_length(["ACGTA", "TTT"] * 10)
    (5, 0)
    """
    lengths = {len(text.strip()) for text in texts[:_FEW]}
    if len(texts) < _FEW or len(lengths) > 1 or not _SHORTEST_ALIGNED <= min(lengths) <= LONGEST_ALIGNED:
        return 0
    length = min(lengths)
    letters: set[str] = set()
    for text in map(str.strip, texts):
        letters.update(text)
        if len(text) != length or len(letters) > 2 * _ALPHABET:
            return 0
    few = len({letter.upper() for letter in letters}) <= _ALPHABET
    return length if few and not any(letter.isspace() for letter in letters) else 0


def unknown_share(
    text: str, known: frozenset[str], *, reading: Reading | None = None, lowercase: bool = False, jamo: bool = False
) -> float:
    """Return the share of a text's letters that a model does not know; of nucleotides, the share that is no base.

    Parameters
    ----------
    text : str
    known : frozenset of str
        The letters that the model knows.
    reading : Reading, optional
        How the model reads sequences.
    lowercase, jamo : bool
        Whether the model knows small letters only; whether it knows syllables by their parts.

    Examples
    --------
    >>> unknown_share("MKVA", frozenset("ACGT"), reading=Reading(nucleotides=True))
    0.75
    """
    if reading is not None and reading.nucleotides:
        letters, known = fold(text), known & _BASES
    else:
        letters = normalize(text, lowercase=lowercase)[0]
        letters = "".join(part for letter in letters for part in decompose(letter)) if jamo else letters
    letters = "".join(letters.split())
    return sum(letter not in known for letter in letters) / len(letters) if letters else 0.0
