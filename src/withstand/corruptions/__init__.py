"""The corruptions of CIFAR-10-C on batches of images, on any device, the same for an image whoever stands beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from withstand.corruptions.names import BENCHMARK, CORRUPTIONS, EXTRA, FAMILIES, SEVERITIES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    Images = TypeVar("Images", NDArray[np.uint8], Tensor)
    Ids = NDArray[np.int64] | Tensor

__all__ = ["BENCHMARK", "CORRUPTIONS", "EXTRA", "FAMILIES", "SEVERITIES", "corrupt"]


def corrupt(
    images: Images, corruption: str, severity: int, *, seed: int = 0, ids: Ids | None = None, preset: str = "cifar"
) -> Images:
    """Corrupt a batch of images.

    Args:
        images: uint8 N×H×W×3, NumPy or torch, any device; left as it is.
        corruption: one of ``CORRUPTIONS``.
        severity: 1 to 5.
        seed: another seed gives other draws.
        ids: N whole numbers; an image's draws depend on (seed, id, corruption, severity) alone. Default: 0 … N-1.
        preset: ``cifar``, the strengths of CIFAR-10-C.

    Returns:
        Corrupted images of the same kind, type, shape and device.

    Raises:
        UserError: an unknown corruption, severity or preset, or images and ids of the wrong type or shape.
    """
    from withstand.corruptions.apply import corrupt_any  # torch takes seconds to import, names do not need it

    return corrupt_any(images, corruption, severity, seed=seed, ids=ids, preset=preset)
