"""``gyeol vectors``: word vectors trained, queried, evaluated, drawn and converted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.output import note, object_out, percent, report_reading, table
from gyeol.cli.answers.speed_bar import SpeedBar
from gyeol.cli.options.parts_of_speech import KEEP_TAGS, STOP_TAGS, USER_DICTIONARY
from gyeol.cli.options.training import HEADER, JSON, SKIP_BAD_ROWS
from gyeol.errors import ParameterError, closest

if TYPE_CHECKING:
    from gyeol.inputs.vectors.word_vectors import WordVectors

__all__ = ["app"]

app = typer.Typer(help="Word vectors: train, query, test, draw, convert.", no_args_is_help=True, rich_markup_mode=None)

_VECTORS = typer.Argument(metavar="VECTORS", help="Folder or file: word2vec text or binary, GloVe; also .gz.")
_TOP = typer.Option(10, "--top", metavar="K", min=1, help="Number of answers.")
_FORM = typer.Option("auto", "--form", metavar="FORM", help="File format: word2vec, word2vec-binary, glove or auto.")


@app.command("train")
def train(
    data: list[str] = typer.Argument(metavar="FILE", help="Files of texts, or data sets."),
    out: Path = typer.Option(..., "--out", "-o", metavar="VECTORS", help="Output: a folder, .vec, .bin or .glove."),
    algorithm: str = typer.Option("skipgram", "--algorithm", metavar="NAME", help="skipgram or cbow."),
    engine: str = typer.Option(None, "--engine", metavar="NAME", help="gyeol (default) or gensim."),
    subwords: str = typer.Option(None, "--subwords", metavar="HOW", help="fastText of letters or jamo (by Gensim)."),
    size: int = typer.Option(100, "--size", metavar="N", help="Dimensions of a vector."),
    window: int = typer.Option(5, "--window", metavar="N", help="Context words on each side."),
    min_count: int = typer.Option(5, "--min-count", metavar="N", help="Ignore words that occur fewer than N times."),
    negative: int = typer.Option(5, "--negative", metavar="N", help="Negative samples per word."),
    epochs: int = typer.Option(5, "--epochs", metavar="N", help="Passes over the texts."),
    learning_rate: float = typer.Option(0.025, "--learning-rate", metavar="R", help="Initial learning rate."),
    shortest: int = typer.Option(3, "--shortest", metavar="N", help="Length of the shortest subword."),
    longest: int = typer.Option(6, "--longest", metavar="N", help="Length of the longest subword."),
    buckets: int = typer.Option(200_000, "--buckets", metavar="N", help="Hash buckets of subwords."),
    tokenizer: str = typer.Option(
        "word", "--tokenizer", metavar="NAME", help="word, whitespace, content, morpheme or other."
    ),
    user_dictionary: Path = USER_DICTIONARY,
    keep_tags: str = KEEP_TAGS,
    stop_tags: str = STOP_TAGS,
    lowercase: bool = typer.Option(False, "--lowercase", help="Convert texts to lower case."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column of texts, by name or number."),
    header: bool = HEADER,
    skip_bad_rows: bool = SKIP_BAD_ROWS,
    threads: int = typer.Option(None, "--threads", metavar="N", help="CPU threads; 1 gives the same bits every time."),
    seed: int = typer.Option(0, "--seed", metavar="N", help="Random seed."),
    force: bool = typer.Option(False, "--force", help="Replace vectors at --out; by default they are renamed."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Hide progress."),
    json: bool = JSON,
) -> None:
    """Train vectors on files of any size.

    With word2vec, or with --subwords by fastText (of Gensim).

    Examples: gyeol vectors train reviews.csv --out my.vec

    gyeol vectors train news.txt wiki.txt --subwords jamo --out my-vectors

    gyeol vectors train news.txt --tokenizer content --user-dictionary names.tsv --out words.vec
    """
    import time

    from gyeol import kernels
    from gyeol.data.atomic import backed_up
    from gyeol.inputs.vectors.store import check_vectors_place
    from gyeol.inputs.vectors.word_vectors import WordVectors

    form = check_vectors_place(out)
    if subwords and form != "folder":
        note(f"{out} holds whole words only; use a folder to keep subwords too, for unknown words")
    if not subwords and engine != "gensim" and not kernels.native_available():
        note(f"kernels: {kernels.describe()}; training will be slow, --engine gensim is faster")
    started = time.perf_counter()
    texts = _texts(data, input, skip_bad_rows, header)
    with SpeedBar(quiet or json) as bar:
        vectors = WordVectors.train(
            texts, algorithm=algorithm, engine=engine, subwords=subwords, size=size, window=window, min_count=min_count,
            negative=negative, epochs=epochs, learning_rate=learning_rate, shortest=shortest, longest=longest,
            buckets=buckets, tokenizer=tokenizer, lowercase=lowercase, threads=threads, random_state=seed,
            user_dictionary=user_dictionary, keep_tags=keep_tags, stop_tags=stop_tags, progress=bar.progress,
            speed=bar.speed,
        )  # fmt: skip
    vectors.about["data"] = list(data)
    with backed_up(out) if not force else nullcontext() as other:
        vectors.save(out)
    seconds = time.perf_counter() - started
    if json:
        kept_as = {"kept": str(other)} if other else {}
        answer = {
            "out": str(out),
            "words": len(vectors),
            "size": vectors.size,
            "seconds": seconds,
            "about": vectors.about,
            "words_per_second": bar.words_per_second,
        }
        object_out(answer | kept_as)
        return
    if other:
        note(f"the earlier vectors at {out} were renamed to {other} (--force replaces them)")
    note(
        f"wrote {out}: {len(vectors):,} words, {vectors.size} dimensions, "
        f"from {vectors.about['words']:,} words; {seconds:.0f} s{bar.rate()}"
    )


@app.command("similar")
def similar(
    vectors_path: Path = _VECTORS,
    words: list[str] = typer.Argument(metavar="WORD", help="One or more words."),
    top: int = _TOP,
    farthest: bool = typer.Option(False, "--farthest", help="Show the farthest words instead."),
    form: str = _FORM,
    json: bool = JSON,
) -> None:
    """Show the words nearest to a word.

    Example: gyeol vectors similar my.vec 왕 --top 10
    """
    vectors = _loaded(vectors_path, form)
    answers = [(word, vectors.similar(word, top, farthest=farthest)) for word in words]
    composed = _from_subwords(vectors, words)
    if json:
        listed = [{"word": word, "near": _pairs(near)} for word, near in answers]
        object_out({"vectors": str(vectors_path), "answers": listed, "from_subwords": composed})
        return
    for word, near in answers:
        if len(answers) > 1:
            typer.echo(f"{word}:")
        _print_pairs(near)


@app.command("analogy")
def analogy(
    vectors_path: Path = _VECTORS,
    a: str = typer.Argument(metavar="A"),
    b: str = typer.Argument(metavar="B"),
    c: str = typer.Argument(metavar="C"),
    top: int = _TOP,
    method: str = typer.Option("3cosadd", "--method", metavar="NAME", help="3cosadd or 3cosmul."),
    form: str = _FORM,
    json: bool = JSON,
) -> None:
    """Solve A:B = C:?, with the words nearest to B - A + C.

    Example: gyeol vectors analogy my.vec 왕 여왕 아들
    """
    vectors = _loaded(vectors_path, form)
    near = vectors.analogy(a, b, c, top, method=method)
    composed = _from_subwords(vectors, [a, b, c])
    if json:
        answer = {"vectors": str(vectors_path), "a": a, "b": b, "c": c, "method": method, "answers": _pairs(near)}
        object_out({**answer, "from_subwords": composed})
        return
    _print_pairs(near)


@app.command("distance")
def distance(
    vectors_path: Path = _VECTORS,
    first: str = typer.Argument(metavar="WORD"),
    second: str = typer.Argument(metavar="WORD"),
    form: str = _FORM,
    json: bool = JSON,
) -> None:
    """Show cosine similarity and distance of two words.

    Example: gyeol vectors distance my.vec 왕 여왕
    """
    vectors = _loaded(vectors_path, form)
    cosine = vectors.similarity(first, second)
    composed = _from_subwords(vectors, [first, second])
    if json:
        answer = {"first": first, "second": second, "cosine": cosine, "distance": 1.0 - cosine}
        object_out({**answer, "from_subwords": composed})
        return
    typer.echo(f"cosine {cosine:.4f}   distance {1.0 - cosine:.4f}")


@app.command("doesnt_match")
def doesnt_match(
    vectors_path: Path = _VECTORS,
    words: list[str] = typer.Argument(metavar="WORD", help="Three or more words."),
    form: str = _FORM,
    json: bool = JSON,
) -> None:
    """Show which word does not match the others.

    Example: gyeol vectors doesnt_match my.vec 아침 점심 저녁 컴퓨터
    """
    vectors = _loaded(vectors_path, form)
    word = vectors.doesnt_match(words)
    composed = _from_subwords(vectors, words)
    if json:
        object_out({"words": words, "doesnt_match": word, "from_subwords": composed})
        return
    typer.echo(word)


@app.command("evaluate")
def evaluate(
    vectors_path: Path = _VECTORS,
    files: list[str] = typer.Argument(metavar="FILE", help="Analogies or similarities, or words_en, words_ko."),
    match_case: bool = typer.Option(False, "--match-case", help="Distinguish upper and lower case."),
    among: int = typer.Option(300_000, "--among", metavar="N", min=1, help="Answer analogies from the first N words."),
    form: str = _FORM,
    json: bool = JSON,
) -> None:
    """Evaluate vectors on analogies and similarities.

    Prints accuracy by section, Spearman's rank correlation, and the share of known words.

    Example: gyeol vectors evaluate my.vec words_ko

    gyeol vectors evaluate glove.txt questions-words.txt my-pairs.csv
    """
    from gyeol.inputs.vectors.benchmarks import evaluate_vectors

    vectors = _loaded(vectors_path, form)
    places = [place for file in files for place in _tests(file)]
    results = [evaluate_vectors(vectors, place, ignore_case=not match_case, among=among) for place in places]
    if json:
        object_out({"vectors": str(vectors_path), "results": results})
        return
    for result in results:
        known = f"{result['asked']:,} of {result['total']:,} known ({percent(result['coverage'])})"
        if result["kind"] == "similarity":
            count = result["from_subwords"]
            also = f", {count:,} word{'s by their' if count > 1 else ' by its'} subwords" if count else ""
            typer.echo(f"{result['file']}: Spearman {_figure(result['spearman'])}   {known}{also}")
            continue
        typer.echo(f"{result['file']}: accuracy {_share(result['accuracy'])}   {known}")
        sections = [[f"  {k}", _share(s["accuracy"]), s["asked"], s["total"]] for k, s in result["sections"].items()]
        typer.echo(table([["  section", "accuracy", "asked", "of"], *sections], right=[1, 2, 3]))


@app.command("map")
def map_(
    vectors_path: Path = _VECTORS,
    out: Path = typer.Option(..., "--out", "-o", metavar="FILE", help="Output: a .png picture or an .html page."),
    count: int = typer.Option(500, "--count", metavar="N", min=1, help="Draw the N most frequent words."),
    words: Path = typer.Option(None, "--words", metavar="FILE", help="Draw the words of a file instead, one per line."),
    around: list[str] = typer.Option(
        None, "--around", metavar="WORD", help="Draw the N neighbours of a word; repeatable."
    ),
    method: str = typer.Option("tsne", "--method", metavar="NAME", help="tsne, pca, or umap if installed."),
    groups: int = typer.Option(8, "--groups", metavar="N", min=1, help="Number of coloured clusters (k-means)."),
    labels: int = typer.Option(None, "--labels", metavar="N", min=0, help="Maximum number of labels in a picture."),
    title: str = typer.Option(None, "--title", metavar="TEXT", help="Title of the map."),
    font: str = typer.Option(None, "--font", metavar="FILE", help="Font file for the labels of a picture."),
    seed: int = typer.Option(0, "--seed", metavar="N", help="Random seed."),
    form: str = _FORM,
    json: bool = JSON,
) -> None:
    """Draw a map that places similar words together.

    Examples: gyeol vectors map my.vec --out words.html

    gyeol vectors map my.vec --around 영화 --around 음식 --count 60 --out words.png
    """
    import numpy as np

    from gyeol.explain.words.map import METHODS, draw_map

    ending = out.suffix.lower()
    if ending not in (".png", ".html"):
        raise ParameterError(f"--out {out}: expected .png or .html")
    if method not in METHODS:
        raise ParameterError(f"--method {method!r} is unknown{closest(method, METHODS)}")
    vectors = _loaded(vectors_path, form)
    chosen = _chosen(vectors, count, words, around or [])
    drawn = draw_map(chosen, np.stack([vectors[w] for w in chosen]), method=method, groups=groups, random_state=seed)
    if ending == ".png":
        drawn.to_png(out, title=title, labels=labels, font=font)
    else:
        drawn.to_html(out, title=title, neighbours=[vectors.similar(word, 8) for word in chosen])
    if json:
        object_out({"vectors": str(vectors_path), "out": str(out), "words": len(chosen), "method": method})
        return
    note(f"wrote {out}: {len(chosen):,} words")


@app.command("convert")
def convert(
    vectors_path: Path = _VECTORS,
    out: Path = typer.Option(..., "--out", "-o", metavar="PLACE", help="Output: a folder, .vec, .bin or .glove."),
    limit: int = typer.Option(None, "--limit", metavar="N", min=1, help="Convert the first N words only."),
    form: str = _FORM,
    json: bool = JSON,
) -> None:
    """Convert vectors to another format, without loss.

    Example: gyeol vectors convert glove.6B.100d.txt --out glove.bin
    """
    from gyeol.inputs.vectors.store import check_vectors_place

    check_vectors_place(out)
    vectors = _loaded(vectors_path, form, limit)
    vectors.save(out)
    if json:
        object_out({"vectors": str(vectors_path), "out": str(out), "words": len(vectors), "size": vectors.size})
        return
    note(f"wrote {out}: {len(vectors):,} words, {vectors.size} dimensions")


def _loaded(path: Path, form: str, limit: int | None = None) -> WordVectors:
    from gyeol.inputs.vectors.word_vectors import WordVectors

    vectors = WordVectors.load(path, form=form, limit=limit)
    for line in vectors.about.get("notes", []):
        note(f"{path}: {line}")
    return vectors


def _from_subwords(vectors: WordVectors, words: list[str]) -> list[str]:
    """Note which words have no vector of their own, and which words are spelled alike."""
    found = vectors.from_subwords(words)
    for word in found:
        near = vectors.suggest(word)
        hint = f"; spelled alike: {', '.join(near)}" if near else ""
        note(f"{word!r} is unknown; its vector is composed of its subwords{hint}")
    return found


def _chosen(vectors: WordVectors, count: int, words: Path | None, around: list[str]) -> list[str]:
    """Choose the words of a map: those of a file, the neighbours of some, or the most frequent with a letter."""
    if words is not None:
        from gyeol.data.paths import check_file
        from gyeol.data.tables.lines import read_lines

        found = list(dict.fromkeys(word for _, line in read_lines(check_file(words)) if (word := line.strip())))
        if not found:
            raise ParameterError(f"--words {words} holds no words; expected one per line")
        for word in found:
            vectors[word]  # an unknown one is an error
        _from_subwords(vectors, found)
        return list(dict.fromkeys(map(vectors.stored_form, found)))
    if around:
        _from_subwords(vectors, around)
        near = [(vectors.stored_form(word), *(other for other, _ in vectors.similar(word, count))) for word in around]
        return list(dict.fromkeys(other for others in near for other in others))
    return [word for word in vectors.words if any(char.isalpha() for char in word)][:count] or vectors.words[:count]


def _tests(name: str) -> list[Path]:
    """Find a file, or all files of a data set."""
    from gyeol.data.catalogue.lookup import CATALOG, resolve_file

    if not Path(name).exists() and name in CATALOG and CATALOG[name].task == "words":
        return [resolve_file(name, role) for role in CATALOG[name].files]
    return [Path(name)]


def _texts(data: list[str], input: str | None, skip: bool, header: bool | None) -> Iterator[str]:
    from gyeol.data.text.sources import Texts, find_source

    sources = [find_source(name, "train", input=input, header=header) for name in data]
    for source in sources:
        texts = Texts(source, skip_bad_rows=skip)
        yield from texts
        report_reading(texts)


def _pairs(near: list[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"word": word, "score": score} for word, score in near]


def _print_pairs(near: list[tuple[str, float]]) -> None:
    if not near:
        raise ParameterError("the vectors hold no other word")
    typer.echo(table([[word, f"{score:.4f}"] for word, score in near], right=[1]))


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _share(value: float | None) -> str:
    return "-" if value is None else percent(value)
