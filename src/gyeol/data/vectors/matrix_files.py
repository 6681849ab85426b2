"""Sparse matrices on their way into files, some rows at a time: the whole is never in memory.

- ``.npz``: what ``scipy.sparse.load_npz`` reads (CSR); if a document has several rows, ``documents`` (D + 1,) says
  where each starts;
- ``.parquet``: a row a cell: ``document``, ``place`` (of the token, where rows are tokens), ``term``, ``value``;
- ``.mtx``: Matrix Market's coordinates, counted from 1.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from gyeol.data.atomic import replace_file
from gyeol.errors import ParameterError, closest

__all__ = ["MATRIX_FORMATS", "Block", "Shape", "check_matrix_path", "write_matrix"]


#: Rows, a csr matrix, and where each document begins among them: int64 (D + 1,).
Block = tuple[Any, npt.NDArray[np.int64]]


class Shape(NamedTuple):
    """What was written: documents, rows (more than documents where a row is a token), columns, cells that are not 0."""

    documents: int
    rows: int
    columns: int
    cells: int


def check_matrix_path(path: Path) -> None:
    """Refuse a name whose ending is not a format.

    Raises
    ------
    ParameterError
        Names the endings there are.
    """
    if path.suffix.lower() not in MATRIX_FORMATS:
        came = f"the ending {path.suffix!r}" if path.suffix else "no ending"
        raise ParameterError(f"--out {path}: {came} is not a matrix format{closest(path.suffix, MATRIX_FORMATS)}")


def write_matrix(path: Path, blocks: Iterable[Block], terms: pl.Series, *, tokens: bool = False) -> Shape:
    """Write a matrix, block by block.

    Parameters
    ----------
    path : Path
        Its ending is the format, see above.
    blocks : iterable of (csr matrix, int64 array)
        Rows, and where each document begins among them: (D + 1,) from 0 on.
    terms : Series of str
        The columns' names.
    tokens : bool
        Rows are tokens, of which a document may have any number; otherwise they are the documents.

    Returns
    -------
    Shape

    Raises
    ------
    ParameterError, SaveError
        The ending is not a format, or the file cannot be written.
    """
    check_matrix_path(path)
    shape = Shape(0, 0, 0, 0)

    def write(place: Path) -> None:
        nonlocal shape
        shape = MATRIX_FORMATS[path.suffix.lower()](place, blocks, terms, tokens)

    replace_file(path, write)
    return shape


def _write_npz(place: Path, blocks: Iterable[Block], terms: pl.Series, tokens: bool) -> Shape:
    cells = 0
    kinds: dict[str, np.dtype[Any]] = {"data": np.dtype(np.float64), "indices": np.dtype(np.int32)}
    ends, documents = [np.zeros(1, dtype=np.int64)], [np.zeros(1, dtype=np.int64)]
    rows = 0
    with (place.parent / "data").open("wb") as data, (place.parent / "indices").open("wb") as indices:
        for matrix, starts in blocks:
            kinds["data"] = matrix.data.dtype
            data.write(matrix.data.tobytes())
            indices.write(matrix.indices.astype(np.int32, copy=False).tobytes())
            ends.append(matrix.indptr[1:].astype(np.int64) + cells)
            documents.append(starts[1:] + rows)
            cells, rows = cells + matrix.nnz, rows + matrix.shape[0]
    indptr, begins = np.concatenate(ends), np.concatenate(documents)
    with zipfile.ZipFile(place, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:

        def member(name: str, array: npt.NDArray[Any]) -> None:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)

        member("format", np.array(b"csr"))
        member("shape", np.array([rows, len(terms)], dtype=np.int64))
        member("indptr", indptr if cells > np.iinfo(np.int32).max else indptr.astype(np.int32))
        if tokens:
            member("documents", begins)
        for name, kind in kinds.items():
            head = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": (cells,)}
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file, (place.parent / name).open("rb") as raw:
                np.lib.format.write_array_header_1_0(file, head)
                shutil.copyfileobj(raw, file, 1 << 20)
    return Shape(len(begins) - 1, rows, len(terms), cells)


def _write_parquet(place: Path, blocks: Iterable[Block], terms: pl.Series, tokens: bool) -> Shape:
    parts = place.parent / "parts"
    parts.mkdir()
    shape, count = Shape(0, 0, len(terms), 0), 0
    for matrix, starts in blocks:
        rows = _rows_of(matrix)
        cells = {"document": rows + shape.documents}
        if tokens:
            documents = np.repeat(np.arange(len(starts) - 1, dtype=np.int64), np.diff(starts))[rows]
            cells = {"document": documents + shape.documents, "place": rows - starts[documents]}
        frame = pl.DataFrame({**cells, "term": terms.gather(matrix.indices), "value": matrix.data})
        frame.write_parquet(parts / f"{count:08}.parquet")
        shape, count = _grown(shape, matrix, starts), count + 1
    if count:
        pl.scan_parquet(parts / "*.parquet", glob=True).sink_parquet(place)
    else:
        pl.DataFrame(schema={"document": pl.Int64, "term": pl.String, "value": pl.Float64}).write_parquet(place)
    return shape


def _write_mtx(place: Path, blocks: Iterable[Block], terms: pl.Series, tokens: bool) -> Shape:
    shape = Shape(0, 0, len(terms), 0)
    body = place.parent / "body"
    with body.open("wb") as file:
        for matrix, starts in blocks:
            rows = _rows_of(matrix) + shape.rows + 1
            frame = pl.DataFrame({"row": rows, "column": matrix.indices.astype(np.int64) + 1, "value": matrix.data})
            frame.write_csv(file, include_header=False, separator=" ")
            shape = _grown(shape, matrix, starts)
    with place.open("wb") as target, body.open("rb") as raw:
        head = f"%%MatrixMarket matrix coordinate real general\n{shape.rows} {shape.columns} {shape.cells}\n"
        target.write(head.encode())
        shutil.copyfileobj(raw, target, 1 << 20)
    return shape


def _rows_of(matrix: Any) -> npt.NDArray[np.int64]:
    """Return the row of each cell."""
    return np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))


def _grown(shape: Shape, matrix: Any, starts: npt.NDArray[np.int64]) -> Shape:
    return Shape(
        shape.documents + len(starts) - 1, shape.rows + matrix.shape[0], shape.columns, shape.cells + matrix.nnz
    )


#: Writers by the ending of the file's name.
MATRIX_FORMATS: dict[str, Callable[..., Shape]] = {
    ".npz": _write_npz,
    ".parquet": _write_parquet,
    ".mtx": _write_mtx,
}
