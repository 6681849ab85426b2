"""``gyeol fit language``, ``generate``, ``suggest``, ``score``: language models trained and asked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.asking import SKIP, STRICT, find_asked, handling
from gyeol.cli.answers.output import note, object_out, one_line, pieces_out, table, told
from gyeol.cli.answers.rows import Item, chunked, file_texts
from gyeol.cli.answers.stream import Answers, Layout, written
from gyeol.cli.model import load_model
from gyeol.cli.options.first_checks import check_first
from gyeol.cli.options.training import (
    CONFIG,
    FORCE,
    HEADER,
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
from gyeol.cli.tasks.table import Question
from gyeol.cli.training import begun, ended, measured, stop_where_interrupted
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.tasks import LanguageModel
    from gyeol.tasks.language.reader import Reader

__all__ = ["evaluate_language", "generate", "language", "score", "suggest"]

_CHUNK = 64  # texts of a file scored at a time

_MODEL = typer.Argument(metavar="MODEL", help="A model folder of gyeol fit language.")


def language(
    data: str = typer.Argument(metavar="DATA", help="A text file, a line a text, or a named data set."),
    out: Path = OUT,
    valid: str = typer.Option(None, "--valid", metavar="FILE", help="Texts to watch; else the last lines of DATA."),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column of the texts, by name or number."),
    config: Path = CONFIG,
    set: list[str] = SET,
    seed: int = SEED,
    time_limit: str = TIME_LIMIT,
    threads: int = THREADS,
    resume: bool = RESUME,
    force: bool = FORCE,
    header: bool = HEADER,
    skip_bad_rows: bool = typer.Option(False, "--skip-bad-rows", help="Leave out rows that cannot be read."),
    settings: bool = settings_option("language"),
    json: bool = JSON,
    quiet: bool = QUIET,
) -> None:
    """Learn what comes next: many to many, in step.

    A file's lines follow one another; --set documents=line reads each alone. Ctrl-C saves the best model so far;
    --resume then goes on.

    Examples: gyeol fit language book.txt --out my-book

    gyeol fit language ptb --out ptb --set tokenizer=whitespace --time-limit 20m
    """
    check_first(("language",), out, config, set, time_limit, resume, data, valid)
    from gyeol.data.mapped_texts import MappedTexts
    from gyeol.data.text.sources import Texts, find_source, has_role
    from gyeol.data.text.trained_columns import about_columns
    from gyeol.tasks import LanguageModel
    from gyeol.tasks.training.progress import Bar

    options = {"random_state": seed, "threads": threads, "time_limit": time_limit}
    model, run = begun(LanguageModel, config, set, options, out, resume, force)
    source = find_source(data, "train", input=input, header=header)
    read = Texts(source, skip_bad_rows=skip_bad_rows)
    texts = MappedTexts.write(read)
    told(read)
    held = None
    if valid is not None or has_role(data, "valid"):
        watched = Texts(find_source(valid or data, "valid", input=input, header=header), skip_bad_rows=skip_bad_rows)
        held = MappedTexts.write(watched), None
    if not (quiet or json):
        note(f"{source.name}: {len(texts):,} lines, {sum(map(len, texts)) + len(texts):,} characters")
    about = {"data": source.name, **about_columns(read.columns)}
    progress = None if quiet or json else Bar("tokens", shares=False)
    model.fit(texts, validation=held, **run.how, progress=progress, about=about)
    answer = ended(model, out, run, vocabulary=len(model.inputs_.vocabulary))
    if json:
        object_out(answer)
    else:
        typer.echo(
            f"perplexity {answer['perplexity']:.2f}   bits per character {answer['bits_per_character']:.3f}   "
            f"on {measured(answer)}, after epoch {answer['epoch']} of {answer['epochs']}, {answer['seconds']:.0f} s"
        )
        size = f"{answer['weights']:,} weights, {answer['vocabulary']:,} tokens ({model.inputs_.tokenizer.name})"
        typer.echo(f"saved: {out} ({size})")
        typer.echo(f'next:  gyeol generate {out} --prompt "..."     gyeol suggest {out} "..."')
    stop_where_interrupted(answer)


def evaluate_language(made: LanguageModel, question: Question) -> None:
    """Print a language model's figures on texts."""
    from gyeol.data.text.sources import Texts, find_source

    model, cache, json = question.model, question.cache, question.json
    source, lacking = find_asked(made, question.data, question, task=None, need_target=False)
    read = Texts(source, skip_bad_rows=question.skip_bad_rows)
    texts = list(read)
    for line in (lacking, *read.notes, read.left_out()):
        note(line)
    figures: dict[str, Any] = made.evaluate(texts)
    if cache is not None:
        held = Texts(
            find_source(cache, "valid", input=source.input, header=question.header),
            skip_bad_rows=question.skip_bad_rows,
        )
        chosen = made.choose_cache(list(held))
        told = made.evaluate(texts, cache=chosen)
        figures["cached"] = {name: told[name] for name in ("perplexity", "bits_per_character", "loss")}
        figures["cached"] |= {"size": chosen.size, "flatness": chosen.flatness, "share": chosen.share}
    if json:
        object_out({"model": str(model), "data": source.name, **figures})
        return
    typer.echo(
        f"perplexity {figures['perplexity']:.2f}   bits per character {figures['bits_per_character']:.3f}   "
        f"on {figures['tokens']:,} tokens of {source.name}, {figures['unknown']:,} of them unknown"
    )
    if cache is not None:
        told = figures["cached"]
        typer.echo(
            f"perplexity {told['perplexity']:.2f}   bits per character {told['bits_per_character']:.3f}   with a cache "
            f"of the last {told['size']:,} tokens (flatness {told['flatness']}, share {told['share']})"
        )


def generate(
    model: Path = _MODEL,
    prompt: str = typer.Option("", "--prompt", "-p", metavar="TEXT", help="What comes before."),
    length: int = typer.Option(200, "--length", metavar="N", min=0, help="Tokens at most."),
    temperature: float = typer.Option(0.8, "--temperature", metavar="T", help="Lower: what is likely, likelier."),
    top_k: int = typer.Option(None, "--top-k", metavar="K", help="Among the K most probable only."),
    top_p: float = typer.Option(None, "--top-p", metavar="P", help="Among the fewest that have this share together."),
    repetition_penalty: float = typer.Option(1.0, "--repetition-penalty", metavar="R", help="Above 1: less again."),
    stop: list[str] = typer.Option([], "--stop", metavar="TEXT", help="End before this text; may stand again."),
    seed: int = typer.Option(None, "--seed", metavar="N", help="Same seed: the same text; else another each time."),
    weights: str = typer.Option(
        "float32", "--weights", metavar="KIND", help="float32, or faster and a little less exact: bfloat16, int8."
    ),
    read: str = typer.Option(None, "--read", metavar="FILE", help="A text to read before the prompt."),
    state: Path = typer.Option(
        None, "--state", metavar="FILE", help="Go on from what was read, kept here, and keep what is read now."
    ),
    threads: int = THREADS,
    json: bool = JSON,
) -> None:
    """Write on after a prompt, as it comes.

    Examples: gyeol generate my-book --prompt "옛날 옛적에" --temperature 0.7

    gyeol generate my-book --read chapter.txt --length 0 --state so-far
    """
    from gyeol.data.text.sources import Texts, find_source

    made = language_model(model, threads)
    reader = _reader(made, state, new=True, weights=weights)
    for line in Texts(find_source(read, "test")) if read is not None else ():
        reader.read(f"{line}\n")
    pieces = made.stream(
        prompt, length, temperature=temperature, top_k=top_k, top_p=top_p, repetition_penalty=repetition_penalty,
        stop=stop, random_state=seed, reader=reader,
    )  # fmt: skip
    if json:
        object_out({"model": str(model), "prompt": prompt, "text": "".join(pieces)})
    else:
        sys.stdout.write(prompt)
        for piece in pieces:
            sys.stdout.write(piece)
            sys.stdout.flush()
        sys.stdout.write("\n")
    if state is not None:
        reader.save(state)


def _reader(made: LanguageModel, state: Path | None, *, new: bool, weights: str = "float32") -> Reader:
    reader = made.reader(weights=weights)
    if state is not None and (state.exists() or not new):
        reader.restore(state)
    return reader


def suggest(
    model: Path = _MODEL,
    prefix: str = typer.Argument("", metavar="PREFIX", help="What was typed; a space at its end asks for a new word."),
    top: int = typer.Option(5, "--top", metavar="K", min=1, help="How many words."),
    state: Path = typer.Option(
        None, "--state", metavar="FILE", help="What was read before: a file of gyeol generate --state."
    ),
    threads: int = THREADS,
    json: bool = JSON,
) -> None:
    """Suggest the next word, or the end of the word begun.

    Example: gyeol suggest my-book "옛날 옛" --top 5
    """
    made = language_model(model, threads)
    words = made.suggest(prefix, top, reader=_reader(made, state, new=False))
    if json:
        answers = [{"word": word, "probability": share} for word, share in words]
        object_out({"model": str(model), "prefix": prefix, "suggestions": answers})
        return
    if not words:
        raise DataError("the model knows no word that goes on so")
    typer.echo(table([[one_line(word), f"{share:.4f}"] for word, share in words], right=[1]))


def score(
    model: Path = _MODEL,
    texts: list[str] = typer.Argument(None, metavar="TEXT", help="Texts."),
    file: str = typer.Option(None, "--file", "-f", metavar="FILE", help="A file of texts: one figure each."),
    input: str = typer.Option(None, "--input", metavar="COL", help="The column of the texts in FILE."),
    header: bool = HEADER,
    skip_bad_rows: bool = SKIP,
    strict: bool = STRICT,
    threads: int = THREADS,
    json: bool = JSON,
) -> None:
    """Say how odd texts are: perplexity.

    Of a text given here, also the probability of every token.

    Example: gyeol score my-book "나는 학교를 먹었다"
    """
    made = language_model(model, threads)
    if bool(texts) == (file is not None):
        raise ParameterError('give texts, or --file FILE: gyeol score MODEL "나는 학교에 간다"')
    if file is not None:
        question = Question(
            model, json, file=file, input=input, skip_bad_rows=skip_bad_rows, strict=strict, header=header
        )
        _score_file(made, question)
        return
    answers = []
    for text in texts:
        tokens = made.score_tokens(text)
        answers.append({"text": text, **_figures(made, text), "tokens": [[t, p] for t, p in tokens]})
    if json:
        object_out({"model": str(model), "scores": answers})
        return
    for answer in answers:
        typer.echo(f"perplexity {answer['perplexity']:.2f}   {one_line(answer['text'])[:100]}")
        typer.echo(table([["  " + one_line(t), f"{p:.6f}"] for t, p in answer["tokens"]], right=[1]))


def _score_file(made: LanguageModel, question: Question) -> None:
    """Print a figure for each text of a file, with its line; a text that has none keeps its place."""
    source, lacking = find_asked(made, question.file or "", question, task=None, need_target=False)
    layout = Layout((), lambda _: [], lambda one: {"perplexity": one}, {"perplexity": None}, plain=_scored)
    answers = Answers(
        chunked(file_texts(source, lacking), _CHUNK),
        lambda texts: [made.evaluate([text])["perplexity"] for text in texts],
        layout,
        source.name,
        handling(question),
    )
    about = {"model": str(question.model), "file": question.file}
    form = "object" if question.json else "plain"
    pieces_out(written(answers, form, about, rows="scores"), None)


def _scored(figure: float | None, item: Item) -> str:
    return f"{item.line}\t{'-' if figure is None else format(figure, '.2f')}\t{one_line(item.text)[:100]}\n"


def _figures(made: LanguageModel, text: str) -> dict[str, float]:
    figures = made.evaluate([text])
    return {name: figures[name] for name in ("perplexity", "bits_per_character")}


def language_model(path: Path, threads: int | None) -> LanguageModel:
    """Load a language model, and nothing else."""
    made: LanguageModel = load_model(path, threads, task="language")
    return made
