"""The one kind of error that is the user's to mend, and the hints that help to mend it."""

from __future__ import annotations

import difflib
import errno
import re
from collections.abc import Iterable, Sequence

from withstand.base import moving

_MOST = 20  # names that one line lists

_REMEDIES = {
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.ENAMETOOLONG: "give shorter names (model.cfg_name, dataset.title, paths.checkpoints)",
    errno.EDQUOT: "free some of your quota, or choose another folder",
    errno.EISDIR: "remove the folder of that name",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENOMEM: "free memory, or lower evaluation.batch_size and train.batch_size",
    errno.EPIPE: "keep what reads the output open, or send it to a file; the same command goes on",
}
_NO_MEMORY = re.compile(
    r"out of memory|bad_alloc|can(?:no|')t (?:allocate|start new thread)|failed to map segment|error in mmap"
    r"|alloc_cpu|unable to mmap|could not create a (?:primitive|memory)",
    re.IGNORECASE,
)
_ELSE = "free the disk or choose another folder"


class UserError(Exception):
    """Something the user can put right: what is wrong, where, and what to do, in one line.

    The command line prints it without a traceback and ends with exit code 2.
    """


class AbsentError(UserError):
    """Images or weights that are not there: whoever asks for many things may go on without this one."""


class Terminated(KeyboardInterrupt):
    """SIGTERM: everything is left as Ctrl-C leaves it."""


def of_system(doing: str, error: OSError) -> UserError:
    """What the system refused, as a line: ``cannot write FILE: No space left on device; …``."""
    remedy = _REMEDIES.get(error.errno or 0, _ELSE)
    if moving.is_open(error):
        remedy = "close what has it open, or see that it may be written to"
    elif moving.is_too_long(error):
        remedy = (
            f"{moving.LONGEST} characters are the most of a path: choose a shorter folder, or allow long ones"
        )
    return UserError(f"cannot {doing}: {error.strerror or error}; {remedy}")


def of_the_machine(error: Exception) -> str | None:
    """What disk, memory or system have no room for, in a line; None where the error is none of theirs."""
    text = " ".join(str(error).split())
    if isinstance(error, OSError) and error.errno is not None:
        return str(of_system(f"use {error.filename}" if error.filename else "go on", error))
    if isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError | ImportError | SystemError) and _NO_MEMORY.search(text)
    ):
        said = f" ({text[:200]})" if text else ""
        return (
            f"there is not enough memory{said}; free some, or lower evaluation.batch_size, train.batch_size or"
            " dataset.test_limit"
        )
    return None


def nearest(name: str, options: Iterable[str]) -> str:
    """A hint for a misspelt ``name``: the closest of ``options``, or the first of them when none is close."""
    known = sorted(set(options))
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean '{close[0]}'?"
    more = f", … ({len(known) - _MOST:,} more)" if len(known) > _MOST else ""
    return f"choose from: {', '.join(known[:_MOST])}{more}"


def few(names: Sequence[str], most: int = 3) -> str:
    """The first names, and whether there are more."""
    return f"{', '.join(names[:most])}{', …' if len(names) > most else ''}"
