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
    """What some of a resized side's pixels are made of.

    Attributes:
        first, last: of the pixels that any of them reads.
        index: int64 n×T, which they are, counted from ``first``.
        weights: int64 n×T, as Pillow has them.
        shares: float32 n×T, the same as parts of one, without rounding.
    """

    first: int
    last: int
    index: Tensor
    weights: NDArray[np.int64]
    shares: Tensor

    @property
    def off(self) -> float:
        """What a sum in float32 may be off by, at most."""
        return _STEP * (self.index.shape[1] + 2)

    def of(self, rows: Pixels) -> Pixels:
        """uint8 n×M, of rows uint8 L×M."""
        cv2 = opencv()
        sums = embedding_bag(
            self.index, torch.from_numpy(rows.astype(np.float32)), mode="sum", per_sample_weights=self.shares
        ).numpy()
        cv2.threshold(sums, 0, 0, cv2.THRESH_TOZERO, dst=sums)
        # OpenCV's conversion rounds and cuts at 255; what two of them agree on is so, however the sums are rounded.
        low, high = (cast(Pixels, cv2.convertScaleAbs(sums, beta=off)) for off in (-self.off, self.off))
        unsure = np.flatnonzero(low != high)
        out, column = np.divmod(unsure, rows.shape[1])
        exact = (rows[self.index.numpy()[out], column[:, None]] * self.weights[out]).sum(1)
        high.reshape(-1)[unsure] = np.clip((exact + (1 << (BITS - 1))) >> BITS, 0, 255)
        return high


@functools.lru_cache(maxsize=32)
def _sums(size_in: int, size_out: int, first: int, last: int, method: str) -> _Sums:
    index, weight = (table[first:last] for table in taps(size_in, size_out, method, torch.device("cpu")))
    used = weight != 0
    start, end = int(index[used].min()), int(index[used].max()) + 1
    weights = weight.long()
    shares = (weights.double() / (1 << BITS)).float()  # 23 bits at most
    return _Sums(start, end, torch.where(used, index - start, 0), weights.numpy(), shares)


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
    if height == len(pixels):
        pixels, down = pixels[top:bottom], None
    else:
        down = _sums(len(pixels), height, top, bottom, method)
        pixels = pixels[down.first : down.last]
    if width == pixels.shape[1]:
        pixels = np.ascontiguousarray(pixels[:, left:right])
    else:
        across = _sums(pixels.shape[1], width, left, right, method)
        pixels = _across(pixels[:, across.first : across.last], across)
    return pixels if down is None else _down(pixels, down)


def _across(pixels: Pixels, sums: _Sums) -> Pixels:
    """H×W×3 to H×n×3: columns are rows of the picture turned over."""
    height, width, _ = pixels.shape
    made = np.empty((height, len(sums.weights), 3), np.uint8)
    for some in _strips(height, 3 * width):
        turned = _turned(pixels[some])
        opencv().transpose(sums.of(turned.reshape(width, -1)).reshape(made.shape[1], -1, 3), made[some])
    return made


def _down(pixels: Pixels, sums: _Sums) -> Pixels:
    """H×W×3 to n×W×3."""
    height, width, _ = pixels.shape
    rows, made = pixels.reshape(height, -1), np.empty((len(sums.weights), 3 * width), np.uint8)
    for some in _strips(3 * width, height):
        made[:, some] = sums.of(rows[:, some])
    return made.reshape(-1, width, 3)


def _turned(pixels: Pixels) -> Pixels:
    """H×W×3 to W×H×3, several times as fast as NumPy's copy of a transposed view."""
    return cast(Pixels, opencv().transpose(pixels)).reshape(pixels.shape[1], pixels.shape[0], 3)


def _strips(n: int, each: int) -> Iterator[slice]:
    """``n`` lines of ``each`` values in parts of about one length, so that memory does not grow with the picture."""
    parts = math.ceil(n / max(1, _AT_ONCE // each))
    step = math.ceil(n / parts)
    return (slice(start, start + step) for start in range(0, n, step))
