"""Drops on a lens, as the reference makes them out of OpenCV's edge detector, distance transform and equaliser.

All of it is done here in tensors, on every image of the batch at once, and agrees with OpenCV to the bit.
"""

from __future__ import annotations

import torch
from torch import Tensor

from withstand.corruptions import filters
from withstand.corruptions.filters import fold
from withstand.corruptions.pixels import levels, unit

_WATER = (175 / 255, 238 / 255, 238 / 255)  # pale turquoise
_MUD = (63 / 255, 42 / 255, 20 / 255)  # brown


def mud(images: Tensor, drops: Tensor, threshold: float, softness: float) -> Tensor:
    """Brown where the drops are high enough and wide enough to survive a smoothing by ``softness`` pixels."""
    x = filters.smooth((drops > threshold).float(), softness)
    cover = x.masked_fill_(x < 0.8, 0)[..., None]
    colour = torch.tensor(_MUD, device=x.device)
    return levels(unit(images).mul_(1 - cover).add_(cover * colour))


def water(images: Tensor, drops: Tensor, threshold: float, strength: float) -> Tensor:
    """Turquoise highlights of the drops, stronger away from their edges."""
    drops = drops.masked_fill(drops < threshold, 0).mul_(255).int() & 255
    relief = _relief(drops).float()
    cover = drops.float().mul_(relief)
    # Without any drop the reference divides by zero; here the image stays as it is.
    cover = cover.div_(cover.amax(dim=(1, 2), keepdim=True).clamp_(min=1)).mul_(strength)[..., None]
    return levels(cover.mul(torch.tensor(_WATER, device=images.device)).add_(unit(images)))


def _relief(drops: Tensor) -> Tensor:
    """int32 levels N×H×W of the drops as 0 to 255 levels of light from one side."""
    distance = _distance_to(_edges(drops)).double().clamp_(max=20)
    flat = _box(distance).float().int()
    lit = _correlate(_equalised(flat), ((-2, -1, 0), (-1, 1, 1), (0, 1, 2))).clamp_(0, 255)
    return _box(lit.double()).round_()


def _shift(x: Tensor, down: int, right: int, border: str) -> Tensor:
    """What the pixel ``down`` and ``right`` of each pixel of N×H×W shows."""
    height, width = x.shape[1:]
    rows = fold(torch.arange(height, device=x.device) + down, height, border)
    columns = fold(torch.arange(width, device=x.device) + right, width, border)
    return x.index_select(1, rows).index_select(2, columns)


def _box(x: Tensor) -> Tensor:
    """Mean of 3×3 pixels, borders mirrored."""
    x = sum(_shift(x, down, 0, "mirror") for down in (-1, 0, 1))
    return sum(_shift(x, 0, right, "mirror") for right in (-1, 0, 1)) * (1 / 9)


def _correlate(x: Tensor, kernel: tuple[tuple[int, ...], ...], border: str = "mirror") -> Tensor:
    out = torch.zeros_like(x)
    for down, row in enumerate(kernel):
        for right, weight in enumerate(row):
            if weight:
                out.add_(_shift(x, down - 1, right - 1, border), alpha=weight)
    return out


def _edges(x: Tensor, low: int = 50, high: int = 150) -> Tensor:
    """Canny's edges of int32 levels N×H×W, with OpenCV's rules for ties and borders; bool."""
    dx = _correlate(x, ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)), "nearest")
    dy = _correlate(x, ((-1, -2, -1), (0, 0, 0), (1, 2, 1)), "nearest")
    strength = dx.abs() + dy.abs()
    around = torch.nn.functional.pad(strength, (1, 1, 1, 1))
    height, width = x.shape[1:]

    def beside(down: int, right: int) -> Tensor:
        return around[:, 1 + down : 1 + down + height, 1 + right : 1 + right + width]

    # Which of four directions the gradient has: OpenCV compares in whole numbers, tan 22.5 degrees having 15 bits.
    ax, ay = dx.abs().long(), dy.abs().long() << 15
    tangent = ax * 13573
    flat, steep = ay < tangent, ay > tangent + (ax << 16)
    falling = (dx ^ dy) < 0
    best = torch.where(falling, (strength > beside(-1, 1)) & (strength > beside(1, -1)), (strength > beside(-1, -1)) & (strength > beside(1, 1)))
    best = torch.where(steep, (strength > beside(-1, 0)) & (strength >= beside(1, 0)), best)
    best = torch.where(flat, (strength > beside(0, -1)) & (strength >= beside(0, 1)), best)
    weak = best & (strength > low)
    strong = weak & (strength > high)
    while True:
        grown = torch.nn.functional.max_pool2d(strong.float(), 3, stride=1, padding=1).bool() & weak
        if torch.equal(grown, strong):
            return strong
        strong = grown


def _distance_to(edges: Tensor) -> Tensor:
    """Distance of each pixel to the nearest edge, by the 5×5 chamfer of OpenCV: two sweeps in steps of 2^-16; float32."""
    straight, slanted, knight = 65536, round(1.4 * 65536), round(2.1969 * 65536)
    n, height, width = edges.shape
    far = 1 << 29
    reach = torch.full((height + 4, n, width + 4), far, dtype=torch.int32, device=edges.device)
    reach[2:-2, :, 2:-2] = torch.where(edges, 0, far).int().permute(1, 0, 2)
    ramp = torch.arange(width, dtype=torch.int32, device=edges.device) * straight

    def sweep(grid: Tensor) -> None:
        for y in range(2, height + 2):
            above, over = grid[y - 1], grid[y - 2]
            here = grid[y, :, 2:-2]
            for line, offset, cost in (
                (over, -1, knight), (over, 1, knight), (above, -2, knight), (above, 2, knight),
                (above, -1, slanted), (above, 1, slanted), (above, 0, straight),
            ):
                here = torch.minimum(here, line[:, 2 + offset : 2 + offset + width] + cost)
            # Steps along the row, all at once: the least of (what is there - the way to there), plus the way.
            grid[y, :, 2:-2] = (here - ramp).cummin(dim=1).values + ramp

    sweep(reach)
    turned = reach.flip(0, 2)
    sweep(turned)
    return turned.flip(0, 2)[2:-2, :, 2:-2].permute(1, 0, 2).float() * 2.0**-16


def _equalised(x: Tensor) -> Tensor:
    """int32 levels N×H×W spread so that each is as frequent as the next, by OpenCV's rule."""
    n, height, width = x.shape
    counts = torch.zeros(n, 256, dtype=torch.int32, device=x.device)
    flat = x.view(n, -1).long()
    counts.scatter_add_(1, flat, torch.ones_like(flat, dtype=torch.int32))
    total = height * width
    first = flat.amin(1, keepdim=True)
    lowest = counts.gather(1, first)
    below = counts.cumsum(1) - lowest
    scale = 255.0 / (total - lowest).clamp(min=1).float()
    table = (below.float() * scale).round().clamp_(0, 255).int()
    table = torch.where(lowest == total, first.int(), table)
    return table.gather(1, flat).view_as(x)
