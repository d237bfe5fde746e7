"""Between uint8 images and the float planes that corruptions compute on."""

from __future__ import annotations

import torch
from torch import Tensor


def unit(images: Tensor) -> Tensor:
    """uint8 levels as float32 from 0 to 1."""
    return images.float().mul_(1 / 255)


def levels(x: Tensor) -> Tensor:
    """Numbers from 0 to 1 as uint8 levels: clipped, then cut (not rounded) as the reference does; ``x`` is spent."""
    return x.clamp_(0, 1).mul_(255).byte()


def planes(images: Tensor) -> Tensor:
    """uint8 N×H×W×3 as float32 planes N×3×H×W, from 0 to 255."""
    return images.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)


def pixels(x: Tensor) -> Tensor:
    """Planes N×3×H×W of levels from 0 to 255 as uint8 N×H×W×3, clipped and cut; ``x`` is spent."""
    return x.clamp_(0, 255).byte().permute(0, 2, 3, 1).contiguous()
