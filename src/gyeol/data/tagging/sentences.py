"""Sentences whose tokens have tags: CoNLL (columns, blank lines between sentences), CoNLL-U, JSON, CSV, FASTA."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from gyeol.data.paths import check_file
from gyeol.data.tagging.layout import text_rows
from gyeol.data.tagging.names import named, read_names
from gyeol.data.tagging.rows import LONGEST, Sentence, Token, read_rows
from gyeol.data.tagging.schemes import Scheme, find_scheme
from gyeol.data.tagging.tables import (
    parquet_names,
    read_objects,
    read_parquet,
    read_sequences,
    read_table,
    sentence_a_row,
)
from gyeol.data.text.fasta import is_fasta
from gyeol.errors import DataError

__all__ = ["TaggedSentences", "places_in_words", "read_tagged"]

_NUMBER = re.compile(r"[0-9]{1,6}")


@dataclass(slots=True)
class TaggedSentences:
    """Sentences: the ``tokens`` of each, their ``tags`` (empty where there are none), the ``lines`` they begin in.

    A token is a text, or where other columns stand beside it, a tuple of texts. Tags that mark spans are in BIO;
    ``scheme`` says how the file has them. ``sequences`` are the names of FASTA records. ``notes`` are for the user.
    """

    path: Path
    tokens: list[list[Token]] = field(default_factory=list)
    tags: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    sequences: list[str] = field(default_factory=list)
    scheme: Scheme | None = None
    names: list[str] | None = None
    notes: list[str] = field(default_factory=list)

    def about(self) -> dict[str, str]:
        """Describe the file for a model card."""
        from gyeol.data.fingerprint import fingerprint

        scheme = {} if self.scheme is None else {"scheme": self.scheme.describe()}
        return {"data": self.path.name, "sha256": fingerprint(self.path), **scheme}


def read_tagged(
    path: str | Path,
    *,
    input: str | None = None,
    target: str | None = None,
    beside: Sequence[str] = (),
    within: str | None = None,
    need_tags: bool = True,
    names: str | Sequence[str] | None = None,
    spans: bool | None = None,
) -> TaggedSentences:
    """Read a file of tagged sentences.

    Parameters
    ----------
    path : path
        ``.jsonl``, ``.json``, ``.parquet``, or anything else: columns apart by tabs or blanks, blank lines between
        sentences. CoNLL-U is recognised by its ten columns. Of a ``.csv`` a row is a token, where its columns are
        called ``word`` and ``tag`` or the like, or a sentence, cut at white space or, where there is none, into
        letters. The tags of a FASTA file are in another, named by ``target``.
        Lines before a sentence that begin with ``#``, ``;`` or ``$`` and have not its columns are comments, and so is
        ``-DOCSTART-``.
    input, target : str, optional
        The column of the tokens and that of the tags: a number from 1, a name of CoNLL-U (``form``, ``upos``) or of the
        first row, or a key of the JSON objects. The first column that is no number and the last one by default.
    beside : sequence of str
        Further columns of each token, a part of speech for instance.
    within : str, optional
        The column that says which word a token is a part of, where tokens are morphemes or pieces: neighbours of which
        it says the same are of one word. What `places_in_words` makes of it stands beside each token, as the last.
    need_tags : bool
        Whether there must be tags.
    names : str or sequence of str, optional
        Names of tags that are numbers; a text is read as `gyeol.data.tagging.names.read_names` reads it.
    spans : bool, optional
        Whether the tags mark spans, where that is known; otherwise it is found out. Tags that do are read as BIO,
        whether they are in IOB1, BIO, IOE1, IOE2, BIOES, BILOU or BMEWO.

    Raises
    ------
    DataError
        For a file that cannot be used; names file and line.
    """
    path = check_file(path)
    found = TaggedSentences(path)
    if names is not None:
        found.names = read_names(names, target) if isinstance(names, str) else list(names)
    for sentence in _sentences(found, input, target, beside, within, need_tags):
        _add(found, sentence)
    if not found.tokens:
        raise DataError(f"{path} holds no sentence: expected one token per line and a blank line after each sentence")
    if within is not None:
        for tokens in found.tokens:
            places = places_in_words([token[-1] for token in tokens])
            tokens[:] = [(*token[:-1], place) for token, place in zip(tokens, places, strict=True)]
    if need_tags:
        _name_tags(found, target)
        _read_scheme(found, spans)
    return found


def _sentences(
    found: TaggedSentences,
    input: str | None,
    target: str | None,
    beside: Sequence[str],
    within: str | None,
    need_tags: bool,
) -> Iterator[Sentence]:
    path = found.path
    name = path.name.lower().removesuffix(".gz")
    more = [(column, "--beside") for column in beside] + ([(within, "--within")] if within is not None else [])
    if is_fasta(path):
        return read_sequences(path, input, target, more, need_tags)
    if name.endswith(".parquet"):
        return read_parquet(path, input, target, more, need_tags)
    if name.endswith(".csv") or (name.endswith(".tsv") and sentence_a_row(path)):
        return read_table(path, input, target, more, need_tags, found.notes)
    if name.endswith((".jsonl", ".ndjson", ".json")):
        return read_objects(path, input, target, more, need_tags)
    return read_rows(
        path, text_rows(path), conllu=name.endswith((".conllu", ".conll-u")), input=input, target=target, beside=more,
        need_tags=need_tags, notes=found.notes,
    )  # fmt: skip


def _name_tags(found: TaggedSentences, target: str | None) -> None:
    """Put names in the place of numbers, where all tags are numbers."""
    if not all(_NUMBER.fullmatch(tag) for tags in found.tags for tag in tags):
        return
    if found.names is None and found.path.suffix.lower() == ".parquet":
        found.names = parquet_names(found.path, target)
    if found.names is None:
        found.notes.append(
            f"{found.path.name}: the tags are numbers and are learned as they are; "
            "--names O,B-PER,... or --names FILE says what they mean"
        )
        return
    for place, (tags, line) in enumerate(zip(found.tags, found.lines, strict=True)):
        found.tags[place] = named(tags, found.names, f"{found.path}, line {line}")


def _read_scheme(found: TaggedSentences, spans: bool | None) -> None:
    """Convert tags that mark spans to BIO, and note it."""
    found.scheme = None if spans is False else find_scheme(found.tags, sure=bool(spans))
    if found.scheme is None or not found.scheme.changes:
        return
    found.tags = [found.scheme.converted(tags) for tags in found.tags]
    how = f"{found.scheme.describe()}: read as conlleval reads them and" if " and " in found.scheme.name else None
    found.notes.append(f"{found.path.name}: tags are {how or found.scheme.describe() + ':'} converted to BIO")


def places_in_words(words: Sequence[str]) -> list[str]:
    """Return the place of each token in its word: ``alone``, or at its ``begin`` or ``end``, or ``inside``.

    Parameters
    ----------
    words : sequence of str
        What names the word that a token is a part of; neighbours of the same name are of one word.

    Examples
    --------
    >>> places_in_words(["1", "1", "1", "2", "3", "3"])
    ['begin', 'inside', 'end', 'alone', 'begin', 'end']
    """
    places = []
    for _, parts in groupby(words):
        count = sum(1 for _ in parts)
        places += ["alone"] if count == 1 else ["begin", *["inside"] * (count - 2), "end"]
    return places


def _add(found: TaggedSentences, sentence: Sentence) -> None:
    if not sentence.tokens:
        return
    if len(sentence.tokens) > LONGEST:
        raise DataError(f"{found.path}, line {sentence.line}: a sentence of more than {LONGEST:,} tokens; cut it")
    found.tokens.append(sentence.tokens)
    found.tags.append(sentence.tags)
    found.lines.append(sentence.line)
    found.sequences.append(sentence.name)
