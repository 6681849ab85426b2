"""``gyeol demo``: the built-in reviews, from file to prediction."""

from __future__ import annotations

from pathlib import Path

import typer

from gyeol.cli.answers.output import confusion, object_out, percent, table
from gyeol.cli.options.training import JSON, THREADS

__all__ = ["demo"]

_TEXTS = (
    "다시 보고 싶은 영화네요 강추!",
    "한 시간 기다렸는데 다 식어서 왔어요 ㅡㅡ",
    "별로일 줄 알았는데 생각보다 괜찮음ㅋㅋ",
)


def demo(
    out: Path = typer.Option(Path("demo-model"), "--out", "-o", metavar="MODEL", help="Folder to write the model to."),
    seed: int = typer.Option(0, "--seed", metavar="N", help="Random seed."),
    threads: int = THREADS,
    json: bool = JSON,
) -> None:
    """Train on the built-in Korean reviews, and predict.

    Trains an LSTM and a TF-IDF baseline, evaluates both, and classifies three sentences.
    """
    from gyeol import kernels
    from gyeol.data.text.sources import find_source, read_labelled
    from gyeol.tasks import TextClassifier
    from gyeol.tasks.storage import check_place
    from gyeol.tasks.training.progress import Bar

    check_place(out)
    train, valid, test = (read_labelled(find_source("reviews", role)) for role in ("train", "valid", "test"))
    if not json:
        typer.echo(
            f"{len(train.texts):,} reviews to train on, {len(valid.texts):,} to validate, {len(test.texts):,} to test"
        )
        typer.echo(f"kernels: {kernels.describe()}\n")
    results = {}
    models = {}
    for name, features in (("lstm", None), ("tfidf baseline", "tfidf")):
        model = TextClassifier(features=features, random_state=seed, threads=threads)
        model.fit(
            train.texts,
            train.labels,
            validation=(valid.texts, valid.labels),
            progress=None if json else Bar(),
            about=train.about(),
        )
        if model.history_.stopped == "interrupted":
            raise KeyboardInterrupt
        results[name] = {**model.evaluate(test.texts, test.labels), "seconds": round(model.history_.seconds, 1)}
        models[name] = model
    models["lstm"].save(out)
    probabilities = models["lstm"].predict_proba(list(_TEXTS))
    classes = [str(c) for c in models["lstm"].classes_]
    if json:
        object_out(
            {
                "model": str(out),
                "accuracy": results["lstm"]["accuracy"],
                "baseline_accuracy": results["tfidf baseline"]["accuracy"],
                "confusion": results["lstm"]["confusion"],
                "classes": classes,
                "seconds": results["lstm"]["seconds"],
                "predictions": [
                    {"text": text, "label": classes[row.argmax()], "probability": float(row.max())}
                    for text, row in zip(_TEXTS, probabilities, strict=True)
                ],
            }
        )
        return
    rows = [
        [name, percent(r["accuracy"]), f"{r['macro_f1']:.3f}", f"{r['seconds']:.0f}"] for name, r in results.items()
    ]
    typer.echo("\n" + table([["on the test part", "accuracy", "macro F1", "seconds"], *rows], right=[1, 2, 3]))
    typer.echo("\n" + confusion(results["lstm"], classes) + "\n")
    answers = [
        [classes[row.argmax()], f"{row.max():.3f}", text] for text, row in zip(_TEXTS, probabilities, strict=True)
    ]
    typer.echo(table(answers))
    typer.echo(f'\nThe model is in {out}. Next, try a sentence of your own:\n\n  gyeol predict {out} "..."\n')
    typer.echo("or train on a file of yours:\n\n  gyeol fit classify FILE.csv --out MODEL\n")
