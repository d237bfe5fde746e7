"""From uint8 to uint8: check the input, walk it in chunks, and let one corruption work on each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from withstand.corruptions import blur, digital, noise, weather
from withstand.corruptions.constants import CIFAR
from withstand.corruptions.draws import Draws
from withstand.corruptions.names import CORRUPTIONS, SEVERITIES
from withstand.errors import UserError, nearest

_PIXELS = 1 << 19  # worked on at once on the CPU: large enough to be fast, small enough for the cache

PRESETS = {"cifar": CIFAR}

Corruption = Callable[[Tensor, Any, Draws], Tensor]


def _functions() -> dict[str, Corruption]:
    """Every corruption that has a function of its name in one of the four modules."""
    modules = (noise, blur, weather, digital)
    return {name: getattr(m, name) for name in CORRUPTIONS for m in modules if hasattr(m, name)}


FUNCTIONS = _functions()

# The reference works in float64 and cuts to whole levels, so the last bit decides; noise has no such last bit.
_FLOAT32 = {"gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"}


def corrupt_any(images: Any, corruption: str, severity: int, *, seed: int, ids: Any, preset: str) -> Any:
    """``withstand.corruptions.corrupt``, which documents it."""
    if corruption not in FUNCTIONS:
        raise UserError(f"unknown corruption '{corruption}'; {nearest(corruption, FUNCTIONS)}")
    if severity not in SEVERITIES:
        raise UserError(f"severity {severity} must be a whole number from 1 to 5")
    if preset not in PRESETS:
        raise UserError(f"unknown preset '{preset}'; {nearest(preset, PRESETS)}")
    tensor = torch.from_numpy(np.ascontiguousarray(images)) if isinstance(images, np.ndarray) else images
    if (
        not isinstance(tensor, Tensor)
        or tensor.dtype != torch.uint8
        or tensor.ndim != 4
        or tensor.shape[3] != 3
    ):
        found = f"{getattr(images, 'dtype', type(images).__name__)} {tuple(getattr(images, 'shape', ()))}"
        raise UserError(f"images must be uint8 N×H×W×3, not {found}")
    numbers = torch.arange(len(tensor)) if ids is None else torch.as_tensor(ids, dtype=torch.int64)
    if numbers.shape != (len(tensor),):
        raise UserError(f"{len(tensor)} images need as many ids, not {tuple(numbers.shape)}")
    numbers = numbers.to(tensor.device)
    constant = PRESETS[preset][corruption][severity - 1]
    chunk = max(1, _PIXELS // max(1, tensor.shape[1] * tensor.shape[2]))
    out = torch.empty_like(tensor)
    for start in range(0, len(tensor), chunk):
        part = slice(start, start + chunk)
        draws = Draws(numbers[part], seed, corruption, severity)
        out[part] = _one(tensor[part], corruption, constant, draws)
    return out.numpy() if isinstance(images, np.ndarray) else out


def _one(images: Tensor, corruption: str, constant: Any, draws: Draws) -> Tensor:
    # Apple's GPUs have no float64.
    wide = torch.float32 if corruption in _FLOAT32 or images.device.type == "mps" else torch.float64
    values = FUNCTIONS[corruption](images.to(wide) / 255, constant, draws)
    return (values.clamp(0, 1) * 255).byte()  # cut, not rounded, as the reference does
