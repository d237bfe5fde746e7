"""Renaming and removing files that somebody may have open: Windows refuses that, where other systems do not mind.

Virus scanners and indexers open each new file for a moment; a reader of ours, or an array that is mapped into memory,
for longer.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

_PATIENCE = 3.0  # seconds
_PAUSE = 0.05
_OPEN = {5, 32, 33, 1224}
"""Windows' numbers for: denied, shared otherwise, locked in part, mapped into memory."""

LONGEST = 259
"""Characters of a whole path that Windows takes, where long ones were not allowed."""


def replace(source: str | Path, target: str | Path) -> None:
    """``os.replace``; where somebody has one of the two open, tried again for a while.

    Raises:
        OSError: it cannot be done.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            os.replace(source, target)
        except PermissionError as error:
            if not is_open(error) or time.monotonic() >= until:
                raise
            time.sleep(_PAUSE)
        else:
            return


def discard(place: Path) -> None:
    """Remove a file or folder that nobody needs any more; what somebody has open stays for another time."""
    with contextlib.suppress(OSError):
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink(missing_ok=True)


def is_open(error: OSError) -> bool:
    """Whether Windows refused because somebody has the file open, or perhaps so."""
    return getattr(error, "winerror", None) in _OPEN


def is_too_long(error: OSError) -> bool:
    """Whether it refused a path for its length, which it says as "not found"."""
    named = max(
        (len(os.path.abspath(str(name))) for name in (error.filename, error.filename2) if name), default=0
    )
    return getattr(error, "winerror", None) in (2, 3, 206) and named > LONGEST
