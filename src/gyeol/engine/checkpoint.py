"""Checkpoints, from which a training resumes to the same bits: safetensors and JSON, never a pickle."""

from __future__ import annotations

import errno
import json
import re
import struct
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gyeol.data.atomic import replace_folder
from gyeol.errors import ModelError, SaveError

__all__ = ["Checkpoint", "read_tensors", "write_tensors"]

# The largest header accepted: a legal header of tens of megabytes names half a million empty tensors and takes seconds.
_HEADER_CAP = 4 << 20
_FORMAT = 1
_FILES = ("state.json", "tensors.safetensors")


def write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write named tensors as one safetensors file.

    Raises
    ------
    OSError
        It cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file({name: t.detach().contiguous().clone() for name, t in tensors.items()}, path)
    except SafetensorError as error:  # a full disk, in its own wording
        number = re.search(r"os error (\d+)", str(error))
        raise OSError(int(number[1]) if number else errno.EIO, str(error)) from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file into memory, after checking the size of its header.

    Raises
    ------
    ModelError
        The file is missing, truncated, or not a safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        with path.open("rb") as file:
            head = file.read(8)
        if len(head) < 8:
            raise ModelError(f"{path} is truncated: {len(head)} bytes; train again or restore it from a backup")
        size = struct.unpack("<Q", head)[0]
        if size > _HEADER_CAP:
            raise ModelError(f"{path} is not a tensor file written by gyeol: its header claims {size:,} bytes")
        return load_file(path)
    except FileNotFoundError:
        raise ModelError(f"{path} is missing") from None
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise ModelError(f"{path} is damaged or not a safetensors file ({error}); restore it from a backup") from error


class Checkpoint:
    """A folder with the state of a training: weights, best weights, optimizer, random state, position.

    Parameters
    ----------
    path : Path
        The folder; replaced as a whole.
    about : dict
        What is trained (settings, data); a checkpoint of another training is refused.
    """

    def __init__(self, path: Path, about: dict[str, Any]) -> None:
        self.path = path
        self.about = json.loads(json.dumps(about))

    def check_place(self) -> None:
        """Make sure, before hours are spent, that nothing but a checkpoint will be replaced.

        Raises
        ------
        SaveError
            The path is a file, or a folder with other things in it.
        """
        if self.path.exists() and not self.path.is_dir():
            raise SaveError(f"{self.path} is a file, but a checkpoint is a folder: choose another place")
        others = sorted(p.name for p in self.path.iterdir() if p.name not in _FILES) if self.path.exists() else []
        if others:
            shown = ", ".join(others[:3])
            raise SaveError(f"{self.path} contains other things than a checkpoint ({shown}): choose another place")

    def save(self, groups: dict[str, dict[str, Tensor]], state: dict[str, Any]) -> None:
        """Write groups of named tensors, the state of the random generator, and JSON values.

        Raises
        ------
        SaveError
            It cannot be written; the previous checkpoint is unchanged.
        """
        self.check_place()

        def write(folder: Path) -> None:
            tensors = {f"{group}/{name}": t for group, named in groups.items() for name, t in named.items()}
            tensors["random"] = torch.get_rng_state()
            write_tensors(folder / "tensors.safetensors", tensors)
            whole = {"format": _FORMAT, "about": self.about, "state": state}
            (folder / "state.json").write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")

        replace_folder(self.path, write)

    def exists(self) -> bool:
        """Whether there is a checkpoint to resume from."""
        return any((self.path / name).exists() for name in _FILES)

    @staticmethod
    def about_of(path: Path) -> dict[str, Any]:
        """Read what a checkpoint is a training of; empty if it is damaged, which `load` reports."""
        try:
            about = json.loads((path / "state.json").read_text(encoding="utf-8"))["about"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return {}
        return about if isinstance(about, dict) else {}

    def load(self) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
        """Read everything back and set the random generator.

        Raises
        ------
        ModelError
            It is damaged, or belongs to another training; names what differs.
        """
        try:
            whole = json.loads((self.path / "state.json").read_text(encoding="utf-8"))
            fmt, about, state = whole["format"], dict(whole["about"]), dict(whole["state"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise ModelError(
                f"the checkpoint {self.path} is damaged ({error}); train again without --resume"
            ) from error
        if fmt != _FORMAT:
            raise ModelError(
                f"the checkpoint {self.path} has format {fmt}; this version of gyeol reads format {_FORMAT}"
            )
        different = [k for k in {**self.about, **about} if about.get(k) != self.about.get(k)]
        if different:
            shown = ", ".join(f"{k} (was {about.get(k)!r}, is {self.about.get(k)!r})" for k in different[:3])
            raise ModelError(f"the checkpoint {self.path} belongs to another training: {shown}; train without --resume")
        groups: dict[str, dict[str, Tensor]] = {}
        tensors = read_tensors(self.path / "tensors.safetensors")
        random = tensors.pop("random", None)
        if random is None:
            raise ModelError(f"the checkpoint {self.path} lacks the random state; train again without --resume")
        for name, tensor in tensors.items():
            group, _, rest = name.partition("/")
            groups.setdefault(group, {})[rest] = tensor
        try:
            torch.set_rng_state(random)
        except (RuntimeError, TypeError) as error:
            raise ModelError(
                f"the checkpoint {self.path} is damaged (random state: {error}); train again without --resume"
            ) from error
        return groups, state

    def remove(self) -> None:
        """Delete it, once the model is saved; SaveError if the folder contains other things."""
        import shutil

        self.check_place()
        shutil.rmtree(self.path, ignore_errors=True)
