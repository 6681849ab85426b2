"""The model card: what a reader needs, on one page of Markdown that no label and no name of a file can break."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gyeol
from gyeol import TextClassifier
from gyeol.tasks.card import write_card


def card(model: TextClassifier, tmp_path: Path, name: str = "films") -> str:
    write_card(tmp_path / "README.md", model, name)
    return (tmp_path / "README.md").read_text(encoding="utf-8")


def test_a_card_says_what_it_is_made_of_and_how_good_it_is(model: TextClassifier, tmp_path: Path) -> None:
    text = card(model, tmp_path)
    count = sum(weight.numel() for weight in model.net_.parameters())
    assert text.startswith(f"# films\n\nA gyeol `TextClassifier` with {count:,} weights, trained by gyeol")
    assert gyeol.__version__ in text
    assert 'gyeol predict films "..."' in text
    for row in (
        "| file | films.tsv |",
        f"| sha256 | {'ab' * 32} |",
        "| examples | 36 |",
        "| validation | 4 of 40 examples held back, stratified, seed 0 |",
        "| classes | 긍정: 20, 부정: 20 |",
        f"| valid_accuracy | {model.metrics_['valid_accuracy']:.4f} |",
        "| stopped | epochs |",
        "| hidden_size | 8 |",
        "| tokenizer | syllable |",
    ):
        assert row in text.splitlines(), row
    assert [*re.findall("^## (.*)$", text, flags=re.MULTILINE)] == ["Data", "Figures", "Training", "Settings"]


def test_the_settings_are_all_there(model: TextClassifier, tmp_path: Path) -> None:
    settings = card(model, tmp_path).split("## Settings")[1]
    assert re.findall(r"^\| (\w+) \|", settings, flags=re.MULTILINE) == sorted(model.get_params(deep=False))


@pytest.mark.parametrize("name", ["긍|정", "긍\n정", "긍\r\n\t정", "a | b\n\n# title"])
def test_no_label_and_no_file_name_breaks_a_table(small: dict[str, Any], tmp_path: Path, name: str) -> None:
    model = TextClassifier(**small).fit(
        ["좋다", "싫다"] * 4, np.array([name, "b"] * 4), about={"data": name, "x\ny": 1}
    )
    text = card(model, tmp_path)
    for line in text.split("## Data")[1].splitlines():
        if line.startswith("|") and line not in ("| | |", "|---|---|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 3, line
    assert "\n# title" not in text


def test_what_is_not_known_is_said(small: dict[str, Any], tmp_path: Path) -> None:
    text = card(TextClassifier(**small).fit(["좋다", "싫다"], [1, 0]), tmp_path)
    assert "| file | given in Python |" in text
    assert "| sha256 | not known |" in text
    assert "| validation | none: too few examples, figures are those of the training part |" in text
