"""Between uint8 levels and the numbers from 0 to 1 that corruptions compute with."""

from __future__ import annotations

import torch
from torch import Tensor


def unit(images: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """uint8 levels as numbers from 0 to 1."""
    return images.to(dtype).div_(255)


def planes(images: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """uint8 N×H×W×3 as planes N×3×H×W of numbers from 0 to 1."""
    return images.permute(0, 3, 1, 2).to(dtype, memory_format=torch.contiguous_format).div_(255)


def levels(x: Tensor) -> Tensor:
    """Numbers from 0 to 1 as uint8 levels: clipped, then cut (not rounded) as the reference does; ``x`` is spent.

    Cutting makes flat areas hang on the last bits, so corruptions without noise keep to the reference's precision.
    """
    return x.clamp_(0, 1).mul_(255).byte()


def pixels(x: Tensor) -> Tensor:
    """Planes N×3×H×W of numbers from 0 to 1 as uint8 N×H×W×3, as ``levels`` does; ``x`` is spent."""
    return levels(x).permute(0, 2, 3, 1).contiguous()
