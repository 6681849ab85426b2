"""The catalogue's entry of a data set and of each of its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["GITHUB", "Dataset", "RemoteFile", "same"]

GITHUB = "https://raw.githubusercontent.com"


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a data set.

    Parameters
    ----------
    url : str or None
        Its public home, ``https`` only; None where it has none and lies only in the folder ``GYEOL_DATA``.
    sha256 : str or None
        Its hash there; None if unknown: then the hash of the first download is stored and checked from then on.
    bytes : int
        Its size there, or at least a bound.
    local : str or None
        Where it lies under the folder named by ``GYEOL_DATA``; there it may be a folder.
    local_sha256 : str or None
        What that one hashes to.
    """

    url: str | None
    sha256: str | None
    bytes: int
    local: str | None = None
    local_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set by name.

    Parameters
    ----------
    name, title, licence, source : str
        Its name in gyeol, what it is, what its makers allow, and the page of its makers or keepers.
    task : str
        What it is for: the name of a task (``"classify"``, ``"tag"``, ...), or ``"words"``.
    files : mapping of str to RemoteFile
        By role: ``"train"``, ``"valid"``, ``"test"``, ``"all"``; with two files a split, ``"train.en"`` and so on.
    input, target : str or None
        The columns of the text and the label, by name or number, where the files are tables.
    note : str
        What one must know before quoting a result on it.
    """

    name: str
    title: str
    licence: str
    source: str
    task: str
    files: Mapping[str, RemoteFile]
    input: str | None = None
    target: str | None = None
    note: str = ""


def same(url: str, sha256: str, size: int, local: str) -> RemoteFile:
    """Describe a file that is the same at its public home and in the folder GYEOL_DATA."""
    return RemoteFile(url, sha256, size, local, sha256)
