"""``gyeol fit tag``, and what ``evaluate`` and ``predict`` do with its models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.asking import PIPE, answers_out, handling
from gyeol.cli.answers.output import note, object_out, one_line, percent, table
from gyeol.cli.answers.rows import Item, chunked, piped_items, sequence_item
from gyeol.cli.answers.stream import Answers, Layout
from gyeol.cli.answers.unknown import UnknownLetters
from gyeol.cli.options.first_checks import check_first
from gyeol.cli.options.training import (
    CONFIG,
    FORCE,
    JSON,
    OUT,
    QUIET,
    RESUME,
    SEED,
    SET,
    THREADS,
    TIME_LIMIT,
    settings_option,
)
from gyeol.cli.training import begun, ended, measured, stop_where_interrupted
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.cli.tasks.table import Question
    from gyeol.data.tagging.sentences import TaggedSentences
    from gyeol.tasks import SequenceTagger

__all__ = ["evaluate_tags", "predict_tags", "tag"]

_FASTA = (".fa", ".fasta", ".fna", ".faa")
_CHUNK = 2048  # sentences answered at a time


def tag(
    data: str = typer.Argument(metavar="DATA", help="A file in CoNLL, CoNLL-U, JSON lines or FASTA, or a named set."),
    out: Path = OUT,
    valid: str = typer.Option(None, "--valid", metavar="FILE", help="Sentences to watch; else a part of DATA."),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column of the tokens, by number, name or key."),
    target: str = typer.Option(
        None, "--target", metavar="COL", help="The column of the tags; of a FASTA file, the file of its tags."
    ),
    beside: list[str] = typer.Option(
        [],
        "--beside",
        metavar="COL",
        help="A column that stands beside the tokens, say parts of speech; may be repeated.",
    ),
    within: str = typer.Option(
        None, "--within", metavar="COL", help="The column that says which word a token is a part of, say its number."
    ),
    names: str = typer.Option(
        None, "--names", metavar="NAMES", help="Names of tags that are numbers: O,B-PER,I-PER or a file of them."
    ),
    config: Path = CONFIG,
    set: list[str] = SET,
    seed: int = SEED,
    time_limit: str = TIME_LIMIT,
    threads: int = THREADS,
    resume: bool = RESUME,
    force: bool = FORCE,
    settings: bool = settings_option("tag"),
    json: bool = JSON,
    quiet: bool = QUIET,
) -> None:
    """Learn a tag for each token: names, parts of speech.

    Proteins and DNA are tagged by the letter.

    Tags that mark spans (IOB1, BIO, IOE, BIOES, BILOU, BMEWO) are read as BIO, and measured by the F1 of spans as
    conlleval does; others by accuracy.

    Examples: gyeol fit tag train.conll --valid dev.conll --out names

    gyeol fit tag ko_gsd-ud-dev.conllu --target upos --out parts-of-speech

    gyeol fit tag korean_ner --beside 3 --within 1 --out names

    gyeol fit tag ner.jsonl --names O,B-PER,I-PER,B-LOC,I-LOC --out names

    gyeol fit tag proteins.fa --target structure.fa --out structure

    gyeol predict structure --file new.fa --out tags.fa
    """
    check_first(("tag",), out, config, set, time_limit, resume, data, valid)
    from gyeol.data.text.fasta import is_fasta
    from gyeol.data.text.sources import has_role
    from gyeol.tasks import SequenceTagger
    from gyeol.tasks.training.progress import Bar

    options = {"random_state": seed, "threads": threads, "time_limit": time_limit}
    model, run = begun(SequenceTagger, config, set, options, out, resume, force)
    named = has_role(data, "valid") and not Path(data).is_file()
    role = "train" if not named or has_role(data, "train") else "valid"
    train = _read(data, role, input, target, beside, within, names=names)
    if valid is not None and is_fasta(train.path):
        raise ParameterError("--valid is for files that hold their tags; of FASTA files a part is held back")
    watched = None
    if valid is not None or (named and role == "train"):
        spans = train.scheme is not None
        held = _read(valid or data, "valid", input, target, beside, within, names=train.names, spans=spans)
        watched = held.tokens, held.tags
    if not (quiet or json):
        note(f"{train.path.name}: {len(train.tokens):,} sentences, {sum(map(len, train.tokens)):,} tokens")
    progress = None if quiet or json else Bar("sentences")
    about: dict[str, Any] = {**train.about(), **({"beside": ",".join(beside)} if beside else {})}
    if train.names is not None:
        about["names"] = list(train.names)
    columns = {"input": input, "target": target, "within": within}
    if not is_fasta(train.path):  # whose target is a file, and another at the next time
        about |= {name: column for name, column in columns.items() if column is not None}
    model.fit(train.tokens, train.tags, validation=watched, **run.how, progress=progress, about=about)
    answer = ended(model, out, run)
    if json:
        object_out(answer)
    else:
        typer.echo(
            f"{_figures(answer)}   on {measured(answer)}, after epoch {answer['epoch']} of {answer['epochs']}, "
            f"{answer['seconds']:.0f} s"
        )
        typer.echo(f"saved: {out} ({answer['weights']:,} weights)")
        typer.echo(f'next:  gyeol predict {out} "..."     gyeol evaluate {out} TEST_FILE')
    stop_where_interrupted(answer)


def _figures(answer: dict[str, Any]) -> str:
    spans = (
        f"F1 of spans {percent(answer['f1'])} (precision {percent(answer['precision'])}, "
        f"recall {percent(answer['recall'])})   "
        if "f1" in answer
        else ""
    )
    return f"{spans}accuracy {percent(answer['accuracy'])}"


def _read(
    data: str, role: str, input: str | None, target: str | None, beside: list[str], within: str | None,
    need_tags: bool = True, names: str | list[str] | None = None, spans: bool | None = None,
) -> TaggedSentences:  # fmt: skip
    """Read tagged sentences, and say what the user should know of them."""
    from gyeol.data.tagging.sentences import read_tagged
    from gyeol.data.text.sources import find_source

    source = find_source(data, role, input=input, target=target, task="tag")
    found = read_tagged(
        source.path, input=source.input, target=source.target, beside=beside, within=within, need_tags=need_tags,
        names=names, spans=spans,
    )  # fmt: skip
    for line in found.notes:
        note(line)
    return found


def _columns(
    made: SequenceTagger, input: str | None, target: str | None
) -> tuple[str | None, str | None, list[str], str | None]:
    """Take the columns that the model was trained with, where none are named."""
    about = {name: made.about_.get(name) for name in ("input", "target", "beside", "within")}
    own = {name: column if isinstance(column, str) else None for name, column in about.items()}
    beside = own["beside"].split(",") if own["beside"] is not None else []
    return input or own["input"], target or own["target"], beside, own["within"]


def evaluate_tags(
    made: SequenceTagger, model: Path, data: str, input: str | None, target: str | None, json: bool
) -> None:
    """Print a tagger's figures on tagged sentences."""
    numbered = made.about_.get("names")  # of tags that are numbers
    known = [str(name) for name in numbered] if isinstance(numbered, list) else None
    test = _read(data, "test", *_columns(made, input, target), names=known, spans=made.spans_)
    figures = made.evaluate(test.tokens, test.tags)
    unknown = UnknownLetters(made, "sentences")
    unknown.more(test.tokens)
    note(unknown.told())
    note(_never_seen(test, made))
    if json:
        object_out({"model": str(model), **test.about(), **figures})
        return
    typer.echo(
        f"{_figures(figures)}   on {figures['count']:,} sentences, {figures['tokens']:,} tokens of {test.path.name}"
    )
    per = figures.get("per_kind") or figures["per_tag"]
    first = "spans" if "per_kind" in figures else "count"
    names = ("precision", "recall", "f1")
    rows = [[kind or "(no kind)", own[first], *(f"{own[n]:.3f}" for n in names)] for kind, own in per.items()]
    typer.echo(table([["", first, *names], *rows], right=range(1, 5)))


def _never_seen(test: TaggedSentences, made: SequenceTagger) -> str:
    """Say which tags of a file the model cannot give."""
    from gyeol.data.tagging.schemes import written_like

    known = {str(tag) for tag in made.classes_}
    rows = [written_like(tags, made.classes_) for tags in test.tags] if made.spans_ else test.tags
    counts = Counter(tag for tags in rows for tag in tags)
    other = [tag for tag in counts if tag not in known]
    if not other:
        return ""
    count = sum(counts[tag] for tag in other)
    listed = ", ".join(other[:6]) + (", ..." if len(other) > 6 else "")
    return (
        f"{test.path.name}: {count:,} of {counts.total():,} tokens have tags that were never seen in training "
        f"({listed}): they count as errors"
    )


def predict_tags(made: SequenceTagger, question: Question) -> None:
    """Tag texts, the lines of standard input, or the sentences of a file; in columns, a blank line after each.

    Sequences of FASTA keep their names; written into a .fa file, their tags are FASTA as well.
    """
    chunks, name = _asked_for(made, question)
    out = question.out
    form = "object" if question.json else "plain"
    plain = _columns_of
    if out is not None:
        form = {".json": "object", ".jsonl": "lines", ".ndjson": "lines"}.get(out.suffix.lower(), "plain")
        if out.suffix.lower() in _FASTA:
            _refuse_long_tags(made, out)
            plain = _record_of
    unknown = UnknownLetters(made, "sentences")
    empty: dict[str, Any] = {"tokens": [], "tags": []}
    layout = Layout((), lambda _: [], partial(_as_object, made), empty, shown="", plain=plain)
    how = replace(handling(question), alone=bool(question.texts))
    answers = Answers(chunks, partial(_tagged, made, unknown), layout, name, how, unknown.told)
    answers_out(answers, form, {"model": str(question.model)}, out, json=question.json)


def _asked_for(made: SequenceTagger, question: Question) -> tuple[Iterable[list[Item]], str]:
    """Give what is to be tagged, and what it comes from."""
    from gyeol.data.paths import check_file
    from gyeol.data.tables.lines import open_text
    from gyeol.data.tagging.layout import sentence_a_line
    from gyeol.data.text.fasta import is_fasta
    from gyeol.data.text.fasta_examples import fasta_examples

    file = question.file
    if question.texts:
        return [[Item(0, _cut(made, text)) for text in question.texts]], PIPE
    if file is None:
        _refuse_beside(made)
        return piped_items(lambda line, _: _cut(made, line), _CHUNK, blank=False, fasta=True), PIPE
    if is_fasta(Path(file)) and question.input is None:
        _refuse_beside(made)
        rows = (sequence_item(row, lambda letters, _: list(letters)) for row in fasta_examples(check_file(file)))
        return chunked(rows, _CHUNK), Path(file).name
    if (
        question.input is None
        and Path(str(file).lower().removesuffix(".gz")).suffix in (".txt", "")
        and not made.inputs_.beside
    ):
        path = check_file(file)
        if sentence_a_line(path, map(str, made.classes_), letters=made.letters_):
            lines = ((number, line) for number, line in open_text(path) if line.strip())
            return chunked((Item(number, _cut(made, line)) for number, line in lines), _CHUNK), path.name
    read = _read(file, "test", *_columns(made, question.input, None), need_tags=False)
    items = (Item(line, tokens) for line, tokens in zip(read.lines, read.tokens, strict=True))
    return chunked(items, _CHUNK), read.path.name


def _refuse_long_tags(made: SequenceTagger, out: Path) -> None:
    if long := [tag for tag in made.classes_ if len(tag) > 1]:
        raise ParameterError(
            f"--out {out}: FASTA holds a letter for a tag, and this model says {long[0]!r}; take .json"
        )


def _refuse_beside(made: SequenceTagger) -> None:
    if made.inputs_.beside:
        raise ParameterError("this model reads columns beside the tokens: give it a file of them with --file")


def _cut(made: SequenceTagger, text: str) -> list[str]:
    """Cut a text as the training's tokens were: into letters, or at white space."""
    _refuse_beside(made)
    tokens = [c for c in text if not c.isspace()] if made.letters_ else text.split()
    if not tokens:
        raise DataError("a text is empty: give at least one token")
    return tokens


_Tags = tuple[list[str], list[str], dict[str, float]]  # tokens, their tags, and what is to be told besides


def _tagged(made: SequenceTagger, unknown: UnknownLetters, sentences: list[list[Any]]) -> list[_Tags]:
    words = [[token if isinstance(token, str) else token[0] for token in tokens] for tokens in sentences]
    return list(zip(words, made.predict(sentences), unknown.more(sentences), strict=True))


def _columns_of(one: _Tags | None, item: Item) -> str:
    """Write a token a line, with its tag, and a blank line after the sentence; the name of a sequence above."""
    pairs = zip(one[0], one[1], strict=True) if one is not None else ()
    name = dict(item.others).get("name")
    head = f"# name = {one_line(name)}\n" if name is not None else ""
    return head + "".join(f"{one_line(word)}\t{tag}\n" for word, tag in pairs) + "\n"


def _record_of(one: _Tags | None, item: Item) -> str:
    """Write a record of FASTA: the name, and the tags as letters."""
    name = one_line(dict(item.others).get("name") or f"line_{item.line}")
    return f">{name}\n{''.join(one[1])}\n" if one is not None else ""


def _as_object(made: SequenceTagger, found: _Tags) -> dict[str, Any]:
    from gyeol.engine.metrics.spans import spans_of

    words, tags, more = found
    one: dict[str, Any] = {"tokens": words, "tags": tags, **more}
    if made.spans_:
        one["spans"] = [span._asdict() | {"tokens": words[span.start : span.end]} for span in spans_of(tags)]
    return one
