"""Filters that corruptions share, on batches N×H×W×C, matching SciPy's and OpenCV's border rules."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def reflect(index: Tensor, size: int, *, twice: bool) -> Tensor:
    """Indices folded back into range; ``twice`` repeats the edge (SciPy's reflect), else not (OpenCV's 101)."""
    if size == 1:
        return torch.zeros_like(index)
    period = 2 * size if twice else 2 * size - 2
    index = index.remainder(period)
    return torch.where(index < size, index, (2 * size - 1 if twice else 2 * size - 2) - index)


def gaussian_weights(sigma: float, truncate: float = 4.0) -> list[float]:
    """Weights at distance 0, 1, 2 …, that sum to 1 over both sides, as SciPy's ``gaussian_filter`` has them."""
    radius = int(truncate * sigma + 0.5)
    half = [math.exp(-0.5 * (i / sigma) ** 2) for i in range(radius + 1)] if sigma > 0 else [1.0]
    total = half[0] + 2 * sum(half[1:])
    return [w / total for w in half]


def gaussian(x: Tensor, sigma: float, *, truncate: float = 4.0, mode: str = "nearest") -> Tensor:
    """Gaussian blur over the second and third axes (rows, then columns)."""
    weights = gaussian_weights(sigma, truncate)
    if len(weights) == 1:
        return x
    for dim in (1, 2):
        size, radius = x.shape[dim], len(weights) - 1
        place = torch.arange(-radius, size + radius, device=x.device)
        place = place.clamp(0, size - 1) if mode == "nearest" else reflect(place, size, twice=True)
        wide = x.index_select(dim, place)
        out = wide.narrow(dim, radius, size) * weights[0]
        for i, w in enumerate(weights[1:], start=1):
            out.add_(wide.narrow(dim, radius - i, size) + wide.narrow(dim, radius + i, size), alpha=w)
        x = out
    return x


def correlate(x: Tensor, kernel: Tensor) -> Tensor:
    """Correlation with one odd-sized kernel, borders mirrored without the edge (OpenCV's default).

    Taps of zero weight cost nothing.
    """
    rows, columns = kernel.shape
    n, h, w, _ = x.shape
    top, left = rows // 2, columns // 2
    wide = x.index_select(1, reflect(torch.arange(-top, h + top, device=x.device), h, twice=False))
    wide = wide.index_select(2, reflect(torch.arange(-left, w + left, device=x.device), w, twice=False))
    out = torch.zeros_like(x)
    for i, j in kernel.nonzero().tolist():
        out.add_(wide[:, i : i + h, j : j + w], alpha=float(kernel[i, j]))
    return out


def pixels_at(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The pixels at integer places: x N×H×W×C, rows and columns N×H'×W' in range; gives N×H'×W'×C."""
    n, _, w, c = x.shape
    flat = (rows * w + columns).reshape(n, -1, 1).expand(-1, -1, c)
    return x.reshape(n, -1, c).gather(1, flat).view(n, *rows.shape[1:], c)


def motion(x: Tensor, radius: float, sigma: float, angle: Tensor) -> Tensor:
    """ImageMagick's motion blur: a one-sided gaussian along ``angle``, borders repeated.

    Args:
        x: levels 0 to 255, N×H×W×C.
        radius, sigma: in pixels; the kernel has ``2·⌈radius⌉ + 1`` taps, all on one side.
        angle: degrees, N.

    Returns:
        levels, rounded to whole ones as an 8-bit image holds them.
    """
    taps = torch.arange(2 * math.ceil(radius) + 1, device=x.device, dtype=torch.float64)
    weights = torch.exp(-(taps**2) / (2 * sigma**2))
    weights /= weights.sum()
    turn = torch.deg2rad(angle.double())[:, None]
    down, across = (torch.ceil(taps * f - 0.5).long() for f in (torch.sin(turn), torch.cos(turn)))
    n, h, w, _ = x.shape
    row, column = torch.arange(h, device=x.device)[None, :, None], torch.arange(w, device=x.device)[None, None, :]
    out = torch.zeros_like(x)
    for i, weight in enumerate(weights.tolist()):
        if weight < 1e-7:
            break
        rows = (row + down[:, i, None, None]).clamp(0, h - 1).expand(n, h, w)
        columns = (column + across[:, i, None, None]).clamp(0, w - 1).expand(n, h, w)
        out.add_(pixels_at(x, rows, columns), alpha=weight)
    return out.round_()


def bilinear_zoom(x: Tensor, factor: float) -> Tensor:
    """SciPy's ``zoom(order=1)``: the corners of the input land on the corners of the output."""
    for dim in (1, 2):
        size = x.shape[dim]
        wanted = round(size * factor)
        place = torch.linspace(0, size - 1, wanted, dtype=torch.float64, device=x.device)
        low = place.floor().long().clamp(max=size - 1)
        share = (place - low).to(x.dtype).view([-1 if d == dim else 1 for d in range(x.ndim)])
        below, above = x.index_select(dim, low), x.index_select(dim, (low + 1).clamp(max=size - 1))
        x = below + (above - below) * share
    return x


def clipped_zoom(x: Tensor, factor: float) -> Tensor:
    """The middle of the image, enlarged by ``factor`` to the image's size."""
    h, w = x.shape[1:3]
    ch, cw = math.ceil(h / factor), math.ceil(w / factor)
    top, left = (h - ch) // 2, (w - cw) // 2
    large = bilinear_zoom(x[:, top : top + ch, left : left + cw], factor)
    top, left = (large.shape[1] - h) // 2, (large.shape[2] - w) // 2
    return large[:, top : top + h, left : left + w]
