"""A few pictures in files, decoded when they are asked for and kept nowhere: what is seen once is not stored."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from withstand.base.errors import UserError
from withstand.base.limits import cores
from withstand.images import picture
from withstand.images.jpeg_file import Room
from withstand.images.photographs import fitted
from withstand.images.preprocessing import Geometry
from withstand.images.threads import pool

_CHUNK = 16  # files that a thread takes at once


def shown(files: Sequence[Path], shape: tuple[int, ...], form: Geometry | None = None) -> NDArray[np.uint8]:
    """Pictures of height × width ``shape``: as they are where they have it, else made squares.

    Args:
        form: how others become squares; by default the short side is resized, the middle kept.

    Returns:
        uint8 N×H×W×3.

    Raises:
        UserError: one is damaged.
    """
    out = np.empty((len(files), *shape, 3), np.uint8)
    starts, into = (
        range(0, len(files), _CHUNK),
        partial(_into, out, files, form or Geometry(shape[0], shape[0])),
    )
    if cores() == 1 or len(starts) < 2:  # a second thread would only take turns with this one
        for start in starts:
            into(start)
        return out
    with pool(cores()) as threads:
        list(threads.map(into, starts))
    return out


def _into(out: NDArray[np.uint8], files: Sequence[Path], form: Geometry, start: int) -> None:
    room = Room()
    for row in range(start, min(start + _CHUNK, len(files))):
        try:
            plain = picture.plain(files[row], room)
            seen = np.asarray(picture.read(files[row]).shown) if plain is None else plain
            out[row] = _as_asked(seen, out.shape[1], out.shape[2], form)
        except Exception as error:  # a damaged file makes Pillow raise anything from OSError to struct.error
            why = f"{type(error).__name__}: {error}"
            raise UserError(f"{files[row]} cannot be decoded ({why}); get or write it again") from error


def _as_asked(seen: NDArray[np.uint8], height: int, width: int, form: Geometry) -> NDArray[np.uint8]:
    if seen.shape[:2] == (height, width):
        return seen
    if height != width:
        raise ValueError(f"it has {seen.shape[1]}×{seen.shape[0]} pixels, not {width}×{height}")
    return fitted(seen, form)
