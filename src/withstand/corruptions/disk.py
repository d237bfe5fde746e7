"""Defocus: images correlated with a disk, by OpenCV where it is installed, else by spectra; the bytes are the same."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from itertools import product

import numpy as np
import torch
from scipy.fft import next_fast_len
from torch import Tensor
from torch.nn.functional import pad

from withstand.corruptions.filters import fold
from withstand.images.opencv import opencv
from withstand.images.threads import each

_LARGE = 128 * 128  # points of a plane
_ABOVE = 1e-11  # what is added to a sum before it is cut, so that a whole level stays one


@functools.lru_cache(maxsize=32)
def disk(radius: float, alias: float) -> Tensor:
    """float32 k×k: a flat disk whose edge is softened by a small Gaussian of 3 or 5 taps.

    In float32 as the reference has it: its sum is a little more than 1, which decides how flat areas are cut.
    """
    reach, taps = (8, 3) if radius <= 8 else (math.ceil(radius), 5)
    line = torch.arange(-reach, reach + 1)
    flat = (line[:, None] ** 2 + line[None] ** 2 <= radius**2).float()
    flat /= flat.sum()
    steps = torch.arange(taps, dtype=torch.float64) - taps // 2
    edge = torch.exp(-0.5 * (steps / alias) ** 2)
    weights = (edge / edge.sum()).float().tolist()
    for _ in range(2):
        shifted = [
            flat.index_select(0, fold(torch.arange(len(line)) + i, len(line), "mirror"))
            for i in range(-(taps // 2), taps // 2 + 1)
        ]
        # Taps of the same weight first, as OpenCV sums a symmetric kernel.
        flat = shifted[taps // 2] * weights[taps // 2]
        for i in range(taps // 2 - 1, -1, -1):
            flat = flat + (shifted[i] + shifted[-1 - i]) * weights[i]
        flat = flat.T
    return flat


def filter2d(images: Tensor, kernel: Tensor) -> Tensor:
    """Levels of uint8 N×H×W×3 correlated with an odd ``kernel`` that is its own mirror image, borders mirrored.

    By OpenCV on the processor where it is installed, as the reference, else by one transform of the whole plane: the
    bytes are the same. In float64 the error of either is a thousandth of what decides how flat areas are cut; where the
    kernel's sum is 1 to the last bit, whole levels stay.

    Returns:
        uint8 N×H×W×3, clipped and cut.
    """
    cv2 = opencv()
    if cv2 is None or images.device.type != "cpu":
        return by_spectrum(images, kernel)
    out = torch.empty_like(images)
    given, made, weights = images.contiguous().numpy(), out.numpy(), kernel.numpy()

    def one(i: int) -> None:
        sums = cv2.filter2D(given[i], cv2.CV_64F, weights)
        np.clip(sums + _ABOVE, 0, 255, out=sums)
        np.copyto(made[i], sums, casting="unsafe")

    each(one, len(images))
    return out


def by_spectrum(images: Tensor, kernel: Tensor) -> Tensor:
    """The same on any device: the work hardly grows with the kernel.

    Two images at a time are the two parts of one complex one; a real kernel keeps them apart.
    """
    n, height, width, _ = images.shape
    reach = len(kernel) // 2
    size = [16 * next_fast_len(-(-(side + 2 * reach) // 16)) for side in (height, width)]
    spectrum = torch.fft.fft2(kernel.to(images.device, torch.float64), s=size)
    out = torch.empty_like(images)
    # A processor's cache holds three planes of small images, and one of large ones.
    planes = 1 if images.device.type == "cpu" and math.prod(size) >= _LARGE else 3
    # Kept from pair to pair: to fetch so much memory from the system takes as long as the transform.
    flat, wave = torch.empty(2, planes, *size, dtype=torch.complex128, device=images.device)
    for first, colour in product(range(0, n, 2), range(0, 3, planes)):
        here = slice(first, first + 2), ..., slice(colour, colour + planes)
        x = images[here].permute(0, 3, 1, 2).to(torch.float64, memory_format=torch.contiguous_format)
        x = _framed(x, reach, size)
        torch.complex(x[0], x[-1], out=flat)
        torch.fft.ifft2(torch.fft.fft2(flat, out=wave).mul_(spectrum), out=flat)
        # Where the transform comes round, the frame is met and not the image.
        seen = torch.view_as_real(flat)[:, 2 * reach :, 2 * reach :][:, :height, :width]
        out[here] = seen.add_(_ABOVE).clamp_(0, 255).permute(3, 1, 2, 0)[: len(x)]
    return out


def _framed(x: Tensor, reach: int, size: Sequence[int]) -> Tensor:
    """Planes N×C×H×W mirrored ``reach`` pixels above and to the left, and below and to the right up to ``size``."""
    more = [length - side - reach for length, side in zip(size, x.shape[2:], strict=True)]
    if max(reach, more[0]) < x.shape[2] and max(reach, more[1]) < x.shape[3]:
        return pad(x, (reach, more[1], reach, more[0]), mode="reflect")
    for dim, length in enumerate(size, 2):
        place = torch.arange(-reach, length - reach, device=x.device)
        x = x.index_select(dim, fold(place, x.shape[dim], "mirror"))
    return x
