"""What a killed process left half-written: known by its name, and cleared by the next that writes there."""

from __future__ import annotations

import functools
import os
import re
import socket
from pathlib import Path

from withstand.base import moving

PART = ".part"
_SHORT = 160 if os.name == "posix" else 24
"""Bytes of a file's own name in that of its temporary one; names end at 255, on Windows whole paths at 259."""

_FIRST = "4026531836"  # the number of the first name space of processes, the same on every Linux

ours: set[str] = set()
"""The temporary files of this process, as it is now; a number may have been another's before."""

_cleared: set[tuple[int, str]] = set()


def _host() -> str:
    """This machine, and within it the container: a process's number says something in one of them alone."""
    name = re.sub(r"[^\w-]", "-", socket.gethostname())[:32]
    try:
        space = re.sub(r"\D", "", os.readlink("/proc/self/ns/pid"))
    except OSError:
        space = _FIRST
    return name if space == _FIRST else f"{name}-{space}"


HOST = _host()


def mark(name: str) -> str:
    """How the names of temporary files of this process for a file of that name begin."""
    short = os.fsencode(name)[:_SHORT].decode("utf-8", "ignore")
    short = os.fsdecode(short.encode("utf-8"))  # as this system names files, whatever its locale
    return f".{short}.{HOST}-{os.getpid()}."


@functools.cache
def _pattern() -> re.Pattern[str]:
    return re.compile(rf"\..+\.{re.escape(HOST)}-(\d+)\.[^.]+(\.old)?{re.escape(PART)}", re.DOTALL)


def clear_once(folder: Path) -> None:
    """Clear a folder the first time that this process writes there."""
    key = (os.getpid(), str(folder))
    if key not in _cleared:
        _cleared.add(key)
        clear(folder)


def clear(folder: Path, *, deep: bool = False) -> None:
    """Remove what processes of this machine that are no more have left in a folder, or anywhere below it."""
    if os.name != "posix":  # elsewhere, asking whether a process lives may end it
        return
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            if _dead(name):
                moving.discard(Path(place, name))
        if not deep:
            return
        folders[:] = [name for name in folders if not name.endswith(PART)]


def _dead(name: str) -> bool:
    found = _pattern().fullmatch(name) if name.endswith(PART) else None
    if found is None:
        return False
    number = int(found.group(1))
    if number == os.getpid():
        return name.replace(f".old{PART}", PART) not in ours
    return not _lives(number)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's
        return True
    return True
