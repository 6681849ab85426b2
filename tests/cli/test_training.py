"""What all fits have in common: other models are kept, time limits are taken further, figures say what they are of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROWS, TINY, Run, table_of
from .verbs.test_fit import digest, left


@pytest.fixture
def fit(gyeol: Run, tmp_path: Path, reviews: Path) -> Run:
    def run(*more: object) -> Any:
        return gyeol("fit", "classify", reviews, "--out", tmp_path / "m", *TINY, "-q", "--set", "epochs=1", *more)

    return run


def test_another_model_is_kept_under_the_next_free_name(fit: Run, tmp_path: Path) -> None:
    assert "kept" not in fit("--seed", 1).err
    first = digest(tmp_path / "m")
    assert (
        f"the earlier model at {tmp_path / 'm'} was renamed to {tmp_path / 'm.1'} (--force replaces it)"
        in fit("--seed", 2).err
    )
    second = digest(tmp_path / "m")
    (tmp_path / "m.2").mkdir()  # a name that is taken, even by nothing
    assert fit("--seed", 3, "--json").object["kept"] == str(tmp_path / "m.3")
    assert [digest(tmp_path / name) for name in ("m.1", "m.3")] == [first, second]
    assert len({first, second, digest(tmp_path / "m")}) == 3
    assert "kept" not in fit("--seed", 4, "--force").err
    assert left(tmp_path) == ["m", "m.1", "m.2", "m.3"]


def test_a_kept_model_is_whole(gyeol: Run, fit: Run, tmp_path: Path) -> None:
    fit("--seed", 1)
    before = {p.name: p.read_bytes() for p in (tmp_path / "m").iterdir()}
    fit("--seed", 2)
    assert {p.name: p.read_bytes() for p in (tmp_path / "m.1").iterdir()} == before
    assert gyeol("predict", tmp_path / "m.1", "정말 좋아요").status == 0


def test_nothing_but_a_model_is_ever_replaced(fit: Run, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "letter.txt").write_text("dear")
    assert "other things in it" in fit("--force").mistake
    assert left(tmp_path) == ["m"]


def test_a_time_limit_is_taken_further_and_replaces_its_own_model(gyeol: Run, fit: Run, tmp_path: Path) -> None:
    endless = ["--set", "epochs=9999", "--set", "patience=9999"]
    fit("--seed", 5)
    done = fit(*endless, "--time-limit", "0.2s", "--json")
    assert done.object["stopped"] == "time limit"
    assert "rerun with --resume and a new --time-limit to continue" in done.err
    assert done.object["kept"] == str(tmp_path / "m.1")  # that of seed 5
    assert left(tmp_path) == ["m", "m.1", "m.checkpoint"]
    assert gyeol("predict", tmp_path / "m", "정말 좋아요").status == 0
    for limit in ("0.4s", "2s", "10s"):  # on a busy machine, reading the checkpoint takes the shortest
        again = fit(*endless, "--time-limit", limit, "--resume", "--json")
        if again.object["trained_epochs"] > done.object["trained_epochs"]:
            break
    assert again.object["trained_epochs"] > done.object["trained_epochs"]
    assert "kept" not in again.object
    assert left(tmp_path) == ["m", "m.1", "m.checkpoint"]


def test_a_training_that_goes_on_does_not_replace_the_model_of_another(fit: Run, tmp_path: Path) -> None:
    """Killed before it saved anything, it finds what stood there before it began."""
    endless = ["--set", "epochs=9999", "--set", "patience=9999"]
    fit(*endless, "--time-limit", "0.2s")
    foreign = json.loads((tmp_path / "m" / "config.json").read_text("utf-8"))
    foreign["about"]["training_id"] = "another"
    (tmp_path / "m" / "config.json").write_text(json.dumps(foreign), "utf-8")
    assert fit(*endless, "--time-limit", "0.2s", "--resume", "--json").object["kept"] == str(tmp_path / "m.1")


def test_where_nothing_is_held_back_everything_says_so(gyeol: Run, tmp_path: Path) -> None:
    (tmp_path / "few.tsv").write_text(table_of(ROWS[:2] + ROWS[5:7]), encoding="utf-8")
    given = ["fit", "classify", tmp_path / "few.tsv", "--out", tmp_path / "m", *TINY]
    done = gyeol(*given)
    assert "on the training part (nothing was held back)" in done.out
    assert "training part accuracy" in done.err
    assert "valid" not in done.err
    assert gyeol(*given, "--json", "-q", "--force").object["measured_on"] == "training"
    assert json.loads((tmp_path / "m" / "metrics.json").read_text("utf-8"))["measured_on"] == "training"
    card = (tmp_path / "m" / "README.md").read_text("utf-8")
    assert "| measured on | the training part (nothing was held back) |" in card
    assert "| accuracy on the training part |" in card
    assert "valid_" not in card
    shown = gyeol("info", tmp_path / "m").out
    assert "accuracy on the training part" in shown
    assert "valid" not in shown.replace("validation", "")
    assert gyeol("info", tmp_path / "m", "--json").object["measured_on"] == "training"


def test_authors_of_too_few_texts_say_the_same(gyeol: Run, tmp_path: Path) -> None:
    (tmp_path / "few.tsv").write_text(table_of(ROWS[:2] + ROWS[5:7]), encoding="utf-8")
    tiny = ["--set", "hidden_size=8", "--set", "embedding_size=8", "--set", "epochs=1", "--threads", "1"]
    done = gyeol("fit", "author", tmp_path / "few.tsv", "--out", tmp_path / "m", *tiny, "--no-baseline")
    assert "on the training part (nothing was held back)" in done.out
    assert gyeol("info", tmp_path / "m", "--json").object["measured_on"] == "training"


def test_imbalance_is_said(gyeol: Run, tmp_path: Path) -> None:
    rows = [(f"영화 {i}번 그냥", "보통" if i % 20 else "최고") for i in range(200)]
    (tmp_path / "uneven.tsv").write_text(table_of(rows), encoding="utf-8")
    given = ["fit", "classify", tmp_path / "uneven.tsv", "--out", tmp_path / "m", *TINY, "-q", "--set", "epochs=1"]
    done = gyeol(*given)
    assert done.out.splitlines()[0].split() == ["model", "accuracy", "macro", "F1", "seconds"]
    assert "always '보통'" in done.out
    assert "is no better than always '보통' (95.0 %)" in done.err
    answer = gyeol(*given, "--json").object
    assert (answer["majority"], round(answer["majority_share"], 2)) == ("보통", 0.95)
    assert answer["macro_f1"] < 0.6
    assert "no better than always '보통'" in answer["advice"]
    assert "no better than always '보통'" in (tmp_path / "m" / "README.md").read_text("utf-8")


def test_what_was_too_long_is_said(gyeol: Run, tmp_path: Path) -> None:
    rows = [*ROWS, ("좋" * 70, "긍정"), ("싫" * 90, "부정"), ("좋다 " * 20, "긍정")]
    (tmp_path / "long.tsv").write_text(table_of(rows), encoding="utf-8")
    short = [*TINY, "--set", "max_length=50", "--set", "validation_fraction=0", "--set", "tokenizer=syllable"]
    given = ["fit", "classify", tmp_path / "long.tsv", "--out", tmp_path / "m", *short, "-q", "--set", "epochs=1"]
    answer = gyeol(*given, "--json")
    assert (answer.object["too_long"], answer.object["longest"]) == (3, 90)
    told = "3 of 43 texts (7 %) are longer than 50 tokens (the longest has 90): their middle is left out"
    assert told in answer.err
    assert told in (tmp_path / "m" / "README.md").read_text("utf-8")
    assert told in gyeol("info", tmp_path / "m").out
    assert "too_long" not in gyeol(*given, "--set", "max_length=500", "--json").object


def test_the_baseline_is_left_out_where_there_is_no_time(fit: Run) -> None:
    done = fit("--compare", "--time-limit", "0.1s", "--json")
    assert "baseline" not in done.object
    assert "skipped the baseline" in done.err
    assert fit("--compare", "--time-limit", "5m", "--json").object["baseline"]["features"] == "tfidf"


def test_gradients_are_watched(fit: Run, tmp_path: Path) -> None:
    for how in (("--watch-gradients",), ("--set", "watch_gradients=true")):
        done = fit(*how)
        lines = done.out.splitlines()
        assert lines[-2].startswith("the gradient ")
        assert lines[-1].startswith("next:")
        history = (tmp_path / "m" / "history.jsonl").read_text(encoding="utf-8")
        assert '"gradient/recurrent/0/reverse/2"' in history
    assert "gradient/" not in fit("--force", "--json").out
    told = fit("--force", "--watch-gradients", "--json")
    assert told.object["gradients"].startswith("the gradient ")
    assert "the gradient " not in told.err
