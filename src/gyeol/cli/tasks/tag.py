"""``gyeol fit tag``; ``evaluate`` and ``predict`` of its models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.examples import Examples
from gyeol.cli.answers.output import note, object_out, one_line, percent, table
from gyeol.cli.answers.reading import PIPE, answers_out, handling
from gyeol.cli.answers.rows import Item, chunked, piped_items, sequence_item
from gyeol.cli.answers.stream import Answers, Layout
from gyeol.cli.answers.unknown import UnknownLetters
from gyeol.cli.task_commands import Request, TaskCommands
from gyeol.cli.training import Training, measured_after
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.data.tagging.sentences import TaggedSentences
    from gyeol.tasks import SequenceTagger

__all__ = ["COMMANDS"]

_FASTA = (".fa", ".fasta", ".fna", ".faa")
_CHUNK = 2048  # sentences answered at a time


def fit(
    data: str = typer.Argument(metavar="DATA", help="File in CoNLL, CoNLL-U, JSON lines or FASTA, or a data set."),
    valid: str = typer.Option(None, "--valid", metavar="FILE", help="Validation sentences; default: a part of DATA."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column of tokens, by number, name or key."),
    target: str = typer.Option(None, "--target", metavar="COL", help="Column of tags; for FASTA, the file of tags."),
    beside: list[str] = typer.Option(
        [], "--beside", metavar="COL", help="Column of another feature, such as parts of speech; may be repeated."
    ),
    within: str = typer.Option(
        None, "--within", metavar="COL", help="Column that tells which word a token belongs to, such as its number."
    ),
    names: str = typer.Option(
        None, "--names", metavar="NAMES", help="Names of numbered tags: O,B-PER,I-PER or a file with them."
    ),
    *,
    training: Training,
) -> None:
    """Learn to tag tokens: names, parts of speech.

    Proteins and DNA are tagged letter by letter.

    Tags of spans (IOB1, BIO, IOE, BIOES, BILOU, BMEWO) are read as BIO and measured by span F1, as conlleval does;
    other tags by accuracy.

    Examples: gyeol fit tag train.conll --valid dev.conll --out names

    gyeol fit tag ko_gsd-ud-dev.conllu --target upos --out parts-of-speech

    gyeol fit tag korean_ner --beside 3 --within 1 --out names

    gyeol fit tag ner.jsonl --names O,B-PER,I-PER,B-LOC,I-LOC --out names

    gyeol fit tag proteins.fa --target structure.fa --out structure

    gyeol predict structure --file new.fa --out tags.fa
    """
    training.check(data, valid)
    from gyeol.data.text.fasta import is_fasta
    from gyeol.data.text.sources import has_role
    from gyeol.tasks import SequenceTagger

    model = training.model(SequenceTagger)
    has_validation = has_role(data, "valid") and not Path(data).is_file()
    role = "train" if not has_validation or has_role(data, "train") else "valid"
    train = _read(data, role, input, target, beside, within, names=names)
    if valid is not None and is_fasta(train.path):
        raise ParameterError("--valid needs a file that holds its tags; for FASTA a part of DATA is held out")
    validation = None
    if valid is not None or (has_validation and role == "train"):
        spans = train.scheme is not None
        part = _read(valid or data, "valid", input, target, beside, within, names=train.names, spans=spans)
        validation = part.tokens, part.tags
    training.note(f"{train.path.name}: {len(train.tokens):,} sentences, {sum(map(len, train.tokens)):,} tokens")
    about: dict[str, Any] = {**train.about(), **({"beside": ",".join(beside)} if beside else {})}
    if train.names is not None:
        about["names"] = list(train.names)
    columns = {"input": input, "target": target, "within": within}
    if not is_fasta(train.path):  # its target is a file, and another one next time
        about |= {name: column for name, column in columns.items() if column is not None}
    training.fit(model, train.tokens, train.tags, validation=validation, noun="sentences", shares=True, about=about)
    answer = training.save(model)
    training.close(
        answer,
        [f"{_figures(answer)}   {measured_after(answer)}"],
        'gyeol predict {} "..."',
        "gyeol evaluate {} TEST_FILE",
    )


def _figures(answer: dict[str, Any]) -> str:
    spans = (
        f"span F1 {percent(answer['f1'])} (precision {percent(answer['precision'])}, "
        f"recall {percent(answer['recall'])})   "
        if "f1" in answer
        else ""
    )
    return f"{spans}accuracy {percent(answer['accuracy'])}"


def _read(
    data: str, role: str, input: str | None, target: str | None, beside: list[str], within: str | None,
    need_tags: bool = True, names: str | list[str] | None = None, spans: bool | None = None,
) -> TaggedSentences:  # fmt: skip
    """Read tagged sentences, and print the notes on how."""
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
    model: SequenceTagger, input: str | None, target: str | None
) -> tuple[str | None, str | None, list[str], str | None]:
    """Return the columns to read: those given, or those of the training file."""
    about = {name: model.about_.get(name) for name in ("input", "target", "beside", "within")}
    own = {name: column if isinstance(column, str) else None for name, column in about.items()}
    beside = own["beside"].split(",") if own["beside"] is not None else []
    return input or own["input"], target or own["target"], beside, own["within"]


def examples(model: SequenceTagger, request: Request) -> Examples:
    """Read tagged sentences."""
    numbered = model.about_.get("names")  # where tags are numbers
    known = [str(name) for name in numbered] if isinstance(numbered, list) else None
    test = _read(request.data, "test", *_columns(model, request.input, request.target), names=known, spans=model.spans_)

    def finish() -> None:
        unknown = UnknownLetters(model, "sentences")
        unknown.more(test.tokens)
        note(unknown.report())
        note(_unseen_tags(test, model))

    return Examples(
        test.tokens, test.tags, test.path.name, "sentences", test.about(), test.lines, str(test.path), finish=finish
    )


def evaluate(model: SequenceTagger, request: Request) -> None:
    """Print a tagger's figures on tagged sentences."""
    test = examples(model, request)
    figures = model.evaluate(test.X, test.y)
    test.finish()
    if request.json:
        object_out({"model": str(request.model_path), **test.object(), **figures})
        return
    typer.echo(f"{_figures(figures)}   on {figures['count']:,} sentences, {figures['tokens']:,} tokens of {test.name}")
    per = figures.get("per_kind") or figures["per_tag"]
    first = "spans" if "per_kind" in figures else "count"
    names = ("precision", "recall", "f1")
    rows = [[kind or "(no kind)", own[first], *(f"{own[n]:.3f}" for n in names)] for kind, own in per.items()]
    typer.echo(table([["", first, *names], *rows], right=range(1, 5)))


def _unseen_tags(test: TaggedSentences, model: SequenceTagger) -> str:
    """Note the tags of a file that did not occur in training."""
    from gyeol.data.tagging.schemes import written_like

    known = {str(tag) for tag in model.classes_}
    rows = [written_like(tags, model.classes_) for tags in test.tags] if model.spans_ else test.tags
    counts = Counter(tag for tags in rows for tag in tags)
    other = [tag for tag in counts if tag not in known]
    if not other:
        return ""
    count = sum(counts[tag] for tag in other)
    listed = ", ".join(other[:6]) + (", ..." if len(other) > 6 else "")
    return (
        f"{test.path.name}: {count:,} of {counts.total():,} tokens have tags that did not occur in training "
        f"({listed}); they count as errors"
    )


def predict(model: SequenceTagger, request: Request) -> None:
    """Tag texts, the lines of standard input, or the sentences of a file; in columns, a blank line after each.

    FASTA sequences keep their names; in a .fa file the tags are written as FASTA too.
    """
    chunks, name = _sentences(model, request)
    out = request.out
    form = "object" if request.json else "plain"
    plain = _columns_of
    if out is not None:
        form = {".json": "object", ".jsonl": "lines", ".ndjson": "lines"}.get(out.suffix.lower(), "plain")
        if out.suffix.lower() in _FASTA:
            _refuse_long_tags(model, out)
            plain = _record_of
    unknown = UnknownLetters(model, "sentences")
    empty: dict[str, Any] = {"tokens": [], "tags": []}
    layout = Layout((), lambda _: [], partial(_as_object, model), empty, shown="", plain=plain)
    how = replace(handling(request), alone=bool(request.texts))
    answers = Answers(chunks, partial(_tagged, model, unknown), layout, name, how, unknown.report)
    answers_out(answers, form, {"model": str(request.model_path)}, out, json=request.json)


def _sentences(model: SequenceTagger, request: Request) -> tuple[Iterable[list[Item]], str]:
    """Return what to tag, and the name of its source."""
    from gyeol.data.paths import check_file
    from gyeol.data.tables.lines import open_text
    from gyeol.data.tagging.layout import sentence_a_line
    from gyeol.data.text.fasta import is_fasta
    from gyeol.data.text.fasta_examples import fasta_examples

    file = request.file
    if request.texts:
        return [[Item(0, _split(model, text)) for text in request.texts]], PIPE
    if file is None:
        _refuse_beside(model)
        return piped_items(lambda line, _: _split(model, line), _CHUNK, blank=False, fasta=True), PIPE
    if is_fasta(Path(file)) and request.input is None:
        _refuse_beside(model)
        rows = (sequence_item(row, lambda letters, _: list(letters)) for row in fasta_examples(check_file(file)))
        return chunked(rows, _CHUNK), Path(file).name
    if (
        request.input is None
        and Path(str(file).lower().removesuffix(".gz")).suffix in (".txt", "")
        and not model.inputs_.beside
    ):
        path = check_file(file)
        if sentence_a_line(path, map(str, model.classes_), letters=model.letters_):
            lines = ((number, line) for number, line in open_text(path) if line.strip())
            return chunked((Item(number, _split(model, line)) for number, line in lines), _CHUNK), path.name
    read = _read(file, "test", *_columns(model, request.input, None), need_tags=False)
    items = (Item(line, tokens) for line, tokens in zip(read.lines, read.tokens, strict=True))
    return chunked(items, _CHUNK), read.path.name


def _refuse_long_tags(model: SequenceTagger, out: Path) -> None:
    if long := [tag for tag in model.classes_ if len(tag) > 1]:
        raise ParameterError(
            f"--out {out}: FASTA has one letter per tag, but this model has the tag {long[0]!r}; write .json instead"
        )


def _refuse_beside(model: SequenceTagger) -> None:
    if model.inputs_.beside:
        raise ParameterError("this model reads further columns beside the tokens: give them in a file, with --file")


def _split(model: SequenceTagger, text: str) -> list[str]:
    """Split a text like the training data: into letters, or at white space."""
    _refuse_beside(model)
    tokens = [c for c in text if not c.isspace()] if model.letters_ else text.split()
    if not tokens:
        raise DataError("a text is empty; expected at least one token")
    return tokens


_Tags = tuple[list[str], list[str], dict[str, float]]  # tokens, their tags, and remarks


def _tagged(model: SequenceTagger, unknown: UnknownLetters, sentences: list[list[Any]]) -> list[_Tags]:
    words = [[token if isinstance(token, str) else token[0] for token in tokens] for tokens in sentences]
    return list(zip(words, model.predict(sentences), unknown.more(sentences), strict=True))


def _columns_of(one: _Tags | None, item: Item) -> str:
    """Write one token and tag per line, a blank line after the sentence, and the name of a sequence before it."""
    pairs = zip(one[0], one[1], strict=True) if one is not None else ()
    name = dict(item.others).get("name")
    head = f"# name = {one_line(name)}\n" if name is not None else ""
    return head + "".join(f"{one_line(word)}\t{tag}\n" for word, tag in pairs) + "\n"


def _record_of(one: _Tags | None, item: Item) -> str:
    """Write a FASTA record: the name, and the tags as letters."""
    name = one_line(dict(item.others).get("name") or f"line_{item.line}")
    return f">{name}\n{''.join(one[1])}\n" if one is not None else ""


def _as_object(model: SequenceTagger, found: _Tags) -> dict[str, Any]:
    from gyeol.engine.metrics.spans import spans_of

    words, tags, more = found
    one: dict[str, Any] = {"tokens": words, "tags": tags, **more}
    if model.spans_:
        one["spans"] = [span._asdict() | {"tokens": words[span.start : span.end]} for span in spans_of(tags)]
    return one


COMMANDS = TaskCommands(fit, evaluate, predict, examples=examples, read_one=_split, reads_text=True)
