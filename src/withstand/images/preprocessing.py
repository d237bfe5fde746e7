"""From stored bytes to what a network reads: augmentation, resize and normalisation, in batches on the device."""

from __future__ import annotations

import functools
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from withstand.images.resize import resize


@dataclass(frozen=True)
class Preprocessing:
    """What is done to an image before the network sees it; part of every cell's key.

    Attributes:
        image_size: pixels of the square that the network reads.
        interpolation: ``bilinear`` or ``bicubic``, as Pillow does them.
        mean, std: of each channel, for values between 0 and 1.
        crop: the share of the resized image's side that is kept, its middle; 1 keeps all of it.
    """

    image_size: int
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    crop: float = 1.0

    def facts(self) -> dict[str, Any]:
        return asdict(self)

    def __call__(self, images: Tensor, out: Tensor | None = None) -> Tensor:
        """uint8 N×H×W×3 to float32 N×3×S×S in channels-last memory, on the same device.

        Args:
            out: float32, at least N×S×S×3, contiguous, to be written over and returned a view of. Memory that is used
                again is several times faster than new memory, which the system hands over page by page.
        """
        square = self._square(images)
        # Rows of interleaved channels, so that the innermost loop is as long as a row, not as a pixel.
        rows = square.reshape(*square.shape[:2], -1)
        floats = (
            torch.empty_like(rows, dtype=torch.float32) if out is None else out[: len(rows)].view(rows.shape)
        )
        floats.copy_(rows)
        scale, shift = _affine(self, images.device)
        torch.addcmul(shift, floats, scale, out=floats)
        return floats.view(square.shape).permute(0, 3, 1, 2)

    def _square(self, images: Tensor) -> Tensor:
        """Resized, and cropped as timm evaluates: to ``image_size / crop`` pixels, cut to a whole number."""
        side = int(self.image_size / self.crop)
        whole = resize(images, side, side, self.interpolation)
        edge = round((side - self.image_size) / 2)
        return whole[:, edge : edge + self.image_size, edge : edge + self.image_size]


@functools.lru_cache(maxsize=32)
def _affine(ready: Preprocessing, device: torch.device) -> tuple[Tensor, Tensor]:
    """Scale and shift of every value in a row of S pixels. Kept, as no recorded step may copy from the host."""
    with torch.inference_mode(False):
        mean, std = (torch.tensor(v, device=device).repeat(ready.image_size) for v in (ready.mean, ready.std))
        return 1 / (255 * std), -mean / std


def crop_flip(images: Tensor, generator: torch.Generator, padding: int = 4) -> Tensor:
    """Random crop after zero padding, then a random horizontal flip, each image its own.

    The usual CIFAR augmentation (He et al., 2016, section 4.2).

    Args:
        images: uint8 N×H×W×3.
        generator: on the images' device; the same state gives the same crops.
        padding: pixels of black on each side.

    Returns:
        uint8 N×H×W×3, a new tensor.
    """
    n, h, w, _ = images.shape
    device = images.device
    padded = images.new_zeros(n, h + 2 * padding, w + 2 * padding, 3)
    padded[:, padding : padding + h, padding : padding + w] = images
    offset = torch.randint(0, 2 * padding + 1, (2, n, 1), generator=generator, device=device)
    flip = torch.randint(0, 2, (n, 1), generator=generator, device=device, dtype=torch.bool)
    rows = offset[0] + torch.arange(h, device=device)
    columns = torch.arange(w, device=device).expand(n, w)
    columns = offset[1] + torch.where(flip, w - 1 - columns, columns)
    image = torch.arange(n, device=device).view(n, 1, 1)
    return padded[image, rows[:, :, None], columns[:, None, :]]
