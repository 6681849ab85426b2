"""What is written stands whole at its place, or the old thing does; nothing is left beside it."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gyeol.data import atomic
from gyeol.data.atomic import replace_file, replace_folder
from gyeol.errors import SaveError

Standing = dict[str, bytes | None]


def tree(folder: Path) -> Standing:
    """Everything below a folder, hidden things too: files with their bytes, folders with None."""
    return {str(p.relative_to(folder)): None if p.is_dir() else p.read_bytes() for p in folder.rglob("*")}


def new_file(path: Path) -> None:
    path.write_bytes(b"new")


def new_folder(path: Path) -> None:
    (path / "a").write_bytes(b"new")
    (path / "deep" / "er").mkdir(parents=True)
    (path / "deep" / "er" / "b").write_bytes(b"new too")


NEW_FILE: Standing = {"x.txt": b"new"}
NEW_FOLDER: Standing = {"x.txt": None, "x.txt/a": b"new", "x.txt/deep": None, "x.txt/deep/er": None}
NEW_FOLDER |= {"x.txt/deep/er/b": b"new too"}

both = pytest.mark.parametrize(
    ("replace", "write", "expected"),
    [(replace_file, new_file, NEW_FILE), (replace_folder, new_folder, NEW_FOLDER)],
    ids=["file", "folder"],
)
Replace = Callable[[Path, Callable[[Path], None]], None]


def old_thing(place: Path, replace: Replace) -> None:
    if replace is replace_file:
        place.write_bytes(b"old")
    else:
        (place / "inner").mkdir(parents=True)
        (place / "inner" / "old").write_bytes(b"old")


@both
@pytest.mark.parametrize("before", [False, True])
def test_what_is_written_stands_there_alone(
    tmp_path: Path, replace: Replace, write: Callable[[Path], None], expected: Standing, before: bool
) -> None:
    if before:
        old_thing(tmp_path / "x.txt", replace)
    seen: list[Path] = []
    standing = tree(tmp_path)

    def watched(beside: Path) -> None:
        seen.append(beside)
        write(beside)
        assert {name: raw for name, raw in tree(tmp_path).items() if not name.startswith(".")} == standing

    replace(tmp_path / "x.txt", watched)
    assert tree(tmp_path) == expected
    assert seen[0].is_relative_to(tmp_path)
    if replace is replace_file:
        assert seen[0].name == "x.txt"


@both
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt(), ValueError("no text")], ids=["full", "ctrl-c", "bug"]
)
@pytest.mark.parametrize("when", ["write", "flush", "rename"])
def test_a_failure_leaves_the_old_thing_and_nothing_else(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    replace: Replace,
    write: Callable[[Path], None],
    expected: Standing,
    before: bool,
    error: BaseException,
    when: str,
) -> None:
    if before:
        old_thing(tmp_path / "x.txt", replace)
    standing = tree(tmp_path)

    def fail(*_: object) -> None:
        raise error

    def half(beside: Path) -> None:
        write(beside)
        fail()

    with monkeypatch.context() as patched:
        if when == "flush":
            patched.setattr(atomic, "_flush", fail)
        elif when == "rename":
            real = os.rename
            patched.setattr(os, "replace", fail)
            # The old folder may move aside; the new one finds the way barred.
            patched.setattr(os, "rename", lambda a, b: fail() if Path(a).name == "new" else real(a, b))
        with pytest.raises(SaveError if isinstance(error, OSError) else type(error)):
            replace(tmp_path / "x.txt", half if when == "write" else write)
    assert tree(tmp_path) == standing
    replace(tmp_path / "x.txt", write)
    assert tree(tmp_path) == expected


@both
def test_folders_on_the_way_are_made_and_taken_away_again(
    tmp_path: Path, replace: Replace, write: Callable[[Path], None], expected: Standing
) -> None:
    def fail(beside: Path) -> None:
        write(beside)
        raise OSError(errno.EIO, "broken")

    (tmp_path / "kept").mkdir()
    with pytest.raises(SaveError):
        replace(tmp_path / "kept" / "a" / "b" / "x.txt", fail)
    assert tree(tmp_path) == {"kept": None}
    replace(tmp_path / "kept" / "a" / "b" / "x.txt", write)
    assert tree(tmp_path / "kept" / "a" / "b") == expected


@both
def test_of_a_link_what_it_leads_to_is_replaced(
    tmp_path: Path, replace: Replace, write: Callable[[Path], None], expected: Standing
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    old_thing(home / "x.txt", replace)
    link = tmp_path / "link"
    link.symlink_to(home / "x.txt")
    replace(link, write)
    assert link.is_symlink()
    assert tree(home) == expected
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "elsewhere" / "x.txt")
    replace(dangling, write)
    assert tree(tmp_path / "elsewhere") == expected


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EFBIG, "larger than the system allows"),
        (errno.EACCES, "may not be written to"),
        (errno.EROFS, "read-only"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_the_reason_is_told_in_one_line(tmp_path: Path, number: int, word: str) -> None:
    def fail(_: Path) -> None:
        raise OSError(number, os.strerror(number))

    for replace in (replace_file, replace_folder):
        with pytest.raises(SaveError) as caught:
            replace(tmp_path / "x", fail)
        assert str(caught.value).startswith(f"could not write {tmp_path / 'x'}: ")
        assert word in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_save_error_within_keeps_its_words(tmp_path: Path) -> None:
    def fail(_: Path) -> None:
        raise SaveError("in words of its own")

    with pytest.raises(SaveError, match=r"^in words of its own$"):
        replace_folder(tmp_path / "x", fail)


def test_things_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "old").write_bytes(b"old")
    standing = tree(tmp_path)
    for place, replace in [
        (tmp_path / "file", replace_folder),
        (tmp_path / "folder", replace_file),
        (tmp_path / "file" / "x", replace_file),
        (tmp_path / "file" / "x", replace_folder),
        (tmp_path / ("x" * 300), replace_file),
        (tmp_path / ("x" * 300), replace_folder),
    ]:
        with pytest.raises(SaveError):
            replace(place, new_file if replace is replace_file else new_folder)
        assert tree(tmp_path) == standing


@both
def test_a_name_as_long_as_the_system_allows(
    tmp_path: Path, replace: Replace, write: Callable[[Path], None], expected: Standing
) -> None:
    place = tmp_path / ("결" * 83 + ".txt")  # 253 of 255 bytes
    for _ in range(2):
        replace(place, write)
    assert [p.name for p in tmp_path.iterdir()] == [place.name]


@both
@pytest.mark.parametrize("name", ["old", "new", ".gyeol", "-rf"])
def test_no_name_is_special(
    tmp_path: Path, replace: Replace, write: Callable[[Path], None], expected: Standing, name: str
) -> None:
    def fail(beside: Path) -> None:
        write(beside)
        raise OSError(errno.EIO, "broken")

    with pytest.raises(SaveError):
        replace(tmp_path / name, fail)
    assert tree(tmp_path) == {}
    replace(tmp_path / name, write)
    assert tree(tmp_path) == {path.replace("x.txt", name, 1): raw for path, raw in expected.items()}


def test_permissions_are_the_usual_ones(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace_file(tmp_path / "file", new_file)
        replace_folder(tmp_path / "folder", new_folder)
        (tmp_path / "plain").mkdir()
        (tmp_path / "plain file").write_bytes(b"")
    finally:
        os.umask(before)
    assert (tmp_path / "folder").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain file").stat().st_mode


def test_an_old_folder_that_cannot_go_back_is_not_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk went away in the worst of moments: between the two renames."""
    old_thing(tmp_path / "x", replace_folder)
    real, calls = os.rename, []

    def fail_after_one(a: Path, b: Path) -> None:
        calls.append(a)
        if len(calls) > 1:
            raise OSError(errno.EIO, "gone")
        real(a, b)

    monkeypatch.setattr(os, "rename", fail_after_one)
    with pytest.raises(SaveError):
        replace_folder(tmp_path / "x", new_folder)
    [old] = tmp_path.rglob("old/inner/old")
    assert old.read_bytes() == b"old"


@both
def test_threads_that_write_one_place_do_not_mix(
    tmp_path: Path, replace: Replace, write: Callable[[Path], None], expected: Standing
) -> None:
    """Both write at the same moment: each writes in a place of its own, and one of the two stands."""
    place, together = tmp_path / "x.txt", threading.Barrier(2, timeout=10)
    places: list[Path] = []
    failed: list[BaseException] = []

    def one() -> None:
        def meet(beside: Path) -> None:
            places.append(beside)
            write(beside)
            together.wait()

        try:
            replace(place, meet)
        except SaveError as error:  # the other was quicker
            failed.append(error)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(places)) == 2
    assert len(failed) < 2
    assert tree(tmp_path) == expected


# What stood there before is kept.


def made_folder(place: Path, text: str) -> None:
    def write(new: Path) -> None:
        (new / "a").write_text(text)

    replace_folder(place, write)


def test_what_stood_there_is_kept_under_the_next_free_name(tmp_path: Path) -> None:
    for number, expected in ((0, None), (1, "m.1"), (2, "m.2")):
        with atomic.backed_up(tmp_path / "m") as other:
            made_folder(tmp_path / "m", str(number))
        assert (other and other.name) == expected
    assert [(tmp_path / name / "a").read_text() for name in ("m.1", "m.2", "m")] == ["0", "1", "2"]
    (tmp_path / "v.vec").write_text("old")
    with atomic.backed_up(tmp_path / "v.vec") as other:
        replace_file(tmp_path / "v.vec", lambda new: new.write_text("new") and None)
    assert other == tmp_path / "v.1.vec"
    assert ((tmp_path / "v.1.vec").read_text(), (tmp_path / "v.vec").read_text()) == ("old", "new")


def test_at_every_moment_the_old_one_stands_somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is done to the names, before and after it one whole folder with the old content is there."""
    made_folder(tmp_path / "m", "old")
    rename = os.rename

    def watched(source: object, target: object) -> None:
        for when in ("before", "after"):
            whole = [p.parent for p in tmp_path.rglob("a") if p.read_text() == "old"]
            assert whole, when
            if when == "before":
                rename(source, target)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "rename", watched)
    with atomic.backed_up(tmp_path / "m"):
        made_folder(tmp_path / "m", "new")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m", "m.1"]


@pytest.mark.parametrize("what", ["folder", "file"])
def test_where_the_new_one_fails_the_second_name_goes(tmp_path: Path, what: str) -> None:
    place = tmp_path / "m"
    if what == "folder":
        made_folder(place, "old")
    else:
        place.write_text("old")
    with pytest.raises(SaveError), atomic.backed_up(place):
        raise SaveError("no room")
    assert [p.name for p in tmp_path.iterdir()] == ["m"]
    assert (place / "a" if what == "folder" else place).read_text() == "old"


def test_a_disk_without_links_and_a_place_behind_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: object, target: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "real").mkdir()
    made_folder(tmp_path / "real" / "m", "old")
    (tmp_path / "name").symlink_to(tmp_path / "real" / "m")
    with atomic.backed_up(tmp_path / "name") as other:
        made_folder(tmp_path / "name", "new")
    assert other == tmp_path / "real" / "m.1"
    assert (tmp_path / "real" / "m.1" / "a").read_text() == "old"
    assert (tmp_path / "name" / "a").read_text() == "new"


def test_an_empty_folder_is_nothing_to_keep(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    with atomic.backed_up(tmp_path / "m") as other:
        made_folder(tmp_path / "m", "new")
    assert other is None
