"""The nineteen corruptions of CIFAR-10-C and ImageNet-C: batched, on any device, the same for the same image."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from withstand.corruptions.names import BENCHMARK, CORRUPTIONS, EXTRAS, FAMILIES, SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import torch
    from numpy.typing import NDArray

    Images = TypeVar("Images", torch.Tensor, NDArray[np.uint8])

__all__ = ["BENCHMARK", "CORRUPTIONS", "EXTRAS", "FAMILIES", "SEVERITIES", "corrupt"]


def corrupt(
    images: Images,
    corruption: str,
    severity: float,
    *,
    seed: int = 0,
    ids: Sequence[int] | NDArray[np.int64] | torch.Tensor | None = None,
    preset: str = "cifar",
    constants: Sequence[Sequence[float]] | None = None,
) -> Images:
    """Corrupt a batch of images.

    What an image gets depends on (``seed``, its id, ``corruption``, ``severity``) alone: not on the batch, the order
    or the device (another device may round differently, by one level in few pixels).

    Args:
        images: uint8 N×H×W×3, RGB, a NumPy array or a tensor on any device. Not changed.
        corruption: one of ``CORRUPTIONS``.
        severity: 1 to 5 are the published ones; between two of them the constants lie between theirs, and below 1
            towards those that leave an image as it is, where there are such.
        seed: of the whole run.
        ids: one whole number for each image, the same for the same source image; ``0..N-1`` where None.
        preset: ``cifar`` (constants of CIFAR-10-C, for 32 pixels) or ``imagenet`` (of ImageNet-C, for 224); other sizes
            scale as ``withstand.corruptions.constants`` says.
        constants: of one's own, a row for each severity from 1 on, in place of the preset's and in their units.

    Returns:
        Corrupted images of the same kind, type, shape and device.

    Raises:
        UserError: there is no such corruption, severity or preset; the images are not uint8 N×H×W×3; the number of ids
            is another; a row of constants does not fit; or the published frost textures lie there altered.
    """
    from withstand.corruptions.core import corrupt_batch

    return corrupt_batch(images, corruption, severity, seed=seed, ids=ids, preset=preset, own=constants)
