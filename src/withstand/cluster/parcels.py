"""Jobs as they are sent to a node: large arrays apart, each once, however many jobs hold it.

An array that is memory-mapped goes by the name of its file where the node has the same file; else by its content.
"""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.base.crew import AbsentHereError
from withstand.models import code

_LARGE = 1 << 18  # bytes of an array that is sent apart
_LOOKED_AT = 64  # places of a file that tell whether it is the same
_PLACE = 4096  # bytes of each

_arriving: dict[str, NDArray[Any]] = {}
_moved: list[tuple[str, str]] = []


@dataclass(frozen=True)
class Parcel:
    """A job in bytes.

    Attributes:
        content: the job, but for its large arrays.
        arrays: of those: name → content, or a reference to it.
        files: names of arrays that are in files, with these.
    """

    content: bytes
    arrays: Mapping[str, Any]
    files: Mapping[str, str]


class Sender:
    """Makes parcels; knows what it has sent.

    Args:
        put: keeps an array where nodes can get it, and gives what they get it by.
    """

    def __init__(self, put: Callable[[NDArray[Any]], Any]) -> None:
        self._put = put
        self._sent: dict[str, Any] = {}

    def pack(self, job: Any, *, whole: bool = False) -> Parcel:
        """A job; ``whole``: with the content of what lies in files.

        Raises:
            TypeError, AttributeError, pickle.PicklingError: something in it cannot be sent.
        """
        from ray import cloudpickle

        held: dict[str, Any] = {}
        files: dict[str, str] = {}
        kept: list[Any] = []  # alive while it is packed: a name may be that of a place in memory

        base: Any = cloudpickle.Pickler

        class Packer(base):  # type: ignore[misc]
            def reducer_override(packer, item: Any) -> Any:  # noqa: N805
                if not isinstance(item, np.ndarray) or item.nbytes < _LARGE or item.dtype.hasobject:
                    return super().reducer_override(item)
                place = _in_file(item)
                if place is not None and not whole:
                    mark = _mark(item)
                    files[mark] = place[0]
                    return _by_name, (*place, item.dtype.str, item.shape, mark)
                name = _mark(item)
                if name not in self._sent:
                    self._sent[name] = self._put(np.ascontiguousarray(item).view(np.ndarray))
                held[name] = self._sent[name]
                kept.append(item)
                return _by_content, (name,)

        for name, module in [*sys.modules.items()]:
            if name.startswith(code.USER):  # a file of the user's, which nodes cannot import
                cloudpickle.register_pickle_by_value(module)
        stream = io.BytesIO()
        packer: Any = Packer(stream, protocol=5)
        packer.dump(job)
        return Parcel(stream.getvalue(), held, files)


def unpack(content: bytes, arrays: Mapping[str, NDArray[Any]], moved: tuple[str, str] | None = None) -> Any:
    """The job of a parcel.

    Args:
        arrays: the content of its arrays.
        moved: where files lie there and here, in place of the same path.

    Raises:
        AbsentHereError: a file is not here.
    """
    from ray import cloudpickle

    _arriving.clear()
    _arriving.update(arrays)
    _moved[:] = [moved] if moved else []
    try:
        return cloudpickle.loads(content)
    finally:
        _arriving.clear()


def _by_content(name: str) -> NDArray[Any]:
    return _arriving[name]


def _by_name(path: str, offset: int, kind: str, shape: tuple[int, ...], mark: str) -> NDArray[Any]:
    """The array in a file, here or where such files lie here."""
    places = [path]
    for there, here in _moved:
        if path.startswith(f"{there}/"):
            places.insert(0, here + path.removeprefix(there))
    for place in places:
        try:
            found = np.memmap(place, np.dtype(kind), "r", offset, shape)
        except (OSError, ValueError):  # it is not there, or shorter
            continue
        if _mark(found) == mark:
            return found
    raise AbsentHereError(path)


def _in_file(array: NDArray[Any]) -> tuple[str, int] | None:
    """The file that an array lies in, and where; None where it is in memory, or has gaps."""
    if not array.flags.c_contiguous or not isinstance(array, np.memmap):
        return None
    root: Any = array
    while isinstance(root.base, np.memmap):
        root = root.base
    if root.filename is None or not hasattr(root, "offset") or getattr(root, "_mmap", None) is None:
        return None
    within = array.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    if not 0 <= within <= root.nbytes - array.nbytes:  # a copy, which only says that it was in the file
        return None
    return str(Path(root.filename).absolute()), root.offset + within


def _mark(array: NDArray[Any]) -> str:
    """A name for what an array holds; of a large one in a file, of many places in it."""
    sha = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    if _in_file(array) is None or flat.size <= _LOOKED_AT * _PLACE:
        sha.update(flat.data)
    else:
        for start in np.linspace(0, flat.size - _PLACE, _LOOKED_AT).astype(np.int64):
            sha.update(flat[start : start + _PLACE].tobytes())
    return sha.hexdigest()
