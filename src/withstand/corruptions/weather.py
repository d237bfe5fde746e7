"""Weather: snow, frost, fog, glare, and spatter on the lens."""

from __future__ import annotations

import torch
from torch import Tensor

from withstand.corruptions import filters, liquid
from withstand.corruptions import frost as textures
from withstand.corruptions.colour import from_hsv, to_hsv
from withstand.corruptions.pixels import levels, pixels, planes, unit
from withstand.corruptions.random import Draws


def brightness(images: Tensor, draws: Draws, *, amount: float) -> Tensor:
    """Add to the value of hue, saturation and value."""
    hue, saturation, value = to_hsv(images)
    return from_hsv(hue, saturation, value.add_(amount).clamp_(0, 1))


def fog(images: Tensor, draws: Draws, *, amount: float, decay: float) -> Tensor:
    """Add a fractal cloud and darken so that the brightest level stays."""
    height, width = images.shape[1:3]
    brightest = unit(images.flatten(1).amax(1), torch.float64)[:, None, None, None]
    size = 1 << max(1, (max(height, width) - 1).bit_length())
    cloud = plasma(draws, size, decay)[:, None, :height, :width]
    x = planes(images, torch.float64).add_(cloud, alpha=amount)
    return pixels(x.mul_(brightest).div_(brightest + amount))


def plasma(draws: Draws, size: int, decay: float) -> Tensor:
    """Clouds N×size×size from 0 to 1, by the diamond-square algorithm on a torus; ``size`` is a power of two.

    Each round halves the grid: the middles of squares first, then those of the diamonds between them. The wobble
    shrinks by ``decay`` a round and counts twice, as the reference multiplies it by a number from its own range.
    """
    field = torch.zeros(len(draws.ids), 1, 1, dtype=torch.float64, device=draws.ids.device)
    wobble = 100.0
    for step in (size >> i for i in range(size.bit_length() - 1)):
        count = size // step

        finer = field.new_empty(len(field), count, 2, count, 2)
        # All draws of a round at once: of the first rounds they are few, and each call has its price.
        names = [f"{name} {step}" for name in ("square", "row", "column")]
        noise = draws.uniform(names, (count, count), -wobble, wobble).mul_(wobble).unbind(1)

        def middle(down: int, right: int, total: Tensor, noise: Tensor) -> Tensor:
            return torch.add(total.mul_(0.25), noise, out=finer[:, :, down, :, right])  # noqa: B023

        finer[:, :, 0, :, 0] = field
        below = field + field.roll(-1, 1)
        centres = middle(1, 1, below + below.roll(-1, 2), noise[0])
        middle(0, 1, (centres + centres.roll(1, 1)).add_(field + field.roll(-1, 2)), noise[1])
        middle(1, 0, (centres + centres.roll(1, 2)).add_(below), noise[2])
        field = finer.view(len(field), 2 * count, 2 * count)
        wobble /= decay
    field = field.sub_(field.amin(dim=(1, 2), keepdim=True))
    return field.div_(field.amax(dim=(1, 2), keepdim=True))


def frost(images: Tensor, draws: Draws, *, keep: float, ice: float, zoom: float) -> Tensor:
    """Lay a random piece of a sheet of ice over the image: photographed, or where that is not at hand, drawn."""
    height, width = images.shape[1:3]
    sheet = draws.integers("sheet", (), 0, 5)
    corner = draws.uniform("corner", (2,))
    piece = textures.pieces(sheet, corner, height, width, zoom)
    return images.double().mul_(keep).add_(piece.double().mul_(ice)).clamp_(0, 255).byte()


def snow(
    images: Tensor,
    draws: Draws,
    *,
    mean: float,
    spread: float,
    zoom: float,
    threshold: float,
    radius: float,
    sigma: float,
    keep: float,
) -> Tensor:
    """Whiten, then add flakes driven by the wind, and the same flakes turned by half a circle."""
    height, width = images.shape[1:3]
    flakes = draws.normal("flakes", (height, width)).mul_(spread).add_(mean)
    zoom = max(zoom, 1.0)
    flakes = filters.along(flakes, filters.zoom(height, zoom), filters.zoom(width, zoom))
    flakes = levels(flakes.masked_fill_(flakes < threshold, 0)).float()[..., None]
    angle = draws.uniform("angle", (), -135, -45)
    flakes = filters.line_blur(flakes, angle, radius, sigma).div_(255)
    x = unit(images)
    grey = x @ torch.tensor([[0.299], [0.587], [0.114]], device=x.device)
    whitened = torch.maximum(x, grey.mul_(1.5).add_(0.5))
    return levels(x.mul_(keep).add_(whitened, alpha=1 - keep).add_(flakes).add_(flakes.flip(1, 2)))


def spatter(
    images: Tensor,
    draws: Draws,
    *,
    mean: float,
    spread: float,
    sigma: float,
    threshold: float,
    strength: float,
    mud: float,
) -> Tensor:
    """Splash water or mud on the lens."""
    height, width = images.shape[1:3]
    drops = draws.normal("drops", (height, width)).double().mul_(spread).add_(mean)
    drops = filters.smooth(drops, sigma)  # in float64: a drop's level that is cut otherwise can move an edge
    return (
        liquid.mud(images, drops, threshold, strength)
        if mud
        else liquid.water(images, drops, threshold, strength)
    )
