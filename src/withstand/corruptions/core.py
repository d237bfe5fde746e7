"""From what the user hands over to what the corruptions work on, a piece of the batch at a time, and back."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from withstand.base.errors import UserError
from withstand.corruptions.constants import constants
from withstand.corruptions.names import FAMILY
from withstand.corruptions.random import Draws
from withstand.corruptions.severities import whole
from withstand.images.threads import each

_VALUES_AT_ONCE = {"cpu": 1 << 20, "cuda": 1 << 26}
"""Values of a piece: on a CPU what its last cache holds, on a GPU what keeps it busy."""

_IN_FEW_PASSES = {
    *("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"),
    *("brightness", "saturate", "contrast", "zoom_blur"),
}
"""What has few operations, each on all values: on a CPU in pieces of a quarter, which nearer caches hold."""

_WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def function(corruption: str) -> Callable[..., Tensor]:
    """The function of a corruption: it lives under its own name in the module of its family."""
    found: Callable[..., Tensor] = getattr(
        import_module(f"withstand.corruptions.{FAMILY[corruption]}"), corruption
    )
    return found


def corrupt_batch(
    images: Any, corruption: str, severity: float, *, seed: int, ids: Any, preset: str, own: Any = None
) -> Any:
    """See ``withstand.corruptions.corrupt``."""
    _check(images)
    if isinstance(images, Tensor) and images.device.type == "mps":  # Apple's GPUs have no float64
        given = ids.cpu() if isinstance(ids, Tensor) else ids
        found = corrupt_batch(
            images.cpu(), corruption, severity, seed=seed, ids=given, preset=preset, own=own
        )
        return found.to(images.device)
    n, height, width, _ = images.shape
    values = constants(preset, corruption, severity, height, width, own)
    cell = f"{corruption}/{whole(severity)}"
    apply = function(corruption)
    device = images.device if isinstance(images, Tensor) else torch.device("cpu")
    numbers = _as_ids(ids, n, device)
    values_at_once = _VALUES_AT_ONCE.get(device.type, 1 << 22)
    if device.type == "cpu" and corruption in _IN_FEW_PASSES:
        values_at_once //= 4
    size = max(1, values_at_once // (height * width * 3))
    out = torch.empty((n, height, width, 3), dtype=torch.uint8, device=device)

    @torch.inference_mode()
    def make(number: int) -> None:
        piece = slice(number * size, (number + 1) * size)
        part = images[piece] if isinstance(images, Tensor) else _as_tensor(images[piece])
        draws = Draws(seed, numbers[piece], cell)
        out[piece] = apply(part.contiguous(), draws, **values)

    if device.type == "cpu":
        each(make, -(-n // size))
    else:
        for number in range(-(-n // size)):
            make(number)
    return out.numpy() if isinstance(images, np.ndarray) else out


def _as_tensor(images: NDArray[np.uint8]) -> Tensor:
    """Copied if need be: torch refuses NumPy's negative strides, and warns of read-only (memory-mapped) arrays."""
    return torch.from_numpy(np.require(images, requirements=("C", "W")))


def _check(images: Any) -> None:
    if not isinstance(images, np.ndarray | Tensor):
        raise UserError(f"images must be a NumPy array or a torch tensor, not {type(images).__name__}")
    dtype = str(images.dtype).removeprefix("torch.")
    if dtype != "uint8":
        raise UserError(f"images must be uint8 levels from 0 to 255, not {dtype}")
    shape = tuple(images.shape)
    if len(shape) != 4 or shape[3] != 3 or 0 in shape[1:]:
        raise UserError(f"images must be N×H×W×3 (RGB, channels last), not {shape}")


def _as_ids(ids: Any, n: int, device: torch.device) -> Tensor:
    if ids is None:
        return torch.arange(n, device=device)
    given = ids if isinstance(ids, Tensor) else np.array(ids, dtype=None if len(ids) else np.int64)
    whole = (given.dtype in _WHOLE) if isinstance(given, Tensor) else given.dtype.kind in "iu"
    if not whole or given.ndim != 1:
        raise UserError("ids must be a flat list of whole numbers, one for each image")
    numbers = given if isinstance(given, Tensor) else torch.from_numpy(given.astype(np.int64))
    if len(numbers) != n:
        raise UserError(f"{len(numbers)} ids for {n} images; give one id for each image")
    return numbers.to(device, torch.int64)
