"""Work shared with a copy of this process, where there is another core for it."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, NoReturn, TypeVar

from withstand.base.limits import cores

T = TypeVar("T")
_MOST = 255  # tasks; a byte stands for each


def shared(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """What the tasks give, in their order: each is done here or in the copy, by whoever comes to it first.

    The last ones are begun first. Tasks do not depend on each other; what they give can be pickled. What the copy
    cannot do or hand over is done here, so that an error is raised where it can be caught.
    """
    done: dict[int, T] = {}
    with tempfile.TemporaryFile() as handed, _numbers(len(tasks)) as numbers:
        claims = (number[0] for number in iter(lambda: numbers.read(1), b""))
        copy = _copied() if len(tasks) <= _MOST else None
        if copy == 0:
            _copy(tasks, claims, handed)
        try:
            done.update((task, tasks[task]()) for task in claims)
            if copy is not None:
                with contextlib.suppress(ChildProcessError):  # where nobody is to hear of children
                    os.waitpid(copy, 0)
                copy = None
                done.update(_handed(handed))
        finally:
            if copy is not None:
                with contextlib.suppress(OSError):
                    os.kill(copy, signal.SIGKILL)
                    os.waitpid(copy, 0)
    return [done[task] if task in done else tasks[task]() for task in range(len(tasks))]


def _numbers(tasks: int) -> IO[bytes]:
    """The numbers of the tasks, a byte each: a pipe, from which each is read once, whoever reads it."""
    source, sink = os.pipe()
    os.write(sink, bytes(reversed(range(min(tasks, _MOST)))))
    os.close(sink)
    return os.fdopen(source, "rb", buffering=0)


def _copied() -> int | None:
    """0 in the copy, its number here; None where there is none.

    Beside other threads, or libraries that run some, a copy could wait for ever for what they held.
    """
    alone = sys.platform == "linux" and threading.active_count() == 1 and "torch" not in sys.modules
    if not alone or cores() < 2:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # of threads that only wait for work, as BLAS has them
        try:
            return os.fork()
        except OSError:
            return None


def _copy(tasks: Sequence[Callable[[], Any]], claims: Iterator[int], handed: IO[bytes]) -> NoReturn:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    parent = os.getppid()
    try:
        for task in claims:
            with contextlib.suppress(Exception):  # it is done again there, and said
                content = pickle.dumps((task, tasks[task]()))
                handed.write(content)
            if os.getppid() != parent:
                break
        handed.flush()
    finally:
        os._exit(0)


def _handed(file: IO[bytes]) -> Iterator[tuple[int, Any]]:
    file.seek(0)
    with contextlib.suppress(Exception):  # at its end, or where it was cut short
        while True:
            yield pickle.load(file)
