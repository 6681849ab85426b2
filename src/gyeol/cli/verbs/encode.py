"""``gyeol encode``: texts as one-hot vectors, bags of words, document-term counts or TF-IDF."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.output import note, object_out, one_line, report_reading
from gyeol.cli.options.parts_of_speech import KEEP_TAGS, STOP_TAGS, USER_DICTIONARY
from gyeol.cli.options.training import HEADER, JSON, SKIP_BAD_ROWS, THREADS
from gyeol.errors import ParameterError

if TYPE_CHECKING:
    from gyeol.inputs.counts.text_vectorizer import Rows, TextVectorizer

__all__ = ["encode"]


def encode(
    kind: str = typer.Argument(metavar="KIND", help="onehot (a row per token), bow (0 or 1), dtm (counts) or tfidf."),
    data: str = typer.Argument(metavar="FILE", help="File of texts, or a data set."),
    out: Path = typer.Option(None, "--out", "-o", metavar="X", help="Output file: .npz (SciPy), .parquet or .mtx."),
    show: bool = typer.Option(
        False, "--show", help="Print the terms with the largest weights in each document, without punctuation."
    ),
    top: int = typer.Option(8, "--top", metavar="K", min=1, help="Number of terms per document for --show."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column of texts, by name or number."),
    tokenizer: str = typer.Option(
        None,
        "--tokenizer",
        metavar="NAME",
        help="word (default), whitespace, content, morpheme, syllable (or char), jamo, bpe or auto.",
    ),
    user_dictionary: Path = USER_DICTIONARY,
    keep_tags: str = KEEP_TAGS,
    stop_tags: str = STOP_TAGS,
    lowercase: bool = typer.Option(False, "--lowercase", help="Convert texts to lower case."),
    ngrams: str = typer.Option(
        "1", "--ngrams", metavar="N|A-B", help="Use n-grams of N tokens, or of A to B, as terms: 2, or 1-3."
    ),
    stop_words: str = typer.Option(
        None, "--stop-words", metavar="LIST", help="english, korean (for morphemes), or a file with a word per line."
    ),
    min_df: str = typer.Option(
        "1", "--min-df", metavar="N", help="Minimum number of documents per term; with a '.', their share."
    ),
    max_df: str = typer.Option(
        "1.0", "--max-df", metavar="N", help="Maximum number of documents per term, or their share."
    ),
    max_features: int = typer.Option(
        None, "--max-features", metavar="N", min=1, help="Keep the N most frequent terms."
    ),
    vocabulary: Path = typer.Option(
        None, "--vocabulary", metavar="JSON", help="Reuse the vocabulary of an earlier call (X.vocabulary.json)."
    ),
    norm: str = typer.Option("l2", "--norm", metavar="L", help="Normalisation of tfidf rows: l2, l1 or none."),
    no_smooth: bool = typer.Option(False, "--no-smooth", help="Unsmoothed idf = ln(n / df) + 1."),
    sublinear: bool = typer.Option(False, "--sublinear", help="Use 1 + ln(tf) instead of tf."),
    dtype: str = typer.Option("float64", "--dtype", metavar="TYPE", help="Data type: float64 or float32."),
    header: bool = HEADER,
    skip_bad_rows: bool = SKIP_BAD_ROWS,
    threads: int = THREADS,
    json: bool = JSON,
) -> None:
    """Turn texts into a sparse matrix, streaming.

    onehot has a row per token. The others have a row per text: bow has a 1 for each term that occurs, dtm the number
    of occurrences, tfidf tf * idf with idf = ln((1 + n) / (1 + df)) + 1 (n texts, df of them with the term), and rows
    scaled to length 1, as in scikit-learn. X.vocabulary.json, beside the matrix, names its columns. A text without
    terms is a row of zeros. Words are those of Unicode; for Thai, Lao, Khmer and Burmese, written without spaces, use
    --tokenizer bpe.

    Examples: gyeol encode tfidf reviews.csv --out reviews.npz

    gyeol encode dtm news.txt --tokenizer morpheme --stop-words korean --min-df 2 --out news.parquet

    gyeol encode tfidf news.txt --tokenizer content --user-dictionary names.tsv --show

    gyeol encode tfidf new.csv --vocabulary reviews.vocabulary.json --out new.npz
    """
    from gyeol.data.text.sources import Texts, find_source
    from gyeol.data.vectors.matrix_files import check_matrix_path, write_matrix

    if out is None and not show:
        raise ParameterError("no output given: use --out X.npz (or .parquet, .mtx), or --show to print terms")
    if out is not None:
        check_matrix_path(out)
    source = find_source(data, "train", input=input, header=header)
    texts = Texts(source, skip_bad_rows=skip_bad_rows)
    morphemes = {"user_dictionary": user_dictionary, "keep_tags": keep_tags, "stop_tags": stop_tags}
    if vocabulary is not None:
        from gyeol.inputs import TextVectorizer
        from gyeol.inputs.tokens.tokenizers import canonical_name

        vectors = TextVectorizer.load(vocabulary)
        if vectors.kind != kind:
            raise ParameterError(f"{vocabulary} is for {vectors.kind!r}, not {kind!r}: use gyeol encode {vectors.kind}")
        if tokenizer is not None and canonical_name(tokenizer) != vectors.tokenizer_.name:
            raise ParameterError(f"{vocabulary} has the tokenizer {vectors.tokenizer_.name}: remove --tokenizer")
        if any(value is not None for value in morphemes.values()):
            given = ", ".join(f"--{name.replace('_', '-')}" for name, value in morphemes.items() if value is not None)
            raise ParameterError(f"{given}: {vocabulary} already has its words and parts of speech; remove the option")
        vectors.threads = threads
        blocks = vectors.rows(texts)
    else:
        from gyeol.inputs import vectorizer

        vectors = vectorizer(
            kind,
            tokenizer=tokenizer or "word",
            lowercase=lowercase,
            ngram_range=_ngram_range(ngrams),
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
        blocks = vectors.fit_rows(texts)
    shown: list[dict[str, Any]] = []
    if show:
        blocks = _top_terms(blocks, vectors, top, shown.append if json else _print_terms)
    answer: dict[str, Any] = {"kind": kind, "data": source.name}
    if out is None:
        for _ in blocks:
            pass
        report_reading(texts)
        if json:
            object_out({**answer, "left_out": texts.bad, "documents": shown})
        return
    beside = out.with_suffix(".vocabulary.json")
    shape = write_matrix(out, blocks, vectors.terms_, tokens=kind == "onehot")
    vectors.save(beside)
    report_reading(texts)
    if json:
        answer |= {"out": str(out), "vocabulary": str(beside), "shape": shape._asdict(), "left_out": texts.bad}
        object_out({**answer, **({"documents": shown} if show else {})})
        return
    rows = f"{shape.documents:,} texts" if shape.rows == shape.documents else f"{shape.rows:,} tokens"
    note(f"wrote {out}: {rows} x {shape.columns:,} terms, {shape.cells:,} nonzero cells; columns in {beside}")


def _ngram_range(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    try:
        return int(low), int(high or low)
    except ValueError:
        raise ParameterError(f"--ngrams {text!r:.40}: expected a whole number, or a range such as 1-3") from None


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
        raise ParameterError(f"--stop-words {which!r:.100} is neither a file nor one of {', '.join(STOP_WORDS)}")
    from gyeol.data.tables.lines import read_lines

    return sorted({word for _, line in read_lines(Path(which)) if (word := line.strip())})


def _top_terms(
    blocks: Iterator[Rows], vectors: TextVectorizer, top: int, report: Callable[[dict[str, Any]], None]
) -> Iterator[Rows]:
    """Report the terms with the largest weights of each document (one-hot: the first terms), without punctuation."""
    from gyeol.inputs.tokens.columns import is_informative

    number = 0
    shown = is_informative(vectors.terms_)
    for block in blocks:
        matrix, starts = block
        ends = matrix.indptr[starts].tolist()
        for first, last in pairwise(ends):
            number += 1
            columns, cells = matrix.indices[first:last], matrix.data[first:last]
            columns, cells = columns[shown[columns]], cells[shown[columns]]
            best = range(len(cells))[:top] if vectors.kind == "onehot" else (-cells).argsort(kind="stable")[:top]
            names = vectors.terms_.gather(columns[best]).to_list()
            report({"document": number, "terms": [[n, float(cells[i])] for n, i in zip(names, best, strict=True)]})
        yield block


def _print_terms(document: dict[str, Any]) -> None:
    pairs = [f"{one_line(term)} {weight:.3g}" for term, weight in document["terms"]]
    sys.stdout.write(f"{document['document']}\t" + "  ".join(pairs) + "\n")
