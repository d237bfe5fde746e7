"""A few pictures in files, decoded when they are asked for and kept nowhere: what is seen once is not stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

_WORTH = 16  # files that a thread more is worth


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
    rows = iter(range(len(files)))  # each thread takes the next one, so that all end together
    fill = partial(_fill, out, files, form or Geometry(shape[0], shape[0]), rows)
    workers = min(cores(), len(files) // _WORTH)
    if workers < 2:  # a second thread would only take turns with this one, or have nothing to do
        fill()
        return out
    with pool(workers) as threads:
        for done in [threads.submit(fill) for _ in range(workers)]:
            done.result()
    return out


def _fill(out: NDArray[np.uint8], files: Sequence[Path], form: Geometry, rows: Iterator[int]) -> None:
    room = Room()
    for row in rows:
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
