"""Files that appear whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import glob
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from withstand.base.errors import UserError

_PART = ".part"
_HOST = re.sub(r"[^\w-]", "-", socket.gethostname())[:32]


def _not_written(path: Path, error: OSError) -> UserError:
    return UserError(
        f"cannot write {path}: {error.strerror or error}; free the disk or choose another folder"
    )


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; on success it becomes ``path``, on any error it is removed.

    The content is flushed to the disk before the rename, so a power cut leaves the old file or the new one.

    Raises:
        UserError: the folder cannot be written to, or the disk is full.
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=_mark(path), suffix=_PART)
        os.close(handle)
        temporary = Path(name)
        # mkstemp makes private files; results are for whoever the umask lets read them.
        temporary.chmod(0o666 & ~_umask())
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: str | Path) -> Iterator[Path]:
    """The same of a folder: what is put into a temporary one beside ``path`` is there whole or not at all.

    Raises:
        UserError: it cannot be written to, or the disk is full.
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=_mark(path), suffix=_PART))
        temporary.chmod(0o777 & ~_umask())
        yield temporary
        if hasattr(os, "sync"):  # once for all the files, which are on the disk before they go by their names
            os.sync()
        _exchange(temporary, path)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        if temporary is not None:
            for left in path.parent.glob(f"{glob.escape(temporary.name.removesuffix(_PART))}*"):
                shutil.rmtree(left, ignore_errors=True)


def _exchange(temporary: Path, path: Path) -> None:
    """Put a folder in the place of another, which goes, or stays where that fails."""
    old = temporary.with_name(f"{temporary.name.removesuffix(_PART)}.old{_PART}")
    there = path.exists()
    if there:
        os.replace(path, old)
    try:
        os.replace(temporary, path)
    except OSError:
        if there:
            os.replace(old, path)
        raise


def _mark(path: Path) -> str:
    """How the names of temporary files of this process begin."""
    return f".{path.name}.{_HOST}-{os.getpid()}."


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _remove_leftovers(path: Path) -> None:
    """Remove what a process of this machine that is no more left beside ``path`` when it was killed."""
    if os.name != "posix":  # elsewhere, asking whether a process lives may end it
        return
    mark = f".{path.name}.{_HOST}-"
    for left in path.parent.glob(f"{glob.escape(mark)}*{_PART}"):
        number = left.name[len(mark) :].partition(".")[0]
        if number.isdecimal() and not _lives(int(number)):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True


def check_folder(folder: str | Path) -> None:
    """Refuse a folder that could not be written to, so that it is known before work begins. Nothing is made.

    Raises:
        UserError: what is there is no folder, or may not be written to.
    """
    place = Path(folder).absolute()
    while not place.exists():
        place = place.parent
    if not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
        what = "may not be written to" if place.is_dir() else "is a file"
        raise UserError(f"cannot write {folder}: {place} {what}; choose another folder")


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write ``content`` to ``path`` atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | Path, content: str) -> None:
    """Write ``content`` to ``path`` atomically, as UTF-8 with line feeds on every platform."""
    write_bytes(path, content.encode("utf-8", "surrogateescape"))  # a path's name keeps its bytes
