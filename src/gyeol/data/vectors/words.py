"""The words of vector files, from bytes to text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gyeol.errors import DataError

__all__ = ["decode_words"]


def decode_words(
    words: Sequence[bytes], where: Callable[[int], str], shown: Callable[[bytes], str], mend: str
) -> list[str]:
    """Decode words, none of which holds a line break, all at once.

    Raises
    ------
    DataError
        A word is not UTF-8: ``where`` names its place by its number, ``mend`` says what to do.
    """
    joined = b"\n".join(words)
    try:
        return joined.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        i = joined.count(b"\n", 0, error.start)
        raise DataError(f"{where(i)}: the word {shown(words[i])} is not UTF-8; {mend}") from None
