"""The middle of a resized photograph, Pillow's bytes in half the time or less: each pass is weighted sums of rows.

``embedding_bag`` takes such sums in float32, by instructions for eight or sixteen values at once. Pillow takes them in
integers and rounds. The two can differ only where a sum lies next to a half; there it is taken again, in integers. So
the bytes depend neither on the order in which a processor adds nor on how exactly.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import embedding_bag

from withstand.images.opencv import opencv
from withstand.images.resize import BITS, taps

Pixels = NDArray[np.uint8]

_AT_ONCE = 1 << 20  # values that are floats at one time, 4 MB

_SETS = 8  # of weights, of which each new pixel takes the next

_STEP = 2.0**-15
"""What one more product can move a sum by, twice over: sums stay below 512, where float32 has steps of 2⁻¹⁵."""


@dataclass(frozen=True, eq=False)
class _Sums:
    """What n values of a resized line are made of, T products each.

    Attributes:
        first, last: of the values that any of them reads.
        index: int64 n·T, which they are, counted from ``first``.
        starts: int64 n, where in ``index`` those of each begin.
        weights: int64 n·T, as Pillow has them.
        shares: float32 n·T, the same as parts of one, without rounding.
        off: what a sum in float32 may be off by, at most.
    """

    first: int
    last: int
    index: Tensor
    starts: Tensor
    weights: NDArray[np.int64]
    shares: Tensor
    off: float

    def of(self, rows: Pixels) -> Pixels:
        """uint8 n×M, of rows uint8 L×M.

        Its steps are few and long: between two of them threads wait for each other.
        """
        cv2 = opencv()
        floats = torch.tensor(rows, dtype=torch.float32)
        bags = embedding_bag(self.index, floats, self.starts, mode="sum", per_sample_weights=self.shares)
        sums = (
            bags.relu_().numpy()
        )  # OpenCV's threshold keeps a thread of its own awake, though nothing is left to do
        # Its conversion rounds and cuts at 255; what two of them agree on is so, however the sums are rounded.
        low, high = (cast(Pixels, cv2.convertScaleAbs(sums, beta=off)) for off in (-self.off, self.off))
        unsure = np.flatnonzero(low != high)
        out, column = np.divmod(unsure, rows.shape[1])
        table = (len(high), -1)
        read = rows[self.index.numpy().reshape(table)[out], column[:, None]]
        exact = (read * self.weights.reshape(table)[out]).sum(1)
        high.reshape(-1)[unsure] = (exact + (1 << (BITS - 1))) >> BITS  # a byte, as the two beside it are
        return high


@functools.lru_cache(maxsize=32)
def _sums(size_in: int, size_out: int, first: int, last: int, method: str, values: int = 1) -> _Sums:
    """Pixels from ``first`` to ``last`` of ``size_out``, each of so many ``values``, which lie side by side."""
    index, weight = (table[first:last] for table in taps(size_in, size_out, method, torch.device("cpu")))
    used = weight != 0
    start, end = int(index[used].min()), int(index[used].max()) + 1
    n, products = index.shape
    own = torch.where(used, index - start, 0)[:, None] * values + torch.arange(values)[:, None]
    weights = weight.long()[:, None].expand(-1, values, -1).reshape(-1)
    return _Sums(
        first=start * values,
        last=end * values,
        index=own.reshape(-1),
        starts=torch.arange(0, n * values * products, products),
        weights=weights.numpy(),
        shares=(weights.double() / (1 << BITS)).float(),  # 23 bits at most
        off=_STEP * (products + 2),
    )


def quicker(shape: tuple[int, ...], wanted: tuple[int, int], method: str) -> bool:
    """Whether that is quicker than Pillow, from a height and width to those ``wanted``.

    It needs OpenCV, which turns pictures over and rounds them to bytes; where that is not installed, Pillow resizes. At
    half a side, or four fifths, weights are simple fractions: sums next to a half are frequent. Pillow is quick
    enough with the few products of other filters.
    """
    steps = (side // math.gcd(side, before) for before, side in zip(shape, wanted, strict=True))
    return method == "bicubic" and min(steps) >= _SETS and opencv() is not None


def part(pixels: Pixels, width: int, height: int, method: str, box: tuple[int, int, int, int]) -> Pixels:
    """What is within ``box`` once the picture is of another size, columns first; the rest is never made.

    Args:
        pixels: uint8 H×W×3.
        method: ``box``, ``bilinear`` or ``bicubic``, as ``resize`` has them.
        box: left, top, right and bottom, within the new size.

    Returns:
        uint8, bottom − top × right − left × 3.
    """
    left, top, right, bottom = box
    values = pixels.shape[2]
    rows = pixels.reshape(len(pixels), -1)
    if height == len(pixels):
        rows, down = rows[top:bottom], None
    else:
        down = _sums(len(pixels), height, top, bottom, method)
        rows = rows[down.first : down.last]
    if width == pixels.shape[1]:
        rows = rows[:, values * left : values * right]
    else:
        rows = _across(rows, _sums(pixels.shape[1], width, left, right, method, values))
    rows = np.ascontiguousarray(rows) if down is None else _down(rows, down)
    return rows.reshape(bottom - top, right - left, values)


def _across(rows: Pixels, sums: _Sums) -> Pixels:
    """L×M to L×n: columns are rows of the lines turned over, value by value, which is twice as fast as by pixels."""
    turn, rows = opencv().transpose, rows[:, sums.first : sums.last]
    return _joined([turn(sums.of(turn(rows[some]))) for some in _strips(*rows.shape)], 0)


def _down(rows: Pixels, sums: _Sums) -> Pixels:
    """L×M to n×M."""
    return _joined([sums.of(rows[:, some]) for some in _strips(*rows.shape[::-1])], 1)


def _joined(parts: list[Pixels], axis: int) -> Pixels:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis)


def _strips(n: int, each: int) -> Iterator[slice]:
    """``n`` lines of ``each`` values in parts of about one length, so that memory does not grow with the picture."""
    parts = math.ceil(n / max(1, _AT_ONCE // each))
    step = math.ceil(n / parts)
    return (slice(start, start + step) for start in range(0, n, step))
