"""Files that must be what was written: hashed once, then trusted while their size and times stay as they are."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from withstand.base import json_file
from withstand.base.errors import UserError

STAMPS = ".verified.json"
"""Beside the files: size, times and digest of each that was found right. May be deleted at any time."""

_YOUNG = 2_000_000_000  # ns; a file changed since could be changed again within one tick of the clock
_known: dict[Path, list[Any]] = {}  # found right by this process


def verified(path: Path, digest: str, hashed: Callable[[Path], str]) -> bool:
    """Whether a file has this digest, which ``hashed`` computes; False where it cannot be read."""
    try:
        path = path.absolute()
        before = path.stat()
        stamp = [before.st_size, before.st_mtime_ns, before.st_ctime_ns, digest]
        if stamp == _known.get(path) or stamp == _stamps(path.parent).get(path.name):
            return True
        if hashed(path) != digest:
            return False
    except (OSError, ValueError, EOFError):
        return False
    if time.time_ns() - max(before.st_mtime_ns, before.st_ctime_ns) > _YOUNG:
        _known[path] = stamp
        _keep(path, stamp)
    return True


def _stamps(folder: Path) -> dict[str, Any]:
    # Where it cannot be read, nothing is trusted, so everything is hashed.
    return json_file.kept(folder / STAMPS, dict[str, list[Any]]) or {}


def _keep(path: Path, stamp: list[Any]) -> None:
    there = {name: one for name, one in _stamps(path.parent).items() if (path.parent / name).is_file()}
    try:
        json_file.write(path.parent / STAMPS, there | {path.name: stamp})
    except UserError:
        return  # a folder that may only be read: the next run hashes again
