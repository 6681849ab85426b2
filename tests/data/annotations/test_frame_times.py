"""Labels of frames told in seconds: judged over the whole column, at the clip's own rate."""

from __future__ import annotations

from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest

from gyeol import DataError
from gyeol.data.annotations.frame_labels import FrameLabels, Span
from gyeol.data.annotations.frame_times import edge_of, judge_unit, seconds_of
from gyeol.data.annotations.frames import read_labelled_frames
from gyeol.data.media.images import png_bytes

RATE, COUNT = 12, 30  # frames a second, and of a clip: 2.5 s


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def video(path: Path, count: int = COUNT) -> Path:
    pytest.importorskip("av", reason="PyAV is not installed: pip install 'gyeol[video]'")
    from gyeol.data.media.video import write_video

    write_video(path, (np.full((16, 16, 3), 6 * n, np.uint8) for n in range(count)), rate=RATE)
    return path


def runs(labels: list[str]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for label in labels:
        found = [*found[:-1], (label, found[-1][1] + 1)] if found and found[-1][0] == label else [*found, (label, 1)]
    return found


@pytest.mark.parametrize(
    "text",
    [
        "clip,start,end,label\na.mp4,0,0.5,on\na.mp4,0.5,1.25,off\na.mp4,1.25,2.5,on\n",
        "clip,start,end,label\na,00:00:00,00:00:00.5,on\na,0:00:00.5,0:00:01.25,off\na,00:01.25,0:02.5,on\n",
        "clip,start_s,end_s,label\na.mp4,0,.5,on\na.mp4,0.5,1.25,off\na.mp4,1.25,2.5,on\n",
        "clip,start (ms),end (ms),label\na.mp4,0,500,on\na.mp4,500,1250,off\na.mp4,1250,2500,on\n",
        "clip,unit,start,end,label\na,s,0,0.5,on\na,s,0.5,1.25,off\na,s,1.25,2.5,on\n",
        "clip;start;end;label\na.mp4;0;0,5;on\na.mp4;0,5;1,25;off\na.mp4;1,25;2,5;on\n",
        "Begin Time - ss.msec,End Time - ss.msec,clip,label\n0.0,0.5,a,on\n0.5,1.25,a,off\n1.25,2.49,a,on\n",
        "clip,시작,끝,라벨\na.mp4,0,0.5,on\na.mp4,0.5,1.25,off\na.mp4,1.25,2.6,on\n",
    ],
)
def test_one_file_for_all_clips(text: str, tmp_path: Path) -> None:
    video(tmp_path / "a.mp4")
    written(tmp_path / "labels.csv", text)
    found = read_labelled_frames(str(tmp_path), "train")
    assert runs(found.labels[0]) == [("on", 6), ("off", 9), ("on", 15)]
    (told,) = found.notes
    assert told.startswith("labels.csv: start and end are ")
    assert told.endswith("at 12 frames a second")
    assert found.places == {"on": f"{tmp_path / 'labels.csv'}, line 2", "off": f"{tmp_path / 'labels.csv'}, line 3"}


@pytest.mark.parametrize(("name", "mark"), [("a.txt", "\t"), ("a.csv", ","), ("a.tsv", "\t")])
def test_labels_of_audacity(name: str, mark: str, tmp_path: Path) -> None:
    video(tmp_path / "a.mp4")
    rows = [("0.000000", "1.000000", "말"), ("1.000000", "2.500000", "쉼, 멈춤" if mark == "\t" else "쉼")]
    extra = "\\\t100.0\t200.0\n" if name == "a.txt" else ""
    written(tmp_path / name, "".join(mark.join(row) + "\n" + extra for row in rows))
    assert runs(read_labelled_frames(str(tmp_path / "a.mp4"), "train").labels[0]) == [("말", 12), (rows[1][2], 18)]


def test_whole_numbers_are_frames_unless_only_seconds_end_with_the_clip(tmp_path: Path) -> None:
    video(tmp_path / "a.mp4", 36)
    written(tmp_path / "a.csv", "start,end,label\n0,12,on\n12,36,off\n")
    found = read_labelled_frames(str(tmp_path / "a.mp4"), "train")
    assert (runs(found.labels[0]), found.notes) == ([("on", 12), ("off", 24)], [])
    written(tmp_path / "a.csv", "start,end,label\n0,1,on\n1,3,off\n")
    found = read_labelled_frames(str(tmp_path / "a.mp4"), "train")
    assert runs(found.labels[0]) == [("on", 12), ("off", 24)]
    assert found.notes == ["a.csv: start and end are seconds, at 12 frames a second"]
    written(tmp_path / "a.csv", "start_frame,end_frame,label\n0,1,on\n1,3,off\n")
    assert len(read_labelled_frames(str(tmp_path / "a.mp4"), "train").labels[0]) == 3


def test_a_folder_of_images_needs_a_rate(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for number in range(20):
        (tmp_path / "a" / f"{number}.png").write_bytes(png_bytes(np.zeros((4, 4, 3), np.uint8)))
    written(tmp_path / "a.csv", "start,end,label\n0,0.5,on\n0.5,2,off\n")
    with pytest.raises(DataError, match=r"a.csv: start and end are seconds, and a does not state .*: add a column fps"):
        read_labelled_frames(str(tmp_path / "a"), "train")
    written(tmp_path / "a.csv", "start,end,label,fps\n0,0.5,on,10\n0.5,2,off,10\n")
    assert runs(read_labelled_frames(str(tmp_path / "a"), "train").labels[0]) == [("on", 5), ("off", 15)]


def test_names_of_clips_in_either_unicode_form(tmp_path: Path) -> None:
    (tmp_path / normalize("NFD", "영상")).mkdir()
    (tmp_path / normalize("NFD", "영상") / "0.png").write_bytes(png_bytes(np.zeros((4, 4, 3), np.uint8)))
    written(tmp_path / "labels.csv", "clip,label\n" + normalize("NFC", "영상") + ",on\n")
    assert read_labelled_frames(str(tmp_path), "train").labels == [["on"]]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("start,end,label\n0,0.5,a\n1.5,2.5,b\n", "line 3: from 0.5 s to 1.5 s the clip has none; ranges follow"),
        ("start,end,label\n0,1.5,a\n0.5,2.5,b\n", "line 3: from 0.5 s to 1.5 s the clip has a label already"),
        ("start,end,label\n0.5,2.5,a\n", "line 2: from 0 s to 0.5 s the clip has none"),
        ("start,end,label\n0,0.0,a\n", "line 2: the range from 0 s to 0 s is empty"),
        ("start,end,label\n0,1.5,a\n1.5,1.51,b\n1.51,2.5,a\n", "line 3: 1.5 s to 1.51 s holds no frame"),
        ("start,end,label\n0,1.5s,a\n", "line 2: '1.5s' is not a time; expected seconds"),
        ("start,end,label\n0,1:75.0,a\n", "line 2: '1:75.0' is not a time"),
        ("start_s,end,label\n0,1,a\n", "ranges need both start and end"),
        ("unit,start,end,label\ns,0,1,a\nms,1,2,a\n", "the column 'unit' says ms, s; expected s, ms or frame"),
        ("start,end,label\n0,1.5,a\n", "line 2: the labels end at 1.5 s, and the clip lasts 2.5 s, 30 frames"),
    ],
)
def test_seconds_that_do_not_fit(text: str, what: str, tmp_path: Path) -> None:
    video(tmp_path / "a.mp4")
    written(tmp_path / "a.csv", text)
    with pytest.raises(DataError, match=what):
        read_labelled_frames(str(tmp_path / "a.mp4"), "train")


def test_labels_that_end_a_little_beside_the_clip() -> None:
    def ended(end: float, count: int) -> list[tuple[str, int]]:
        labels = FrameLabels()
        labels.spans = [Span(0.0, 1.0, "a", 2), Span(1.0, end, "b", 3)]
        return runs(labels.at(30.0, count, "x").labels)

    assert ended(2.0, 60) == ended(1.99, 60) == ended(2.2, 60) == ended(1.8, 60) == [("a", 30), ("b", 30)]
    with pytest.raises(DataError, match=r"end at 1.5 s, and the clip lasts 2 s"):
        ended(1.5, 60)


def test_columns_and_cells() -> None:
    assert [edge_of(name) for name in ("onset", "end_time", "Stop [sec]", "to", "start_frame", "startle", "label")] == [
        ("start", None), ("end", None), ("end", "seconds"), ("end", None), ("start", "frames"), None, None,
    ]  # fmt: skip
    assert judge_unit(["0", "12", "40"]) == ("frames", False)
    assert judge_unit(["0", "12.5", "40"]) == ("seconds", True)
    assert judge_unit(["0", "12", "0:40"]) == ("times", True)
    assert seconds_of("1:02:03,25", "times", "") == 3723.25
