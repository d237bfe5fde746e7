"""Blurs: out of focus, through glass, by motion, by zoom, by a Gaussian."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from withstand.corruptions import disk, filters
from withstand.corruptions.pixels import levels, pixels, planes, unit
from withstand.corruptions.random import Draws


def gaussian_blur(images: Tensor, draws: Draws, *, sigma: float) -> Tensor:
    """Smooth by a Gaussian."""
    return levels(filters.smooth_images(unit(images, torch.float64), sigma))


def defocus_blur(images: Tensor, draws: Draws, *, radius: float, alias: float) -> Tensor:
    """Smooth by a disk, as a lens out of focus does."""
    return disk.filter2d(images, disk.disk(radius, alias))


def motion_blur(images: Tensor, draws: Draws, *, radius: float, sigma: float) -> Tensor:
    """Blur along a line between -45 and 45 degrees."""
    angle = draws.uniform("angle", (), -45, 45)
    return filters.line_blur(images.float(), angle, radius, sigma).byte()


def zoom_blur(images: Tensor, draws: Draws, *, stop: float, step: float) -> Tensor:
    """Average the image with itself zoomed by 1 to ``stop``."""
    height, width = images.shape[1:3]
    x = planes(images)
    exact = x.double()
    total = x.clone()
    factors = np.arange(1, stop, step).tolist()
    for factor in factors[1:]:  # the first is 1, the image itself
        # Each layer in float64, their sum in float32, as the reference has it: flat areas stay flat.
        total += filters.along(exact, filters.zoom(height, factor), filters.zoom(width, factor))
    return pixels(total.add_(x).div_(len(factors) + 1))


def glass_blur(images: Tensor, draws: Draws, *, sigma: float, reach: float, rounds: float) -> Tensor:
    """Smooth, let each pixel take the place of one nearby, smooth again.

    The reference means to swap two pixels, but its second assignment reads what its first wrote, so it copies. It goes
    from the last pixel to the first: a source that lies later in the image has already been written, and we follow it
    to where its own value came from. Each look doubles the length of the way followed.
    """
    n, height, width, _ = images.shape
    far = max(1, round(reach))
    x = levels(filters.smooth_images(unit(images, torch.float64), sigma)).view(n, -1, 3)
    rows = torch.arange(height, device=images.device)[far + 1 : height - far + 1]
    columns = torch.arange(width, device=images.device)[far + 1 : width - far + 1]
    here = rows[:, None] * width + columns
    for turn in range(int(rounds)):
        moves = draws.integers(f"moves {turn}", (len(rows), len(columns), 2), -far, far)
        source = torch.arange(height * width, device=images.device).repeat(n, 1)
        source[:, here] = here + moves[..., 1] * width + moves[..., 0]
        x = x.gather(1, _settled(source)[..., None].expand(-1, -1, 3))
    return levels(filters.smooth_images(unit(x.view(images.shape), torch.float64), sigma))


def _settled(source: Tensor) -> Tensor:
    """Follow int64 N×P from pixel to pixel as long as the way leads to later pixels, which were written before."""
    place = torch.arange(source.shape[1], device=source.device)
    leads_on = source > place
    if not leads_on.any():
        return source
    # Where a pixel reads an earlier one, or itself, its way ends: it is its own next stop.
    stop = torch.where(leads_on, source, place)
    while True:
        further = stop.gather(1, stop)
        if torch.equal(further, stop):
            return source.gather(1, stop)
        stop = further
