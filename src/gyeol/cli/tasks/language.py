"""``gyeol fit language``, ``generate``, ``suggest`` and ``score``; ``evaluate`` of language models."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.examples import Examples
from gyeol.cli.answers.output import note, object_out, one_line, pieces_out, report_reading, table
from gyeol.cli.answers.reading import SKIP, STRICT, find_trained_source, handling
from gyeol.cli.answers.rows import Item, chunked, file_texts
from gyeol.cli.answers.stream import Answers, Layout, formatted
from gyeol.cli.model import load_model
from gyeol.cli.options.training import HEADER, JSON, SKIP_BAD_ROWS, THREADS
from gyeol.cli.task_commands import Request, TaskCommands, TaskOption
from gyeol.cli.training import Training, measured_after
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.tasks import LanguageModel
    from gyeol.tasks.language.reader import Reader

__all__ = ["COMMANDS"]

_CHUNK = 64  # texts of a file scored at a time

_MODEL = typer.Argument(metavar="MODEL", help="Model of 'gyeol fit language'.")
_CACHE = TaskOption(
    "cache",
    str,
    typer.Option(
        None, "--cache", metavar="FILE", help="Language models: also evaluate with a neural cache, tuned on FILE."
    ),
    ("evaluate",),
)


def fit(
    data: str = typer.Argument(metavar="DATA", help="Text file with a text per line, or a data set."),
    valid: str = typer.Option(None, "--valid", metavar="FILE", help="Validation texts; default: the end of DATA."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column of texts, by name or number."),
    header: bool = HEADER,
    skip_bad_rows: bool = SKIP_BAD_ROWS,
    *,
    training: Training,
) -> None:
    """Train a language model: predict the next token.

    Lines form one continuous text; --set documents=line treats each as a text of its own. Ctrl-C saves the best model
    so far; --resume then continues.

    Examples: gyeol fit language book.txt --out my-book

    gyeol fit language ptb --out ptb --set tokenizer=whitespace --time-limit 20m
    """
    training.check(data, valid)
    from gyeol.data.mapped_texts import MappedTexts
    from gyeol.data.text.sources import Texts, find_source, has_role
    from gyeol.data.text.trained_columns import about_columns
    from gyeol.tasks import LanguageModel

    model = training.model(LanguageModel)
    source = find_source(data, "train", input=input, header=header)
    read = Texts(source, skip_bad_rows=skip_bad_rows)
    texts = MappedTexts.write(read)
    report_reading(read)
    validation = None
    if valid is not None or has_role(data, "valid"):
        part = Texts(find_source(valid or data, "valid", input=input, header=header), skip_bad_rows=skip_bad_rows)
        validation = MappedTexts.write(part), None
    training.note(f"{source.name}: {len(texts):,} lines, {sum(map(len, texts)) + len(texts):,} characters")
    about = {"data": source.name, **about_columns(read.columns)}
    training.fit(model, texts, None, validation=validation, noun="tokens", about=about)
    answer = training.save(model, vocabulary=len(model.inputs_.vocabulary))
    training.close(
        answer,
        [f"{_perplexity(answer)}   {measured_after(answer)}"],
        'gyeol generate {} --prompt "..."',
        'gyeol suggest {} "..."',
        saved=f"{{weights:,}} weights, {{vocabulary:,}} tokens ({model.inputs_.tokenizer.name})",
    )


def _perplexity(figures: dict[str, Any]) -> str:
    return f"perplexity {figures['perplexity']:.2f}   bits per character {figures['bits_per_character']:.3f}"


def examples(model: LanguageModel, request: Request) -> Examples:
    """Read texts."""
    from gyeol.data.text.sources import Texts

    source, missing = find_trained_source(model, request.data, request, task=None, need_target=False)
    read = Texts(source, skip_bad_rows=request.skip_bad_rows)
    texts = list(read)
    note(missing)
    report_reading(read)
    return Examples(texts, None, source.name, "lines", {"data": source.name, "input": source.input})


def evaluate(model: LanguageModel, request: Request) -> None:
    """Print a language model's figures on texts."""
    from gyeol.data.text.sources import Texts, find_source

    test = examples(model, request)
    texts = test.X
    figures: dict[str, Any] = model.evaluate(texts)
    if (cache := request.option("cache")) is not None:
        part = find_source(cache, "valid", input=test.about["input"], header=request.header)
        chosen = model.choose_cache(list(Texts(part, skip_bad_rows=request.skip_bad_rows)))
        cached = model.evaluate(texts, cache=chosen)
        figures["cached"] = {name: cached[name] for name in ("perplexity", "bits_per_character", "loss")}
        figures["cached"] |= {"size": chosen.size, "flatness": chosen.flatness, "share": chosen.share}
    if request.json:
        object_out({"model": str(request.model_path), "data": test.name, **figures})
        return
    typer.echo(
        f"{_perplexity(figures)}   on {figures['tokens']:,} tokens of {test.name}, "
        f"{figures['unknown']:,} of them unknown"
    )
    if cache is not None:
        cached = figures["cached"]
        typer.echo(
            f"{_perplexity(cached)}   with a cache of the last {cached['size']:,} tokens "
            f"(flatness {cached['flatness']}, share {cached['share']})"
        )


def generate(
    model_path: Path = _MODEL,
    prompt: str = typer.Option("", "--prompt", "-p", metavar="TEXT", help="Text to continue."),
    length: int = typer.Option(200, "--length", metavar="N", min=0, help="Maximum number of tokens."),
    temperature: float = typer.Option(
        0.8, "--temperature", metavar="T", help="Below 1: more predictable; above 1: more varied."
    ),
    top_k: int = typer.Option(None, "--top-k", metavar="K", help="Sample among the K most probable tokens."),
    top_p: float = typer.Option(
        None, "--top-p", metavar="P", help="Nucleus sampling: the most probable tokens whose sum reaches P."
    ),
    repetition_penalty: float = typer.Option(1.0, "--repetition-penalty", metavar="R", help="Above 1: repeat less."),
    stop: list[str] = typer.Option([], "--stop", metavar="TEXT", help="Stop before this text; may be repeated."),
    seed: int = typer.Option(None, "--seed", metavar="N", help="Random seed; default: a different text every time."),
    weights: str = typer.Option(
        "float32", "--weights", metavar="KIND", help="float32; or faster and less exact: bfloat16, int8."
    ),
    read: str = typer.Option(None, "--read", metavar="FILE", help="Text file to read before the prompt."),
    state: Path = typer.Option(
        None,
        "--state",
        metavar="FILE",
        help="Continue from the state in FILE, if it exists, and save the new state there.",
    ),
    threads: int = THREADS,
    json: bool = JSON,
) -> None:
    """Continue a prompt, streaming.

    Examples: gyeol generate my-book --prompt "옛날 옛적에" --temperature 0.7

    gyeol generate my-book --read chapter.txt --length 0 --state so-far
    """
    from gyeol.data.text.sources import Texts, find_source

    model = _language_model(model_path, threads)
    reader = _reader(model, state, new=True, weights=weights)
    for line in Texts(find_source(read, "test")) if read is not None else ():
        reader.read(f"{line}\n")
    pieces = model.stream(
        prompt, length, temperature=temperature, top_k=top_k, top_p=top_p, repetition_penalty=repetition_penalty,
        stop=stop, random_state=seed, reader=reader,
    )  # fmt: skip
    if json:
        object_out({"model": str(model_path), "prompt": prompt, "text": "".join(pieces)})
    else:
        sys.stdout.write(prompt)
        for piece in pieces:
            sys.stdout.write(piece)
            sys.stdout.flush()
        sys.stdout.write("\n")
    if state is not None:
        reader.save(state)


def _reader(model: LanguageModel, state: Path | None, *, new: bool, weights: str = "float32") -> Reader:
    reader = model.reader(weights=weights)
    if state is not None and (state.exists() or not new):
        reader.restore(state)
    return reader


def suggest(
    model_path: Path = _MODEL,
    prefix: str = typer.Argument("", metavar="PREFIX", help="Text so far; ends with a space to suggest a new word."),
    top: int = typer.Option(5, "--top", metavar="K", min=1, help="Number of suggestions."),
    state: Path = typer.Option(
        None, "--state", metavar="FILE", help="Text read before: a file of gyeol generate --state."
    ),
    threads: int = THREADS,
    json: bool = JSON,
) -> None:
    """Suggest the next word, or complete the current one.

    Example: gyeol suggest my-book "옛날 옛" --top 5
    """
    model = _language_model(model_path, threads)
    words = model.suggest(prefix, top, reader=_reader(model, state, new=False))
    if json:
        answers = [{"word": word, "probability": share} for word, share in words]
        object_out({"model": str(model_path), "prefix": prefix, "suggestions": answers})
        return
    if not words:
        raise DataError("the model knows no word that starts like this")
    typer.echo(table([[one_line(word), f"{share:.4f}"] for word, share in words], right=[1]))


def score(
    model_path: Path = _MODEL,
    texts: list[str] = typer.Argument(None, metavar="TEXT", help="Texts to score."),
    file: str = typer.Option(None, "--file", "-f", metavar="FILE", help="File of texts, scored one by one."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column of texts in FILE."),
    header: bool = HEADER,
    skip_bad_rows: bool = SKIP,
    strict: bool = STRICT,
    threads: int = THREADS,
    json: bool = JSON,
) -> None:
    """Score texts: perplexity.

    For texts given as arguments, also the probability of each token.

    Example: gyeol score my-book "나는 학교를 먹었다"
    """
    model = _language_model(model_path, threads)
    if bool(texts) == (file is not None):
        raise ParameterError('give either texts or --file FILE: gyeol score MODEL "나는 학교에 간다"')
    if file is not None:
        request = Request(
            model_path, json, file=file, input=input, skip_bad_rows=skip_bad_rows, strict=strict, header=header
        )
        _score_file(model, request)
        return
    answers = []
    for text in texts:
        tokens = model.score_tokens(text)
        answers.append({"text": text, **_scores(model, text), "tokens": [[t, p] for t, p in tokens]})
    if json:
        object_out({"model": str(model_path), "scores": answers})
        return
    for answer in answers:
        typer.echo(f"perplexity {answer['perplexity']:.2f}   {one_line(answer['text'])[:100]}")
        typer.echo(table([["  " + one_line(t), f"{p:.6f}"] for t, p in answer["tokens"]], right=[1]))


def _score_file(model: LanguageModel, request: Request) -> None:
    """Print line and perplexity of each text of a file; a text without one keeps its place."""
    source, missing = find_trained_source(model, request.file or "", request, task=None, need_target=False)
    layout = Layout((), lambda _: [], lambda one: {"perplexity": one}, {"perplexity": None}, plain=_scored)
    answers = Answers(
        chunked(file_texts(source, missing), _CHUNK),
        lambda texts: [model.evaluate([text])["perplexity"] for text in texts],
        layout,
        source.name,
        handling(request),
    )
    about = {"model": str(request.model_path), "file": request.file}
    form = "object" if request.json else "plain"
    pieces_out(formatted(answers, form, about, rows="scores"), None)


def _scored(figure: float | None, item: Item) -> str:
    return f"{item.line}\t{'-' if figure is None else format(figure, '.2f')}\t{one_line(item.text)[:100]}\n"


def _scores(model: LanguageModel, text: str) -> dict[str, float]:
    figures = model.evaluate([text])
    return {name: figures[name] for name in ("perplexity", "bits_per_character")}


def _language_model(path: Path, threads: int | None) -> LanguageModel:
    model: LanguageModel = load_model(path, threads, task="language")
    return model


COMMANDS = TaskCommands(
    fit, evaluate, "generate, suggest or score", examples=examples,
    verbs={"generate": generate, "suggest": suggest, "score": score}, options=(_CACHE,),
    evaluates_without_bad_rows=True,
)  # fmt: skip
