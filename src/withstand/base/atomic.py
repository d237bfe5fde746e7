"""Files that appear whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import errno
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from withstand.base import leftovers, moving
from withstand.base.errors import UserError, of_system
from withstand.base.leftovers import PART

_BLOCK = 1 << 20  # bytes of zeros written at once where the file system cannot reserve


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
        leftovers.clear_once(path.parent)
        _check_name(path)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=leftovers.mark(path.name), suffix=PART)
        leftovers.ours.add(Path(name).name)
        os.close(handle)
        temporary = Path(name)
        # mkstemp makes private files; results are for whoever the umask lets read them.
        temporary.chmod(0o666 & ~_umask())
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        moving.replace(temporary, path)
    except OSError as error:
        raise of_system(f"write {path}", error) from error
    finally:
        if temporary is not None:
            moving.discard(temporary)
            leftovers.ours.discard(temporary.name)


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
        leftovers.clear_once(path.parent)
        _check_name(path)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=leftovers.mark(path.name), suffix=PART))
        leftovers.ours.add(temporary.name)
        temporary.chmod(0o777 & ~_umask())
        yield temporary
        if hasattr(os, "sync"):  # once for all the files, which are on the disk before they go by their names
            os.sync()
        _exchange(temporary, path)
    except OSError as error:
        raise of_system(f"write {path}", error) from error
    finally:
        if temporary is not None:
            for left in path.parent.glob(f"{glob.escape(temporary.name.removesuffix(PART))}*"):
                shutil.rmtree(left, ignore_errors=True)
            leftovers.ours.discard(temporary.name)


def _exchange(temporary: Path, path: Path) -> None:
    """Put a folder in the place of another, which goes, or stays where that fails."""
    old = temporary.with_name(f"{temporary.name.removesuffix(PART)}.old{PART}")
    there = path.exists()
    if there:
        moving.replace(path, old)
    try:
        moving.replace(temporary, path)
    except OSError:
        if there:
            moving.replace(old, path)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _check_name(path: Path) -> None:
    """The temporary name is cut to fit, so that a name is too long only where it is itself."""
    if len(os.fsencode(path.name)) > 255:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))


@contextmanager
def scratch_folder(parent: Path, name: str) -> Iterator[Path]:
    """A folder in ``parent`` that goes at the end; should this process be killed, with the next one's start."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        leftovers.clear_once(parent)
        place = Path(tempfile.mkdtemp(dir=parent, prefix=leftovers.mark(name), suffix=PART))
    except OSError as error:
        raise of_system(f"write {parent / name}", error) from error
    leftovers.ours.add(place.name)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        leftovers.ours.discard(place.name)


def reserve(path: Path, size: int) -> None:
    """Have all ``size`` bytes of a file on the disk before it is mapped into memory.

    A page of a mapped file that the disk has no room for ends the process (SIGBUS), without a word.

    Raises:
        OSError: there is no room.
    """
    with path.open("ab+") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, max(size, 1))
        except (AttributeError, OSError) as error:
            if isinstance(error, OSError) and error.errno not in (
                errno.EOPNOTSUPP,
                errno.EINVAL,
                errno.ENOSYS,
            ):
                raise
            left = size - file.seek(0, os.SEEK_END)
            while left > 0:
                left -= file.write(bytes(min(left, _BLOCK)))
        file.truncate(size)


def check_folder(folder: str | Path) -> None:
    """Refuse a folder that could not be written to, so that it is known before work begins. Nothing is made.

    Raises:
        UserError: what is there is no folder, or may not be written to.
    """
    place = Path(folder).absolute()
    while not place.exists() and place != place.parent:  # a drive that is not there is its own parent
        place = place.parent
    if not place.exists():
        raise UserError(f"cannot write {folder}: there is no {place}; choose another folder")
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
