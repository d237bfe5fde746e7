"""Drops on a lens, as the reference makes them out of OpenCV's edge detector, distance transform and equaliser.

All of it is done here in tensors, on every image of the batch at once, and agrees with OpenCV to the bit.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from withstand.corruptions import filters
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
    lit = _correlate(_equalised(flat), ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)), "mirror").clamp_(0, 255)
    return _box(lit.double()).round_()


def _framed(x: Tensor, border: str) -> Tensor:
    """N×H×W with one more pixel all around, as ``filters.fold`` would show it."""
    for dim in (1, 2):
        n = x.shape[dim]
        inner = 1 if border == "mirror" and n > 1 else 0
        x = torch.cat((x.narrow(dim, inner, 1), x, x.narrow(dim, n - 1 - inner, 1)), dim)
    return x


def _beside(framed: Tensor, down: int, right: int) -> Tensor:
    """What the pixel ``down`` and ``right`` of each pixel shows, -1 to 1, from what ``_framed`` gives."""
    height, width = framed.shape[1] - 2, framed.shape[2] - 2
    return framed[:, 1 + down : 1 + down + height, 1 + right : 1 + right + width]


def _box(x: Tensor) -> Tensor:
    """Mean of 3×3 pixels, borders mirrored."""
    x = _framed(x, "mirror")
    x = x[:, :-2] + x[:, 1:-1] + x[:, 2:]
    return (x[:, :, :-2] + x[:, :, 1:-1] + x[:, :, 2:]).mul_(1 / 9)


def _correlate(x: Tensor, kernel: tuple[tuple[int, ...], ...], border: str) -> Tensor:
    out, x = torch.zeros_like(x), _framed(x, border)
    for down, row in enumerate(kernel):
        for right, weight in enumerate(row):
            if weight:
                out.add_(_beside(x, down - 1, right - 1), alpha=weight)
    return out


def _grown(x: Tensor) -> Tensor:
    """Bool N×H×W, true where one of 3×3 pixels is."""
    x = _framed(x, "nearest")
    x = x[:, :-2] | x[:, 1:-1] | x[:, 2:]
    return x[:, :, :-2] | x[:, :, 1:-1] | x[:, :, 2:]


def _edges(x: Tensor, low: int = 50, high: int = 150) -> Tensor:
    """Canny's edges of int32 levels N×H×W, with OpenCV's rules for ties and borders; bool."""
    dx = _correlate(x, ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)), "nearest")
    dy = _correlate(x, ((-1, -2, -1), (0, 0, 0), (1, 2, 1)), "nearest")
    strength = dx.abs() + dy.abs()
    around = pad(strength, (1, 1, 1, 1))

    # Which of four directions the gradient has: OpenCV compares in whole numbers, tan 22.5 degrees having 15 bits.
    ax, ay = dx.abs().long(), dy.abs().long() << 15
    tangent = ax * 13573
    flat, steep = ay < tangent, ay > tangent + (ax << 16)
    falling = (dx ^ dy) < 0
    up, down, left, right = (_beside(around, *step) for step in ((-1, 0), (1, 0), (0, -1), (0, 1)))
    up_left, down_right = _beside(around, -1, -1), _beside(around, 1, 1)
    up_right, down_left = _beside(around, -1, 1), _beside(around, 1, -1)
    best = torch.where(
        falling,
        (strength > up_right) & (strength > down_left),
        (strength > up_left) & (strength > down_right),
    )
    best = torch.where(steep, (strength > up) & (strength >= down), best)
    best = torch.where(flat, (strength > left) & (strength >= right), best)
    weak = best & (strength > low)
    strong = weak & (strength > high)
    while True:
        grown = _grown(strong) & weak
        if torch.equal(grown, strong):
            return strong
        strong = grown


def _distance_to(edges: Tensor) -> Tensor:
    """Distance of each pixel to the nearest edge, by the 5×5 chamfer of OpenCV: two sweeps in steps of 2^-16."""
    straight, slanted, knight = 65536, round(1.4 * 65536), round(2.1969 * 65536)
    n, height, width = edges.shape
    far = 1 << 29
    reach = torch.full((height + 4, n, width + 4), far, dtype=torch.int32, device=edges.device)
    reach[2:-2, :, 2:-2] = torch.where(edges, 0, far).int().permute(1, 0, 2)
    ramp = torch.arange(width, dtype=torch.int32, device=edges.device) * straight

    def sweep(grid: Tensor) -> None:
        for y in range(2, height + 2):
            above, over = grid[y - 1], grid[y - 2]
            here = torch.minimum(grid[y, :, 2:-2], above[:, 2:-2] + straight)
            for line, step, cost in ((over, 1, knight), (above, 2, knight), (above, 1, slanted)):
                both = torch.minimum(
                    line[:, 2 - step : 2 - step + width], line[:, 2 + step : 2 + step + width]
                )
                here = torch.minimum(here, both.add_(cost))
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
