"""The photographs of a set that could be decoded, in a file of their own, so that leaving some out takes no memory."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from withstand.base import json_file, moving
from withstand.base.lock import one_writer
from withstand.images import npy
from withstand.images.photographs import Photographs

_AT_ONCE = 16  # images that are copied between two looks at the memory


def undamaged(found: Photographs, cache: Path, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The images that could be decoded, memory-mapped as all of them are, and their positions.

    Raises:
        UserError: the cache cannot be written.
    """
    rows = np.setdiff1d(np.arange(len(found.images)), list(found.damaged))
    key = hashlib.sha256(f"{found.digest} {rows.tolist()}".encode()).hexdigest()[:16]
    array, record = cache / f"{name}-whole.{key}.npy", cache / f"{name}-whole.{key}.json"
    if npy.intact(array, npy.recorded(record)):
        return npy.mapped(array), rows
    with one_writer(cache):
        if npy.intact(array, npy.recorded(record)):
            return npy.mapped(array), rows
        for old in cache.glob(f"{glob.escape(name)}-whole.*"):
            moving.discard(old)
        shape = (len(rows), *found.images.shape[1:])
        digest = npy.write(array, _pieces(found.images, rows), np.dtype(np.uint8), shape)
        json_file.write(record, {"digest": digest})
        return npy.mapped(array), rows


def _pieces(images: NDArray[np.uint8], rows: NDArray[np.int64]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(rows), _AT_ONCE):
        yield images[rows[start : start + _AT_ONCE]]
        npy.release(images)
