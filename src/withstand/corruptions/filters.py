"""Linear filters on batches of planes: smoothing, zoom, and blur along a line."""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from withstand.images.threads import each


def fold(index: Tensor, n: int, border: str) -> Tensor:
    """Positions outside 0..n-1 as the positions inside that a border rule shows there.

    ``nearest`` repeats the last pixel (aaa|abc), ``reflect`` mirrors it too (cba|abc), ``mirror`` does not (cb|abc).
    """
    if border == "nearest" or n == 1:
        return index.clamp(0, n - 1)
    if border == "reflect":
        index = index.remainder(2 * n)
        return torch.minimum(index, 2 * n - 1 - index)
    index = index.remainder(2 * n - 2)
    return torch.minimum(index, 2 * n - 2 - index)


def band(n: int, kernel: Tensor, border: str) -> Tensor:
    """float64 n×n: the matrix that correlates a line of n pixels with an odd ``kernel``."""
    reach = len(kernel) // 2
    source = fold(torch.arange(n)[:, None] + torch.arange(-reach, reach + 1), n, border)
    return torch.zeros(n, n, dtype=torch.float64).scatter_add_(1, source, kernel.double().expand(n, -1))


@functools.lru_cache(maxsize=64)
def gaussian(n: int, sigma: float, truncate: float = 4.0, border: str = "nearest") -> Tensor:
    """The matrix that smooths a line of n pixels by a Gaussian, cut at ``truncate`` sigmas (SciPy's convention)."""
    reach = int(truncate * sigma + 0.5)
    steps = torch.arange(-reach, reach + 1, dtype=torch.float64)
    weights = torch.exp(-0.5 * (steps / sigma) ** 2) if reach else torch.ones(1, dtype=torch.float64)
    return band(n, weights / weights.sum(), border)


def along(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Planes …×H×W filtered by the matrix ``rows`` across rows and ``columns`` across columns.

    In float64 only what is not 0 is multiplied, a strip of the matrix at a time. Not in float32, where the order of
    sums is seen in the images.
    """
    if x.dtype != torch.float64 or x.device.type != "cpu":
        return rows.to(x) @ (x @ columns.to(x).T)
    lines, high = x.reshape(-1, x.shape[-1]), x.shape[-2]
    narrow = lines.new_empty(len(lines), len(columns))
    for here, there in _strips(columns):
        torch.mm(lines[:, there], columns[here, there].T, out=narrow[:, here])
    wide = narrow.view(-1, high, len(columns))
    out = wide.new_empty(len(wide), len(rows), len(columns))
    for here, there in _strips(rows):
        torch.matmul(rows[here, there], wide[:, there], out=out[:, here])
    return out.view(*x.shape[:-2], len(rows), len(columns))


@functools.lru_cache(maxsize=256)
def _strips(matrix: Tensor) -> list[tuple[slice, slice]]:
    """Rows of a matrix, 32 at a time, and the columns where they are not 0."""
    found = []
    for first in range(0, len(matrix), 32):
        here = slice(first, min(first + 32, len(matrix)))
        used = matrix[here].any(0).nonzero()
        found.append((here, slice(int(used.min()), int(used.max()) + 1)))
    return found


def smooth(x: Tensor, sigma: float, truncate: float = 4.0, border: str = "nearest") -> Tensor:
    """Planes …×H×W smoothed by a Gaussian of ``sigma`` pixels."""
    height, width = x.shape[-2:]
    return along(x, gaussian(height, sigma, truncate, border), gaussian(width, sigma, truncate, border))


def smooth_images(x: Tensor, sigma: float) -> Tensor:
    """Images N×H×W×C smoothed by a Gaussian of ``sigma`` pixels, borders repeated; ``x`` is spent.

    By SciPy on the processor, else by sums in its order, so that in float64 not a bit differs: in flat areas what is
    cut hangs on the last one.
    """
    reach = int(4 * sigma + 0.5)
    weights = np.exp(-0.5 / sigma**2 * np.arange(-reach, reach + 1) ** 2)
    weights /= weights.sum()
    if x.device.type != "cpu":
        return _summed(x, weights[reach:].tolist())
    images = x.numpy()

    def smooth_one(i: int) -> None:
        for axis in (0, 1):
            ndimage.correlate1d(images[i], weights, axis, images[i], mode="nearest")

    each(smooth_one, len(images))
    return x


def _summed(x: Tensor, near_to_far: list[float]) -> Tensor:
    for dim in (1, 2):
        n, reach = x.shape[dim], len(near_to_far) - 1
        wide = widened(x, dim, reach)
        x = x * near_to_far[0]
        for step in range(reach, 0, -1):
            pair = wide.narrow(dim, reach - step, n) + wide.narrow(dim, reach + step, n)
            x.add_(pair.mul_(near_to_far[step]))
    return x


def widened(x: Tensor, dim: int, reach: int) -> Tensor:
    """``x`` with its first and last slice along ``dim`` repeated ``reach`` times."""
    before, after = x.narrow(dim, 0, 1), x.narrow(dim, x.shape[dim] - 1, 1)
    return torch.cat([before] * reach + [x] + [after] * reach, dim)


@functools.lru_cache(maxsize=256)
def zoom(n: int, factor: float) -> Tensor:
    """float64 n×n: the matrix that enlarges the middle of a line of n pixels to n pixels, linearly.

    The reference crops ceil(n / factor) pixels, enlarges them corner to corner and trims what is too much.
    """
    crop = math.ceil(n / factor)
    first = (n - crop) // 2
    size = round(crop * factor)
    trim = (size - n) // 2
    place = (torch.arange(n, dtype=torch.float64) + trim) * ((crop - 1) / max(size - 1, 1))
    left = place.floor().clamp(0, max(crop - 2, 0))
    share = place - left
    matrix = torch.zeros(n, n, dtype=torch.float64)
    here, there = (left.long() + first)[:, None], (left.long() + first + 1).clamp(max=n - 1)[:, None]
    return matrix.scatter_add_(1, here, (1 - share)[:, None]).scatter_add_(1, there, share[:, None])


def line_blur(x: Tensor, angle: Tensor, radius: float, sigma: float) -> Tensor:
    """Blur each image along its own line, to one side, as ImageMagick's motion blur does.

    Tap i of the half Gaussian reads the pixel i steps along ``angle``, rounded to whole pixels; borders repeat.

    Args:
        x: float32 N×H×W×C of whole levels, 0 to 255.
        angle: float64 N, degrees.
        radius, sigma: pixels; there are 2·ceil(radius) + 1 taps.

    Returns:
        float32 N×H×W×C of whole levels: rounded to 16 bits, then cut to 8, as the reference's images came out.
    """
    taps = 2 * math.ceil(radius) + 1
    weights = [math.exp(-0.5 * (i / sigma) ** 2) for i in range(taps)]
    total = sum(weights)
    steps = torch.arange(taps, dtype=torch.float64, device=x.device)
    turn = torch.deg2rad(angle.double())[:, None]
    right, down = ((steps * part - 0.5).ceil().long() for part in (turn.cos(), turn.sin()))
    kept = [i for i, weight in enumerate(weights) if weight / total > 1e-7]
    look = Shifts(x, int(max(right[:, kept].abs().max(), down[:, kept].abs().max())))
    out = torch.zeros_like(x)
    for i in kept:
        out.add_(look.at(down[:, i], right[:, i]), alpha=weights[i] / total)
    return out.mul_(257).add_(0.5).floor_().div_(257).floor_()


class Shifts:
    """Images N×H×W×C, each to be seen shifted by its own number of whole pixels, with borders repeated.

    All shifts of an image are windows on one widened copy of it; in memory a window starts anywhere and has rows of
    even spacing, so that taking one for each image is copying rows.
    """

    def __init__(self, x: Tensor, reach: int) -> None:
        self.shape, self.reach = x.shape, reach
        n, height, width, channels = x.shape
        x = widened(widened(x, 1, reach), 2, reach)
        self.row = (width + 2 * reach) * channels
        self.image = (height + 2 * reach) * self.row
        last = (height - 1) * self.row + width * channels
        self.windows = x.as_strided((n * self.image - last + 1, height, width * channels), (1, self.row, 1))
        self.seen = torch.empty(n, height, width * channels, dtype=x.dtype, device=x.device)

    def at(self, down: Tensor, right: Tensor) -> Tensor:
        """Each image as seen ``down`` and ``right`` of where it was, int64 N each and at most ``reach``.

        The next call writes to the same memory.
        """
        first = torch.arange(self.shape[0], device=down.device) * self.image
        start = first + (down + self.reach) * self.row + (right + self.reach) * self.shape[3]
        return torch.index_select(self.windows, 0, start, out=self.seen).view(self.shape)
