"""Drops on a lens, as the reference makes them out of OpenCV's edge detector, distance transform and equaliser.

All of it is done here in tensors, on every image of the batch at once, and agrees with OpenCV to the bit.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from withstand.corruptions import filters
from withstand.corruptions.pixels import pixels, planes

_WATER = (175 / 255, 238 / 255, 238 / 255)  # pale turquoise
_MUD = (63 / 255, 42 / 255, 20 / 255)  # brown


_PIXELS_AT_ONCE = 1 << 16  # of `water`, on a processor


def mud(images: Tensor, drops: Tensor, threshold: float, softness: float) -> Tensor:
    """Brown where the drops are high enough and wide enough to survive a smoothing by ``softness`` pixels."""
    x = filters.smooth((drops > threshold).float(), softness)
    cover = x.masked_fill_(x < 0.8, 0)[:, None]
    return pixels(planes(images).mul_(1 - cover).add_(cover * _colour(_MUD, images)))


def _colour(rgb: tuple[float, ...], images: Tensor) -> Tensor:
    return torch.tensor(rgb, device=images.device).view(3, 1, 1)


def water(images: Tensor, drops: Tensor, threshold: float, strength: float) -> Tensor:
    """Turquoise highlights of the drops, stronger away from their edges."""
    drops = drops.masked_fill(drops < threshold, 0).mul_(255).int() & 255
    # On a processor, as many at a time as its nearest caches hold.
    few = max(1, _PIXELS_AT_ONCE // drops[0].numel()) if drops.device.type == "cpu" else len(drops)
    parts = drops.split(few)
    relief = torch.cat([_relief(part) for part in parts]).float()
    cover = drops.float().mul_(relief)
    # Without any drop the reference divides by zero; here the image stays as it is.
    cover = cover.div_(cover.amax(dim=(1, 2), keepdim=True).clamp_(min=1)).mul_(strength)[:, None]
    return pixels(planes(images).add_(cover * _colour(_WATER, images)))


def _relief(drops: Tensor) -> Tensor:
    """int32 levels N×H×W of the drops as 0 to 255 levels of light from one side."""
    distance = _distance_to(_edges(drops)).double()
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
    framed = _framed(x, "nearest")
    across, down = framed[:, :, 2:] - framed[:, :, :-2], framed[:, 2:] - framed[:, :-2]
    dx = across[:, :-2] + across[:, 2:] + across[:, 1:-1] * 2
    dy = down[:, :, :-2] + down[:, :, 2:] + down[:, :, 1:-1] * 2
    strength = dx.abs() + dy.abs()
    around = pad(strength, (1, 1, 1, 1))

    # Which of four directions the gradient has: OpenCV compares in whole numbers, tan 22.5 degrees having 15 bits.
    ax, ay = dx.abs(), dy.abs() << 15
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


_FAR = 20
"""Distances from here on are all the same to ``_relief``."""

_STEPS = (
    (((0, 1), (1, 0)), 65536, (1, 2, 4, 8, 4)),
    (((1, 1), (1, -1)), round(1.4 * 65536), (1, 2, 4, 7)),
    (((1, 2), (2, 1), (1, -2), (2, -1)), round(2.1969 * 65536), (1, 2, 4, 2)),
)
"""OpenCV's 5×5 chamfer: steps, what one costs in 2^-16 pixels, and leaps whose sums are all that cost less than far."""


def _distance_to(edges: Tensor) -> Tensor:
    """Distance of each pixel to the nearest edge, by the 5×5 chamfer of OpenCV; at most ``_FAR``.

    OpenCV sweeps the image twice, a pixel after the other. The shortest way takes steps of two kinds at most, in any
    order, so each kind may have its turn for all pixels at once; leaps of 1, 2, 4… steps save most of the turns.
    """
    rim = 8  # the longest leap
    n, height, width = edges.shape
    grid = torch.full(
        (n, height + 2 * rim, width + 2 * rim), _FAR << 16, dtype=torch.int32, device=edges.device
    )
    inner = grid[:, rim:-rim, rim:-rim].masked_fill_(edges, 0)
    _leap(inner, grid, rim)
    return inner.float() * 2.0**-16


def _leap(here: Tensor, grid: Tensor, rim: int) -> None:
    """Let every way run through ``here``, the inner part of ``grid``."""
    height, width = here.shape[1:]
    nearer = torch.empty(here.shape, dtype=here.dtype, device=here.device)

    def at(down: int, right: int) -> Tensor:
        return grid[:, rim + down :, rim + right :][:, :height, :width]

    for lines, cost, leaps in _STEPS:
        for down, right in lines:
            for leap in leaps:
                torch.minimum(at(leap * down, leap * right), at(-leap * down, -leap * right), out=nearer)
                torch.minimum(here, nearer.add_(leap * cost), out=here)


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
