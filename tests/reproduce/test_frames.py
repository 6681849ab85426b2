"""`gyeol reproduce clips`, in small."""

from __future__ import annotations

from pathlib import Path

from gyeol.reproduce import frames


def test_clips(tmp_path: Path) -> None:
    quick = {**frames.CLIPS, "hidden_size": 8, "epochs": 1, "image_size": 16, "channels": 4}
    answer = frames._clips(quick, 6, 0, 1, tmp_path / "m", None)
    assert [part["model"] for part in answer["parts"]] == ["memory", "each frame alone"]
    assert answer["sequences"] == 6
    assert f"{answer['figure']:.4f}" == answer["parts"][0]["accuracy"]
    assert f"{answer['beside']:.4f}" == answer["parts"][1]["accuracy"]
    assert (tmp_path / "m" / "config.json").is_file()
