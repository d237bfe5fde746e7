"""Resize uint8 batches exactly as Pillow does, on any device.

Pillow resizes in two integer passes with coefficients of 22 bits (``Resample.c``). Doing the same two passes in int32
gives identical bytes everywhere. A float resize differs by one level in some 13% of the values. The order is columns
then rows, as in every Pillow until 12, whichever is installed (``order``).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from withstand.images import order
from withstand.images.threads import each

Reals = NDArray[np.float64]

BITS = 22  # 32 bits less 8 of the pixel and 2 of headroom

# Enlargements for which torch's own uint8 kernel, several times faster on the CPU, gives the same bytes for every
# pair of neighbours (tests/test_resize.py tries them all). It keeps fewer bits, so other sizes differ by a level
# here and there.
_TORCH_IS_EXACT = {(32, 224), (96, 224)}

LARGE = 96 * 96
"""Pixels from which on Pillow itself is the faster on the processor: what its Python takes no longer counts."""


def _box(x: Reals) -> Reals:
    return ((x > -0.5) & (x <= 0.5)).astype(np.float64)


def _bilinear(x: Reals) -> Reals:
    return np.maximum(0.0, 1.0 - np.abs(x))


def _bicubic(x: Reals) -> Reals:
    """Keys' cubic with a = -0.5."""
    x = np.abs(x)
    near, far = (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


_FILTERS = {"box": (_box, 0.5), "bilinear": (_bilinear, 1.0), "bicubic": (_bicubic, 2.0)}


@functools.lru_cache(maxsize=128)  # of photographs every other one may have another size
def taps(size_in: int, size_out: int, method: str, device: torch.device) -> tuple[Tensor, Tensor]:
    """Which inputs each output reads, and their integer weights: int64 and int32 ``size_out`` × T tables."""
    kernel, support = _FILTERS[method]
    scale = size_in / size_out
    stretch = max(scale, 1.0)
    radius = support * stretch
    centre = (np.arange(size_out) + 0.5) * scale
    first = np.maximum(0, (centre - radius + 0.5).astype(np.int64))
    last = np.minimum(size_in, (centre + radius + 0.5).astype(np.int64))
    index = first[:, None] + np.arange((last - first).max())
    read = index < last[:, None]
    share = np.where(read, kernel((index - centre[:, None] + 0.5) / stretch), 0.0)
    share /= share.cumsum(1)[:, -1:]  # one after the other, as Pillow adds them
    weight = np.copysign(np.floor(np.abs(share) * (1 << BITS) + 0.5), share).astype(np.int32)
    return torch.from_numpy(np.where(read, index, 0)).to(device), torch.from_numpy(weight).to(device)


def _pass(images: Tensor, dim: int, size: int, method: str) -> Tensor:
    """One pass along ``dim``; uint8 in, uint8 out."""
    if images.shape[dim] == size:
        return images
    index, weight = taps(images.shape[dim], size, method, images.device)
    if index.shape[1] == 1:  # a box that grows: pixels are repeated
        return images.index_select(dim, index[:, 0])
    shape = [1] * images.ndim
    shape[dim] = size
    total = torch.full((), 1 << (BITS - 1), dtype=torch.int32, device=images.device)
    for tap in range(index.shape[1]):
        total = total + images.index_select(dim, index[:, tap]).int() * weight[:, tap].view(shape)
    return (total >> BITS).clamp_(0, 255).byte()


def resize(images: Tensor, height: int, width: int, method: str = "bilinear") -> Tensor:
    """Resize a batch as ``PIL.Image.resize`` of Pillow 12 would, byte for byte, under any Pillow.

    Args:
        images: uint8 N×H×W×C, on any device.
        height, width: the size wanted, in pixels.
        method: ``box``, ``bilinear`` or ``bicubic``, each with Pillow's antialiasing when shrinking.

    Returns:
        uint8 N×height×width×C on the same device; the input itself where the size is right already.
    """
    return in_turn(images, [(height, width)], method)


def in_turn(images: Tensor, sizes: Sequence[tuple[int, int]], method: str) -> Tensor:
    """The same to one size after another, each a height and a width."""
    n, *first, channels = images.shape
    if all([*size] == first for size in sizes):
        return images
    if n and images.device.type == "cpu" and channels == 3:
        known = method == "bilinear" and {*zip(first, sizes[0], strict=True)} <= _TORCH_IS_EXACT
        if math.prod(max([(*first,), *sizes], key=math.prod)) >= LARGE and not known:
            return _by_pillow(images, sizes, method)
    for height, width in sizes:
        images = _resized(images, height, width, method)
    return images


def _resized(images: Tensor, height: int, width: int, method: str) -> Tensor:
    n, h, w, channels = images.shape
    if (h, w) == (height, width) or n == 0:
        return images if n else images.new_empty((0, height, width, channels))
    if images.device.type == "cpu" and method == "bilinear" and {(h, height), (w, width)} <= _TORCH_IS_EXACT:
        channels_last = images.permute(0, 3, 1, 2)
        enlarged = interpolate(channels_last, (height, width), mode="bilinear", antialias=True)
        return enlarged.permute(0, 2, 3, 1)
    return _pass(_pass(images, 2, width, method), 1, height, method)


def _by_pillow(images: Tensor, sizes: Sequence[tuple[int, int]], method: str) -> Tensor:
    """One image after another. Rows that a box repeats at the end are copied, not made by Pillow."""
    *_, (last, _), (height, width) = (tuple(images.shape[1:3]), *sizes)
    grows = method == "box" and height >= last
    rows = taps(last, height, method, torch.device("cpu"))[0][:, 0].numpy() if grows else np.arange(height)
    steps = [*sizes[:-1], (last if grows else height, width)]
    out = torch.empty(len(images), height, width, 3, dtype=torch.uint8)
    given, made = images.contiguous().numpy(), out.numpy()

    def one(i: int) -> None:
        whole = Image.fromarray(given[i])
        for high, wide in steps:
            across, down = _method(whole.width, wide, method), _method(whole.height, high, method)
            whole = order.resized(whole, wide, high, across, down)
        np.take(np.asarray(whole), rows, 0, out=made[i], mode="clip")

    each(one, len(images))
    return out


@functools.cache
def _method(size_in: int, size_out: int, method: str) -> Image.Resampling:
    """Pillow's; a box that grows repeats pixels, which Pillow does fastest where it picks the nearest."""
    if method == "box" and size_out >= size_in:
        line = Image.fromarray(np.arange(size_in, dtype=np.int32)[None])
        nearest = np.asarray(line.resize((size_out, 1), Image.Resampling.NEAREST))[0]
        if np.array_equal(nearest, taps(size_in, size_out, method, torch.device("cpu"))[0][:, 0].numpy()):
            return Image.Resampling.NEAREST
    return Image.Resampling[method.upper()]
