"""What cameras, codecs and screens do: contrast, saturation, elastic warps, large pixels, JPEG."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from withstand.corruptions import filters
from withstand.corruptions.colour import from_hsv, to_hsv
from withstand.corruptions.jpeg import jpeg_compression as jpeg_compression
from withstand.corruptions.pixels import levels, pixels, planes, unit
from withstand.corruptions.random import Draws
from withstand.images.resize import in_turn


def contrast(images: Tensor, draws: Draws, *, keep: float) -> Tensor:
    """Draw each channel towards its mean."""
    x = unit(images, torch.float64)
    mean = x.mean(dim=(1, 2), keepdim=True)
    return levels(x.sub_(mean).mul_(keep).add_(mean))


def saturate(images: Tensor, draws: Draws, *, gain: float, shift: float) -> Tensor:
    """Multiply the saturation by ``gain`` and add ``shift``."""
    hue, saturation, value = to_hsv(images)
    return from_hsv(hue, saturation.mul_(gain).add_(shift).clamp_(0, 1), value)


def pixelate(images: Tensor, draws: Draws, *, share: float) -> Tensor:
    """Shrink to ``share`` of the side and enlarge again, each by Pillow's box filter."""
    height, width = images.shape[1:3]
    small = max(1, int(height * share)), max(1, int(width * share))
    return in_turn(images, [small, (height, width)], "box")


def elastic_transform(images: Tensor, draws: Draws, *, push: float, sigma: float, corner: float) -> Tensor:
    """Move three corners of the middle square at random, warp to follow, then push each pixel a smooth random way."""
    height, width = images.shape[1:3]
    moved = draws.uniform("corners", (3, 2), -corner, corner)
    x = _sample(planes(images), *_affine_places(moved, height, width), mirror=True)
    if push:
        fields = draws.uniform("push", (2, height, width), -1, 1)
        right, down = filters.smooth(fields, sigma, truncate=3.0, border="reflect").mul_(push).unbind(1)
        right = right + torch.arange(width, device=x.device)
        down = down + torch.arange(height, device=x.device)[:, None]
        x = _sample(x, right, down, mirror=False)
    return pixels(x)


def _affine_places(moved: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Where each pixel of the warped image comes from: columns and rows, N×H×W.

    Places are whole 32nds of a pixel, as OpenCV's fixed-point warp has them: it adds two roundings to 1/1024 and cuts.
    """
    centre = torch.tensor([width // 2, height // 2], dtype=torch.float64, device=moved.device)
    reach = min(height, width) // 3
    signs = torch.tensor([[1, 1], [1, -1], [-1, -1]], dtype=torch.float64, device=moved.device)
    before = centre + signs * reach
    after = before.float() + moved
    after = after.double()
    # The map back: after + t·(edges of the moved triangle) goes to before + t·(edges of the square).
    edges = torch.stack((after[:, 0] - after[:, 1], after[:, 1] - after[:, 2]), dim=2)
    old = torch.stack((before[0] - before[1], before[1] - before[2]), dim=1)
    determinant = edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]
    adjugate = torch.stack((edges[:, 1, 1], -edges[:, 0, 1], -edges[:, 1, 0], edges[:, 0, 0]), dim=1).view(
        -1, 2, 2
    )
    back = old @ adjugate / determinant.where(determinant.abs() > 1e-12, 1)[:, None, None]
    offset = before[1] - (back @ after[:, 1, :, None])[..., 0]
    columns = torch.arange(width, dtype=torch.float64, device=moved.device)
    rows = torch.arange(height, dtype=torch.float64, device=moved.device)
    places = []
    for axis in range(2):
        across = (back[:, axis, 0, None] * columns * 1024).round()
        along = ((back[:, axis, 1, None] * rows + offset[:, axis, None]) * 1024).round() + 16
        fixed = (across[:, None, :] + along[:, :, None]).clamp_(-(2.0**31), 2.0**31)
        places.append((fixed / 32).floor_().div_(32).float())
    return places[0], places[1]


def _sample(x: Tensor, columns: Tensor, rows: Tensor, *, mirror: bool) -> Tensor:
    """Planes N×C×H×W read bilinearly at the places N×H×W; ``mirror`` or ``reflect`` beyond the border."""
    height, width = x.shape[-2:]
    if mirror:
        grid = torch.stack(
            (columns * (2 / max(width - 1, 1)) - 1, rows * (2 / max(height - 1, 1)) - 1), dim=-1
        )
    else:
        grid = torch.stack(((columns + 0.5) * (2 / width) - 1, (rows + 0.5) * (2 / height) - 1), dim=-1)
    return grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=mirror)
