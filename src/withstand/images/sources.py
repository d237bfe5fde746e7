"""Which files a data set was decoded from, whatever was made of them: two decodings of a photograph are one source."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from withstand.base import json_file
from withstand.base.errors import UserError
from withstand.base.files import opened
from withstand.base.limits import cores
from withstand.images.listing import name_of

_BLOCK = 2**20


class _Kept(msgspec.Struct):
    """A digest, and what it is of."""

    of: str
    digest: str


def digest(files: Sequence[Path], root: Path, cache: Path, name: str) -> str:
    """SHA-256 of the paths under ``root`` and the bytes of all files; read once, while lengths and times stay.

    Args:
        cache: the folder of ``{name}.sources.json``, where the answer is kept.
    """
    known_by = stamps(files, root)

    def read() -> str:
        sha = hashlib.sha256()
        with ThreadPoolExecutor(cores()) as pool:
            for (path, *_), content in zip(known_by, pool.map(_content, files), strict=True):
                sha.update(json.dumps([path, content]).encode())
        return sha.hexdigest()

    return kept(cache / f"{name}.sources.json", known_by, read)


def kept(place: Path, known_by: Any, make: Callable[[], str]) -> str:
    """A digest that takes long to make: as it was written down, while what it is of stays the same."""
    key = hashlib.sha256(json.dumps(known_by).encode()).hexdigest()
    known = json_file.kept(place, _Kept)
    if known and known.of == key:
        return known.digest
    found = make()
    try:
        json_file.write(place, {"of": key, "digest": found})
    except UserError:  # a folder that may only be read: the next start reads the files again
        return found
    return found


def stamps(files: Sequence[Path], root: Path) -> list[tuple[str, int, int]]:
    """Each file's path under ``root``, length and time of change: what tells that none has changed."""
    return [(name_of(file.relative_to(root)), *_stamp(file)) for file in files]


def _stamp(file: Path) -> tuple[int, int]:
    """Length and time of change; zeros where there is no file, as behind a link to nothing."""
    try:
        stat = file.stat()
    except OSError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


def _content(file: Path) -> str:
    """Of a file's bytes; empty where there is none, as behind a link to nothing."""
    sha = hashlib.blake2b(digest_size=16)
    try:
        with opened(file) as handle, os.fdopen(handle, "rb", closefd=False) as stream:
            while block := stream.read(_BLOCK):
                sha.update(block)
    except OSError:
        return ""
    return sha.hexdigest()
