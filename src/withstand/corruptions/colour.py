"""Hue, saturation and value, computed step for step in float64 as scikit-image does, because levels are cut afterwards."""

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
    return (hue / 6).remainder_(1).masked_fill_(grey, 0), (delta / value).masked_fill_(grey, 0), value


def from_hsv(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """The way back, as uint8 N×H×W×3, clipped and cut."""
    sector = (hue * 6).floor_()
    rest = (hue * 6).sub_(sector)
    low = value * (1 - saturation)
    falling = value * (1 - rest * saturation)
    rising = value * (1 - (1 - rest) * saturation)
    channels = []
    for first in (0, 2, 4):  # the sector where red, green and blue is the highest and about to fall
        turn = (sector - first).remainder_(6)
        channel = torch.where((turn == 0) | (turn == 5), value, low)
        channel = torch.where(turn == 1, falling, channel)
        channels.append(torch.where(turn == 4, rising, channel))
    return levels(torch.stack(channels, dim=-1))
