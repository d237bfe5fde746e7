"""Hue, saturation and value, step for step in float64 as scikit-image does, because levels are cut afterwards."""

from __future__ import annotations

import torch
from torch import Tensor

from withstand.corruptions.pixels import levels


def to_hsv(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """uint8 N×H×W×3 as float64 hue, saturation and value N×H×W, each from 0 to 1."""
    rgb = images.permute(3, 0, 1, 2).to(torch.float64, memory_format=torch.contiguous_format).div_(255)
    red, green, blue = rgb
    value = rgb.amax(0)
    delta = value - rgb.amin(0)
    hue = torch.where(green == value, 2 + (blue - red) / delta, (green - blue) / delta)
    hue = torch.where(blue == value, 4 + (red - green) / delta, hue)
    grey = delta == 0  # where both quotients are 0 / 0
    hue.div_(6)
    hue = torch.where(hue < 0, hue + 1, hue)
    return hue.masked_fill_(grey, 0), (delta / value).masked_fill_(grey, 0), value


def from_hsv(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """The way back, as uint8 N×H×W×3, clipped and cut."""
    place = hue * 6
    start = place.floor()
    rest = place.sub_(start)
    low = value * (1 - saturation)
    falling = value * (1 - rest * saturation)
    rising = value * (1 - rest.neg_().add_(1) * saturation)
    sector = start.to(torch.int8)
    sector[sector == 6] = 0
    rgb = torch.empty(*hue.shape, 3, dtype=hue.dtype, device=hue.device)
    for channel in range(3):  # red is highest in sectors 5 and 0, green in 1 and 2, blue in 3 and 4
        falls = sector == (2 * channel + 1) % 6
        rises = sector == (2 * channel + 4) % 6
        high = (sector == (2 * channel + 5) % 6) | (sector == 2 * channel)
        x = torch.where(high, value, low)
        torch.where(falls, falling, torch.where(rises, rising, x), out=rgb[..., channel])
    return levels(rgb)
