"""Fingerprints: of a file its SHA-256, of a folder and of several files the names and what is in them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from gyeol.data.fingerprint import fingerprint, fingerprint_all
from gyeol.errors import DataError


def test_a_file_has_its_sha256(tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    (tmp_path / "a.bin").write_bytes(content)
    assert fingerprint(tmp_path / "a.bin") == hashlib.sha256(content).hexdigest()


def test_a_folder_is_known_by_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "가").mkdir()
    (tmp_path / "가" / "b.txt").write_bytes(b"b")
    listed = f"가/b.txt  {hashlib.sha256(b'b').hexdigest()}\n"
    assert fingerprint(tmp_path) == hashlib.sha256(listed.encode()).hexdigest()


def test_several_files_are_known_by_names_and_contents(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.write_bytes(b"same")
    before = fingerprint_all(paths)
    assert before != fingerprint_all(paths[::-1])
    paths[1].rename(tmp_path / "c")
    assert before != fingerprint_all([paths[0], tmp_path / "c"])


def test_a_missing_file_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        fingerprint(tmp_path / "none")
