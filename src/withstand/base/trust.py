"""Files that must be what was written: hashed once, then trusted while their size and times stay as they are."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from withstand.base import json_file
from withstand.base.cache import cache_folder
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
    _trust(path, before, stamp)
    return True


def digest(path: Path, kind: str, hashed: Callable[[Path], str]) -> str:
    """A file's digest of some kind, which ``hashed`` computes where the file may have changed since it was kept.

    Raises:
        OSError: the file cannot be read.
    """
    path = path.absolute()
    before = path.stat()
    stamp = [before.st_size, before.st_mtime_ns, before.st_ctime_ns]
    for known in (_known.get(path), _stamps(path.parent).get(path.name)):
        if known and known[:3] == stamp and str(known[-1]).startswith(f"{kind}:"):
            return str(known[-1]).removeprefix(f"{kind}:")
    found = hashed(path)
    after = path.stat()
    if [after.st_size, after.st_mtime_ns, after.st_ctime_ns] == stamp:
        _trust(path, before, [*stamp, f"{kind}:{found}"])
    return found


def _trust(path: Path, seen: os.stat_result, stamp: list[Any]) -> None:
    if time.time_ns() - max(seen.st_mtime_ns, seen.st_ctime_ns) > _YOUNG:
        _known[path] = stamp
        _keep(path, stamp)


def _stamps(folder: Path) -> dict[str, Any]:
    # Where it cannot be read, nothing is trusted, so everything is hashed.
    kept = [json_file.kept(place, dict[str, list[Any]]) or {} for place in (folder / STAMPS, _aside(folder))]
    return kept[1] | kept[0]


def _aside(folder: Path) -> Path:
    """Where the stamps of a folder are that may only be read."""
    return cache_folder() / "verified" / f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}.json"


def _keep(path: Path, stamp: list[Any]) -> None:
    there = {name: one for name, one in _stamps(path.parent).items() if (path.parent / name).is_file()}
    for place in (path.parent / STAMPS, _aside(path.parent)):
        with contextlib.suppress(UserError):  # where neither may be written, the next run hashes again
            json_file.write(place, there | {path.name: stamp})
            return
