"""Digital: contrast, brightness, saturation, pixels, JPEG and elastic."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from withstand.corruptions import filters
from withstand.corruptions.draws import Draws


def contrast(x: Tensor, c: float, draws: Draws) -> Tensor:
    """Each channel drawn towards its mean over the image."""
    means = x.mean((1, 2), keepdim=True)
    return (x - means) * c + means


def brightness(x: Tensor, c: float, draws: Draws) -> Tensor:
    """``c`` more of HSV's value. Value scales the colour, so hue and saturation stay."""
    value = x.amax(3, keepdim=True)
    grown = (value + c).clamp(0, 1)
    return torch.where(value > 0, x * (grown / value.clamp(min=1e-12)), grown)


def saturate(x: Tensor, c: tuple[float, float], draws: Draws) -> Tensor:
    """HSV's saturation times ``c[0]`` plus ``c[1]``; grey, which has no hue, turns red as in the reference."""
    value, low = x.amax(3, keepdim=True), x.amin(3, keepdim=True)
    spread = value - low
    old = torch.where(value > 0, spread / value.clamp(min=1e-12), 0.0)
    new = (old * c[0] + c[1]).clamp(0, 1)
    pure = torch.where(spread > 0, (value - x) / spread.clamp(min=1e-12), x.new_tensor([0.0, 1.0, 1.0]))
    return value - pure * value * new


def pixelate(x: Tensor, c: float, draws: Draws) -> Tensor:
    """Shrunk to a share ``c`` of the size and enlarged again, each pixel a box, as Pillow's BOX filter does."""
    h, w = x.shape[1:3]
    levels = x * 255
    small = _box(_box(levels, 2, int(w * c)), 1, int(h * c))
    return _box(_box(small, 2, w), 1, h) / 255


def _box(levels: Tensor, dim: int, wanted: int) -> Tensor:
    """One pass of Pillow's box resize; whole levels in and out."""
    size = levels.shape[dim]
    scale = size / wanted
    radius = 0.5 * max(scale, 1.0)
    table = torch.zeros(wanted, size, dtype=torch.float64)
    for out in range(wanted):
        centre = (out + 0.5) * scale
        first, last = max(0, int(centre - radius + 0.5)), min(size, int(centre + radius + 0.5))
        for i in range(first, last):
            # Pillow's box is open below and closed above.
            table[out, i] = 1.0 if -0.5 < (i + 0.5 - centre) / max(scale, 1.0) <= 0.5 else 0.0
    table = (table / table.sum(1, keepdim=True)).to(levels)
    return (torch.tensordot(levels, table, dims=([dim], [1])).movedim(-1, dim) + 0.5).floor().clamp(0, 255)


def jpeg_compression(x: Tensor, c: int, draws: Draws) -> Tensor:
    """Through libjpeg itself and back, at quality ``c``; encoders release the lock, so threads run side by side."""
    images = (x * 255).round().byte().cpu().numpy()

    def there_and_back(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "JPEG", quality=int(c))
        return np.asarray(Image.open(buffer))

    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        out = np.stack(list(threads.map(there_and_back, images)))
    return torch.from_numpy(out).to(x) / 255


def elastic_transform(x: Tensor, c: tuple[float, float, float], draws: Draws) -> Tensor:
    """A random affine map of three points, then a smooth random displacement of every pixel."""
    n, h, w, _ = x.shape
    size = min(h, w)
    strength, sigma, reach = (size * value for value in c)
    rows, columns = _affine_places(draws.uniform(3, 2, low=-reach, high=reach), h, w)
    x = _bilinear(x, (rows * 32).round() / 32, (columns * 32).round() / 32, twice=False)
    shift = draws.uniform(2, h, w, low=-1, high=1).to(x.dtype).permute(0, 2, 3, 1)
    if sigma > 0:
        shift = filters.gaussian(shift, sigma, truncate=3, mode="reflect") * strength
        row = torch.arange(h, device=x.device)[:, None] + shift[..., 1]
        column = torch.arange(w, device=x.device) + shift[..., 0]
        x = _bilinear(x, row, column, twice=True)
    return x


def _affine_places(moves: Tensor, h: int, w: int) -> tuple[Tensor, Tensor]:
    """Where each output pixel is read, for three corner points moved by ``moves`` (N×3×2, x then y)."""
    cy, cx, side = h // 2, w // 2, min(h, w) // 3
    corners = [[cx + side, cy + side], [cx + side, cy - side], [cx - side, cy - side]]
    here = torch.tensor(corners, dtype=torch.float64, device=moves.device)
    there = here + moves.double()
    ones = torch.ones(len(moves), 3, 1, dtype=torch.float64, device=moves.device)
    back = torch.linalg.solve(torch.cat([there, ones], 2), here.expand(len(moves), 3, 2))  # N×3×2
    y, x = torch.meshgrid(*(torch.arange(k, dtype=torch.float64, device=moves.device) for k in (h, w)), indexing="ij")
    places = torch.stack([x, y, torch.ones_like(x)], -1).reshape(1, -1, 3) @ back
    return places[..., 1].view(-1, h, w), places[..., 0].view(-1, h, w)


def _bilinear(x: Tensor, rows: Tensor, columns: Tensor, *, twice: bool) -> Tensor:
    """Values between pixels, borders mirrored."""
    h, w = x.shape[1:3]
    low_r, low_c = rows.floor(), columns.floor()
    dr, dc = ((a - b).to(x.dtype)[..., None] for a, b in ((rows, low_r), (columns, low_c)))
    r0, r1 = (filters.reflect(low_r.long() + i, h, twice=twice) for i in (0, 1))
    c0, c1 = (filters.reflect(low_c.long() + i, w, twice=twice) for i in (0, 1))
    top = filters.pixels_at(x, r0, c0) * (1 - dc) + filters.pixels_at(x, r0, c1) * dc
    bottom = filters.pixels_at(x, r1, c0) * (1 - dc) + filters.pixels_at(x, r1, c1) * dc
    return top * (1 - dr) + bottom * dr
