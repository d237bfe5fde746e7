"""Noise: gaussian, shot, impulse and speckle. Each takes values between 0 and 1 and gives such values, before clipping."""

from __future__ import annotations

import torch
from torch import Tensor

from withstand.corruptions.draws import Draws


def gaussian_noise(x: Tensor, c: float, draws: Draws) -> Tensor:
    """Adds normal noise of standard deviation ``c``."""
    return x + c * draws.normal(*x.shape[1:])


def speckle_noise(x: Tensor, c: float, draws: Draws) -> Tensor:
    """Normal noise in proportion to the value."""
    return x + x * (c * draws.normal(*x.shape[1:]))


def shot_noise(x: Tensor, c: float, draws: Draws) -> Tensor:
    """Photon noise: a Poisson count of mean ``x · c``, over ``c``.

    There are 256 levels, so 256 laws: their distribution functions are tabled once, and a draw is a search in its row.
    """
    levels = torch.arange(256, dtype=torch.float64) / 255 * c
    most = int(c + 8 * c**0.5 + 10)
    counts = torch.arange(most, dtype=torch.float64)
    log_mass = torch.special.xlogy(counts, levels[:, None]) - levels[:, None] - torch.lgamma(counts + 1)
    below = log_mass.exp().cumsum(1)
    below[:, -1] = 1
    # Rows laid end to end, each raised by its number: one search finds the count in the right row.
    rows = (below + torch.arange(256, dtype=torch.float64)[:, None]).reshape(-1).to(x.device)
    level = (x * 255).round().long()
    dice = draws.uniform(*x.shape[1:]).double()
    found = torch.searchsorted(rows, level + dice)
    return (found - level * most).to(x.dtype) / c


def impulse_noise(x: Tensor, c: float, draws: Draws) -> Tensor:
    """Salt and pepper: a share ``c`` of the values, each channel on its own, becomes 0 or 1."""
    dice = draws.uniform(*x.shape[1:])
    return torch.where(dice < c / 2, 0.0, torch.where(dice < c, 1.0, x))
