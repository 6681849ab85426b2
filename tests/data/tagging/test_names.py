"""Names of numbered tags, however they are given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gyeol.data.tagging.names import named, read_names
from gyeol.errors import DataError

NAMES = ["O", "B-PER", "I-PER"]
FEATURES = {"ner_tags": {"feature": {"names": NAMES, "_type": "ClassLabel"}}, "pos": {"feature": {"names": ["N", "V"]}}}


@pytest.mark.parametrize(
    "text",
    [
        "O\nB-PER\nI-PER\n",
        json.dumps(NAMES),
        json.dumps({"default": {"features": FEATURES}}),
        json.dumps({"id2label": {"0": "O", "1": "B-PER", "2": "I-PER"}}),
        json.dumps({"features": [{"name": "ner_tags", "names": {"0": "O", "1": "B-PER", "2": "I-PER"}}]}),
    ],
)
def test_from_a_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "names"
    path.write_text(text, encoding="utf-8")
    assert read_names(str(path), "ner_tags") == NAMES


def test_from_the_command_line_and_by_column(tmp_path: Path) -> None:
    assert read_names("O, B-PER, I-PER") == NAMES
    path = tmp_path / "dataset_info.json"
    path.write_text(json.dumps({"features": FEATURES}), encoding="utf-8")
    assert read_names(str(path), "pos") == ["N", "V"]
    assert named(["2", "0", "X"], NAMES, "here") == ["I-PER", "O", "X"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("O\n", "two names or more"),
        ("O\nO\n", "two names or more"),
        ('{"a": 1}', "holds no list of names"),
        ("{", "it is not JSON"),
    ],
)
def test_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "names.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_names(str(path))


def test_a_number_without_a_name_and_a_file_that_is_not_there() -> None:
    with pytest.raises(DataError, match="line 3: the tag 3, and --names has 3 names: 0 to 2"):
        named(["3"], NAMES, "line 3")
    with pytest.raises(DataError, match="there is no such file"):
        read_names("nowhere.txt")
