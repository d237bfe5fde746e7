"""What may be kept between runs and lost at any time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from withstand.base import atomic, json_file, moving
from withstand.base.errors import UserError


def cache_folder() -> Path:
    """``WITHSTAND_CACHE``, else the user's cache folder."""
    own = os.environ.get("WITHSTAND_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(own) if own else Path(base) / "withstand"


def first(name: str, make: Callable[[], Any]) -> Any:
    """What is kept under ``name`` (a JSON value); where there is nothing, what ``make`` gives, kept from now on.

    Of several processes that make it at once, the first has its way, and all are given the same.
    """
    place = cache_folder() / f"{name}.json"
    known = _read(place)
    if known is not None:
        return known
    made = make()
    try:
        return _linked(place, made)
    except (OSError, UserError):  # no links there, or nothing may be written: the next run makes it again
        with contextlib.suppress(UserError):
            json_file.write(place, made)
        return made


def _linked(place: Path, made: Any) -> Any:
    """Give ``place`` its content at once, unless another process did so before."""
    with atomic.scratch_folder(place.parent, "first") as folder:
        whole = folder / place.name
        json_file.write(whole, made)
        try:
            os.link(whole, place)
        except FileExistsError:
            other = _read(place)
            if other is not None:
                return other
            moving.replace(whole, place)  # damaged
    return made


def _read(place: Path) -> Any:
    return json_file.kept(place, Any)
