"""From stored bytes to what a network reads: augmentation, resize and normalisation, in batches on the device."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import torch
from torch import Tensor

from withstand.images.resize import resize


class Ready(Protocol):
    """What is done to images before a classifier sees them; part of every cell's key."""

    @property
    def image_size(self) -> int:
        """Pixels of the square that is read; 0: that of the images as they come."""

    def facts(self) -> dict[str, Any]:
        """All that it depends on, as JSON values."""

    def __call__(self, images: Tensor, out: Tensor | None = None) -> Tensor:
        """What is read, N×…, for uint8 N×H×W×3 on the same device; ``out`` is float32 memory that may be used."""


@dataclass(frozen=True)
class Geometry:
    """The part of a preprocessing that comes before any shift, done to each photograph when it is decoded.

    Attributes:
        size: pixels a side of what comes out, a middle square.
        resize: pixels of the short side before that; with ``squash``, of both sides.
        interpolation: ``bilinear`` or ``bicubic``, as Pillow does them.
        squash: both sides are resized, whatever the shape.
    """

    size: int
    resize: int
    interpolation: str = "bicubic"
    squash: bool = False

    def scaled(self, width: int, height: int) -> tuple[int, int]:
        """Width and height once resized; the long side is cut to a whole number, as torchvision does."""
        short = min(width, height)
        if self.squash or width == height:
            return self.resize, self.resize
        if width == short:
            return self.resize, self.resize * height // width
        return self.resize * width // height, self.resize

    def offset(self, length: int) -> int:
        """Where the middle of ``length`` pixels begins; before them where they are fewer, as torchvision pads them."""
        short = self.size - length
        return -(short // 2) if short > 0 else round(-short / 2)

    def middle(self, width: int, height: int) -> tuple[int, int, int, int]:
        """What is kept of so many pixels: left, top, right and bottom."""
        left, top = self.offset(width), self.offset(height)
        return left, top, left + self.size, top + self.size


@dataclass(frozen=True)
class Preprocessing:
    """Resize, cut out the middle, normalise.

    Attributes:
        image_size: pixels of the square that the network reads.
        interpolation: ``bilinear`` or ``bicubic``, as Pillow does them.
        mean, std: of each channel, for values between 0 and 1.
        crop: the share of the resized image's side that is kept, its middle; 1 keeps all of it.
        resize: pixels of the short side before the crop; by default ``image_size / crop``, cut to a whole number.
        squash: both sides are resized to that, whatever the shape.
    """

    image_size: int
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    crop: float = 1.0
    resize: int | None = None
    squash: bool = False

    def facts(self) -> dict[str, Any]:
        said = asdict(self)
        # Keys of before there were these stay what they were.
        return {key: said[key] for key in said if key not in ("resize", "squash") or said[key]}

    @property
    def geometry(self) -> Geometry:
        """What comes before a shift, where photographs are decoded for this."""
        whole = self.resize or int(self.image_size / self.crop)
        return Geometry(self.image_size, whole, self.interpolation, self.squash)

    @property
    def after_geometry(self) -> Preprocessing:
        """What is left to do to images that were decoded for this."""
        return replace(self, crop=1.0, resize=None, squash=False)

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
        """Resized, and the middle cut out, as the sources evaluate."""
        form = self.geometry
        width, height = form.scaled(images.shape[2], images.shape[1])
        whole = resize(images, height, width, self.interpolation)
        left, top, right, bottom = form.middle(width, height)
        if min(left, top) < 0:  # it is smaller: black lies around it
            sides = (-left, right - width, -top, bottom - height)
            whole = torch.nn.functional.pad(whole, (0, 0, *(max(side, 0) for side in sides)))
        left, top = max(left, 0), max(top, 0)
        return whole[:, top : top + form.size, left : left + form.size]


@dataclass(frozen=True)
class Scaled:
    """Values between 0 and 1, of the size they come in: for networks that bring no preprocessing of their own."""

    image_size: int = 0

    def facts(self) -> dict[str, Any]:
        return {"scaled": "0 to 1"}

    def __call__(self, images: Tensor, out: Tensor | None = None) -> Tensor:
        """uint8 N×H×W×3 to float32 N×3×H×W in channels-last memory."""
        return images.permute(0, 3, 1, 2).float() / 255


@dataclass(frozen=True)
class AsBytes:
    """Nothing at all: for classifiers that take images as they are."""

    image_size: int = 0

    def facts(self) -> dict[str, Any]:
        return {}

    def __call__(self, images: Tensor, out: Tensor | None = None) -> Tensor:
        """The images themselves."""
        return images


@dataclass(frozen=True)
class Custom:
    """A function of the user's, from uint8 N×H×W×3 to what the network reads.

    Attributes:
        source: what tells it from another function, such as a digest of its text.
    """

    function: Callable[[Tensor], Tensor]
    source: str
    image_size: int = 0

    def facts(self) -> dict[str, Any]:
        return {"function": self.source}

    def __call__(self, images: Tensor, out: Tensor | None = None) -> Tensor:
        return self.function(images)


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
