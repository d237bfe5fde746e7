"""Predictions on disk: one Parquet file per cell, found by what made it, written once.

A *cell* is one classifier under one condition. Its key is a digest of everything that its numbers depend on, so a file
that is there is right by construction, and resuming is only not doing again what is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from withstand.base import atomic, files, json_file
from withstand.base.errors import UserError
from withstand.base.names import file_name, names_a_folder
from withstand.results.conditions import Condition


@dataclass(frozen=True, eq=False)
class Predictions:
    """What one classifier predicted under one condition, a row for each image.

    Attributes:
        ids: int64 N, the source image of each row.
        labels: int64 N, the true class.
        logits: float32 N×K, the classifier's raw outputs.
        background: int64 N, the class whose kind of background each image showed (−1: none, or not known); None where
            that was not asked.
    """

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    logits: NDArray[np.float32]
    background: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: NDArray[np.int64]) -> Predictions:
        """Those of ``rows`` alone (positions, not ids)."""
        background = None if self.background is None else self.background[rows]
        return Predictions(self.ids[rows], self.labels[rows], self.logits[rows], background)

    def at(self, ids: NDArray[np.int64]) -> Predictions:
        """Those of the images ``ids``, in that order.

        Raises:
            ValueError: one of them is not there.
        """
        order = np.argsort(self.ids)
        place = np.searchsorted(self.ids, ids, sorter=order)
        rows = order[np.minimum(place, len(order) - 1)] if len(order) else place
        if not np.array_equal(self.ids[rows] if len(order) else self.ids, ids):
            raise ValueError("an image is not among these predictions")
        return self.take(rows)

    def join(self, more: Predictions) -> Predictions:
        """These rows, then those of ``more``."""
        background = None
        if self.background is not None and more.background is not None:
            background = np.concatenate([self.background, more.background])
        return Predictions(
            np.concatenate([self.ids, more.ids]),
            np.concatenate([self.labels, more.labels]),
            np.concatenate([self.logits, more.logits]),
            background,
        )


def together(parts: list[Predictions]) -> Predictions:
    """The predictions of several parts as one, by id.

    Raises:
        ValueError: an image is in two of them.
    """
    if len(parts) == 1:
        return parts[0]
    ids = np.concatenate([part.ids for part in parts])
    order = np.argsort(ids, kind="stable")
    if (np.diff(ids[order]) == 0).any():
        raise ValueError("an image was tested twice")
    background = [part.background for part in parts if part.background is not None]
    return Predictions(
        ids=ids[order],
        labels=np.concatenate([part.labels for part in parts])[order],
        logits=np.concatenate([part.logits for part in parts])[order],
        background=np.concatenate(background)[order] if len(background) == len(parts) else None,
    )


@dataclass(frozen=True)
class Cell:
    """One condition and all that the predictions under it depend on (``facts``: JSON values)."""

    condition: Condition
    facts: Mapping[str, Any]

    @property
    def key(self) -> str:
        """16 hexadecimal digits of the SHA-256 of the condition and the facts."""
        content = json.dumps({"condition": str(self.condition), **self.facts}, sort_keys=True)
        return _key(content.encode())

    @property
    def file(self) -> str:
        return f"{_called(self.condition)}.{self.key}.parquet"

    @property
    def pieces(self) -> str:
        """The folder of pieces of it that came one by one."""
        return f"{_called(self.condition)}.{self.key}.pieces"

    @property
    def part(self) -> str:
        """The file of a part of the images: another name, so that no part is ever taken for the whole."""
        return f"{_called(self.condition)}.{self.key}.part.parquet"


def _once(parts: list[Predictions]) -> Predictions:
    """Several parts as one, each image once: one piece may have been kept twice by two starts."""
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.join(part.take(np.flatnonzero(~np.isin(part.ids, whole.ids))))
    return whole


def _called(condition: Condition) -> str:
    """What a condition's file is called: as it is, where a file may be called so."""
    name = str(condition)
    return name if names_a_folder(name) else file_name(name)


def _key(facts: bytes) -> str:
    return hashlib.sha256(facts).hexdigest()[:16]


def _checksum(predictions: Predictions) -> str:
    """Of all numbers, in their order: what was changed since it was written is not what was predicted."""
    found = 0
    whole = ((predictions.ids, "<i8"), (predictions.labels, "<i8"), (predictions.background, "<i8"))
    for column, kind in (*whole, (predictions.logits, "<f4")):
        if column is not None and column.size:
            found = zlib.crc32(np.ascontiguousarray(column, kind).data.cast("B"), found)
    return f"crc32 {found:08x}"


def _predictions(table: pa.Table) -> Predictions:
    """What a table holds.

    Raises:
        ValueError, LookupError: it is none of predictions.
    """
    for name, kind in _KINDS.items():
        if name != "background" or name in table.column_names:
            column = table[name]
            if not kind(column.type):
                raise ValueError(f"column {name} holds {column.type}")
            if column.null_count:
                raise ValueError(f"column {name} has gaps")
    logits = table["logits"].combine_chunks()
    flat = logits.flatten()
    outputs = logits.type.list_size
    if not len(logits) or outputs < 1:
        raise ValueError("it holds no predictions")
    if flat.null_count or len(flat) != len(logits) * outputs:
        raise ValueError("its logits have gaps")
    ids, labels = table["id"].to_numpy(), table["label"].to_numpy()
    if labels.min() < 0 or labels.max() >= outputs:
        raise ValueError(f"it has labels from {labels.min()} to {labels.max()}, and {outputs} outputs")
    if not (ids[1:] > ids[:-1]).all() and len(np.unique(ids)) < len(ids):
        raise ValueError("it has an image twice")
    background = table["background"].to_numpy() if "background" in table.column_names else None
    return Predictions(ids, labels, flat.to_numpy().reshape(len(logits), outputs), background)


def _unread(path: Path, error: Exception) -> UserError:
    return UserError(
        f"cannot read the predictions in {path} ({files.why(error)}); delete the file and run the evaluation again"
    )


_MOST = 1 << 34  # bytes of a cell
_KINDS: dict[str, Callable[[pa.DataType], bool]] = {
    "id": pa.types.is_int64,
    "label": pa.types.is_int64,
    "logits": lambda kind: pa.types.is_fixed_size_list(kind) and pa.types.is_float32(kind.value_type),
    "background": pa.types.is_int64,
}


class Store:
    """A folder of cells."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def __contains__(self, cell: Cell) -> bool:
        return (self.root / cell.file).is_file()

    def write(self, cell: Cell, predictions: Predictions, *, part: bool = False) -> None:
        """Write ``predictions`` whole or not at all; as ``part`` of the images, in the place of a smaller part."""
        self._write(self.root / (cell.part if part else cell.file), cell, predictions)

    def add(self, cell: Cell, predictions: Predictions) -> None:
        """Keep a piece of a cell beside what there is of it, until the cell is written whole."""
        folder = self.root / cell.pieces
        number = len([*folder.glob("*.parquet")]) if folder.is_dir() else 0
        self._write(folder / f"{number}.{cell.key}.parquet", cell, predictions)

    def _write(self, place: Path, cell: Cell, predictions: Predictions) -> None:
        classes = predictions.logits.shape[1]
        flat = pa.array(np.ascontiguousarray(predictions.logits, dtype=np.float32).reshape(-1))
        columns = {
            "id": pa.array(predictions.ids, pa.int64()),
            "label": pa.array(predictions.labels, pa.int64()),
            "logits": pa.FixedSizeListArray.from_arrays(flat, classes),
        }
        if predictions.background is not None:
            columns["background"] = pa.array(predictions.background, pa.int64())
        table = pa.table(columns)
        facts = json.dumps({"condition": str(cell.condition), **cell.facts}, sort_keys=True)
        check = _checksum(predictions)
        with atomic.replacing(place) as temporary:
            said = table.replace_schema_metadata({"withstand": facts, "checksum": check})
            with temporary.open("wb") as file:  # Arrow itself knows no name that is not UTF-8
                pq.write_table(said, file, compression="zstd", write_page_checksum=True)

    def read(self, cell: Cell | str) -> Predictions:
        """Read a cell, or the file of that name.

        Raises:
            UserError: the file is missing, damaged or altered, or is another cell's.
        """
        path = self.root / (cell if isinstance(cell, str) else cell.file)
        try:
            content = pa.BufferReader(files.content(path, _MOST))
            table = pq.ParquetFile(content, page_checksum_verification=True).read(use_threads=False)
            said = table.schema.metadata or {}
            if _key(said.get(b"withstand", b"")) not in path.name.split("."):
                raise ValueError("it holds another cell than its name says")
            found = _predictions(table)
            if said.get(b"checksum") not in (None, _checksum(found).encode()):
                raise ValueError("its checksum is not that of what was written")
        except (*files.BAD, pa.ArrowException, LookupError, TypeError) as error:
            raise _unread(path, error) from error
        return found

    def facts(self, file: str) -> dict[str, Any]:
        """What the predictions in a file depend on, as it says itself; empty where it says nothing."""
        try:
            with files.opened(self.root / file) as handle, os.fdopen(handle, "rb", closefd=False) as opened:
                found = (pq.read_schema(opened).metadata or {}).get(b"withstand")
            return json_file.decoded(found, dict[str, Any]) if found else {}
        except (*files.BAD, pa.ArrowException) as error:
            raise _unread(self.root / file, error) from error

    def part(self, cell: Cell) -> Predictions | None:
        """What there is of a cell: all of it, or the part that was predicted first; None where there is nothing."""
        if cell in self:
            return self.read(cell)
        found = [cell.part] if (self.root / cell.part).is_file() else []
        folder = self.root / cell.pieces
        if folder.is_dir():
            found += [f"{cell.pieces}/{one.name}" for one in sorted(folder.glob("*.parquet"))]
        parts = [self.read(one) for one in found]
        return parts[0] if len(parts) == 1 else _once(parts) if parts else None

    def forget_part(self, cell: Cell) -> None:
        """Remove the parts of a cell that is there in whole."""
        if cell in self:
            (self.root / cell.part).unlink(missing_ok=True)
            shutil.rmtree(self.root / cell.pieces, ignore_errors=True)
