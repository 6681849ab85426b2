"""`gyeol reproduce korean-pos` beside the simplest tagger there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from gyeol.data.catalogue import lookup
from gyeol.data.tagging.sentences import TaggedSentences
from gyeol.reproduce import tag
from gyeol.reproduce.tag import most_frequent


def test_each_token_s_most_frequent_tag() -> None:
    train = TaggedSentences(Path("a"), [["a", "b", "a"], ["a", "c"]], [["X", "Y", "X"], ["Z", "Y"]], [1, 5])
    test = TaggedSentences(Path("b"), [["a", "d"], ["b", "a"]], [["X", "X"], ["Y", "Z"]], [1, 4])
    assert most_frequent(train, test) == pytest.approx(3 / 4)  # d, never seen, gets X


def test_figures_of_a_small_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"1\t{word}\t{word}\t{upos}\t_\t_\t0\troot\t_\t_" for word, upos in (("집은", "NOUN"), ("간다", "VERB"))]
    (tmp_path / "a.conllu").write_text("\n\n".join(rows * 20) + "\n", "utf-8")
    monkeypatch.setattr(lookup, "resolve_file", lambda name, role: tmp_path / "a.conllu")
    small = {**tag.PARTS_OF_SPEECH, "hidden_size": 8, "embedding_size": 8, "character_size": 4, "epochs": 3}
    columns: dict[str, object] = {}
    answer = tag._tagger(small, "toy", ("valid", None, "test"), columns, "accuracy", 0, 1, tmp_path / "m", None)
    assert answer["figure"] > 0.9
    assert answer["beside"] == 1.0
    assert {part["tag"] for part in answer["parts"]} == {"NOUN", "VERB"}
    assert (tmp_path / "m" / "config.json").is_file()
