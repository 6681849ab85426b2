"""Sequences with one label per step: all kinds of files give the same, and what does not fit is named with its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gyeol import DataError
from gyeol.data.annotations.frame_labels import read_frame_labels
from gyeol.data.annotations.frames import read_labelled_frames
from gyeol.data.media.images import png_bytes
from gyeol.data.media.video_clips import VideoClip, as_video_clips, images_of
from gyeol.data.series.long_table import read_step_table
from gyeol.data.synthetic.clips import clips, runs, write_clips
from gyeol.data.tables.number_cells import NumberFormat
from gyeol.errors import ParameterError, SaveError


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def pictures(folder: Path, count: int, size: int = 8) -> Path:
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"f{number}.png").write_bytes(png_bytes(np.full((size, size, 3), 10 * number, np.uint8)))
    return folder


# Labels.


def test_a_label_a_line(tmp_path: Path) -> None:
    found = read_frame_labels(written(tmp_path / "a.txt", "올라감\n내려감\n\n"))[""]
    assert (found.labels, found.lines) == (["올라감", "내려감"], [1, 2])


def test_ranges_and_frames(tmp_path: Path) -> None:
    found = read_frame_labels(written(tmp_path / "a.csv", "clip,start,end,label\nx.mp4,0,2,a\nx.mp4,2,3,b\ny,0,1,c\n"))
    assert {name: own.labels for name, own in found.items()} == {"x.mp4": ["a", "a", "b"], "y": ["c"]}
    assert found["x.mp4"].lines == [2, 2, 3]
    found = read_frame_labels(written(tmp_path / "a.tsv", "frame\tlabel\n0\ta\n1\tb\n"))
    assert found[""].labels == ["a", "b"]
    found = read_frame_labels(written(tmp_path / "b.csv", "file,frame,state\nx,0,a\n"), target="state")
    assert found["x"].labels == ["a"]


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("a.txt", "a\n\nb\n", "a.txt, line 2: the label is missing"),
        ("a.txt", "\n\n", "a.txt holds no label"),
        ("a.csv", "start,end,label\n0,2,a\n3,4,b\n", "line 3: frames 2 to 2 have no label"),
        ("a.csv", "start,end,label\n0,2,a\n1,4,b\n", "line 3: frame 1 has a label already"),
        ("a.csv", "start,end,label\n0,0,a\n", "line 2: the range from 0 to 0 holds no frame"),
        ("a.csv", "start,end,label\n0,2,\n", "line 2: the label is missing"),
        ("a.csv", "start,end,label\n-1,2,a\n", "line 2: '-1' is not a frame number"),
        ("a.csv", "start,end,label\n0,99999999,a\n", "line 2: more than 1,000,000 frames"),
        ("a.csv", "start,end,label\n0,2\n", "line 2: 2 cells, fewer than the header has"),
        ("a.csv", "start,label\n0,a\n", "ranges need both start and end"),
        ("a.csv", "start,end,what\n0,1,a\n", "there is no column of labels"),
        ("a.csv", "start,end,label\n", "holds no label, only a header"),
    ],
)
def test_labels_that_do_not_fit(name: str, text: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=what):
        read_frame_labels(written(tmp_path / name, text))


# Tables of numbers.


def test_a_table_in_long_form(tmp_path: Path) -> None:
    text = "id,time,x,y,label\na,0,1,2,on\na,1,,3,off\nb,0,5,6,on\na,2,7,nan,off\n"
    table = read_step_table(written(tmp_path / "a.csv", text))
    assert table.names == ["a", "b"]
    assert np.array_equal(table.series[0], [[1, 2], [np.nan, 3], [7, np.nan]], equal_nan=True)
    assert table.labels == [["on", "off", "off"], ["on"]]
    assert table.lines == [[2, 3, 5], [4]]
    whole = read_step_table(written(tmp_path / "b.csv", "x,y\n1,2\n3,4\n"), need_labels=False)
    assert (whole.names, whole.labels, whole.series[0].shape) == ([""], [[]], (2, 2))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("id,x,label\na,1,on\na,?!,off\n", r"line 3: '\?!' in column 'x' is not a number"),
        ("id,x,label\na,inf,on\n", "line 2: x is infinite"),
        ("id,x,label\na,1,on\na,2,\n", "line 3: the label is missing"),
        ("id,x,label\na,1\n", "line 2: 2 cells, and 3 in the header"),
        ("id,time,x,label\na,1,1,on\na,1,2,on\n", "line 3: time must rise, and it does not after line 2"),
        ("id,time,x,label\na,10,1,on\na,9,2,on\n", "line 3: time must rise, and it does not after line 2"),
        ("id,x,label\na,1,on\nb,,on\nb,nan,on\n", "line 3: the sequence b holds no value at all"),
        ("id,x\na,1\n", "there is no column of labels"),
        ("id,label\na,on\n", "there is no column of values"),
        ("1,2,3\n1,2,3\n", "a header was expected"),
        ("id,x,label\n", "holds no step"),
    ],
)
def test_tables_that_do_not_fit(text: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=what):
        read_step_table(written(tmp_path / "a.csv", text))


# Arrays.


def test_arrays_of_numbers_and_of_frames(tmp_path: Path) -> None:
    X = np.array([[1.0, 2.0, np.nan], [np.nan, 5.0, 6.0]])
    np.savez(tmp_path / "a.npz", X=X, y=np.array([["a", "b", ""], ["a", "b", "b"]]))
    found = read_labelled_frames(str(tmp_path / "a.npz"), "train")
    assert [one.shape for one in found.sequences] == [(2, 1), (3, 1)]
    assert found.labels == [["a", "b"], ["a", "b", "b"]]
    frames = np.zeros((2, 4, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "b.npz", X=frames, y=np.full((2, 4), 1), lengths=[2, 4])
    found = read_labelled_frames(str(tmp_path / "b.npz"), "train")
    assert [clip.count for clip in found.sequences] == [2, 4]
    assert found.labels == [["1"] * 2, ["1"] * 4]


@pytest.mark.parametrize(
    ("arrays", "what"),
    [
        (
            {"X": np.zeros((2, 3)), "y": np.zeros((2, 2))},
            r"y is of shape \(2, 2\); \(2, 3\) was expected, one per step",
        ),
        ({"X": np.zeros((2, 3))}, "an array y with one label per step was expected"),
        ({"X": np.zeros((2, 3, 4, 4, 3)), "y": np.zeros((2, 3))}, "an array X was expected"),
        (
            {"X": np.zeros((2, 3)), "y": np.zeros((2, 3)), "lengths": [0, 1]},
            "lengths must be whole numbers from 1 to 3",
        ),
        ({"X": np.full((1, 3), np.nan), "y": np.zeros((1, 3))}, "sequence 0 holds no value, NaN only"),
        ({"X": np.zeros((1, 2)), "y": np.array([["a", ""]])}, "sequence 0, step 1: the label is missing"),
    ],
)
def test_arrays_that_do_not_fit(arrays: dict[str, object], what: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=what):
        read_labelled_frames(str(tmp_path / "a.npz"), "train")


# Clips.


def test_a_folder_of_images_is_a_clip_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    pictures(tmp_path / "a", 12)
    assert [path.name for path in images_of(tmp_path / "a")][8:] == ["f8.png", "f9.png", "f10.png", "f11.png"]
    frames = np.concatenate(list(VideoClip(tmp_path / "a").blocks(8)))
    assert frames[:, 0, 0, 0].tolist() == [10 * number for number in range(12)]
    written(tmp_path / "a" / "labels.txt", "x\n" * 12)
    found = read_labelled_frames(str(tmp_path / "a"), "train")
    assert (len(found.sequences), found.labels) == (1, [["x"] * 12])


def test_a_folder_of_folders(tmp_path: Path) -> None:
    pictures(tmp_path / "a", 3)
    pictures(tmp_path / "b", 2)
    pictures(tmp_path / "c", 2)
    written(tmp_path / "labels.csv", "clip,start,end,label\na,0,3,x\nb,0,1,x\nb,1,2,y\n")
    found = read_labelled_frames(str(tmp_path), "train")
    assert (found.names, found.labels) == (["a", "b"], [["x"] * 3, ["x", "y"]])
    assert found.places["y"].endswith("labels.csv, line 4")
    assert read_labelled_frames(str(tmp_path), "test", need_labels=False).names == ["a", "b", "c"]
    written(tmp_path / "labels.csv", "clip,start_s,end_s,label\na,0,3,x\nb,0,1,x\nb,1,2,y\n")
    unlabelled = read_labelled_frames(str(tmp_path), "test", need_labels=False)  # seconds, of clips without a rate
    assert (unlabelled.names, [len(clip) for clip in unlabelled.labels]) == (["a", "b", "c"], [0, 0, 0])
    written(tmp_path / "labels.csv", "clip,start,end,label\na,0,2,x\nb,0,2,x\n")
    with pytest.raises(DataError, match=r"labels.csv, line 2: 2 labels end here, and a has 3 frames"):
        read_labelled_frames(str(tmp_path), "train")
    written(tmp_path / "labels.csv", "clip,start,end,label\nd,0,2,x\n")
    with pytest.raises(DataError, match=r"labels.csv, line 2: there is no clip 'd'"):
        read_labelled_frames(str(tmp_path), "train")
    (tmp_path / "labels.csv").unlink()
    with pytest.raises(DataError, match="a has no labels: they are expected in"):
        read_labelled_frames(str(tmp_path), "train")


def test_frames_of_different_sizes(tmp_path: Path) -> None:
    pictures(tmp_path / "a", 2)
    (tmp_path / "a" / "f2.png").write_bytes(png_bytes(np.zeros((4, 9, 3), np.uint8)))
    with pytest.raises(DataError, match=r"f2.png is 9 x 4 pixels, f0.png is 8 x 8: all frames of a clip"):
        list(VideoClip(tmp_path / "a").blocks(8))
    with pytest.raises(DataError, match="its frames are of different sizes"):
        as_video_clips([[np.zeros((2, 2), np.uint8), np.zeros((3, 3), np.uint8)]])


def test_what_is_no_clip(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no clip"):
        read_labelled_frames(str(tmp_path / "empty"), "train")
    with pytest.raises(DataError, match="no data set of that name; did you mean 'clips'"):
        read_labelled_frames("clip", "train")
    with pytest.raises(DataError, match="there is no file"):
        read_labelled_frames("none.mp4", "train")
    with pytest.raises(DataError, match=r"ends in '\.wav'"):
        read_labelled_frames(str(written(tmp_path / "a.wav", "a")), "train")


# What is drawn.


def test_drawn_clips_are_the_same_for_the_same_seed_and_never_those_of_another_part() -> None:
    one, again, other = (next(clips(role, seed=3)) for role in ("train", "train", "test"))
    assert np.array_equal(one.frames, again.frames)
    assert one.labels.tolist() == again.labels.tolist()
    assert one.frames.shape != other.frames.shape or not np.array_equal(one.frames, other.frames)


def test_labels_say_what_is_to_be_seen() -> None:
    """The light's middle moves as the label says wherever it is seen whole in both frames."""
    checked = 0
    for made in clips("valid", count=20):
        light = (made.frames.min(axis=3) > 135).astype(float)
        mass = light.sum((1, 2))
        across = (light.sum(1) @ np.arange(32)) / np.maximum(mass, 1)
        down = (light.sum(2) @ np.arange(32)) / np.maximum(mass, 1)
        for step in range(1, len(mass)):
            label = made.labels[step]
            if label == "gone":
                assert mass[step] <= 3
            if min(mass[step - 1], mass[step]) < 12 or abs(mass[step] - mass[step - 1]) > 4:
                continue
            moved = across[step] - across[step - 1], down[step] - down[step - 1]
            checked += 1
            ways = {"left": moved[0] < -0.5, "right": moved[0] > 0.5, "up": moved[1] < -0.5, "down": moved[1] > 0.5}
            assert ways.get(label, max(map(abs, moved)) < 0.5), (label, moved)
    assert checked > 200


def test_runs() -> None:
    labels = next(clips("train")).labels
    again = [label for start, end, label in runs(labels) for _ in range(start, end)]
    assert again == labels.tolist()


def test_written_clips_are_read_again(tmp_path: Path) -> None:
    write_clips(tmp_path / "a.npz", count=3, length=12)
    found = read_labelled_frames(str(tmp_path / "a.npz"), "train")
    made = list(clips("train", count=3, length=12))
    assert found.labels == [clip.labels.tolist() for clip in made]
    assert all(np.array_equal(a.source, b.frames) for a, b in zip(found.sequences, made, strict=True))


def test_video_files_are_written_and_read(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="PyAV is not installed: pip install 'gyeol[video]'")
    write_clips(tmp_path / "a", count=2, length=12)
    found = read_labelled_frames(str(tmp_path / "a"), "train")
    for clip, labels, made in zip(found.sequences, found.labels, clips("train", count=2, length=12), strict=True):
        assert labels == made.labels.tolist()
        frames = np.concatenate(list(clip.blocks(32)))
        assert frames.shape == made.frames.shape
        assert np.abs(frames.astype(int) - made.frames).mean() < 6


def test_where_clips_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    written(tmp_path / "mine" / "a.txt", "mine")
    with pytest.raises(ParameterError, match="contains other things"):
        write_clips(tmp_path / "mine")
    with pytest.raises(ParameterError, match=r"ends in '\.mp4'"):
        write_clips(tmp_path / "a.mp4")
    with pytest.raises(ParameterError, match="at least 1 clip of about 10 frames"):
        write_clips(tmp_path / "a", length=9)
    with pytest.raises(SaveError):
        write_clips(tmp_path / "mine" / "a.txt" / "b.npz", count=1, length=10)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "a.csv",
            "id;date;x;label\na;01.02.2026 09:00;0,512;on\na;13.02.2026 09:00;1,5;off\na;14.02.2026 10:00;*;on\n",
        ),
        ("a.tsv", "id\ttime\tx\tlabel\na\t0:59:59\t0,512\ton\na\t1:00:00\t1,5\toff\na\t10:00:00\t*\ton\n"),
        ("a.csv", "id,frame,x,label\na,9,0.512,on\na,10,1.5,off\na,11,*,on\n"),
    ],
)
def test_numbers_and_times_as_people_write_them(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    found = read_labelled_frames(str(tmp_path / name), "train", numbers=NumberFormat(missing=["*"]))
    np.testing.assert_array_equal(found.sequences[0][:, -1], [0.512, 1.5, np.nan])
    assert found.labels == [["on", "off", "on"]]
    assert found.decimal == ("." if name == "a.csv" and "," in text.splitlines()[0] else ",")
