"""Blur: gaussian, defocus, glass, motion and zoom. Values between 0 and 1 in and out."""

from __future__ import annotations

import torch
from torch import Tensor

from withstand.corruptions import filters
from withstand.corruptions.draws import Draws


def gaussian_blur(x: Tensor, c: float, draws: Draws) -> Tensor:
    """A gaussian of sigma ``c``."""
    return filters.gaussian(x, c)


def _disk(radius: float, sigma: float) -> Tensor:
    """A disc on a 17×17 grid, its edge softened by a 3×3 gaussian."""
    reach = max(8, int(radius))
    grid = torch.arange(-reach, reach + 1, dtype=torch.float64)
    inside = (grid[:, None] ** 2 + grid**2 <= radius**2).to(torch.float64)
    inside /= inside.sum()
    side = (5 if radius > 8 else 3) // 2
    taps = torch.exp(-0.5 * (torch.arange(-side, side + 1, dtype=torch.float64) / sigma) ** 2)
    taps /= taps.sum()
    soft = filters.correlate(inside[None, :, :, None], taps[:, None] * taps)[0, :, :, 0]
    return torch.where(soft > 1e-9, soft, 0.0)


def defocus_blur(x: Tensor, c: tuple[float, float], draws: Draws) -> Tensor:
    """A disc of radius ``c[0]``: what a lens out of focus makes of a point."""
    kernel = _disk(*c)
    rows = kernel.sum(1).nonzero().flatten()
    first, last = int(rows[0]), int(rows[-1]) + 1
    return filters.correlate(x, kernel[first:last, first:last])


def glass_blur(x: Tensor, c: tuple[float, int, int], draws: Draws) -> Tensor:
    """Pixels take a neighbour's place, between two gaussian blurs.

    The reference means to swap neighbours, but its second assignment reads what the first wrote: each pixel copies
    one above or left of it (or itself). It walks from the last pixel to the first, so every pixel copied is still the
    original one, and the whole walk is one gather.
    """
    sigma, reach, rounds = c
    n, h, w, _ = x.shape
    levels = (filters.gaussian(x, sigma) * 255).floor().clamp(0, 255)
    row, column = torch.arange(h, device=x.device)[:, None], torch.arange(w, device=x.device)[None, :]
    moves = (row > reach) & (row <= h - reach) & (column > reach) & (column <= w - reach)
    for _ in range(int(rounds)):
        step = draws.integers(2, 2, h, w) - 1
        step *= moves
        levels = filters.pixels_at(levels, row + step[:, 0], column + step[:, 1])
    return filters.gaussian(levels / 255, sigma)


def motion_blur(x: Tensor, c: tuple[float, float], draws: Draws) -> Tensor:
    """A smear along a random direction within 45 degrees of level."""
    return filters.motion(x * 255, *c, draws.uniform(1, low=-45, high=45)[:, 0]) / 255


def zoom_blur(x: Tensor, c: int, draws: Draws) -> Tensor:
    """The mean of the image and ``c`` enlargements of it, 1.00, 1.01, 1.02 …"""
    total = x.clone()
    for step in range(int(c)):
        total += filters.clipped_zoom(x, 1 + 0.01 * step)
    return total / (c + 1)
