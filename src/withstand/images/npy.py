"""NumPy files larger than memory: written block by block, whole or not at all, with their SHA-256."""

from __future__ import annotations

import hashlib
import io
import mmap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.base import atomic, trust


def write(path: Path, blocks: Iterable[NDArray[Any]], dtype: np.dtype[Any], shape: tuple[int, ...]) -> str:
    """Write an array of ``dtype`` and ``shape`` from blocks that follow each other along its first axis.

    Returns:
        The SHA-256 of the file, which is what ``np.save`` would have written.
    """
    sha = hashlib.sha256()
    rows = 0
    with atomic.replacing(path) as temporary, temporary.open("wb") as file:
        file.write(start := header(dtype, shape))
        sha.update(start)
        for block in blocks:
            if block.dtype != dtype or block.shape[1:] != shape[1:]:
                raise ValueError(f"a block of {block.dtype} {block.shape} in a file of {dtype} {shape}")
            content = np.ascontiguousarray(block).data.cast("B")
            file.write(content)
            sha.update(content)
            rows += len(block)
        if rows != shape[0]:
            raise ValueError(f"{rows} rows in a file of {shape[0]}")
    return sha.hexdigest()


def header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """The bytes before the values."""
    file = io.BytesIO()
    descr: Any = np.lib.format.dtype_to_descr(dtype)
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue()


def intact(path: Path, digest: str) -> bool:
    """Whether the file is there with this SHA-256; hashed once, then trusted while it stays as it is."""
    return trust.verified(path, digest, _sha256)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def release(array: NDArray[Any]) -> None:
    """Give back the memory behind a memory-mapped array, or a slice of one; read again, it comes from the file.

    Pages that were read stay with the process until the system is short of memory, so that reading a file from end to
    end looks like holding all of it. Nothing happens to other arrays, or where the system has no such call.
    """
    base: Any = array
    kept = not array.flags.writeable
    while isinstance(base, np.ndarray):
        kept = kept or getattr(base, "mode", "") in ("r+", "w+")  # shared with the file: changes are in it
        base = base.base
    # Not of a private mapping that may be changed: its changes would be lost.
    if isinstance(base, mmap.mmap) and kept and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)
