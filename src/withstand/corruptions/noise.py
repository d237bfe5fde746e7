"""Noise, drawn for each value on its own."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from withstand.corruptions.pixels import levels, unit
from withstand.corruptions.random import Draws

_FINE = 23  # bits of the probabilities in the table of shot noise


def gaussian_noise(images: Tensor, draws: Draws, *, spread: float) -> Tensor:
    """Add normal noise."""
    return levels(draws.normal("noise", images.shape[1:]).mul_(spread).add_(unit(images)))


def speckle_noise(images: Tensor, draws: Draws, *, spread: float) -> Tensor:
    """Multiply by normal noise around 1."""
    return levels(draws.normal("noise", images.shape[1:]).mul_(spread).add_(1).mul_(unit(images)))


def impulse_noise(images: Tensor, draws: Draws, *, amount: float) -> Tensor:
    """Make a share ``amount`` of all values black or white, each as likely."""
    u = draws.uniform("flip", images.shape[1:])
    return images.masked_fill(u < amount, 255).masked_fill_(u < amount / 2, 0)


def shot_noise(images: Tensor, draws: Draws, *, photons: float) -> Tensor:
    """Count Poisson photons, ``photons`` of them on average where the image is white.

    The law of the level that comes out depends on the level that goes in alone, so each of the 256 laws is drawn from
    by Walker's alias method: one random column, kept or exchanged for its alias.
    """
    bits = draws.bits("photons", images.shape[1:])
    table = _alias_table(photons).to(images.device)
    column = bits & 255
    entry = table.take((images.int() << 8 | column).long())
    kept = (bits >> 9) & 0x7FFFFF < entry >> 8
    return torch.where(kept, column, entry & 255).byte()


def counted(photons: float, counts: Tensor) -> Tensor:
    """The level that a count of photons is shown as."""
    return (counts.double() / photons).clamp(0, 1).mul(255).byte()


@functools.lru_cache(maxsize=16)
def _alias_table(photons: float) -> Tensor:
    """int32 256×256: for each level in and each column, 2^8 · chance of the column in 2^-23 steps + its alias."""
    rate = (torch.arange(256, dtype=torch.float64) / 255 * photons)[:, None]
    counts = torch.arange(int(photons + 12 * photons**0.5 + 30), dtype=torch.float64)[None]
    chance = torch.exp(torch.xlogy(counts, rate) - rate - torch.lgamma(counts + 1))
    law = torch.zeros(256, 256, dtype=torch.float64)
    law.index_add_(1, counted(photons, counts[0]).int(), chance)
    # Whole numbers from here on, so that the table is the same to the bit wherever it is made.
    full = 1 << _FINE
    weight = (law / law.sum(1, keepdim=True) * 256 * full).round().long()
    rows = torch.arange(256)
    weight[rows, weight.argmax(1)] += 256 * full - weight.sum(1)
    keep = torch.full((256, 256), full, dtype=torch.int64)
    alias = rows.repeat(256, 1)
    open_ = torch.ones(256, 256, dtype=torch.bool)
    for _ in range(255):
        poor = torch.where(open_, weight, 1 << 62).argmin(1)
        rich = torch.where(open_, weight, -1).argmax(1)
        keep[rows, poor], alias[rows, poor] = weight[rows, poor], rich
        weight[rows, rich] -= full - weight[rows, poor]
        open_[rows, poor] = False
    # A chance of 1 needs no alias and does not fit into 23 bits.
    return (keep.clamp(max=full - 1) << 8 | alias).where(keep < full, (full - 1) << 8 | rows).int()
