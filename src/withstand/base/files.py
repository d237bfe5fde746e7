"""Files that people hand over: read whole within a bound, and never a pipe, a device or a folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from withstand.base.errors import UserError
from withstand.base.names import shown

TEXT = 1 << 26
"""Bytes of a text that is read whole, at most: no table or list of names comes near."""

BAD = (OSError, ValueError, RecursionError, MemoryError)
"""What a file that is not what it should be makes readers raise."""


def content(path: Path, most: int = TEXT) -> bytes:
    """All bytes of a file of at most ``most``.

    Raises:
        OSError: it cannot be opened or read.
        ValueError: it is no file, or longer.
    """
    with opened(path) as handle, os.fdopen(handle, "rb", closefd=False) as file:
        known = regular(os.fstat(handle))
        if known.st_size > most:
            raise ValueError(f"its {known.st_size:,} bytes are more than the {most:,} that are read")
        return file.read(known.st_size)


def regular(known: os.stat_result) -> os.stat_result:
    """What is known of a file, if it is one: others may have no end, or be waited for.

    Raises:
        ValueError: it is a folder, a pipe or a device.
    """
    if not stat.S_ISREG(known.st_mode):
        raise ValueError("it is no file, but a folder, a pipe or a device")
    return known


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """A handle to read by, without waiting: a pipe that nobody writes to would be opened for ever.

    Raises:
        OSError: it cannot be opened.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        yield handle
    finally:
        os.close(handle)


def text(path: Path, most: int = TEXT) -> str:
    """A text in UTF-8, with or without a mark at its beginning.

    Raises:
        OSError, ValueError: as ``content``, or it is no UTF-8.
    """
    return content(path, most).decode("utf-8-sig")


def why(error: BaseException) -> str:
    """What an error says, in a few words on one line."""
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is no UTF-8"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, MemoryError):
        return "it asks for more memory than there is"
    words = " ".join(str(error).split())
    return shown(words, 160) if words else type(error).__name__


def damaged(path: Path, error: BaseException | str, remedy: str) -> UserError:
    """The one line about a file that is not what it should be."""
    said = error if isinstance(error, str) else why(error)
    return UserError(f"{path} is damaged ({said}); {remedy}")
