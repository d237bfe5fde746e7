"""The form of the file that `kept` writes: a checksum, an index and its length, and arrays, each with its checksum."""

from __future__ import annotations

import mmap
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from withstand.base import files

_FORM = 2
"""Changes with the form."""
_HEAD = 12  # bytes before the index: checksum, length
_KINDS = ("|b1", "|u1", "<u2", "<i8", "<f4", "<f8")
Values = NDArray[Any]
Stamp = tuple[int, int, int]
"""Size, time and number."""


class Array(msgspec.Struct, array_like=True):
    """Where an array is, and ``by`` what it was made."""

    kind: str
    start: int
    size: int
    crc: int
    by: str


class Cell(msgspec.Struct, array_like=True):
    """What was made of one cell: of its files as they were, of which images, with how many broken answers.

    ``shown``: what the images depend on, as the cell records it, in JSON.
    """

    key: str
    files: list[tuple[str, int, int, int]]
    images: int
    broken: int
    columns: dict[str, Array]
    shown: str


class _Index(msgspec.Struct, array_like=True):
    form: int
    images: list[tuple[Array, Array]]
    cells: list[Cell]


def stamp(one: os.stat_result) -> Stamp:
    """What tells a file from another that was put in its place."""
    return one.st_size, one.st_mtime_ns, one.st_ino


class Reading:
    """A file as it was when it was opened; empty where there is none, or what there is is not one."""

    stamp: Stamp | None

    def __init__(self, place: Path) -> None:
        try:
            with files.opened(place) as handle:
                self.stamp = stamp(os.fstat(handle))
                self._bytes: bytes | mmap.mmap = mmap.mmap(handle, 0, access=mmap.ACCESS_READ)
        except files.BAD:
            self.stamp, self._bytes = None, b""
        length = int.from_bytes(self._bytes[4:_HEAD], "big")
        body = self._bytes[_HEAD : _HEAD + length]
        self._start = _HEAD + length + _gap(_HEAD + length)
        self._images: list[tuple[Array, Array]] = []
        self._sound: dict[int, Values] = {}
        self.cells: dict[str, Cell] = {}
        if not body or int.from_bytes(self._bytes[:4], "big") != zlib.crc32(body):
            return
        try:
            found = msgspec.msgpack.decode(body, type=_Index)
        except (msgspec.MsgspecError, *files.BAD):
            return
        if found.form == _FORM:
            self._images = found.images
            self.cells = {cell.key: cell for cell in found.cells}

    def array(self, one: Array) -> Values | None:
        """None where its bytes are not what was written; which is asked once of what does not change."""
        if one.start in self._sound:
            return self._sound[one.start]
        start = self._start + one.start
        content = memoryview(self._bytes)[start : start + one.size]
        if one.kind not in _KINDS or len(content) != one.size or zlib.crc32(content) != one.crc:
            return None
        return self._sound.setdefault(one.start, np.frombuffer(content, one.kind))

    def images(self, cell: Cell) -> tuple[Values, Values] | None:
        """The ids and the labels of a cell's rows."""
        if not 0 <= cell.images < len(self._images):
            return None
        ids, labels = (self.array(one) for one in self._images[cell.images])
        return None if ids is None or labels is None else (ids, labels)


class Writing:
    """The content of a file: cells that show the same images share one array of ids, and one of labels."""

    def __init__(self) -> None:
        self._index = _Index(_FORM, [], [])
        self._parts: list[bytes] = []
        self._size = 0
        self._places: dict[tuple[bytes, bytes], int] = {}

    def add(
        self,
        key: str,
        those: list[tuple[str, int, int, int]],
        images: tuple[Values, Values],
        broken: int,
        columns: Mapping[str, tuple[Values, str]],
        shown: str,
    ) -> None:
        """A cell; ``columns``: name → values and what they were made by."""
        rows = [_small(one) for one in images]
        place = self._places.setdefault((rows[0].tobytes(), rows[1].tobytes()), len(self._index.images))
        if place == len(self._index.images):
            self._index.images.append((self._put(rows[0], ""), self._put(rows[1], "")))
        kept = {name: self._put(values, by) for name, (values, by) in columns.items()}
        self._index.cells.append(Cell(key, those, place, broken, kept, shown))

    def content(self) -> Iterator[bytes]:
        index = msgspec.msgpack.encode(self._index)
        yield zlib.crc32(index).to_bytes(4, "big") + len(index).to_bytes(8, "big")
        yield index + bytes(_gap(_HEAD + len(index)))
        yield from self._parts

    def _put(self, values: Values, by: str) -> Array:
        content = values.tobytes()
        at = Array(values.dtype.str, self._size, len(content), zlib.crc32(content), by)
        self._parts += content, bytes(_gap(len(content)))
        self._size += len(content) + _gap(len(content))
        return at


def _gap(size: int) -> int:
    """Bytes to the next place at which any number may begin."""
    return -size % 8


def _small(values: Values) -> Values:
    """Whole numbers in as few bytes as they take."""
    for kind in (np.uint8, np.uint16):
        if len(values) and values.min() >= 0 and values.max() <= np.iinfo(kind).max:
            return values.astype(kind)
    return values.astype("<i8")
