"""The middle of a resized photograph, Pillow's bytes in a third of the time: each pass is weighted sums of rows.

``embedding_bag`` takes such sums in float32, by instructions for eight or sixteen values at once. Pillow takes them in
integers of 32 bits, which float32 does not hold. So each weight is cut in two, its upper and its lower bits; the sums
of either are integers below 2²⁴, which float32 holds exactly, in whatever order a processor adds.
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

_EXACT = 24  # bits of an integer that float32 holds

_BYTE = 8  # bits of a pixel

_PRODUCTS = 256
"""That a sum may be of: lower parts then have 8 bits, and what is rounded in the end has the 24 that it may have."""


@dataclass(frozen=True, eq=False)
class _Sums:
    """What n values of a resized line are made of, T products each.

    Attributes:
        first, last: of the values that any of them reads.
        index: int32 2·n·T, which they are, counted from ``first``: for the upper parts of weights, then for the lower.
        starts: int32 2·n, where in ``index`` those of each begin.
        weights: float32 2·n·T: the upper bits of Pillow's weights, a whole number; then the lower, as parts of one.
        bits: of a share of one, in the upper.
    """

    first: int
    last: int
    index: Tensor
    starts: Tensor
    weights: Tensor
    bits: int

    def of(self, rows: Pixels) -> Pixels:
        """uint8 n×M, of rows uint8 L×M.

        Its steps are few and long: after each of them threads wait for each other.
        """
        floats = torch.tensor(rows, dtype=torch.float32)
        sums = embedding_bag(self.index, floats, self.starts, mode="sum", per_sample_weights=self.weights)
        upper, lower = sums.chunk(2)
        # Not OpenCV's threshold: it keeps a thread of its own awake, which takes a core from those that have work.
        whole = upper.add_(lower.floor_()).relu_().numpy()
        # A quarter of the last bit more: halves are rounded up, as Pillow does, and nothing else changes.
        scale = 2.0**-self.bits
        return cast(Pixels, opencv().convertScaleAbs(whole, alpha=scale, beta=scale / 4))


@functools.lru_cache(maxsize=128)  # of photographs every other one may have another size
def _sums(size_in: int, size_out: int, first: int, last: int, method: str, values: int = 1) -> _Sums:
    """Pixels from ``first`` to ``last`` of ``size_out``, each of so many ``values``, which lie side by side."""
    tables = taps(size_in, size_out, method, torch.device("cpu"))
    index, weight = (table[first:last].numpy() for table in tables)
    read = index[weight != 0]
    start, end = int(read.min()), int(read.max()) + 1
    n, products = index.shape
    # So many bits that the sum of all products has 24 at most.
    lower = _EXACT - _BYTE - math.ceil(math.log2(products))
    upper = weight >> lower
    parts = np.stack([upper, (weight - (upper << lower)) / (1 << lower)]).astype(np.float32)
    index = np.where(weight != 0, index - start, 0)[:, None] * values + np.arange(values)[:, None]
    return _Sums(
        first=start * values,
        last=end * values,
        index=torch.from_numpy(np.tile(index.astype(np.int32).reshape(-1), 2)),
        starts=torch.arange(0, 2 * n * values * products, products, dtype=torch.int32),
        weights=torch.from_numpy(parts.repeat(values, axis=1).reshape(-1)),
        bits=BITS - lower,
    )


def possible(shape: tuple[int, ...], wanted: tuple[int, int], method: str) -> bool:
    """Whether a picture of a height and width can be brought to those ``wanted`` so.

    It needs OpenCV, which turns pictures over and rounds them to bytes. Where that is not installed, or a side shrinks
    to a sixtieth, Pillow resizes.
    """
    sides = zip(shape, wanted, strict=True)
    products = max(taps(before, side, method, torch.device("cpu"))[0].shape[1] for before, side in sides)
    return products <= _PRODUCTS and opencv() is not None


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
