"""One writer a folder: a second one waits until the first is done, or leaves.

The lock is the system's (``flock``), so it goes with its process, however that ends. Readers never ask for it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from withstand.base import atomic, leftovers
from withstand.base.console import say
from withstand.base.errors import UserError, of_system

if TYPE_CHECKING:
    from filelock import BaseFileLock

FILE = ".lock"
"""In the folder, while somebody writes there; says who."""

_POLL = 0.1  # seconds between two tries
_held: set[tuple[int, int, str]] = set()
"""Process, thread and folder: what holds a folder may ask for it again."""


@contextmanager
def one_writer(folder: str | Path, how: str = "wait") -> Iterator[None]:
    """Be the only one who writes in ``folder``, which is made where it is not there, and goes again if it stays empty.

    What a process that was killed there has left half-written is cleared first.

    Args:
        how: ``wait`` for another writer to end, after a line that says who it is; ``fail``: leave at once.

    Raises:
        UserError: another writes there and ``how`` is ``fail``, or nothing can be written.
    """
    place = Path(folder).absolute()
    mine = (os.getpid(), threading.get_ident(), os.path.realpath(place))
    if mine in _held:
        yield
        return
    atomic.check_folder(folder)
    made = [one for one in (place, *place.parents) if not one.exists()]
    lock = _locked(place, how)
    if all(one.name == FILE for one in place.iterdir()):
        made = [place, *(one for one in made if one != place)]
    _held.add(mine)
    try:
        yield
    finally:
        _held.discard(mine)
        if lock is not None:
            with contextlib.suppress(OSError):  # while it is held: who waits sees that, and makes another
                (place / FILE).unlink()
            with contextlib.suppress(OSError):
                lock.release(force=True)
        for one in made:
            with contextlib.suppress(OSError):  # it holds something, as it should
                one.rmdir()


def _locked(place: Path, how: str) -> BaseFileLock | None:
    """The lock, held; None where the file system has none."""
    from filelock import FileLock, Timeout

    file = place / FILE
    # For all, whatever the umask: another user's lock can be waited for.
    lock = FileLock(file, mode=0o666, thread_local=False, poll_interval=_POLL, fallback_to_soft=False)
    waited = False
    while True:
        try:
            place.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=-1 if waited else 0)
            break
        except Timeout:
            _tell(place, how)
            waited = True
        except FileNotFoundError:  # who was here before has removed the empty folder
            continue
        except OSError as error:
            if not file.exists():
                raise of_system(f"write {place}", error) from error
            say(
                f"{place} cannot be locked ({error.strerror or error}): see that no other command writes there"
            )
            return None
    _sign(file, place)
    return lock


def _sign(file: Path, place: Path) -> None:
    """Say who is here; where somebody has said so before and not gone, they were killed."""
    with contextlib.suppress(OSError):  # on a full disk nobody is told, and that is all
        if file.stat().st_size:
            leftovers.clear(place, deep=True)
        file.write_text(f"{os.getpid()} {socket.gethostname()} {datetime.now():%Y-%m-%d %H:%M:%S}\n", "utf-8")


def _tell(place: Path, how: str) -> None:
    try:
        process, host, since = (place / FILE).read_text("utf-8").strip().split(" ", 2)
        who = f"process {process} on {host}, since {since}"
    except (OSError, ValueError):
        who = "another process"
    if how == "fail":
        raise UserError(f"{who} works in {place}; wait for it to end, or leave lock=fail out to wait here")
    say(f"{who} works in {place}; waiting for it to end (lock=fail leaves instead)")
