"""NumPy files larger than memory: written block by block, whole or not at all, with their SHA-256."""

from __future__ import annotations

import hashlib
import io
import math
import mmap
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from withstand.base import atomic, files, json_file, trust

_LONGEST = 10_000  # signs of a header
_UNPACKED = 1 << 31  # bytes of an archive


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


def recorded(record: Path) -> str:
    """The digest that a record beside a file has kept; one that nothing has where there is none."""
    known = json_file.kept(record, _Recorded)
    return known.digest if known else "unknown"


class _Recorded(msgspec.Struct):
    """What is kept beside a file."""

    digest: str


def mapped(path: Path) -> NDArray[Any]:
    """An array of numbers, memory-mapped, once its header is known to be true of the file.

    Raises:
        OSError, ValueError: it is no such file, has no plain numbers, or is longer or shorter than its header says.
    """
    files.regular(path.stat())
    with path.open("rb") as file:
        shape, _, dtype = read_header(file)
        start, size = file.tell(), file.seek(0, io.SEEK_END)
    needed = math.prod(shape) * dtype.itemsize
    if size - start != needed:
        raise ValueError(f"its header promises {needed:,} bytes of values, and {size - start:,} follow")
    if not needed:
        return np.empty(shape, dtype)
    return np.load(path, mmap_mode="r", allow_pickle=False)


def read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns come first, and type, at the beginning of a file.

    Raises:
        ValueError: there is no header of an array of numbers or truths.
    """
    try:
        version = np.lib.format.read_magic(file)
        known = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in known:
            raise ValueError(f"it is of form {version[0]}.{version[1]}, which only field names need")
        shape, fortran, dtype = known[version](file, max_header_size=_LONGEST)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(files.why(error)) from error
    except (
        Exception
    ) as error:  # the header is Python's notation, and what is none makes the reader raise anything
        raise ValueError("its header cannot be read") from error
    if dtype.kind not in "biuf" or not all(0 <= side < 1 << 48 for side in shape):
        raise ValueError(f"it holds {dtype} {shape}, and plain numbers are wanted")
    return shape, fortran, dtype


def archive(path: Path, kinds: str = "biufU") -> dict[str, NDArray[Any]]:
    """All arrays of a ``.npz`` that is read whole, with its checksums.

    Raises:
        OSError, ValueError: it is none, or would unpack to more than is bounded.
    """
    content = io.BytesIO(files.content(path, _UNPACKED))
    try:
        with zipfile.ZipFile(content) as archived:
            total = sum(one.file_size for one in archived.infolist())
            if total > _UNPACKED:
                raise ValueError(f"it would unpack to {total:,} bytes")
        with np.load(content, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
    except (OSError, ValueError):
        raise
    except Exception as error:  # zipfile and zlib raise errors of their own
        raise ValueError(files.why(error)) from error
    if any(not isinstance(one, np.ndarray) or one.dtype.kind not in kinds for one in arrays.values()):
        raise ValueError("it holds other things than numbers and names")
    return arrays


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
