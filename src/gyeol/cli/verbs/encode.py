"""``gyeol encode``: texts as one-hot rows, bags of words, document-term counts, TF-IDF."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.output import note, object_out, one_line, told
from gyeol.cli.options.parts_of_speech import KEEP_TAGS, STOP_TAGS, USER_DICTIONARY
from gyeol.cli.options.training import HEADER
from gyeol.errors import ParameterError

if TYPE_CHECKING:
    from gyeol.inputs.counts.text_vectorizer import Rows, TextVectorizer

__all__ = ["encode"]


def encode(
    kind: str = typer.Argument(metavar="KIND", help="onehot (a row a token), bow (0 or 1), dtm (counts) or tfidf."),
    data: str = typer.Argument(metavar="FILE", help="A file of texts, or the name of a data set."),
    out: Path = typer.Option(None, "--out", "-o", metavar="X", help="Write there: .npz (SciPy), .parquet or .mtx."),
    show: bool = typer.Option(False, "--show", help="Print each document's weightiest terms; signs are not shown."),
    top: int = typer.Option(8, "--top", metavar="K", min=1, help="Terms a document that --show prints."),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column of the texts, by name or number."),
    tokenizer: str = typer.Option(
        None,
        "--tokenizer",
        metavar="NAME",
        help="word (default), whitespace, content, morpheme, syllable (or char), jamo, bpe or auto.",
    ),
    user_dictionary: Path = USER_DICTIONARY,
    keep_tags: str = KEEP_TAGS,
    stop_tags: str = STOP_TAGS,
    lowercase: bool = typer.Option(False, "--lowercase", help="Lower-case the texts."),
    ngrams: str = typer.Option("1", "--ngrams", metavar="N|A-B", help="Runs of so many tokens are terms: 2, or 1-3."),
    stop_words: str = typer.Option(
        None, "--stop-words", metavar="LIST", help="english, korean (for morphemes), or a file with one a line."
    ),
    min_df: str = typer.Option("1", "--min-df", metavar="N", help="Least documents of a term; a share if it has a '.'"),
    max_df: str = typer.Option("1.0", "--max-df", metavar="N", help="Most documents of a term, or a share of them."),
    max_features: int = typer.Option(None, "--max-features", metavar="N", min=1, help="Keep the N most frequent."),
    vocabulary: Path = typer.Option(
        None, "--vocabulary", metavar="JSON", help="Use what an earlier call learned (X.vocabulary.json), as it is."
    ),
    norm: str = typer.Option("l2", "--norm", metavar="L", help="Length each row of tfidf gets: l2, l1 or none."),
    no_smooth: bool = typer.Option(False, "--no-smooth", help="idf = ln(n / df) + 1 instead of the smoothed one."),
    sublinear: bool = typer.Option(False, "--sublinear", help="1 + ln(tf) instead of tf."),
    dtype: str = typer.Option("float64", "--dtype", metavar="TYPE", help="Of the cells: float64 or float32."),
    header: bool = HEADER,
    skip_bad_rows: bool = typer.Option(False, "--skip-bad-rows", help="Leave out rows that cannot be read."),
    threads: int = typer.Option(None, "--threads", metavar="N", min=1, help="Cores to use; all by default."),
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Turn texts into a sparse matrix, streaming.

    onehot has a row a token; bow a row a text, 1 where a term occurs; dtm counts it; tfidf is tf * idf with
    idf = ln((1 + n) / (1 + df)) + 1, each row scaled to length 1 (n texts, df of them with the term), as scikit-learn
    has it. Beside the matrix X.vocabulary.json names the columns. A text without any term is a row of zeros.
    Words are Unicode's; Thai, Lao, Khmer and Burmese, which put no space between them, want --tokenizer bpe.

    Examples: gyeol encode tfidf reviews.csv --out reviews.npz

    gyeol encode dtm news.txt --tokenizer morpheme --stop-words korean --min-df 2 --out news.parquet

    gyeol encode tfidf news.txt --tokenizer content --user-dictionary names.tsv --show

    gyeol encode tfidf new.csv --vocabulary reviews.vocabulary.json --out new.npz
    """
    from gyeol.data.text.sources import Texts, find_source
    from gyeol.data.vectors.matrix_files import check_matrix_path, write_matrix

    if out is None and not show:
        raise ParameterError("where shall the matrix go? Give --out X.npz (or .parquet, .mtx), or --show to look at it")
    if out is not None:
        check_matrix_path(out)
    source = find_source(data, "train", input=input, header=header)
    texts = Texts(source, skip_bad_rows=skip_bad_rows)
    morphemes = {"user_dictionary": user_dictionary, "keep_tags": keep_tags, "stop_tags": stop_tags}
    if vocabulary is not None:
        from gyeol.inputs import TextVectorizer
        from gyeol.inputs.tokens.tokenizers import canonical_name

        made = TextVectorizer.load(vocabulary)
        if made.kind != kind:
            raise ParameterError(
                f"{vocabulary} was made for {made.kind!r}, not for {kind!r}: say gyeol encode {made.kind}"
            )
        if tokenizer is not None and canonical_name(tokenizer) != made.tokenizer_.name:
            raise ParameterError(f"{vocabulary} was made with --tokenizer {made.tokenizer_.name}, which it keeps")
        if any(value is not None for value in morphemes.values()):
            given = ", ".join(f"--{name.replace('_', '-')}" for name, value in morphemes.items() if value is not None)
            raise ParameterError(f"{given}: {vocabulary} keeps the words and parts of speech that it was made with")
        made.threads = threads
        blocks = made.rows(texts)
    else:
        from gyeol.inputs import vectorizer

        made = vectorizer(
            kind,
            tokenizer=tokenizer or "word",
            lowercase=lowercase,
            ngram_range=_runs(ngrams),
            stop_words=_stop_words(stop_words),
            min_df=_number("--min-df", min_df),
            max_df=_number("--max-df", max_df),
            max_features=max_features,
            norm=None if norm.lower() == "none" else norm,
            smooth_idf=not no_smooth,
            sublinear_tf=sublinear,
            dtype=dtype,
            threads=threads,
            **morphemes,
        )
        blocks = made.fit_rows(texts)
    shown: list[dict[str, Any]] = []
    if show:
        blocks = _weightiest(blocks, made, top, shown.append if json else _tell)
    answer: dict[str, Any] = {"kind": kind, "data": source.name}
    if out is None:
        for _ in blocks:
            pass
        told(texts)
        if json:
            object_out({**answer, "left_out": texts.bad, "documents": shown})
        return
    beside = out.with_suffix(".vocabulary.json")
    shape = write_matrix(out, blocks, made.terms_, tokens=kind == "onehot")
    made.save(beside)
    told(texts)
    if json:
        answer |= {"out": str(out), "vocabulary": str(beside), "shape": shape._asdict(), "left_out": texts.bad}
        object_out({**answer, **({"documents": shown} if show else {})})
        return
    rows = f"{shape.documents:,} texts" if shape.rows == shape.documents else f"{shape.rows:,} tokens"
    note(f"wrote {out}: {rows} x {shape.columns:,} terms, {shape.cells:,} cells that are not 0; columns in {beside}")


def _runs(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    try:
        return int(low), int(high or low)
    except ValueError:
        raise ParameterError(f"--ngrams {text!r:.40}: expected a whole number, or two as in 1-3") from None


def _number(name: str, text: str) -> float:
    try:
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        raise ParameterError(f"{name} {text!r:.40}: expected a number of documents, or a share such as 0.5") from None


def _stop_words(which: str | None) -> Any:
    from gyeol.inputs.counts.stop_words import STOP_WORDS

    if which is None or which in STOP_WORDS:
        return which
    if not Path(which).exists():
        raise ParameterError(f"--stop-words {which!r:.100} is no file, and no list: those are {', '.join(STOP_WORDS)}")
    from gyeol.data.tables.lines import read_lines

    return sorted({word for _, line in read_lines(Path(which)) if (word := line.strip())})


def _weightiest(
    blocks: Iterator[Rows], made: TextVectorizer, top: int, tell: Callable[[dict[str, Any]], None]
) -> Iterator[Rows]:
    """Tell of the weightiest terms of each document (of one-hot rows, the first) as its rows pass, signs left out."""
    from gyeol.inputs.tokens.columns import is_informative

    number = 0
    says = is_informative(made.terms_)
    for block in blocks:
        matrix, starts = block
        ends = matrix.indptr[starts].tolist()
        for first, last in pairwise(ends):
            number += 1
            columns, cells = matrix.indices[first:last], matrix.data[first:last]
            columns, cells = columns[says[columns]], cells[says[columns]]
            best = range(len(cells))[:top] if made.kind == "onehot" else (-cells).argsort(kind="stable")[:top]
            names = made.terms_.gather(columns[best]).to_list()
            tell({"document": number, "terms": [[n, float(cells[i])] for n, i in zip(names, best, strict=True)]})
        yield block


def _tell(document: dict[str, Any]) -> None:
    pairs = [f"{one_line(term)} {weight:.3g}" for term, weight in document["terms"]]
    sys.stdout.write(f"{document['document']}\t" + "  ".join(pairs) + "\n")
