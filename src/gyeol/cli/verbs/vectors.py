"""``gyeol vectors``: word vectors trained, asked, tested, drawn, converted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.output import note, object_out, percent, table, told
from gyeol.cli.options.parts_of_speech import KEEP_TAGS, STOP_TAGS, USER_DICTIONARY
from gyeol.cli.options.training import HEADER
from gyeol.errors import ParameterError, closest

if TYPE_CHECKING:
    from gyeol.inputs.vectors.word_vectors import WordVectors

__all__ = ["app"]

app = typer.Typer(help="Word vectors: train, ask, test, draw, convert.", no_args_is_help=True, rich_markup_mode=None)

_VECTORS = typer.Argument(metavar="VECTORS", help="A folder or a file: word2vec text or binary, GloVe; .gz too.")
_JSON = typer.Option(False, "--json", help="Print one JSON object.")
_TOP = typer.Option(10, "--top", metavar="K", min=1, help="How many answers.")
_FORM = typer.Option("auto", "--form", metavar="FORM", help="Of the file: word2vec, word2vec-binary, glove or auto.")


@app.command("train")
def train(
    data: list[str] = typer.Argument(metavar="FILE", help="Files of texts, or names of data sets."),
    out: Path = typer.Option(..., "--out", "-o", metavar="VECTORS", help="A folder, or a .vec, .bin or .glove file."),
    algorithm: str = typer.Option("skipgram", "--algorithm", metavar="NAME", help="skipgram or cbow."),
    subwords: str = typer.Option(None, "--subwords", metavar="HOW", help="letters or jamo: fastText. Else word2vec."),
    size: int = typer.Option(100, "--size", metavar="N", help="Numbers of a vector."),
    window: int = typer.Option(5, "--window", metavar="N", help="Words looked at on either side."),
    min_count: int = typer.Option(5, "--min-count", metavar="N", help="Rarer words are left out."),
    negative: int = typer.Option(5, "--negative", metavar="N", help="Noise words a word."),
    epochs: int = typer.Option(5, "--epochs", metavar="N", help="Passes over the texts."),
    learning_rate: float = typer.Option(0.025, "--learning-rate", metavar="R", help="At the beginning."),
    shortest: int = typer.Option(3, "--shortest", metavar="N", help="Letters of the shortest subword."),
    longest: int = typer.Option(6, "--longest", metavar="N", help="Letters of the longest subword."),
    buckets: int = typer.Option(200_000, "--buckets", metavar="N", help="Vectors that subwords share."),
    tokenizer: str = typer.Option(
        "word", "--tokenizer", metavar="NAME", help="word, whitespace, content, morpheme or another."
    ),
    user_dictionary: Path = USER_DICTIONARY,
    keep_tags: str = KEEP_TAGS,
    stop_tags: str = STOP_TAGS,
    lowercase: bool = typer.Option(False, "--lowercase", help="Lower-case the texts."),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column of the texts, by name or number."),
    header: bool = HEADER,
    skip_bad_rows: bool = typer.Option(False, "--skip-bad-rows", help="Leave out rows that cannot be read."),
    threads: int = typer.Option(None, "--threads", metavar="N", help="Cores to use; 1 for the same bits every time."),
    seed: int = typer.Option(0, "--seed", metavar="N", help="Of the first vectors and the noise."),
    force: bool = typer.Option(
        False, "--force", help="Replace vectors that are at --out, which else are kept beside them under another name."
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress."),
    json: bool = _JSON,
) -> None:
    """Train vectors on files of any size (by Gensim).

    Examples: gyeol vectors train reviews.csv --out my.vec

    gyeol vectors train news.txt wiki.txt --subwords jamo --out my-vectors

    gyeol vectors train news.txt --tokenizer content --user-dictionary names.tsv --out words.vec
    """
    import time

    from gyeol.data.atomic import backed_up
    from gyeol.inputs.vectors.store import check_vectors_place
    from gyeol.inputs.vectors.word_vectors import WordVectors

    form = check_vectors_place(out)
    if subwords and form != "folder":
        note(f"{out} holds the words only; name a folder to keep the subwords, too, for words never seen")
    started = time.perf_counter()
    texts = _texts(data, input, skip_bad_rows, header)
    with _bar(quiet or json) as progress:
        made = WordVectors.train(
            texts, algorithm=algorithm, subwords=subwords, size=size, window=window, min_count=min_count,
            negative=negative, epochs=epochs, learning_rate=learning_rate, shortest=shortest, longest=longest,
            buckets=buckets, tokenizer=tokenizer, lowercase=lowercase, threads=threads, random_state=seed,
            user_dictionary=user_dictionary, keep_tags=keep_tags, stop_tags=stop_tags, progress=progress,
        )  # fmt: skip
    made.about["data"] = list(data)
    with backed_up(out) if not force else nullcontext() as other:
        made.save(out)
    seconds = time.perf_counter() - started
    if json:
        kept_as = {"kept": str(other)} if other else {}
        told = {"out": str(out), "words": len(made), "size": made.size, "seconds": seconds, "about": made.about}
        object_out(told | kept_as)
        return
    if other:
        note(f"{out} held other vectors, which are kept as {other} (--force replaces them)")
    note(
        f"wrote {out}: {len(made):,} words of {made.size} numbers, from {made.about['words']:,} words; {seconds:.0f} s"
    )


@app.command("similar")
def similar(
    vectors: Path = _VECTORS,
    words: list[str] = typer.Argument(metavar="WORD", help="Words."),
    top: int = _TOP,
    farthest: bool = typer.Option(False, "--farthest", help="The farthest words instead."),
    form: str = _FORM,
    json: bool = _JSON,
) -> None:
    """Show the words nearest to a word.

    Example: gyeol vectors similar my.vec 왕 --top 10
    """
    made = _loaded(vectors, form)
    answers = [(word, made.similar(word, top, farthest=farthest)) for word in words]
    composed = _from_subwords(made, words)
    if json:
        listed = [{"word": word, "near": _pairs(near)} for word, near in answers]
        object_out({"vectors": str(vectors), "answers": listed, "from_subwords": composed})
        return
    for word, near in answers:
        if len(answers) > 1:
            typer.echo(f"{word}:")
        _tell(near)


@app.command("analogy")
def analogy(
    vectors: Path = _VECTORS,
    a: str = typer.Argument(metavar="A"),
    b: str = typer.Argument(metavar="B"),
    c: str = typer.Argument(metavar="C"),
    top: int = _TOP,
    method: str = typer.Option("3cosadd", "--method", metavar="NAME", help="3cosadd or 3cosmul."),
    form: str = _FORM,
    json: bool = _JSON,
) -> None:
    """Answer A:B = C:?, the nearest words to B - A + C.

    Example: gyeol vectors analogy my.vec 왕 여왕 아들
    """
    loaded = _loaded(vectors, form)
    near = loaded.analogy(a, b, c, top, method=method)
    composed = _from_subwords(loaded, [a, b, c])
    if json:
        answer = {"vectors": str(vectors), "a": a, "b": b, "c": c, "method": method, "answers": _pairs(near)}
        object_out({**answer, "from_subwords": composed})
        return
    _tell(near)


@app.command("distance")
def distance(
    vectors: Path = _VECTORS,
    first: str = typer.Argument(metavar="WORD"),
    second: str = typer.Argument(metavar="WORD"),
    form: str = _FORM,
    json: bool = _JSON,
) -> None:
    """Show how near two words are: cosine and distance.

    Example: gyeol vectors distance my.vec 왕 여왕
    """
    loaded = _loaded(vectors, form)
    cosine = loaded.similarity(first, second)
    composed = _from_subwords(loaded, [first, second])
    if json:
        answer = {"first": first, "second": second, "cosine": cosine, "distance": 1.0 - cosine}
        object_out({**answer, "from_subwords": composed})
        return
    typer.echo(f"cosine {cosine:.4f}   distance {1.0 - cosine:.4f}")


@app.command("doesnt_match")
def doesnt_match(
    vectors: Path = _VECTORS,
    words: list[str] = typer.Argument(metavar="WORD", help="Three words or more."),
    form: str = _FORM,
    json: bool = _JSON,
) -> None:
    """Show which word does not belong to the others.

    Example: gyeol vectors doesnt_match my.vec 아침 점심 저녁 컴퓨터
    """
    loaded = _loaded(vectors, form)
    word = loaded.doesnt_match(words)
    composed = _from_subwords(loaded, words)
    if json:
        object_out({"words": words, "doesnt_match": word, "from_subwords": composed})
        return
    typer.echo(word)


@app.command("evaluate")
def evaluate(
    vectors: Path = _VECTORS,
    files: list[str] = typer.Argument(metavar="FILE", help="Analogies, similarities; or a set: words_en, words_ko."),
    match_case: bool = typer.Option(False, "--match-case", help="Words that differ in case are different."),
    among: int = typer.Option(300_000, "--among", metavar="N", min=1, help="Analogies are answered from N words."),
    form: str = _FORM,
    json: bool = _JSON,
) -> None:
    """Test vectors on analogies and similarities.

    Accuracy by section, Spearman's rank correlation, and how many of the words were known.

    Example: gyeol vectors evaluate my.vec words_ko

    gyeol vectors evaluate glove.txt questions-words.txt my-pairs.csv
    """
    from gyeol.inputs.vectors.benchmarks import evaluate_vectors

    made = _loaded(vectors, form)
    places = [place for file in files for place in _tests(file)]
    results = [evaluate_vectors(made, place, ignore_case=not match_case, among=among) for place in places]
    if json:
        object_out({"vectors": str(vectors), "results": results})
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
    vectors: Path = _VECTORS,
    out: Path = typer.Option(..., "--out", "-o", metavar="FILE", help="A .png picture or an .html page."),
    count: int = typer.Option(500, "--count", metavar="N", min=1, help="Words, the most frequent."),
    words: Path = typer.Option(None, "--words", metavar="FILE", help="These words instead, one a line."),
    around: list[str] = typer.Option(
        None, "--around", metavar="WORD", help="The N nearest of a word; may stand again."
    ),
    method: str = typer.Option("tsne", "--method", metavar="NAME", help="tsne, pca, or umap where it is installed."),
    groups: int = typer.Option(8, "--groups", metavar="N", min=1, help="Colours: clusters by k-means."),
    labels: int = typer.Option(None, "--labels", metavar="N", min=0, help="Labels at most, in a picture."),
    title: str = typer.Option(None, "--title", metavar="TEXT", help="Above the map."),
    font: str = typer.Option(None, "--font", metavar="FILE", help="A font for the labels of a picture."),
    seed: int = typer.Option(0, "--seed", metavar="N", help="Same seed: the same map."),
    form: str = _FORM,
    json: bool = _JSON,
) -> None:
    """Draw a map on which words lie near that are used alike.

    Examples: gyeol vectors map my.vec --out words.html

    gyeol vectors map my.vec --around 영화 --around 음식 --count 60 --out words.png
    """
    import numpy as np

    from gyeol.explain.words.map import METHODS, draw_map

    ending = out.suffix.lower()
    if ending not in (".png", ".html"):
        raise ParameterError(f"--out {out}: a map is a .png picture or an .html page")
    if method not in METHODS:
        raise ParameterError(f"--method {method!r} is not one{closest(method, METHODS)}")
    made = _loaded(vectors, form)
    chosen = _chosen(made, count, words, around or [])
    drawn = draw_map(chosen, np.stack([made[w] for w in chosen]), method=method, groups=groups, random_state=seed)
    if ending == ".png":
        drawn.to_png(out, title=title, labels=labels, font=font)
    else:
        drawn.to_html(out, title=title, neighbours=[made.similar(word, 8) for word in chosen])
    if json:
        object_out({"vectors": str(vectors), "out": str(out), "words": len(chosen), "method": method})
        return
    note(f"wrote {out}: {len(chosen):,} words")


@app.command("convert")
def convert(
    vectors: Path = _VECTORS,
    out: Path = typer.Option(..., "--out", "-o", metavar="PLACE", help="A folder, or a .vec, .bin or .glove file."),
    limit: int = typer.Option(None, "--limit", metavar="N", min=1, help="The first N words only."),
    form: str = _FORM,
    json: bool = _JSON,
) -> None:
    """Write vectors in another form, to the same bits.

    Example: gyeol vectors convert glove.6B.100d.txt --out glove.bin
    """
    from gyeol.inputs.vectors.store import check_vectors_place

    check_vectors_place(out)
    made = _loaded(vectors, form, limit)
    made.save(out)
    if json:
        object_out({"vectors": str(vectors), "out": str(out), "words": len(made), "size": made.size})
        return
    note(f"wrote {out}: {len(made):,} words of {made.size} numbers")


def _loaded(path: Path, form: str, limit: int | None = None) -> WordVectors:
    from gyeol.inputs.vectors.word_vectors import WordVectors

    made = WordVectors.load(path, form=form, limit=limit)
    for line in made.about.get("notes", []):
        note(f"{path}: {line}")
    return made


def _from_subwords(loaded: WordVectors, words: list[str]) -> list[str]:
    """Tell which words have no vector of their own, and what is spelled like them."""
    found = loaded.from_subwords(words)
    for word in found:
        near = loaded.suggest(word)
        hint = f"; spelled alike: {', '.join(near)}" if near else ""
        note(f"{word!r} is not among the vectors; its vector comes from its subwords{hint}")
    return found


def _chosen(made: WordVectors, count: int, words: Path | None, around: list[str]) -> list[str]:
    """Choose the words of a map: those of a file, those around some, or the most frequent with a letter in them."""
    if words is not None:
        from gyeol.data.paths import check_file
        from gyeol.data.tables.lines import read_lines

        found = list(dict.fromkeys(word for _, line in read_lines(check_file(words)) if (word := line.strip())))
        if not found:
            raise ParameterError(f"--words {words} holds no word; write one a line")
        for word in found:
            made[word]  # an unknown one is an error
        _from_subwords(made, found)
        return list(dict.fromkeys(map(made.stored_form, found)))
    if around:
        _from_subwords(made, around)
        near = [
            w for word in around for w in [made.stored_form(word), *(other for other, _ in made.similar(word, count))]
        ]
        return list(dict.fromkeys(near))
    return [word for word in made.words if any(char.isalpha() for char in word)][:count] or made.words[:count]


def _tests(name: str) -> list[Path]:
    """Find a file, or all files of a set."""
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
        told(texts)


@contextmanager
def _bar(quiet: bool) -> Iterator[Callable[[float], None] | None]:
    """Show how far a long work has come, on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading and training", total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _pairs(near: list[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"word": word, "score": score} for word, score in near]


def _tell(near: list[tuple[str, float]]) -> None:
    if not near:
        raise ParameterError("there is no other word to answer with")
    typer.echo(table([[word, f"{score:.4f}"] for word, score in near], right=[1]))


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _share(value: float | None) -> str:
    return "-" if value is None else percent(value)
