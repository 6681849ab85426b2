"""`gyeol probe`: generated texts and files, the table and JSON, mistakes."""

from __future__ import annotations

from pathlib import Path

from gyeol.tasks.probing.texts import generated_texts

from ..conftest import Run


def test_a_file_of_texts_in_both_forms(gyeol: Run, model: Path, tmp_path: Path) -> None:
    file = tmp_path / "texts.txt"
    file.write_text("\n".join(generated_texts(40, korean=True, seed=1)), encoding="utf-8")
    shown = gyeol("probe", model, "--for", "bracket", "--data", file)
    assert shown.out.startswith("bracket: whether a bracket is open; ")
    assert "balanced accuracy" in shown.out
    assert shown.out.splitlines()[-1].startswith("best held by ")
    assert "; the last token alone: 0." in shown.out
    answer = gyeol("probe", model, "--for", "bracket", "--data", file, "--json").object
    assert answer["texts"] == 40
    assert answer["metric"] == "balanced accuracy"
    assert [one["baseline"] for one in answer["layers"]] == [0.5, 0.5]
    for one in answer["layers"]:
        assert f"{one['layer']}" in shown.out
        assert f"{one['score']:.3f}" in shown.out


def test_generated_texts_are_of_the_model_s_script(gyeol: Run, model: Path) -> None:
    found = gyeol("probe", model, "--for", "position")
    assert "(generated)" in found.out
    assert "R²" in found.out
    assert "the model has never seen (" in found.err


def test_mistakes_are_one_line(gyeol: Run, model: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.txt"
    few.write_text("하나 둘\n셋 넷\n", encoding="utf-8")
    for arguments, said in (
        (("--for", "brackets"), "nothing to probe for by the name 'brackets'"),
        (("--for", "position", "--data", few), "2 texts with two tokens or more came"),
        (("--for", "position", "--data", tmp_path / "none.txt"), "none.txt"),
    ):
        assert said in gyeol("probe", model, *arguments).mistake
