"""Arrays in ``.npy`` and ``.npz`` files, as image sets want them: bytes N×H×W×3, memory-mapped, whatever their size."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.base import files, json_file, moving
from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.base.lock import one_writer
from withstand.base.names import file_name
from withstand.images import npy
from withstand.images.sources import stamps

_AT_ONCE = 256  # images that are turned, or unpacked, at a time
_WAYS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "N×H×W×3": lambda block: block,
    "N×3×H×W": lambda block: block.transpose(0, 2, 3, 1),
    "N×H×W": lambda block: np.stack([block] * 3, axis=3),
    "N×H×W×1": lambda block: np.repeat(block, 3, axis=3),
    "N×1×H×W": lambda block: np.repeat(block.transpose(0, 2, 3, 1), 3, axis=3),
}
"""Each layout that is recognised, and what makes N×H×W×3 of it."""


@dataclass(frozen=True)
class Stored:
    """One array of a file.

    Attributes:
        path: a ``.npy``, or a ``.npz`` whose array ``key`` it is.
        key: empty for a ``.npy``.
    """

    path: Path
    key: str = ""

    def __str__(self) -> str:
        return f"{self.path}[{self.key}]" if self.key else str(self.path)

    def shape(self) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Its shape and type; of its values nothing is read."""
        with self._reading():
            if not self.key:
                mapped = npy.mapped(self.path)
                return mapped.shape, mapped.dtype
            with zipfile.ZipFile(self.path) as archive, archive.open(f"{self.key}.npy") as file:
                shape, _, dtype = npy.read_header(file)
                return shape, dtype

    def values(self) -> NDArray[Any]:
        """All of it: memory-mapped where it is a ``.npy``, else in memory."""
        with self._reading():
            if not self.key:
                return npy.mapped(self.path)
            with np.load(self.path, allow_pickle=False) as archive:
                return np.asarray(archive[self.key])

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Its rows, some at a time."""
        with self._reading():
            if not self.key:
                yield from _rows_of(self.values())
                return
            with zipfile.ZipFile(self.path) as archive, archive.open(f"{self.key}.npy") as file:
                shape, fortran, dtype = npy.read_header(file)
                if fortran:  # its rows lie scattered over all of it
                    yield from _rows_of(self.values())
                    return
                row = int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize
                for start in range(0, shape[0], _AT_ONCE):
                    many = min(_AT_ONCE, shape[0] - start)
                    content = file.read(many * row)
                    yield np.frombuffer(content, dtype).reshape(many, *shape[1:])

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """Within, what is wrong with the file is one line."""
        try:
            yield
        except FileNotFoundError as error:
            raise UserError(f"there is no file {self.path}; see dataset.images and dataset.labels") from error
        except (*files.BAD, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
            raise UserError(
                f"{self} is no array that can be read ({files.why(error)}); save it with np.save"
            ) from error


def images(stored: Stored, cache: Path) -> NDArray[np.uint8]:
    """uint8 N×H×W×3, memory-mapped: the file itself where it is that, else a copy in ``cache`` made by blocks.

    Raises:
        UserError: the array is of another type or shape, or the copy cannot be written.
    """
    shape, dtype = stored.shape()
    layout = _layout(stored, shape, dtype)
    if layout == "N×H×W×3" and not stored.key and (mapped := stored.values()).flags.c_contiguous:
        return mapped
    n, *rest = shape
    height, width = rest[1:] if layout in ("N×3×H×W", "N×1×H×W") else rest[:2]
    facts = [stamps([stored.path], stored.path.parent), layout]
    name = file_name(f"{stored.path.stem}{'-' if stored.key else ''}{stored.key}")
    known_by = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    copy, record = cache / f"{name}.{known_by}.npy", cache / f"{name}.{known_by}.json"
    if not npy.intact(copy, npy.recorded(record)):
        with one_writer(cache):
            return _turned(stored, layout, copy, record, (n, height, width, 3))
    return npy.mapped(copy)


def _turned(
    stored: Stored, layout: str, copy: Path, record: Path, shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """The copy, written where another process has not just done it; copies of what the file was before go."""
    if not npy.intact(copy, npy.recorded(record)):
        say(f"{stored}: {shape[0]:,} images, {layout}, are written as N×H×W×3 to {copy}")
        name = copy.name.rsplit(".", 2)[0]
        for old in copy.parent.glob(f"{glob.escape(name)}.{'[0-9a-f]' * 16}.*"):
            moving.discard(old)
        turned = (np.ascontiguousarray(_WAYS[layout](block)) for block in stored.blocks())
        digest = npy.write(copy, turned, np.dtype(np.uint8), shape)
        json_file.write(record, {"digest": digest, "of": str(stored), "layout": layout})
    return npy.mapped(copy)


def labels(stored: Stored, count: int, shown: Stored) -> NDArray[np.int64]:
    """int64 N, a whole number for each of ``count`` images in ``shown``.

    Raises:
        UserError: they are something else, or of another number.
    """
    shape, dtype = stored.shape()
    if len(shape) == 2 and shape[1] > 1:
        raise UserError(
            f"{stored} holds {shape[1]} values an image; save one label each: y.argmax(axis=1) of one-hot rows"
        )
    if len(shape) not in (1, 2) or dtype.kind not in "iu":
        raise UserError(
            f"{stored} holds {dtype} {shape}, not labels; save a whole number an image: y.astype('int64')"
        )
    if shape[0] != count:
        raise UserError(
            f"{shown} has {count:,} images and {stored} {shape[0]:,} labels; give the labels of these images, in their"
            " order"
        )
    return np.array(stored.values()).reshape(-1).astype(np.int64)


def _layout(stored: Stored, shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    if dtype.kind == "f":
        raise UserError(
            f"{stored} holds {dtype}, and images are bytes, 0 to 255: save (x * 255).round().astype('uint8') where they"
            " lie between 0 and 1, before any normalisation"
        )
    if dtype != np.uint8:
        raise UserError(
            f"{stored} holds {dtype} {shape}, and images are bytes, uint8 N×H×W×3: save x.astype('uint8') where they"
            " lie between 0 and 255"
        )
    match shape:
        case (_, _, _, 3):
            return "N×H×W×3"
        case (_, 3, _, _):
            return "N×3×H×W"
        case (_, _, _):
            return "N×H×W"
        case (_, _, _, 1):
            return "N×H×W×1"
        case (_, 1, _, _):
            return "N×1×H×W"
    raise UserError(f"{stored} holds uint8 {shape}, and images are N×H×W×3, N×3×H×W or, grey, N×H×W")


def _rows_of(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    for start in range(0, len(array), _AT_ONCE):
        yield np.asarray(array[start : start + _AT_ONCE])
        npy.release(array)
