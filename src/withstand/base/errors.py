"""The one kind of error that is the user's to mend, and the hint that helps to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_MOST = 20  # names that one line lists


class UserError(Exception):
    """Something the user can put right: what is wrong, where, and what to do, in one line.

    The command line prints it without a traceback and ends with exit code 2.
    """


class AbsentError(UserError):
    """Images or weights that are not there: whoever asks for many things may go on without this one."""


def nearest(name: str, options: Iterable[str]) -> str:
    """A hint for a misspelt ``name``: the closest of ``options``, or the first of them when none is close."""
    known = sorted(set(options))
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean '{close[0]}'?"
    more = f", … ({len(known) - _MOST:,} more)" if len(known) > _MOST else ""
    return f"choose from: {', '.join(known[:_MOST])}{more}"
