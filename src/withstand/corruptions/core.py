"""From what the user hands over to what the corruptions work on, a piece of the batch at a time, and back."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor

from withstand.corruptions.constants import constants
from withstand.corruptions.names import FAMILY
from withstand.corruptions.random import Draws
from withstand.errors import UserError

_VALUES_AT_ONCE = {"cpu": 1 << 19, "cuda": 1 << 26}
"""Values of a piece: on a CPU what its caches hold, on a GPU what keeps it busy."""


def function(corruption: str) -> Callable[..., Tensor]:
    """The function of a corruption: it lives under its own name in the module of its family."""
    found: Callable[..., Tensor] = getattr(
        import_module(f"withstand.corruptions.{FAMILY[corruption]}"), corruption
    )
    return found


def corrupt_batch(images: Any, corruption: str, severity: int, *, seed: int, ids: Any, preset: str) -> Any:
    """See ``withstand.corruptions.corrupt``."""
    pixels = _as_tensor(images)
    n, height, width, _ = pixels.shape
    values = constants(preset, corruption, severity, height, width)
    numbers = _as_ids(ids, n, pixels.device)
    apply = function(corruption)
    size = max(1, _VALUES_AT_ONCE.get(pixels.device.type, 1 << 22) // max(1, height * width * 3))
    out = torch.empty_like(pixels, memory_format=torch.contiguous_format)
    with torch.inference_mode():
        for start in range(0, n, size):
            piece = slice(start, start + size)
            draws = Draws(seed, numbers[piece], f"{corruption}/{severity}")
            out[piece] = apply(pixels[piece], draws, **values)
    return out.numpy() if isinstance(images, np.ndarray) else out


def _as_tensor(images: Any) -> Tensor:
    if not isinstance(images, np.ndarray | Tensor):
        raise UserError(f"images must be a NumPy array or a torch tensor, not {type(images).__name__}")
    shape, dtype = tuple(images.shape), str(images.dtype).removeprefix("torch.")
    if dtype != "uint8":
        raise UserError(
            f"images must be uint8 levels from 0 to 255, not {dtype}; multiply and round them first"
        )
    if len(shape) != 4 or shape[3] != 3 or 0 in shape[1:]:
        raise UserError(
            f"images must be N×H×W×3 (RGB, channels last), not {'×'.join(map(str, shape)) or 'a scalar'}"
        )
    if isinstance(images, Tensor):
        return images
    # Memory-mapped arrays are read-only, and torch warns of those; we only ever read.
    return torch.from_numpy(np.array(images) if not images.flags.writeable else np.ascontiguousarray(images))


def _as_ids(ids: Any, n: int, device: torch.device) -> Tensor:
    if ids is None:
        return torch.arange(n, device=device)
    numbers = ids.cpu() if isinstance(ids, Tensor) else torch.from_numpy(np.array(ids))
    if numbers.is_floating_point() or numbers.dtype == torch.bool or numbers.ndim != 1:
        raise UserError("ids must be a flat list of whole numbers, one for each image")
    if len(numbers) != n:
        raise UserError(f"{len(numbers)} ids for {n} images; give one id for each image")
    return numbers.to(device, torch.int64)
